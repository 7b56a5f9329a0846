//! Changes of which events a stream has.

use serde_json::{Value, json};

use crate::document::StreamRule;
use crate::event::{Data, Event};

/// The forms in which gateways report an error in the middle of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorShape {
    /// `{"error": {"message": …, "type": …, "code": "upstream_error"}}`
    Object,
    /// The same with a number as its code.
    NumericCode,
    /// `{"error": "…"}`
    Text,
    /// The object in an event that is named `error` and has that as its type.
    Named,
}

#[derive(Debug, Clone)]
pub(super) enum Edit {
    Truncate(usize),
    CutJson(usize),
    Error(usize, ErrorShape),
    Insert(usize, String, Value),
    KeepAlive,
    NoEnd,
    EndTwice,
}

/// The words of an error in mid-stream.
const MESSAGE: &str = "the upstream broke off";

impl ErrorShape {
    fn event(self) -> Event {
        let error = |code: Value| json!({ "message": MESSAGE, "type": "server_error", "code": code });
        match self {
            Self::Object => Event::json(None, json!({ "error": error(json!("upstream_error")) })),
            Self::NumericCode => Event::json(None, json!({ "error": error(json!(502)) })),
            Self::Text => Event::json(None, json!({ "error": MESSAGE })),
            Self::Named => Event::json(Some("error"), json!({ "type": "error", "error": error(json!("upstream_error")) })),
        }
    }
}

impl Edit {
    pub(super) fn apply(&self, events: &mut Vec<Event>, rule: Option<&StreamRule>) {
        match self {
            Self::Truncate(count) => events.truncate(*count),
            Self::CutJson(count) => {
                events.truncate(count + 1);
                if let Some(last) = events.get_mut(*count) {
                    let text = last.data_text();
                    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
                    last.data = Data::Text(text[..half].to_owned());
                }
            }
            Self::Error(count, shape) => {
                events.truncate(*count);
                events.push(shape.event());
            }
            Self::Insert(count, name, data) => {
                let name = Some(name.as_str()).filter(|name| !name.is_empty());
                events.insert((*count).min(events.len()), Event::json(name, data.clone()));
            }
            Self::KeepAlive => {
                let alive = || Event::json(Some("keepalive"), json!({ "type": "keepalive" }));
                *events = events.drain(..).flat_map(|event| [alive(), event]).collect();
            }
            Self::NoEnd => events.retain(|event| !rule.is_some_and(|rule| rule.is_end(event))),
            Self::EndTwice => {
                let last = events.iter().rfind(|event| rule.is_some_and(|rule| rule.is_end(event))).cloned();
                events.extend(last);
            }
        }
    }
}

impl StreamRule {
    /// Whether an event says that the stream is over.
    fn is_end(&self, event: &Event) -> bool {
        match &event.data {
            Data::Text(text) => self.end.as_ref() == Some(text),
            Data::Json(value) => {
                let word = self.tag.as_deref().and_then(|tag| value.get(tag)?.as_str());
                let finished = |value: &Value| !value.is_null() && value.as_str() != Some("");
                let told = self.finish.iter().flat_map(|pointer| pointer.read_all(value)).any(finished);
                told || word.is_some_and(|word| self.last.iter().any(|last| last == word))
            }
        }
    }
}
