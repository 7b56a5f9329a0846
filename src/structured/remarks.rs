//! What a schema says in words, and of which JSON types its values are.

use serde_json::{Map, Value};

use super::definitions::definition;
use super::rules::{Dialect, Rules};

type Members = Map<String, Value>;

/// Of keywords that concern programs alone, nothing is told.
const SILENT: [&str; 8] = ["$schema", "$id", "$comment", "$defs", "$anchor", "deprecated", "readOnly", "writeOnly"];

/// Keywords that are dealt with by name.
const STRUCTURE: [&str; 14] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "items",
    "prefixItems",
    "anyOf",
    "$ref",
    "format",
    "description",
];

/// Whether a keyword is a rule or a remark, which a protocol may know or not.
fn is_plain(keyword: &str) -> bool {
    !STRUCTURE.contains(&keyword) && !SILENT.contains(&keyword) && !keyword.starts_with("x-")
}

impl Rules {
    /// Copies the keywords that the protocol knows.
    pub(super) fn copy(&self, schema: &Members, shaped: &mut Members) {
        for (keyword, value) in schema {
            if is_plain(keyword) && self.takes(keyword) {
                shaped.insert(keyword.clone(), value.clone());
            }
        }
        if let Some(Value::String(format)) = schema.get("format")
            && self.takes_format(format)
        {
            shaped.insert("format".to_owned(), format.as_str().into());
        }
    }

    /// What a schema says in words, with the rules that the protocol has no keyword for.
    pub(super) fn remark(&self, schema: &Members) -> Option<String> {
        let mut notes = Vec::new();
        for (keyword, value) in schema {
            let says_nothing = keyword == "default" && value.is_null();
            if is_plain(keyword) && !self.takes(keyword) && !says_nothing {
                notes.push(format!("{keyword}: {value}"));
            }
        }
        self.note_words(schema, &mut notes);
        let description = text(schema, "description");
        match (description, notes.is_empty()) {
            (description, true) => description,
            (Some(description), false) => Some(format!("{description} ({})", notes.join(", "))),
            (None, false) => Some(notes.join(", ")),
        }
    }

    /// Formats and words that can't be told otherwise.
    fn note_words(&self, schema: &Members, notes: &mut Vec<String>) {
        if let Some(Value::String(format)) = schema.get("format")
            && is_of(schema, "string")
            && !self.takes_format(format)
        {
            notes.push(format!("format: {format}"));
        }
        if let Some(Value::Array(items)) = schema.get("prefixItems")
            && !self.is_open()
        {
            let words: Vec<String> = items.iter().map(word_for).collect();
            notes.push(format!("in this order: {}", words.join(", ")));
        }
        if self.dialect == Dialect::Google && words(schema).is_none() {
            for keyword in ["enum", "const"] {
                if let Some(values) = schema.get(keyword) {
                    notes.push(format!("{keyword}: {values}"));
                }
            }
        }
    }
}

fn word_for(schema: &Value) -> String {
    let named = schema.get("$ref").and_then(Value::as_str).map(definition);
    let typed = || schema.get("type").and_then(Value::as_str).map(str::to_owned);
    named.or_else(typed).unwrap_or_else(|| "value".to_owned())
}

pub(super) fn text(schema: &Members, keyword: &str) -> Option<String> {
    schema.get(keyword)?.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

/// The words of a string that can have only these.
pub(super) fn words(schema: &Members) -> Option<Vec<Value>> {
    let values = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (_, Some(value)) => vec![value.clone()],
        _ => return None,
    };
    let words: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
    (!words.is_empty() && words.iter().all(Value::is_string)).then_some(words)
}

fn is_of(schema: &Members, word: &str) -> bool {
    types(schema).contains(&word)
}

/// The JSON types of a value: those that are named, else those that follow from the rest. None: any.
pub(super) fn types(schema: &Members) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(word)) => return vec![word],
        Some(Value::Array(words)) => return words.iter().filter_map(Value::as_str).collect(),
        _ => {}
    }
    let values = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => values.as_slice(),
        (_, Some(value)) => std::slice::from_ref(value),
        _ => &[],
    };
    let mut types: Vec<&str> = Vec::new();
    for value in values {
        let word = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !types.contains(&word) {
            types.push(word);
        }
    }
    if types.is_empty() && schema.contains_key("properties") {
        types.push("object");
    }
    if types.is_empty() && (schema.contains_key("items") || schema.contains_key("prefixItems")) {
        types.push("array");
    }
    types
}
