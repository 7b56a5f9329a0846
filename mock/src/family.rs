//! Which of the documented examples belong together. Vendors share routes and answer differently there; what one vendor
//! is asked and what it answers stands on pages of one folder, or has the same name in the document.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Chosen, Example, Media};
use crate::schema::{Schema, Schemas};

/// What the examples of requests like a given one have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Family {
    /// Of the pages that show them.
    folders: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Family {
    /// The family of a body that came in a documented media type. In a union its branch is the one that it fits best.
    pub(crate) fn of(schemas: &Schemas, chosen: Chosen<'_>, media: &Media, body: &Value) -> Result<Self, String> {
        let by_face = chosen.face.and_then(|face| face.body.as_ref());
        let schema = match by_face {
            Some(schema) => Some(schema),
            None => nearest(schemas, media, body)?,
        };
        let name = schema.and_then(Schema::name);
        let of_schema = |example: &&Example| example.schema.as_deref().is_none_or(|own| name.is_none_or(|name| name == own));
        let like = || media.examples.iter().filter(of_schema);
        let folders = like().flat_map(|example| &example.pages).map(|page| folder(page).to_owned());
        Ok(Self { folders: folders.collect(), names: like().filter_map(|example| example.name.clone()).collect() })
    }

    /// Whether an example belongs to such requests.
    pub(crate) fn knows(&self, example: &Example) -> bool {
        let beside = example.pages.iter().any(|page| self.folders.contains(folder(page)));
        beside || example.name.as_ref().is_some_and(|name| self.names.contains(name))
    }
}

fn folder(page: &str) -> &str {
    page.rsplit_once('/').map_or(page, |(folder, _)| folder)
}

/// Of the schemas that a body fits the one with an example that says most of the same, then the one that knows most of
/// its members, then the first.
fn nearest<'m>(schemas: &Schemas, media: &'m Media, body: &Value) -> Result<Option<&'m Schema>, String> {
    let mut best = None;
    for schema in media.variants() {
        let own = media.examples.iter().filter(|example| example.schema.as_deref() == schema.name());
        let alike = own.map(|example| equal_members(&example.value, body)).max();
        let score = (schema.complaints(schemas, body)?.is_empty(), alike, schemas.known_members(schema, body));
        if best.as_ref().is_none_or(|(_, best)| score > *best) {
            best = Some((schema, score));
        }
    }
    Ok(best.map(|(schema, _)| schema))
}

fn equal_members(one: &Value, other: &Value) -> usize {
    let members = one.as_object().into_iter().flatten();
    members.filter(|(name, value)| other.get(name) == Some(value)).count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::document::Document;
    use serde_json::json;

    fn folders(body: Value) -> Vec<String> {
        let example = |schema: &str, page: &str, value: Value| json!({"x-schema": schema, "x-docs": page, "value": value});
        let examples = json!({
            "plain": example("Plain", "en/films/plain", json!({"model": "p-1", "prompt": "x"})),
            "silver": example("Silver", "en/films/silver/make", json!({"model": "s-1", "prompt": "x"})),
            "made": {"x-schema": "Silver", "value": {"model": "s-1", "prompt": "y", "tone": "dark"}},
            "list": example("List", "en/films/list/make", json!({"model": "l-1", "content": []}))});
        let branches: Vec<Value> =
            ["Plain", "Silver", "List"].iter().map(|name| json!({"$ref": format!("#/components/schemas/{name}")})).collect();
        let schema =
            |required: Value, properties: Value| json!({"type": "object", "required": required, "properties": properties});
        let root = json!({
            "paths": {"/f": {"post": {
                "operationId": "f_make", "responses": {}, "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Any"}, "examples": examples}}}}}},
            "components": {"schemas": {
                "Any": {"anyOf": branches},
                "Plain": schema(json!(["prompt"]), json!({"prompt": {}, "model": {}})),
                "Silver": schema(json!(["prompt"]), json!({"prompt": {}, "model": {}, "tone": {}})),
                "List": schema(json!(["content"]), json!({"content": {"type": "array"}, "model": {}}))}}});
        let document = Document::parse(&root.to_string()).map_err(|error| error.to_string()).unwrap();
        let operation = &document.operations[0];
        let media = &operation.body.as_ref().unwrap().media[0];
        let family = Family::of(&document.schemas, Chosen { operation, face: None }, media, &body).unwrap();
        family.folders.into_iter().collect()
    }

    #[test]
    fn a_body_belongs_to_the_pages_of_the_branch_that_it_fits_best() {
        assert_eq!(folders(json!({"model": "x", "prompt": "a"})), ["en/films"]);
        assert_eq!(folders(json!({"model": "s-1", "prompt": "a"})), ["en/films/silver"]);
        assert_eq!(folders(json!({"model": "x", "prompt": "a", "tone": "bright"})), ["en/films/silver"]);
        assert_eq!(folders(json!({"model": "s-1", "content": []})), ["en/films/list"]);
    }

    #[test]
    fn an_example_is_known_by_its_folder_or_its_name() {
        let family = Family { folders: ["en/films/silver".to_owned()].into(), names: ["silver".to_owned()].into() };
        let example = |pages: &[&str], name: &str| {
            let pages = pages.iter().map(|&page| page.to_owned()).collect();
            Example { pages, name: Some(name.to_owned()), ..Example::default() }
        };
        assert!(family.knows(&example(&["en/tasks/overview", "en/films/silver/query"], "waiting")));
        assert!(family.knows(&example(&[], "silver")));
        assert!(!family.knows(&example(&["en/films/silver"], "waiting")));
    }
}
