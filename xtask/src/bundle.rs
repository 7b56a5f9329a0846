//! `cargo xtask bundle`: each document as one JSON file, for tools that can't read a folder of fragments.

use octopusx_codegen::check::check;
use octopusx_codegen::load::load;
use octopusx_codegen::{Features, Problem, Problems};

use crate::args::Args;
use crate::project::Project;
use crate::snapshot::{self, State};
use crate::{Command, Outcome, say};

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "bundle",
    summary: "writes each OpenAPI document as one JSON file",
    help: "\
Merges the fragments of openapi/octopusx and openapi/openoctopus, in their order, into openapi/octopusx.json and
openapi/openoctopus.json: OpenAPI 3.0.3 that any tool can read. They are committed, so that a link can lead to them.

  --check      writes nothing; tells whether the files are what the fragments give
  --root DIR   the folder that holds openapi/ and Cargo.toml, instead of this checkout",
    run,
};

fn run(mut args: Args) -> Result<Outcome, String> {
    let project = Project::from_args(&mut args)?;
    let only_check = args.flag("--check");
    args.finish()?;
    let features = project.features()?;
    let mut outcome = Outcome::Clean;
    for (name, folder) in project.documents()? {
        let text = match merged(&folder, &features) {
            Ok(text) => text,
            Err(problems) => {
                problems.0.iter().for_each(|problem| say(&project.told(problem)));
                outcome = Outcome::Findings;
                continue;
            }
        };
        let file = format!("openapi/{name}.json");
        match snapshot::settle(&project.file(&file), &text, only_check)? {
            State::Same => say(&format_args!("{file}: up to date")),
            State::Written => say(&format_args!("{file}: written")),
            State::Stale(_) => {
                say(&format_args!("{file} is not what the fragments give\n    mend: run `cargo xtask bundle`"));
                outcome = Outcome::Findings;
            }
        }
    }
    Ok(outcome)
}

/// The whole document; a broken one is worth nothing to a tool.
fn merged(folder: &std::path::Path, features: &Features) -> Result<String, Problems> {
    let document = load(folder)?;
    check(&document, features)?;
    let text = serde_json::to_string_pretty(document.root());
    let unwritable = |error: serde_json::Error| Problem {
        file: folder.to_path_buf(),
        pointer: String::new(),
        what: format!("can't be written as JSON: {error}"),
        mend: "let every key be a text".to_owned(),
    };
    text.map(|text| text + "\n").map_err(|error| unwritable(error).into())
}
