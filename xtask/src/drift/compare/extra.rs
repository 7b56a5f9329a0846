//! What the documents have and no page shows any more. A schema is judged when every page that it comes from was read, and
//! one of them lists its members; an example of a page is judged by that page alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use octopusx_codegen::load::unescape;

use super::super::documents::{Operation, Parameter, System, pages_of};
use super::super::model::Page;
use super::super::report::{Finding, Kind};
use super::{Comparison, Seen, examples};
use crate::places;

/// Looks at one document; `pages` are those that were read.
pub(crate) fn check(system: &System, pages: &BTreeMap<&str, (&Page, &Seen)>, findings: &mut Vec<Finding>) {
    let reach = Reach::of(system, pages);
    let mut extra = Extra { system, pages, findings };
    for (leaf, from) in &reach.schemas {
        extra.schema(leaf, from);
    }
    for (list, from) in &reach.words {
        extra.values(list, from);
    }
    for operation in &system.operations {
        extra.parameters(operation);
        extra.examples(operation);
    }
}

/// Which pages describe which schemas, and which lists of words.
struct Reach {
    schemas: BTreeMap<String, BTreeSet<String>>,
    words: BTreeMap<String, BTreeSet<String>>,
}

impl Reach {
    fn of(system: &System, pages: &BTreeMap<&str, (&Page, &Seen)>) -> Self {
        let mut reach = Self { schemas: BTreeMap::new(), words: BTreeMap::new() };
        // What no page lists is not judged.
        let listed: HashSet<&String> = pages.values().flat_map(|(_, seen)| &seen.listed).collect();
        let valued: HashSet<&String> = pages.values().flat_map(|(_, seen)| &seen.valued).collect();
        for operation in &system.operations {
            for id in &operation.pages {
                let bodies = match pages.get(id.as_str()) {
                    Some((page, _)) => Comparison::new(system, id, page).branches(operation),
                    // A page that was not read may describe any of them, unless its examples say which.
                    None => {
                        let named: Vec<String> = operation
                            .bodies
                            .iter()
                            .filter(|branch| branch.pages.contains(id))
                            .map(|branch| branch.pointer.clone())
                            .collect();
                        if named.is_empty() {
                            operation.bodies.iter().map(|branch| branch.pointer.clone()).collect()
                        } else {
                            named
                        }
                    }
                };
                for root in bodies.iter().chain(&operation.answers) {
                    let below = system.below(root);
                    for leaf in below.0.iter().filter(|leaf| listed.contains(leaf)) {
                        reach.schemas.entry(leaf.clone()).or_default().insert(id.clone());
                    }
                    for list in below.1.iter().filter(|list| valued.contains(list)) {
                        reach.words.entry(list.clone()).or_default().insert(id.clone());
                    }
                }
            }
        }
        reach
    }
}

