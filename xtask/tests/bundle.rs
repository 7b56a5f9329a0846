//! `cargo xtask bundle` as it is called: the files, output and exit codes.

use serde_json::Value;

use crate::support::{change, project, xtask_in};

#[test]
fn the_bundle_holds_every_fragment_in_the_order_of_the_document() {
    let project = project();
    let (code, out, _) = xtask_in(project.path(), &["bundle"]);
    assert_eq!(code, Some(0));
    assert_eq!(out, "openapi/octopusx.json: written\nopenapi/openoctopus.json: written\n");

    let text = std::fs::read_to_string(project.path().join("openapi/octopusx.json")).unwrap();
    assert!(text.starts_with("{\n  \"openapi\": \"3.0.3\",\n  \"info\": {\n") && text.ends_with("\n}\n"), "{text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(document.pointer("/paths/~1v1~1orders/post/requestBody").is_some());
    let schemas: Vec<&String> = document["components"]["schemas"].as_object().unwrap().keys().collect();
    assert_eq!(schemas[..4], ["ErrorBody", "OrderRequest", "BookOrder", "TeaOrder"]);

    let (code, out, _) = xtask_in(project.path(), &["bundle"]);
    assert_eq!((code, out.as_str()), (Some(0), "openapi/octopusx.json: up to date\nopenapi/openoctopus.json: up to date\n"));
}

#[test]
fn a_bundle_that_is_missing_or_stale_is_a_finding_and_is_left_alone() {
    let project = project();
    let (code, out, _) = xtask_in(project.path(), &["bundle", "--check"]);
    assert_eq!(code, Some(1));
    let told = "openapi/octopusx.json is not what the fragments give\n    mend: run `cargo xtask bundle`\n";
    assert!(out.starts_with(told), "{out}");
    assert!(!project.path().join("openapi/octopusx.json").exists());

    xtask_in(project.path(), &["bundle"]);
    assert_eq!(xtask_in(project.path(), &["bundle", "--check"]).0, Some(0));
    change(project.path(), "openapi/octopusx/shop/examples.yaml", "title: Moby-Dick", "title: Emma");
    let (code, out, _) = xtask_in(project.path(), &["bundle", "--check"]);
    assert_eq!((code, out), (Some(1), format!("{told}openapi/openoctopus.json: up to date\n")));
}

#[test]
fn a_broken_document_is_told_and_not_written() {
    let project = project();
    change(project.path(), "openapi/octopusx/shop/schemas.yaml", "Parcel'}\n        prices", "Parsel'}\n        prices");
    let (code, out, _) = xtask_in(project.path(), &["bundle"]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("openapi/octopusx/shop/schemas.yaml#/components/schemas/Order/properties/parcels"), "{out}");
    assert!(out.contains("leads nowhere\n    mend: ") && out.ends_with("openapi/openoctopus.json: written\n"), "{out}");
    assert!(!project.path().join("openapi/octopusx.json").exists());
}
