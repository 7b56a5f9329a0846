//! What the gateway said, in one form, from every form that this family of gateways uses.

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::auth::Key;
use crate::redact::redact;

/// A message is cut at this many characters; the body keeps the rest.
const LONGEST_MESSAGE: usize = 500;

/// The gateway's own words about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    message: String,
    error_type: Option<String>,
    code: Option<String>,
    param: Option<String>,
    retryable: Option<bool>,
}

impl ApiError {
    /// Reads a body of any form: the OpenAI and Claude object, a bare string, the envelopes of account, task and
    /// Midjourney routes, a web page, plain text, or nothing.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
        let json = text.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or(text);
        let found = match serde_json::from_str::<Value>(json) {
            Ok(Value::Object(members)) => Self::from_object(&members),
            // Gemini wraps its errors in a list where a stream was asked for.
            Ok(Value::Array(items)) if items.first().is_some_and(Value::is_object) => {
                items[0].as_object().map_or_else(|| Self::plain(String::new()), Self::from_object)
            }
            Ok(Value::String(message)) => Self::plain(message),
            _ if text.starts_with("<?xml") || text.starts_with("<Error>") => Self::from_xml(text),
            _ => Self::plain(words_of(text)),
        };
        if found.message.is_empty() { Self { message: reason(status), ..found } } else { found }
    }

    /// For words that can't be read.
    pub(crate) fn packed(status: StatusCode, coding: &str) -> Self {
        Self::plain(format!("{} (its words are compressed with {coding}, which was not asked for)", reason(status)))
    }

    fn from_object(members: &Map<String, Value>) -> Self {
        match members.get("error") {
            Some(Value::Object(error)) => Self::from_members(error),
            Some(Value::String(message)) if !message.is_empty() => {
                let around = Self::from_members(members);
                let code = around.code.clone().or_else(|| Some(message.clone()).filter(|_| !around.message.is_empty()));
                let message = if around.message.is_empty() { message.clone() } else { around.message };
                Self { message, code, ..around }
            }
            _ => Self::from_members(members),
        }
    }

    fn from_members(members: &Map<String, Value>) -> Self {
        let word = |name: &str| members.get(name).and_then(scalar);
        let message = ["message", "description", "error_message", "msg", "detail", "details"].into_iter().find_map(word);
        Self {
            message: one_line(&message.unwrap_or_default()).trim().to_owned(),
            error_type: word("type"),
            code: word("code").or_else(|| word("error_code")),
            param: word("param"),
            retryable: members.get("retryable").and_then(Value::as_bool),
        }
    }

    /// Storages answer in XML.
    fn from_xml(text: &str) -> Self {
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            let (inner, _) = rest.split_once(&format!("</{name}>"))?;
            let inner = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
                .iter()
                .fold(inner.to_owned(), |text, (name, letter)| text.replace(name, letter));
            Some(inner).filter(|inner| !inner.trim().is_empty())
        };
        match (element("Code"), element("Message")) {
            (None, None) => Self::plain(words_of(text)),
            (code, message) => {
                let said = message.or_else(|| code.clone()).unwrap_or_default();
                Self { code, ..Self::plain(said) }
            }
        }
    }

    fn plain(message: String) -> Self {
        Self { message: one_line(&message).trim().to_owned(), error_type: None, code: None, param: None, retryable: None }
    }

    /// Without the key, which some gateways repeat, and without the signatures of addresses.
    pub(crate) fn without_secrets(mut self, key: &Key) -> Self {
        // Cut only now: half a secret would not be known as one.
        self.message = shorten(redact(&self.message, Some(key)));
        for word in [&mut self.error_type, &mut self.code, &mut self.param].into_iter().flatten() {
            *word = redact(word, Some(key));
        }
        self
    }

    /// The sentence for people; never empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The class, as `invalid_request_error`.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }

    /// The machine-readable word or number, as text.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The request field at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// Whether the gateway itself says that a retry may help; `None` when it does not say.
    #[must_use]
    pub fn retryable(&self) -> Option<bool> {
        self.retryable
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A non-empty string or a number, as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A web page's title, or the first line of a text.
pub(crate) fn words_of(text: &str) -> String {
    let text = text.trim();
    if !text.starts_with('<') {
        return text.lines().next().unwrap_or_default().to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let end = lower[start..].find("</title>")?;
        text.get(start + "<title>".len()..start + end)
    });
    title.map_or_else(|| "a web page without a title".to_owned(), |title| format!("a web page: {}", title.trim()))
}

/// A text in one line, without what a terminal would obey.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|at: char| at.is_control() || matches!(at, '\u{2028}' | '\u{2029}'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn shorten(message: String) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message,
    }
}

fn reason(status: StatusCode) -> String {
    // What failed inside a success is not "ok".
    let reason = status.canonical_reason().filter(|_| !status.is_success());
    reason.map_or_else(|| "no message".to_owned(), str::to_lowercase)
}
