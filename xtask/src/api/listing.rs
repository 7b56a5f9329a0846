//! Writes a line for each public item.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Expr, Fields, Item, ItemTrait, Lit, TraitItem, TypeParamBound, Visibility};

use super::impls::{self, Impls, Method, bounds, narrowed, setter_argument, type_path};
use super::names::{Names, Reached, What, is_hidden};
use super::print::Printer;
use super::source::{Crate, join, parent};

/// All lines, in an order that does not depend on that of the sources.
pub(super) fn lines(modules: &Crate) -> Vec<String> {
    let (names, reached) = Names::of(modules);
    let mut listing = Listing { modules, names: &names, impls: impls::gather(modules, &names), lines: BTreeSet::new() };
    reached.iter().for_each(|reached| listing.reached(reached));
    listing.lines.into_iter().map(|(_, _, line)| line).collect()
}

/// Where a line stands behind the item that it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Item,
    Member,
    Function,
    Impl,
}

struct Listing<'a> {
    modules: &'a Crate,
    names: &'a Names<'a>,
    impls: BTreeMap<String, Impls<'a>>,
    /// (item, rank, line)
    lines: BTreeSet<(String, Rank, String)>,
}

impl<'a> Listing<'a> {
    fn add(&mut self, owner: &str, rank: Rank, line: String) {
        self.lines.insert((owner.to_owned(), rank, line));
    }

    fn reached(&mut self, reached: &Reached<'a>) {
        let path = &reached.path;
        match &reached.what {
            What::Module(attributes) => self.add(path, Rank::Item, format!("mod {path}{}", marks(attributes))),
            What::Foreign(import) => {
                let target = import.target.join("::");
                self.add(path, Rank::Item, format!("use {path} = {target}{}", marks(&import.attributes)));
            }
            What::Item(item, module) => self.item(path, item, module),
        }
    }

    fn item(&mut self, path: &str, item: &Item, module: &str) {
        let printer = Printer::new(self.names, module, parent(path));
        let line = match item {
            Item::Struct(item) => {
                let impls = self.impls.remove(path).unwrap_or_default();
                let folded = self.fields(path, module, &item.fields, &impls);
                let extra = if item.fields.iter().any(is_extra) { " extra" } else { "" };
                let head = format!("struct {path}{}{}{extra}", printer.generics(&item.generics), marks(&item.attrs));
                return self.type_(path, head, &item.attrs, impls, &folded);
            }
            Item::Enum(item) => {
                for variant in item.variants.iter().filter(|variant| !is_hidden(&variant.attrs)) {
                    let wire = self.wire(module, &item.ident.to_string(), &variant.ident.to_string());
                    let wire = wire.map(|word| format!(" = {word}")).unwrap_or_default();
                    let content = content(&variant.fields, &printer);
                    let line = format!("variant {path}::{}{content}{wire}{}", variant.ident, marks(&variant.attrs));
                    self.add(path, Rank::Member, line);
                }
                let impls = self.impls.remove(path).unwrap_or_default();
                let head = format!("enum {path}{}{}", printer.generics(&item.generics), marks(&item.attrs));
                return self.type_(path, head, &item.attrs, impls, &BTreeSet::new());
            }
            Item::Trait(item) => return self.trait_(path, item, &printer),
            Item::Fn(item) => format!("{}{}", printer.signature(parent(path), &item.sig), marks(&item.attrs)),
            Item::Const(item) => {
                format!("const {path}: {}{}{}", printer.ty(&item.ty), literal(&item.expr), marks(&item.attrs))
            }
            Item::Static(item) => format!("static {path}: {}{}", printer.ty(&item.ty), marks(&item.attrs)),
            Item::Type(item) => {
                format!("type {path}{} = {}{}", printer.generics(&item.generics), printer.ty(&item.ty), marks(&item.attrs))
            }
            _ => return,
        };
        self.add(path, Rank::Item, line);
    }

    /// The line of a type, with the traits that it has, and what stands in its `impl` blocks but for `folded` methods.
    fn type_(&mut self, path: &str, head: String, attributes: &[Attribute], impls: Impls<'a>, folded: &BTreeSet<String>) {
        let mut traits = impls.traits;
        traits.extend(derived(attributes));
        let traits = traits.into_iter().collect::<Vec<_>>().join(" + ");
        self.add(path, Rank::Item, if traits.is_empty() { head } else { format!("{head}: {traits}") });
        for method in impls.methods.iter().filter(|method| !folded.contains(&method.signature.ident.to_string())) {
            self.method(path, method);
        }
        impls.others.into_iter().for_each(|line| self.add(path, Rank::Impl, line));
    }

