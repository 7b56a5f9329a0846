//! The row of a method: how it is called, and what must arrive.

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::{self, Call, Values};
use super::examples::{self, Credential, Example};
use super::{Mode, Writing, mode, option, pairs};
use crate::facade::body_trait;
use crate::model::{Face, Kind, Operation, Property, Type};
use crate::text::literal;
use crate::types::switches;

/// A request example that a face can send.
struct Body<'a> {
    example: Example<'a>,
    /// The type that it is.
    schema: String,
    /// Where the type is a branch: the union that the method takes.
    union: Option<String>,
    form: bool,
    /// The function that builds it.
    built: String,
    /// Whether it asks for a stream.
    streams: bool,
}

impl<'a> Writing<'a> {
    /// A face as a value of `Method`; its functions carry the number.
    pub(super) fn method(&mut self, number: usize, operation: &'a Operation, face: &'a Face) -> String {
        let shown = calls::call(self.document, operation, face, Values::Shown);
        let odd = calls::call(self.document, operation, face, Values::Odd);
        let events = self.events(operation);
        let mut row = format!(
            "id: {}, verb: {}, credential: {}, headers: &[{}], switch: {}, shown: {}, odd: {}, {events}",
            literal(&format!("{}_{}", operation.tag, face.method)),
            literal(&operation.verb),
            credential(&shown.credential),
            pairs(&shown.headers),
            option(self.switch(operation, face).map(literal)),
            address(&shown),
            address(&odd),
        );
        if operation.websocket.is_some() {
            row.push_str(", socket: true, requests: &[], answers: &[], failures: &[], whole: None, streamed: None");
        } else {
            let bodies = self.bodies(number, operation, face);
            self.write_calls(number, operation, face, &shown, &odd);
            row.push_str(&format!(
                ", socket: false, {}, requests: &[{}], answers: &[{}], failures: &[{}]",
                ways(number, operation, bodies.first()),
                self.requests(number, operation, face, &bodies, odd.has_free_text).join(", "),
                self.answers(operation, face).join(", "),
                self.failures(operation, face).join(", ")
            ));
        }
        format!("Method {{ {row} }}")
    }

