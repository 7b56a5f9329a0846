//! Where each protocol's stream is complete: a mark, a last event, or a finish reason before the body's end.

use serde_json::Value;

use crate::operation::Stream;
use crate::wire::Typed;

/// Watches a stream for its protocol's own end.
pub(super) struct Ends {
    rules: Option<Stream>,
    finished: bool,
}

impl Ends {
    pub(super) fn new(rules: Option<Stream>) -> Self {
        Self { rules, finished: false }
    }

    /// Whether this data is the mark after which nothing comes.
    pub(super) fn is_mark(&self, data: &str) -> bool {
        self.rules.is_some_and(|rules| rules.end == Some(data))
    }

    /// Looks at an event; true when it is the last.
    pub(super) fn is_last(&mut self, event: &impl Typed, data: &str) -> bool {
        let Some(rules) = self.rules else { return false };
        self.finished = self.finished || rules.finish.iter().any(|pointer| has_value(data, pointer));
        event.tag().is_some_and(|tag| rules.last.contains(&tag))
    }

    /// Whether the body may end here.
    pub(super) fn may_stop(&self) -> bool {
        self.rules.is_none_or(|rules| {
            let has_end = rules.end.is_some() || !rules.last.is_empty() || !rules.finish.is_empty();
            self.finished || !has_end
        })
    }
}

/// Whether there is a value at a pointer that may hold `*`.
fn has_value(data: &str, pointer: &str) -> bool {
    // Parsing every event a second time only to look for one member would double the cost of a stream.
    let member = pointer.rsplit('/').next().unwrap_or_default();
    if !data.contains(member) {
        return false;
    }
    let json: Value = serde_json::from_str(data).unwrap_or_default();
    crate::pointer::values(&json, pointer).into_iter().any(|value| !value.is_null() && value != "")
}
