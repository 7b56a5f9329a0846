//! Fields that a page lists: whether the documents have them, and with the same type, mark and values.

use super::super::documents::{Branch, Operation, Property};
use super::super::model::{Field, Side};
use super::super::parse::routes::placeholders;
use super::super::report::{Addition, Kind};
use super::super::types::{Kind as Json, Types};
use super::Comparison;

impl<'a> Comparison<'a> {
    pub(super) fn parameter(&mut self, field: &Field, targets: &[&'a Operation]) {
        let name = field.name();
        if field.side != Side::Path && self.system.is_unchecked(&name) {
            return;
        }
        let own = |operation: &&'a Operation| {
            let found = operation.parameters.iter().find(|parameter| parameter.side == field.side && parameter.name == name);
            found.map(|parameter| (*operation, parameter))
        };
        let Some((operation, parameter)) = targets.iter().find_map(own) else {
            let in_path = targets.iter().any(|operation| placeholders(&operation.path).contains(&name.as_str()));
            if let (Some(operation), false) = (targets.first(), in_path) {
                let what = format!("the page lists it{}, the documents do not have it", told(field));
                self.add(Kind::FieldMissing, subject(operation, field), what, &format!("{}/parameters", operation.pointer), None);
            }
            return;
        };
        for (operation, parameter) in targets.iter().filter_map(own) {
            self.compared.seen.shown.insert(parameter.pointer.clone());
            self.compared.seen.listed.insert(format!("{}/parameters", operation.pointer));
        }
        let schema = format!("{}/schema", parameter.pointer);
        let property = Property { pointer: schema, required: parameter.required };
        self.details(operation, field, &[property]);
    }

    pub(super) fn body(&mut self, field: &Field, targets: &[&'a Operation]) {
        let with_body: Vec<&'a Operation> = targets.iter().copied().filter(|operation| !operation.bodies.is_empty()).collect();
        if with_body.is_empty() {
            // Pages of GET routes write parameters as fields of a body.
            let name = field.name();
            let side = |operation: &&Operation| {
                operation.parameters.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.side)
            };
            let side = targets.iter().find_map(side).unwrap_or(Side::Query);
            return self.parameter(&Field { side, ..field.clone() }, targets);
        }
        self.first_that_has(field, with_body, |fields, operation| {
            let branches = fields.branches(operation);
            fields.system.follow(&branches, &field.path)
        });
    }