    /// The body's member that asks for a stream and is no field; of an operation that does not stream it may be shown.
    fn switch(&self, operation: &'a Operation, face: &'a Face) -> Option<&'a str> {
        let own = operation.stream.as_ref().and_then(|stream| stream.switch.as_deref());
        own.or_else(|| face.bodies().find_map(|body| switches(self.api, body).first().copied()))
    }

    /// The examples that the face can send, each with a function that builds it.
    fn bodies(&mut self, number: usize, operation: &'a Operation, face: &'a Face) -> Vec<Body<'a>> {
        let switch = operation.stream.as_ref().and_then(|stream| stream.switch.as_deref());
        let mut found = Vec::new();
        for media in examples::bodies(self.document, operation) {
            let form = media.is_form();
            let Some(body) = (if form { face.form.as_ref() } else { face.body.as_ref() }) else { continue };
            for example in media.examples {
                let Some(schema) = self.branch(body, &example) else { continue };
                let built = format!("body_{number}_{}", found.len());
                let ty = self.expressions.path(&Type::Named(schema.clone()));
                match self.expressions.value(&schema, example.value, &example.value_pointer()) {
                    Ok(expression) => self.functions.push(format!("fn {built}() -> {ty} {{ {expression} }}")),
                    Err(misfit) => self.misfit(misfit),
                }
                let on = switch.is_some_and(|switch| example.value.get(switch) == Some(&Value::Bool(true)));
                let streams = on || mode(operation) == Mode::Streams;
                let union = (schema != *body).then(|| body.clone());
                found.push(Body { example, schema, union, form, built, streams });
            }
        }
        if found.is_empty() && face.bodies().next().is_some() {
            let what = format!("no example is a body of `{}_{}`", operation.tag, face.method);
            self.problem(&operation.pointer, what, "add one under `requestBody`; where there are branches, name its `x-schema`");
        }
        found
    }

    /// The type that a request example is, if a method that takes `body` takes it.
    pub(super) fn branch(&self, body: &str, example: &Example<'_>) -> Option<String> {
        let union = matches!(self.api.schemas.get(body).map(|schema| &schema.kind), Some(Kind::AnyOf(_)));
        match example.schema {
            Some(named) => self.api.accepted(body).find(|accepted| *accepted == named).map(str::to_owned),
            None => (!union).then(|| body.to_owned()),
        }
    }

    /// The functions that call the method: as shown, with odd parameters, and as a stream.
    fn write_calls(&mut self, number: usize, operation: &Operation, face: &Face, shown: &Call, odd: &Call) {
        let (client, tag) = (self.names.client, &operation.tag);
        let mut write = |name: &str, method: &str, call: &Call| {
            let mut arguments = call.arguments.clone();
            let mut body = String::new();
            if face.bodies().next().is_some() {
                arguments.push("body".to_owned());
                body = format!(", body: &impl api::{tag}::{}", body_trait(operation, face));
            }
            let arguments = arguments.join(", ");
            self.functions.push(format!(
                "fn {name}_{number}(site: &Site{body}) -> Sent {{ send(site.{client}.{tag}().{method}({arguments}){}) }}",
                call.setters
            ));
        };
        let stream = format!("{}_stream", face.method);
        match mode(operation) {
            Mode::Whole => write("ask", &face.method, shown),
            Mode::Streams => write("stream", &face.method, shown),
            Mode::Switched => {
                write("ask", &face.method, shown);
                write("stream", &stream, shown);
            }
        }
        if odd.has_free_text {
            write("odd", &face.method, odd);
        }
    }

    /// Every sending, as values of `Request`.
    fn requests(&mut self, number: usize, operation: &Operation, face: &Face, bodies: &[Body<'_>], odd: bool) -> Vec<String> {
        let always = mode(operation) == Mode::Streams;
        let mut rows = Vec::new();
        let mut row = |example: &str, way: &str, carries: &str, streams: bool, send: &str| {
            let example = literal(example);
            rows.push(format!(
                "Request {{ example: {example}, way: Way::{way}, carries: {carries}, streams: {streams}, send: {send} }}"
            ));
        };
        let mut readers = BTreeMap::new();
        if face.bodies().next().is_none() {
            let name = if always { "stream" } else { "ask" };
            row("", "Bare", "Carries::Nothing", always, &format!("|site, _| Ok({name}_{number}(site))"));
            if odd {
                row("", "Odd", "Carries::Nothing", always, &format!("|site, _| Ok(odd_{number}(site))"));
            }
        }
        for (index, body) in bodies.iter().enumerate() {
            let pointer = body.example.value_pointer();
            let carries = if body.form {
                let files: Vec<String> = self.files(&body.schema).iter().map(|name| literal(name)).collect();
                format!("Carries::Form {{ files: &[{}] }}", files.join(", "))
            } else {
                "Carries::Json".to_owned()
            };
            let typed = |name: &str| format!("|site, _| typed({}(), |body| {name}_{number}(site, body))", body.built);
            let name = if body.streams { "stream" } else { "ask" };
            row(&pointer, "Typed", &carries, body.streams, &typed(name));
            if !body.form {
                let next = readers.len();
                let reader = readers.entry((body.schema.clone(), body.streams)).or_insert_with(|| (next, body.union.clone())).0;
                row(&pointer, "Read", &carries, body.streams, &format!("read_{number}_{reader}"));
            }
            if index == 0 && odd {
                row(&pointer, "Odd", &carries, always, &typed("odd"));
            }
            // The method that streams is tried even where no example asks for it.
            if index == 0 && mode(operation) == Mode::Switched && bodies.iter().all(|body| !body.streams) {
                row(&pointer, "Typed", &carries, true, &typed("stream"));
            }
        }
        for ((schema, streams), (reader, union)) in readers {
            let name = if streams { "stream" } else { "ask" };
            let path = |schema: String| self.expressions.path(&Type::Named(schema));
            let (ty, union) = (path(schema), union.map(path));
            let body = union.map_or_else(|| "body".to_owned(), |union| format!("{union}::from(body)"));
            self.functions.push(format!(
                "fn read_{number}_{reader}(site: &Site, example: &Value) -> Result<Sent, String> {{
                    let body: {ty} = read(example)?;
                    Ok({name}_{number}(site, &{body}))
                }}"
            ));
        }
        rows
    }

    /// The parts of a form that are files.
    fn files(&self, schema: &str) -> Vec<&'a str> {
        let Some(Kind::Object(object)) = self.api.schemas.get(schema).map(|schema| &schema.kind) else { return Vec::new() };
        let is_file = |property: &&Property| match &property.ty {
            Type::List(inner) => **inner == Type::File,
            other => *other == Type::File,
        };
        object.properties.iter().filter(is_file).map(|property| property.name.as_str()).collect()
    }
}

/// How answers, streams and failures are asked for: with the first body.
fn ways(number: usize, operation: &Operation, body: Option<&Body<'_>>) -> String {
    let body = body.map(|body| format!(", &{}()", body.built)).unwrap_or_default();
    let way = |name: &str| format!("Some(|site| {name}_{number}(site{body}))");
    let (whole, streamed) = match mode(operation) {
        Mode::Whole => (way("ask"), "None".to_owned()),
        Mode::Switched => (way("ask"), way("stream")),
        Mode::Streams => ("None".to_owned(), way("stream")),
    };
    format!("whole: {whole}, streamed: {streamed}")
}

fn credential(credential: &Credential) -> String {
    match credential {
        Credential::None => "Credential::None".into(),
        Credential::Bearer => "Credential::Bearer".into(),
        Credential::Header(name) => format!("Credential::Header({})", literal(name)),
        Credential::Cookie(name) => format!("Credential::Cookie({})", literal(name)),
    }
}

fn address(call: &Call) -> String {
    let path: Vec<String> = call.path.iter().map(|step| literal(step)).collect();
    format!("Address {{ path: &[{}], query: &[{}] }}", path.join(", "), pairs(&call.query))
}
