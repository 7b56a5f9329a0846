//! Rule: an example names the page that shows it, or says that it is made up; pages are named by their ids.

use serde_json::Value;

use super::Findings;
use crate::places::{self, Place};

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
                "write it under `components/examples`, or name the value in the description",
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
    use super::is_page_id;
    use crate::lint::small::findings;

    const EXAMPLES: &str = "shop/examples.yaml";

    #[test]
    fn every_example_has_one_origin() {
        assert_eq!(
            findings(EXAMPLES, "      x-example: constructed\n      x-schema", "      x-schema"),
            ["/components/examples/shop_order_tea: the example does not say where it comes from"]
        );
        assert_eq!(
            findings(
                EXAMPLES,
                "      x-example: constructed\n      x-schema",
                "      x-docs: api\n      x-example: constructed\n      x-schema"
            ),
            ["/components/examples/shop_order_tea: the example is marked as documented and as constructed"]
        );
        assert_eq!(
            findings(EXAMPLES, "      x-example: constructed\n      x-schema", "      x-example: made-up\n      x-schema"),
            [r#"/components/examples/shop_order_tea/x-example: `x-example` can't be "made-up""#]
        );
        assert_eq!(
            findings("shop/paths.yaml", "                  x-example: constructed\n", ""),
            [
                "/paths/~1v1~1orders/post/responses/202/content/application~1json/examples/waiting: the example does not say where it comes from"
            ]
        );
    }

    #[test]
    fn pages_look_like_page_ids() {
        for page in ["api", "en/shop", "en/a-1/b"] {
            assert!(is_page_id(page), "{page}");
        }
        for page in ["", "en/", "en", "EN/shop", "en/Shop", "en/a_b", "/en/shop", "en/shop.html", "https://x/en/shop", "api/x"] {
            assert!(!is_page_id(page), "{page}");
        }
        assert_eq!(findings("root.yaml", "en/shop/overview", "shop"), [r#"/tags/0/x-docs: "shop" is no page id"#]);
        assert_eq!(
            findings("root.yaml", "en/shop/errors", "en/Errors"),
            [r#"/components/examples/error_refused/x-docs: "en/Errors" is no page id"#]
        );
        assert_eq!(
            findings("shop/paths.yaml", "[en/shop/orders, api]", "[en/shop/orders, apis]"),
            [r#"/paths/~1v1~1orders~1{id}/post/x-docs: "apis" is no page id"#]
        );
    }

    #[test]
    fn an_example_in_a_schema_is_refused() {
        assert_eq!(
            findings("shop/schemas.yaml", "description: How many.", "description: How many.\n          example: 3"),
            ["/components/schemas/BookOrder/properties/count/example: an `example` can't say where it comes from"]
        );
    }
}
