//! Where each protocol's stream is complete: a mark, a last event, or a finish reason before the body's end.

use memchr::memmem::Finder;
use serde_json::Value;

use crate::operation::Stream;

/// Watches a stream for its protocol's own end.
pub(super) struct Ends {
    rules: Option<Stream>,
    /// The pointers to a finish reason, and what finds the name of the member there.
    finish: Vec<(&'static str, Finder<'static>)>,
    finished: bool,
}

impl Ends {
    pub(super) fn new(rules: Option<Stream>) -> Self {
        let finish = rules.map(|rules| rules.finish).unwrap_or_default();
        let finder = |pointer: &&'static str| (*pointer, Finder::new(pointer.rsplit('/').next().unwrap_or_default()));
        Self { rules, finish: finish.iter().map(finder).collect(), finished: false }
    }

    /// Whether this data is the mark after which nothing comes.
    pub(super) fn is_mark(&self, data: &str) -> bool {
        self.rules.is_some_and(|rules| rules.end == Some(data))
    }

    /// Looks at an event; true when it is the last.
    pub(super) fn is_last(&mut self, tag: Option<&str>, data: &str) -> bool {
        let Some(rules) = self.rules else { return false };
        self.finished = self.finished || self.finish.iter().any(|(pointer, member)| has_value(data, pointer, member));
        tag.is_some_and(|tag| rules.last.contains(&tag))
    }

    /// Whether the body may end here.
    pub(super) fn may_stop(&self) -> bool {
        self.rules.is_none_or(|rules| {
            let has_end = rules.end.is_some() || !rules.last.is_empty() || !rules.finish.is_empty();
            self.finished || !has_end
        })
    }
}

/// Whether there is a value at a pointer that may hold `*`. Parsing every event a second time only to look for one member
/// would double the cost of a stream, so the text is searched for the member's name first.
fn has_value(data: &str, pointer: &str, member: &Finder<'_>) -> bool {
    let length = member.needle().len();
    let says_something = member.find_iter(data.as_bytes()).any(|at| !is_blank_after(&data.as_bytes()[at + length..]));
    says_something
        && serde_json::from_str(data).is_ok_and(|json: Value| {
            crate::pointer::values(&json, pointer).into_iter().any(|value| !value.is_null() && value != "")
        })
}

/// Whether what stands before this is no member's name, or the member is null or an empty string.
fn is_blank_after(rest: &[u8]) -> bool {
    let value = rest.strip_prefix(b"\"").map(<[u8]>::trim_ascii_start).and_then(|rest| rest.strip_prefix(b":"));
    value.map(<[u8]>::trim_ascii_start).is_none_or(|value| value.starts_with(b"null") || value.starts_with(b"\"\""))
}
