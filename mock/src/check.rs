//! Holds a request against the document: parameters, content type, body.

use serde_json::Value;

use crate::auth::key_parameters;
use crate::document::{Chosen, Document, Face, Media, Parameter, Place};
use crate::pointer::Pointer;
use crate::request::{Incoming, Payload};
use crate::{form, text};

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// `path`, `query`, `header`, `cookie` or `body`.
    pub(crate) place: &'static str,
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl Violation {
    fn new(place: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, pointer: pointer.into(), message: message.into() }
    }

    /// The request is none of the several methods that share a path.
    pub(crate) fn no_face(faces: &[&Face]) -> Self {
        let told = faces
            .iter()
            .map(|face| face.fixed.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" and "));
        let message = format!("expected {}", told.collect::<Vec<_>>().join(", or "));
        Self::new("query", "", message)
    }
}

/// A body that could be read: as JSON, or as a form.
pub(crate) struct Body<'d> {
    /// The documented media type that it came in.
    pub(crate) media: &'d Media,
    /// Of a form, what its parts stand for.
    pub(crate) value: Value,
}

/// What a check finds.
pub(crate) struct Findings<'d> {
    pub(crate) violations: Vec<Violation>,
    pub(crate) body: Option<Body<'d>>,
}

/// Checks everything. `Err` means that the document itself cannot be used.
pub(crate) fn check<'d>(
    document: &Document,
    chosen: Chosen<'d>,
    path: &[(String, String)],
    incoming: &Incoming,
) -> Result<Findings<'d>, String> {
    let mut violations = Vec::new();
    for parameter in &chosen.operation.parameters {
        check_parameter(document, parameter, path, incoming, &mut violations)?;
    }
    unknown_query(chosen, incoming, &mut violations);
    let body = check_body(document, chosen, incoming, &mut violations)?;
    Ok(Findings { violations, body })
}

/// Headers that OpenAPI says are not parameters, whatever a document lists.
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

fn check_parameter(
    document: &Document,
    parameter: &Parameter,
    path: &[(String, String)],
    incoming: &Incoming,
    violations: &mut Vec<Violation>,
) -> Result<(), String> {
    let name = parameter.name.as_str();
    let named = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    };
    let values = match parameter.place {
        Place::Path => named(path),
        Place::Query => named(&incoming.query),
        Place::Header if NOT_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => return Ok(()),
        Place::Header => incoming.header(name).map(str::to_owned).into_iter().collect(),
        Place::Cookie => incoming.cookie(name).map(str::to_owned).into_iter().collect(),
    };
    let place = parameter.place.as_str();
    let pointer = format!("/{name}");
    if values.is_empty() {
        if parameter.required {
            violations.push(Violation::new(place, pointer, "it is required"));
        }
        return Ok(());
    }
    let Some(value) = typed(document, parameter, &values) else {
        violations.push(Violation::new(place, pointer, "it is given more than once"));
        return Ok(());
    };
    for complaint in parameter.schema.complaints(&document.schemas, &value)? {
        violations.push(Violation::new(place, format!("{pointer}{}", complaint.pointer), complaint.message));
    }
    Ok(())
}

/// The JSON value that the text of a parameter stands for; none when there are several texts for one value.
fn typed(document: &Document, parameter: &Parameter, values: &[String]) -> Option<Value> {
    let schema = parameter.schema.raw();
    let facets = |pointer: &str| {
        let pointer = Pointer::parse(pointer);
        pointer.map(|pointer| document.schemas.at(schema, &pointer)).unwrap_or_default()
    };
    let own = facets("");
    if own.iter().any(|facet| text::is_of_type(facet, "array")) {
        let items = facets("/*");
        let split = |text: &String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let texts: Vec<String> = if parameter.explode { values.to_vec() } else { values.iter().flat_map(split).collect() };
        return Some(texts.iter().map(|text| text::value(text, &items)).collect());
    }
    match values {
        [one] => Some(text::value(one, &own)),
        _ => None,
    }
}

fn unknown_query(chosen: Chosen<'_>, incoming: &Incoming, violations: &mut Vec<Violation>) {
    let Chosen { operation, face } = chosen;
    let known = |name: &str| {
        let declared = operation.parameters.iter().any(|known| known.place == Place::Query && known.name == name);
        declared || key_parameters(operation).any(|known| known == name) || face.is_some_and(|face| face.fixed.contains_key(name))
    };
    for (name, _) in incoming.query.iter().filter(|(name, _)| !known(name)) {
        violations.push(Violation::new("query", format!("/{name}"), "the document knows no such query parameter"));
    }
}

