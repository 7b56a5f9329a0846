//! Turns the schemas of OpenAPI 3.0 into JSON Schema, and values that don't fit them into sentences.

use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Registry, ValidationError, Validator};
use octopusx_codegen::load::{Document, escape};
use serde_json::{Map, Value, json};

/// The name under which the whole document is known to validators.
const DOCUMENT: &str = "urn:document";

/// Keywords that mean the same in both.
const SHARED: [&str; 12] = [
    "type",
    "required",
    "multipleOf",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// A value and a schema that don't fit together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The schema doesn't allow the value.
    Value {
        /// Where in the value, as a JSON pointer.
        pointer: String,
        what: String,
        fault: Fault,
        /// The schema that was not met, as far as it is known: a pointer into the document, as it was converted.
        schema: String,
    },
    /// The branches of a `oneOf` don't exclude each other; the pointer is the document's.
    Ambiguous { pointer: String },
}

/// In what way a value doesn't fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has another JSON type.
    Type,
    /// It lacks this member.
    Missing(String),
    /// It is none of the words of a closed list.
    Word,
    /// It breaks this keyword.
    Rule(String),
}

/// Validators for the schemas of one document, each made once.
pub(crate) struct Validators {
    registry: Registry<'static>,
    made: HashMap<String, Rc<Validator>>,
}

impl Validators {
    pub(crate) fn new(document: &Document) -> Result<Self, String> {
        let mut schemas = Map::new();
        for (name, schema) in document.at("/components/schemas").and_then(Value::as_object).into_iter().flatten() {
            schemas.insert(name.clone(), convert(schema));
        }
        let root = Draft::Draft202012.create_resource(json!({"components": {"schemas": schemas}}));
        let registry = Registry::new().add(DOCUMENT, root).and_then(jsonschema::RegistryBuilder::prepare);
        Ok(Self { registry: registry.map_err(|error| error.to_string())?, made: HashMap::new() })
    }

    /// All that is wrong with a value; `Err` where the schema itself is not sound.
    pub(crate) fn misfits(&mut self, schema: &Value, value: &Value) -> Result<Vec<Misfit>, String> {
        let validator = self.validator(schema)?;
        let mut found = Vec::new();
        validator.iter_errors(value).for_each(|error| tell(&error, &mut found));
        Ok(found)
    }

    fn validator(&mut self, schema: &Value) -> Result<Rc<Validator>, String> {
        let converted = convert(schema);
        let key = converted.to_string();
        if let Some(validator) = self.made.get(&key) {
            return Ok(Rc::clone(validator));
        }
        let options = jsonschema::options().with_draft(Draft::Draft202012).offline().with_registry(&self.registry);
        let validator = Rc::new(options.build(&converted).map_err(|error| error.to_string())?);
        self.made.insert(key, Rc::clone(&validator));
        Ok(validator)
    }
}

/// One schema, with all that it holds.
///
/// `x-extensible-enum` is left out: such an enum is open. So are formats, which the documents use as hints only.
pub(crate) fn convert(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    if let Some(target) = members.get("$ref").and_then(Value::as_str) {
        // What stands beside a `$ref` has no meaning in OpenAPI 3.0.
        return json!({"$ref": format!("{DOCUMENT}{target}")});
    }
    let mut found = Map::new();
    for (key, member) in members {
        match (key.as_str(), member) {
            ("enum", Value::Array(words)) if words.len() == 1 => {
                found.insert("const".to_owned(), words[0].clone());
            }
            ("enum", _) => {
                found.insert(key.clone(), member.clone());
            }
            ("items" | "additionalProperties" | "not", _) => {
                found.insert(key.clone(), convert(member));
            }
            ("properties", Value::Object(all)) => {
                found.insert(key.clone(), all.iter().map(|(name, schema)| (name.clone(), convert(schema))).collect());
            }
            ("oneOf", _) if members.contains_key("discriminator") => add_tagged(&mut found, &members["discriminator"]),
            ("allOf" | "anyOf" | "oneOf", Value::Array(all)) => {
                found.insert(key.clone(), all.iter().map(convert).collect());
            }
            _ if SHARED.contains(&key.as_str()) => {
                found.insert(key.clone(), member.clone());
            }
            _ => {}
        }
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        // Says the same as `anyOf` with null, but a value that is not null is then measured against this schema alone.
        return json!({"if": {"not": {"type": "null"}}, "then": found});
    }
    Value::Object(found)
}

/// A union told apart by a tag: the tag's word chooses the one schema that the value must fit.
fn add_tagged(found: &mut Map<String, Value>, discriminator: &Value) {
    let tag = discriminator.get("propertyName").and_then(Value::as_str).unwrap_or_default();
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let words: Vec<&String> = mapping.into_iter().flat_map(Map::keys).collect();
    let choices = mapping.into_iter().flatten().map(|(word, target)| {
        json!({
            "if": {"type": "object", "required": [tag], "properties": {tag: {"const": word}}},
            "then": {"$ref": format!("{DOCUMENT}{}", target.as_str().unwrap_or_default())},
        })
    });
    found.insert("allOf".to_owned(), choices.collect());
    found.insert("type".to_owned(), json!("object"));
    found.insert("required".to_owned(), json!([tag]));
    found.insert("properties".to_owned(), json!({tag: {"enum": words}}));
}

/// Follows the branches of a union down to what is really wrong.
fn tell(error: &ValidationError<'_>, found: &mut Vec<Misfit>) {
    let pointer = error.instance_path().as_str();
    let (what, fault) = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let other_type = |error: &ValidationError<'_>| {
                error.instance_path().as_str() == pointer && matches!(error.kind(), ValidationErrorKind::Type { .. })
            };
            let meant = context.iter().filter(|errors| !errors.iter().any(other_type)).min_by_key(|errors| errors.len());
            if let Some(errors) = meant {
                return errors.iter().for_each(|error| tell(error, found));
            }
            (format!("{} has none of the JSON types that the union allows", short(error.instance())), Fault::Type)
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            return found.push(Misfit::Ambiguous { pointer: location(error) });
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default().to_owned();
            (format!("the required member `{name}` is missing"), Fault::Missing(name))
        }
        kind => {
            let fault = match kind {
                ValidationErrorKind::Type { .. } => Fault::Type,
                ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => Fault::Word,
                _ => Fault::Rule(kind.keyword().to_owned()),
            };
            (error.masked_with(short(error.instance())).to_string(), fault)
        }
    };
    let schema = location(error);
    let schema = schema.rsplit_once('/').map_or("", |(holder, _)| holder).to_owned();
    found.push(Misfit::Value { pointer: pointer.to_owned(), what, fault, schema });
}

/// The place of the keyword that was not met.
fn location(error: &ValidationError<'_>) -> String {
    let whole = error.absolute_keyword_location().map(ToString::to_string).unwrap_or_default();
    whole.split_once('#').map(|(_, pointer)| pointer.to_owned()).unwrap_or_default()
}

/// A value in few words.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The reference to a named schema.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", escape(name))})
}
