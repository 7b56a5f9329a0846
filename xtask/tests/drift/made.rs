//! A documentation site made from our own documents: every page of the list, with all that the documents say of it.
//!
//! A page is first a [`Spec`], so that a test can change one fact of it, and is then written in one of three forms.

mod markdown;
mod openapi;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::documents::{Branch, Operation, System, pages_of};
use super::super::lock::Lock;
use super::super::model::Side;
use super::super::parse::routes::placeholders;
use super::super::site::{Site, Text};
use super::super::types::{Kind, Types};
use crate::places;

/// Fields are listed this deep.
const DEEPEST: usize = 2;

/// One page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    pub id: String,
    pub title: String,
    pub description: String,
    pub operations: Vec<Op>,
    /// Routes named in passing.
    pub mentions: Vec<String>,
    pub models: Vec<String>,
    /// Where the page stands in the site: which traps it holds depends on it.
    pub nth: usize,
    pub in_index: bool,
    pub url: String,
    /// Words at the end of the page.
    pub prose: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Op {
    pub method: String,
    pub path: String,
    pub parameters: Vec<Item>,
    pub body: Vec<Item>,
    pub answer: Vec<Item>,
    pub requests: Vec<Value>,
    pub answers: Vec<(u16, Value)>,
    pub events: Vec<Value>,
    pub is_form: bool,
    /// The schema of the body that this page describes, by its name.
    pub schemas: Option<String>,
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub side: Side,
    pub name: String,
    pub types: Types,
    pub required: Option<bool>,
    pub default: Option<String>,
    pub values: Vec<String>,
    pub inner: Vec<Item>,
}

/// The form of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Written,
    OpenApi,
    Text,
}

impl Spec {
    /// The page in a form; one that a form can't hold is written by hand.
    pub fn text(&self, style: Style) -> String {
        match style {
            Style::OpenApi if self.fits_openapi() => openapi::page(self),
            Style::Text if self.fits_text() => text::page(self),
            _ => markdown::page(self),
        }
    }

    pub fn fits_openapi(&self) -> bool {
        self.operations.len() == 1 && self.id.starts_with("en/") && !self.operations[0].path.contains("realtime")
    }

    pub fn fits_text(&self) -> bool {
        self.operations.len() == 1 && !self.operations[0].path.contains("realtime")
    }
}

/// All pages of the lock.
pub fn specs(systems: &[System], lock: &Lock) -> Vec<Spec> {
    let spec = |(nth, line): (usize, &super::super::lock::Line)| {
        let system = systems.iter().find(|system| system.pages.contains(&line.id)).unwrap();
        let mut spec = spec(system, &line.id);
        spec.nth = nth;
        spec.in_index = line.indexed;
        spec.url.clone_from(&line.url);
        spec
    };
    lock.lines.iter().enumerate().map(spec).collect()
}

fn spec(system: &System, id: &str) -> Spec {
    let own = system.operations.iter().filter(|operation| operation.pages.iter().any(|page| page == id));
    let operations: Vec<Op> = own.map(|operation| op(system, operation, id)).collect();
    let title = id.rsplit('/').next().unwrap_or(id).replace('-', " ");
    // An overview names routes that other pages describe.
    let mentions = if operations.is_empty() {
        let all = system.operations.iter().filter(|operation| !operation.pages.is_empty());
        all.step_by(7).map(|operation| format!("{} {}", operation.method, operation.path)).collect()
    } else {
        Vec::new()
    };
    let description = match operations.first() {
        Some(op) => format!("Use `{} {}` for {title}.", op.method, op.path),
        None => format!("All about {title}."),
    };
    let named = |item: &&Item| item.name == "model";
    let models = operations.iter().flat_map(|op| op.body.iter().filter(named)).flat_map(|item| item.values.clone()).collect();
    Spec { id: id.to_owned(), title, description, operations, mentions, models, ..Spec::default() }
}

fn op(system: &System, operation: &Operation, id: &str) -> Op {
    let branch = branch(operation, id);
    let body = branch.map(|branch| items(system, std::slice::from_ref(&branch.pointer), Side::Body, 0)).unwrap_or_default();
    let answer = items(system, &operation.answers, Side::Answer, 0);
    let parameters =
        operation.parameters.iter().filter(|parameter| parameter.side == Side::Path || !system.is_unchecked(&parameter.name));
    let parameters = parameters.map(|parameter| {
        let (types, values) = facts(system, &format!("{}/schema", parameter.pointer));
        let required = Some(parameter.required || placeholders(&operation.path).contains(&parameter.name.as_str()));
        Item { side: parameter.side, name: parameter.name.clone(), types, required, default: None, values, inner: Vec::new() }
    });
    let mut op = Op {
        method: operation.method.clone(),
        path: operation.path.clone(),
        parameters: parameters.collect(),
        body,
        answer,
        ..Op::default()
    };
    examples(system, operation, id, branch, &mut op);
    let name = |pointer: &str| pointer.strip_prefix("/components/schemas/").map(str::to_owned);
    op.schemas = branch.and_then(|branch| name(&branch.pointer));
    op
}