fn check_body<'d>(
    document: &Document,
    chosen: Chosen<'d>,
    incoming: &Incoming,
    violations: &mut Vec<Violation>,
) -> Result<Option<Body<'d>>, String> {
    let Some(expected) = &chosen.operation.body else {
        if !incoming.body.is_empty() {
            violations.push(Violation::new("body", "", "the operation takes no body"));
        }
        return Ok(None);
    };
    if incoming.body.is_empty() {
        if expected.required {
            violations.push(Violation::new("body", "", "it is required"));
        }
        return Ok(None);
    }
    let given = incoming.content_type().unwrap_or_default();
    let Some(media) = expected.media.iter().find(|media| media_fits(media, &given)) else {
        let known: Vec<&str> = expected.media.iter().map(|media| media.kind.as_str()).collect();
        let message = format!("{given:?} is none of: {}", known.join(", "));
        violations.push(Violation::new("header", "/content-type", message));
        return Ok(None);
    };
    let unreadable = |what: &str, problem: &str| Violation::new("body", "", format!("it is no {what}: {problem}"));
    let (value, complaints) = match &incoming.payload {
        Payload::Json(Ok(body)) if media.is_json() => {
            let schema = chosen.face.and_then(|face| face.body.as_ref()).or(media.schema.as_ref());
            let complaints = schema.map(|schema| schema.complaints(&document.schemas, body)).transpose()?;
            (body.clone(), complaints.unwrap_or_default())
        }
        Payload::Form(Ok(parts)) if media.is_form() => form::read(&document.schemas, media, parts)?,
        Payload::Json(Err(problem)) if media.is_json() => {
            violations.push(unreadable("JSON", problem));
            return Ok(None);
        }
        Payload::Form(Err(problem)) if media.is_form() => {
            violations.push(unreadable("form", problem));
            return Ok(None);
        }
        _ => return Ok(None),
    };
    violations.extend(complaints.into_iter().map(|one| Violation::new("body", one.pointer, one.message)));
    Ok(Some(Body { media, value }))
}

/// `*/*` and `image/*` in a document mean what they look like.
fn media_fits(media: &Media, given: &str) -> bool {
    match media.kind.split_once('/') {
        Some(("*", "*")) => true,
        Some((family, "*")) => given.split_once('/').is_some_and(|(own, _)| own == family),
        _ => media.kind == given,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::{HeaderMap, Method};
    use serde_json::json;

    fn document() -> Document {
        let root = json!({
            "paths": {"/v/{n}": {"post": {
                "operationId": "v_make", "responses": {},
                "parameters": [
                    {"name": "n", "in": "path", "required": true, "schema": {"type": "integer"}},
                    {"name": "size", "in": "query", "required": true, "schema": {"type": "string", "enum": ["s", "l"]}},
                    {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "x-version", "in": "header", "required": true, "schema": {"type": "string", "enum": ["1"]}}],
                "requestBody": {"required": true, "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Body"}}}}}}},
            "components": {"schemas": {"Body": {"type": "object", "required": ["model"], "properties": {
                "model": {"type": "string"}, "seconds": {"type": "integer"}}}}}});
        Document::parse(&root.to_string()).unwrap()
    }

    fn violations(uri: &str, headers: &[(&'static str, &str)], body: &str) -> Vec<String> {
        let document = document();
        let map: HeaderMap = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let incoming = Incoming::new(Method::POST, uri.parse().unwrap(), map, body.to_owned().into());
        let (operation, path) = document.route(&Method::POST, incoming.path()).unwrap();
        let findings = check(&document, Chosen { operation, face: None }, &path, &incoming).unwrap();
        findings.violations.into_iter().map(|one| format!("{} {}: {}", one.place, one.pointer, one.message)).collect()
    }

    const GOOD: [(&str, &str); 2] = [("x-version", "1"), ("content-type", "application/json")];

    #[test]
    fn a_fitting_request_has_no_violations() {
        assert!(violations("/v/3?size=l&ids=1&ids=2", &GOOD, r#"{"model": "m"}"#).is_empty());
    }

    #[test]
    fn all_violations_are_told() {
        let found = violations("/v/x?size=xl&ids=1&ids=b&foo=1", &[("content-type", "application/json")], r#"{"seconds": "5"}"#);
        assert_eq!(
            found,
            [
                "path /n: \"x\" is not of type \"integer\"",
                "query /size: \"xl\" is not one of \"s\" or \"l\"",
                "query /ids/1: \"b\" is not of type \"integer\"",
                "header /x-version: it is required",
                "query /foo: the document knows no such query parameter",
                "body : \"model\" is a required property",
                "body /seconds: \"5\" is not of type \"integer\"",
            ]
        );
    }

    #[test]
    fn the_body_has_to_be_what_its_type_says() {
        let found = violations("/v/3?size=l", &[("x-version", "1"), ("content-type", "text/plain")], "x");
        assert_eq!(found, ["header /content-type: \"text/plain\" is none of: application/json"]);
        let found = violations("/v/3?size=l", &GOOD, "{");
        assert!(found[0].starts_with("body : it is no JSON: "), "{found:?}");
        assert_eq!(violations("/v/3?size=l", &GOOD, ""), ["body : it is required"]);
        assert_eq!(violations("/v/3?size=l&size=s", &GOOD, r#"{"model": "m"}"#), ["query /size: it is given more than once"]);
    }
}
