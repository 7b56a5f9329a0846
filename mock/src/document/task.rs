//! Tasks in a document: which answers name one, and which operations follow it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::DocumentError;
use crate::pointer::Pointer;
use crate::schema::{Schema, Schemas};

/// The word `x-task` of one schema.
pub(crate) struct TaskRule {
    /// The schema that has the word.
    pub(crate) schema: Schema,
    pub(crate) id: Vec<Pointer>,
    pub(crate) status: Vec<Pointer>,
    pub(crate) progress: Vec<Pointer>,
    pub(crate) urls: Vec<Pointer>,
    pub(crate) error: Vec<Pointer>,
    /// The operation, or the face of one, that says how the task is.
    pub(crate) query: Option<String>,
    /// Where the query's body holds the id; none when it travels in the address.
    pub(crate) query_body: Option<QueryBody>,
    pub(crate) content: Option<String>,
    pub(crate) batch: Option<String>,
}

/// The word `query_body` of an `x-task`.
pub(crate) struct QueryBody {
    pub(super) schema: String,
    pub(crate) id: Pointer,
}

/// What an operation does with a task that another one made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It says how one task is.
    Query,
    /// It says how several tasks are.
    Batch,
    /// It hands out what came of a task.
    Content,
}

/// The rules of all schemas that have one.
pub(super) fn rules(schemas: &Schemas) -> Result<BTreeMap<String, TaskRule>, DocumentError> {
    let with_word = schemas.iter().filter_map(|(name, schema)| Some((name, schema.get("x-task")?)));
    with_word.map(|(name, word)| Ok((name.clone(), rule(name, word)?))).collect()
}

fn rule(name: &str, word: &Value) -> Result<TaskRule, DocumentError> {
    let at = format!("/components/schemas/{name}/x-task");
    let pointers = |key: &str| pointers(word.get(key)).map_err(|problem| DocumentError::new(&at, problem));
    let operation = |key: &str| word.get(key).and_then(Value::as_str).map(str::to_owned);
    let (id, status) = (pointers("id")?, pointers("status")?);
    // A beginning may name no state, the answer to a query may name no id; an answer with neither is about no task.
    if id.is_empty() && status.is_empty() {
        return Err(DocumentError::new(&at, "it names neither an id nor a status"));
    }
    Ok(TaskRule {
        schema: Schema::named(name),
        id,
        status,
        progress: pointers("progress")?,
        urls: pointers("urls")?,
        error: pointers("error")?,
        query: operation("query"),
        query_body: word.get("query_body").map(|word| query_body(word, &format!("{at}/query_body"))).transpose()?,
        content: operation("content"),
        batch: operation("batch"),
    })
}

fn query_body(word: &Value, at: &str) -> Result<QueryBody, DocumentError> {
    let text = |key: &str| word.get(key).and_then(Value::as_str);
    let schema = text("schema").ok_or_else(|| DocumentError::new(at, "it names no schema"))?;
    let id = text("id").and_then(Pointer::parse);
    let id = id.ok_or_else(|| DocumentError::new(at, "`id` is no JSON pointer"))?;
    Ok(QueryBody { schema: schema.to_owned(), id })
}

/// One pointer, a list of them, or none.
fn pointers(word: Option<&Value>) -> Result<Vec<Pointer>, String> {
    let texts: Vec<&Value> = match word {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    let parsed =
        texts.into_iter().map(|text| text.as_str().and_then(Pointer::parse).ok_or_else(|| format!("{text} is no JSON pointer")));
    parsed.collect()
}

/// The roles of all operations that a rule names.
pub(super) fn roles(rules: &BTreeMap<String, TaskRule>) -> HashMap<String, Role> {
    let named =
        rules.values().flat_map(|rule| [(&rule.query, Role::Query), (&rule.batch, Role::Batch), (&rule.content, Role::Content)]);
    named.filter_map(|(id, role)| Some((id.clone()?, role))).collect()
}
