//! `cargo xtask lint`: what the build lets pass in the documents, but a reader or another tool would stumble over.
//!
//! The build refuses broken structure. This command repeats its check and then holds the rules, each in a module:
//!
//! - [`validity`]: an example fits its schema, and the schema knows every member of it;
//! - [`provenance`]: an example says which page it comes from, or that it is made up;
//! - [`operations`]: answers, errors, bodies and parameters are shown;
//! - [`texts`]: descriptions and summaries say something;
//! - [`nulls`]: where null is allowed, other tools allow it too;
//! - [`unused`]: nothing lies around that no operation leads to.
//!
//! [`release`] looks at the project around them.

pub(crate) mod json_schema;
mod nulls;
mod operations;
mod provenance;
mod release;
#[cfg(test)]
pub(crate) mod small;
mod texts;
mod unused;
mod validity;

use std::fmt;
use std::path::Path;

use octopusx_codegen::check::check;
use octopusx_codegen::load::{Document, load};
use octopusx_codegen::{Features, Problem, Problems};

use crate::args::Args;
use crate::project::Project;
use crate::{Command, Outcome, places, say};

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "lint",
    summary: "looks for mistakes in the OpenAPI documents",
    help: "\
Checks openapi/octopusx and openapi/openoctopus: the structure, as the build does; then that every example fits its
schema and holds nothing that the schema doesn't know, that it names its page, that answers, errors and parameters have
examples, that texts say something, and that nothing is unused. Then that the version tells the documents' date, and that
the minimum Rust version is the same everywhere.

  --root DIR   the folder that holds openapi/ and Cargo.toml, instead of this checkout",
    run,
};

fn run(mut args: Args) -> Result<Outcome, String> {
    let project = Project::from_args(&mut args)?;
    args.finish()?;
    let features = project.features()?;
    let mut outcome = Outcome::Clean;
    for (name, folder) in project.documents()? {
        let report = examine(&folder, &features);
        for problem in &report.problems {
            say(&project.told(problem));
            outcome = Outcome::Findings;
        }
        say(&format_args!("{name}: {report}"));
    }
    for problem in release::check(&project)? {
        say(&problem);
        outcome = Outcome::Findings;
    }
    Ok(outcome)
}

/// What was found in one document.
#[derive(Debug, Default)]
struct Report {
    problems: Vec<Problem>,
    operations: usize,
    schemas: usize,
    documented: usize,
    constructed: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, schemas, documented, constructed, .. } = self;
        write!(
            f,
            "{operations} operations, {schemas} schemas, {} examples ({documented} documented, {constructed} constructed), ",
            documented + constructed
        )?;
        match self.problems.len() {
            0 => write!(f, "nothing to mend"),
            1 => write!(f, "1 finding"),
            many => write!(f, "{many} findings"),
        }
    }
}

/// Collects what the rules find.
struct Findings<'a> {
    document: &'a Document,
    problems: Problems,
}

impl Findings<'_> {
    fn add(&mut self, pointer: &str, what: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(self.document.problem(pointer, what, mend));
    }
}

/// Runs everything over the document in a folder.
fn examine(folder: &Path, features: &Features) -> Report {
    let document = match load(folder) {
        Ok(document) => document,
        Err(problems) => return Report { problems: problems.0, ..Report::default() },
    };
    let mut findings = Findings { document: &document, problems: Problems::default() };
    validity::check(&mut findings);
    let (documented, constructed) = provenance::check(&mut findings);
    operations::check(&mut findings);
    texts::check(&mut findings);
    nulls::check(&mut findings);
    unused::check(&mut findings);

    // The rules also run over a document of broken structure, so that one run shows all there is to mend. Where the
    // structure's check has found something, that goes first and may explain the rest.
    let mut problems = check(&document, features).err().unwrap_or_default().0;
    let refused: Vec<String> = problems.iter().map(|problem| problem.pointer.clone()).collect();
    problems.extend(findings.problems.0.into_iter().filter(|problem| !refused.contains(&problem.pointer)));
    problems.sort_by(|a, b| (&a.file, &a.pointer).cmp(&(&b.file, &b.pointer)));
    let schemas = document.at("/components/schemas").and_then(serde_json::Value::as_object).map_or(0, serde_json::Map::len);
    Report { problems, operations: places::operations(&document).len(), schemas, documented, constructed }
}

#[cfg(test)]
mod tests {
    use super::small::{findings, findings_of};

    #[test]
    fn a_document_without_a_fault_passes() {
        assert_eq!(findings_of(&[]), [""; 0]);
    }

    #[test]
    fn what_the_build_refuses_is_told_and_the_rules_run_on() {
        let found = findings_of(&[
            ("shop/schemas.yaml", "items: {$ref: '#/components/schemas/Parcel'}", "items: {$ref: '#/components/schemas/Parsel'}"),
            ("shop/paths.yaml", "summary: Order something", "summary: Order something."),
        ]);
        assert!(found.contains(&"/paths/~1v1~1orders/post/summary: the summary ends with a full stop".to_owned()), "{found:?}");
        let lost = "/components/schemas/Order/properties/parcels/items/$ref: `#/components/schemas/Parsel` leads nowhere";
        assert!(found.contains(&lost.to_owned()), "{found:?}");
    }

    #[test]
    fn a_file_that_is_no_yaml_is_a_finding() {
        let found = findings("shop/paths.yaml", "summary: Order something", "summary: [");
        assert!(found.len() == 1 && found[0].contains("is not valid YAML"), "{found:?}");
    }
}
