//! A loaded document: its operations, its named schemas, its tasks. The only place that knows how OpenAPI is spelt.

mod operation;
mod read;
mod task;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use http::Method;
use serde_json::{Map, Value};

pub(crate) use operation::{
    Alternative, Answer, Example, Face, Media, Operation, Parameter, Place, Scheme, StreamRule, UploadRule,
};
pub(crate) use task::{Role, TaskRule};

use crate::pointer::Pointer;
use crate::route::{Routes, Template};
use crate::schema::{Schemas, ref_name};
use read::Reader;

/// A whole OpenAPI document, ready to answer from.
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    pub(crate) schemas: Schemas,
    routes: Routes,
    rules: BTreeMap<String, TaskRule>,
    roles: HashMap<String, Role>,
}

/// A request's operation, and which of its faces.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'d> {
    pub(crate) operation: &'d Operation,
    pub(crate) face: Option<&'d Face>,
}

/// A list of tasks in an answer.
pub(crate) struct ItemList<'d> {
    pub(crate) at: Pointer,
    pub(crate) rule: &'d TaskRule,
    /// The documented elements.
    pub(crate) examples: Vec<Example>,
}

impl<'d> Chosen<'d> {
    /// The name that callers know it by: that of the face where there is one.
    pub(crate) fn id(self) -> &'d str {
        self.face.map_or(&self.operation.id, |face| &face.id)
    }

    /// Whether it changes nothing.
    pub(crate) fn reads(self) -> bool {
        self.operation.reads || self.face.is_some_and(|face| face.reads)
    }
}

