//! `cargo xtask coverage`: how much of the documentation the documents hold, section by section.

mod pages;
mod sections;

use octopusx_codegen::Problem;
use octopusx_codegen::load::{Document, load};

use crate::args::Args;
use crate::places::{self, Place};
use crate::project::Project;
use crate::{Command, Outcome, say};
use pages::Pages;
use sections::Sections;

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "coverage",
    summary: "counts pages, operations, fields and examples, and tells what is missing",
    help: "\
Prints for each section (a folder of openapi/octopusx or openapi/openoctopus) the documentation pages that its operations
and its tag name, its operations, its fields, and its examples: documented by a page, or constructed. A field counts as
not shown when no example gives it a value other than null.

Fails when no operation or tag names a page of the index in openapi/pages.txt, when a page is named that stands nowhere in
that file, when an operation has no example, or when a documented example shows what its schema has no place for.

  --all        also lists who names each page, and each field that is not shown
  --root DIR   the folder that holds openapi/, instead of this checkout",
    run,
};

fn run(mut args: Args) -> Result<Outcome, String> {
    let project = Project::from_args(&mut args)?;
    let all = args.flag("--all");
    args.finish()?;
    let mut pages = Pages::read(&project.file("openapi/pages.txt"))?;
    let mut problems: Vec<Problem> = Vec::new();
    let (mut fields, mut documented, mut constructed, mut bare) = (0, 0, 0, 0);
    let (mut unshown, mut losing) = (Vec::new(), 0);
    for (name, folder) in project.documents()? {
        let document = match load(&folder) {
            Ok(document) => document,
            Err(found) => {
                problems.extend(found.0);
                continue;
            }
        };
        problems.extend(pages.note(&document));
        let without_example = without_example(&document);
        bare += without_example.len();
        problems.extend(without_example);
        for pointer in sections::losing(&document) {
            losing += 1;
            let mend = "declare the member in the schema that the example stands for";
            problems.push(document.problem(&pointer, "a documented value has no place in the schema", mend));
        }
        let sections = Sections::of(&document);
        say(&format_args!("{name}\n{sections}"));
        let total = sections.total();
        fields += total.fields;
        documented += total.documented;
        constructed += total.constructed;
        unshown.extend(sections.unshown().map(|field| format!("{name}: {field}")));
    }
    say(&pages);
    say(&format_args!("operations without an example: {bare}"));
    say(&format_args!("examples: {documented} documented, {constructed} constructed"));
    say(&format_args!("documented examples that lose a value: {losing}"));
    say(&format_args!("fields that no example shows: {} of {fields}", unshown.len()));
    if all {
        say(&format_args!("\n{}", pages.named()));
        unshown.iter().for_each(|field| say(&format_args!("not shown in {field}")));
    }
    problems.extend(pages.missing());
    problems.iter().for_each(|problem| say(&project.told(problem)));
    Ok(if problems.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

/// The operations of which a body, a successful answer or a side of a WebSocket has no example. Bytes need none.
fn without_example(document: &Document) -> Vec<Problem> {
    let mut found = Vec::new();
    for operation in places::operations(document) {
        let answers = places::answers(document, &operation).into_iter().filter(|(status, _)| status.starts_with('2'));
        let media = answers.flat_map(|(_, answer)| places::media(&answer)).chain(places::body(document, &operation));
        let bare_media = media.filter(|media| !media.is_binary() && media.examples(document).is_empty()).map(|media| media.place);
        let bare_sides = places::sides(document, &operation).into_iter().filter(|side| side.examples.is_empty());
        let bare: Vec<Place<'_>> = bare_media.chain(bare_sides.map(|side| side.schema)).collect();
        if let Some(first) = bare.first() {
            let id = operation.text("operationId").unwrap_or(&operation.pointer);
            let mend = "add one; where no page shows one, mark it `x-example: constructed`";
            found.push(document.problem(&first.pointer, format!("a part of `{id}` has no example"), mend));
        }
    }
    found
}
