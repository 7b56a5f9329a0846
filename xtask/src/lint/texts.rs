//! Rule: descriptions and summaries say something, and are finished.

use super::Findings;
use crate::places::{self, Place};

/// Longer than this a summary is a description.
const LONGEST_SUMMARY: usize = 80;

/// Words that mark a text as unfinished.
const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "TBD"];

pub(super) fn check(findings: &mut Findings<'_>) {
    let document = findings.document;
    let whole = Place { pointer: String::new(), value: document.root() };
    places::visit(&whole, &mut |place| {
        for key in ["description", "summary"] {
            if let Some(text) = place.text(key) {
                check_text(findings, &format!("{}/{key}", place.pointer), text);
            }
        }
        if let Some(summary) = place.text("summary") {
            check_summary(findings, &format!("{}/summary", place.pointer), summary);
        }
        if let (Some(name), Some(description)) = (name(&place.pointer), place.text("description")) {
            check_description(findings, &format!("{}/description", place.pointer), &name, description);
        }
    });
    for example in places::all_examples(document) {
        if example.text("summary").is_none_or(str::is_empty) {
            findings.add(&example.pointer, "the example has no summary", "say in one phrase what it shows");
        }
    }
}

/// The name of a schema or property, from its pointer.
fn name(pointer: &str) -> Option<String> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let named = parent == "/components/schemas" || parent.ends_with("/properties");
    named.then(|| octopusx_codegen::load::unescape(name))
}

fn check_text(findings: &mut Findings<'_>, pointer: &str, text: &str) {
    if text.trim() != text {
        findings.add(
            pointer,
            "the text begins or ends with a blank or a line break",
            "remove it; a block of several lines is written with `>-`",
        );
    }
    let words = || text.split(|at: char| !at.is_alphanumeric());
    if let Some(word) = UNFINISHED.into_iter().find(|word| words().any(|each| each == *word)) {
        findings.add(pointer, format!("the text holds `{word}`"), "finish it, or say in plain words what is not known");
    }
}

fn check_summary(findings: &mut Findings<'_>, pointer: &str, summary: &str) {
    let length = summary.chars().count();
    if length > LONGEST_SUMMARY {
        let what = format!("the summary has {length} characters, more than {LONGEST_SUMMARY}");
        findings.add(pointer, what, "keep one phrase, and move the rest to `description`");
    }
    if summary.trim_end().ends_with('.') {
        findings.add(pointer, "the summary ends with a full stop", "remove it: a summary is a phrase, not a sentence");
    }
    if summary.trim().contains('\n') {
        findings.add(pointer, "the summary has more than one line", "keep one phrase, and move the rest to `description`");
    }
}

fn check_description(findings: &mut Findings<'_>, pointer: &str, name: &str, description: &str) {
    let first = description.split_whitespace().next().unwrap_or_default();
    let article = ["a", "an", "the", "this", "its"].contains(&first.to_lowercase().as_str());
    let rest = if article { description.trim_start().strip_prefix(first).unwrap_or(description) } else { description };
    if letters(rest) == letters(name) {
        findings.add(
            pointer,
            format!("the description only repeats the name `{name}`"),
            "say what it means, with units, limits and known values",
        );
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|at| at.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::small::findings;

    #[test]
    fn a_description_says_more_than_the_name() {
        for (file, from, to, expected) in [
            (
                "shop/schemas.yaml",
                "A parcel on its way.",
                "A Parcel.",
                "Parcel/description: the description only repeats the name `Parcel`",
            ),
            (
                "shop/schemas.yaml",
                "What each thing costs.",
                "The prices",
                "Order/properties/prices/description: the description only repeats the name `prices`",
            ),
            (
                "shop/schemas.yaml",
                "The parcels by their shelves.",
                "By shelf.",
                "Order/properties/by_shelf/description: the description only repeats the name `by_shelf`",
            ),
        ] {
            assert_eq!(findings(file, from, to), [format!("/components/schemas/{expected}")]);
        }
    }

    #[test]
    fn a_missing_description_is_found_by_the_build_check() {
        let found = findings("shop/schemas.yaml", "          description: How many.\n", "");
        assert_eq!(found, ["/components/schemas/BookOrder/properties/count: `description` is missing or empty"]);
    }

    #[test]
    fn texts_are_finished_and_trimmed() {
        assert_eq!(
            findings("shop/schemas.yaml", "description: How many.", "description: 'How many. '"),
            ["/components/schemas/BookOrder/properties/count/description: the text begins or ends with a blank or a line break"]
        );
        assert_eq!(
            findings("shop/schemas.yaml", "description: How many.", "description: >\n            How many."),
            ["/components/schemas/BookOrder/properties/count/description: the text begins or ends with a blank or a line break"]
        );
        assert_eq!(
            findings("shop/paths.yaml", "Takes an order.", "TODO."),
            ["/paths/~1v1~1orders/post/description: the text holds `TODO`"]
        );
    }

    #[test]
    fn summaries_are_one_phrase() {
        let at = "/paths/~1v1~1orders/post/summary: the summary";
        for (summary, expected) in [
            ("Order something.", "ends with a full stop"),
            (&format!("Order{}", " a thing".repeat(10)), "has 85 characters, more than 80"),
            ("\"Order\\nsomething\"", "has more than one line"),
        ] {
            assert_eq!(
                findings("shop/paths.yaml", "summary: Order something", &format!("summary: {summary}")),
                [format!("{at} {expected}")]
            );
        }
        assert_eq!(
            findings("shop/examples.yaml", "summary: A move", "summary: A move."),
            ["/components/examples/shop_follow_chunk_1/summary: the summary ends with a full stop"]
        );
        assert_eq!(
            findings("shop/examples.yaml", "      summary: A move\n", ""),
            ["/components/examples/shop_follow_chunk_1: the example has no summary"]
        );
    }
}
