//! Lays an answer beside what the document says of its operation.

use octopusx_codegen::load::{Document, escape};
use octopusx_codegen::model::{Answer as Form, Type};
use serde_json::Value;

use super::gateway::Answer;
use super::plan::Call;
use super::report::{Finding, Kind, Row};
use super::secret::Secret;
use crate::lint::json_schema::{Fault, Misfit, reference};
use crate::members::{undeclared, unknown_words};
use crate::places::{self, Media, Place};

/// No more events of a stream are looked at.
const MOST_EVENTS: usize = 10_000;

/// An unknown word is shown to this many letters.
const LONGEST_WORD: usize = 60;

/// What came of a call.
pub(super) fn of(call: &Call<'_>, sent: Result<Answer, String>, secret: &Secret) -> Row {
    let answer = match sent {
        Ok(answer) => answer,
        Err(why) => return Row::not_sent(call, why),
    };
    let pointer = &call.operation.pointer;
    let operation = Place::at(&call.system.document, pointer).unwrap_or(Place { pointer: pointer.clone(), value: &Value::Null });
    let mut examined = Examined { call, secret, operation, findings: Vec::new(), unchecked: None };
    match answer.status {
        200..=299 => examined.success(&answer),
        status => examined.failure(status, &answer),
    }
    let Examined { findings, unchecked, .. } = examined;
    Row::of(call, &answer, findings, unchecked)
}

/// A schema, and where it stands.
struct Target<'a> {
    pointer: String,
    schema: Value,
    document: &'a Document,
}

struct Examined<'c, 'a> {
    call: &'c Call<'a>,
    secret: &'c Secret,
    operation: Place<'a>,
    findings: Vec<Finding>,
    unchecked: Option<String>,
}

