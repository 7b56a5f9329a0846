//! Rule: an example fits the schema that it stands for, and the schema knows every member of it.

use octopusx_codegen::load::{Document, escape};
use serde_json::Value;

use super::Findings;
use super::json_schema::{Misfit, Validators, reference};
use crate::members::undeclared;
use crate::places::{self, Place};

pub(super) fn check(findings: &mut Findings<'_>) {
    let document = findings.document;
    let mut validators = match Validators::new(document) {
        Ok(validators) => validators,
        Err(why) => {
            let mend = "mend what the check of the structure says, it is about the same place";
            return findings.add("/components/schemas", format!("the schemas can't be used for validation: {why}"), mend);
        }
    };
    for media in places::all_media(document).iter().filter(|media| !media.is_binary()) {
        let Some(schema) = media.place.member("schema") else { continue };
        for example in media.examples(document) {
            let schema = branch(findings, &schema, &example);
            if let Some(value) = example.member("value") {
                compare(findings, &mut validators, &schema, &value);
            }
        }
    }
    for operation in places::operations(document) {
        for side in places::sides(document, &operation) {
            let schema = reference(side.schema.value.as_str().unwrap_or_default());
            for example in &side.examples {
                let schema = branch(findings, &Place { pointer: side.schema.pointer.clone(), value: &schema }, example);
                if let Some(value) = example.member("value") {
                    compare(findings, &mut validators, &schema, &value);
                }
            }
        }
        for parameter in operation.items_of("parameters") {
            let parameter = parameter.resolved(document);
            if let (Some(schema), Some(value)) = (parameter.member("schema"), parameter.member("example")) {
                compare(findings, &mut validators, schema.value, &value);
            }
        }
    }
}

/// The schema that an example is measured against: the branch that its `x-schema` names, or the whole.
fn branch(findings: &mut Findings<'_>, schema: &Place<'_>, example: &Place<'_>) -> Value {
    let whole = schema.value.clone();
    let own_name = schema_name(schema.value);
    let union = findings.document.resolve(schema.value);
    let branches = names_of_branches(union);
    let Some(chosen) = example.text("x-schema") else {
        if union.get("anyOf").is_some() {
            findings.add(
                &example.pointer,
                format!("the example doesn't say which branch of {} it is", own_name.unwrap_or("the union")),
                format!("add `x-schema:` with one of {}", branches.join(", ")),
            );
        }
        return whole;
    };
    if branches.contains(&chosen) || own_name == Some(chosen) {
        return reference(chosen);
    }
    let what = format!("`{chosen}` is no branch of {}, which the example stands for", own_name.unwrap_or("the schema"));
    let mend = match branches.as_slice() {
        [] => "leave `x-schema` out: it chooses a branch of a union".to_owned(),
        _ => format!("use one of {}", branches.join(", ")),
    };
    findings.add(&format!("{}/x-schema", example.pointer), what, mend);
    whole
}

fn names_of_branches(union: &Value) -> Vec<&str> {
    let listed = ["anyOf", "oneOf"].into_iter().filter_map(|key| union.get(key)?.as_array()).flatten();
    listed.filter_map(schema_name).collect()
}

fn schema_name(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/schemas/"))
}

fn compare(findings: &mut Findings<'_>, validators: &mut Validators, schema: &Value, value: &Place<'_>) {
    let called = called(findings.document, schema);
    match validators.misfits(schema, value.value) {
        Ok(misfits) => {
            for misfit in misfits {
                match misfit {
                    Misfit::Value { pointer, what, .. } => findings.add(
                        &format!("{}{pointer}", value.pointer),
                        format!("the example does not fit {called}: {what}"),
                        "write it as the page shows it; where the page shows this, widen the schema (`nullable: true`, `JsonNull` \
                         beside a reference, an optional property, another type)",
                    ),
                    Misfit::Ambiguous { pointer } => findings.add(
                        &pointer,
                        "examples fit more than one branch of this `oneOf`",
                        "let the branches exclude each other; `integer`, for one, is a part of `number`",
                    ),
                }
            }
        }
        // At the schema, so that it is told once and not for each example.
        Err(why) => findings.add(
            &schema_name(schema).map_or_else(|| value.pointer.clone(), |name| format!("/components/schemas/{}", escape(name))),
            format!("{called} can't be used for validation: {why}"),
            "mend what the check of the structure says about it",
        ),
    }
    for member in undeclared(findings.document, schema, value.value) {
        findings.add(
            &format!("{}{}", value.pointer, member.pointer),
            format!("{} does not declare `{}`", member.schema.as_deref().unwrap_or(&called), member.name),
            "add the property to the schema; leave it out of the example only where it was a slip",
        );
    }
}

