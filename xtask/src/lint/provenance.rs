//! Rule: an example names the page that shows it, or says that it is made up; pages are named by their ids.

use serde_json::Value;

use super::Findings;
use super::places::{self, Place};

/// Also counts the examples: documented, constructed.
pub(super) fn check(findings: &mut Findings<'_>) -> (usize, usize) {
    let document = findings.document;
    let (mut documented, mut constructed) = (0, 0);
    for example in places::all_examples(document) {
        let (page, made) = (example.member("x-docs"), example.member("x-example"));
        if let Some(word) = made.as_ref().filter(|word| word.value != "constructed") {
            findings.add(&word.pointer, format!("`x-example` can't be {}", word.value), "write `x-example: constructed`");
        }
        match (page.is_some(), made.is_some()) {
            (true, true) => findings.add(
                &example.pointer,
                "the example is marked as documented and as constructed",
                "keep `x-docs` where the page shows this example, `x-example: constructed` where it does not",
            ),
            (false, false) => findings.add(
                &example.pointer,
                "the example does not say where it comes from",
                "add `x-docs: <page>`, or `x-example: constructed` where no page shows it",
            ),
            _ => {}
        }
        if made.is_some() { constructed += 1 } else { documented += 1 }
    }
    let whole = Place { pointer: String::new(), value: document.root() };
    places::visit(&whole, &mut |place| {
        if let Some(pages) = place.member("x-docs") {
            check_pages(findings, &pages);
        }
        // Only a parameter's `example` needs no mark: it is not what a page shows, but what a reader may try.
        if place.value.get("example").is_some() && place.value.get("in").is_none() {
            findings.add(
                &format!("{}/example", place.pointer),
                "an `example` can't say where it comes from",
                "write it under `components/examples` and refer to it from `examples` of the body or answer",
            );
        }
    });
    (documented, constructed)
}

fn check_pages(findings: &mut Findings<'_>, pages: &Place<'_>) {
    let listed = match pages.value {
        Value::Array(listed) => listed.as_slice(),
        one => std::slice::from_ref(one),
    };
    for page in listed.iter().filter(|page| !page.as_str().is_some_and(is_page_id)) {
        findings.add(
            &pages.pointer,
            format!("{page} is no page id"),
            "name the page by its path, as `en/videos/sora/query` (small letters, digits, `-` and `/`), or `api`",
        );
    }
}

fn is_page_id(page: &str) -> bool {
    let in_path = |at: char| at.is_ascii_lowercase() || at.is_ascii_digit() || matches!(at, '/' | '-');
    page == "api" || page.strip_prefix("en/").is_some_and(|rest| !rest.is_empty() && rest.chars().all(in_path))
}

#[cfg(test)]
mod tests {
}