impl<'a> Examined<'_, 'a> {
    fn document(&self) -> &'a Document {
        &self.call.system.document
    }

    fn success(&mut self, answer: &Answer) {
        let listed = places::answers(self.document(), &self.operation);
        let word = answer.status.to_string();
        let exact = listed.iter().find(|(status, _)| *status == word || *status == "2XX");
        if exact.is_none() {
            let known: Vec<&str> = listed.iter().map(|(status, _)| *status).filter(|status| status.starts_with('2')).collect();
            let what = format!("status {word}, the document says {}", known.join(", "));
            self.add(Kind::Status, "", what, &format!("{}/responses", self.operation.pointer));
        }
        let Some((_, response)) = exact.or_else(|| listed.iter().find(|(status, _)| status.starts_with('2'))) else { return };
        let media = places::media(response);
        if media.is_empty() {
            return;
        }
        let Some(body) = self.body(answer) else { return };
        match media.iter().find(|media| media.name == answer.media_type) {
            Some(media) if media.name == "text/event-stream" => self.events(body),
            Some(media) if is_json(media) => self.json(body, media),
            Some(_) => {}
            None => {
                let known: Vec<&str> = media.iter().map(|media| media.name).collect();
                let came = if answer.media_type.is_empty() { "no media type" } else { &answer.media_type };
                let what = format!("{came}, the document says {}", known.join(", "));
                self.add(Kind::MediaType, "", what, &format!("{}/content", response.pointer));
                match media.iter().find(|media| is_json(media)) {
                    Some(media) => self.json(body, media),
                    None => self.unchecked = Some("its body is not what the document describes".to_owned()),
                }
            }
        }
    }

    fn failure(&mut self, status: u16, answer: &Answer) {
        let missing = matches!(status, 404 | 405 | 501) && !self.call.names_a_thing;
        let words = match &answer.body {
            Ok(body) => self.refusal(status, body),
            Err(_) => String::new(),
        };
        let words = if words.is_empty() { words } else { format!(": {words}") };
        if missing || (300..400).contains(&status) {
            let what = format!("status {status} in place of an answer{words}");
            return self.add(Kind::Status, "", what, &self.operation.pointer.clone());
        }
        self.unchecked = Some(match status {
            401 | 403 => format!("the key was refused with status {status}{words}"),
            _ => format!("status {status}{words}"),
        });
    }

    fn body<'b>(&mut self, answer: &'b Answer) -> Option<&'b [u8]> {
        match &answer.body {
            Ok(body) => Some(body),
            Err(why) => {
                self.unchecked = Some(format!("the answer broke off: {why}"));
                None
            }
        }
    }

    fn json(&mut self, body: &[u8], media: &Media<'a>) {
        let value = match parse(body) {
            Ok(value) => value,
            Err(why) => return self.unchecked = Some(why),
        };
        if self.refused(&value) {
            let words = self.refusal(200, body);
            let words = if words.is_empty() { "it does not say why".to_owned() } else { words };
            return self.unchecked = Some(format!("refused inside an answer: {words}"));
        }
        if let Some(target) = self.target(media) {
            self.compare(&target, &value, "");
        }
    }

    /// The schema of the method's answer: that of its face, else that of the answer.
    fn target(&self, media: &Media<'a>) -> Option<Target<'a>> {
        let document = self.document();
        match &self.call.face.answer {
            Form::Json(Type::Named(name)) => Some(Target::named(document, name)),
            _ => Target::of(document, media),
        }
    }

    fn events(&mut self, body: &[u8]) {
        let Some(stream) = &self.call.operation.stream else { return };
        let target = Target::named(self.document(), &stream.event);
        let mut decoder = sse_core::SseDecoder::new();
        let mut rest = body;
        let mut count = 0;
        while let Some(Ok(event)) = decoder.next(&mut rest) {
            let sse_core::SseEvent::Message(message) = event else { continue };
            if count == MOST_EVENTS || stream.end.as_deref() == Some(message.data.trim()) {
                break;
            }
            match parse(message.data.as_bytes()) {
                Ok(value) => self.compare(&target, &value, &format!("/{count}")),
                Err(why) => self.unchecked = Some(format!("event {count}: {why}")),
            }
            count += 1;
        }
        if count == 0 {
            self.unchecked = Some("the stream holds no event".to_owned());
        }
    }

    /// Whether an answer with a good status is a failure nevertheless, by the rules of the client.
    fn refused(&self, value: &Value) -> bool {
        match &self.call.operation.success {
            Some(success) => value.pointer(&success.at).is_some_and(|word| !success.values.contains(word)),
            None => {
                let declared = |name| match &self.call.face.answer {
                    Form::Json(Type::Named(schema)) => has_property(self.document(), schema, name),
                    _ => false,
                };
                let error = value.get("error").is_some_and(|error| !is_empty(error)) && !declared("error");
                error || (value.get("success") == Some(&Value::Bool(false)) && !declared("success"))
            }
        }
    }

    /// What a failure says; on the way its body is held to the schema of failures.
    fn refusal(&mut self, status: u16, body: &[u8]) -> String {
        let listed = places::answers(self.document(), &self.operation);
        let word = status.to_string();
        let described = listed.iter().find(|(status, _)| *status == word && !status.starts_with('2'));
        let described = described.or_else(|| listed.iter().find(|(status, _)| *status == "default"));
        let media = described.map(|(_, response)| places::media(response)).unwrap_or_default();
        let Ok(value) = parse(body) else { return String::new() };
        if let Some(target) = media.iter().find(|media| is_json(media)).and_then(|media| Target::of(self.document(), media)) {
            self.compare(&target, &value, "");
        }
        let places = ["/error/message", "/message", "/error", "/description", "/code"];
        let text = places.iter().find_map(|at| value.pointer(at)?.as_str()).unwrap_or_default();
        self.secret.hide(&cut(text, 200))
    }

    /// All the differences between a value and a schema. `at` goes before their places.
    fn compare(&mut self, target: &Target<'a>, value: &Value, at: &str) {
        let misfits = self.call.system.validators.borrow_mut().misfits(&target.schema, value);
        let misfits = match misfits {
            Ok(misfits) => misfits,
            Err(why) => return self.unchecked = Some(format!("its schema can't be used: {why}")),
        };
        for misfit in misfits {
            // Branches that overlap are the document's own affair; `lint` finds them.
            let Misfit::Value { pointer, fault, schema, .. } = misfit else { continue };
            let place = target.place(&schema);
            let found = value.pointer(&pointer).unwrap_or(&Value::Null);
            let here = format!("{at}{pointer}");
            match fault {
                Fault::Type => {
                    let what = format!("{}, the document says {}", json_type(found), self.expected(&place));
                    self.add(Kind::Type, &here, what, &place);
                }
                Fault::Missing(name) => {
                    let here = format!("{here}/{}", escape(&name));
                    self.add(Kind::Missing, &here, "the document requires it".to_owned(), &place);
                }
                Fault::Word => self.add_word(&here, found, &place),
                Fault::Rule(keyword) => self.add(Kind::Rule, &here, format!("breaks `{keyword}`"), &place),
            }
        }
        for member in undeclared(target.document, &target.schema, value) {
            let place = target.schema_place(member.schema.as_deref());
            self.add(Kind::Field, &format!("{at}{}", member.pointer), "the document does not declare it".to_owned(), &place);
        }
        for word in unknown_words(target.document, &target.schema, value) {
            let place = target.schema_place(word.schema.as_deref());
            self.add_word(&format!("{at}{}", word.pointer), &word.word.into(), &place);
        }
    }

    fn add_word(&mut self, at: &str, found: &Value, place: &str) {
        let what = match found {
            Value::String(word) => format!("`{}` is none of the known words", self.secret.hide(&cut(word, LONGEST_WORD))),
            other => format!("{} is none of the known values", json_type(other)),
        };
        self.add(Kind::Word, at, what, place);
    }

    fn expected(&self, place: &str) -> String {
        let schema = self.document().at(place);
        match schema.and_then(|schema| schema.get("type")?.as_str()) {
            Some(word) => word.to_owned(),
            None => "another type".to_owned(),
        }
    }

    fn add(&mut self, kind: Kind, at: &str, what: String, pointer: &str) {
        let file = self.document().file_of(pointer).to_path_buf();
        Finding { kind, at: at.to_owned(), what, file, pointer: pointer.to_owned(), count: 1 }.join(&mut self.findings);
    }
}

