//! Turns the OpenAPI documents into the generated client: for each one source file, one JSON text, and a map for rustdoc.

use std::path::{Path, PathBuf};

use octopusx_codegen::{Features, generate};

fn main() {
    println!("cargo::rerun-if-changed=openapi");
    println!("cargo::rerun-if-changed=build.rs");
    let features = features();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    for system in ["octopusx", "openoctopus"] {
        match generate(&Path::new("openapi").join(system), &features) {
            Ok(generated) => {
                write(&out.join(format!("{system}.rs")), &generated.code);
                write(&out.join(format!("{system}.json")), &generated.bundle);
                write(&out.join(format!("{system}.md")), &generated.map);
            }
            Err(problems) => stop(&format!("the {system} document can't be built:\n{problems}")),
        }
    }
}

/// What Cargo.toml lists under [features], and which of it is on.
fn features() -> Features {
    let mut features = Features::from_manifest(&std::fs::read_to_string("Cargo.toml").unwrap_or_default());
    let on = |name: &str| std::env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"))).is_some();
    features.enabled.retain(|name| on(name));
    features
}

fn write(path: &Path, text: &str) {
    if let Err(error) = std::fs::write(path, text) {
        stop(&format!("{} can't be written: {error}", path.display()));
    }
}

fn stop(message: &str) {
    for line in message.lines() {
        println!("cargo::error={line}");
    }
}
