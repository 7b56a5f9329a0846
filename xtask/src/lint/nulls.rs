//! Rule: where null is allowed, every validator of OpenAPI 3.0.3 allows it.
//!
//! `nullable` widens the `type` beside it and nothing else. Without a `type` it has no effect, and beside `allOf` the
//! value must still fit the branches, which refuse null.

use serde_json::Value;

use super::Findings;
use crate::places::{self, Place};

pub(super) fn check(findings: &mut Findings<'_>) {
    let whole = Place { pointer: String::new(), value: findings.document.root() };
    places::visit(&whole, &mut |place| {
        if place.value.get("nullable") != Some(&Value::Bool(true)) {
            return;
        }
        let pointer = format!("{}/nullable", place.pointer);
        if ["allOf", "anyOf", "oneOf"].iter().any(|key| place.value.get(key).is_some()) {
            findings.add(
                &pointer,
                "null is still refused by the schema that is referred to",
                "write `anyOf: [{$ref: …}, {$ref: '#/components/schemas/JsonNull'}]`, without `type` and `nullable`",
            );
        } else if place.value.get("type").is_none() {
            findings.add(&pointer, "`nullable` means nothing without a `type`", "leave it out: what has no type may be null too");
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::lint::small::findings;

    const SCHEMAS: &str = "shop/schemas.yaml";

    #[test]
    fn null_beside_a_reference_needs_a_branch_of_its_own() {
        assert_eq!(
            findings(
                SCHEMAS,
                "          anyOf: [{$ref: '#/components/schemas/Parcel'}, {$ref: '#/components/schemas/JsonNull'}]\n",
                "          type: object\n          nullable: true\n          allOf: [{$ref: '#/components/schemas/Parcel'}]\n"
            ),
            [
                "/components/schemas/JsonNull: no operation leads to `JsonNull`",
                "/components/schemas/Order/properties/parcel/nullable: null is still refused by the schema that is referred to"
            ]
        );
    }

    #[test]
    fn nullable_needs_a_type() {
        assert_eq!(
            findings(SCHEMAS, "          type: string\n          nullable: true", "          nullable: true"),
            ["/components/schemas/Order/properties/note/nullable: `nullable` means nothing without a `type`"]
        );
    }
}
