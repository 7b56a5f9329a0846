//! Every folder in `tests/broken` holds the files in which a broken document differs from the one in `tests/good`, and in
//! `expected.txt` the messages that stop its build. To write the messages of a new case, run the tests with `BLESS=1`, and
//! read them before you commit them.

use std::fs;
use std::path::Path;

use octopusx_codegen::{Problem, generate};

use crate::support::{Post, data, features};

#[test]
fn the_document_that_the_broken_ones_are_made_from_is_whole() {
    Post::new().generate(&["letters", "stamps"]).unwrap();
}

#[test]
fn every_broken_document_is_refused_with_exactly_its_messages() {
    let cases = cases();
    assert!(cases.len() >= 15, "only {} cases in tests/broken", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(failure) = check(case) {
            failures.push(format!("{case}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let fragment = "paths:\n  /cards: {head: {}, trace: {}}\ncomponents:\n  schemas:\n    Card: {type: string}\n";
    let problems = Post::new().with_fragment("cards", fragment).generate(&["letters"]).unwrap_err();
    let places: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(places, ["/components/schemas/Card", "/paths/~1cards/head", "/paths/~1cards/trace"]);
}

#[test]
fn a_folder_without_a_root_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let error = generate(folder.path(), &features(&[])).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}#: can't be read", folder.path().join("root.yaml").display())), "{error}");
}

#[test]
fn an_empty_place_in_the_root_swallows_no_fragment() {
    let post = Post::new();
    let root = post.folder().join("root.yaml");
    fs::write(&root, fs::read_to_string(&root).unwrap() + "paths:\n").unwrap();
    post.code().expect("letters", "pub fn send");
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(data("broken")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn check(case: &str) -> Result<(), String> {
    let folder = data("broken").join(case);
    let document = Post::new().with_files(&folder);
    let Err(problems) = document.generate(&["letters", "stamps"]) else {
        return Err("the document is accepted".to_owned());
    };
    for problem in &problems.0 {
        check_problem(document.folder(), problem)?;
    }
    let found = problems.to_string().replace(&format!("{}/", document.folder().display()), "") + "\n";
    let file = folder.join("expected.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let expected = fs::read_to_string(&file).map_err(|_| format!("expected.txt is missing; the messages are\n{found}"))?;
    if expected == found { Ok(()) } else { Err(format!("expected\n{expected}found\n{found}")) }
}

/// A message must lead to the place itself, or to the place where something is missing.
fn check_problem(folder: &Path, problem: &Problem) -> Result<(), String> {
    if !problem.file.starts_with(folder) || !problem.file.is_file() {
        return Err(format!("{} is no file of the document", problem.file.display()));
    }
    if problem.what.is_empty() || problem.mend.is_empty() || !problem.to_string().contains("\n    mend: ") {
        return Err(format!("the message does not say what is wrong and how to mend it: {problem}"));
    }
    let text = fs::read_to_string(&problem.file).unwrap();
    let Ok(tree) = serde_saphyr::from_str::<serde_json::Value>(&text) else { return Ok(()) };
    let parent = problem.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    if tree.pointer(&problem.pointer).or_else(|| tree.pointer(parent)).is_none() {
        return Err(format!("{} does not stand in {}", problem.pointer, problem.file.display()));
    }
    Ok(())
}
