//! Writes the methods that read an answer: values that gateways write in several forms, and long tasks.

use crate::model::{Api, Kind, Object, Property, Schema, TaskShape, Type};
use crate::tasks;
use crate::text::Writer;
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
        (
            "task_ref",
            "Result<crate::tasks::TaskRef, crate::Error>",
            "What to write down, so that the task can be found again.\n\n# Errors\nThe answer names no task.",
        ),
    ] {
        out.doc(doc);
        if !answer.starts_with("Result") {
            out.line("#[must_use]");
        }
        out.open(&format!("pub fn {name}(&self) -> {answer}"));
        out.line(&format!("crate::tasks::Task::{name}(self)"));
        out.close();
    }
}

/// How the task that an answer names is followed.
fn write_task(out: &mut Writer, api: &Api, schema: &Schema, task: &TaskShape) {
    let (Some(answer), Some(kind)) = (api.query_answer(&task.query), tasks::description_of(api, task)) else { return };
    out.open(&format!("impl crate::tasks::Task for {}", schema.name));
    out.line("type Client = super::Client;");
    out.line(&format!("type Answer = {};", rust_type(api, &Type::Named(answer.to_owned()), &schema.section)));
    out.line(&format!("const KIND: &'static crate::tasks::Kind = &{kind};"));
    out.line(&format!("const SHAPE: crate::tasks::Shape = {};", tasks::shape(task)));
    out.open("fn json(&self) -> Vec<u8>");
    out.line("::serde_json::to_vec(self).unwrap_or_default()");
    out.close();
    out.close();
}