/// How a schema is called in a sentence.
fn called(document: &Document, schema: &Value) -> String {
    match schema_name(schema) {
        Some(name) if document.at(&format!("/components/schemas/{}", escape(name))).is_some() => name.to_owned(),
        _ => "its schema".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::small::{findings, findings_of};

    const EXAMPLES: &str = "shop/examples.yaml";
    const SCHEMAS: &str = "shop/schemas.yaml";

    #[test]
    fn an_example_has_the_types_of_its_schema() {
        assert_eq!(
            findings(EXAMPLES, "count: 2", "count: two"),
            [
                r#"/components/examples/shop_order_book/value/count: the example does not fit BookOrder: "two" is not of type "integer""#
            ]
        );
        assert_eq!(
            findings(EXAMPLES, "parcels: [{weight: 1}, ", "parcels: [{weight: heavy}, "),
            [
                r#"/components/examples/shop_follow_full/value/parcels/0/weight: the example does not fit Order: "heavy" is not of type "number""#
            ]
        );
        assert_eq!(
            findings(EXAMPLES, "prices: {book: 10,", "prices: {book: ten,"),
            [
                r#"/components/examples/shop_follow_full/value/prices/book: the example does not fit Order: "ten" is not of type "number""#
            ]
        );
    }

    #[test]
    fn a_long_value_is_cut_in_the_message() {
        let found = findings(EXAMPLES, "count: 2", &format!("count: {}", "é".repeat(500)));
        assert!(found[0].ends_with("é… is not of type \"integer\""), "{found:?}");
        assert!(found[0].chars().count() < 200, "{found:?}");
    }

    #[test]
    fn an_example_has_the_required_members() {
        assert_eq!(
            findings(EXAMPLES, "{title: Moby-Dick, count: 2}", "{count: 2}"),
            [
                "/components/examples/shop_order_book/value: the example does not fit BookOrder: the required member `title` is missing"
            ]
        );
    }

    #[test]
    fn null_needs_nullable() {
        assert_eq!(
            findings(SCHEMAS, "          type: string\n          nullable: true", "          type: string"),
            [r#"/components/examples/shop_order_taken/value/note: the example does not fit Order: null is not of type "string""#]
        );
    }

    #[test]
    fn a_reference_without_null_beside_it_refuses_null() {
        assert_eq!(
            findings(
                SCHEMAS,
                "anyOf: [{$ref: '#/components/schemas/Parcel'}, {$ref: '#/components/schemas/JsonNull'}]",
                "allOf: [{$ref: '#/components/schemas/Parcel'}]"
            ),
            [
                r#"/components/examples/shop_order_taken/value/parcel: the example does not fit Order: null is not of type "object""#,
                "/components/schemas/JsonNull: no operation leads to `JsonNull`"
            ]
        );
    }

    #[test]
    fn what_is_not_null_is_measured_against_a_nullable_schema() {
        assert_eq!(
            findings(EXAMPLES, "parcel: {weight: 1.5}", "parcel: {weight: '1'}"),
            [
                r#"/components/examples/shop_follow_full/value/parcel/weight: the example does not fit Order: "1" is not of type "number""#
            ]
        );
    }

    #[test]
    fn the_events_of_a_websocket_are_measured_too() {
        let websocket = "      x-docs: [en/shop/orders]\n      x-websocket:\n        client: OrderEvent\n        \
                         server: OrderEvent\n        examples: {client: [shop_say], server: [shop_say]}\n";
        let example = |value: &str| {
            let say =
                "    shop_say:\n      summary: A move\n      x-example: constructed\n      x-schema: MovedEvent\n      value: ";
            let added = format!("  examples:\n{say}{value}\n");
            crate::lint::small::findings_of(&[
                ("shop/paths.yaml", "      x-docs: [en/shop/orders]\n", websocket),
                (EXAMPLES, "  examples:\n", &added),
            ])
        };
        assert_eq!(example("{type: moved, place: depot}"), [""; 0]);
        let expected =
            "/components/examples/shop_say/value: the example does not fit MovedEvent: the required member `place` is missing";
        assert_eq!(example("{type: moved}"), [expected]);
    }

    #[test]
    fn a_closed_enum_has_its_words_and_an_open_one_any() {
        assert_eq!(
            findings(EXAMPLES, "leaf: green", "leaf: red"),
            [
                r#"/components/examples/shop_order_tea/value/leaf: the example does not fit TeaOrder: "red" is not one of "green" or "black""#
            ]
        );
        assert_eq!(findings(EXAMPLES, "state: taken", "state: burnt"), [""; 0]);
    }

    #[test]
    fn an_enum_of_one_word_is_a_constant() {
        assert_eq!(
            findings(EXAMPLES, "object: order", "object: list"),
            [r#"/components/examples/shop_order_taken/value/object: the example does not fit Order: "order" was expected"#]
        );
    }

    #[test]
    fn a_union_by_json_type_takes_only_its_types() {
        assert_eq!(
            findings(EXAMPLES, "grams: 100", "grams: [100]"),
            [
                "/components/examples/shop_order_tea/value/grams: the example does not fit TeaOrder: [100] has none of the JSON types that the union allows"
            ]
        );
    }

    #[test]
    fn the_branches_of_one_of_exclude_each_other() {
        // Found at the schema, once, however many examples show it. The build says it too, in other words.
        let found = findings_of(&[
            (SCHEMAS, "{type: number, title: Number}", "{type: number, title: Number}\n        - {type: integer, title: Whole}"),
            (EXAMPLES, "value: {leaf: green, grams: 100}", "value: {leaf: green, grams: 1000}"),
        ]);
        assert!(
            found.contains(&"/components/schemas/Weight/oneOf: examples fit more than one branch of this `oneOf`".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn an_event_of_a_stream_fits_the_branch_of_its_tag() {
        assert_eq!(
            findings(EXAMPLES, "{type: moved, place: depot}", "{type: moved, place: 7}"),
            [
                r#"/components/examples/shop_follow_chunk_1/value/place: the example does not fit OrderEvent: 7 is not of type "string""#
            ]
        );
        assert_eq!(
            findings(EXAMPLES, "value: {type: arrived}", "value: {type: lost}"),
            [
                r#"/components/examples/shop_follow_chunk_2/value/type: the example does not fit OrderEvent: "lost" is not one of "moved" or "arrived""#
            ]
        );
        assert_eq!(
            findings(EXAMPLES, "value: {type: arrived}", "value: {}"),
            [
                "/components/examples/shop_follow_chunk_2/value: the example does not fit OrderEvent: the required member `type` is missing"
            ]
        );
    }

    #[test]
    fn examples_of_errors_in_place_and_of_parameters_are_looked_at_too() {
        assert_eq!(
            findings("root.yaml", "value: {message: refused}", "value: {message: 7}"),
            [
                r#"/components/examples/error_refused/value/message: the example does not fit ErrorBody: 7 is not of type "string""#
            ]
        );
        assert_eq!(
            findings("shop/paths.yaml", "value: {id: o2}", "value: {id: 2}"),
            [
                r#"/paths/~1v1~1orders/post/responses/202/content/application~1json/examples/waiting/value/id: the example does not fit Order: 2 is not of type "string""#
            ]
        );
        assert_eq!(
            findings("root.yaml", "example: en\n", "example: 1\n"),
            [r#"/components/parameters/Language/example: the example does not fit its schema: 1 is not of type "string""#]
        );
    }

    #[test]
    fn an_example_of_a_union_names_its_branch() {
        assert_eq!(
            findings(EXAMPLES, "      x-schema: BookOrder\n", ""),
            ["/components/examples/shop_order_book: the example doesn't say which branch of OrderRequest it is"]
        );
        assert_eq!(
            findings(EXAMPLES, "x-schema: BookOrder", "x-schema: Parcel"),
            [
                "/components/examples/shop_order_book/x-schema: `Parcel` is no branch of OrderRequest, which the example stands for"
            ]
        );
        assert_eq!(
            findings(EXAMPLES, "      value: {id: o1, object", "      x-schema: Parcel\n      value: {id: o1, object"),
            ["/components/examples/shop_order_taken/x-schema: `Parcel` is no branch of Order, which the example stands for"]
        );
    }

    #[test]
    fn a_branch_is_measured_alone() {
        assert_eq!(
            findings(EXAMPLES, "x-schema: BookOrder", "x-schema: TeaOrder"),
            [
                "/components/examples/shop_order_book/value: the example does not fit TeaOrder: the required member `leaf` is missing",
                "/components/examples/shop_order_book/value/count: TeaOrder does not declare `count`",
                "/components/examples/shop_order_book/value/title: TeaOrder does not declare `title`",
            ]
        );
    }
}
