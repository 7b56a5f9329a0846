//! Lays a page beside the documents. Here stands what the page says; the other direction, [`extra`], needs all pages of a
//! schema together.

mod examples;
pub(crate) mod extra;
mod fields;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::documents::{Operation, System};
use super::model::{Page, Route, Side};
use super::parse::routes::is_path;
use super::report::{Addition, Finding, Kind};

/// What a page shows of a document, in pointers.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Members and parameters.
    pub(crate) shown: BTreeSet<String>,
    /// Schemas of which it lists members.
    pub(crate) listed: BTreeSet<String>,
    /// Lists of words of which it lists values.
    pub(crate) valued: BTreeSet<String>,
}

/// A page laid beside its document.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) findings: Vec<Finding>,
    pub(crate) seen: Seen,
}

/// Everything about one page.
pub(crate) struct Comparison<'a> {
    system: &'a System,
    id: &'a str,
    page: &'a Page,
    compared: Compared,
    /// Operation → the schemas of its body that the page describes.
    branches: RefCell<HashMap<&'a str, Vec<String>>>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(system: &'a System, id: &'a str, page: &'a Page) -> Self {
        Self { system, id, page, compared: Compared::default(), branches: RefCell::default() }
    }

    pub(crate) fn run(mut self) -> Compared {
        let documented = self.routes();
        let page = self.page;
        for example in &page.examples {
            self.example(example, &documented);
        }
        for field in &page.fields {
            let own: Vec<&Operation> = field.routes.iter().filter_map(|at| documented.get(*at).copied().flatten()).collect();
            let mut targets = if own.is_empty() { documented.iter().copied().flatten().collect() } else { own };
            if targets.is_empty() {
                targets = self.own_operations().collect();
            }
            match field.side {
                Side::Path | Side::Query | Side::Header => self.parameter(field, &targets),
                Side::Body => self.body(field, &targets),
                Side::Answer => self.answer(field, &targets),
            }
        }
        for model in page.models.iter().filter(|model| !self.system.text.contains(model.as_str())).cloned().collect::<Vec<_>>() {
            let pointer = self.own_operations().next().map_or("/info", |operation| operation.pointer.as_str());
            self.add(Kind::Model, model, "the page lists this model, the documents name it nowhere", pointer, None);
        }
        self.compared
    }

    /// The operations that say they come from this page.
    fn own_operations(&self) -> impl Iterator<Item = &'a Operation> + use<'a> {
        let (system, id) = (self.system, self.id);
        system.operations.iter().filter(move |operation| operation.pages.iter().any(|page| page == id))
    }

    fn add(&mut self, kind: Kind, subject: String, what: impl Into<String>, pointer: &str, addition: Option<Addition>) {
        let file = self.system.document.file_of(pointer).to_path_buf();
        let (page, what, pointer) = (self.id.to_owned(), what.into(), pointer.to_owned());
        let finding = Finding { kind, page, subject, what, file, pointer, addition };
        let same = |known: &Finding| known.kind == kind && known.page == finding.page && known.subject == finding.subject;
        if !self.compared.findings.iter().any(same) {
            self.compared.findings.push(finding);
        }
    }

    /// Compares the routes; returns the operation of each that the page documents.
    fn routes(&mut self) -> Vec<Option<&'a Operation>> {
        let (system, page) = (self.system, self.page);
        let documented: Vec<Option<&Operation>> = page.routes.iter().map(|route| find(system, route, true)).collect();
        let unknown = page.routes.iter().zip(&documented).filter(|(_, operation)| operation.is_none()).map(|(route, _)| route);
        // A call to somebody else's host, such as an upload to storage, is no route of ours.
        let is_ours = |route: &&Route| route.host.as_ref().is_none_or(|host| system.hosts.contains(host));
        let mentioned = page.mentioned.iter().filter(is_ours).filter(|route| find(system, route, true).is_none());
        for route in unknown.chain(mentioned) {
            let others: Vec<&str> = system
                .operations
                .iter()
                .filter(|operation| is_path(&operation.path, &route.paths[0], true))
                .map(|operation| operation.method.as_str())
                .collect();
            let (what, pointer) = match others.as_slice() {
                [] => ("the page names it, the documents have no such path".to_owned(), "/paths".to_owned()),
                known => {
                    let path = system.operations.iter().find(|operation| is_path(&operation.path, &route.paths[0], true));
                    let pointer =
                        path.and_then(|operation| operation.pointer.rsplit_once('/')).map_or("/paths", |(item, _)| item);
                    (format!("the page names it, the documents have {} there", known.join(" and ")), pointer.to_owned())
                }
            };
            self.add(Kind::RouteMissing, route.to_string(), what, &pointer, None);
        }
        for operation in self.own_operations() {
            let named = documented.iter().flatten().any(|known| std::ptr::eq(*known, operation))
                || page
                    .mentioned
                    .iter()
                    .any(|route| find(system, route, true).is_some_and(|known| std::ptr::eq(known, operation)));
            let other_method = page
                .routes
                .iter()
                .chain(&page.mentioned)
                .any(|route| route.method != operation.method && is_path(&operation.path, &route.paths[0], true));
            let by_path = !other_method && page.paths.iter().any(|path| is_path(&operation.path, path, true));
            if !named && !by_path {
                let what = "the document says that the page describes it, the page does not name it";
                let subject = format!("{} {}", operation.method, operation.path);
                self.add(Kind::RouteGone, subject, what, &format!("{}/x-docs", operation.pointer), None);
            }
        }
        documented
    }
}

/// The operation of a route, whichever of its possible paths it is.
fn find<'a>(system: &'a System, route: &Route, concrete: bool) -> Option<&'a Operation> {
    let exact = route.paths.iter().find_map(|path| system.find(&route.method, path, false));
    exact.or_else(|| route.paths.iter().find_map(|path| system.find(&route.method, path, concrete)))
}