    /// Writes the public fields; returns the methods that their lines tell already.
    fn fields(&mut self, path: &str, module: &str, fields: &Fields, impls: &Impls<'a>) -> BTreeSet<String> {
        let mut folded = BTreeSet::new();
        let printer = Printer::new(self.names, module, parent(path));
        for (at, field) in fields.iter().enumerate() {
            if !matches!(field.vis, Visibility::Public(_)) || is_hidden(&field.attrs) {
                continue;
            }
            if is_extra(field) {
                folded.insert("with_extra".to_owned());
                continue;
            }
            let name = field.ident.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
            let wire = self.wire(module, path.rsplit("::").next().unwrap_or_default(), &name);
            let wire = wire.filter(|wire| wire.trim_matches('"') != name).map(|wire| format!(" = {wire}")).unwrap_or_default();
            let named = impls.methods.iter().filter(|method| method.signature.ident == name);
            let set = named.into_iter().find_map(|method| Some((method, setter_argument(method.signature)?)));
            let set = set.map(|(method, ty)| format!(" set({})", Printer::new(self.names, method.module, parent(path)).ty(ty)));
            if set.is_some() {
                folded.insert(name.clone());
            }
            let set = set.unwrap_or_default();
            self.add(
                path,
                Rank::Member,
                format!("field {path}.{name}: {}{wire}{set}{}", printer.ty(&field.ty), marks(&field.attrs)),
            );
        }
        folded
    }

    /// How a field or a variant travels.
    fn wire(&self, module: &str, owner: &str, name: &str) -> Option<&'a str> {
        self.modules.get(module)?.wire.get(&(owner.to_owned(), name.to_owned())).map(String::as_str)
    }

    fn method(&mut self, path: &str, method: &Method<'a>) {
        let printer = Printer::new(self.names, method.module, parent(path));
        let signature = printer.signature(&narrowed(path, method.block, &printer), method.signature);
        let bounds = bounds(method.block, &printer);
        let route = route(method.attributes).map(|route| format!(" [{route}]")).unwrap_or_default();
        self.add(path, Rank::Function, format!("{signature}{bounds}{route}{}", marks(method.attributes)));
    }

    fn trait_(&mut self, path: &str, item: &ItemTrait, printer: &Printer<'_>) {
        let above = item.supertraits.iter().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(printer.path(&bound.path)),
            TypeParamBound::Lifetime(lifetime) => Some(lifetime.to_string()),
            _ => None,
        });
        let above = above.collect::<Vec<_>>().join(" + ");
        let above = if above.is_empty() { above } else { format!(": {above}") };
        let head = format!("trait {path}{}{above}{}", printer.generics(&item.generics), marks(&item.attrs));
        self.add(path, Rank::Item, head);
        for part in &item.items {
            match part {
                TraitItem::Fn(part) if !is_hidden(&part.attrs) => {
                    let provided = if part.default.is_some() { " {..}" } else { "" };
                    let line = format!("{}{provided}{}", printer.signature(path, &part.sig), marks(&part.attrs));
                    self.add(path, Rank::Function, line);
                }
                TraitItem::Type(part) if !is_hidden(&part.attrs) => {
                    self.add(path, Rank::Member, format!("type {}", join(path, &part.ident.to_string())));
                }
                TraitItem::Const(part) if !is_hidden(&part.attrs) => {
                    self.add(path, Rank::Member, format!("const {path}::{}: {}", part.ident, printer.ty(&part.ty)));
                }
                _ => {}
            }
        }
        let impls = self.impls.remove(path).unwrap_or_default();
        impls.others.into_iter().for_each(|line| self.add(path, Rank::Impl, line));
    }
}

/// The field that keeps what no document describes.
fn is_extra(field: &syn::Field) -> bool {
    let named = field.ident.as_ref().is_some_and(|name| name == "extra");
    named && type_path(&field.ty).and_then(|path| path.segments.last()).is_some_and(|last| last.ident == "Extra")
}

