//! Rule: every schema, example, response and parameter is part of some operation, and every tag has operations.

use std::collections::BTreeSet;

use octopusx_codegen::load::{Document, escape};
use serde_json::Value;

use super::Findings;
use crate::places::{self, Place};

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
    let named: BTreeSet<&str> = places::operations(document)
        .iter()
        .flat_map(|operation| operation.items_of("tags"))
        .filter_map(|tag| tag.value.as_str())
        .collect();
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
    for examples in sides.iter().filter_map(|sides| sides.member("examples")) {
        let named = ["client", "server"].into_iter().flat_map(|key| examples.items_of(key));
        found.extend(named.filter_map(|name| name.value.as_str().map(places::example_pointer)));
    }
    found.extend(sides.iter().flat_map(|sides| ["client", "server"].into_iter().filter_map(|key| sides.text(key))).map(schema));
}

#[cfg(test)]
mod tests {
    use crate::lint::small::{findings, findings_of};

    #[test]
    fn schemas_that_no_operation_reaches_are_found_also_when_they_name_each_other() {
        let pair = "    Left:\n      description: One of two.\n      type: object\n      properties:\n        value:\n          \
                    description: The other.\n          allOf: [{$ref: '#/components/schemas/Right'}]\n    \
                    Right:\n      description: The second.\n      type: object\n      properties:\n        value:\n          \
                    description: The first.\n          allOf: [{$ref: '#/components/schemas/Left'}]\n    OrderRequest:\n";
        assert_eq!(
            findings("shop/schemas.yaml", "    OrderRequest:\n", pair),
            [
                "/components/schemas/Left: no operation leads to `Left`",
                "/components/schemas/Right: no operation leads to `Right`"
            ]
        );
    }

    #[test]
    fn a_schema_behind_a_property_named_like_a_keyword_is_used() {
        assert_eq!(
            findings_of(&[
                ("shop/schemas.yaml", "        parcel:\n", "        value:\n"),
                ("shop/examples.yaml", ", parcel: null", ""),
                ("shop/examples.yaml", "        parcel: {weight: 1.5}\n", "")
            ]),
            [""; 0]
        );
    }

    #[test]
    fn unused_examples_responses_and_parameters_are_found() {
        assert_eq!(
            findings("shop/paths.yaml", "              tea: {$ref: '#/components/examples/shop_order_tea'}\n", ""),
            ["/components/examples/shop_order_tea: no operation leads to `shop_order_tea`"]
        );
        assert_eq!(
            findings("root.yaml", "    Error:\n", "    Gone:\n      description: Nothing comes back.\n    Error:\n"),
            ["/components/responses/Gone: no operation leads to `Gone`"]
        );
        assert_eq!(
            findings("shop/paths.yaml", "        - {$ref: '#/components/parameters/Language'}\n", ""),
            ["/components/parameters/Language: no operation leads to `Language`"]
        );
    }

    #[test]
    fn a_schema_that_only_a_face_names_is_used() {
        let faces = "      x-docs: [en/shop/orders]\n      x-faces:\n        - {method: order, summary: Order, answer: Slip}\n";
        let slip = "    Slip:\n      description: A short answer.\n      type: object\n      properties:\n        id:\n          \
                    description: Names the order.\n          type: string\n    OrderRequest:\n";
        let changes =
            [("shop/paths.yaml", "      x-docs: [en/shop/orders]\n", faces), ("shop/schemas.yaml", "    OrderRequest:\n", slip)];
        assert_eq!(findings_of(&changes), [""; 0]);
        assert_eq!(findings_of(&changes[1..]), ["/components/schemas/Slip: no operation leads to `Slip`"]);
    }

    #[test]
    fn a_tag_without_operations_is_found() {
        let tags = "tags:\n  - name: cellar\n    description: Wine.\n    x-docs: [en/shop/overview]\n    x-feature: shop\n";
        assert_eq!(findings("root.yaml", "tags:\n", tags), ["/tags/0: tag `cellar` has no operation"]);
    }
}
