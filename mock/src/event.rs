//! One event of a stream, and how it is written.

use bytes::Bytes;
use serde_json::Value;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) data: Data,
}

/// What an event holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Json(Value),
    /// A mark, or what was JSON before a fault.
    Text(String),
}

impl Event {
    pub(crate) fn json(name: Option<&str>, data: Value) -> Self {
        Self { name: name.map(str::to_owned), data: Data::Json(data) }
    }

    pub(crate) fn text(data: impl Into<String>) -> Self {
        Self { name: None, data: Data::Text(data.into()) }
    }

    pub(crate) fn frame(&self) -> Bytes {
        let line = self.name.as_ref().map(|name| format!("event: {name}\n")).unwrap_or_default();
        Bytes::from(format!("{line}data: {}\n\n", self.data_text()))
    }

    pub(crate) fn data_text(&self) -> String {
        match &self.data {
            Data::Json(value) => value.to_string(),
            Data::Text(text) => text.clone(),
        }
    }
}
