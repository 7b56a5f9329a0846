//! Keeps what the enabled features need.

use std::collections::BTreeSet;

use crate::model::{Api, Kind};

/// The cargo features of the crate that is built.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// All that the crate has; a document may name no other.
    pub known: BTreeSet<String>,
    /// Those that are on.
    pub enabled: BTreeSet<String>,
}

impl Features {
    /// Those that a Cargo.toml lists under `[features]`, all on.
    #[must_use]
    pub fn from_manifest(text: &str) -> Self {
        let section = text.split("\n[features]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or_default();
        let names = section.lines().filter_map(|line| line.split_once(" = [")).map(|(name, _)| name.trim().trim_matches('"'));
        Self::all(names.filter(|name| !name.starts_with('#')))
    }

    /// Every one of these, all on.
    pub fn all<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let known: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        Self { enabled: known.clone(), known }
    }
}

/// Drops the tags whose feature is off, their operations, and the schemas that nothing left refers to.
#[must_use]
pub fn slice(mut api: Api, features: &Features) -> Api {
    api.tags.retain(|tag| features.enabled.contains(&tag.feature));
    let tags: BTreeSet<String> = api.tags.iter().map(|tag| tag.name.clone()).collect();
    api.operations.retain(|operation| tags.contains(&operation.tag));
    let mut needed = BTreeSet::new();
    let mut open: Vec<String> = api.operations.iter().flat_map(|operation| operation.references()).collect();
    while let Some(name) = open.pop() {
        if let Some(schema) = api.schemas.get(&name)
            && needed.insert(name)
        {
            open.extend(schema.references());
        }
    }
    api.schemas.retain(|name, _| needed.contains(name));
    // A task type of another section may name a query that this slice doesn't have.
    let ids: BTreeSet<String> = api
        .operations
        .iter()
        .flat_map(|operation| operation.faces.iter().map(|face| format!("{}_{}", operation.tag, face.method)))
        .collect();
    for schema in api.schemas.values_mut() {
        if let Kind::Object(object) = &mut schema.kind {
            object.task.take_if(|task| !ids.contains(&task.query));
        }
    }
    api
}
