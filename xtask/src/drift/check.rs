//! The whole check: a site, the documents, the lock and the overrides, without any reading or writing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::compare::{Compared, Comparison, Seen, extra};
use super::documents::System;
use super::index::Entry;
use super::lock::{Lock, Pin, hash};
use super::model::Page;
use super::overrides::{self, Override};
use super::parse::{self, Form};
use super::report::{Finding, Kind, Report};
use super::site::{Site, Text};

/// So many pages missing at the end of the index look like a cut, not like a decision.
const TAIL: usize = 3;

/// What stays the same from one check to the next.
pub(crate) struct Check<'a> {
    pub(crate) systems: &'a [System],
    pub(crate) lock: &'a Lock,
    pub(crate) overrides: &'a [Override],
    pub(crate) root: &'a Path,
}

/// A page that was read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) page: Page,
    pub(crate) pin: Pin,
}

/// The pages of a site, read as far as they can be.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    pub(crate) index: Result<Vec<Entry>, String>,
    /// Page → what was read, why not, or `None` where the copy does not hold it.
    pub(crate) pages: BTreeMap<String, Option<Result<Rc<Read>, String>>>,
}

impl Pages {
    pub(crate) fn of(site: &Site, today: &str) -> Self {
        let texts: Vec<&str> = site
            .pages
            .values()
            .filter_map(|text| if let Text::Whole(text) = text { Some(text.as_str()) } else { None })
            .collect();
        let markdown = texts.iter().filter(|text| Form::of(text) == Form::Markdown);
        let closed = markdown.clone().filter(|text| parse::is_closed(text)).count();
        // Where most pages have the closing line, one without it has lost its end.
        let must_close = closed > 0 && closed * 2 >= markdown.count();
        let index =
            |id: &str| site.index.iter().flatten().find(|entry| entry.id == id).map_or("", |entry| entry.description.as_str());
        let page = |(id, text): (&String, &Text)| {
            let read = match text {
                Text::Absent => None,
                Text::Failed(why) => Some(Err(why.clone())),
                Text::Whole(text) => Some(one(text, index(id), must_close, today).map(Rc::new)),
            };
            (id.clone(), read)
        };
        Self { index: site.index.clone(), pages: site.pages.iter().map(page).collect() }
    }
}

/// Reads one page.
pub(crate) fn one(text: &str, index: &str, must_close: bool, today: &str) -> Result<Read, String> {
    let form = Form::of(text);
    if must_close && form == Form::Markdown && !parse::is_closed(text) {
        return Err("its closing line is missing, so its end may be too".to_owned());
    }
    let page = parse::read(text, index)?;
    Ok(Read { page, pin: Pin { form, hash: hash(text), date: today.to_owned() } })
}

