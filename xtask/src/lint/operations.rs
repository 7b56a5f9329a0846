//! Rule: what goes out and what comes back is shown: answers, errors, bodies and parameters have examples.

use super::Findings;
use crate::places::{self, Place};

pub(super) fn check(findings: &mut Findings<'_>) {
    let document = findings.document;
    for operation in places::operations(document) {
        for parameter in operation.items_of("parameters") {
            check_parameter(findings, &parameter.resolved(document));
        }
        places::body(document, &operation).iter().for_each(|media| check_examples(findings, media));
        let mut errors = false;
        for (status, answer) in places::answers(document, &operation) {
            errors |= is_error(status);
            check_answer(findings, status, &answer);
        }
        if !errors {
            findings.add(
                &operation.pointer,
                "no error answer is described",
                "add `default: {$ref: '#/components/responses/Error'}`",
            );
        }
    }
}

fn is_error(status: &str) -> bool {
    status == "default" || status.starts_with('4') || status.starts_with('5')
}

/// An argument that every caller must give needs a value to try; one that can have a single value shows it already.
fn check_parameter(findings: &mut Findings<'_>, parameter: &Place<'_>) {
    let required = parameter.value.get("required").and_then(serde_json::Value::as_bool) == Some(true);
    let asked = match parameter.text("in") {
        Some("path") => true,
        Some("query") => required,
        _ => false,
    };
    let constant =
        parameter.value.pointer("/schema/enum").and_then(|words| words.as_array()).is_some_and(|words| words.len() == 1);
    if asked && !constant && parameter.value.get("example").is_none() {
        let what = format!("parameter `{}` has no example", parameter.text("name").unwrap_or_default());
        findings.add(&parameter.pointer, what, "add `example:` with a value as the pages show it");
    }
}

fn check_answer(findings: &mut Findings<'_>, status: &str, answer: &Place<'_>) {
    if answer.text("description").is_none_or(str::is_empty) {
        findings.add(&answer.pointer, "the answer has no description", "say what comes back, and when");
    }
    let media = places::media(answer);
    media.iter().for_each(|media| check_examples(findings, media));
    let typed = media.iter().any(|media| media.name == "application/json" && media.place.value.get("schema").is_some());
    if is_error(status) && !typed {
        findings.add(
            &answer.pointer,
            "the error answer has no JSON schema",
            "describe its body as `application/json` with a `schema`, so that other tools can read it",
        );
    }
}

fn check_examples(findings: &mut Findings<'_>, media: &places::Media<'_>) {
    if !media.is_binary() && media.examples(findings.document).is_empty() {
        findings.add(
            &media.place.pointer,
            format!("`{}` has no example", media.name),
            "add one under `examples`; where no page shows one, mark it `x-example: constructed`",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::small::{findings, findings_of};

    const PATHS: &str = "shop/paths.yaml";

    #[test]
    fn what_every_caller_must_give_has_an_example() {
        assert_eq!(
            findings("root.yaml", "      example: en\n", ""),
            ["/components/parameters/Language: parameter `language` has no example"]
        );
        let id = "          example: o1\n        - {$ref";
        assert_eq!(
            findings(PATHS, id, "        - {$ref"),
            ["/paths/~1v1~1orders~1{id}/post/parameters/0: parameter `id` has no example"]
        );
    }

    #[test]
    fn a_parameter_of_one_value_or_an_optional_one_needs_none() {
        assert_eq!(
            findings(PATHS, "enum: [full]", "x-extensible-enum: [full]"),
            ["/paths/~1v1~1orders~1{id}/post/parameters/2: parameter `style` has no example"]
        );
        assert_eq!(
            findings(PATHS, "in: query\n          required: false", "in: query\n          required: true"),
            ["/paths/~1v1~1orders~1{id}/post/parameters/3: parameter `page` has no example"]
        );
    }

    #[test]
    fn every_success_answer_and_body_has_an_example() {
        let inline = "              examples:\n                waiting:\n                  summary: An order in the queue\n                  \
                      x-example: constructed\n                  value: {id: o2}\n";
        assert_eq!(
            findings(PATHS, inline, ""),
            ["/paths/~1v1~1orders/post/responses/202/content/application~1json: `application/json` has no example"]
        );
        // The build refuses these two itself; they are told once.
        let body = "            examples:\n              book: {$ref: '#/components/examples/shop_order_book'}\n              \
                    tea: {$ref: '#/components/examples/shop_order_tea'}\n";
        let found = findings(PATHS, body, "");
        assert_eq!(found.iter().filter(|what| what.starts_with("/paths/~1v1~1orders/post/requestBody")).count(), 1, "{found:?}");
        let events = "              examples:\n                chunk_1: {$ref: '#/components/examples/shop_follow_chunk_1'}\n                \
                      chunk_2: {$ref: '#/components/examples/shop_follow_chunk_2'}\n";
        let found = findings(PATHS, events, "");
        assert_eq!(found.iter().filter(|what| what.contains("event-stream: ")).count(), 1, "{found:?}");
    }

    #[test]
    fn every_operation_describes_its_errors() {
        let default = "        default: {$ref: '#/components/responses/Error'}\n";
        let bytes = "              schema: {type: string, format: binary}\n";
        let found = findings(PATHS, &format!("{bytes}{default}"), bytes);
        assert_eq!(found.iter().filter(|what| what.contains("no error answer is described")).count(), 1, "{found:?}");
        assert_eq!(
            findings(
                PATHS,
                &format!("{bytes}{default}"),
                &format!("{bytes}        '302': {{description: The bill is elsewhere.}}\n")
            ),
            ["/paths/~1v1~1orders~1{id}~1bill/get: no error answer is described"]
        );
    }

    #[test]
    fn an_error_answer_has_a_description_a_schema_and_an_example() {
        assert_eq!(
            findings_of(&[
                ("root.yaml", "          schema: {$ref: '#/components/schemas/ErrorBody'}\n", ""),
                (
                    PATHS,
                    "schema: {type: string, format: binary}",
                    "schema: {type: string, format: binary}\n        '500':\n          description: The shop burns.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/ErrorBody'}"
                ),
            ]),
            [
                "/components/responses/Error: the error answer has no JSON schema",
                "/paths/~1v1~1orders~1{id}~1bill/get/responses/500/content/application~1json: `application/json` has no example",
            ]
        );
        assert_eq!(
            findings("root.yaml", "description: The request failed.", "description: ''"),
            ["/components/responses/Error: the answer has no description"]
        );
    }
}
