//! Schemas: from OpenAPI 3.0's dialect to JSON Schema, and what a value has against one.

use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::document::DocumentError;
use crate::pointer::Pointer;

/// Where the converted components are registered. Nothing is ever fetched from there.
const BASE: &str = "urn:octopusx:document";

/// A union inside a union inside a union is the deepest that documents have; cycles are cut here.
const DEPTH: usize = 24;

/// All named schemas of a document.
pub(crate) struct Schemas {
    components: Map<String, Value>,
    registry: Registry<'static>,
}

impl Schemas {
    pub(crate) fn new(components: &Map<String, Value>) -> Result<Self, DocumentError> {
        let converted: Map<String, Value> = components.iter().map(|(name, schema)| (name.clone(), convert(schema))).collect();
        let whole = json!({ "components": { "schemas": converted } });
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(BASE, whole)
            .and_then(|builder| builder.prepare())
            .map_err(|error| DocumentError::new("/components/schemas", error.to_string()))?;
        Ok(Self { components: components.clone(), registry })
    }

    /// The named schemas as the document has them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.components.iter()
    }

    /// A named schema as the document has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.components.get(name)
    }

    /// Every schema that can hold at `schema`: itself, what it refers to, and the members of its unions.
    fn facets<'s>(&'s self, schema: &'s Value) -> Vec<&'s Value> {
        let mut found = Vec::new();
        self.collect_facets(schema, DEPTH, &mut found);
        found
    }

    fn collect_facets<'s>(&'s self, schema: &'s Value, depth: usize, found: &mut Vec<&'s Value>) {
        if depth == 0 || found.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        if is_null(schema) {
            return;
        }
        if let Some(target) = ref_name(schema).and_then(|name| self.get(name)) {
            return self.collect_facets(target, depth - 1, found);
        }
        found.push(schema);
        for word in ["allOf", "oneOf", "anyOf"] {
            for branch in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
                self.collect_facets(branch, depth - 1, found);
            }
        }
    }

    /// The schemas of the values that a pointer leads to, those that only say null left out.
    pub(crate) fn at<'s>(&'s self, schema: &'s Value, pointer: &Pointer) -> Vec<&'s Value> {
        let mut found = vec![schema];
        for segment in pointer.segments() {
            let facets = found.into_iter().flat_map(|schema| self.facets(schema));
            found = facets
                .filter_map(|facet| match facet.get("properties").and_then(|all| all.get(segment)) {
                    Some(property) => Some(property),
                    None => facet.get("items"),
                })
                .collect();
        }
        found.into_iter().flat_map(|schema| self.facets(schema)).collect()
    }

    /// The schemas of a whole value.
    pub(crate) fn at_root<'s>(&'s self, schema: &'s Value) -> Vec<&'s Value> {
        self.facets(schema)
    }

    /// How many members of a value a schema lists.
    pub(crate) fn known_members(&self, schema: &Schema, value: &Value) -> usize {
        let members = value.as_object().into_iter().flatten();
        members.filter(|(name, _)| !self.at(schema.raw(), &Pointer::member(name)).is_empty()).count()
    }

    /// The words that the document knows for the value at a pointer, of closed and open enums alike.
    pub(crate) fn words_at(&self, schema: &Value, pointer: &Pointer) -> Vec<String> {
        let lists = ["x-extensible-enum", "enum"];
        let facets = self.at(schema, pointer);
        let found = facets.iter().flat_map(|facet| lists.iter().filter_map(|list| facet.get(list)?.as_array()));
        found.flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    }
}

/// One place of the document that has a schema. Its validator is made at the first use: a gateway in a test calls a
/// handful of hundreds.
pub(crate) struct Schema {
    raw: Value,
    validator: OnceLock<Result<Validator, String>>,
}

impl Schema {
    pub(crate) fn new(raw: &Value) -> Self {
        Self { raw: raw.clone(), validator: OnceLock::new() }
    }

    /// A schema that is only the name of another.
    pub(crate) fn named(name: &str) -> Self {
        Self::new(&json!({ "$ref": format!("#/components/schemas/{name}") }))
    }

    /// The schema as the document has it.
    pub(crate) fn raw(&self) -> &Value {
        &self.raw
    }

    /// The name of the schema that it refers to.
    pub(crate) fn name(&self) -> Option<&str> {
        ref_name(&self.raw)
    }

    /// Everything that a value has against this schema; `Err` when the schema itself is unusable.
    pub(crate) fn complaints(&self, schemas: &Schemas, value: &Value) -> Result<Vec<Complaint>, String> {
        let built = self.validator.get_or_init(|| {
            let mut options = jsonschema::options().with_draft(Draft::Draft202012);
            options = options.with_registry(&schemas.registry);
            options.build(&convert(&self.raw)).map_err(|error| format!("a schema of the document is unusable: {error}"))
        });
        let validator = built.as_ref().map_err(Clone::clone)?;
        Ok(validator.iter_errors(value).flat_map(|error| explain(&error)).collect())
    }
}

