//! Turns an OpenAPI document, kept as a folder of YAML fragments, into the Rust source of a client.
//!
//! The stages, each a module, in the order in which a document passes them:
//!
//! 1. [`load`]: reads the fragments, merges them, remembers which file each part came from;
//! 2. [`check`]: refuses broken structure and turns the JSON tree into the [`model`];
//! 3. [`slice`](mod@slice): keeps what the enabled features need;
//! 4. [`prepare`]: reduces each operation to what progenitor can read;
//! 5. [`requests`]: lets progenitor write the request builders, and [`polish`]es them;
//! 6. [`types`]: writes structs, enums and unions with the leniency of the runtime's `wire` module, and their
//!    [`accessors`];
//! 7. [`facade`]: writes the methods that users call, [`tasks`] how long tasks are followed, and [`map`] the table of all.
//!
//! [`generate`] runs all of them. Nothing here does I/O except `load`. [`contract`] stands beside them: it writes the tests
//! that hold the client to its document.

pub mod accessors;
pub mod check;
pub mod contract;
pub mod facade;
pub mod load;
pub mod map;
pub mod model;
pub mod names;
pub mod polish;
pub mod prepare;
pub mod problem;
pub mod requests;
pub mod slice;
pub mod tasks;
pub mod text;
pub mod types;
pub mod uploads;

use std::path::PathBuf;

pub use problem::{Problem, Problems};
pub use slice::Features;

/// What [`generate`] made of one document.
#[derive(Debug)]
pub struct Generated {
    /// The Rust source, to be read with `include!`.
    pub code: String,
    /// The whole document as JSON, with all fragments merged.
    pub bundle: String,
    /// Sections, methods and pages as Markdown, for the documentation of the module that holds the client.
    pub map: String,
    /// Every file that was read, for `cargo::rerun-if-changed`.
    pub files: Vec<PathBuf>,
}

/// Runs all stages over the document in `root`, for the given features.
///
/// # Errors
/// Everything that is wrong with the document, each with file, JSON pointer, what is wrong and how to mend it.
pub fn generate(root: &std::path::Path, features: &Features) -> Result<Generated, Problems> {
    let document = load::load(root)?;
    let api = check::check(&document, features)?;
    let api = slice::slice(api, features);
    let code = write(&document, &api)?;
    Ok(Generated { code, bundle: document.to_json(), map: map::write(&api), files: document.files().to_vec() })
}

fn write(document: &load::Document, api: &model::Api) -> Result<String, Problems> {
    let requests = requests::write(document, api)?;
    let mut code = text::Writer::new();
    facade::write_document_facts(&mut code, api);
    for section in api.sections() {
        code.doc(&section.doc);
        code.line("#[allow(deprecated)] // The code refers to what it marks as deprecated.");
        // A box would come and go with the fields of a branch, and each time break those who match on it.
        code.line("#[allow(clippy::large_enum_variant)]");
        code.open(&format!("pub mod {}", section.name));
        types::write(&mut code, api, &section);
        facade::write_section(&mut code, api, &section);
        tasks::write_section(&mut code, api, &section.name);
        tasks::write_callbacks(&mut code, api, &section.name);
        code.close();
    }
    facade::write_accessors(&mut code, api);
    tasks::write_document(&mut code, api);
    code.raw(&requests);
    Ok(code.finish())
}
