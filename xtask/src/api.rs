//! `cargo xtask api`: the crate's public API as a text, so that a review sees what a change means for users.
//!
//! The text is made from the sources: [`source`] reads them, with the generated code in the place of its `include!` and
//! with the crate's own macros expanded by [`macros`]; [`names`] finds what can be reached from outside, and under which
//! path; [`impls`] sorts `impl` blocks by their types; [`listing`] writes a line for each public item, with what
//! [`print`](mod@print) makes of types and signatures. It needs no compiler, so it is the same on every machine.

mod impls;
mod listing;
mod macros;
mod names;
mod print;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use octopusx_codegen::generate;

use crate::args::Args;
use crate::project::Project;
use crate::snapshot::{self, State};
use crate::{Command, Outcome, say};

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "api",
    summary: "writes the crate's public API as a text",
    help: "\
Writes api/octopusx.txt: one line for each public item of the crate with all features, of its generated and of its
hand-written code. The file is committed; a change of a document shows in it as the change of the API that it is.

  --check      writes nothing; prints the lines that differ
  --root DIR   the folder that holds openapi/, src/ and Cargo.toml, instead of this checkout",
    run,
};

const FILE: &str = "api/octopusx.txt";

const HEAD: &str = "\
# The public API of the crate with all features, one item a line. Written by `cargo xtask api`; change the code or the
# documents instead.
#
# Names are as users write them behind `octopusx::`. Behind a field, a variant or a method stands how it travels; `set`
# is the argument of the method that sets a field; `extra` marks types that keep members which no document describes.
";

fn run(mut args: Args) -> Result<Outcome, String> {
    let project = Project::from_args(&mut args)?;
    let only_check = args.flag("--check");
    args.finish()?;
    let features = project.features()?;
    let mut generated = BTreeMap::new();
    for (name, folder) in project.documents()? {
        match generate(&folder, &features) {
            Ok(found) => generated.insert(format!("{name}.rs"), found.code),
            Err(problems) => {
                problems.0.iter().for_each(|problem| say(&project.told(problem)));
                return Ok(Outcome::Findings);
            }
        };
    }
    let sources = source::read(&project.file("src/lib.rs"), &generated)?;
    let lines = listing::lines(&sources);
    let text = format!("{HEAD}{}\n", lines.join("\n"));
    match snapshot::settle(&project.file(FILE), &text, only_check)? {
        State::Same => say(&format_args!("{FILE}: up to date, {} items", lines.len())),
        State::Written => say(&format_args!("{FILE}: written, {} items", lines.len())),
        State::Stale(present) => {
            difference(&present, &text).iter().for_each(say);
            say(&format_args!("{FILE} is not what the crate has\n    mend: if the change is meant, run `cargo xtask api`"));
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Clean)
}

/// The lines that only one of two texts has: first what is gone, then what is new.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = before.lines().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    gone.chain(after.lines().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"))).collect()
}