impl Check<'_> {
    /// Everything that can be said without a page: the lock against the documents.
    pub(crate) fn lock(&self) -> Report {
        let mut report = Report { urls: self.urls(None), ..Report::default() };
        let file = self.root.join("openapi/docs.lock");
        for system in self.systems {
            for id in system.pages.iter().filter(|id| self.lock.line(id).is_none()) {
                let what = "the documents name the page, the list of pages does not".to_owned();
                report.findings.push(list_finding(&file, id, what));
            }
        }
        for line in &self.lock.lines {
            let Some(system) = self.systems.iter().find(|system| system.pages.contains(&line.id)) else {
                report.findings.push(list_finding(&file, &line.id, "no operation and no tag names the page".to_owned()));
                continue;
            };
            for operation in &line.operations {
                let (method, path) = operation.split_once(' ').unwrap_or((operation, ""));
                if system.find(method, path, false).is_none() {
                    let what = "the page documents it as last reviewed, the documents do not have it".to_owned();
                    let (page, subject) = (line.id.clone(), operation.clone());
                    let pointer = "/paths".to_owned();
                    let file = system.document.file_of("/paths").to_path_buf();
                    report.findings.push(Finding {
                        kind: Kind::RouteMissing,
                        page,
                        subject,
                        what,
                        file,
                        pointer,
                        addition: None,
                    });
                }
            }
        }
        self.count(&mut report);
        self.settle(report, |_| false)
    }

    /// The whole check of a site.
    pub(crate) fn site(&self, pages: &Pages) -> Report {
        let read = pages.pages.iter().filter_map(|(id, found)| Some((id.as_str(), found.as_ref()?.as_ref().ok()?)));
        let compared = read.map(|(id, read)| (id, Rc::new(self.page(id, &read.page)))).collect();
        self.together(pages, &compared)
    }

    /// What one page says.
    pub(crate) fn page(&self, id: &str, page: &Page) -> Compared {
        self.system(id).map_or_else(Compared::default, |system| Comparison::new(system, id, page).run())
    }

    /// All pages, each of them compared already.
    pub(crate) fn together(&self, pages: &Pages, compared: &BTreeMap<&str, Rc<Compared>>) -> Report {
        let mut report = Report { urls: self.urls(pages.index.as_ref().ok()), ..Report::default() };
        self.index(pages, &mut report);
        let mut read: BTreeMap<&str, BTreeMap<&str, (&Page, &Seen)>> = BTreeMap::new();
        for (id, found) in &pages.pages {
            let line = self.lock.line(id);
            let found = match found {
                None if line.is_some_and(|line| line.pin.is_some()) => {
                    report.unchecked.push((id.clone(), "the copy does not hold it, and it is pinned".to_owned()));
                    continue;
                }
                None => {
                    report.absent += 1;
                    continue;
                }
                Some(Err(why)) => {
                    report.unchecked.push((id.clone(), why.clone()));
                    continue;
                }
                Some(Ok(found)) => found,
            };
            report.checked += 1;
            let pinned = line.and_then(|line| line.pin.as_ref()).filter(|pin| pin.form == found.pin.form);
            if let Some(pin) = pinned.filter(|pin| pin.hash != found.pin.hash) {
                let what = format!("its text is not the one that was reviewed on {}", pin.date);
                report.findings.push(self.page_finding(Kind::PageChanged, id, what));
            }
            let (Some(system), Some(compared)) = (self.system(id), compared.get(id.as_str())) else { continue };
            report.findings.extend(compared.findings.iter().cloned());
            read.entry(system.name).or_default().insert(id, (&found.page, &compared.seen));
        }
        for system in self.systems {
            extra::check(system, &read.remove(system.name).unwrap_or_default(), &mut report.findings);
        }
        self.count(&mut report);
        // A pin of another form says nothing about this text.
        let other_form = |(id, found): (&String, &Option<Result<Rc<Read>, String>>)| {
            let pin = self.lock.line(id)?.pin.as_ref()?;
            matches!(found, Some(Ok(read)) if read.pin.form != pin.form).then_some(())
        };
        report.unpinned += pages.pages.iter().filter_map(other_form).count();
        let was_read =
            |id: &str| matches!(pages.pages.get(id), Some(Some(Ok(_)))) || (pages.index.is_ok() && !pages.pages.contains_key(id));
        self.settle(report, was_read)
    }

    /// The document that a page belongs to; new pages stand on the site of the first.
    fn system(&self, id: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.pages.contains(id)).or_else(|| self.systems.first())
    }

    fn urls(&self, index: Option<&Vec<Entry>>) -> BTreeMap<String, String> {
        let listed = index.into_iter().flatten().map(|entry| (entry.id.clone(), entry.url.clone()));
        let locked = self.lock.lines.iter().map(|line| (line.id.clone(), line.url.clone()));
        listed.chain(locked).collect()
    }

    fn count(&self, report: &mut Report) {
        report.unpinned = self.lock.lines.iter().filter(|line| line.pin.is_none()).count();
        report.unindexed = self.lock.lines.iter().filter(|line| !line.indexed).count();
    }

    /// The index against the list of pages.
    fn index(&self, pages: &Pages, report: &mut Report) {
        let entries = match &pages.index {
            Ok(entries) => entries,
            Err(why) => return report.unchecked.push(("llms.txt".to_owned(), why.clone())),
        };
        let listed: Vec<&str> = self.lock.lines.iter().filter(|line| line.indexed).map(|line| line.id.as_str()).collect();
        let is_there = |id: &str| entries.iter().any(|entry| entry.id == id);
        let tail = listed.iter().rev().take_while(|id| !is_there(id)).count();
        let gone: Vec<&str> = listed.iter().copied().filter(|id| !is_there(id)).collect();
        if tail >= TAIL && tail == gone.len() {
            let why = format!("it ends before `{}` and {} more pages: it looks cut", gone[0], tail - 1);
            report.unchecked.push(("llms.txt".to_owned(), why));
        } else {
            for id in gone {
                report.findings.push(self.page_finding(Kind::PageGone, id, "it stands in the index no more".to_owned()));
            }
        }
        for entry in entries {
            match self.lock.line(&entry.id) {
                None => report.findings.push(self.page_finding(
                    Kind::PageNew,
                    &entry.id,
                    format!("the index lists it as “{}”", entry.title),
                )),
                Some(line) if !line.indexed => {
                    report.findings.push(self.page_finding(Kind::PageList, &entry.id, "it stands in the index now".to_owned()));
                }
                Some(_) => {}
            }
        }
    }

    /// A finding about a page as a whole, at the first operation or tag that comes from it.
    fn page_finding(&self, kind: Kind, id: &str, what: String) -> Finding {
        let named = self.systems.iter().find_map(|system| {
            let operation = system.operations.iter().find(|operation| operation.pages.iter().any(|page| page == id))?;
            let pointer = format!("{}/x-docs", operation.pointer);
            Some((system.document.file_of(&pointer).to_path_buf(), pointer))
        });
        let (file, pointer) = named.unwrap_or_else(|| (self.root.join("openapi/docs.lock"), String::new()));
        Finding { kind, page: id.to_owned(), subject: id.to_owned(), what, file, pointer, addition: None }
    }

    /// Applies the overrides and sorts what is left.
    fn settle(&self, mut report: Report, was_read: impl Fn(&str) -> bool) -> Report {
        let (overridden, unused) = overrides::apply(self.overrides, &mut report.findings);
        report.overridden = overridden;
        for entry in unused.into_iter().filter(|entry| was_read(&entry.page)) {
            report.findings.push(Finding {
                kind: Kind::Override,
                page: entry.page.clone(),
                subject: entry.subject.clone(),
                what: format!("there is no finding `{}` any more; remove the entry", entry.kind),
                file: self.root.join("openapi/overrides.yaml"),
                pointer: format!("/overrides/{}", entry.nth),
                addition: None,
            });
        }
        report.findings.sort_by(|a, b| (&a.page, a.kind, &a.subject).cmp(&(&b.page, b.kind, &b.subject)));
        report
    }
}

fn list_finding(file: &Path, id: &str, what: String) -> Finding {
    let (kind, subject, page, pointer) = (Kind::PageList, id.to_owned(), id.to_owned(), String::new());
    Finding { kind, page, subject, what, file: PathBuf::from(file), pointer, addition: None }
}
