//! What each protocol takes, written down a second time and without the crate's help; and schemas read as JSON Schema, so
//! that values can be held against them.

use octopusx::Error;
use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatTool};
use octopusx::gemini::{GeminiContent, GeminiFunctionDeclaration, GeminiGenerateContentRequest};
use octopusx::messages::{MessageOutputFormat, MessageTool};
use octopusx::responses::{ResponseFunctionTool, ResponseJsonSchemaFormat};
use octopusx::schemars::JsonSchema;
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    ChatTool,
    ChatAnswer,
    ResponsesTool,
    ResponsesAnswer,
    ClaudeTool,
    ClaudeFormat,
    GeminiTool,
    GeminiAnswer,
}

pub const ALL: [Protocol; 8] = [
    Protocol::ChatTool,
    Protocol::ChatAnswer,
    Protocol::ResponsesTool,
    Protocol::ResponsesAnswer,
    Protocol::ClaudeTool,
    Protocol::ClaudeFormat,
    Protocol::GeminiTool,
    Protocol::GeminiAnswer,
];

impl Protocol {
    /// The schema as it travels.
    pub fn schema<T: JsonSchema>(self) -> Result<Value, Error> {
        let (part, pointer) = match self {
            Self::ChatTool => (json!(ChatTool::of::<T>()?), "/function/parameters"),
            Self::ChatAnswer => {
                let request = ChatCompletionRequest::new("m", [ChatMessage::user("?")]).answer_as::<T>()?;
                (json!(request), "/response_format/json_schema/schema")
            }
            Self::ResponsesTool => (json!(ResponseFunctionTool::of::<T>()?), "/parameters"),
            Self::ResponsesAnswer => (json!(ResponseJsonSchemaFormat::of::<T>()?), "/schema"),
            Self::ClaudeTool => (json!(MessageTool::of::<T>()?), "/input_schema"),
            Self::ClaudeFormat => (json!(MessageOutputFormat::of::<T>()?), "/schema"),
            Self::GeminiTool => (json!(GeminiFunctionDeclaration::of::<T>()?), "/parameters"),
            Self::GeminiAnswer => {
                let request = GeminiGenerateContentRequest::new([GeminiContent::user("?")]).answer_as::<T>()?;
                (json!(request), "/generationConfig/responseSchema")
            }
        };
        Ok(part.pointer(pointer).cloned().unwrap_or_default())
    }

    pub fn is_openai(self) -> bool {
        matches!(self, Self::ChatTool | Self::ChatAnswer | Self::ResponsesTool | Self::ResponsesAnswer)
    }

    pub fn is_gemini(self) -> bool {
        matches!(self, Self::GeminiTool | Self::GeminiAnswer)
    }

    /// Every object is closed, as the protocol says or by itself.
    pub fn is_closed(self) -> bool {
        self != Self::ClaudeTool
    }

    /// Panics where a schema is not what the protocol takes.
    pub fn check(self, schema: &Value) {
        if self != Self::GeminiAnswer {
            let word = if self.is_gemini() { "OBJECT" } else { "object" };
            assert_eq!(schema["type"], word, "{self:?}: the root");
        }
        for keyword in ["$schema", "title", "anyOf", "oneOf"] {
            assert!(self == Self::GeminiAnswer || schema.get(keyword).is_none(), "{self:?}: {keyword} at the root");
        }
        if !self.is_gemini() {
            jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{self:?}: no JSON Schema: {error}"));
        }
        self.walk(schema, "");
    }

