//! `cargo xtask lint` as it is called: output and exit codes.

use std::path::Path;

use crate::support::{change, project, xtask, xtask_in};

fn lint(root: &Path) -> (Option<i32>, String, String) {
    xtask_in(root, &["lint"])
}

#[test]
fn clean_documents_give_one_line_each_and_exit_code_0() {
    let (code, out, _) = lint(project().path());
    let counts = "3 operations, 14 schemas, 9 examples (6 documented, 3 constructed), nothing to mend";
    assert_eq!(out, format!("octopusx: {counts}\nopenoctopus: {counts}\n"));
    assert_eq!(code, Some(0));
}

#[test]
fn a_finding_names_its_file_from_the_root_and_gives_exit_code_1() {
    let project = project();
    change(project.path(), "openapi/openoctopus/shop/examples.yaml", "summary: Some tea", "summary: Some tea.");
    let (code, out, _) = lint(project.path());
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("octopusx: 3 operations"), "{out}");
    assert_eq!(
        lines[1],
        "openapi/openoctopus/shop/examples.yaml#/components/examples/shop_order_tea/summary: the summary ends with a full stop"
    );
    assert!(lines[2].starts_with("    mend: "), "{out}");
    assert!(lines[3].starts_with("openoctopus: ") && lines[3].ends_with(", 1 finding"), "{out}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_feature_that_the_manifest_lacks_is_a_finding() {
    let project = project();
    std::fs::write(project.path().join("Cargo.toml"), "[package]\n\n[features]\nother = []\n").unwrap();
    let (code, out, _) = lint(project.path());
    assert!(out.contains("root.yaml#/tags/0/x-feature: the crate has no feature `shop`"), "{out}");
    assert_eq!(code, Some(1));
}

#[test]
fn what_can_not_run_gives_exit_code_2_and_a_reason() {
    let empty = tempfile::tempdir().unwrap();
    let (code, out, error) = lint(empty.path());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(error.contains("Cargo.toml"), "{error}");

    let project = project();
    std::fs::remove_dir_all(project.path().join("openapi/openoctopus")).unwrap();
    let (code, _, error) = lint(project.path());
    assert_eq!(code, Some(2));
    assert!(error.contains("holds no root.yaml"), "{error}");

    for words in [&["lint", "--rot"][..], &["lint", "--root"], &["lynt"], &[]] {
        let (code, _, error) = xtask(words);
        assert_eq!(code, Some(2), "{words:?}");
        assert!(!error.is_empty(), "{words:?}");
    }
}

#[test]
fn help_is_no_failure() {
    for words in [&["--help"][..], &["lint", "--help"], &["lint", "-h"]] {
        let (code, out, _) = xtask(words);
        assert_eq!(code, Some(0), "{words:?}");
        assert!(out.contains("Exit codes"), "{words:?}");
    }
}

/// A project that is released: a version, and the places that name the minimum Rust version.
fn released(version: &str, rust: &str) -> tempfile::TempDir {
    let project = project();
    let manifest = format!(
        "[workspace.package]\nversion = \"{version}\"\nrust-version = \"1.89\"\n\n[package]\nname = \"shop\"\n\n[features]\nshop = []\n"
    );
    for (file, text) in [
        ("Cargo.toml", manifest),
        ("README.md", format!("a Rust toolchain ({rust} or later)")),
        ("docs/features.md", format!("Rust {rust} or later")),
        (".ci/run", format!("(https://rustup.rs), {rust} or later")),
        (".github/workflows/ci.yml", format!("rustup toolchain install {rust} --profile minimal && rustup default {rust}")),
    ] {
        let file = project.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    project
}

#[test]
fn the_version_tells_the_state_of_the_documents() {
    let (code, out, _) = lint(released("1.2.3+docs.2026-11-20", "1.89").path());
    assert_eq!(code, Some(0), "{out}");
    for stale in ["1.2.3", "1.2.3+docs.2025-12-31", "1.2.3+2026-11-20"] {
        let (code, out, _) = lint(released(stale, "1.89").path());
        assert!(out.contains("write `version = \"1.2.3+docs.2026-11-20\"` under [workspace.package]"), "{stale}: {out}");
        assert_eq!(code, Some(1), "{stale}");
    }
}

#[test]
fn the_minimum_rust_version_is_the_same_everywhere() {
    let (code, out, _) = lint(released("1.2.3+docs.2026-11-20", "1.88").path());
    for file in ["README.md", "docs/features.md", ".ci/run", ".github/workflows/ci.yml"] {
        assert!(out.contains(&format!("{file}#: it does not say `")), "{file}: {out}");
    }
    assert_eq!(code, Some(1));
}