impl<'a> Target<'a> {
    fn named(document: &'a Document, name: &str) -> Self {
        Self { pointer: format!("/components/schemas/{}", escape(name)), schema: reference(name), document }
    }

    fn of(document: &'a Document, media: &Media<'a>) -> Option<Self> {
        let place = media.place.member("schema")?;
        let pointer = Place { pointer: place.pointer.clone(), value: place.value }.resolved(document).pointer;
        Some(Self { pointer, schema: place.value.clone(), document })
    }

    fn schema_place(&self, name: Option<&str>) -> String {
        name.map_or_else(|| self.pointer.clone(), |name| format!("/components/schemas/{}", escape(name)))
    }

    /// Where the document says what a converted schema says. The conversion adds steps that the document does not have.
    fn place(&self, converted: &str) -> String {
        let decoded = percent_encoding::percent_decode_str(converted).decode_utf8_lossy();
        let mut steps: Vec<&str> = Vec::new();
        for step in decoded.split('/') {
            if step != "then" || steps.last() == Some(&"properties") {
                steps.push(step);
            }
        }
        while steps.len() > 3 {
            let pointer = steps.join("/");
            if self.document.at(&pointer).is_some() {
                return pointer;
            }
            steps.pop();
        }
        self.pointer.clone()
    }
}

fn is_json(media: &Media<'_>) -> bool {
    media.name == "application/json" || media.name.ends_with("+json")
}

/// One JSON value. The reason names no part of it.
fn parse(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("the answer is empty".to_owned());
    }
    serde_json::from_str(text).map_err(|error| match text.starts_with('<') {
        true => "a web page came, not JSON".to_owned(),
        false => format!("the answer is no JSON: {error}"),
    })
}

fn has_property(document: &Document, schema: &str, name: &str) -> bool {
    let schema = document.at(&format!("/components/schemas/{}", escape(schema)));
    schema.and_then(|schema| schema.get("properties")?.get(name)).is_some()
}

/// Null, false, zero, and everything that holds only such.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
