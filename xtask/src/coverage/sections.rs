//! What each section of a document holds, in numbers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use octopusx_codegen::load::Document;
use serde_json::{Value, json};

use super::pages::pages_of;
use crate::members::{shown, undeclared};
use crate::places::{self, Place};

/// The name of the section that stands in root.yaml.
const COMMON: &str = "common";

/// One section.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pages: BTreeSet<String>,
    operations: usize,
    pub(super) fields: usize,
    /// As `Schema.property`.
    unshown: Vec<String>,
    pub(super) documented: usize,
    pub(super) constructed: usize,
}

/// All sections of a document, by name.
#[derive(Debug)]
pub(super) struct Sections(BTreeMap<String, Section>);

impl Sections {
    pub(super) fn of(document: &Document) -> Self {
        let mut sections = Self(BTreeMap::new());
        sections.count_operations(document);
        sections.count_examples(document);
        sections.count_fields(document);
        sections
    }

    fn count_operations(&mut self, document: &Document) {
        for operation in places::operations(document) {
            let section = self.at(document, &operation.pointer);
            section.operations += 1;
            section.pages.extend(pages_of(operation.value).map(str::to_owned));
        }
        let root = Place { pointer: String::new(), value: document.root() };
        for tag in root.items_of("tags") {
            let section = self.0.entry(tag.text("name").unwrap_or(COMMON).to_owned()).or_default();
            section.pages.extend(pages_of(tag.value).map(str::to_owned));
        }
    }

    fn count_examples(&mut self, document: &Document) {
        for example in places::all_examples(document) {
            let section = self.at(document, &example.pointer);
            if example.value.get("x-example").is_some() {
                section.constructed += 1;
            } else {
                section.documented += 1;
            }
        }
    }

    fn count_fields(&mut self, document: &Document) {
        let shown = shown_properties(document);
        let schemas = Place::at(document, "/components/schemas").map(|all| all.members()).unwrap_or_default();
        for (name, schema) in schemas {
            let section = self.at(document, &schema.pointer);
            for (property, place) in schema.members_of("properties") {
                section.fields += 1;
                if !shown.contains(&std::ptr::from_ref(place.value)) {
                    section.unshown.push(format!("{name}.{property}"));
                }
            }
        }
    }

    /// The section that a part of the document stands in: the folder of its file.
    fn at(&mut self, document: &Document, pointer: &str) -> &mut Section {
        let folder = document.file_of(pointer).parent();
        let own = folder.filter(|folder| document.files().first().is_none_or(|root| root.parent() != Some(folder)));
        let name = own.and_then(std::path::Path::file_name).map(|name| name.to_string_lossy().into_owned());
        self.0.entry(name.unwrap_or_else(|| COMMON.to_owned())).or_default()
    }

    /// All sections together; a page that several name counts once.
    pub(super) fn total(&self) -> Section {
        let mut total = Section::default();
        for section in self.0.values() {
            total.pages.extend(section.pages.iter().cloned());
            total.operations += section.operations;
            total.fields += section.fields;
            total.unshown.extend(section.unshown.iter().cloned());
            total.documented += section.documented;
            total.constructed += section.constructed;
        }
        total
    }

    /// Every field that no example shows, behind its section.
    pub(super) fn unshown(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(name, section)| section.unshown.iter().map(move |field| format!("{name}: {field}")))
    }
}

/// The properties that examples show, each as the address of its schema in the document.
fn shown_properties(document: &Document) -> HashSet<*const Value> {
    let mut found = HashSet::new();
    each_example(document, |schema, _, value| {
        found.extend(shown(document, schema, value).into_iter().map(std::ptr::from_ref));
    });
    found
}

/// The examples of a page of which the document's schema has no place for a member: reading would lose it.
pub(super) fn losing(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    each_example(document, |schema, example, value| {
        let documented = example.value.get("x-example").is_none();
        if documented && !undeclared(document, schema, value).is_empty() && !found.contains(&example.pointer) {
            found.push(example.pointer.clone());
        }
    });
    found
}

/// Every example that has a value, with the schema that it stands for.
fn each_example(document: &Document, mut visit: impl FnMut(&Value, &Place<'_>, &Value)) {
    let mut note = |schema: &Value, example: &Place<'_>| {
        let branch = example.text("x-schema").map(reference);
        if let Some(value) = example.value.get("value") {
            visit(branch.as_ref().unwrap_or(schema), example, value);
        }
    };
    for media in places::all_media(document).iter().filter(|media| !media.is_binary()) {
        if let Some(schema) = media.place.value.get("schema") {
            media.examples(document).iter().for_each(|example| note(schema, example));
        }
    }
    for side in places::operations(document).iter().flat_map(|operation| places::sides(document, operation)) {
        let schema = reference(side.schema.value.as_str().unwrap_or_default());
        side.examples.iter().for_each(|example| note(&schema, example));
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

impl fmt::Display for Sections {
    /// A table with a head, a line for each section, and one for all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.0.keys().map(String::len).max().unwrap_or_default().max("section".len());
        writeln!(
            f,
            "  {:<widest$}  {:>5}  {:>10}  {:>6}  {:>9}  {:>10}  {:>11}",
            "section", "pages", "operations", "fields", "not shown", "documented", "constructed"
        )?;
        let mut row = |name: &str, section: &Section| {
            let Section { pages, operations, fields, unshown, documented, constructed } = section;
            let (pages, unshown) = (pages.len(), unshown.len());
            writeln!(
                f,
                "  {name:<widest$}  {pages:>5}  {operations:>10}  {fields:>6}  {unshown:>9}  {documented:>10}  {constructed:>11}"
            )
        };
        self.0.iter().try_for_each(|(name, section)| row(name, section))?;
        row("all", &self.total())
    }
}
