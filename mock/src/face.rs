//! Which of several methods on one path and verb a request asks for.

use crate::auth::allowed;
use crate::document::{Document, Face, Operation, Place};
use crate::request::Incoming;
use crate::tasks::Task;

/// The face that a request asks for; `Err` when the operation has faces and none of them fits. Where nothing in the
/// request tells them apart, the task that it names does.
pub(crate) fn choose<'d>(
    document: &Document,
    operation: &'d Operation,
    incoming: &Incoming,
    key: &str,
    task: Option<&Task>,
) -> Result<Option<&'d Face>, Vec<&'d Face>> {
    if operation.faces.is_empty() {
        return Ok(None);
    }
    let fitting: Vec<&Face> = operation.faces.iter().filter(|face| fixed_fits(operation, face, incoming)).collect();
    let by_key = |face: &&Face| allowed(face.security.as_ref().unwrap_or(&operation.security), incoming, key);
    let mut found: Vec<&Face> = fitting.iter().copied().filter(by_key).collect();
    if found.is_empty() {
        found = fitting;
    }
    // The face that says most about the request; then the one that speaks of the task as it is spoken of elsewhere; of
    // equals the one that the document names first.
    let score = |face: &&&Face| (face.fixed.len(), task.map(|task| kinship(document, operation, face, task)));
    found.iter().rev().max_by_key(score).map(|face| Some(*face)).ok_or_else(|| operation.faces.iter().collect())
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

/// Whether the answer of a face is followed as the task is, and whether its examples stand beside those of the request
/// that made the task.
fn kinship(document: &Document, operation: &Operation, face: &Face, task: &Task) -> (bool, bool) {
    let Some(answer) = face.answer.as_deref() else { return (false, false) };
    let query = document.rule_of(answer).and_then(|rule| rule.query.as_deref());
    let media = operation.answers.iter().flat_map(|answer| &answer.media);
    let mut own = media.flat_map(|media| &media.examples).filter(|example| example.schema.as_deref() == Some(answer));
    (query.is_some() && query == task.query.as_deref(), own.any(|example| task.family.knows(example)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::request::tests::request;
    use serde_json::json;

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
            let found = choose(&document, &document.operations[0], &request("/m", headers), "k", None).ok().unwrap();
            found.unwrap().id.clone()
        };
        assert_eq!(chosen(&[("authorization", "Bearer k")]), "m_list");
        assert_eq!(chosen(&[("x-key", "k"), ("version", "1")]), "m_list_x");
        assert_eq!(chosen(&[("authorization", "Bearer k"), ("version", "1")]), "m_list");
        assert_eq!(chosen(&[("x-key", "k")]), "m_list");
    }
}
