//! Names that would clash in the generated code, found before the compiler finds them.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::load::escape;
use crate::model::{Api, Parameter, Schema};
use crate::names;

impl Checker<'_> {
    /// Types of one module must differ, also from what the facade writes there.
    pub(super) fn module_names(&self, api: &Api) {
        for (at, tag) in api.tags.iter().enumerate() {
            if !names::is_module_name(&tag.name) {
                let what = format!("a module can't be named `{}`", tag.name);
                self.problem(&format!("/tags/{at}/name"), what, "use lower case and `_`, and no keyword of Rust");
            }
            let struct_name = names::type_name(&tag.name);
            let clash = api.schemas.values().find(|schema| schema.section == tag.name && schema.name == struct_name);
            if let Some(schema) = clash {
                self.problem(
                    &format!("/components/schemas/{}", escape(&schema.name)),
                    format!("`{struct_name}` is the name of the struct with the methods of tag `{}`", tag.name),
                    "give the schema another name",
                );
            }
        }
    }

    /// Folders become modules too.
    pub(super) fn folder_names(&self, api: &Api) {
        let mut seen = BTreeSet::new();
        for Schema { name, section, .. } in api.schemas.values() {
            if !names::is_module_name(section) && seen.insert(section) {
                let what = format!("a module can't be named `{section}`, as the folder of this file is");
                let mend = "name the folder in lower case and `_`, and with no keyword of Rust";
                self.problem(&format!("/components/schemas/{}", escape(name)), what, mend);
            }
        }
    }

    /// Methods of one tag must differ, also from those that ask for a stream.
    pub(super) fn method_names(&self, api: &Api) {
        let mut ids = BTreeSet::new();
        let mut seen = BTreeMap::new();
        for operation in api.operations.iter().filter(|operation| ids.insert(&operation.id)) {
            for face in &operation.faces {
                let method = &face.method;
                if method == "new" || names::field(method) != *method {
                    let what = format!("a method can't be named `{method}`");
                    let mend = "use lower case and `_`, and neither `new` nor a keyword of Rust";
                    self.problem(&operation.pointer, what, mend);
                }
                let stream = operation.stream.iter().filter(|stream| stream.switch.is_some()).map(|_| format!("{method}_stream"));
                for method in std::iter::once(method.clone()).chain(stream) {
                    if let Some(other) = seen.insert((&operation.tag, method.clone()), &operation.pointer) {
                        let what = format!("`{}().{method}` exists twice, here and at {other}", operation.tag);
                        self.problem(&operation.pointer, what, "give one of the two another operationId or face name");
                    }
                }
            }
        }
    }

    /// Arguments of a method, and setters of its call.
    pub(super) fn argument_names(&self, at: &str, parameters: &[Parameter]) {
        let mut seen = BTreeSet::new();
        for Parameter { rust_name, required, .. } in parameters {
            if !seen.insert(rust_name) {
                let what = format!("two arguments of the method would be named `{rust_name}`");
                self.problem(at, what, "give one of them an `x-rust-name`");
            }
            let taken = if *required { names::TAKEN_ARGUMENTS.as_slice() } else { &names::TAKEN_SETTERS };
            if taken.contains(&rust_name.as_str()) || names::field(rust_name) != *rust_name {
                self.problem(at, format!("a parameter can't be named `{rust_name}` in Rust"), "give it another `x-rust-name`");
            }
        }
    }
}
