//! Bodies, answers and their examples.

use serde_json::Value;

use super::{Checker, schema_name};
use crate::load::escape;
use crate::model::{Answer, Type};

/// The answer that opens a WebSocket.
const SWITCHING: &str = "101";

/// The media types of bodies that can be generated.
const BODIES: [&str; 2] = ["application/json", "multipart/form-data"];

impl Checker<'_> {
    /// The schema of the body in one media type.
    pub(super) fn body(&self, at: &str, operation: &Value, wanted: &str) -> Option<String> {
        let body = operation.get("requestBody")?;
        let at = format!("{at}/requestBody");
        let media = body.get("content").and_then(Value::as_object);
        for (name, _) in media.into_iter().flatten().filter(|(name, _)| !BODIES.contains(&name.as_str())) {
            self.problem(
                &format!("{at}/content/{}", escape(name)),
                format!("a body of `{name}` can't be generated"),
                format!("describe the body as {}", BODIES.map(|name| format!("`{name}`")).join(" or ")),
            );
        }
        let json = media.and_then(|media| media.get(wanted))?;
        let at = format!("{at}/content/{}", escape(wanted));
        let name = json.pointer("/schema/$ref").and_then(Value::as_str).and_then(schema_name);
        if name.is_none() {
            self.problem(
                &format!("{at}/schema"),
                "the body's schema has no name",
                "move it to `components/schemas` and refer to it with `$ref`",
            );
        }
        self.examples(&at, json);
        name.map(str::to_owned)
    }

    /// What the first success status answers with.
    pub(super) fn answer(&self, at: &str, operation: &Value) -> Answer {
        let responses = operation.get("responses").and_then(Value::as_object);
        let success = responses.into_iter().flatten().find(|(status, _)| status.starts_with('2') || *status == SWITCHING);
        let Some((status, response)) = success else {
            self.problem(
                at,
                "no success answer is described",
                "add `'200'` under `responses`; where the page is silent, say so in its description",
            );
            return Answer::Empty;
        };
        let at = format!("{at}/responses/{status}");
        let response = self.document.resolve(response);
        self.text(&at, Some(response), "description", "say what comes back");
        let Some(media) = response.get("content").and_then(Value::as_object) else { return Answer::Empty };
        for (name, content) in media {
            self.examples_unless_binary(&format!("{at}/content/{}", escape(name)), content);
        }
        if let Some(json) = media.get("application/json") {
            let pointer = format!("{at}/content/application~1json/schema");
            let ty = json.get("schema").map(|schema| self.ty(&pointer, schema));
            if !matches!(ty, Some(Type::Named(_) | Type::List(_))) {
                self.problem(
                    &pointer,
                    "the answer's schema has no name",
                    "move it to `components/schemas` and refer to it with `$ref`",
                );
            }
            return Answer::Json(ty.unwrap_or(Type::Any));
        }
        if media.contains_key("text/event-stream") && operation.pointer("/x-stream/switch").is_none() {
            // The method streams in any case.
            return Answer::Empty;
        }
        if media.values().all(is_binary) && !media.is_empty() {
            return Answer::Bytes;
        }
        let names: Vec<&str> = media.keys().map(String::as_str).collect();
        let mend = "use `application/json`, or `{type: string, format: binary}` for bytes";
        self.problem(&format!("{at}/content"), format!("an answer of `{}` can't be generated", names.join(", ")), mend);
        Answer::Empty
    }

    /// The member that an answer in plain text is read as, where JSON is not the only form of the answer.
    pub(super) fn plain_text(&self, at: &str, operation: &Value) -> Option<String> {
        let media = operation.pointer("/responses/200/content").and_then(Value::as_object);
        let text = media.is_some_and(|media| media.contains_key("text/plain"));
        let json = media.and_then(|media| media.get("application/json"));
        let Some(member) = operation.get("x-plain-text") else {
            if text && json.is_some() {
                let mend = "add `x-plain-text: …` with the answer's member that the text is read as";
                self.problem(at, "the answer can be JSON or plain text, but `x-plain-text` is missing", mend);
            }
            return None;
        };
        let at = format!("{at}/x-plain-text");
        if !text {
            self.problem(&at, "no answer in plain text is described", "describe `text/plain` in the 200 answer");
        }
        let schema = json.and_then(|json| json.get("schema")).map(|schema| self.document.resolve(schema));
        let property = member.as_str().and_then(|member| schema?.get("properties")?.get(member));
        if property.is_none_or(|property| self.ty(&at, property) != Type::String) {
            self.problem(&at, format!("{member} names no string of the JSON answer"), "name a property whose type is `string`");
        }
        member.as_str().map(str::to_owned)
    }

    /// Errors are part of a complete document.
    pub(super) fn check_errors(&self, at: &str, operation: &Value) {
        let responses = operation.get("responses").and_then(Value::as_object);
        let described = responses.into_iter().flatten().any(|(status, _)| !status.starts_with('2') && status != SWITCHING);
        if !described {
            self.problem(at, "no error answer is described", "add `default: {$ref: '#/components/responses/Error'}`");
        }
    }

    /// The status of a failure stands on its example where the answer is that of several.
    pub(super) fn statuses(&self) {
        let examples = self.document.at("/components/examples").and_then(Value::as_object);
        for (name, example) in examples.into_iter().flatten() {
            let Some(status) = example.get("x-status") else { continue };
            if !status.as_u64().is_some_and(|status| (400..600).contains(&status)) {
                self.problem(
                    &format!("/components/examples/{}/x-status", escape(name)),
                    format!("`{status}` is no status of a failure"),
                    "write the number, from 400 to 599",
                );
            }
        }
    }

    fn examples_unless_binary(&self, at: &str, content: &Value) {
        if !is_binary(content) {
            self.examples(at, content);
        }
    }

    fn examples(&self, at: &str, content: &Value) {
        let listed = content.get("examples").and_then(Value::as_object);
        if listed.is_none_or(serde_json::Map::is_empty) {
            self.problem(
                at,
                "there is no example",
                "add one under `examples`; where no page shows one, mark it `x-example: constructed`",
            );
        }
        for (name, example) in listed.into_iter().flatten() {
            if self.document.resolve(example).get("value").is_none() && example.get("$ref").is_none() {
                self.problem(&format!("{at}/examples/{}", escape(name)), "the example has no value", "write it under `value`");
            }
        }
    }
}

fn is_binary(content: &Value) -> bool {
    content.pointer("/schema/format").and_then(Value::as_str) == Some("binary")
}
