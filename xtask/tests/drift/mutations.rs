//! Plants changes in a made site and demands that each is found, as what it is and where it is.

mod plants;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::super::check::{self, Check};
use super::super::documents::System;
use super::super::index;
use super::super::lock::Lock;

use super::super::report::{Kind, Report};
use super::made::{self, Item, Op, Spec, Style};
use super::{Read, TODAY, World, told};

/// How often each kind of change is planted, each time elsewhere.
const TIMES: u64 = 2;

/// What must be told.
#[derive(Debug)]
pub enum Expect {
    /// A finding of this kind about this page, with this in its subject, its pointer or its words.
    Finding(Kind, String, String),
    /// A page (or the index) that could not be checked.
    Unchecked(String),
}

/// One change that was made.
#[derive(Debug)]
pub struct Planted {
    pub what: String,
    pub expect: Expect,
    /// Text of a page, or of the index (`llms.txt`), in place of what the specs give.
    pub text: Option<(String, String)>,
}

/// The numbers of chance; the same seed plants the same changes.
pub struct Chance(u64);

impl Chance {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { all.get(self.below(all.len())) }
    }
}

/// The clean site, against which only what a change touches is read anew.
struct Ground {
    world: World,
    specs: Vec<Spec>,
}

impl Ground {
    fn new() -> Self {
        let world = World::new();
        let specs = world.specs();
        Self { world, specs }
    }

    /// Pins every page as it is.
    fn pins(&self, clean: &Read<'_>) -> Lock {
        let mut lock = self.world.lock.clone();
        for line in &mut lock.lines {
            let read = clean.pages.pages[&line.id].as_ref().unwrap();
            line.pin = Some(read.as_ref().unwrap_or_else(|why| panic!("{}: {why}", line.id)).pin.clone());
        }
        lock
    }

    fn report(&self, lock: &Lock, clean: &Read<'_>, specs: &[Spec], planted: &Planted, style: Style) -> Report {
        let mut pages = clean.pages.clone();
        let mut compared = clean.compared.clone();
        let index_text = match &planted.text {
            Some((id, text)) if id == "llms.txt" => text.clone(),
            _ => made::index(specs, "\n"),
        };
        pages.index = index::read(&index_text);
        pages.pages.retain(|id, _| specs.iter().any(|spec| spec.id == *id));
        compared.retain(|id, _| specs.iter().any(|spec| spec.id == *id));
        let description = |id: &str| specs.iter().find(|spec| spec.id == id).map_or("", |spec| spec.description.as_str());
        let check = Check { systems: &self.world.systems, lock, overrides: &[], root: Path::new("") };
        for spec in specs {
            let planted = planted.text.as_ref().filter(|(id, _)| *id == spec.id).map(|(_, text)| text.clone());
            if planted.is_none() && self.specs.contains(spec) {
                continue;
            }
            let text = planted.unwrap_or_else(|| spec.text(style));
            let read = check::one(&text, description(&spec.id), true, TODAY).map(Rc::new);
            compared.remove(spec.id.as_str());
            if let Ok(read) = &read {
                compared.insert(&spec.id, Rc::new(check.page(&spec.id, &read.page)));
            }
            pages.pages.insert(spec.id.clone(), Some(read));
        }
        check.together(&pages, &compared)
    }
}

fn is_found(report: &Report, expect: &Expect) -> bool {
    match expect {
        Expect::Finding(kind, page, about) => report.findings.iter().any(|finding| {
            let told = [&finding.subject, &finding.pointer, &finding.what].into_iter().any(|text| text.contains(about.as_str()));
            finding.kind == *kind && (page.is_empty() || finding.page == *page) && told
        }),
        Expect::Unchecked(page) => report.unchecked.iter().any(|(unchecked, _)| unchecked == page),
    }
}

#[test]
fn every_planted_change_is_found() {
    let ground = Ground::new();
    let clean = Read::of(&ground.world, &ground.specs, |_| Style::Written);
    let report = clean.report(&ground.world);
    assert!(report.findings.is_empty() && report.unchecked.is_empty(), "{}", told(&report));
    let lock = ground.pins(&clean);
    let (mut planted, mut missed) = (0, Vec::new());
    let mut by_plant: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, plant) in plants::ALL {
        for seed in 1..=TIMES {
            let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            chance.below(7);
            let mut specs = ground.specs.clone();
            let Some(change) = plant(&ground.world.systems, &mut specs, &mut chance) else { continue };
            let style = if seed.is_multiple_of(2) { Style::OpenApi } else { Style::Written };
            let report = ground.report(&lock, &clean, &specs, &change, style);
            planted += 1;
            let count = by_plant.entry(name).or_default();
            count.1 += 1;
            if is_found(&report, &change.expect) {
                count.0 += 1;
            } else {
                missed.push(format!("{name}: {}, {:?}\n{}", change.what, change.expect, told(&report)));
            }
        }
    }
    for (name, (found, all)) in &by_plant {
        println!("{found}/{all} {name}");
    }
    println!("found/planted: {}/{planted}", planted - missed.len());
    assert_eq!(by_plant.len(), plants::ALL.len(), "every kind of change must find a place");
    assert!(planted >= 60, "only {planted} changes were planted");
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The first operation of a page that chance chooses among those that a condition allows.
pub fn choose(specs: &[Spec], chance: &mut Chance, fits: impl Fn(&Spec, &Op) -> bool) -> Option<(usize, usize)> {
    let all: Vec<(usize, usize)> = specs
        .iter()
        .enumerate()
        .flat_map(|(at, spec)| spec.operations.iter().enumerate().map(move |(nth, op)| (at, nth, spec, op)))
        .filter(|(_, _, spec, op)| fits(spec, op))
        .map(|(at, nth, ..)| (at, nth))
        .collect();
    chance.pick(&all).copied()
}

/// The document's place of a field at the top of a body or an answer, where it is one place.
pub fn place_of(systems: &[System], spec: &Spec, op: &Op, item: &Item) -> Option<(usize, String)> {
    use super::super::model::Side;
    let (nth, system) = systems.iter().enumerate().find(|(_, system)| system.pages.contains(&spec.id))?;
    let operation = system.find(&op.method, &op.path, false)?;
    let roots = match item.side {
        Side::Body => vec![format!("/components/schemas/{}", op.schemas.as_ref()?)],
        _ => operation.answers.clone(),
    };
    let mut found = system.property(&roots, &item.name).into_iter();
    let (first, None) = (found.next()?, found.next()) else { return None };
    Some((nth, first.pointer))
}

#[test]
fn chance_is_the_same_every_time() {
    let numbers = |seed| {
        let mut chance = Chance(seed);
        (0..5).map(|_| chance.below(100)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
}
