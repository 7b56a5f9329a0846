//! The OpenAPI documents as the check sees them: operations with the pages they come from, and schemas by their pointers.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use octopusx_codegen::Problems;
use octopusx_codegen::load::{Document, escape, load};
use serde_json::Value;

use super::model::Side;
use super::parse::routes::{is_path, placeholders};
use super::types::{Kind, Types};
use crate::lint::json_schema::Validators;
use crate::places::{self, Media, Place};
use crate::project::Project;

/// A chain of references longer than this is a circle.
const DEEPEST: usize = 24;

/// Pointers of schemas, and of lists of words.
type Below = Rc<(Vec<String>, Vec<String>)>;

/// One document.
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) document: Document,
    pub(crate) operations: Vec<Operation>,
    /// Every page that an operation or a tag names.
    pub(crate) pages: BTreeSet<String>,
    /// The hosts that serve it.
    pub(crate) hosts: Vec<String>,
    pub(crate) validators: RefCell<Validators>,
    /// Names of headers and queries that carry keys or belong to HTTP itself.
    unchecked_names: Vec<String>,
    /// All that the document says, to look up a name in.
    pub(crate) text: String,
    below: RefCell<HashMap<String, Below>>,
    /// Example → the members that it shows.
    pub(crate) shown: RefCell<HashMap<String, Rc<BTreeSet<String>>>>,
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) pointer: String,
    pub(crate) pages: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) bodies: Vec<Branch>,
    /// The schemas of successful answers and of events.
    pub(crate) answers: Vec<String>,
    pub(crate) failures: Vec<String>,
}

pub(crate) struct Parameter {
    pub(crate) side: Side,
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) pointer: String,
}

/// One of the schemas that a body may have.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) pointer: String,
    /// The pages of which an example stands for it.
    pub(crate) pages: BTreeSet<String>,
}

/// A member that a schema declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) pointer: String,
    pub(crate) required: bool,
}

impl System {
    pub(crate) fn load_all(project: &Project) -> Result<Vec<Self>, String> {
        let told = |problems: Problems| problems.to_string();
        project.documents()?.into_iter().map(|(name, folder)| Self::of(name, load(&folder).map_err(told)?)).collect()
    }

