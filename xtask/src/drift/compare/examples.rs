//! Examples that a page shows: whether they still fit, and what they show of the documents.

use octopusx_codegen::load::escape;
use serde_json::{Value, json};

use super::super::documents::{Operation, System};
use super::super::model::{Example, Side};
use super::super::report::Kind;
use super::{Comparison, find};
use crate::lint::json_schema::Misfit;
use crate::members::undeclared;

/// An example laid against one schema.
struct Fit {
    schema: String,
    problems: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn example(&mut self, example: &Example, documented: &[Option<&'a Operation>]) {
        let (system, page) = (self.system, self.page);
        let called = example.route.as_ref().and_then(|route| find(system, route, true));
        let own =
            || example.routes.iter().filter_map(|at| documented.get(*at).copied().flatten()).collect::<Vec<&'a Operation>>();
        let mut targets: Vec<&'a Operation> = called.map_or_else(own, |operation| vec![operation]);
        if targets.is_empty() && example.route.is_none() {
            targets = documented.iter().copied().flatten().collect();
            if targets.is_empty() {
                targets = self.own_operations().collect();
            }
        }
        let mut schemas: Vec<String> = Vec::new();
        for operation in &targets {
            if example.side != Some(Side::Answer) {
                schemas.extend(self.branches(operation));
            }
            if example.side != Some(Side::Body) {
                // A failure may have the shape of any answer, and what looks like one may be a success.
                let (first, second) = if example.failed {
                    (&operation.failures, &operation.answers)
                } else {
                    (&operation.answers, &operation.failures)
                };
                schemas.extend(first.iter().chain(second).cloned());
            }
        }
        let mut best: Option<Fit> = None;
        for schema in schemas {
            let problems = if example.is_form {
                form_problems(system, &schema, &example.value)
            } else {
                problems(system, &schema, &example.value)
            };
            if best.as_ref().is_none_or(|known| problems.len() < known.problems.len()) {
                best = Some(Fit { schema, problems });
            }
        }
        let Some(Fit { schema, problems }) = best else { return };
        let seen = &mut self.compared.seen.shown;
        show(system, std::slice::from_ref(&schema), &example.value, seen);
        if let (Some(first), Some(operation)) = (problems.first(), targets.first()) {
            let nth = page.examples.iter().position(|each| std::ptr::eq(each, example)).unwrap_or_default() + 1;
            let side = match example.side {
                Some(Side::Body) => "request",
                Some(_) => "answer",
                None => "JSON",
            };
            let subject = format!("{} {} example {nth}", operation.method, operation.path);
            self.add(Kind::Example, subject, format!("a {side} that the page shows does not fit: {first}"), &schema, None);
        }
    }
}

/// All that is wrong with a value.
fn problems(system: &System, schema: &str, value: &Value) -> Vec<String> {
    let reference = json!({"$ref": format!("#{schema}")});
    // Only named schemas are known to the validators by reference; others are taken as they stand.
    let named = schema.matches('/').count() == 3 && schema.starts_with("/components/schemas/");
    let written = if named { reference } else { system.document.at(schema).cloned().unwrap_or(Value::Null) };
    let mut found: Vec<String> = match system.validators.borrow_mut().misfits(&written, value) {
        Ok(misfits) => misfits
            .into_iter()
            .filter_map(|misfit| match misfit {
                Misfit::Value { pointer, what, .. } => Some(format!("{what} at `{pointer}`")),
                Misfit::Ambiguous { .. } => None,
            })
            .collect(),
        Err(why) => vec![why],
    };
    found.extend(
        undeclared(&system.document, &written, value).into_iter().map(|member| format!("`{}` is not declared", member.pointer)),
    );
    found
}

/// A form carries texts, so only the names can be wrong.
fn form_problems(system: &System, schema: &str, value: &Value) -> Vec<String> {
    let names = value.as_object().into_iter().flat_map(|members| members.keys());
    let unknown = names.filter(|name| system.property(&[schema.to_owned()], name).is_empty());
    unknown.map(|name| format!("`/{}` is not declared", escape(name))).collect()
}

/// Adds the pointers of the members that a value shows.
pub(super) fn show(system: &System, schemas: &[String], value: &Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let pointers: Vec<String> = system.property(schemas, name).into_iter().map(|property| property.pointer).collect();
                show(system, &pointers, member, found);
                found.extend(pointers);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| show(system, schemas, item, found)),
        _ => {}
    }
}
