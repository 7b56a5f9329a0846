//! Where each protocol's stream is complete: a mark, a last event, or a finish reason before the body's end; and where an
//! event says that it failed.

use memchr::memmem::Finder;
use serde_json::Value;

use crate::operation::Stream;
use crate::transport::is_empty;

/// The mark of chat, which gateways that translate put behind other protocols too.
const FOREIGN_MARK: &str = "[DONE]";

/// Watches a stream for its protocol's own end.
pub(super) struct Ends {
    rules: Option<Stream>,
    finish: Vec<Place>,
    failure: Vec<Place>,
    finished: bool,
}

/// What data is before it is read as an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    /// The protocol's own end.
    End,
    /// Nothing more will come, whether it was all or not.
    Stop,
}

impl Ends {
    pub(super) fn new(rules: Option<Stream>) -> Self {
        let places = |pointers: &'static [&'static str]| pointers.iter().map(|pointer| Place::new(pointer)).collect();
        Self {
            rules,
            finish: rules.map_or_else(Vec::new, |rules| places(rules.finish)),
            failure: rules.map_or_else(Vec::new, |rules| places(rules.failure)),
            finished: false,
        }
    }

    /// Whether the operation answers in no other way than by events: JSON is another form of them.
    pub(super) fn always_streams(&self) -> bool {
        self.rules.is_some_and(|rules| rules.switch.is_none())
    }

    /// Whether this data is a mark after which nothing comes.
    pub(super) fn mark(&self, data: &str) -> Mark {
        match self.rules.and_then(|rules| rules.end) {
            Some(end) if end == data => Mark::End,
            _ if data == FOREIGN_MARK => Mark::Stop,
            _ => Mark::None,
        }
    }

    /// Looks at an event; true when it is the last.
    pub(super) fn is_last(&mut self, tag: Option<&str>, data: &str) -> bool {
        let Some(rules) = self.rules else { return false };
        self.finished = self.finished || self.finish.iter().any(|place| place.value(data).is_some());
        tag.is_some_and(|tag| rules.last.contains(&tag))
    }

    /// What an event says of its own failure.
    pub(super) fn failure(&self, data: &str) -> Option<Value> {
        self.failure.iter().find_map(|place| place.value(data))
    }

    /// Whether the body may end here.
    pub(super) fn may_stop(&self) -> bool {
        self.rules.is_none_or(|rules| {
            let has_end = rules.end.is_some() || !rules.last.is_empty() || !rules.finish.is_empty();
            self.finished || !has_end
        })
    }
}

/// A place in an event, named by a pointer that may hold `*`.
struct Place {
    pointer: &'static str,
    member: Finder<'static>,
}

impl Place {
    fn new(pointer: &'static str) -> Self {
        Self { pointer, member: Finder::new(pointer.rsplit('/').next().unwrap_or_default()) }
    }

    /// The value there that says something. Parsing every event a second time only to look for one member would double the
    /// cost of a stream: nearly all have none, or `null`.
    fn value(&self, data: &str) -> Option<Value> {
        let mut rest = data.as_bytes();
        loop {
            let at = self.member.find(rest)?;
            rest = &rest[at + self.member.needle().len()..];
            if says_something(rest) {
                break;
            }
        }
        let json: Value = serde_json::from_str(data).ok()?;
        crate::pointer::values(&json, self.pointer).into_iter().find(|value| !is_empty(value)).cloned()
    }
}

/// Whether what comes behind a member's name is a value other than `null` and `""`.
fn says_something(rest: &[u8]) -> bool {
    let value = rest.strip_prefix(b"\"").and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
    value.is_some_and(|value| {
        let value = value.trim_ascii_start();
        !value.starts_with(b"null") && !value.starts_with(b"\"\"")
    })
}
