//! Refuses broken structure, and turns the JSON tree into the [`model`](crate::model).
//!
//! Every rule that the later stages rely on is held here, so that they need no errors of their own.

mod answers;
mod names;
mod older;
mod operations;
mod schemas;
mod tasks;
mod uploads;

use std::cell::RefCell;

use serde_json::Value;

use crate::load::{Document, escape};
use crate::model::{Api, Tag};
use crate::problem::Problems;
use crate::slice::Features;

/// The words beyond OpenAPI that a document may use; any other `x-` key is a slip.
pub const VOCABULARY: [&str; 22] = [
    "x-docs",
    "x-unlisted",
    "x-feature",
    "x-success",
    "x-idempotent",
    "x-free",
    "x-stream",
    "x-usage",
    "x-plain-text",
    "x-upload",
    "x-websocket",
    "x-task",
    "x-faces",
    "x-secret",
    "x-rust-name",
    "x-rust-type",
    "x-new",
    "x-example",
    "x-schema",
    "x-status",
    "x-extensible-enum",
    "x-enum-varnames",
];

/// Checks the whole document, whatever slice will be kept of it.
///
/// # Errors
/// All broken places at once.
pub fn check(document: &Document, features: &Features) -> Result<Api, Problems> {
    let checker = Checker { document, problems: RefCell::default() };
    let root = document.root();
    checker.vocabulary("", root, false);
    checker.references("", root, false);
    let tags = checker.tags(features);
    let schemas = checker.schemas();
    let operations = checker.operations(&tags);
    checker.statuses();
    let api = Api {
        title: checker.text("/info", root.get("info"), "title", "name the API"),
        version: checker.text("/info", root.get("info"), "version", "give the date of the documentation, as '2026-11-20'"),
        server: checker.server(),
        docs: checker.site(root),
        tags,
        operations,
        schemas,
    };
    checker.unions_and_tasks(&api);
    checker.check_uploads(&api);
    checker.module_names(&api);
    checker.folder_names(&api);
    checker.method_names(&api);
    checker.problems.into_inner().into_result()?;
    Ok(api)
}

/// Walks the document and collects problems instead of stopping at the first.
struct Checker<'a> {
    document: &'a Document,
    problems: RefCell<Problems>,
}

impl Checker<'_> {
    fn problem(&self, pointer: &str, what: impl Into<String>, mend: impl Into<String>) {
        let problem = self.document.problem(pointer, what, mend);
        self.problems.borrow_mut().push(problem);
    }

    /// A required, non-empty string member.
    fn text(&self, pointer: &str, value: Option<&Value>, key: &str, mend: &str) -> String {
        match value.and_then(|value| value.get(key)).and_then(Value::as_str).map(str::trim) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                self.problem(pointer, format!("`{key}` is missing or empty"), mend);
                String::new()
            }
        }
    }

    /// A list of strings, or one string; `None` when the key is absent.
    fn texts(&self, pointer: &str, value: &Value, key: &str) -> Option<Vec<String>> {
        let found = match value.get(key)? {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(all) => all.iter().map(|each| each.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        if found.is_none() {
            self.problem(
                &format!("{pointer}/{}", escape(key)),
                format!("`{key}` must be a list of strings"),
                "write it as `[a, b]`",
            );
        }
        Some(found.unwrap_or_default())
    }

    fn flag(&self, pointer: &str, value: &Value, key: &str) -> bool {
        match value.get(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.problem(
                    &format!("{pointer}/{}", escape(key)),
                    format!("`{key}` must be true or false"),
                    "write `true`, or leave it out",
                );
                false
            }
        }
    }

    fn server(&self) -> String {
        let first = self.document.at("/servers/0");
        let pointer = if first.is_some() { "/servers/0" } else { "/servers" };
        self.text(pointer, first, "url", "give the address without a path, as `servers: [{url: https://…}]`")
    }

    /// Where the pages that `x-docs` names lie, if the document says it.
    fn site(&self, root: &Value) -> Option<String> {
        let docs = root.get("externalDocs")?;
        let url = self.text("/externalDocs", Some(docs), "url", "give the address that the names in `x-docs` are put behind");
        Some(url.trim_end_matches('/').to_owned())
    }

    fn tags(&self, features: &Features) -> Vec<Tag> {
        let all = self.document.at("/tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.iter().enumerate().map(|(at, tag)| self.tag(&format!("/tags/{at}"), tag, features)).collect()
    }

    fn tag(&self, pointer: &str, tag: &Value, features: &Features) -> Tag {
        let feature = self.text(pointer, Some(tag), "x-feature", "name the cargo feature that this section belongs to");
        if !feature.is_empty() && !features.known.contains(&feature) {
            let known: Vec<&str> = features.known.iter().map(String::as_str).collect();
            self.problem(
                &format!("{pointer}/x-feature"),
                format!("the crate has no feature `{feature}`"),
                format!("add `{feature} = []` to [features] in Cargo.toml, or use one of: {}", known.join(", ")),
            );
        }
        Tag {
            name: self.text(pointer, Some(tag), "name", "name the tag; it becomes the accessor `client.<name>()`"),
            description: self.text(pointer, Some(tag), "description", "say in one sentence what the operations do"),
            docs: self.texts(pointer, tag, "x-docs").unwrap_or_default(),
            feature,
        }
    }

    /// Refuses `x-` keys that nobody reads: they are slips of the pen. Example values are not looked into.
    fn vocabulary(&self, pointer: &str, value: &Value, inside_names: bool) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let at = format!("{pointer}/{}", escape(key));
                    if !inside_names && key.starts_with("x-") && !VOCABULARY.contains(&key.as_str()) {
                        let mend = format!("use one of {}, or teach the generator a new word", VOCABULARY.join(", "));
                        self.problem(&at, format!("`{key}` is no word of the vocabulary"), mend);
                    }
                    if inside_names || !matches!(key.as_str(), "value" | "example" | "mapping" | "security") {
                        self.vocabulary(&at, member, holds_names(key) && !inside_names);
                    }
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.vocabulary(&format!("{pointer}/{at}"), item, false);
                }
            }
            _ => {}
        }
    }

    /// Every `$ref` must be local and lead somewhere.
    fn references(&self, pointer: &str, value: &Value, inside_names: bool) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let at = format!("{pointer}/{}", escape(key));
                    if let ("$ref", Value::String(target)) = (key.as_str(), member) {
                        let found = target.strip_prefix('#').and_then(|pointer| self.document.at(pointer));
                        if found.is_none() {
                            self.problem(
                                &at,
                                format!("`{target}` leads nowhere"),
                                "name a part of this document, as `#/components/schemas/Video`",
                            );
                        }
                    } else if inside_names || !matches!(key.as_str(), "value" | "example") {
                        self.references(&at, member, holds_names(key) && !inside_names);
                    }
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.references(&format!("{pointer}/{at}"), item, false);
                }
            }
            _ => {}
        }
    }
}

/// Whether the keys below this one are names that the document chose, not words of OpenAPI.
fn holds_names(key: &str) -> bool {
    matches!(
        key,
        "properties" | "schemas" | "examples" | "responses" | "parameters" | "paths" | "headers" | "securitySchemes" | "fixed"
    )
}

/// The name at the end of `#/components/schemas/Name`.
fn schema_name(target: &str) -> Option<&str> {
    target.strip_prefix("#/components/schemas/")
}