    fn of(name: &'static str, document: Document) -> Result<Self, String> {
        let validators = Validators::new(&document)?;
        let servers = document.at("/servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let host = |server: &Value| server.get("url")?.as_str()?.split("://").nth(1)?.split('/').next().map(str::to_owned);
        let hosts = servers.iter().filter_map(host).collect();
        let schemes = document.at("/components/securitySchemes").and_then(Value::as_object);
        let names = schemes.into_iter().flat_map(|all| all.values()).filter_map(|scheme| scheme.get("name")?.as_str());
        let http = ["authorization", "content-type", "accept", "user-agent", "connection", "upgrade", "origin"];
        let unchecked_names = names.map(str::to_lowercase).chain(http.map(str::to_owned)).collect();
        let whole = Place { pointer: String::new(), value: document.root() };
        let tags = whole.items_of("tags");
        let operations: Vec<Operation> = places::operations(&document).iter().map(|place| operation(&document, place)).collect();
        let named = operations.iter().flat_map(|operation| operation.pages.iter().cloned());
        let pages = tags.iter().flat_map(|tag| pages_of(tag.value)).chain(named).collect();
        let text = document.to_json();
        Ok(Self {
            name,
            operations,
            pages,
            hosts,
            validators: RefCell::new(validators),
            unchecked_names,
            text,
            document,
            below: RefCell::default(),
            shown: RefCell::default(),
        })
    }

    /// The operation of a method and a path; with `concrete` the path may hold values.
    pub(crate) fn find(&self, method: &str, path: &str, concrete: bool) -> Option<&Operation> {
        let with_method = || self.operations.iter().filter(|operation| operation.method == method);
        let exact = with_method().find(|operation| is_path(&operation.path, path, false));
        exact.or_else(|| with_method().find(|operation| concrete && is_path(&operation.path, path, true)))
    }

    /// Whether a header or query is of no interest: it carries the key, or belongs to HTTP.
    pub(crate) fn is_unchecked(&self, name: &str) -> bool {
        self.unchecked_names.contains(&name.to_lowercase())
    }

    fn value(&self, pointer: &str) -> &Value {
        self.document.at(pointer).unwrap_or(&Value::Null)
    }

    /// The schemas behind references, unions and arrays, each by its pointer.
    pub(crate) fn leaves(&self, pointers: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        pointers.iter().for_each(|pointer| self.add_leaves(pointer, true, 0, &mut found));
        found
    }

    fn add_leaves(&self, pointer: &str, through_arrays: bool, depth: usize, found: &mut Vec<String>) {
        let schema = self.value(pointer);
        if depth > DEEPEST || found.iter().any(|known| known == pointer) {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#')) {
            return self.add_leaves(target, through_arrays, depth + 1, found);
        }
        let mut inner = Vec::new();
        for key in ["allOf", "anyOf", "oneOf"] {
            let count = schema.get(key).and_then(Value::as_array).map_or(0, Vec::len);
            inner.extend((0..count).map(|at| format!("{pointer}/{key}/{at}")));
        }
        let joins = !inner.is_empty();
        if through_arrays && schema.get("items").is_some() {
            inner.push(format!("{pointer}/items"));
        }
        if !joins || schema.get("properties").is_some() {
            found.push(pointer.to_owned());
        }
        inner.iter().for_each(|pointer| self.add_leaves(pointer, through_arrays, depth + 1, found));
    }

    /// The members of that name.
    pub(crate) fn property(&self, pointers: &[String], name: &str) -> Vec<Property> {
        let mut found: Vec<Property> = Vec::new();
        for leaf in self.leaves(pointers) {
            let schema = self.value(&leaf);
            let pointer = if schema.get("properties").is_some_and(|all| all.get(name).is_some()) {
                format!("{leaf}/properties/{}", escape(name))
            } else if schema.get("additionalProperties").is_some_and(Value::is_object) {
                format!("{leaf}/additionalProperties")
            } else {
                continue;
            };
            let required =
                schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|each| each == name));
            let property = Property { pointer, required };
            if !found.contains(&property) {
                found.push(property);
            }
        }
        found
    }

    /// The members at the end of a path of names; where it breaks off, the schemas that lack the next name.
    pub(crate) fn follow(&self, from: &[String], path: &[String]) -> Result<Vec<Property>, Vec<String>> {
        let mut pointers = from.to_vec();
        let mut found = Vec::new();
        for name in path {
            found = self.property(&pointers, name);
            if found.is_empty() {
                return Err(pointers);
            }
            pointers = found.iter().map(|property| property.pointer.clone()).collect();
        }
        Ok(found)
    }

    /// The members that a schema declares itself.
    pub(crate) fn properties(&self, leaf: &str) -> Vec<(String, String)> {
        let members = self.value(leaf).get("properties").and_then(Value::as_object);
        let own = members.into_iter().flat_map(|all| all.keys());
        own.map(|name| (name.clone(), format!("{leaf}/properties/{}", escape(name)))).collect()
    }

    /// All types that a place allows.
    pub(crate) fn types(&self, pointer: &str) -> Types {
        let mut leaves = Vec::new();
        self.add_leaves(pointer, false, 0, &mut leaves);
        let mut found = Types::default();
        for leaf in leaves {
            let schema = self.value(&leaf);
            let mut types = match schema.get("type").and_then(Value::as_str) {
                Some("string") if schema.get("format").is_some_and(|format| format == "binary") => Types::of(Kind::File),
                Some("string") if schema.get("enum").is_some_and(|words| words == &serde_json::json!([null])) => {
                    Types::of(Kind::Null)
                }
                Some(word) => Types::parse(word).unwrap_or_default(),
                None if schema.get("properties").is_some() => Types::of(Kind::Object),
                None => Types::of(Kind::Any),
            };
            if schema.get("nullable") == Some(&Value::Bool(true)) {
                types.kinds.insert(Kind::Null);
            }
            if schema.get("items").is_some() {
                types.items = Some(Box::new(self.types(&format!("{leaf}/items"))));
            }
            found.join(types);
        }
        found
    }

    /// The known words of a place, with the pointer of the list that holds them; nothing where any text may stand.
    pub(crate) fn words(&self, pointer: &str) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::new();
        for leaf in self.leaves(&[pointer.to_owned()]) {
            let schema = self.value(&leaf);
            for key in ["enum", "x-extensible-enum"] {
                let Some(listed) = schema.get(key).and_then(Value::as_array) else { continue };
                let text = |value: &Value| match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                };
                let words: Vec<String> = listed.iter().filter_map(text).collect();
                if !words.is_empty() {
                    found.push((format!("{leaf}/{key}"), words));
                }
            }
        }
        found
    }

    /// Every schema below a place, and every list of words, each by its pointer.
    pub(crate) fn below(&self, root: &str) -> Below {
        if let Some(known) = self.below.borrow().get(root) {
            return Rc::clone(known);
        }
        let (mut schemas, mut lists): (BTreeSet<String>, BTreeSet<String>) = Default::default();
        let mut next = self.leaves(&[root.to_owned()]);
        while let Some(leaf) = next.pop() {
            if !schemas.insert(leaf.clone()) {
                continue;
            }
            for (_, property) in self.properties(&leaf) {
                lists.extend(self.words(&property).into_iter().map(|(pointer, _)| pointer));
                next.extend(self.leaves(&[property]));
            }
            let rest = format!("{leaf}/additionalProperties");
            if self.document.at(&rest).is_some_and(Value::is_object) {
                next.extend(self.leaves(&[rest]));
            }
        }
        schemas.retain(|leaf| !self.properties(leaf).is_empty());
        let found = Rc::new((schemas.into_iter().collect(), lists.into_iter().collect()));
        self.below.borrow_mut().insert(root.to_owned(), Rc::clone(&found));
        found
    }

    /// What a place says of itself.
    pub(crate) fn description(&self, pointer: &str) -> &str {
        self.value(pointer).get("description").and_then(Value::as_str).unwrap_or_default()
    }
}

