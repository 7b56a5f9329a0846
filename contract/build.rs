//! Writes the part of the contract tests that depends on the OpenAPI documents.

use std::path::{Path, PathBuf};

use octopusx_codegen::Features;
use octopusx_codegen::contract::{Names, write};

const DOCUMENTS: [(&str, Names<'_>); 2] = [
    ("octopusx", Names { module: "::octopusx", client: "octopusx" }),
    ("openoctopus", Names { module: "::octopusx::openoctopus", client: "openoctopus" }),
];

fn main() {
    println!("cargo::rerun-if-changed=../openapi");
    println!("cargo::rerun-if-changed=../Cargo.toml");
    println!("cargo::rerun-if-changed=build.rs");
    let features = Features::from_manifest(&std::fs::read_to_string("../Cargo.toml").unwrap_or_default());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    for (system, names) in DOCUMENTS {
        match write(&Path::new("../openapi").join(system), &features, &names) {
            Ok(contract) => {
                save(&out.join(format!("{system}.rs")), &contract.code);
                save(&out.join(format!("{system}.json")), &contract.bundle);
            }
            Err(problems) => stop(&format!("the contract of the {system} document can't be written:\n{problems}")),
        }
    }
}

fn save(path: &Path, text: &str) {
    if let Err(error) = std::fs::write(path, text) {
        stop(&format!("{} can't be written: {error}", path.display()));
    }
}

fn stop(message: &str) {
    for line in message.lines() {
        println!("cargo::error={line}");
    }
}
