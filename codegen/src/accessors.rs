//! Writes the methods that read an answer: values that gateways write in several forms, and long tasks.

use crate::model::{Answer, Api, Kind, Object, Property, QueryBody, Schema, TaskShape, Type};
use crate::text::{Writer, literal};
use crate::types::rust_type;

/// Writes the accessors of a type that only comes back; one that is sent has setters of the same names.
pub fn write(out: &mut Writer, api: &Api, schema: &Schema, object: &Object) {
    let sent = api.sent().contains(&schema.name);
    let loose: Vec<Accessor> =
        if sent { Vec::new() } else { object.properties.iter().filter_map(|property| accessor(api, property)).collect() };
    let task = object.task.as_deref().filter(|_| !sent);
    if !loose.is_empty() || task.is_some() {
        out.line("#[allow(deprecated)]");
        out.open(&format!("impl {}", schema.name));
        loose.iter().for_each(|accessor| write_accessor(out, accessor));
        if task.is_some() {
            write_task_methods(out);
        }
        out.close();
    }
    if let Some(task) = &object.task {
        write_task(out, api, schema, task);
    }
}

/// A typed reading of a value that has several forms on the wire.
struct Accessor {
    name: String,
    field: String,
    required: bool,
    answer: &'static str,
    method: &'static str,
    doc: &'static str,
}

fn accessor(api: &Api, property: &Property) -> Option<Accessor> {
    let Type::Named(name) = &property.ty else { return None };
    let Some(Kind::External(external)) = api.schemas.get(name).map(|schema| &schema.kind) else { return None };
    let field = &property.rust_name;
    let (name, answer, method, doc) = match external.as_str() {
        "Timestamp" => (field.clone(), "::std::time::SystemTime", "system_time", "as a moment"),
        "Progress" => (format!("{field}_percent"), "f64", "percent", "as a number from 0 to 100"),
        "Seconds" if field.ends_with("seconds") => (field.clone(), "f64", "seconds", "as a number"),
        "Seconds" => (format!("{field}_seconds"), "f64", "seconds", "as a number"),
        _ => return None,
    };
    Some(Accessor { name, field: field.clone(), required: property.required, answer, method, doc })
}

fn write_accessor(out: &mut Writer, accessor: &Accessor) {
    let Accessor { name, field, required, answer, method, doc } = accessor;
    out.doc(&format!("[`{field}`](Self#structfield.{field}) {doc}; `None` when it is not there or can't be read so."));
    out.line("#[must_use]");
    out.open(&format!("pub fn {name}(&self) -> Option<{answer}>"));
    out.line(&if *required { format!("self.{field}.{method}()") } else { format!("self.{field}.as_ref()?.{method}()") });
    out.close();
}

/// What `Task` has, so that nobody needs to import it.
fn write_task_methods(out: &mut Writer) {
    for (name, answer, doc) in [
        ("state", "crate::tasks::TaskState", "How far the task is, whatever word the vendor uses."),
        ("media_urls", "Vec<String>", "The addresses of the task's results, each once, wherever the vendor puts them."),
        ("failure", "Option<String>", "Why the task failed, where the answer says it."),
    ] {
        out.doc(doc);
        out.line("#[must_use]");
        out.open(&format!("pub fn {name}(&self) -> {answer}"));
        out.line(&format!("crate::tasks::Task::{name}(self)"));
        out.close();
    }
}

/// How the task that an answer names is followed.
fn write_task(out: &mut Writer, api: &Api, schema: &Schema, task: &TaskShape) {
    let Some((query, face)) = api.method(&task.query) else { return };
    let Answer::Json(answer) = &face.answer else { return };
    let pointers = |all: &[String]| all.iter().map(|pointer| literal(pointer)).collect::<Vec<_>>().join(", ");
    out.open(&format!("impl crate::tasks::Task for {}", schema.name));
    out.line("type Client = super::Client;");
    out.line(&format!("type Answer = {};", rust_type(api, answer, &schema.section)));
    out.open("const SHAPE: crate::tasks::Shape = crate::tasks::Shape");
    for (name, all) in
        [("id", &task.id), ("status", &task.status), ("progress", &task.progress), ("urls", &task.urls), ("error", &task.error)]
    {
        out.line(&format!("{name}: &[{}],", pointers(all)));
    }
    out.close_with("};");
    out.open("fn json(&self) -> ::serde_json::Value");
    out.line("::serde_json::to_value(self).unwrap_or_default()");
    out.close();
    out.open("fn query(client: &super::Client, id: &str) -> crate::Call<crate::Response<Self::Answer>>");
    let asked = task.query_body.as_ref().map_or_else(|| "id".to_owned(), |body| query_body(api, schema, body));
    out.line(&format!("client.{}().{}({asked})", query.tag, face.method));
    out.close();
    if let Some((content, face)) = task.content.as_ref().and_then(|id| api.method(id)) {
        out.open("fn content(client: &super::Client, id: &str) -> Option<crate::Call<crate::ByteStream>>");
        out.line(&format!("Some(client.{}().{}(id))", content.tag, face.method));
        out.close();
    }
    out.close();
}

/// The body of a query, made of the id.
fn query_body(api: &Api, schema: &Schema, body: &QueryBody) -> String {
    let mut code = format!("&{}::new(id)", rust_type(api, &Type::Named(body.schema.clone()), &schema.section));
    let Some(Kind::Object(object)) = api.schemas.get(&body.schema).map(|schema| &schema.kind) else { return code };
    for (name, value) in &body.fixed {
        if let Some(property) = object.properties.iter().find(|property| property.name == *name) {
            let value = value.as_str().map_or_else(|| value.to_string(), literal);
            code.push_str(&format!(".{}({value})", property.rust_name));
        }
    }
    code
}
