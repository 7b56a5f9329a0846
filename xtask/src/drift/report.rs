//! What a check found, and how it is printed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::types::Types;

/// What kind of difference a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    PageGone,
    PageNew,
    PageChanged,
    PageList,
    RouteMissing,
    RouteGone,
    FieldMissing,
    FieldExtra,
    Type,
    Required,
    Values,
    Default,
    Model,
    Example,
    Override,
}

const KINDS: [(Kind, &str); 15] = [
    (Kind::PageGone, "page gone"),
    (Kind::PageNew, "page new"),
    (Kind::PageChanged, "page changed"),
    (Kind::PageList, "page list"),
    (Kind::RouteMissing, "route missing"),
    (Kind::RouteGone, "route gone"),
    (Kind::FieldMissing, "field missing"),
    (Kind::FieldExtra, "field extra"),
    (Kind::Type, "other type"),
    (Kind::Required, "other required"),
    (Kind::Values, "other values"),
    (Kind::Default, "other default"),
    (Kind::Model, "model missing"),
    (Kind::Example, "example"),
    (Kind::Override, "stale override"),
];

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }

    pub(crate) fn all() -> String {
        KINDS.iter().map(|(_, word)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// The page's id; its address is filled in when the finding is told.
    pub(crate) page: String,
    /// What it is about, in the words that an override repeats: `POST /v1/videos body size`.
    pub(crate) subject: String,
    pub(crate) what: String,
    pub(crate) file: PathBuf,
    pub(crate) pointer: String,
    pub(crate) addition: Option<Addition>,
}

/// A field that the documents could take over as it is.
#[derive(Clone, Debug)]
pub(crate) struct Addition {
    /// The schema that lacks it.
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) types: Types,
    pub(crate) values: Vec<String>,
    pub(crate) system: &'static str,
}

/// All that a check came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// Pages that could not be checked, and why.
    pub(crate) unchecked: Vec<(String, String)>,
    pub(crate) checked: usize,
    /// Pages without a pin that counts.
    pub(crate) unpinned: usize,
    /// Pages that stand in no index.
    pub(crate) unindexed: usize,
    /// Pages of the list that this run did not read, because they are not in the copy.
    pub(crate) absent: usize,
    /// Findings that overrides explain.
    pub(crate) overridden: usize,
    /// Page → address.
    pub(crate) urls: BTreeMap<String, String>,
}

impl Report {
    pub(crate) fn url<'a>(&'a self, page: &'a str) -> &'a str {
        self.urls.get(page).map_or(page, String::as_str)
    }

    /// The findings in a table, a line each, then what could not be checked, then the numbers.
    pub(crate) fn table(&self, root: &Path) -> String {
        let mut text = String::new();
        let widest = |of: &dyn Fn(&Finding) -> usize| self.findings.iter().map(of).max().unwrap_or_default();
        let kind = widest(&|finding| finding.kind.word().len());
        let page = widest(&|finding| self.url(&finding.page).len());
        for finding in &self.findings {
            let url = self.url(&finding.page);
            let place = finding.place(root);
            let (of, subject, what) = (finding.kind, &finding.subject, &finding.what);
            text.push_str(&format!("{of:<kind$}  {url:<page$}  {subject}: {what}  {place}\n"));
        }
        for (page, why) in &self.unchecked {
            text.push_str(&format!("not checked  {}  {why}\n", self.url(page)));
        }
        text + &self.summary()
    }

    fn summary(&self) -> String {
        let Self { checked, unpinned, unindexed, absent, overridden, .. } = self;
        let (found, not) = (self.findings.len(), self.unchecked.len());
        format!(
            "pages: {checked} read, {not} could not be checked, {absent} not in the copy; {unpinned} unpinned, {unindexed} unindexed\n\
             findings: {found}, and {overridden} explained by openapi/overrides.yaml\n"
        )
    }

    /// The same for programs.
    pub(crate) fn json(&self, root: &Path) -> Value {
        let finding = |finding: &Finding| {
            let file = finding.file.strip_prefix(root).unwrap_or(&finding.file).display().to_string();
            json!({
                "kind": finding.kind.word(), "page": finding.page, "url": self.url(&finding.page), "subject": finding.subject,
                "what": finding.what, "file": file, "pointer": finding.pointer, "addable": finding.addition.is_some(),
            })
        };
        let unchecked = |(page, why): &(String, String)| json!({"page": page, "url": self.url(page), "why": why});
        json!({
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "unchecked": self.unchecked.iter().map(unchecked).collect::<Vec<_>>(),
            "counts": {
                "checked": self.checked, "absent": self.absent, "unpinned": self.unpinned, "unindexed": self.unindexed,
                "overridden": self.overridden,
            },
        })
    }
}

impl Finding {
    fn place(&self, root: &Path) -> String {
        let file = self.file.strip_prefix(root).unwrap_or(&self.file);
        format!("{}#{}", file.display(), self.pointer)
    }
}
