//! What stands between events and is none: the standard passes over it, but it may be why the stream ends.

use bytes::Bytes;
use serde_json::Value;

use crate::transport::{begins_text, undeclared_failure};

/// As much of it as is kept.
const MOST: usize = 16 * 1024;

/// Keeps a body's rest from the first line that begins like JSON or a web page. No line of an event does.
#[derive(Default)]
pub(super) struct Stray {
    text: Vec<u8>,
    /// Whether the next byte is not the first of a line.
    in_line: bool,
}

impl Stray {
    pub(super) fn watch(&mut self, piece: &[u8]) {
        let start = if self.text.is_empty() { self.start(piece) } else { Some(0) };
        let rest = start.and_then(|start| piece.get(start..)).unwrap_or_default();
        self.text.extend_from_slice(&rest[..rest.len().min(MOST.saturating_sub(self.text.len()))]);
        self.in_line = piece.last().map_or(self.in_line, |byte| *byte != b'\n');
    }

    fn start(&self, piece: &[u8]) -> Option<usize> {
        let begins = |at: &usize| piece.get(*at).is_some_and(|byte| begins_text(*byte) && *byte != b'[');
        let first = Some(0).filter(|at| !self.in_line && begins(at));
        first.or_else(|| memchr::memchr_iter(b'\n', piece).map(|at| at + 1).find(begins))
    }

    pub(super) fn text(&self) -> Option<&[u8]> {
        Some(self.text.as_slice()).filter(|text| !text.is_empty())
    }

    /// The gateway's error in JSON, if it begins with one.
    pub(super) fn failure(&self) -> Option<Bytes> {
        let text = String::from_utf8_lossy(self.text()?);
        let json = serde_json::Deserializer::from_str(&text).into_iter::<Value>().next()?.ok()?;
        json.as_object().is_some_and(undeclared_failure).then(|| json.to_string().into())
    }
}
