//! The two documents that the bindings are made from, whole and in slices.

use std::fs;

use octopusx_codegen::{Features, generate};

use crate::support::{Code, system};

const SYSTEMS: [&str; 2] = ["octopusx", "openoctopus"];

fn all_features() -> Features {
    let manifest = fs::read_to_string(system("../Cargo.toml")).unwrap();
    Features::from_manifest(&manifest)
}

fn only(name: Option<&str>) -> Features {
    Features { enabled: name.into_iter().map(str::to_owned).collect(), ..all_features() }
}

fn code(name: &str, features: &Features) -> Code {
    let generated = generate(&system(name), features).unwrap_or_else(|problems| panic!("{problems}"));
    Code::new(generated.code)
}

#[test]
fn whole_documents_become_rust() {
    for name in SYSTEMS {
        code(name, &all_features());
    }
}

#[test]
fn every_feature_alone_becomes_rust() {
    for feature in &all_features().known {
        for name in SYSTEMS {
            code(name, &only(Some(feature)));
        }
    }
}

#[test]
fn without_features_a_client_without_operations_remains() {
    for name in SYSTEMS {
        let code = code(name, &only(None));
        code.expect("", "pub const OPERATIONS: &[crate::Operation] = &[];");
        code.expect("", "impl Client {}");
        code.refuse("", "mod");
    }
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    for name in SYSTEMS {
        let once = generate(&system(name), &all_features()).unwrap();
        let again = generate(&system(name), &all_features()).unwrap();
        assert!(once.code == again.code, "the code of {name} differs from run to run");
        assert!(once.bundle == again.bundle, "the merged {name} differs from run to run");
        assert_eq!(once.files, again.files);
    }
}

#[test]
fn every_file_of_a_document_is_named_so_that_a_change_is_noticed() {
    for name in SYSTEMS {
        let mut found = Vec::new();
        let mut open = vec![system(name)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        let mut files = generate(&system(name), &only(None)).unwrap().files;
        assert_eq!(files[0], system(name).join("root.yaml"));
        files.sort();
        assert_eq!(files, found);
    }
}

#[test]
fn the_merged_document_holds_every_part_and_is_the_same_for_every_slice() {
    for name in SYSTEMS {
        let whole = generate(&system(name), &all_features()).unwrap();
        assert!(whole.bundle == generate(&system(name), &only(None)).unwrap().bundle);
        let document: serde_json::Value = serde_json::from_str(&whole.bundle).unwrap();
        for operation in whole.code.lines().filter_map(|line| line.trim().strip_prefix("path: \"")) {
            let path = operation.trim_end_matches("\",");
            assert!(document["paths"].get(path).is_some(), "{path}");
        }
        assert!(document.pointer("/components/schemas/ErrorBody").is_some());
    }
}
