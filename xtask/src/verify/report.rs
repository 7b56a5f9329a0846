//! What the calls came to, and how it is printed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::gateway::Answer;
use super::plan::{Call, LeftOut};
use crate::Outcome;

/// What kind of difference a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Status,
    MediaType,
    Field,
    Word,
    Type,
    Missing,
    Rule,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Status => "other status",
            Self::MediaType => "other media type",
            Self::Field => "unknown field",
            Self::Word => "unknown value",
            Self::Type => "other type",
            Self::Missing => "missing field",
            Self::Rule => "broken rule",
        }
    }
}

/// One difference between an answer and its document.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// Where in the answer: a JSON pointer.
    pub(super) at: String,
    pub(super) what: String,
    /// Where in the document.
    pub(super) file: PathBuf,
    pub(super) pointer: String,
    /// In how many places; `at` is the first.
    pub(super) count: usize,
}

impl Finding {
    /// Adds it, or counts it where the same was found in another item of a list.
    pub(super) fn join(self, all: &mut Vec<Self>) {
        let same = |known: &&mut Self| {
            known.kind == self.kind
                && known.pointer == self.pointer
                && known.what == self.what
                && shape(&known.at) == shape(&self.at)
        };
        match all.iter_mut().find(same) {
            Some(known) => known.count += self.count,
            None => all.push(self),
        }
    }
}

/// A pointer without the numbers of items.
fn shape(pointer: &str) -> String {
    let is_number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    pointer.split('/').map(|step| if is_number(step) { "*" } else { step }).collect::<Vec<_>>().join("/")
}

/// One call.
#[derive(Debug)]
pub(super) struct Row {
    system: &'static str,
    operation: String,
    /// Method and path, as the document writes it.
    route: String,
    status: Option<u16>,
    milliseconds: Option<u128>,
    findings: Vec<Finding>,
    /// Why it could not be checked.
    unchecked: Option<String>,
}

impl Row {
    pub(super) fn of(call: &Call<'_>, answer: &Answer, findings: Vec<Finding>, unchecked: Option<String>) -> Self {
        Self {
            system: call.system.name,
            operation: call.name.clone(),
            route: format!("{} {}", call.operation.verb, call.operation.path),
            status: Some(answer.status),
            milliseconds: Some(answer.elapsed.as_millis()),
            findings,
            unchecked,
        }
    }

    /// No answer came.
    pub(super) fn not_sent(call: &Call<'_>, why: String) -> Self {
        Self {
            system: call.system.name,
            operation: call.name.clone(),
            route: format!("{} {}", call.operation.verb, call.operation.path),
            status: None,
            milliseconds: None,
            findings: Vec::new(),
            unchecked: Some(why),
        }
    }

    fn verdict(&self) -> String {
        match (&self.unchecked, self.findings.len()) {
            (Some(why), _) => format!("NOT CHECKED: {why}"),
            (None, 0) => "as documented".to_owned(),
            (None, 1) => "1 difference".to_owned(),
            (None, many) => format!("{many} differences"),
        }
    }
}

/// All that a run came to.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Report {
    pub(super) fn outcome(&self) -> Result<Outcome, String> {
        let unchecked = self.rows.iter().filter_map(|row| Some((row, row.unchecked.as_ref()?))).collect::<Vec<_>>();
        match unchecked.as_slice() {
            [(row, why), rest @ ..] => {
                let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                Err(format!("{} {}{more} could not be checked: {why}", row.system, row.operation))
            }
            [] if self.rows.is_empty() => Err("nothing was called".to_owned()),
            [] if self.rows.iter().any(|row| !row.findings.is_empty()) => Ok(Outcome::Findings),
            [] => Ok(Outcome::Clean),
        }
    }

    /// A line for each call, and below it one for each difference.
    pub(super) fn table(&self, root: &Path) -> String {
        let mut text = String::new();
        let widest = |of: &dyn Fn(&Row) -> usize| self.rows.iter().map(of).max().unwrap_or_default();
        let system = widest(&|row| row.system.len());
        let operation = widest(&|row| row.operation.len());
        let route = widest(&|row| row.route.len());
        for row in &self.rows {
            let status = row.status.map_or("-".to_owned(), |status| status.to_string());
            let time = row.milliseconds.map_or("-".to_owned(), |time| format!("{time} ms"));
            let (of, name, at, verdict) = (row.system, &row.operation, &row.route, row.verdict());
            text.push_str(&format!("{of:<system$}  {name:<operation$}  {at:<route$}  {status:>3}  {time:>8}  {verdict}\n"));
            for finding in &row.findings {
                text.push_str(&format!("    {}\n", finding.line(root)));
            }
        }
        for LeftOut { system, name, needs } in &self.left_out {
            text.push_str(&format!("not called: {system} {name}, which needs {}\n", needs.join(", ")));
        }
        let unchecked = self.rows.iter().filter(|row| row.unchecked.is_some()).count();
        let different = self.rows.iter().filter(|row| row.unchecked.is_none() && !row.findings.is_empty()).count();
        let clean = self.rows.len() - unchecked - different;
        text + &format!(
            "calls: {}, of which {clean} as documented, {different} different, {unchecked} not checked; {} free operations not \
             called\n",
            self.rows.len(),
            self.left_out.len()
        )
    }

    /// The same for programs.
    pub(super) fn json(&self, root: &Path) -> Value {
        let row = |row: &Row| {
            json!({
                "system": row.system, "operation": row.operation, "route": row.route, "status": row.status,
                "milliseconds": row.milliseconds.and_then(|time| u64::try_from(time).ok()), "unchecked": row.unchecked,
                "findings": row.findings.iter().map(|finding| finding.json(root)).collect::<Vec<_>>(),
            })
        };
        let left_out = |left: &LeftOut| json!({"system": left.system, "operation": left.name, "needs": left.needs});
        json!({
            "calls": self.rows.iter().map(row).collect::<Vec<_>>(),
            "not_called": self.left_out.iter().map(left_out).collect::<Vec<_>>(),
        })
    }
}

impl Finding {
    fn file<'a>(&'a self, root: &Path) -> &'a Path {
        self.file.strip_prefix(root).unwrap_or(&self.file)
    }

    fn line(&self, root: &Path) -> String {
        let Self { kind, at, what, pointer, count, .. } = self;
        let at = if at.is_empty() { String::new() } else { format!("{at}: ") };
        let more = if *count > 1 { format!(" (in {count} places)") } else { String::new() };
        format!("{:<16}  {at}{what}{more}  {}#{pointer}", kind.word(), self.file(root).display())
    }

    fn json(&self, root: &Path) -> Value {
        json!({
            "kind": self.kind.word(), "at": self.at, "what": self.what, "file": self.file(root).display().to_string(),
            "pointer": self.pointer, "places": self.count,
        })
    }
}