fn operation(document: &Document, place: &Place<'_>) -> Operation {
    let mut steps = place.pointer.rsplit('/');
    let method = steps.next().unwrap_or_default().to_uppercase();
    let path = octopusx_codegen::load::unescape(steps.next().unwrap_or_default());
    let own_path = path.clone();
    let parameter = |parameter: Place<'_>| {
        let parameter = parameter.resolved(document);
        let side = match parameter.text("in")? {
            "path" => Side::Path,
            "query" => Side::Query,
            "header" => Side::Header,
            _ => return None,
        };
        let name = parameter.text("name")?.to_owned();
        let in_path = side == Side::Path && placeholders(&own_path).contains(&name.as_str());
        let required = in_path || parameter.value.get("required") == Some(&Value::Bool(true));
        Some(Parameter { side, name, required, pointer: parameter.pointer })
    };
    let parameters = place.items_of("parameters").into_iter().filter_map(parameter).collect();
    let bodies = places::body(document, place).iter().flat_map(|media| branches(document, media)).collect();
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    for (status, answer) in places::answers(document, place) {
        let schemas =
            places::media(&answer).into_iter().filter_map(|media| media.place.member("schema")).map(|schema| schema.pointer);
        if status.starts_with('2') { answers.extend(schemas) } else { failures.extend(schemas) }
    }
    for side in places::sides(document, place) {
        let name = side.schema.value.as_str().unwrap_or_default();
        answers.push(format!("/components/schemas/{}", escape(name)));
    }
    let pages = pages_of(place.value).collect();
    Operation { method, path, pointer: place.pointer.clone(), pages, parameters, bodies, answers, failures }
}

/// The schemas that a body may have, each with the pages whose examples stand for it.
fn branches(document: &Document, media: &Media<'_>) -> Vec<Branch> {
    let Some(schema) = media.place.member("schema") else { return Vec::new() };
    let whole = schema.resolved(document);
    let own = match whole.value.get("discriminator") {
        None => ["anyOf", "oneOf"]
            .into_iter()
            .flat_map(|key| whole.items_of(key))
            .map(|branch| branch.resolved(document).pointer)
            .collect(),
        Some(_) => Vec::new(),
    };
    let own: Vec<String> = if own.is_empty() { vec![whole.pointer.clone()] } else { own };
    let examples = media.examples(document);
    let only = own.len() == 1;
    let pages = |pointer: &String| {
        let stands = |example: &&Place<'_>| {
            let named = example.text("x-schema").map(|name| format!("/components/schemas/{}", escape(name)));
            named.as_ref() == Some(pointer) || (only && named.is_none())
        };
        examples.iter().filter(stands).flat_map(|example| pages_of(example.value)).collect()
    };
    own.iter().map(|pointer| Branch { pointer: pointer.clone(), pages: pages(pointer) }).collect()
}

/// What `x-docs` of an object holds: one page, or a list.
pub(crate) fn pages_of(value: &Value) -> impl Iterator<Item = String> + use<> {
    let listed = match value.get("x-docs") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    listed.into_iter().filter_map(|page| page.as_str().map(str::to_owned))
}
