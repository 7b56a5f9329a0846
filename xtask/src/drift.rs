//! `cargo xtask drift`: whether the documents still say what the documentation says.
//!
//! [`site`] reads pages, [`parse`] turns each into the small [`model`], [`documents`] shows the OpenAPI documents in the same
//! terms, [`compare`] lays one beside the other, [`check`] does all of it, and [`fix`] writes what is merely new.

mod check;
mod compare;
mod documents;
mod fix;
mod index;
mod lock;
mod model;
mod overrides;
mod parse;
mod report;
mod site;
mod types;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::Args;
use crate::project::Project;
use crate::{Command, Outcome, say};
use check::{Check, Pages};
use documents::System;
use lock::{Line, Lock};
use report::Report;
use site::{Live, Site};

/// The site of the documentation.
const BASE: &str = "https://doc.octopusx.ai";

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "drift",
    summary: "compares the documents with the pages of the documentation",
    help: "\
Reads the pages of the documentation and compares them with openapi/octopusx and openapi/openoctopus, in both directions:
pages that are new, gone or changed since their last review; routes, fields, types, marks, values and models that one side
has and the other has not; examples that no longer fit. openapi/docs.lock holds the pages and the hash of each text that was
reviewed, openapi/overrides.yaml what is known and not ours to mend.

Without a site it compares the list of pages and the operations of its pins with the documents.

  --live               reads the site
  --base URL           its address, instead of https://doc.octopusx.ai
  --openoctopus URL    the address of OpenOctopus' page as Markdown or text; without it that page is not read
  --timeout SECONDS    for each page (30)
  --retries N          for a page that fails in passing (2)
  --from DIR           reads a copy instead: llms.txt, and each page as <id>.md or <id>.txt
  --save DIR           keeps a copy of what was read; nothing, unless all of it came
  --accept PAGE        pins a page as it is now, after a review; it may be an id or an address
  --accept-all         pins all pages
  --fix                adds optional fields that only the pages have, with a description to be written
  --json               prints JSON
  --root DIR           the folder that holds openapi/, instead of this checkout

Exit code 2 also means that a page could not be checked; no other page is then taken for the whole.",
    run,
};

/// What the command line asks for.
struct Options {
    project: Project,
    accept: Vec<String>,
    accept_all: bool,
    fix: bool,
    json: bool,
    save: Option<PathBuf>,
    source: Source,
}

enum Source {
    /// No page: only the lock.
    Lock,
    Saved(PathBuf),
    Live(Live),
}

fn options(mut args: Args) -> Result<Options, String> {
    let project = Project::from_args(&mut args)?;
    let live = args.flag("--live");
    let from = args.option("--from")?.map(PathBuf::from);
    let base = args.option("--base")?;
    let second = args.option("--openoctopus")?;
    let seconds = number(args.option("--timeout")?, "--timeout")?;
    let retries = number(args.option("--retries")?, "--retries")?;
    let mut accept = Vec::new();
    while let Some(page) = args.option("--accept")? {
        accept.push(page);
    }
    let (accept_all, fix, json) = (args.flag("--accept-all"), args.flag("--fix"), args.flag("--json"));
    let save = args.option("--save")?.map(PathBuf::from);
    args.finish()?;
    let source = match (live, from) {
        (true, Some(_)) => return Err("`--live` and `--from` exclude each other".to_owned()),
        (true, None) => {
            let timeout = Duration::from_secs(seconds.unwrap_or(30).into());
            Source::Live(Live::new(base.as_deref().unwrap_or(BASE), second, timeout, retries))
        }
        (false, _) if base.is_some() || second.is_some() => return Err("an address needs `--live`".to_owned()),
        (false, Some(folder)) => Source::Saved(folder),
        (false, None) => Source::Lock,
    };
    let needs_site = fix || save.is_some() || accept_all || !accept.is_empty();
    if needs_site && matches!(source, Source::Lock) {
        return Err("this needs pages: add `--live` or `--from DIR`".to_owned());
    }
    Ok(Options { project, accept, accept_all, fix, json, save, source })
}

fn number(text: Option<String>, name: &str) -> Result<Option<u32>, String> {
    text.map(|text| text.parse().map_err(|_| format!("`{name}` needs a whole number, not `{text}`"))).transpose()
}