    pub(super) fn answer(&mut self, field: &Field, targets: &[&'a Operation]) {
        self.first_that_has(field, targets.iter().copied(), |fields, operation| {
            let answer = fields.system.follow(&operation.answers, &field.path);
            answer.or_else(|parents| fields.system.follow(&operation.failures, &field.path).map_err(|_| parents))
        });
    }

    /// Compares a field with the first operation that has it, and notes every one that does.
    fn first_that_has(
        &mut self,
        field: &Field,
        operations: impl IntoIterator<Item = &'a Operation>,
        follow: impl Fn(&Self, &'a Operation) -> Result<Vec<Property>, Vec<String>>,
    ) {
        let mut found: Option<(&Operation, Vec<Property>)> = None;
        let mut lacking: Option<(&Operation, Vec<String>)> = None;
        for operation in operations {
            match follow(self, operation) {
                Ok(properties) => {
                    self.show(&properties);
                    found.get_or_insert((operation, properties));
                }
                Err(parents) => {
                    lacking.get_or_insert((operation, parents));
                }
            }
        }
        match (found, lacking) {
            (Some((operation, properties)), _) => self.details(operation, field, &properties),
            (None, Some((operation, parents))) => self.missing(operation, field, &parents),
            _ => {}
        }
    }

    /// The schemas of an operation's body that this page describes: those that its examples stand for, else those whose
    /// members are most like the page's.
    pub(super) fn branches(&self, operation: &'a Operation) -> Vec<String> {
        if let Some(known) = self.branches.borrow().get(operation.pointer.as_str()) {
            return known.clone();
        }
        let found = self.likeliest(operation);
        self.branches.borrow_mut().insert(&operation.pointer, found.clone());
        found
    }

    fn likeliest(&self, operation: &Operation) -> Vec<String> {
        let named: Vec<&Branch> = operation.bodies.iter().filter(|branch| branch.pages.contains(self.id)).collect();
        if !named.is_empty() {
            return named.into_iter().map(|branch| branch.pointer.clone()).collect();
        }
        let names: Vec<&String> = self
            .page
            .fields
            .iter()
            .filter(|field| field.side == Side::Body && field.path.len() == 1)
            .map(|field| &field.path[0])
            .collect();
        let likeness = |branch: &Branch| {
            let leaves = self.system.leaves(std::slice::from_ref(&branch.pointer));
            let own: Vec<String> = leaves.iter().flat_map(|leaf| self.system.properties(leaf)).map(|(name, _)| name).collect();
            let both = names.iter().filter(|name| own.contains(name)).count();
            // Shared members for each member that only one side has.
            (both * 1000) / (own.len() + names.len() - both).max(1)
        };
        let best = operation.bodies.iter().map(likeness).max().unwrap_or_default();
        operation.bodies.iter().filter(|branch| likeness(branch) == best).map(|branch| branch.pointer.clone()).collect()
    }

    /// Notes that the page lists these members.
    fn show(&mut self, properties: &[Property]) {
        for Property { pointer, .. } in properties {
            self.compared.seen.shown.insert(pointer.clone());
            let owner = pointer.rsplit_once("/properties/").map_or(pointer.as_str(), |(owner, _)| owner);
            self.compared.seen.listed.insert(owner.to_owned());
        }
    }

    fn missing(&mut self, operation: &Operation, field: &Field, parents: &[String]) {
        let leaves = self.system.leaves(parents);
        let declares = |leaf: &&String| !self.system.properties(leaf).is_empty();
        let Some(schema) = leaves.iter().find(declares).or(leaves.first()) else {
            let what = format!("the page lists it{}, the documents have no {} there", told(field), field.side);
            return self.add(Kind::FieldMissing, subject(operation, field), what, &operation.pointer, None);
        };
        let what = format!("the page lists it{}, the documents do not have it", told(field));
        let depth_fits = self.system.follow(std::slice::from_ref(schema), &field.path[field.path.len() - 1..]).is_err();
        let addable = depth_fits
            && field.required != Some(true)
            && self.system.properties(schema).len() > 1
            && schema.starts_with("/components/schemas/");
        let addition = field.types.clone().filter(|_| addable).map(|types| Addition {
            schema: schema.clone(),
            name: field.path.last().cloned().unwrap_or_default(),
            types,
            values: field.values.clone(),
            system: self.system.name,
        });
        self.add(Kind::FieldMissing, subject(operation, field), what, &format!("{schema}/properties"), addition);
    }

    fn details(&mut self, operation: &Operation, field: &Field, properties: &[Property]) {
        let Some(first) = properties.first() else { return };
        let at = first.pointer.clone();
        if let Some(page) = &field.types {
            let mut own = Types::default();
            properties.iter().for_each(|property| own.join(self.system.types(&property.pointer)));
            let exact = field.side != Side::Answer && own.is_wider_number_than(page);
            if !own.hold(page) || exact {
                let what = format!("the page says {page}, the document {own}");
                self.add(Kind::Type, subject(operation, field), what, &at, None);
            }
        }
        let is_required = properties.iter().any(|property| property.required);
        let is_optional = properties.iter().any(|property| !property.required);
        let required = match (field.side, field.required) {
            (Side::Path, _) | (_, None) => None,
            // An answer is read leniently: what the page promises need not be demanded.
            (Side::Answer, Some(true)) => None,
            (_, Some(true)) => (!is_required).then_some("the page says that it is required, the document that it is not"),
            (_, Some(false)) => (!is_optional).then_some("the page says that it is optional, the document requires it"),
        };
        if let Some(what) = required {
            self.add(Kind::Required, subject(operation, field), what, &at, None);
        }
        self.values(operation, field, properties);
        self.default(operation, field, properties);
    }

    fn values(&mut self, operation: &Operation, field: &Field, properties: &[Property]) {
        if field.values.is_empty() {
            return;
        }
        let lists: Vec<(String, Vec<String>)> =
            properties.iter().flat_map(|property| self.system.words(&property.pointer)).collect();
        for (pointer, _) in &lists {
            self.compared.seen.valued.insert(pointer.clone());
        }
        let Some((pointer, _)) = lists.first() else { return };
        let unknown: Vec<&String> =
            field.values.iter().filter(|value| !lists.iter().any(|(_, words)| words.contains(value))).collect();
        if !unknown.is_empty() {
            let listed = unknown.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
            let what = format!("the page lists {listed}, the document does not know that");
            self.add(Kind::Values, subject(operation, field), what, pointer, None);
        }
    }

    /// The client writes no defaults; where a page names one, the description must do so too.
    fn default(&mut self, operation: &Operation, field: &Field, properties: &[Property]) {
        let Some(default) = field.default.as_deref().filter(|default| !default.is_empty()) else { return };
        let named = |property: &Property| {
            let text = self.system.description(&property.pointer).to_lowercase();
            let mut words = text
                .split(|at: char| !(at.is_alphanumeric() || "_.-:".contains(at)))
                .map(|word| word.trim_matches(['.', ':', '-']));
            words.any(|word| word == default.to_lowercase())
        };
        // That a switch is off, a list empty or a text blank unless it is given needs no words.
        let is_plain = ["false", "[]", "{}", "null"].contains(&default);
        if !is_plain && !properties.iter().any(named) {
            let what = format!("the page says that it is {default} by default, the description does not");
            let at = format!("{}/description", properties[0].pointer);
            self.add(Kind::Default, subject(operation, field), what, &at, None);
        }
    }
}

/// The words that an override repeats.
pub(super) fn subject(operation: &Operation, field: &Field) -> String {
    format!("{} {} {} {}", operation.method, operation.path, field.side, field.name())
}

fn told(field: &Field) -> String {
    let types = field.types.as_ref().filter(|types| !types.kinds.contains(&Json::Any)).map(ToString::to_string);
    let required = match field.required {
        Some(true) => Some("required".to_owned()),
        Some(false) => Some("optional".to_owned()),
        None => None,
    };
    let words: Vec<String> = types.into_iter().chain(required).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}
