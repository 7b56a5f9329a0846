//! What the document shows of an operation: example bodies, answers, events and failures, and how the key travels.
//!
//! All of it is read from the document itself and not from the [`model`](crate::model), so that a slip in the way from
//! the one to the other does not hide in the tests too.

use serde_json::Value;

use crate::load::{Document, escape};
use crate::model::{Face, Operation};

/// One example.
pub(super) struct Example<'a> {
    /// Where it stands: what holds `summary` and `value`.
    pub(super) pointer: String,
    /// The branch of a union that it names.
    pub(super) schema: Option<&'a str>,
    /// The status that it comes with.
    pub(super) status: Option<u64>,
    pub(super) value: &'a Value,
}

impl Example<'_> {
    /// Where its value stands.
    pub(super) fn value_pointer(&self) -> String {
        format!("{}/value", self.pointer)
    }
}

/// A body in one media type.
pub(super) struct Media<'a> {
    pub(super) name: &'a str,
    pub(super) binary: bool,
    pub(super) examples: Vec<Example<'a>>,
}

impl Media<'_> {
    pub(super) fn is_json(&self) -> bool {
        self.name == "application/json" && !self.binary
    }

    pub(super) fn is_form(&self) -> bool {
        self.name == "multipart/form-data"
    }
}

/// A described answer.
pub(super) struct Answer<'a> {
    /// `200`, `default`, …
    pub(super) status: &'a str,
    pub(super) media: Vec<Media<'a>>,
}

impl Answer<'_> {
    pub(super) fn is_success(&self) -> bool {
        self.status.starts_with('2')
    }

    pub(super) fn is_failure(&self) -> bool {
        !self.is_success() && !self.status.starts_with('1') && !self.status.starts_with('3')
    }

    /// The status that it is served with when no example says another.
    pub(super) fn plain_status(&self) -> u64 {
        match self.status {
            "2XX" => 200,
            "5XX" => 500,
            number => number.parse().unwrap_or(400),
        }
    }

    /// The status that an example is served with.
    pub(super) fn status_of(&self, example: &Example<'_>) -> u64 {
        example.status.unwrap_or_else(|| self.plain_status())
    }
}

/// How the key travels.
pub(super) enum Credential {
    None,
    Bearer,
    Header(String),
    /// A login session in a cookie of this name.
    Cookie(String),
}

/// The body that an operation takes, in each media type.
pub(super) fn bodies<'a>(document: &'a Document, operation: &Operation) -> Vec<Media<'a>> {
    media(document, &resolved(document, &format!("{}/requestBody", operation.pointer)))
}

/// Everything that an operation can answer.
pub(super) fn answers<'a>(document: &'a Document, operation: &Operation) -> Vec<Answer<'a>> {
    members(document, &format!("{}/responses", operation.pointer))
        .map(|(status, pointer)| Answer { status, media: media(document, &resolved(document, &pointer)) })
        .collect()
}

/// The events of one side of a WebSocket, which the document lists by name.
pub(super) fn socket_events<'a>(document: &'a Document, operation: &Operation, side: &str) -> Vec<Example<'a>> {
    let listed = document.at(&format!("{}/x-websocket/examples/{side}", operation.pointer)).and_then(Value::as_array);
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(|name| example(document, &format!("/components/examples/{}", escape(name)))).collect()
}

/// The first alternative that a key can satisfy, else a session, else none.
pub(super) fn credential(document: &Document, operation: &Operation, face: &Face) -> Credential {
    let own = format!("{}/security", operation.pointer);
    let security = face_member(document, operation, face, "security")
        .or_else(|| document.at(&own))
        .or_else(|| document.at("/security"))
        .and_then(Value::as_array);
    let schemes = security.into_iter().flatten().filter_map(|entry| entry.as_object()?.keys().next());
    let mut session = Credential::None;
    for name in schemes {
        let Some(scheme) = document.at(&format!("/components/securitySchemes/{}", escape(name))) else { continue };
        let word = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        match (word("type"), word("in")) {
            ("http", _) if word("scheme").eq_ignore_ascii_case("bearer") => return Credential::Bearer,
            ("apiKey", "header") => return Credential::Header(word("name").to_lowercase()),
            ("apiKey", "cookie") => session = Credential::Cookie(word("name").to_owned()),
            _ => {}
        }
    }
    session
}

/// A key of `x-faces` that belongs to this face.
pub(super) fn face_member<'a>(document: &'a Document, operation: &Operation, face: &Face, key: &str) -> Option<&'a Value> {
    let faces = document.at(&format!("{}/x-faces", operation.pointer))?.as_array()?;
    faces.iter().find(|each| each.get("method").and_then(Value::as_str) == Some(&face.method))?.get(key)
}

/// A parameter of an operation as the document has it.
pub(super) fn parameter<'a>(document: &'a Document, operation: &Operation, name: &str, place: &str) -> Option<&'a Value> {
    let listed = document.at(&format!("{}/parameters", operation.pointer))?.as_array()?;
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    listed
        .iter()
        .map(|parameter| document.resolve(parameter))
        .find(|parameter| word(parameter, "name").as_deref() == Some(name) && word(parameter, "in").as_deref() == Some(place))
}

fn media<'a>(document: &'a Document, holder: &str) -> Vec<Media<'a>> {
    members(document, &format!("{holder}/content"))
        .map(|(name, pointer)| Media {
            name,
            binary: document.at(&format!("{pointer}/schema/format")).and_then(Value::as_str) == Some("binary"),
            examples: members(document, &format!("{pointer}/examples"))
                .filter_map(|(_, pointer)| example(document, &pointer))
                .collect(),
        })
        .collect()
}

fn example<'a>(document: &'a Document, pointer: &str) -> Option<Example<'a>> {
    let pointer = resolved(document, pointer);
    let found = document.at(&pointer)?;
    Some(Example {
        schema: found.get("x-schema").and_then(Value::as_str),
        status: found.get("x-status").and_then(Value::as_u64),
        value: found.get("value")?,
        pointer,
    })
}

/// The members of an object, each with its pointer.
fn members<'a>(document: &'a Document, pointer: &str) -> impl Iterator<Item = (&'a str, String)> {
    let holder = pointer.to_owned();
    let all = document.at(pointer).and_then(Value::as_object);
    all.into_iter().flatten().map(move |(name, _)| (name.as_str(), format!("{holder}/{}", escape(name))))
}

/// Follows a `$ref`, as a pointer.
fn resolved(document: &Document, pointer: &str) -> String {
    let target = document.at(pointer).and_then(|value| value.get("$ref")).and_then(Value::as_str);
    target.and_then(|target| target.strip_prefix('#')).map_or_else(|| pointer.to_owned(), str::to_owned)
}

/// The steps of a path, as they stand between its slashes.
pub(super) fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}
