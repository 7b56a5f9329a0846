//! Tests of the whole check, inside the program: loading the documents once makes hundreds of checks affordable.

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
fn a_site_made_from_the_documents_is_clean_in_every_form() {
    let world = World::new();
    let specs = world.specs();
    for (style, least) in [(Style::Written, 94), (Style::OpenApi, 40), (Style::Text, 40)] {
        let fits = |spec: &&Spec| match style {
            Style::Written => true,
            Style::OpenApi => spec.fits_openapi(),
            Style::Text => spec.fits_text(),
        };
        assert!(specs.iter().filter(fits).count() >= least, "{style:?}");
        let report = Read::of(&world, &specs, |_| style).report(&world);
        assert!(report.findings.is_empty() && report.unchecked.is_empty(), "{style:?}\n{}", told(&report));
        assert_eq!(report.checked, specs.len());
    }
}
