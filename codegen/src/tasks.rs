//! Writes how long tasks are followed: a description for each kind, and `client.tasks().video("id")`.

use std::collections::BTreeSet;

use crate::model::{Answer, Api, Face, Kind, Operation, QueryBody, Schema, TaskShape, Type};
use crate::names;
use crate::text::{Writer, literal, rustdoc};
use crate::types::rust_type;

/// The accessor, and the tag that may take its place.
pub(crate) const TAG: &str = "tasks";

/// Writes the list of all kinds, and the handles where no tag has room for them.
pub fn write_document(out: &mut Writer, api: &Api) {
    out.doc("Every kind of long task that this build can follow.");
    let kinds: Vec<String> = kinds(api).map(|(schema, kind, _)| format!("&{}::{}", schema.section, description(kind))).collect();
    out.line(&format!("pub(crate) const TASK_KINDS: &[&crate::tasks::Kind] = &[{}];", kinds.join(", ")));
    if api.tag(TAG).is_some() || kinds.is_empty() {
        return;
    }
    out.doc("Long tasks by their ids.\n\nMade by [`Client::tasks`](Client::tasks).");
    out.line("#[derive(Clone, Copy, Debug)]");
    out.open("pub struct Tasks<'c>");
    out.line("client: &'c Client,");
    out.close();
    out.open("impl Client");
    out.doc("Long tasks by their ids: one method for each kind.");
    out.line("#[must_use]");
    out.open("pub fn tasks(&self) -> Tasks<'_>");
    out.line("Tasks { client: self }");
    out.close();
    out.close();
    out.open("impl Tasks<'_>");
    write_handles(out, api, "");
    out.close();
}

/// Writes the descriptions of the kinds whose answers a section holds, and the handles where its tag has room for them.
pub fn write_section(out: &mut Writer, api: &Api, section: &str) {
    for (schema, kind, task) in kinds(api).filter(|(schema, ..)| schema.section == section) {
        write_description(out, api, schema, kind, task);
    }
    if section == TAG && api.tag(TAG).is_some() && kinds(api).next().is_some() {
        out.open(&format!("impl {}<'_>", names::type_name(TAG)));
        write_handles(out, api, section);
        out.close();
    }
}

/// Writes a function for each thing that the gateway posts to an address of the caller's.
pub fn write_callbacks(out: &mut Writer, api: &Api, section: &str) {
    let mut written = BTreeSet::new();
    for operation in api.operations.iter().filter(|operation| operation.tag == section) {
        for (name, schema) in operation.callbacks.iter().filter(|(name, _)| written.insert(name.clone())) {
            let ty = rust_type(api, &Type::Named(schema.clone()), section);
            out.doc(&format!(
                "Reads what the gateway posts to an address that `{}().{}` and its like were given.\n\nWhoever knows the \
                 address can post to it: ask for the task before acting on it.\n\n# Errors\nThe body is not that.",
                operation.tag,
                operation.method_of_id(),
            ));
            out.open(&format!("pub fn parse_{name}(body: impl AsRef<[u8]>) -> Result<{ty}, crate::Error>"));
            out.line("crate::tasks::parse_posted(body.as_ref())");
            out.close();
        }
    }
}

/// The kinds whose query this build has.
fn kinds(api: &Api) -> impl Iterator<Item = (&Schema, &str, &TaskShape)> {
    api.task_kinds().filter(|(_, _, task)| api.method(&task.query).is_some())
}

/// The names of the methods that make handles of ids.
pub(crate) fn handles(api: &Api) -> Vec<String> {
    kinds(api).map(|(_, kind, _)| kind.to_owned()).collect()
}

fn description(kind: &str) -> String {
    names::constant(&format!("{kind}_task"))
}

/// The description that a type's tasks are followed by, as other modules name it.
pub(crate) fn description_of(api: &Api, task: &TaskShape) -> Option<String> {
    let answer = api.query_answer(&task.query)?;
    let (schema, kind, _) = kinds(api).find(|(schema, ..)| schema.name == answer)?;
    Some(format!("super::{}::{}", schema.section, description(kind)))
}

fn write_handles(out: &mut Writer, api: &Api, section: &str) {
    for (schema, kind, task) in kinds(api) {
        let Some((query, face)) = api.method(&task.query) else { continue };
        let answer = match section {
            "" => format!("{}::{}", schema.section, schema.name),
            _ => rust_type(api, &Type::Named(schema.name.clone()), section),
        };
        let client = if section.is_empty() { "Client" } else { "super::Client" };
        out.doc(&format!(
            "The task with this id, followed by [`{0}().{1}`]({2}::{3}::{1}).\n\n{4}",
            query.tag,
            face.method,
            match section {
                "" => query.tag.clone(),
                _ => format!("super::{}", query.tag),
            },
            names::type_name(&query.tag),
            rustdoc(&schema.description),
        ));
        out.line("#[must_use]");
        out.open(&format!("pub fn {kind}(&self, id: impl Into<String>) -> crate::tasks::TaskHandle<{answer}>"));
        out.line(&format!("let client: &{client} = self.client;"));
        out.line("crate::tasks::TaskHandle::new(client, id)");
        out.close();
    }
}

