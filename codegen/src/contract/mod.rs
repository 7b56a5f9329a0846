//! Writes the part of the contract tests that depends on the document: for each method a row that says what it must send
//! and understand, and as Rust the calls and bodies that the rows name.
//!
//! How a call is compared with its row stands in the crate `octopusx-contract`, whose build script runs this.

mod answers;
mod calls;
mod examples;
mod expressions;
mod failures;
mod methods;
mod shapes;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::check;
use crate::load::{self, Document};
use crate::model::{Api, Face, Operation, Type};
use crate::problem::Problems;
use crate::slice::{Features, slice};
use crate::text::literal;

use expressions::{Expressions, Misfit};

/// What [`write()`] made of one document.
#[derive(Debug)]
pub struct Contract {
    /// The Rust source, to be read with `include!`.
    pub code: String,
    /// The whole document as JSON: the rows name its examples by pointer.
    pub bundle: String,
    /// Every file that was read, for `cargo::rerun-if-changed`.
    pub files: Vec<PathBuf>,
}

/// How the generated code reaches the client that it tests.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The module of the generated types, as `::octopusx::openoctopus`.
    pub module: &'a str,
    /// The field of the tests' site that holds the client.
    pub client: &'a str,
}

/// Runs over the document in `root`, for the given features.
///
/// # Errors
/// What the build refuses, and examples that no method or no expression fits.
pub fn write(root: &Path, features: &Features, names: &Names<'_>) -> Result<Contract, Problems> {
    let document = load::load(root)?;
    let api = slice(check::check(&document, features)?, features);
    let mut contract = Writing {
        document: &document,
        api: &api,
        names,
        expressions: Expressions::new(&document, &api),
        functions: Vec::new(),
        problems: Problems::default(),
    };
    let code = contract.document();
    contract.problems.into_result()?;
    // The expressions are what a user would write, and are to be read like that.
    let code = syn::parse_file(&code).map_or(code, |file| prettyplease::unparse(&file));
    Ok(Contract { code, bundle: document.to_json(), files: document.files().to_vec() })
}

struct Writing<'a> {
    document: &'a Document,
    api: &'a Api,
    names: &'a Names<'a>,
    expressions: Expressions<'a>,
    /// What the rows name.
    functions: Vec<String>,
    problems: Problems,
}

impl<'a> Writing<'a> {
    fn document(&mut self) -> String {
        let mut methods = Vec::new();
        for operation in &self.api.operations {
            self.examples_have_a_method(operation);
            for face in &operation.faces {
                methods.push(self.method(methods.len(), operation, face));
            }
        }
        let shapes = self.shapes();
        let open: Vec<String> =
            self.api.schemas.keys().filter(|name| self.expressions.is_open(name)).map(|name| literal(name)).collect();
        format!(
            "use {} as api;\n\
             /// Objects that the document leaves open.\npub const OPEN: &[&str] = &[{}];\n\
             pub const METHODS: &[Method] = &[{}];\npub const SHAPES: &[Shape] = &[{}];\n{}",
            self.names.module,
            open.join(", "),
            methods.join(",\n"),
            shapes.join(",\n"),
            self.functions.join("\n")
        )
    }

    /// Every request is one that some face can send, and every answer one that some face gives.
    fn examples_have_a_method(&mut self, operation: &Operation) {
        for media in examples::bodies(self.document, operation) {
            let taken = |face: &Face| if media.is_form() { face.form.clone() } else { face.body.clone() };
            for example in &media.examples {
                if !operation.faces.iter().filter_map(taken).any(|body| self.branch(&body, example).is_some()) {
                    let what = format!("no method of `{}` takes this body", operation.id);
                    self.problem(&example.pointer, what, "let `x-schema` name a branch of the body's schema");
                }
            }
        }
        for answer in examples::answers(self.document, operation).iter().filter(|answer| answer.is_success()) {
            for example in answer.media.iter().filter(|media| media.is_json()).flat_map(|media| &media.examples) {
                if !operation.faces.iter().any(|face| answers::gives(operation, face, example)) {
                    let what = format!("no method of `{}` gives this answer", operation.id);
                    self.problem(&example.pointer, what, "let `x-schema` name the answer of one of `x-faces`");
                }
            }
        }
    }

    /// Values of all types, made from the schemas.
    fn shapes(&mut self) -> Vec<String> {
        let sent = self.api.sent();
        let mut rows = Vec::new();
        for (schema, value) in shapes::shapes(self.api) {
            let at = format!("/components/schemas/{}", load::escape(&schema.name));
            let ty = self.expressions.path(&Type::Named(schema.name.clone()));
            let built = self.built(&schema.name, &value, &at).filter(|_| sent.contains(&schema.name));
            let (name, value) = (literal(&schema.name), literal(&value.to_string()));
            rows.push(format!("Shape {{ schema: {name}, value: {value}, read: back::<{ty}>, built: {} }}", option(built)));
        }
        rows
    }

    /// How a value is built and written, as a closure.
    fn built(&mut self, schema: &str, value: &Value, at: &str) -> Option<String> {
        let expression = self.expressions.value(schema, value, at).map_err(|misfit| self.misfit(misfit)).ok()?;
        Some(format!("|| Back::of(&{expression})"))
    }

    fn misfit(&mut self, Misfit { pointer, what }: Misfit) {
        self.problem(&pointer, what, "make the example and its schema agree; the typed API is made from the schema");
    }

    fn problem(&mut self, pointer: &str, what: impl Into<String>, mend: &str) {
        self.problems.push(self.document.problem(pointer, what, mend));
    }
}

/// How an operation answers.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Whole,
    /// As a stream, when it is asked to.
    Switched,
    Streams,
}

fn mode(operation: &Operation) -> Mode {
    match &operation.stream {
        None => Mode::Whole,
        Some(stream) if stream.switch.is_some() => Mode::Switched,
        Some(_) => Mode::Streams,
    }
}

fn pairs(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("({}, {})", literal(name), literal(value))).collect::<Vec<_>>().join(", ")
}

fn option(value: Option<String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}
