//! `cargo xtask api` as it is called: the file, output and exit codes.

use std::path::Path;

use crate::support::{change, project, xtask_in};

const FILE: &str = "api/octopusx.txt";
const SCHEMAS: &str = "openapi/octopusx/shop/schemas.yaml";

/// A project with sources: a hand-written item beside what the small document becomes.
fn crate_project() -> tempfile::TempDir {
    let project = project();
    let macros: String = ["object", "body", "words", "tagged", "by_type", "any_of"]
        .map(|name| format!("macro_rules! {name} {{ ($name:ident) => {{ impl ::serde::Serialize for $name {{}} }}; }}\n"))
        .concat();
    let debug = "macro_rules! debug_object { ($name:ident) => { impl ::std::fmt::Debug for $name {} }; }\n";
    let include = r#"include!(concat!(env!("OUT_DIR"), "/octopusx.rs"));"#;
    let code =
        format!("mod wire {{\n{macros}{debug}}}\nmod generated {{ {include} }}\npub use generated::*;\npub struct Client;\n");
    std::fs::create_dir(project.path().join("src")).unwrap();
    std::fs::write(project.path().join("src/lib.rs"), code).unwrap();
    project
}

fn check(root: &Path) -> (Option<i32>, Vec<String>) {
    let (code, out, error) = xtask_in(root, &["api", "--check"]);
    assert_eq!(error, "");
    (code, out.lines().map(str::to_owned).collect())
}

#[test]
fn the_text_has_a_line_for_each_item_of_both_kinds() {
    let project = crate_project();
    let (code, out, error) = xtask_in(project.path(), &["api"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(out.starts_with("api/octopusx.txt: written, "), "{out}");
    let text = std::fs::read_to_string(project.path().join(FILE)).unwrap();
    for line in [
        "struct Client",
        "const BASE_URL: &str = \"https://shop.example\"",
        "struct shop::Order #[non_exhaustive] extra: Clone + Debug + PartialEq + Serialize",
        "field shop::Order.parcel: Option<Parcel>",
        "field shop::BookOrder.count: Option<i64> set(i64)",
        "variant shop::TeaLeaf::Green = \"green\"",
        "variant shop::OrderEvent::Moved(MovedEvent) = \"moved\"",
        "fn shop::Shop::order(&self, body: &impl ShopOrderBody) -> Call<Response<Order>> [POST /v1/orders]",
        "impl ShopOrderBody for shop::BookOrder",
    ] {
        assert!(text.lines().any(|found| found == line), "`{line}` is missing in\n{text}");
    }
    assert_eq!(check(project.path()).0, Some(0));
}

#[test]
fn a_change_of_the_document_shows_as_the_change_of_the_api() {
    let project = crate_project();
    xtask_in(project.path(), &["api"]);
    change(project.path(), SCHEMAS, "x-extensible-enum: [taken, packed]", "x-extensible-enum: [taken, sent]");
    change(project.path(), SCHEMAS, "        weight:\n", "        grams:\n");
    let (code, lines) = check(project.path());
    assert_eq!(
        lines,
        [
            "- variant shop::OrderState::Packed = \"packed\"",
            "- field shop::Parcel.weight: Option<f64>",
            "+ variant shop::OrderState::Sent = \"sent\"",
            "+ field shop::Parcel.grams: Option<f64>",
            "api/octopusx.txt is not what the crate has",
            "    mend: if the change is meant, run `cargo xtask api`",
        ]
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_change_of_hand_written_code_shows_too() {
    let project = crate_project();
    xtask_in(project.path(), &["api"]);
    change(project.path(), "src/lib.rs", "pub struct Client;\n", "pub struct Client;\nimpl Client { pub fn call(&self) {} }\n");
    let (code, lines) = check(project.path());
    assert_eq!((code, lines[0].as_str()), (Some(1), "+ fn Client::call(&self)"));
}

#[test]
fn a_missing_file_is_a_finding_and_is_not_written() {
    let project = crate_project();
    let (code, lines) = check(project.path());
    assert_eq!(code, Some(1));
    assert!(lines.contains(&"+ struct Client".to_owned()));
    assert!(!project.path().join(FILE).exists());
}

#[test]
fn a_broken_document_is_told_and_broken_code_is_a_reason() {
    let project = crate_project();
    change(project.path(), "src/lib.rs", "pub struct Client;", "pub struct;");
    let (code, _, error) = xtask_in(project.path(), &["api"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("src/lib.rs is not valid Rust"), "{error}");

    change(project.path(), "openapi/octopusx/root.yaml", "x-feature: shop", "x-feature: shelf");
    let (code, out, _) = xtask_in(project.path(), &["api"]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("openapi/octopusx/root.yaml#/tags/0/x-feature: "), "{out}");
}
