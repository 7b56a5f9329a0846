//! The version tells the state of the documents, and every place that names the minimum Rust version names the same one.

use std::path::Path;

use octopusx_codegen::{Problem, load::load};
use serde_json::Value;

use crate::project::Project;

const MANIFEST: &str = "Cargo.toml";

/// Where the minimum Rust version is named besides, and in which words.
const RUST: [(&str, &str); 4] = [
    ("README.md", "toolchain (@ or later)"),
    ("docs/features.md", "Rust @ or later"),
    (".ci/run", "https://rustup.rs), @ or later"),
    (".github/workflows/ci.yml", "rustup toolchain install @ --profile minimal && rustup default @"),
];

/// Looks at the manifest of a project that has a version of its own.
pub(super) fn check(project: &Project) -> Result<Vec<Problem>, String> {
    let manifest = std::fs::read_to_string(project.file(MANIFEST)).map_err(|error| format!("{MANIFEST}: {error}"))?;
    let Some(version) = value(&manifest, "version") else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    let mut dates = Vec::new();
    for (_, folder) in project.documents()? {
        // A document that can't be read is told elsewhere.
        let Ok(document) = load(&folder) else { continue };
        dates.extend(document.at("/info/version").and_then(Value::as_str).map(str::to_owned));
    }
    if let Some(date) = dates.into_iter().max() {
        let wanted = format!("docs.{date}");
        if version.split_once('+').is_none_or(|(_, metadata)| metadata != wanted) {
            let number = version.split('+').next().unwrap_or_default();
            problems.push(problem(
                MANIFEST,
                format!("the version `{version}` does not tell the state of the documents, which is {date}"),
                format!("write `version = \"{number}+{wanted}\"` under [workspace.package]"),
            ));
        }
    }
    // The documents alone, copied somewhere, name it nowhere.
    let is_whole = RUST.iter().any(|(file, _)| project.file(file).exists());
    if let Some(rust) = value(&manifest, "rust-version").filter(|_| is_whole) {
        for (file, words) in RUST {
            let wanted = words.replace('@', rust);
            let text = std::fs::read_to_string(project.file(file)).unwrap_or_default();
            if !text.contains(&wanted) {
                let what = format!("it does not say `{wanted}`, as the manifest's rust-version would have it");
                problems.push(problem(file, what, "name the same version everywhere".to_owned()));
            }
        }
    }
    Ok(problems)
}

/// A text under `[workspace.package]`.
fn value<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let section = manifest.split("[workspace.package]").nth(1)?.split("\n[").next()?;
    section.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('=')?.trim().strip_prefix('"')?.strip_suffix('"'))
}

fn problem(file: &str, what: String, mend: String) -> Problem {
    Problem { file: Path::new(file).to_path_buf(), pointer: String::new(), what, mend }
}
