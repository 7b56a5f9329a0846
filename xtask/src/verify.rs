//! `cargo xtask verify --live`: whether a gateway answers what the documents say.
//!
//! [`plan`] says what is to be sent, [`gateway`] sends it, once, [`answer`] lays what came beside the document, [`report`]
//! tells it.

mod answer;
mod gateway;
mod plan;
mod report;
mod secret;

use std::cell::RefCell;
use std::time::Duration;

use octopusx_codegen::check::check;
use octopusx_codegen::load::{Document, load};
use octopusx_codegen::model::Api;
use octopusx_codegen::{Features, Problems};
use serde_json::Value;

use crate::args::Args;
use crate::lint::json_schema::Validators;
use crate::project::Project;
use crate::{Command, Outcome, say};
use gateway::Gateway;
use plan::{Plan, Wanted};
use report::{Report, Row};

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "verify",
    summary: "calls a gateway and holds its answers to the documents",
    help: "\
  cargo xtask verify --live

Calls every operation that the documents mark as free (`x-free`) and that needs no id, and holds each answer to its schema:
fields and words that the document does not know, values of another type, required fields that are missing, other statuses and
media types. Nothing is sent twice, and redirects are not followed.

The key comes from OCTOPUSX_API_KEY, the address from OCTOPUSX_BASE_URL or else from the document; for the second gateway from
OPENOCTOPUS_API_KEY and OPENOCTOPUS_BASE_URL. Values of answers are not shown, but for words that a list does not know.

  --live             is needed: requests leave this machine
  --system NAME      only this gateway: octopusx or openoctopus; without it both, and both keys are needed
  --operation ID     only this free operation, as videos_get; may stand several times
  --task KIND=ID     asks for a task, as video=task_123; may stand several times
  --paid ID          calls this operation, which may COST MONEY or change something; it is sent once
  --set NAME=VALUE   a parameter of the path or the query, as model=gpt-4o; may stand several times
  --body FILE        the JSON body of the one operation that is named; it has to fit the document
  --timeout SECONDS  for each call (60)
  --json             prints JSON
  --root DIR         the folder that holds openapi/ and Cargo.toml, instead of this checkout

Places in an answer are JSON pointers; in a stream the first step is the number of the event. Exit code 1 means that an answer
differs from its document. Exit code 2 also means that an answer could not be checked: no network, no key, a key that is
refused, a refusal, something that can't be read.",
    run,
};

/// A document, in the forms that this command needs.
struct System {
    name: &'static str,
    document: Document,
    api: Api,
    validators: RefCell<Validators>,
}

impl System {
    fn load_all(project: &Project, only: Option<&str>) -> Result<Vec<Self>, String> {
        let features = project.features()?;
        let all = project.documents()?;
        if let Some(unknown) = only.filter(|only| all.iter().all(|(name, _)| name != only)) {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no system `{unknown}`; there are {}", names.join(", ")));
        }
        let wanted = all.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
        wanted.map(|(name, folder)| Self::load(name, &folder, &features)).collect()
    }

    fn load(name: &'static str, folder: &std::path::Path, features: &Features) -> Result<Self, String> {
        let told = |problems: Problems| problems.to_string();
        let document = load(folder).map_err(told)?;
        let api = check(&document, features).map_err(told)?;
        let validators = RefCell::new(Validators::new(&document)?);
        Ok(Self { name, document, api, validators })
    }
}

/// What the command line asks for.
struct Options {
    project: Project,
    system: Option<String>,
    wanted: Wanted,
    timeout: Duration,
    json: bool,
}

fn options(mut args: Args) -> Result<Options, String> {
    let project = Project::from_args(&mut args)?;
    if !args.flag("--live") {
        return Err("this calls a gateway with your key: add `--live`".to_owned());
    }
    let mut all = |name: &str| -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        while let Some(value) = args.option(name)? {
            found.push(value);
        }
        Ok(found)
    };
    let pairs = |name: &str, words: Vec<String>| -> Result<Vec<(String, String)>, String> {
        let pair = |word: String| match word.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(format!("`{name}` needs a name, `=` and a value, not `{word}`")),
        };
        words.into_iter().map(pair).collect()
    };
    let mut wanted = Wanted {
        operations: all("--operation")?,
        paid: all("--paid")?,
        tasks: pairs("--task", all("--task")?)?,
        values: pairs("--set", all("--set")?)?,
        body: None,
    };
    let system = args.option("--system")?;
    let body = args.option("--body")?;
    let seconds = args.option("--timeout")?.map(|text| match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(format!("`--timeout` needs a whole number of seconds, not `{text}`")),
    });
    let json = args.flag("--json");
    args.finish()?;
    wanted.body = body.map(|file| read_json(&file)).transpose()?;
    let timeout = Duration::from_secs(seconds.transpose()?.unwrap_or(60).into());
    Ok(Options { project, system, wanted, timeout, json })
}

fn read_json(file: &str) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))
}

fn run(args: Args) -> Result<Outcome, String> {
    let Options { project, system, wanted, timeout, json } = options(args)?;
    let systems = System::load_all(&project, system.as_deref())?;
    let Plan { calls, left_out } = plan::plan(&systems, &wanted)?;
    let mut report = Report { left_out, ..Report::default() };
    for system in &systems {
        let own: Vec<_> = calls.iter().filter(|call| call.system.name == system.name).collect();
        if own.is_empty() {
            continue;
        }
        let gateway = match Gateway::from_env(system, timeout) {
            Ok(gateway) => gateway,
            Err(why) => {
                report.rows.extend(own.iter().map(|call| Row::not_sent(call, why.clone())));
                continue;
            }
        };
        for call in own {
            if !json {
                eprintln!("calling {}", call.name);
            }
            report.rows.push(answer::of(call, gateway.send(call), &gateway.secret));
        }
    }
    let root = project.file("");
    if json {
        say(&format_args!("{:#}", report.json(&root)));
    } else {
        say(&report.table(&root).trim_end());
    }
    report.outcome()
}
