//! Rule: every schema, example, response and parameter is part of some operation, and every tag has operations.

use std::collections::BTreeSet;

use octopusx_codegen::load::{Document, escape};
use serde_json::Value;

use super::Findings;
use super::places::{self, Place};

const KINDS: [&str; 4] = ["schemas", "examples", "responses", "parameters"];

pub(super) fn check(findings: &mut Findings<'_>) {
    let document = findings.document;
    let used = reachable(document);
    for kind in KINDS {
        let all = Place::at(document, &format!("/components/{kind}")).map(|all| all.members()).unwrap_or_default();
        for (name, place) in all.iter().filter(|(_, place)| !used.contains(&place.pointer)) {
            findings.add(
                &place.pointer,
                format!("no operation leads to `{name}`"),
                format!("refer to it where it belongs, or remove it from {kind}"),
            );
        }
    }
    let named: BTreeSet<&str> =
        places::operations(document).iter().flat_map(|operation| operation.items_of("tags")).filter_map(|tag| tag.value.as_str()).collect();
    let whole = Place { pointer: String::new(), value: document.root() };
    for tag in whole.items_of("tags") {
        let name = tag.text("name").unwrap_or_default();
        if !named.contains(name) {
            findings.add(&tag.pointer, format!("tag `{name}` has no operation"), "give it one, or remove it from root.yaml");
        }
    }
}

/// The pointers of all that operations refer to, also in several steps. Reached from the operations and not merely
/// named somewhere: two schemas that only name each other are as unused as one.
fn reachable(document: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec!["/paths".to_owned()];
    while let Some(pointer) = open.pop() {
        if let Some(place) = Place::at(document, &pointer)
            && found.insert(pointer)
        {
            places::visit(&place, &mut |place| references(place, &mut open));
        }
    }
    found
}

/// The pointers that one object names.
fn references(place: &Place<'_>, found: &mut Vec<String>) {
    let pointer = |target: &str| target.strip_prefix('#').map(str::to_owned);
    let schema = |name: &str| pointer(name).unwrap_or_else(|| format!("/components/schemas/{}", escape(name)));
    found.extend(place.text("$ref").and_then(pointer));
    let mapping = place.value.pointer("/discriminator/mapping").and_then(Value::as_object);
    found.extend(mapping.into_iter().flatten().filter_map(|(_, target)| target.as_str()).map(schema));
    for face in place.items_of("x-faces") {
        found.extend(["body", "answer"].into_iter().filter_map(|key| face.text(key)).map(schema));
    }
    let sides = place.member("x-websocket");
    found.extend(sides.iter().flat_map(|sides| ["client", "server"].into_iter().filter_map(|key| sides.text(key))).map(schema));
}

#[cfg(test)]
mod tests {
}
