//! Tests of the whole check, inside the program: loading the documents once makes hundreds of checks affordable.

#![allow(clippy::panic)]

mod made;
mod mutations;
mod real;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::check::{Check, Pages};
use super::compare::Compared;
use super::documents::System;
use super::lock::{Line, Lock};
use super::report::Report;
use crate::args::Args;
use crate::project::Project;
use made::{Spec, Style};

const TODAY: &str = "2026-11-20";

/// The project's own documents, and a lock without pins.
struct World {
    systems: Vec<System>,
    lock: Lock,
}

impl World {
    fn new() -> Self {
        let project = Project::from_args(&mut Args::new(std::iter::empty()).unwrap()).unwrap();
        let systems = System::load_all(&project).unwrap();
        let mut lock = Lock::read(&project.file("openapi/docs.lock")).unwrap();
        lock.lines.iter_mut().for_each(|line: &mut Line| {
            line.pin = None;
            line.operations.clear();
        });
        Self { systems, lock }
    }

    fn specs(&self) -> Vec<Spec> {
        made::specs(&self.systems, &self.lock)
    }

    fn check(&self) -> Check<'_> {
        Check { systems: &self.systems, lock: &self.lock, overrides: &[], root: Path::new("") }
    }
}

/// A site that was read and compared, page by page.
struct Read<'a> {
    pages: Pages,
    compared: BTreeMap<&'a str, Rc<Compared>>,
}

impl<'a> Read<'a> {
    fn of(world: &World, specs: &'a [Spec], style: impl Fn(&Spec) -> Style) -> Self {
        let pages = Pages::of(&made::site(specs, style), TODAY);
        let compared = specs.iter().filter_map(|spec| {
            let read = pages.pages.get(&spec.id)?.as_ref()?.as_ref().ok()?;
            Some((spec.id.as_str(), Rc::new(world.check().page(&spec.id, &read.page))))
        });
        Self { compared: compared.collect(), pages }
    }

    fn report(&self, world: &World) -> Report {
        world.check().together(&self.pages, &self.compared)
    }
}

fn told(report: &Report) -> String {
    report.table(Path::new(""))
}

#[test]
fn a_site_made_from_the_documents_is_clean_in_the_other_forms_too() {
    let world = World::new();
    let specs = world.specs();
    // The form written by hand is the ground on which `mutations` plants its changes.
    for (style, least) in [(Style::OpenApi, 40), (Style::Text, 40)] {
        let fits = |spec: &&Spec| if style == Style::OpenApi { spec.fits_openapi() } else { spec.fits_text() };
        assert!(specs.iter().filter(fits).count() >= least, "{style:?}");
        let report = Read::of(&world, &specs, |_| style).report(&world);
        assert!(report.findings.is_empty() && report.unchecked.is_empty(), "{style:?}\n{}", told(&report));
        assert_eq!(report.checked, specs.len());
    }
}

#[test]
fn ten_new_optional_fields_are_added_as_a_person_would() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    copy(&here.join("openapi"), &root.join("openapi"));
    std::fs::copy(here.join("Cargo.toml"), root.join("Cargo.toml")).unwrap();
    let words = ["--root".into(), root.into()];
    let project = Project::from_args(&mut Args::new(words.clone().into_iter()).unwrap()).unwrap();
    let lock = Lock::read(&project.file("openapi/docs.lock")).unwrap();
    let world = World { systems: System::load_all(&project).unwrap(), lock };

    let mut report = Report::default();
    let specs = world.specs();
    let with_body = specs.iter().filter(|spec| spec.operations.len() == 1 && spec.operations[0].body.len() > 1);
    let types = ["string", "integer", "number", "boolean", "array<string>", "object", "array<object>", "integer | null"];
    for (nth, spec) in with_body.take(10).enumerate() {
        let mut spec = spec.clone();
        let types = super::types::Types::parse(types[nth % types.len()]).unwrap();
        let values = if nth == 0 { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() };
        let name = format!("fresh_{nth}");
        let side = super::model::Side::Body;
        spec.operations[0]
            .body
            .insert(0, made::Item { side, name, types, required: Some(false), default: None, values, inner: Vec::new() });
        let page = super::parse::read(&spec.text(Style::Written), &spec.description).unwrap();
        report.findings.extend(world.check().page(&spec.id, &page).findings);
    }
    assert_eq!(report.findings.len(), 10, "{}", told(&report));
    let said = super::fix::apply(&world.systems, &report, &project.features().unwrap(), root).unwrap();
    assert!(said.len() == 10 && said.iter().all(|line| line.starts_with("added to openapi/octopusx/")), "{said:#?}");

    // Only lines were added; without them each file is what it was.
    let mut added = String::new();
    for system in &world.systems {
        for file in system.document.files() {
            let after = std::fs::read_to_string(file).unwrap();
            let before = std::fs::read_to_string(here.join(file.strip_prefix(root).unwrap())).unwrap();
            let mut old = before.lines().peekable();
            let new: Vec<&str> =
                after.lines().filter(|line| if old.peek() == Some(line) { old.next().is_none() } else { true }).collect();
            assert_eq!(old.next(), None, "{}", file.display());
            new.iter().for_each(|line| added.push_str(&format!("{line}\n")));
        }
    }
    assert_eq!(added.matches("TODO").count(), 10);
    assert_eq!(added.matches("  fresh_").count(), 10, "{added}");
    println!("{added}");

    // The lint asks for descriptions, and for nothing else.
    let lint = || (crate::lint::COMMAND.run)(Args::new(words.clone().into_iter()).unwrap()).unwrap();
    assert_eq!(lint(), crate::Outcome::Findings);
    for file in world.systems.iter().flat_map(|system| system.document.files()) {
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(file, text.replace("TODO: say in our own words what it means.", "Makes it fresher.")).unwrap();
    }
    assert_eq!(lint(), crate::Outcome::Clean);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