/// One thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// The component that a `$ref` names.
pub(crate) fn ref_name(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// Whether nothing but null fits: 3.0 has no type for it, so documents write an enum of it.
fn is_null(schema: &Value) -> bool {
    matches!(schema.get("enum").and_then(Value::as_array).map(Vec::as_slice), Some([Value::Null]))
}

/// Turns a schema of OpenAPI 3.0 into one of JSON Schema. Only what a value can be checked against survives.
fn convert(schema: &Value) -> Value {
    let Value::Object(source) = schema else { return json!(schema.as_bool().unwrap_or(true)) };
    // Beside a `$ref` nothing else counts in 3.0.
    if let Some(reference) = source.get("$ref").and_then(Value::as_str) {
        return json!({ "$ref": format!("{BASE}{reference}") });
    }
    if is_null(schema) {
        return json!({ "type": "null" });
    }
    let mut target = Map::new();
    let mut parts = Vec::new();
    for (word, value) in source {
        match (word.as_str(), value) {
            ("items" | "not" | "additionalProperties", inner) => {
                target.insert(word.clone(), convert(inner));
            }
            ("allOf", Value::Array(all)) => parts.extend(all.iter().map(convert)),
            // A whole number is both `integer` and `number`, so "exactly one" would refuse what the document means.
            ("oneOf" | "anyOf", Value::Array(all)) => {
                parts.push(json!({ "anyOf": all.iter().map(convert).collect::<Value>() }));
            }
            ("properties", Value::Object(all)) => {
                let all: Map<_, _> = all.iter().map(|(name, inner)| (name.clone(), convert(inner))).collect();
                target.insert(word.clone(), Value::Object(all));
            }
            (word, value) if KEPT.contains(&word) => {
                target.insert(word.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    if !parts.is_empty() {
        target.insert("allOf".to_owned(), Value::Array(parts));
    }
    exclusive_bounds(source, &mut target);
    if source.get("nullable") == Some(&Value::Bool(true)) { nullable(target) } else { Value::Object(target) }
}

/// In 3.0 a bound is a number and a flag beside it.
fn exclusive_bounds(source: &Map<String, Value>, target: &mut Map<String, Value>) {
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if source.get(exclusive) == Some(&Value::Bool(true))
            && let Some(limit) = target.remove(bound)
        {
            target.insert(exclusive.to_owned(), limit);
        }
    }
}

/// Keywords that mean the same in both dialects and hold no schema.
const KEPT: [&str; 14] = [
    "type",
    "enum",
    "required",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

fn nullable(mut schema: Map<String, Value>) -> Value {
    if ["allOf", "not"].iter().any(|word| schema.contains_key(*word)) {
        return json!({ "anyOf": [{ "type": "null" }, schema] });
    }
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    Value::Object(schema)
}

/// An error in words. One below a union is told as the errors of the branch that was most likely meant.
fn explain(error: &ValidationError<'_>) -> Vec<Complaint> {
    let here = error.instance_path().as_str();
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        return vec![Complaint { pointer: here.to_owned(), message: sentence(error) }];
    };
    let wrong_type = |branch: &[ValidationError<'static>]| {
        branch
            .iter()
            .any(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path().as_str() == here)
    };
    let wrong_tag = |branch: &[ValidationError<'static>]| branch.iter().filter(|error| is_tag(error)).count();
    let best = context.iter().min_by_key(|branch| (wrong_type(branch), wrong_tag(branch), branch.len()));
    match best {
        Some(branch) if !wrong_type(branch) => match branch.iter().find(|error| is_tag(error)) {
            // No branch has this tag, so what else it lacks for one of them tells nothing.
            Some(tag) => vec![wrong_word(tag, context.iter().flatten())],
            None => branch.iter().flat_map(explain).collect(),
        },
        _ => {
            let mut types: Vec<String> = context.iter().flatten().filter_map(expected_types).collect();
            types.dedup();
            let message = format!("{} is none of: {}", short(error.instance()), types.join(", "));
            vec![Complaint { pointer: here.to_owned(), message }]
        }
    }
}

/// A tag that no branch knows, with those that some branch does.
fn wrong_word<'e>(tag: &ValidationError<'_>, all: impl Iterator<Item = &'e ValidationError<'static>>) -> Complaint {
    let same_place = all.filter(|error| is_tag(error) && error.instance_path() == tag.instance_path());
    let known = same_place.filter_map(|error| match error.kind() {
        ValidationErrorKind::Enum { options } => options.as_array()?.first().map(Value::to_string),
        _ => None,
    });
    let message = format!("{} is none of: {}", short(tag.instance()), known.collect::<Vec<_>>().join(", "));
    Complaint { pointer: tag.instance_path().as_str().to_owned(), message }
}

/// A one-valued enum that is not met: how the branches of a tagged union tell themselves apart.
fn is_tag(error: &ValidationError<'static>) -> bool {
    match error.kind() {
        ValidationErrorKind::Enum { options } => options.as_array().is_some_and(|all| all.len() == 1),
        _ => false,
    }
}

fn expected_types(error: &ValidationError<'static>) -> Option<String> {
    match error.kind() {
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => Some(kind.to_string()),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
            Some(kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or "))
        }
        _ => None,
    }
}

/// The error with the value in it, unless that is long: a body can hold a whole film.
fn sentence(error: &ValidationError<'_>) -> String {
    if error.instance().to_string().len() <= 80 { error.to_string() } else { error.masked().to_string() }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 80 { text } else { "the value".to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn schemas() -> Schemas {
        let components = json!({
            "Size": {"type": "string", "x-extensible-enum": ["small", "large"]},
            "Status": {"type": "string", "x-extensible-enum": ["queued", "done"]},
            "Text": {"type": "object", "required": ["type", "text"],
                     "properties": {"type": {"type": "string", "enum": ["text"]}, "text": {"type": "string"}}},
            "Image": {"type": "object", "required": ["type", "url"],
                      "properties": {"type": {"type": "string", "enum": ["image"]}, "url": {"type": "string"}}},
            "Part": {"oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/Image"}]},
            "Loop": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Loop"},
                     "status": {"allOf": [{"$ref": "#/components/schemas/Status"}]}}},
        });
        Schemas::new(components.as_object().unwrap()).unwrap()
    }

    fn complaints(schema: Value, value: Value) -> Vec<String> {
        let found = Schema::new(&schema).complaints(&schemas(), &value).unwrap();
        found.into_iter().map(|one| format!("{}: {}", one.pointer, one.message)).collect()
    }

    #[test]
    fn nullable_means_also_null() {
        assert!(complaints(json!({"type": "string", "nullable": true}), Value::Null).is_empty());
        assert!(complaints(json!({"type": "string", "nullable": true, "enum": ["a"]}), Value::Null).is_empty());
        let wrapped = json!({"nullable": true, "type": "object", "allOf": [{"$ref": "#/components/schemas/Text"}]});
        assert!(complaints(wrapped.clone(), Value::Null).is_empty());
        assert_eq!(
            complaints(wrapped, json!({"type": "text"})),
            ["/: \"text\" is a required property"].map(|s| s.replacen('/', "", 1))
        );
        assert!(!complaints(json!({"type": "string"}), Value::Null).is_empty());
    }

    #[test]
    fn null_may_be_a_branch_of_its_own() {
        let nothing = json!({"type": "string", "nullable": true, "enum": [null]});
        let schema = json!({"anyOf": [{"$ref": "#/components/schemas/Loop"}, nothing]});
        assert!(complaints(schema.clone(), Value::Null).is_empty());
        assert!(complaints(schema.clone(), json!({"status": "done"})).is_empty());
        assert_eq!(complaints(schema.clone(), json!("x")), [": \"x\" is none of: object, null"]);
        assert_eq!(complaints(schema.clone(), json!({"status": 1})), ["/status: 1 is not of type \"string\""]);
        assert_eq!(schemas().words_at(&schema, &Pointer::parse("/status").unwrap()), ["queued", "done"]);
    }

    #[test]
    fn open_words_and_whole_numbers_pass() {
        assert!(complaints(json!({"$ref": "#/components/schemas/Size"}), json!("huge")).is_empty());
        assert!(complaints(json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), json!(3)).is_empty());
        assert!(complaints(json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}), json!(2)).is_empty());
        assert!(!complaints(json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}), json!(1)).is_empty());
    }

    #[test]
    fn a_property_may_have_the_name_of_a_keyword() {
        let schema = json!({"type": "object", "properties": {"nullable": {"type": "string"}, "enum": {"type": "integer"}}});
        assert!(complaints(schema.clone(), json!({"nullable": "x", "enum": 1})).is_empty());
        assert_eq!(complaints(schema, json!({"nullable": 1, "enum": "x"})).len(), 2);
    }

    #[test]
    fn a_union_is_explained_by_the_branch_that_was_meant() {
        let part = json!({"$ref": "#/components/schemas/Part"});
        assert_eq!(complaints(part.clone(), json!({"type": "image"})), [": \"url\" is a required property"]);
        let unknown = complaints(part.clone(), json!({"type": "sound"}));
        assert_eq!(unknown, ["/type: \"sound\" is none of: \"text\", \"image\""]);
        assert_eq!(complaints(part, json!(7)), [": 7 is none of: object"]);
    }

    #[test]
    fn words_are_found_through_references_and_cycles() {
        let loops = json!({"$ref": "#/components/schemas/Loop"});
        let pointer = Pointer::parse("/next/next/status").unwrap();
        assert_eq!(schemas().words_at(&loops, &pointer), ["queued", "done"]);
    }

    #[test]
    fn a_dangling_reference_is_an_error_value() {
        let schema = Schema::new(&json!({"$ref": "#/components/schemas/Nobody"}));
        assert!(schema.complaints(&schemas(), &json!(1)).is_err());
    }
}
