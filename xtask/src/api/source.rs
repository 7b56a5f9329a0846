//! Reads the crate's sources into modules, with all of their items in plain sight.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

use super::macros::{Macros, travelling};

/// How deep macros may call macros.
const DEEPEST: usize = 8;

/// The modules of a crate by their paths, as `generated::octopusx`; that of the root is empty.
pub(super) type Crate = BTreeMap<String, Module>;

/// One module.
#[derive(Default)]
pub(super) struct Module {
    /// Everything but modules, imports and macros.
    pub(super) items: Vec<Item>,
    pub(super) children: Vec<Child>,
    pub(super) imports: Vec<Import>,
    /// (type, field or variant) → its name on the wire.
    pub(super) wire: BTreeMap<(String, String), String>,
}

/// A module inside of another.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) public: bool,
    pub(super) attributes: Vec<Attribute>,
}

/// One name that a `use` brings, or all of a module.
pub(super) struct Import {
    /// `None` for `*`.
    pub(super) name: Option<String>,
    pub(super) target: Vec<String>,
    pub(super) public: bool,
    pub(super) attributes: Vec<Attribute>,
}

/// Reads a crate from its root file; `generated` holds the files that are included from `OUT_DIR`.
pub(super) fn read(root: &Path, generated: &BTreeMap<String, String>) -> Result<Crate, String> {
    let mut reader = Reader { generated, modules: Crate::new(), macros: Macros::default(), calls: Vec::new() };
    let folder = root.parent().unwrap_or(root).to_path_buf();
    reader.items(String::new(), parse_file(root)?.items, &folder)?;
    reader.expand()?;
    Ok(reader.modules)
}

/// Whether an item is only for tests or for rustdoc.
fn is_absent(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|attribute| attribute.meta.require_list().ok()).any(|list| {
        let condition = list.tokens.to_string();
        condition == "test" || condition.split(|at: char| !at.is_alphanumeric()).any(|word| word == "doc")
    })
}

fn parse_file(file: &Path) -> Result<syn::File, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    syn::parse_file(&text).map_err(|error| format!("{} is not valid Rust: {error}", file.display()))
}

struct Reader<'a> {
    generated: &'a BTreeMap<String, String>,
    modules: Crate,
    macros: Macros,
    /// Module, macro, arguments: expanded at the end, when all macros are known.
    calls: Vec<(String, String, TokenStream)>,
}

impl Reader<'_> {
    /// Sorts the items of a module; `folder` is where the files of its child modules are.
    fn items(&mut self, path: String, items: Vec<Item>, folder: &Path) -> Result<(), String> {
        self.modules.entry(path.clone()).or_default();
        for item in items {
            if is_absent(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(module) => self.module(&path, module, folder)?,
                Item::Use(import) => {
                    let public = matches!(import.vis, Visibility::Public(_));
                    let mut found = Vec::new();
                    flatten(&import.tree, Vec::new(), &mut found);
                    let imports = found.into_iter().map(|(name, target)| {
                        let attributes = import.attrs.clone();
                        Import { name, target, public, attributes }
                    });
                    self.modules.entry(path.clone()).or_default().imports.extend(imports);
                }
                Item::Macro(call) => self.call(&path, &call, folder)?,
                other => self.modules.entry(path.clone()).or_default().items.push(other),
            }
        }
        Ok(())
    }

    fn module(&mut self, parent: &str, module: ItemMod, folder: &Path) -> Result<(), String> {
        let name = module.ident.to_string();
        let path = join(parent, &name);
        let inner = folder.join(&name);
        let items = match module.content {
            Some((_, items)) => items,
            None => parse_file(&file_of(folder, &name)?)?.items,
        };
        let child = Child { name, public: matches!(module.vis, Visibility::Public(_)), attributes: module.attrs };
        self.modules.entry(parent.to_owned()).or_default().children.push(child);
        self.items(path, items, &inner)
    }

    fn call(&mut self, path: &str, call: &syn::ItemMacro, folder: &Path) -> Result<(), String> {
        let tokens = call.mac.tokens.clone();
        let name = call.mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if let Some(defined) = &call.ident {
            return self.macros.define(&defined.to_string(), tokens);
        }
        if name == "include" {
            let file = literal(tokens).unwrap_or_default();
            let file = file.trim_start_matches('/');
            let text = self.generated.get(file).ok_or_else(|| format!("nothing generates the included `{file}`"))?;
            let parsed = syn::parse_file(text).map_err(|error| format!("the generated `{file}` is not valid Rust: {error}"))?;
            return self.items(path.to_owned(), parsed.items, folder);
        }
        self.modules.entry(path.to_owned()).or_default().wire.extend(travelling(&name, tokens.clone()));
        self.calls.push((path.to_owned(), name, tokens));
        Ok(())
    }

    /// Puts what macros write in the place of their calls.
    fn expand(&mut self) -> Result<(), String> {
        for _ in 0..DEEPEST {
            for (path, name, arguments) in std::mem::take(&mut self.calls) {
                let items = self.macros.expand(&name, arguments)?;
                self.items(path, items, Path::new(""))?;
            }
        }
        self.calls.first().map_or(Ok(()), |(_, name, _)| Err(format!("`{name}!` calls itself without end")))
    }
}

fn file_of(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let candidates = [folder.join(name).with_extension("rs"), folder.join(name).join("mod.rs")];
    let found = candidates.iter().find(|file| file.is_file()).cloned();
    found.ok_or_else(|| format!("module `{name}` has no file in {}", folder.display()))
}

/// The module that a path stands in; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// The path of a module inside of another.
pub(super) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}::{name}") }
}

fn flatten(tree: &UseTree, mut path: Vec<String>, found: &mut Vec<(Option<String>, Vec<String>)>) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            flatten(&inner.tree, path, found);
        }
        UseTree::Name(name) if name.ident == "self" => found.push((path.last().cloned(), path)),
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            found.push((Some(name.ident.to_string()), path));
        }
        UseTree::Rename(name) => {
            path.push(name.ident.to_string());
            found.push((Some(name.rename.to_string()), path));
        }
        UseTree::Glob(_) => found.push((None, path)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path.clone(), found)),
    }
}

/// The last string literal among tokens, at any depth.
fn literal(tokens: TokenStream) -> Option<String> {
    let find = |token| match token {
        TokenTree::Group(group) => literal(group.stream()),
        TokenTree::Literal(text) => syn::parse_str::<syn::LitStr>(&text.to_string()).ok().map(|text| text.value()),
        _ => None,
    };
    tokens.into_iter().filter_map(find).last()
}

/// The attributes of any item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
