//! The list of documentation pages, and who names each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use octopusx_codegen::Problem;
use octopusx_codegen::load::Document;
use serde_json::Value;

use crate::places::{self, Place};

/// The pages of a list file.
pub(super) struct Pages {
    file: PathBuf,
    /// In the order of the file; whether the page stands in the index.
    listed: Vec<(String, bool)>,
    /// Page → the operations and tags that name it.
    named: BTreeMap<String, BTreeSet<String>>,
}

impl Pages {
    /// Reads a file of one page a line: `+` marks a page that stands in no index, `#` begins a comment.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let page = |line: &str| match line.strip_prefix('+') {
            Some(page) => (page.trim().to_owned(), false),
            None => (line.to_owned(), true),
        };
        Ok(Self { file: file.to_path_buf(), listed: lines.map(page).collect(), named: BTreeMap::new() })
    }

    /// Notes who names which page in a document, and returns what names a page that is not listed.
    pub(super) fn note(&mut self, document: &Document) -> Vec<Problem> {
        for operation in places::operations(document) {
            self.note_names(&operation, operation.text("operationId").unwrap_or_default().to_owned());
        }
        let whole = Place { pointer: String::new(), value: document.root() };
        for tag in whole.items_of("tags") {
            self.note_names(&tag, format!("tag {}", tag.text("name").unwrap_or_default()));
        }
        let mut problems = Vec::new();
        places::visit(&whole, &mut |place| {
            for page in pages_of(place.value).filter(|page| self.listed.iter().all(|(listed, _)| listed != page)) {
                let what = format!("`{page}` is not listed in openapi/pages.txt");
                let mend = "check the spelling; if the page is new, add it to the list";
                problems.push(document.problem(&format!("{}/x-docs", place.pointer), what, mend));
            }
        });
        problems
    }

    fn note_names(&mut self, place: &Place<'_>, who: String) {
        for page in pages_of(place.value) {
            self.named.entry(page.to_owned()).or_default().insert(who.clone());
        }
    }

    /// The pages of the index that nothing names.
    pub(super) fn missing(&self) -> Vec<Problem> {
        let missing = self.listed.iter().filter(|(page, in_index)| *in_index && !self.named.contains_key(page));
        let problem = |(page, _): &(String, bool)| Problem {
            file: self.file.clone(),
            pointer: String::new(),
            what: format!("no operation or tag names `{page}`"),
            mend: "add it to the `x-docs` of the operations that it describes, or of its section's tag".to_owned(),
        };
        missing.map(problem).collect()
    }

    /// Each page with those who name it.
    pub(super) fn named(&self) -> String {
        let line = |(page, in_index): &(String, bool)| {
            let names: Vec<&str> = self.named.get(page).into_iter().flatten().map(String::as_str).collect();
            let names = if names.is_empty() { "no one".to_owned() } else { names.join(", ") };
            format!("{}{page}: {names}\n", if *in_index { "" } else { "+ " })
        };
        self.listed.iter().map(line).collect()
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: bool| {
            let pages = self.listed.iter().filter(|(_, in_index)| *in_index == wanted);
            (pages.clone().filter(|(page, _)| self.named.contains_key(page)).count(), pages.count())
        };
        let ((named, all), (named_beyond, beyond)) = (count(true), count(false));
        write!(f, "pages that an operation or a tag names: {named} of {all} in the index, {named_beyond} of {beyond} beyond it")
    }
}

/// What `x-docs` of an object holds: one page, or a list.
pub(super) fn pages_of(value: &Value) -> impl Iterator<Item = &str> {
    let listed = match value.get("x-docs") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    listed.iter().filter_map(Value::as_str)
}
