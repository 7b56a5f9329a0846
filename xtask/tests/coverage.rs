//! `cargo xtask coverage` as it is called: numbers, findings and exit codes.

use std::path::Path;

use crate::support::{change, project, xtask_in};

const EXAMPLES: &str = "openapi/octopusx/shop/examples.yaml";
const PATHS: &str = "openapi/octopusx/shop/paths.yaml";
const PAGES: &str = "openapi/pages.txt";

fn coverage(root: &Path) -> (Option<i32>, String) {
    let (code, out, error) = xtask_in(root, &["coverage"]);
    assert_eq!(error, "");
    (code, out)
}

/// The lines below the tables.
fn findings(root: &Path) -> Vec<String> {
    let (code, out) = coverage(root);
    assert_eq!(code, Some(1), "{out}");
    out.lines().skip_while(|line| !line.starts_with("fields that")).skip(1).map(str::to_owned).collect()
}

#[test]
fn every_section_is_counted() {
    let (code, out) = coverage(project().path());
    let table = "  section  pages  operations  fields  not shown  documented  constructed
  common       0           0       1          0           1            0
  shop         3           3      18          0           5            3
  all          3           3      19          0           6            3
";
    let rest = "pages that an operation or a tag names: 2 of 2 in the index, 1 of 2 beyond it
operations without an example: 0
examples: 12 documented, 6 constructed
documented examples that lose a value: 0
fields that no example shows: 0 of 38
";
    assert_eq!(out, format!("octopusx\n{table}\nopenoctopus\n{table}\n{rest}"));
    assert_eq!(code, Some(0));
}

#[test]
fn the_long_form_lists_who_names_a_page_and_what_is_not_shown() {
    let project = project();
    // A field that is only null is not shown.
    change(project.path(), EXAMPLES, "note: in a hurry", "note: null");
    let (code, out, _) = xtask_in(project.path(), &["coverage", "--all"]);
    for line in [
        "  shop         3           3      18          1           5            3",
        "fields that no example shows: 1 of 38",
        "en/shop/orders: shop_follow, shop_order",
        "en/shop/overview: tag shop",
        "+ api: shop_follow",
        "+ en/shop/errors: no one",
        "not shown in octopusx: shop: Order.note",
    ] {
        assert!(out.lines().any(|found| found == line), "`{line}` is missing in\n{out}");
    }
    assert_eq!(code, Some(0));
}

#[test]
fn a_page_of_the_index_that_nothing_names_is_a_finding() {
    let project = project();
    change(project.path(), PAGES, "en/shop/orders", "en/shop/orders\nen/shop/returns");
    assert_eq!(
        findings(project.path()),
        [
            "openapi/pages.txt#: no operation or tag names `en/shop/returns`",
            "    mend: add it to the `x-docs` of the operations that it describes, or of its section's tag"
        ]
    );
    // An example does not describe a page, and a page beyond the index needs nobody.
    change(project.path(), PAGES, "en/shop/returns", "en/shop/errors");
    assert_eq!(findings(project.path())[0], "openapi/pages.txt#: no operation or tag names `en/shop/errors`");
    change(project.path(), PAGES, "orders\nen/shop/errors", "orders\n+ en/shop/returns");
    assert_eq!(coverage(project.path()).0, Some(0));
}

#[test]
fn a_page_that_is_not_listed_is_a_finding() {
    let project = project();
    change(project.path(), PATHS, "x-docs: [en/shop/orders, api]", "x-docs: [en/shop/order]");
    assert_eq!(
        findings(project.path())[0],
        "openapi/octopusx/shop/paths.yaml#/paths/~1v1~1orders~1{id}/post/x-docs: `en/shop/order` is not listed in openapi/pages.txt"
    );
}

#[test]
fn a_documented_value_that_the_schema_has_no_place_for_is_a_finding() {
    let project = project();
    change(project.path(), EXAMPLES, "value: {title: Moby-Dick, count: 2}", "value: {title: Moby-Dick, count: 2, wrapped: true}");
    assert_eq!(
        findings(project.path())[0],
        "openapi/octopusx/shop/examples.yaml#/components/examples/shop_order_book: a documented value has no place in the schema"
    );
    assert!(coverage(project.path()).1.contains("\ndocumented examples that lose a value: 1\n"));
}

#[test]
fn an_operation_without_an_example_is_a_finding() {
    let project = project();
    change(
        project.path(),
        PATHS,
        "              examples:\n                full: {$ref: '#/components/examples/shop_follow_full'}\n",
        "",
    );
    assert_eq!(
        findings(project.path())[0],
        "openapi/octopusx/shop/paths.yaml#/paths/~1v1~1orders~1{id}/post/responses/200/content/application~1json: a part of \
         `shop_follow` has no example"
    );
    assert!(coverage(project.path()).1.contains("\noperations without an example: 1\n"));
}

#[test]
fn a_side_of_a_websocket_without_an_example_is_a_finding() {
    let project = project();
    let socket = |examples: &str| {
        let sides = "client: OrderEvent\n        server: OrderEvent";
        format!("x-unlisted: No page shows it.\n      x-websocket:\n        {sides}\n        examples: {examples}\n")
    };
    let bare = socket("{client: [shop_follow_chunk_1]}");
    change(project.path(), PATHS, "x-unlisted: No page shows it.\n", &bare);
    let place = "openapi/octopusx/shop/paths.yaml#/paths/~1v1~1orders~1{id}~1bill/get/x-websocket/server";
    assert_eq!(findings(project.path())[0], format!("{place}: a part of `shop_bill` has no example"));
    change(project.path(), PATHS, &bare, &socket("{client: [shop_follow_chunk_1], server: [shop_follow_chunk_2]}"));
    assert_eq!(coverage(project.path()).0, Some(0));
}

#[test]
fn a_missing_list_of_pages_is_no_success() {
    let project = project();
    std::fs::remove_file(project.path().join(PAGES)).unwrap();
    let (code, _, error) = xtask_in(project.path(), &["coverage"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("pages.txt"), "{error}");
}
