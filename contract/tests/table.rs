//! What ran, operation by operation, and what went wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::documents::{DOCUMENTS, Document};
use crate::method::Method;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Request,
    Answer,
    Failure,
}

/// Document and method.
type Name = (&'static str, &'static str);

/// What one walk through all methods came to.
#[derive(Debug, Default)]
pub struct Report {
    ran: BTreeMap<(Name, Kind), usize>,
    checks: usize,
    broken: Vec<String>,
}

impl Report {
    /// Notes a check of so many examples that were not counted before.
    pub fn note(
        &mut self,
        document: &Document,
        method: &Method,
        kind: Kind,
        new: usize,
        what: &str,
        outcome: Result<(), String>,
    ) {
        self.checks += 1;
        *self.ran.entry(((document.name, method.id), kind)).or_default() += new;
        if let Err(why) = outcome {
            self.broken.push(format!("{} {}: {what}\n    {why}", document.name, method.id));
        }
    }

    pub fn must_be_clean(&self) {
        let Self { checks, broken, .. } = self;
        assert!(broken.is_empty(), "{} of {checks} checks fail:\n{}", broken.len(), broken.join("\n"));
    }
}

/// All walks together.
pub struct Table {
    ran: BTreeMap<(Name, Kind), usize>,
    checks: usize,
}

impl Table {
    pub fn of(reports: &[&Report]) -> Self {
        let mut table = Self { ran: BTreeMap::new(), checks: 0 };
        for report in reports {
            table.checks += report.checks;
            for (key, count) in &report.ran {
                *table.ran.entry(*key).or_default() += count;
            }
        }
        table
    }

    fn count(&self, name: Name, kind: Kind) -> usize {
        self.ran.get(&(name, kind)).copied().unwrap_or_default()
    }

    pub fn print(&self) {
        let mut text = format!("\n{:<52} {:>8} {:>8} {:>8}\n", "examples that ran", "request", "answer", "failure");
        let mut totals = [0; 3];
        let mut methods = 0;
        for (document, method) in
            DOCUMENTS.iter().flat_map(|document| document.methods.iter().map(move |method| (document, method)))
        {
            let name = (document.name, method.id);
            let counts = [Kind::Request, Kind::Answer, Kind::Failure].map(|kind| self.count(name, kind));
            let exempt = if method.socket { "  WebSocket: exempt, but for its events" } else { "" };
            text.push_str(&format!(
                "{:<52} {:>8} {:>8} {:>8}{exempt}\n",
                format!("{} {}", document.name, method.id),
                counts[0],
                counts[1],
                counts[2]
            ));
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            methods += 1;
        }
        let name = format!("{methods} methods, {} checks", self.checks);
        text.push_str(&format!("{name:<52} {:>8} {:>8} {:>8}\n\n", totals[0], totals[1], totals[2]));
        say(&text);
    }

    /// Every method that the client has is here, with something in each column.
    pub fn must_be_full(&self) {
        let mut missing = Vec::new();
        for document in &*DOCUMENTS {
            let known: BTreeSet<&str> = document.methods.iter().map(|method| method.id).collect();
            let callable: BTreeSet<&str> = document.operations.iter().map(|operation| operation.id()).collect();
            let rowless = callable.difference(&known);
            missing.extend(rowless.map(|id| format!("{} {id}: the client has it, but no row tests it", document.name)));
            for method in document.methods.iter().filter(|method| !method.socket) {
                if !callable.contains(method.id) {
                    missing.push(format!("{} {}: the client does not list it", document.name, method.id));
                }
                for kind in [Kind::Request, Kind::Answer, Kind::Failure] {
                    if self.count((document.name, method.id), kind) == 0 {
                        missing.push(format!("{} {}: no {kind:?}", document.name, method.id));
                    }
                }
            }
        }
        assert!(missing.is_empty(), "these are not exercised:\n{}", missing.join("\n"));
    }
}

/// Prints past the capture of the test harness, so that it is seen in every run.
pub fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
