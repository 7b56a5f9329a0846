//! Rule: what goes out and what comes back is shown: answers, errors, bodies and parameters have examples.

use super::Findings;
use super::places::{self, Place};

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
                &format!("{}/responses", operation.pointer),
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
    let constant = parameter.value.pointer("/schema/enum").and_then(|words| words.as_array()).is_some_and(|words| words.len() == 1);
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
            "describe its body under `content/application~1json/schema`, so that other tools can read it",
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
}
