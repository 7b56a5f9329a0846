//! Types and signatures as short texts on one line.

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, Generics, Ident, Item, ItemStruct, ItemType, Pat, Path, PathSegment, ReceiverKind, Signature, Type, parse_quote,
};

use super::names::{Names, Target};
use super::source::join;

/// Prints what is written in one module for readers of another.
pub(super) struct Printer<'a> {
    names: &'a Names<'a>,
    /// The module in which the code stands.
    module: &'a str,
    /// The public module whose items need no path.
    home: &'a str,
}

impl<'a> Printer<'a> {
    pub(super) fn new(names: &'a Names<'a>, module: &'a str, home: &'a str) -> Self {
        Self { names, module, home }
    }

    pub(super) fn ty(&self, ty: &Type) -> String {
        let mut item: ItemType = parse_quote!(
            type X = ();
        );
        *item.ty = ty.clone();
        self.text(Item::Type(item)).trim_start_matches("type X = ").trim_end_matches(';').to_owned()
    }

    pub(super) fn path(&self, path: &Path) -> String {
        self.ty(&parse_quote!(#path))
    }

    /// `fn Owner::name(arguments) -> Answer where …`
    pub(super) fn signature(&self, owner: &str, signature: &Signature) -> String {
        let mut signature = signature.clone();
        for argument in &mut signature.inputs {
            match argument {
                FnArg::Receiver(receiver) if matches!(receiver.kind, ReceiverKind::Value) => receiver.mutability = None,
                FnArg::Typed(typed) => {
                    if let Pat::Ident(name) = &mut *typed.pat {
                        name.mutability = None;
                    }
                }
                FnArg::Receiver(_) => {}
            }
        }
        let text = self.text(Item::Fn(parse_quote!(#signature {})));
        let text = text.trim_end_matches("{}").trim_end().trim_end_matches(',');
        let (before, name) = text.split_once("fn ").unwrap_or(("", text));
        format!("{before}fn {}", join(owner, name))
    }

    /// `<T, P = ()> where …`, or nothing.
    pub(super) fn generics(&self, generics: &Generics) -> String {
        let mut item: ItemStruct = parse_quote!(
            struct X;
        );
        item.generics = generics.clone();
        self.text(Item::Struct(item)).trim_start_matches("struct X").trim_end_matches(';').trim_end_matches(',').to_owned()
    }

    fn text(&self, mut item: Item) -> String {
        Shorten(self).visit_item_mut(&mut item);
        let text = prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] });
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        [("( ", "("), (", )", ")"), (",)", ")"), ("< ", "<"), (", >", ">")]
            .iter()
            .fold(line, |line, (from, to)| line.replace(from, to))
    }

    /// The path of an item of this crate as a reader writes it; `None` for what is not of this crate.
    fn short(&self, path: &Path) -> Option<String> {
        let written: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let Target::Item(module, name) = self.names.resolve(self.module, &written)? else { return None };
        let public = self.names.public(&module, &name).unwrap_or(&name);
        let at_home = public.rsplit_once("::").filter(|(parent, _)| *parent == self.home);
        Some(at_home.map_or(public, |(_, name)| name).to_owned())
    }
}

/// Replaces paths by those that a reader would write.
struct Shorten<'a>(&'a Printer<'a>);

impl VisitMut for Shorten<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.leading_colon.take().is_some() {
            return;
        }
        let inside = path.segments.first().is_some_and(|first| ["crate", "self", "super"].iter().any(|word| first.ident == word));
        let short = self.0.short(path).or_else(|| path.segments.last().filter(|_| inside).map(|last| last.ident.to_string()));
        let (Some(short), Some(last)) = (short, path.segments.last().cloned()) else { return };
        let segment = |name: &str| PathSegment::from(Ident::new(name, last.ident.span()));
        let mut segments: Punctuated<PathSegment, _> = short.split("::").map(segment).collect();
        if let Some(new) = segments.last_mut() {
            new.arguments = last.arguments;
        }
        path.segments = segments;
    }
}