fn run(args: Args) -> Result<Outcome, String> {
    let Options { project, accept, accept_all, fix, json, save, source } = options(args)?;
    let systems = System::load_all(&project)?;
    let lock_file = project.file("openapi/docs.lock");
    let mut lock = Lock::read(&lock_file)?;
    let overrides = overrides::read(&project.file("openapi/overrides.yaml"))?;
    let root = project.file("");
    let site = match source {
        Source::Lock => None,
        Source::Saved(folder) => Some(Site::saved(&folder, &lock)?),
        Source::Live(live) => Some(live.read(&lock, |id| {
            if !json {
                eprintln!("reading {id}")
            }
        })),
    };
    let Some(site) = site else {
        let report = Check { systems: &systems, lock: &lock, overrides: &overrides, root: &root }.lock();
        return finish(&report, &root, json);
    };
    let kept = save.map_or(Ok(()), |folder| site.save(&folder));
    let pages = Pages::of(&site, &lock::today());
    if accept_all || !accept.is_empty() {
        let ids = if accept_all { all_ids(&pages, &lock) } else { accept.iter().map(|word| Lock::id_of(word)).collect() };
        accept_pages(&mut lock, &pages, &ids, accept_all)?;
        std::fs::write(&lock_file, lock.to_string()).map_err(|error| format!("{}: {error}", lock_file.display()))?;
    }
    let check = Check { systems: &systems, lock: &lock, overrides: &overrides, root: &root };
    let mut report = check.lock();
    let of_site = check.site(&pages);
    let known = std::mem::take(&mut report.findings);
    report = of_site;
    report.findings.splice(0..0, known);
    if fix && report.unchecked.is_empty() {
        for line in fix::apply(&systems, &report, &project.features()?, &root)? {
            say(&line);
        }
    }
    let outcome = finish(&report, &root, json);
    kept.and(outcome)
}

fn finish(report: &Report, root: &Path, json: bool) -> Result<Outcome, String> {
    if json {
        say(&format_args!("{:#}", report.json(root)));
    } else {
        say(&report.table(root).trim_end());
    }
    match (report.unchecked.as_slice(), report.findings.is_empty()) {
        ([], true) => Ok(Outcome::Clean),
        ([], false) => Ok(Outcome::Findings),
        ([(page, why)], _) => Err(format!("{} could not be checked: {why}", report.url(page))),
        ([(page, why), rest @ ..], _) => Err(format!("{} and {} more could not be checked: {why}", report.url(page), rest.len())),
    }
}

fn all_ids(pages: &Pages, lock: &Lock) -> Vec<String> {
    let mut ids: Vec<String> = pages.index.iter().flatten().map(|entry| entry.id.clone()).collect();
    ids.extend(lock.lines.iter().filter(|line| !ids.contains(&line.id)).map(|line| line.id.clone()).collect::<Vec<_>>());
    ids
}

/// Writes the lines of pages anew. With `leniently` a page that the copy does not hold keeps its line.
fn accept_pages(lock: &mut Lock, pages: &Pages, ids: &[String], leniently: bool) -> Result<(), String> {
    let entries = pages.index.as_ref().map_err(|why| format!("nothing was accepted: the index can't be read: {why}"))?;
    let mut next = lock.clone();
    for id in ids {
        let entry = entries.iter().find(|entry| entry.id == *id);
        let read = match pages.pages.get(id) {
            Some(Some(Ok(read))) => read,
            Some(Some(Err(why))) => return Err(format!("nothing was accepted: {id}: {why}")),
            Some(None) if leniently => continue,
            Some(None) => return Err(format!("nothing was accepted: {id} is not in the copy")),
            None if next.line(id).is_some() => {
                next.lines.retain(|line| line.id != *id);
                continue;
            }
            None => return Err(format!("nothing was accepted: there is no page `{id}`")),
        };
        let operations = read.page.routes.iter().map(ToString::to_string).collect();
        if let Some(line) = next.line_mut(id) {
            line.pin = Some(read.pin.clone());
            line.operations = operations;
            // The page of the second system stands in no index.
            line.indexed = entry.is_some();
        } else if let Some(entry) = entry {
            let line = Line { id: id.clone(), url: entry.url.clone(), pin: Some(read.pin.clone()), indexed: true, operations };
            let before = entries
                .iter()
                .take_while(|known| known.id != *id)
                .filter_map(|known| next.lines.iter().position(|line| line.id == known.id))
                .max();
            next.lines.insert(before.map_or(0, |at| at + 1), line);
        }
    }
    *lock = next;
    Ok(())
}

#[cfg(test)]
#[path = "../tests/drift/inside.rs"]
mod tests;
