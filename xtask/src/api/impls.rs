//! The `impl` blocks of the crate, sorted by the type that they are for.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Attribute, FnArg, GenericArgument, GenericParam, ImplItem, Item, ItemImpl, Path, PathArguments, ReceiverKind, ReturnType,
    Signature, Type, Visibility,
};

use super::names::{Names, Target, is_hidden};
use super::print::Printer;
use super::source::{Crate, parent};

/// What the blocks of one type hold.
#[derive(Default)]
pub(super) struct Impls<'a> {
    /// Traits of other crates without arguments.
    pub(super) traits: BTreeSet<String>,
    pub(super) methods: Vec<Method<'a>>,
    /// `impl Trait for Type`, for all other traits.
    pub(super) others: Vec<String>,
}

/// A public method.
pub(super) struct Method<'a> {
    pub(super) signature: &'a Signature,
    pub(super) attributes: &'a [Attribute],
    pub(super) block: &'a ItemImpl,
    /// The module in which it stands.
    pub(super) module: &'a str,
}

/// All blocks by the public path of their type; those for types of other crates by the path of their trait.
pub(super) fn gather<'a>(modules: &'a Crate, names: &Names<'_>) -> BTreeMap<String, Impls<'a>> {
    let mut found: BTreeMap<String, Impls<'a>> = BTreeMap::new();
    for (module, contents) in modules {
        for item in &contents.items {
            let Item::Impl(block) = item else { continue };
            let owner = type_path(&block.self_ty).and_then(|path| public_path(names, module, path));
            let Some((trait_, _)) = &block.trait_ else {
                if let Some(owner) = owner {
                    found.entry(owner).or_default().methods.extend(methods(block, module));
                }
                continue;
            };
            let Some(implemented) = Implemented::of(names, module, block, trait_, owner.as_deref()) else { continue };
            let Some(owner) = owner.or_else(|| public_path(names, module, trait_)) else { continue };
            let entry = found.entry(owner).or_default();
            match implemented {
                Implemented::Simple(name) => drop(entry.traits.insert(name)),
                Implemented::Line(line) => entry.others.push(line),
            }
        }
    }
    found
}

/// How a trait is told.
enum Implemented {
    /// By its name.
    Simple(String),
    /// By a line of its own.
    Line(String),
}

impl Implemented {
    /// `None` where the trait can't be reached from outside.
    fn of(names: &Names<'_>, module: &str, block: &ItemImpl, trait_: &Path, owner: Option<&str>) -> Option<Self> {
        let written = segments(trait_);
        let inside = matches!(written.first().map(String::as_str), Some("crate" | "self" | "super"));
        let own = trait_.leading_colon.is_none() && (inside || names.resolve(module, &written).is_some());
        if own && public_path(names, module, trait_).is_none() {
            return None;
        }
        let printer = Printer::new(names, module, owner.map_or("", parent));
        let types = block.items.iter().filter_map(|item| match item {
            ImplItem::Type(item) => Some(format!("{} = {}", item.ident, printer.ty(&item.ty))),
            _ => None,
        });
        let types: Vec<String> = types.collect();
        let last = trait_.segments.last()?;
        if !own && types.is_empty() && only_lifetimes(&last.arguments) && owner.is_some() && is_whole(block) {
            return Some(Self::Simple(last.ident.to_string()));
        }
        let name = if own { printer.path(trait_) } else { printer.path(&Path::from(last.clone())) };
        let target = owner.map_or_else(|| printer.ty(&block.self_ty), |owner| narrowed(owner, block, &printer));
        let types = if types.is_empty() { String::new() } else { format!(" {{ {} }}", types.join(", ")) };
        Some(Self::Line(format!("impl {name} for {target}{}{types}", bounds(block, &printer))))
    }
}

/// The path under which users reach what a path of a module means.
fn public_path(names: &Names<'_>, module: &str, path: &Path) -> Option<String> {
    if path.leading_colon.is_some() {
        return None;
    }
    match names.resolve(module, &segments(path))? {
        Target::Item(module, name) => names.public(&module, &name).map(str::to_owned),
        Target::Module(_) => None,
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

/// The path of a type that is one.
pub(super) fn type_path(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Path(path) if path.qself.is_none() => Some(&path.path),
        _ => None,
    }
}

fn methods<'a>(block: &'a ItemImpl, module: &'a str) -> impl Iterator<Item = Method<'a>> {
    block.items.iter().filter_map(move |item| match item {
        ImplItem::Fn(item) if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) => {
            Some(Method { signature: &item.sig, attributes: &item.attrs, block, module })
        }
        _ => None,
    })
}

fn only_lifetimes(arguments: &PathArguments) -> bool {
    match arguments {
        PathArguments::None => true,
        PathArguments::AngleBracketed(list) => list.args.iter().all(|argument| matches!(argument, GenericArgument::Lifetime(_))),
        PathArguments::Parenthesized(_) => false,
    }
}

/// Whether a block is for all forms of its type: the type's arguments are lifetimes and parameters of the block.
fn is_whole(block: &ItemImpl) -> bool {
    let arguments = type_path(&block.self_ty).and_then(|path| path.segments.last()).map(|last| &last.arguments);
    let Some(PathArguments::AngleBracketed(list)) = arguments else { return true };
    let is_parameter = |ty: &Type| {
        let name = type_path(ty).and_then(Path::get_ident);
        name.is_some_and(|name| block.generics.type_params().any(|parameter| parameter.ident == *name))
    };
    list.args.iter().all(|argument| match argument {
        GenericArgument::Lifetime(_) => true,
        GenericArgument::Type(ty) => is_parameter(ty),
        _ => false,
    })
}

/// The type of a block: with its arguments where they narrow it.
pub(super) fn narrowed(path: &str, block: &ItemImpl, printer: &Printer<'_>) -> String {
    if is_whole(block) {
        return path.to_owned();
    }
    let whole = printer.ty(&block.self_ty);
    format!("{path}{}", whole.find('<').map_or("", |at| &whole[at..]))
}

/// What a block asks of its parameters.
pub(super) fn bounds(block: &ItemImpl, printer: &Printer<'_>) -> String {
    let bounded = block.generics.params.iter().any(|parameter| match parameter {
        GenericParam::Type(parameter) => !parameter.bounds.is_empty(),
        _ => false,
    });
    if !bounded && block.generics.where_clause.is_none() {
        return String::new();
    }
    format!(" with {}", printer.generics(&block.generics).trim())
}

/// What a setter takes: `fn name(self, value) -> Self`.
pub(super) fn setter_argument(signature: &Signature) -> Option<&Type> {
    let itself = matches!(&signature.output, ReturnType::Type(_, ty) if type_path(ty).is_some_and(|path| path.is_ident("Self")));
    let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
    match arguments.as_slice() {
        [FnArg::Receiver(receiver), FnArg::Typed(value)] if itself && matches!(receiver.kind, ReceiverKind::Value) => {
            Some(&value.ty)
        }
        _ => None,
    }
}
