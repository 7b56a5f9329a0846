//! Finds the parts of a document that commands look at, each with the pointer at which it stands.

use octopusx_codegen::load::{Document, escape};
use serde_json::{Map, Value};

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Keys whose members are named by people, not by OpenAPI.
const NAME_MAPS: [&str; 8] =
    ["properties", "schemas", "examples", "responses", "parameters", "paths", "headers", "securitySchemes"];

/// A part of the document.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) pointer: String,
    pub(crate) value: &'a Value,
}

impl<'a> Place<'a> {
    /// What a pointer names.
    pub(crate) fn at(document: &'a Document, pointer: &str) -> Option<Self> {
        document.at(pointer).map(|value| Self { pointer: pointer.to_owned(), value })
    }

    /// A member, as it stands.
    pub(crate) fn member(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| Self { pointer: format!("{}/{}", self.pointer, escape(key)), value })
    }

    /// All members of an object, or of the object under `key`.
    pub(crate) fn members(&self) -> Vec<(&'a str, Self)> {
        let members = self.value.as_object().into_iter().flat_map(Map::iter);
        let place = |key: &str, value| Self { pointer: format!("{}/{}", self.pointer, escape(key)), value };
        members.map(|(key, value)| (key.as_str(), place(key, value))).collect()
    }

    /// All members of the object under a key.
    pub(crate) fn members_of(&self, key: &str) -> Vec<(&'a str, Self)> {
        self.member(key).map(|inner| inner.members()).unwrap_or_default()
    }

    /// All items of the array under a key.
    pub(crate) fn items_of(&self, key: &str) -> Vec<Self> {
        let items = self.value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let place = |(at, value)| Self { pointer: format!("{}/{}/{at}", self.pointer, escape(key)), value };
        items.iter().enumerate().map(place).collect()
    }

    /// A member that is a string.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    /// Where a `$ref` leads, with the pointer of that place; itself where there is none or it leads nowhere.
    pub(crate) fn resolved(self, document: &'a Document) -> Self {
        let target = self.text("$ref").and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| Self::at(document, pointer)).unwrap_or(self)
    }
}

/// One body or answer in one media type.
pub(crate) struct Media<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) name: &'a str,
}

impl<'a> Media<'a> {
    /// Bytes, which have neither members nor examples.
    pub(crate) fn is_binary(&self) -> bool {
        self.place.value.pointer("/schema/format").and_then(Value::as_str) == Some("binary")
    }

    /// The examples, through their `$ref`s.
    pub(crate) fn examples(&self, document: &'a Document) -> Vec<Place<'a>> {
        self.place.members_of("examples").into_iter().map(|(_, example)| example.resolved(document)).collect()
    }
}

/// Every operation.
pub(crate) fn operations(document: &Document) -> Vec<Place<'_>> {
    let paths = Place::at(document, "/paths").map(|paths| paths.members()).unwrap_or_default();
    let verbs = paths.into_iter().flat_map(|(_, item)| item.members());
    verbs.filter(|(verb, _)| VERBS.contains(verb)).map(|(_, operation)| operation).collect()
}

/// An operation's body, in each of its media types.
pub(crate) fn body<'a>(document: &'a Document, operation: &Place<'a>) -> Vec<Media<'a>> {
    operation.member("requestBody").map(|body| media(&body.resolved(document))).unwrap_or_default()
}

/// An operation's answers by status, through their `$ref`s.
pub(crate) fn answers<'a>(document: &'a Document, operation: &Place<'a>) -> Vec<(&'a str, Place<'a>)> {
    let listed = operation.members_of("responses").into_iter();
    listed.map(|(status, answer)| (status, answer.resolved(document))).collect()
}

/// One side of a WebSocket.
pub(crate) struct Side<'a> {
    /// The name of the schema of its events, at the place where it is written.
    pub(crate) schema: Place<'a>,
    /// Examples of its events, as `x-websocket` lists them by name.
    pub(crate) examples: Vec<Place<'a>>,
}

/// The two sides of an operation that opens a WebSocket; nothing for any other.
pub(crate) fn sides<'a>(document: &'a Document, operation: &Place<'a>) -> Vec<Side<'a>> {
    let Some(words) = operation.member("x-websocket") else { return Vec::new() };
    let examples = words.member("examples");
    let side = |key| {
        let listed = examples.as_ref().map(|examples| examples.items_of(key)).unwrap_or_default();
        let named = listed.iter().filter_map(|name| Place::at(document, &example_pointer(name.value.as_str()?)));
        Some(Side { schema: words.member(key)?, examples: named.collect() })
    };
    ["client", "server"].into_iter().filter_map(side).collect()
}

/// Where an example stands that is told by its name.
pub(crate) fn example_pointer(name: &str) -> String {
    format!("/components/examples/{}", escape(name))
}

/// The media types of a body or an answer.
pub(crate) fn media<'a>(holder: &Place<'a>) -> Vec<Media<'a>> {
    holder.members_of("content").into_iter().map(|(name, place)| Media { place, name }).collect()
}

/// Every body and answer of the document, shared ones once.
pub(crate) fn all_media(document: &Document) -> Vec<Media<'_>> {
    let mut found: Vec<Media<'_>> = Vec::new();
    for operation in operations(document) {
        found.extend(body(document, &operation));
        found.extend(answers(document, &operation).iter().flat_map(|(_, answer)| media(answer)));
    }
    let shared = Place::at(document, "/components/responses").map(|all| all.members()).unwrap_or_default();
    found.extend(shared.iter().flat_map(|(_, answer)| media(answer)));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|media| seen.insert(media.place.pointer.clone()));
    found
}

/// Every example object of the document: the named ones, and those that stand in a body or an answer.
pub(crate) fn all_examples(document: &Document) -> Vec<Place<'_>> {
    let named = Place::at(document, "/components/examples").map(|all| all.members()).unwrap_or_default();
    let inline = all_media(document).into_iter().flat_map(|media| media.place.members_of("examples"));
    named.into_iter().chain(inline.filter(|(_, example)| example.text("$ref").is_none())).map(|(_, place)| place).collect()
}

/// Calls `look` on every object that OpenAPI gives a meaning, from a place downwards; never on what examples hold.
pub(crate) fn visit<'a>(from: &Place<'a>, look: &mut impl FnMut(&Place<'a>)) {
    match from.value {
        Value::Object(_) => {
            look(from);
            for (key, member) in from.members() {
                match key {
                    "value" | "example" | "default" | "enum" | "mapping" => {}
                    // Under `examples` of a schema or parameter an array of values may stand.
                    "examples" if !member.value.is_object() => {}
                    _ if NAME_MAPS.contains(&key) && member.value.is_object() => {
                        member.members().iter().for_each(|(_, named)| visit(named, look));
                    }
                    _ => visit(&member, look),
                }
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                visit(&Place { pointer: format!("{}/{at}", from.pointer), value }, look);
            }
        }
        _ => {}
    }
}