struct Extra<'a> {
    system: &'a System,
    pages: &'a BTreeMap<&'a str, (&'a Page, &'a Seen)>,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Extra<'a> {
    /// The pages, when all of them were read.
    fn all<'b>(&self, ids: impl Iterator<Item = &'b String>) -> Option<Vec<(&'b String, &'a Page, &'a Seen)>> {
        let pages = self.pages;
        ids.map(|id| pages.get(id.as_str()).map(|(page, seen)| (id, *page, *seen))).collect()
    }

    fn schema(&mut self, leaf: &str, from: &BTreeSet<String>) {
        let Some(pages) = self.all(from.iter()) else { return };
        let Some(lister) = pages.iter().find(|(_, _, seen)| seen.listed.contains(leaf)).map(|(id, ..)| *id) else { return };
        for (name, pointer) in self.system.properties(leaf) {
            let shown = pages.iter().any(|(_, page, seen)| seen.shown.contains(&pointer) || page.words.contains(&name));
            if !shown {
                let what = "the document has it, no page shows it";
                self.add(Kind::FieldExtra, lister, subject(&pointer), what.to_owned(), &pointer);
            }
        }
    }

    fn values(&mut self, list: &str, from: &BTreeSet<String>) {
        let Some(pages) = self.all(from.iter()) else { return };
        let Some(lister) = pages.iter().find(|(_, _, seen)| seen.valued.contains(list)).map(|(id, ..)| *id) else { return };
        let words = self.system.document.at(list).and_then(serde_json::Value::as_array).into_iter().flatten();
        let text = |word: &serde_json::Value| word.as_str().map_or_else(|| word.to_string(), str::to_owned);
        let unnamed: Vec<String> = words
            .filter(|word| !word.is_null())
            .map(text)
            .filter(|word| !pages.iter().any(|(_, page, _)| page.tokens.contains(word)))
            .collect();
        if !unnamed.is_empty() {
            let told = unnamed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            self.add(Kind::Values, lister, subject(list), format!("the document knows {told}, no page names that"), list);
        }
    }

    fn parameters(&mut self, operation: &Operation) {
        let Some(pages) = self.all(operation.pages.iter()).filter(|pages| !pages.is_empty()) else { return };
        for parameter in &operation.parameters {
            let in_path = parameter.side == super::Side::Path;
            let shown = pages.iter().any(|(_, page, seen)| seen.shown.contains(&parameter.pointer) || names(page, parameter));
            if !in_path && !shown && !self.system.is_unchecked(&parameter.name) {
                let subject = format!("{} {} {} {}", operation.method, operation.path, parameter.side, parameter.name);
                let what = "the document has it, no page shows it".to_owned();
                self.add(Kind::FieldExtra, pages[0].0, subject, what, &parameter.pointer);
            }
        }
    }

    /// What the document's example of a page shows, and the page does not.
    fn examples(&mut self, operation: &Operation) {
        let document = &self.system.document;
        let Some(place) = places::Place::at(document, &operation.pointer) else { return };
        let answers = places::answers(document, &place);
        let media =
            places::body(document, &place).into_iter().chain(answers.iter().flat_map(|(_, answer)| places::media(answer)));
        for media in media {
            let Some(schema) = media.place.member("schema") else { continue };
            for example in media.examples(document) {
                // What the examples of other operations show is not laid against this page.
                let from: Vec<String> = pages_of(example.value).filter(|page| operation.pages.contains(page)).collect();
                let Some(pages) = self.all(from.iter()).filter(|pages| !pages.is_empty()) else { continue };
                let root =
                    example.text("x-schema").map_or_else(|| schema.pointer.clone(), |name| format!("/components/schemas/{name}"));
                let Some(value) = example.value.get("value") else { continue };
                let shown = self.shown_by(&example.pointer, root, value);
                let gone = |pointer: &String| {
                    let name = pointer.rsplit('/').next().map(unescape).unwrap_or_default();
                    !pages.iter().any(|(_, page, seen)| seen.shown.contains(pointer) || page.words.contains(&name))
                };
                let gone: Vec<String> =
                    shown.iter().filter(|pointer| pointer.contains("/properties/") && gone(pointer)).cloned().collect();
                for pointer in gone {
                    let what = "the document's example of this page shows it, the page does not".to_owned();
                    self.add(Kind::FieldExtra, &from[0], subject(&pointer), what, &pointer);
                }
            }
        }
    }

    fn shown_by(&self, example: &str, root: String, value: &serde_json::Value) -> Rc<BTreeSet<String>> {
        let key = format!("{example} {root}");
        if let Some(known) = self.system.shown.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut shown = BTreeSet::new();
        examples::show(self.system, &[root], value, &mut shown);
        let shown = Rc::new(shown);
        self.system.shown.borrow_mut().insert(key, Rc::clone(&shown));
        shown
    }

    fn add(&mut self, kind: Kind, page: &str, subject: String, what: String, pointer: &str) {
        let same = |known: &Finding| known.kind == kind && known.subject == subject && known.pointer == pointer;
        if !self.findings.iter().any(same) {
            let file = self.system.document.file_of(pointer).to_path_buf();
            let (page, pointer) = (page.to_owned(), pointer.to_owned());
            self.findings.push(Finding { kind, page, subject, what, file, pointer, addition: None });
        }
    }
}

/// Whether a page names a parameter anywhere, as in the address or a header of a call.
fn names(page: &Page, parameter: &Parameter) -> bool {
    let in_address = format!("{}=", parameter.name);
    let is_named = |token: &String| match parameter.side {
        super::Side::Header => token.eq_ignore_ascii_case(&parameter.name),
        _ => token.contains(&in_address),
    };
    page.words.contains(&parameter.name) || page.tokens.iter().any(is_named)
}

/// `Schema.member` of a pointer.
fn subject(pointer: &str) -> String {
    let rest = pointer.strip_prefix("/components/schemas/").unwrap_or(pointer);
    rest.replace("/properties/", ".").trim_end_matches("/enum").trim_end_matches("/x-extensible-enum").to_owned()
}