    fn walk(self, schema: &Value, at: &str) {
        let Value::Object(members) = schema else { panic!("{self:?} {at}: {schema} is no object") };
        for keyword in members.keys() {
            assert!(self.takes(keyword), "{self:?} {at}: {keyword}");
            assert!(!keyword.starts_with("x-"), "{self:?} {at}: {keyword}");
        }
        let is_told = ["type", "anyOf", "$ref"].iter().any(|keyword| members.contains_key(*keyword));
        assert!(is_told || !self.is_closed(), "{self:?} {at}: no type");
        if self.is_openai() && members.contains_key("$ref") {
            assert_eq!(members.len(), 1, "{self:?} {at}: something beside $ref");
        }
        if let Some(format) = members.get("format").and_then(Value::as_str) {
            assert!(self.takes_format(format), "{self:?} {at}: format {format}");
        }
        if self.is_gemini() {
            check_gemini(members, at);
        } else if self.is_closed() && members.get("type").is_some_and(|word| *word == "object") {
            assert_eq!(members["additionalProperties"], false, "{self:?} {at}");
        }
        let none = Map::new();
        let properties = members.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required: Vec<&str> = strings(members.get("required"));
        assert!(required.iter().all(|name| properties.contains_key(*name)), "{self:?} {at}: {required:?}");
        if self.is_openai() {
            assert_eq!(required, properties.keys().map(String::as_str).collect::<Vec<_>>(), "{self:?} {at}: required");
        }
        for (name, member) in properties {
            self.walk(member, &format!("{at}.{name}"));
        }
        for (name, member) in members.get("$defs").and_then(Value::as_object).unwrap_or(&none) {
            self.walk(member, &format!("{at}#{name}"));
        }
        if let Some(items) = members.get("items") {
            self.walk(items, &format!("{at}[]"));
        }
        for (position, alternative) in members.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
            self.walk(alternative, &format!("{at}|{position}"));
        }
    }

    fn takes(self, keyword: &str) -> bool {
        let structure = ["type", "description", "title", "enum", "properties", "required", "items", "anyOf", "format"];
        let more: &[&str] = match self {
            Self::ClaudeTool => return !matches!(keyword, "oneOf" | "allOf"),
            Self::ClaudeFormat => &["const", "additionalProperties", "$defs", "$ref"],
            Self::GeminiTool | Self::GeminiAnswer => &[
                "nullable",
                "propertyOrdering",
                "minimum",
                "maximum",
                "minItems",
                "maxItems",
                "minLength",
                "maxLength",
                "pattern",
            ],
            _ => &[
                "const",
                "additionalProperties",
                "$defs",
                "$ref",
                "pattern",
                "multipleOf",
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "minItems",
                "maxItems",
            ],
        };
        structure.contains(&keyword) || more.contains(&keyword)
    }

    fn takes_format(self, format: &str) -> bool {
        let openai = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];
        match self {
            Self::ClaudeTool => true,
            Self::ClaudeFormat => openai.contains(&format) || format == "uri",
            Self::GeminiTool | Self::GeminiAnswer => ["date-time", "int32", "int64", "float", "double"].contains(&format),
            _ => openai.contains(&format),
        }
    }
}

fn check_gemini(members: &Map<String, Value>, at: &str) {
    if members.contains_key("anyOf") {
        assert_eq!(members.len(), 1, "{at}: something beside anyOf: {members:?}");
        return;
    }
    let word = members["type"].as_str().unwrap_or_else(|| panic!("{at}: {members:?}"));
    let words = ["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"];
    assert!(words.contains(&word), "{at}: {word}");
    if let Some(values) = members.get("enum") {
        assert!(word == "STRING" && values.as_array().unwrap().iter().all(Value::is_string), "{at}: {values}");
    }
    if word == "OBJECT" {
        let names: Vec<_> = members["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(!names.is_empty(), "{at}");
        assert_eq!(strings(members.get("propertyOrdering")), names, "{at}");
    }
    assert!(word != "ARRAY" || members.contains_key("items"), "{at}: no items");
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The same rules as JSON Schema.
pub fn as_json_schema(protocol: Protocol, schema: &Value) -> Value {
    if !protocol.is_gemini() {
        return schema.clone();
    }
    let Value::Object(members) = schema else { return schema.clone() };
    let mut plain = members.clone();
    plain.remove("propertyOrdering");
    let nullable = plain.remove("nullable").is_some_and(|nullable| nullable == true);
    if let Some(Value::String(word)) = plain.get_mut("type") {
        *word = word.to_lowercase();
    }
    if plain.get("type").is_some_and(|word| *word == "object") {
        plain.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(Value::Object(properties)) = plain.get_mut("properties") {
        properties.values_mut().for_each(|member| *member = as_json_schema(protocol, member));
    }
    if let Some(items) = plain.get_mut("items") {
        *items = as_json_schema(protocol, items);
    }
    if let Some(Value::Array(alternatives)) = plain.get_mut("anyOf") {
        alternatives.iter_mut().for_each(|alternative| *alternative = as_json_schema(protocol, alternative));
    }
    if nullable { json!({ "anyOf": [plain, { "type": "null" }] }) } else { plain.into() }
}

/// Holds values against a protocol's schema, formats included.
pub fn validator(protocol: Protocol, schema: &Value) -> jsonschema::Validator {
    let schema = as_json_schema(protocol, schema);
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}