impl Document {
    /// Reads a document from its JSON text.
    pub(crate) fn parse(text: &str) -> Result<Self, DocumentError> {
        let root: Value = serde_json::from_str(text).map_err(|error| DocumentError::new("", error.to_string()))?;
        let none = Map::new();
        let components = root.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&none);
        let schemas = Schemas::new(components)?;
        let operations = Reader::new(&root).operations()?;
        let rules = task::rules(&schemas)?;
        let roles = task::roles(&rules);
        let templates = operations.iter().map(|operation| {
            Template::parse(operation.method.clone(), &operation.template)
                .map_err(|problem| DocumentError::new(&operation.place(), problem))
        });
        let routes = Routes::new(templates.collect::<Result<_, _>>()?);
        let document = Self { operations, schemas, routes, rules, roles };
        document.check_names()?;
        Ok(document)
    }

    /// Two operations of one name, or a name that nothing has, would only show in a wrong answer.
    fn check_names(&self) -> Result<(), DocumentError> {
        let mut seen = HashSet::new();
        for operation in &self.operations {
            if !seen.insert(operation.id.as_str()) {
                return Err(DocumentError::new(&operation.place(), format!("two operations are named {}", operation.id)));
            }
            let body = |face: &Face| face.body.as_ref().and_then(|body| body.name()).map(str::to_owned);
            let named = operation.faces.iter().flat_map(|face| body(face).into_iter().chain(face.answer.clone()));
            self.check_schemas(named, &format!("{}/x-faces", operation.place()))?;
        }
        for (schema, rule) in &self.rules {
            let at = format!("/components/schemas/{schema}/x-task");
            let named = [&rule.query, &rule.content, &rule.batch];
            if let Some(missing) = named.into_iter().flatten().find(|id| self.named(id).is_none()) {
                return Err(DocumentError::new(&at, format!("no operation is named {missing}")));
            }
            self.check_schemas(rule.query_body.iter().map(|body| body.schema.clone()), &at)?;
        }
        Ok(())
    }

    fn check_schemas(&self, named: impl Iterator<Item = String>, at: &str) -> Result<(), DocumentError> {
        let missing = named.into_iter().find(|name| self.schemas.get(name).is_none());
        missing.map_or(Ok(()), |name| Err(DocumentError::new(at, format!("no schema is named {name}"))))
    }

    /// The operation at a method and path, with the path's parameters.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Option<(&Operation, Vec<(String, String)>)> {
        let (at, parameters) = self.routes.find(method, path)?;
        Some((self.operations.get(at)?, parameters))
    }

    /// The operation, or the face, of a name.
    pub(crate) fn named(&self, id: &str) -> Option<Chosen<'_>> {
        self.operations.iter().find_map(|operation| {
            let face = operation.faces.iter().find(|face| face.id == id);
            (operation.id == id || face.is_some()).then_some(Chosen { operation, face })
        })
    }

    /// The names of all operations and faces.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().flat_map(|operation| {
            let faces = operation.faces.iter().map(|face| face.id.as_str());
            [operation.id.as_str()].into_iter().chain(faces)
        })
    }

    /// What part an operation plays in following a task.
    pub(crate) fn role(&self, id: &str) -> Option<Role> {
        self.roles.get(id).copied()
    }

    /// How the task is followed that an answer names, if it names one.
    pub(crate) fn task_rule(&self, media: &Media, face: Option<&Face>, example: Option<&Example>) -> Option<&TaskRule> {
        let by_example = example.and_then(|example| example.schema.as_deref());
        let by_face = face.and_then(|face| face.answer.as_deref());
        let names = [by_example, by_face, media.schema.as_ref().and_then(|schema| schema.name())];
        names.into_iter().flatten().find_map(|name| self.rule_of(name))
    }

    /// How a task is followed whose state an operation tells, for answers that do not say it themselves.
    pub(crate) fn rule_of_query(&self, id: &str) -> Option<&TaskRule> {
        self.rules.values().find(|rule| rule.query.as_deref() == Some(id))
    }

    /// All rules of the document.
    #[cfg(test)]
    pub(crate) fn rules(&self) -> impl Iterator<Item = &TaskRule> {
        self.rules.values()
    }

    /// How the task is followed that a schema, or a branch of it, speaks of.
    pub(crate) fn rule_of(&self, name: &str) -> Option<&TaskRule> {
        if let Some(rule) = self.rules.get(name) {
            return Some(rule);
        }
        let schema = self.schemas.get(name)?;
        let branches = ["anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
        branches.filter_map(ref_name).find_map(|branch| self.rules.get(branch))
    }

    /// The list of tasks that an answer holds, if it does: the answer itself, or a member of it.
    pub(crate) fn item_list(&self, media: &Media) -> Option<ItemList<'_>> {
        let schema = media.schema.as_ref()?.raw();
        let members = self.schemas.at_root(schema).into_iter().filter_map(|facet| facet.get("properties")?.as_object()).flatten();
        let own = std::iter::once((Pointer::whole(), schema));
        let places = own.chain(members.map(|(name, member)| (Pointer::member(name), member)));
        let (at, rule) = places.into_iter().find_map(|(at, schema)| {
            let lists = self.schemas.at_root(schema).into_iter().filter_map(|facet| facet.get("items"));
            let named = lists.into_iter().filter_map(ref_name).find_map(|name| self.rules.get(name));
            named.map(|rule| (at, rule))
        })?;
        let items = |example: &Example| {
            let list = at.read(&example.value).and_then(Value::as_array).cloned().unwrap_or_default();
            list.into_iter().map(|value| Example { value, ..example.clone() }).collect::<Vec<_>>()
        };
        let examples = media.examples.iter().flat_map(items).collect();
        Some(ItemList { at, rule, examples })
    }

    /// The first example of a failure in the whole document.
    pub(crate) fn any_error(&self) -> Option<&Example> {
        self.operations.iter().find_map(|operation| operation.errors.first())
    }
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentError {
    pointer: String,
    message: String,
}

