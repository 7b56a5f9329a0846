//! Which item a path means, and under which path users reach an item.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syn::{Attribute, Item, Visibility};

use super::source::{Child, Crate, Import, Module, attributes, join, parent};

/// A chain of imports longer than this is a circle.
const DEEPEST: usize = 16;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The module's path.
    Module(String),
    /// An item, by its module's path and its name.
    Item(String, String),
}

/// Something that can be reached from outside.
pub(super) struct Reached<'a> {
    /// Under which path.
    pub(super) path: String,
    pub(super) what: What<'a>,
}

/// The kinds of things that have a path of their own.
pub(super) enum What<'a> {
    Module(&'a [Attribute]),
    /// An item of the module with this path.
    Item(&'a Item, String),
    /// Something of another crate.
    Foreign(&'a Import),
}

/// The names of a crate.
pub(super) struct Names<'a> {
    modules: &'a Crate,
    /// (module, item) → the path for users.
    public: BTreeMap<(String, String), String>,
}

impl<'a> Names<'a> {
    /// Also returns all that can be reached.
    pub(super) fn of(modules: &'a Crate) -> (Self, Vec<Reached<'a>>) {
        let mut names = Self { modules, public: BTreeMap::new() };
        let reached = names.reach();
        for reached in &reached {
            if let What::Item(item, module) = &reached.what {
                names.public.insert((module.clone(), name_of(item).unwrap_or_default()), reached.path.clone());
            }
        }
        (names, reached)
    }

    /// The path under which users reach an item, the shortest where there are several.
    pub(super) fn public(&self, module: &str, name: &str) -> Option<&str> {
        self.public.get(&(module.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// What a path means in a module; `None` for what is not of this crate.
    pub(super) fn resolve(&self, module: &str, path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, 0)
    }

    fn resolve_within(&self, module: &str, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Target::Module(String::new()),
            "self" => Target::Module(module.to_owned()),
            "super" => Target::Module(parent(module).to_owned()),
            name => self.lookup(module, name, depth)?,
        };
        rest.iter().try_fold(start, |at, name| match (at, name.as_str()) {
            (Target::Module(module), "super") => Some(Target::Module(parent(&module).to_owned())),
            (Target::Module(module), name) => self.lookup(&module, name, depth),
            // A variant or an associated item.
            (Target::Item(..), _) => None,
        })
    }

    fn lookup(&self, path: &str, name: &str, depth: usize) -> Option<Target> {
        let module = self.modules.get(path).filter(|_| depth < DEEPEST)?;
        if module.items.iter().any(|item| name_of(item).as_deref() == Some(name)) {
            return Some(Target::Item(path.to_owned(), name.to_owned()));
        }
        if module.children.iter().any(|child| child.name == name) {
            return Some(Target::Module(join(path, name)));
        }
        let named = module.imports.iter().filter(|import| import.name.as_deref() == Some(name));
        // `use serde::…` begins with a crate: looking for it here again would go round in a circle.
        let mut targets = named.filter(|import| import.target.first().is_none_or(|first| first != name));
        targets.find_map(|import| self.resolve_within(path, &import.target, depth + 1)).or_else(|| {
            let globs = module.imports.iter().filter(|import| import.name.is_none());
            globs.filter_map(|import| self.glob(path, import, depth)).find_map(|module| self.lookup(&module, name, depth + 1))
        })
    }

    fn glob(&self, path: &str, import: &Import, depth: usize) -> Option<String> {
        match self.resolve_within(path, &import.target, depth + 1)? {
            Target::Module(module) => Some(module),
            Target::Item(..) => None,
        }
    }

    /// Goes through the public modules, the nearest first, so that the shortest path of an item is found first.
    fn reach(&self) -> Vec<Reached<'a>> {
        let mut found = Vec::new();
        let (mut seen_modules, mut seen_items) = (BTreeSet::new(), BTreeSet::new());
        let mut open = VecDeque::from([(String::new(), String::new())]);
        while let Some((module, path)) = open.pop_front() {
            // A module that is reached under two paths is the same module.
            if !seen_modules.insert(module.clone()) {
                continue;
            }
            let mut parts = vec![module.clone()];
            parts.extend(self.public_globs(&module));
            for part in &parts {
                let Some(contents) = self.modules.get(part) else { continue };
                self.reach_contents(part, contents, &path, &mut found, &mut seen_items, &mut open);
            }
            seen_modules.extend(parts);
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn reach_contents(
        &self,
        module: &str,
        contents: &'a Module,
        path: &str,
        found: &mut Vec<Reached<'a>>,
        seen: &mut BTreeSet<(String, String)>,
        open: &mut VecDeque<(String, String)>,
    ) {
        for Child { name, attributes, .. } in
            contents.children.iter().filter(|child| child.public && !is_hidden(&child.attributes))
        {
            found.push(Reached { path: join(path, name), what: What::Module(attributes) });
            open.push_back((join(module, name), join(path, name)));
        }
        let mut note = |module: String, name: String, as_name: &str| {
            let item = self.item(&module, &name).filter(|item| !is_hidden(attributes(item)));
            if let Some(item) = item.filter(|_| seen.insert((module.clone(), name))) {
                found.push(Reached { path: join(path, as_name), what: What::Item(item, module) });
            }
        };
        for name in contents.items.iter().filter(|item| is_public(item)).filter_map(name_of) {
            note(module.to_owned(), name.clone(), &name);
        }
        let mut foreign = Vec::new();
        for import in contents.imports.iter().filter(|import| import.public && !is_hidden(&import.attributes)) {
            let Some(name) = &import.name else { continue };
            match self.lookup(module, name, 0) {
                Some(Target::Item(module, item)) => note(module, item, name),
                Some(Target::Module(module)) => open.push_back((module, join(path, name))),
                None => foreign.push(Reached { path: join(path, name), what: What::Foreign(import) }),
            }
        }
        found.extend(foreign);
    }

    /// The modules of which all contents are public here too.
    fn public_globs(&self, module: &str) -> Vec<String> {
        let imports = self.modules.get(module).map(|module| module.imports.as_slice()).unwrap_or_default();
        let globs = imports.iter().filter(|import| import.public && import.name.is_none());
        globs.filter_map(|import| self.glob(module, import, 0)).collect()
    }

    fn item(&self, module: &str, name: &str) -> Option<&'a Item> {
        self.modules.get(module)?.items.iter().find(|item| name_of(item).as_deref() == Some(name))
    }
}

/// The name that an item defines.
pub(super) fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// Whether an item is left out of the documentation, and so is no part of the API.
pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc") && attribute.parse_args::<syn::Path>().is_ok_and(|word| word.is_ident("hidden"))
    })
}
