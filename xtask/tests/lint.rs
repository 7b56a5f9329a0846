//! `cargo xtask lint` as it is called: output and exit codes.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

/// A project whose two documents are both the small one.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/small");
    for system in ["octopusx", "openoctopus"] {
        let target = folder.path().join("openapi").join(system);
        std::fs::create_dir_all(target.join("shop")).unwrap();
        for name in ["root.yaml", "shop/paths.yaml", "shop/schemas.yaml", "shop/examples.yaml"] {
            std::fs::copy(small.join(name), target.join(name)).unwrap();
        }
    }
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"shop\"\n\n[features]\nshop = []\n").unwrap();
    folder
}

fn xtask(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).output().unwrap()
}

fn lint(root: &Path) -> (Option<i32>, String, String) {
    let output = xtask(&["lint", "--root", root.to_str().unwrap()]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn clean_documents_give_one_line_each_and_exit_code_0() {
    let (code, out, _) = lint(project().path());
    let counts = "3 operations, 13 schemas, 9 examples (6 documented, 3 constructed), nothing to mend";
    assert_eq!(out, format!("octopusx: {counts}\nopenoctopus: {counts}\n"));
    assert_eq!(code, Some(0));
}

#[test]
fn a_finding_names_its_file_from_the_root_and_gives_exit_code_1() {
    let project = project();
    let file = project.path().join("openapi/openoctopus/shop/examples.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("summary: Some tea", "summary: Some tea.")).unwrap();
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
        let output = xtask(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn help_is_no_failure() {
    for words in [&["--help"][..], &["lint", "--help"], &["lint", "-h"]] {
        let output = xtask(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("Exit codes"), "{words:?}");
    }
}