impl DocumentError {
    pub(crate) fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into() }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.pointer.is_empty() { "the text" } else { &self.pointer }, self.message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn parse(root: Value) -> Result<Document, String> {
        Document::parse(&root.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bad_document_says_where() {
        let error = Document::parse("{").err().map(|error| error.to_string()).unwrap();
        assert!(error.starts_with("the text: "), "{error}");
        let error = parse(json!({"paths": {"/a": {"get": {"operationId": "a_b", "parameters": [
            {"$ref": "#/components/parameters/Nobody"}]}}}}));
        assert_eq!(error.err().unwrap(), "/paths/~1a/get/parameters/0: #/components/parameters/Nobody leads nowhere");
        let error = parse(json!({"paths": {"/a": {"get": {}}}}));
        assert_eq!(error.err().unwrap(), "/paths/~1a/get: it has no operationId");
    }

    #[test]
    fn names_must_be_unique_and_known() {
        let operation = json!({"operationId": "a_b", "responses": {}});
        let error = parse(json!({"paths": {"/a": {"get": operation}, "/b": {"get": operation}}}));
        assert_eq!(error.err().unwrap(), "/paths/~1b/get: two operations are named a_b");
        let error = parse(json!({"components": {"schemas": {"T": {"x-task": {"id": ["/id"], "query": "t_get"}}}}}));
        assert_eq!(error.err().unwrap(), "/components/schemas/T/x-task: no operation is named t_get");
        let faces = json!([{"method": "b", "answer": "Nobody"}]);
        let error = parse(json!({"paths": {"/a/{id}": {"get": {"operationId": "a_b", "x-faces": faces}}}}));
        assert_eq!(error.err().unwrap(), "/paths/~1a~1{id}/get/x-faces: no schema is named Nobody");
    }

    #[test]
    fn broken_words_say_where() {
        let task = |words: Value| {
            parse(json!({"paths": {"/a": {"get": {"operationId": "a_b"}}}, "components": {"schemas": {"T": {"x-task": words}}}}))
        };
        let told = |found: Result<Document, String>| found.err().unwrap_or_default();
        assert_eq!(told(task(json!({"query": "a_b"}))), "/components/schemas/T/x-task: it names neither an id nor a status");
        assert_eq!(told(task(json!({"status": ["/s"], "query": "a_b"}))), "");
        assert_eq!(told(task(json!({"id": ["id"]}))), "/components/schemas/T/x-task: \"id\" is no JSON pointer");
        let body = |body: Value| told(task(json!({"id": ["/id"], "query": "a_b", "query_body": body})));
        assert_eq!(body(json!({"id": "/id"})), "/components/schemas/T/x-task/query_body: it names no schema");
        assert_eq!(body(json!({"schema": "T", "id": "id"})), "/components/schemas/T/x-task/query_body: `id` is no JSON pointer");
        assert_eq!(body(json!({"schema": "B", "id": "/id"})), "/components/schemas/T/x-task: no schema is named B");
        let operation = |words: Value| told(parse(json!({"paths": {"/a": {"get": words}}})));
        let upload = |words: Value| operation(json!({"operationId": "a_b", "x-upload": words}));
        assert_eq!(upload(json!({"body": {}})), "/paths/~1a/get/x-upload/body: it names no `file_name`");
        let body = json!({"file_name": "f", "content_type": "t"});
        assert_eq!(
            upload(json!({"body": body, "answer": {"url": "u"}})),
            "/paths/~1a/get/x-upload/answer: `url` is no JSON pointer"
        );
        assert_eq!(upload(json!({"body": body, "answer": {"url": "/u", "public_url": "/p"}})), "");
        let stream = json!({"operationId": "a_b", "x-stream": {"end": "x"}});
        assert_eq!(operation(stream), "/paths/~1a/get/x-stream: no answer of the operation is text/event-stream");
        let examples = json!({"gone": {"x-status": 200, "value": {}}});
        let responses = json!({"default": {"content": {"application/json": {"examples": examples}}}});
        let at = "/paths/~1a/get/responses/default/content/application~1json/examples/gone/x-status";
        let error = operation(json!({"operationId": "a_b", "responses": responses}));
        assert_eq!(error, format!("{at}: 200 is no status of a failure"));
    }
}
