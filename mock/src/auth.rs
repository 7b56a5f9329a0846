//! Keys: whether a request may call an operation, and which face of it its key and its fixed parameters ask for.

use crate::document::{Alternative, Face, Operation, Place, Scheme};
use crate::request::Incoming;

/// Whether one of the alternatives is satisfied. No alternatives: the operation is open.
pub(crate) fn allowed(alternatives: &[Alternative], incoming: &Incoming, key: &str) -> bool {
    alternatives.is_empty() || alternatives.iter().any(|schemes| schemes.iter().all(|scheme| satisfied(scheme, incoming, key)))
}

fn satisfied(scheme: &Scheme, incoming: &Incoming, key: &str) -> bool {
    match scheme {
        Scheme::Bearer => incoming.header("authorization").and_then(bearer) == Some(key),
        Scheme::Key { place: Place::Header, name } => incoming.header(name) == Some(key),
        Scheme::Key { place: Place::Query, name } => incoming.query(name) == Some(key),
        // A browser's login session has no value that a gateway in a test could know.
        Scheme::Key { place: Place::Cookie, name } => incoming.cookie(name).is_some_and(|value| !value.is_empty()),
        Scheme::Key { place: Place::Path, .. } | Scheme::Other(_) => false,
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The query parameters that carry a key: they are known although no operation lists them.
pub(crate) fn key_parameters(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.security.iter().flatten().filter_map(|scheme| match scheme {
        Scheme::Key { place: Place::Query, name } => Some(name.as_str()),
        _ => None,
    })
}

/// The face that a request asks for; `Err` when the operation has faces and none of them fits.
pub(crate) fn face<'d>(operation: &'d Operation, incoming: &Incoming, key: &str) -> Result<Option<&'d Face>, Vec<&'d Face>> {
    if operation.faces.is_empty() {
        return Ok(None);
    }
    let fitting = operation.faces.iter().filter(|face| fixed_fits(operation, face, incoming));
    let by_key = |face: &&Face| allowed(face.security.as_ref().unwrap_or(&operation.security), incoming, key);
    // The face that says most about the request; of equals the one that the document names first.
    let most = |faces: Vec<&'d Face>| faces.into_iter().rev().max_by_key(|face| face.fixed.len());
    let chosen = most(fitting.clone().filter(by_key).collect()).or_else(|| most(fitting.collect()));
    chosen.map(Some).ok_or_else(|| operation.faces.iter().collect())
}

fn fixed_fits(operation: &Operation, face: &Face, incoming: &Incoming) -> bool {
    face.fixed.iter().all(|(name, value)| {
        let declared = operation.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
        let found = match declared.map(|parameter| parameter.place) {
            Some(Place::Query) => incoming.query(name),
            Some(_) => incoming.header(name),
            None => incoming.query(name).or_else(|| incoming.header(name)),
        };
        found == Some(value)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::document::Document;
    use http::{HeaderMap, HeaderName, Method};
    use serde_json::json;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Incoming {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        Incoming::new(Method::GET, uri.parse().unwrap(), headers, bytes::Bytes::new())
    }

    #[test]
    fn any_alternative_will_do() {
        let header = Scheme::Key { place: Place::Header, name: "x-api-key".into() };
        let query = Scheme::Key { place: Place::Query, name: "key".into() };
        let cookie = Scheme::Key { place: Place::Cookie, name: "session".into() };
        let any = vec![vec![Scheme::Bearer], vec![header], vec![query], vec![cookie]];
        assert!(allowed(&any, &request("/", &[("authorization", "bearer k")]), "k"));
        assert!(allowed(&any, &request("/", &[("x-api-key", "k")]), "k"));
        assert!(allowed(&any, &request("/?key=k", &[]), "k"));
        assert!(allowed(&any, &request("/", &[("cookie", "session=anything")]), "k"));
        assert!(!allowed(&any, &request("/", &[]), "k"));
        assert!(!allowed(&any, &request("/", &[("authorization", "Bearer other")]), "k"));
        assert!(allowed(&[], &request("/", &[]), "k"));
    }

    #[test]
    fn the_face_is_the_one_that_the_request_asks_for() {
        let document = json!({
            "paths": {"/m": {"get": {
                "operationId": "m_list", "tags": ["m"], "security": [{"b": []}, {"x": []}], "responses": {},
                "parameters": [{"name": "version", "in": "header", "schema": {"type": "string"}}],
                "x-faces": [
                    {"method": "list", "security": [{"b": []}]},
                    {"method": "list_x", "security": [{"x": []}], "fixed": {"version": "1"}}]}}},
            "components": {"securitySchemes": {
                "b": {"type": "http", "scheme": "bearer"}, "x": {"type": "apiKey", "in": "header", "name": "x-key"}}}});
        let document = Document::parse(&document.to_string()).unwrap();
        let chosen = |headers: &[(&str, &str)]| {
            let found = face(&document.operations[0], &request("/m", headers), "k").ok().unwrap();
            found.unwrap().id.clone()
        };
        assert_eq!(chosen(&[("authorization", "Bearer k")]), "m_list");
        assert_eq!(chosen(&[("x-key", "k"), ("version", "1")]), "m_list_x");
        assert_eq!(chosen(&[("authorization", "Bearer k"), ("version", "1")]), "m_list");
        assert_eq!(chosen(&[("x-key", "k")]), "m_list");
    }
}