/// What a variant holds.
fn content(fields: &Fields, printer: &Printer<'_>) -> String {
    let each = fields.iter().map(|field| match &field.ident {
        Some(name) => format!("{name}: {}", printer.ty(&field.ty)),
        None => printer.ty(&field.ty),
    });
    let list = each.collect::<Vec<_>>().join(", ");
    match fields {
        Fields::Unit => String::new(),
        Fields::Unnamed(_) => format!("({list})"),
        Fields::Named(_) => format!(" {{ {list} }}"),
    }
}

/// The value of a constant that is a text or a number.
fn literal(value: &Expr) -> String {
    match value {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => format!(" = {:?}", text.value()),
            Lit::Int(number) => format!(" = {number}"),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn derived(attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // What can't be read here is refused by the compiler.
        let _ = attribute.parse_nested_meta(|meta| {
            found.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    found
}

/// The attributes that users notice.
fn marks(attributes: &[Attribute]) -> String {
    let mark = |attribute: &Attribute| {
        let name = attribute.path().get_ident()?.to_string();
        match name.as_str() {
            "non_exhaustive" | "deprecated" => Some(format!(" #[{name}]")),
            "cfg" => Some(format!(" #[cfg({})]", attribute.meta.require_list().ok()?.tokens)),
            _ => None,
        }
    };
    attributes.iter().filter_map(mark).collect()
}

/// The route that the documentation of a generated method names: the last line that begins with `` `POST /v1/videos` ``.
/// Descriptions before it may name others.
fn route(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().rev().find_map(|attribute| {
        let value = &attribute.meta.require_name_value().ok().filter(|meta| meta.path.is_ident("doc"))?.value;
        let Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) = value else { return None };
        let route = text.value().trim().strip_prefix('`')?.split('`').next()?.to_owned();
        let verb = route.split_once(" /")?.0;
        ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&verb).then_some(route)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::source;

    /// The lines of a crate of these files, `lib.rs` first.
    fn lines(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        super::lines(&source::read(&folder.path().join("lib.rs"), &BTreeMap::new()).unwrap())
    }

    #[test]
    fn a_type_is_listed_with_all_that_users_see_of_it() {
        let code = r#"
            #[derive(Debug, Clone)]
            #[non_exhaustive]
            pub struct Parcel {
                pub weight: Option<f64>,
                #[deprecated]
                pub note: String,
                pub extra: Extra,
                secret: u8,
            }
            pub type Extra = ::serde_json::Map<String, Value>;
            impl Parcel {
                pub fn new(note: impl Into<String>) -> Self { todo!() }
                pub fn weight(mut self, weight: f64) -> Self { self }
                pub fn with_extra(mut self, name: &str) -> Self { self }
                /// Sends it.
                ///
                /// `POST /parcels`. And so on.
                pub async fn send(&self, mut to: &str) -> Result<(), Error> { todo!() }
                pub(crate) fn inner(&self) {}
                #[doc(hidden)]
                pub fn hidden(&self) {}
            }
            impl From<&str> for Parcel { fn from(text: &str) -> Self { todo!() } }
            impl std::fmt::Display for Parcel {}
        "#;
        assert_eq!(
            lines(&[("lib.rs", code)]),
            [
                "type Extra = serde_json::Map<String, Value>",
                "struct Parcel #[non_exhaustive] extra: Clone + Debug + Display",
                "field Parcel.note: String #[deprecated]",
                "field Parcel.weight: Option<f64> set(f64)",
                "async fn Parcel::send(&self, to: &str) -> Result<(), Error> [POST /parcels]",
                "fn Parcel::new(note: impl Into<String>) -> Self",
                "impl From<&str> for Parcel",
            ]
        );
    }

    #[test]
    fn an_item_is_listed_where_users_find_it_and_only_there() {
        let files = [
            ("lib.rs", "mod call;\npub mod shop;\nmod inner { pub struct Gone; }\npub use call::Call;\npub use {bytes};\n"),
            (
                "call.rs",
                "pub struct Call<T>(T);\nimpl<T: Clone> Call<T> { pub fn send(self) -> crate::shop::Order { todo!() } }\n",
            ),
            (
                "shop/mod.rs",
                "mod order;\npub use self::order::*;\nimpl crate::Call<Order> { pub fn order(&self) -> &Order { todo!() } }\n\
                 pub fn open(call: crate::Call<super::inner::Gone>) {}\n#[cfg(test)]\nmod tests { pub struct Test; }\n\
                 #[cfg(any(doc, doctest))]\npub mod guide { pub mod streams {} }\n",
            ),
            ("shop/order.rs", "use crate::call::Call as Asked;\npub struct Order;\nimpl From<Asked<u8>> for Order {}\n"),
        ];
        assert_eq!(
            lines(&files),
            [
                "struct Call<T>",
                "fn Call::send(self) -> shop::Order with <T: Clone>",
                "fn Call<shop::Order>::order(&self) -> &shop::Order",
                "use bytes = bytes",
                "mod shop",
                "struct shop::Order",
                "impl From<Call<u8>> for shop::Order",
                "fn shop::open(call: Call<Gone>)",
            ]
        );
    }

    #[test]
    fn what_macros_write_is_listed_with_its_names_on_the_wire() {
        let code = r#"
            mod wire {
                macro_rules! words {
                    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
                        impl $name {
                            pub fn as_str(&self) -> &str { match self { $(Self::$variant => $word,)* Self::Other(word) => word } }
                        }
                        $crate::wire::text!($name);
                    };
                }
                macro_rules! text { ($name:ident) => { impl ::std::fmt::Display for $name {} }; }
            }
            macro_rules! number { ($(#[$doc:meta])* $name:ident) => { $(#[$doc])* pub struct $name(f64); }; }
            pub enum State { InTransit, Other(String) }
            crate::wire::words!(State { InTransit = "in-transit" });
            pub struct Parcel { pub type_: String, pub weight: Weight }
            crate::wire::object!(Parcel { type_: "type" required, weight: "weight" optional });
            macro_rules! object { ($name:ident $list:tt) => { impl Body for $name {} }; }
            trait Body {}
            number! {
                /// How heavy.
                Weight
            }
        "#;
        assert_eq!(
            lines(&[("lib.rs", code)]),
            [
                "struct Parcel",
                "field Parcel.type_: String = \"type\"",
                "field Parcel.weight: Weight",
                "enum State: Display",
                "variant State::InTransit = \"in-transit\"",
                "variant State::Other(String)",
                "fn State::as_str(&self) -> &str",
                "struct Weight",
            ]
        );
    }

    #[test]
    fn a_trait_is_listed_with_its_items_and_who_has_it() {
        let code = r#"
            pub trait Task: Sized + Sealed {
                type Answer;
                const SHAPE: u8;
                fn query(id: &str) -> Self::Answer;
                fn state(&self) -> u8 { 0 }
                #[doc(hidden)]
                fn raw(&self);
            }
            trait Sealed {}
            pub struct Video;
            impl Sealed for Video {}
            impl Task for Video { type Answer = Vec<Video>; }
            impl<T: Task> Task for Vec<T> { type Answer = T; }
            #[cfg(feature = "extra")]
            pub const LIMIT: usize = 3;
        "#;
        assert_eq!(
            lines(&[("lib.rs", code)]),
            [
                "const LIMIT: usize = 3 #[cfg(feature = \"extra\")]",
                "trait Task: Sized + Sealed",
                "const Task::SHAPE: u8",
                "type Task::Answer",
                "fn Task::query(id: &str) -> Self::Answer",
                "fn Task::state(&self) -> u8 {..}",
                "impl Task for Vec<T> with <T: Task> { Answer = T }",
                "struct Video",
                "impl Task for Video { Answer = Vec<Video> }",
            ]
        );
    }

    #[test]
    fn what_can_not_be_listed_is_refused() {
        let refused = |code: &str| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("lib.rs");
            std::fs::write(&file, code).unwrap();
            source::read(&file, &BTreeMap::new()).err().unwrap()
        };
        for (code, why) in [
            ("lazy! { pub static A: u8 = 1; }", "`lazy!` is called in the place of items, but is no macro of the crate"),
            ("macro_rules! all { ($($name:ident)*) => { $(pub struct $name;)* }; }\nall!(A B);", "`all!` repeats public items"),
            ("include!(concat!(env!(\"OUT_DIR\"), \"/other.rs\"));", "nothing generates the included `other.rs`"),
            ("mod lost;", "module `lost` has no file"),
            ("macro_rules! round { ($name:ident) => { round!($name); }; }\nround!(A);", "`round!` calls itself without end"),
            ("pub struct", "is not valid Rust"),
        ] {
            assert!(refused(code).contains(why), "{code}: {}", refused(code));
        }
    }
}