/// The schema of the body that a page describes: the one its examples stand for, else one that no page describes.
fn branch<'a>(operation: &'a Operation, id: &str) -> Option<&'a Branch> {
    let own = operation.bodies.iter().find(|branch| branch.pages.contains(id));
    own.or_else(|| operation.bodies.iter().find(|branch| branch.pages.is_empty())).or_else(|| operation.bodies.first())
}

fn facts(system: &System, pointer: &str) -> (Types, Vec<String>) {
    let mut types = system.types(pointer);
    if types.kinds.contains(&Kind::Any) {
        types = Types::of(Kind::Any);
    }
    let values = system.words(pointer).into_iter().flat_map(|(_, words)| words).collect::<BTreeSet<_>>();
    (types, values.into_iter().collect())
}

fn items(system: &System, schemas: &[String], side: Side, depth: usize) -> Vec<Item> {
    let leaves = system.leaves(schemas);
    let mut names: Vec<String> = Vec::new();
    for (name, _) in leaves.iter().flat_map(|leaf| system.properties(leaf)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let item = |name: String| {
        let properties = system.property(schemas, &name);
        let pointers: Vec<String> = properties.iter().map(|property| property.pointer.clone()).collect();
        let mut types = Types::default();
        let mut values = BTreeSet::new();
        for pointer in &pointers {
            let (own, words) = facts(system, pointer);
            types.join(own);
            values.extend(words);
        }
        if types.kinds.contains(&Kind::Any) {
            types = Types::of(Kind::Any);
        }
        let required = (side == Side::Body).then(|| properties.iter().any(|property| property.required));
        let default = pointers.iter().find_map(|pointer| default(system.description(pointer)));
        let inner = if depth < DEEPEST { items(system, &pointers, side, depth + 1) } else { Vec::new() };
        Item { side, name, types, required, default, values: values.into_iter().collect(), inner }
    };
    names.into_iter().map(item).collect()
}

/// A number that a description calls the default.
fn default(description: &str) -> Option<String> {
    let before = description.split(" by default").next().filter(|before| before.len() < description.len())?;
    let word = before.rsplit(' ').next()?.trim_matches(['`', ',', '(']);
    word.chars().all(|at| at.is_ascii_digit()).then(|| word.to_owned())
}

fn examples(system: &System, operation: &Operation, id: &str, branch: Option<&Branch>, op: &mut Op) {
    let document = &system.document;
    let Some(place) = places::Place::at(document, &operation.pointer) else { return };
    for media in places::body(document, &place) {
        for example in media.examples(document) {
            let named = example.text("x-schema").map(|name| format!("/components/schemas/{name}"));
            let of_branch = named.is_none_or(|named| branch.is_some_and(|branch| branch.pointer == named));
            let of_page = pages_of(example.value).any(|page| page == id);
            if let (true, true, Some(value)) = (of_page, of_branch, example.value.get("value")) {
                op.is_form = media.name.starts_with("multipart/");
                op.requests.push(value.clone());
            }
        }
    }
    for (status, answer) in places::answers(document, &place) {
        for media in places::media(&answer).into_iter().filter(|media| !media.is_binary()) {
            for example in media.examples(document) {
                let of_page = pages_of(example.value).any(|page| page == id);
                let Some(value) = example.value.get("value").filter(|_| of_page) else { continue };
                if media.name == "text/event-stream" {
                    op.events.push(value.clone());
                } else {
                    op.answers.push((status.parse().unwrap_or(400), value.clone()));
                }
            }
        }
    }
}

/// The index of these pages.
pub fn index(specs: &[Spec], between: &str) -> String {
    let entry = |spec: &&Spec| format!("- [{}]({}): {}", spec.title, spec.url, spec.description);
    let listed: Vec<String> = specs.iter().filter(|spec| spec.in_index).map(|spec| entry(&spec)).collect();
    let head = ["# Made API", "> What it is.", "## Docs"].join(between);
    let rest = ["## OpenAPI Specs", "- [openapi](https://doc.octopusx.ai/openapi.json)"].join(between);
    [head, listed.join(between), rest].join(between)
}

/// The site of these pages, each in the form that `style` chooses for it.
pub fn site(specs: &[Spec], style: impl Fn(&Spec) -> Style) -> Site {
    let pages: BTreeMap<String, Text> = specs.iter().map(|spec| (spec.id.clone(), Text::Whole(spec.text(style(spec))))).collect();
    Site::made(&index(specs, "\n"), pages)
}