fn write_description(out: &mut Writer, api: &Api, schema: &Schema, kind: &str, task: &TaskShape) {
    let Some((query, face)) = api.method(&task.query) else { return };
    let section = &schema.section;
    let client = "<super::Client as crate::client::System>";
    let from_core = format!("{client}::from_core(::std::sync::Arc::clone(core))");
    let asked = task.query_body.as_ref().map_or_else(|| "id".to_owned(), |body| query_body(api, section, body));
    out.open(&format!("pub(super) static {}: crate::tasks::Kind = crate::tasks::Kind", description(kind)));
    out.line(&format!("system: {client}::NAME,"));
    out.line(&format!("name: {},", literal(kind)));
    out.line(&format!("shape: {},", shape(task)));
    out.line(&format!("query: |core, id| {from_core}.{}().{}({asked}).read_as(),", query.tag, face.method));
    out.line(&format!("check: crate::transport::checked::<{}>,", schema.name));
    let content = task.content.as_ref().and_then(|id| api.method(id));
    out.line(&content.map_or_else(
        || "content: None,".to_owned(),
        |(content, face)| format!("content: Some(|core, id| {from_core}.{}().{}(id)),", content.tag, face.method),
    ));
    out.line(&format!("not_found: {},", words(&task.not_found)));
    out.line(&format!("input: {},", words(&task.input)));
    match task.batch.as_ref().and_then(|id| api.batch(id)) {
        None => out.line("batch: None,"),
        Some(batch) => {
            let body = rust_type(api, &Type::Named(batch.body.to_owned()), section);
            let (Operation { tag, .. }, Face { method, .. }) = (batch.operation, batch.face);
            out.open("batch: Some(crate::tasks::Batch");
            out.line(&format!("query: |core, ids| {from_core}.{tag}().{method}(&{body}::new(ids.iter().copied())).read_as(),"));
            if let Answer::Json(answer) = &batch.face.answer {
                out.line(&format!("check: crate::transport::checked::<{}>,", rust_type(api, answer, section)));
            }
            out.line(&format!("items: {},", steps(&batch.items)));
            out.line(&format!("shape: {},", shape(batch.shape)));
            out.close_with("}),");
        }
    }
    out.close_with("};");
}

fn words(all: &[String]) -> String {
    format!("&[{}]", all.iter().map(|word| literal(word)).collect::<Vec<_>>().join(", "))
}

/// A pointer, taken apart.
fn steps(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| literal(&crate::load::unescape(step)));
    format!("&[{}]", steps.collect::<Vec<_>>().join(", "))
}

/// Where an answer keeps what it says of its task.
pub(crate) fn shape(task: &TaskShape) -> String {
    let mut places = Vec::new();
    let mut place = |what: &str, pointer: &str| places.push(format!("(crate::tasks::What::{what}, {})", steps(pointer)));
    for (what, pointers) in
        [("Id", &task.id), ("Status", &task.status), ("Progress", &task.progress), ("Url", &task.urls), ("Inline", &task.inline)]
    {
        pointers.iter().for_each(|pointer| place(what, pointer));
    }
    for pointer in &task.error {
        place("Error", pointer);
        place("ErrorMessage", &format!("{pointer}/message"));
        place("ErrorCode", &format!("{pointer}/code"));
    }
    let mut none = &Vec::new();
    if let Some((pointer, values)) = &task.no_media {
        place("Action", pointer);
        none = values;
    }
    format!("crate::tasks::Shape {{ places: &[{}], no_media: {} }}", places.join(", "), words(none))
}

/// The body of a query, made of the id.
fn query_body(api: &Api, section: &str, body: &QueryBody) -> String {
    let mut code = format!("&{}::new(id)", rust_type(api, &Type::Named(body.schema.clone()), section));
    let Some(Kind::Object(object)) = api.schemas.get(&body.schema).map(|schema| &schema.kind) else { return code };
    for (name, value) in &body.fixed {
        if let Some(property) = object.properties.iter().find(|property| property.name == *name) {
            let value = value.as_str().map_or_else(|| value.to_string(), literal);
            code.push_str(&format!(".{}({value})", property.rust_name));
        }
    }
    code
}
