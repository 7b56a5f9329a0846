//! What no recording may hold: keys, wherever they came from, signatures of addresses, addresses of people, and what the
//! documents mark with `x-secret`.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex::Regex;
use serde_json::Value;

use super::HIDDEN;
use crate::document::{Document, Place, Scheme};
use crate::request::Incoming;

/// A shorter value may stand anywhere by chance.
const SHORTEST: usize = 6;

/// Parts of the names of headers and query parameters whose values open doors.
const TELLING: [&str; 7] = ["auth", "key", "token", "secret", "cookie", "session", "signature"];

/// Members of JSON whose values do, whatever object they stand in.
const MEMBERS: [&str; 12] = [
    "api_key",
    "apikey",
    "apiKey",
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "secret",
    "secret_key",
    "password",
    "authorization",
    "email",
];

/// What looks like a key or the address of a person, wherever it stands.
const FORMS: [&str; 6] = [
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}",
    r"\booq_[A-Za-z0-9_-]{8,}",
    r"\bAIza[A-Za-z0-9_-]{30,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
];

/// What is known of secrets.
pub(crate) struct Secrets {
    /// Headers and query parameters that carry keys, in small letters.
    headers: BTreeSet<String>,
    queries: BTreeSet<String>,
    /// All members of a schema, and the secret one of them.
    marked: Vec<(BTreeSet<String>, String)>,
    /// Values that were seen, the longest first.
    seen: Mutex<Vec<String>>,
}

impl Secrets {
    pub(crate) fn of(document: &Document) -> Self {
        let (mut headers, mut queries) = (BTreeSet::from(["authorization".to_owned()]), BTreeSet::new());
        for scheme in document.operations.iter().flat_map(|operation| operation.security.iter().flatten()) {
            match scheme {
                Scheme::Key { place: Place::Header, name } => _ = headers.insert(name.to_lowercase()),
                Scheme::Key { place: Place::Query, name } => _ = queries.insert(name.to_lowercase()),
                _ => {}
            }
        }
        let mut marked = Vec::new();
        for properties in document.schemas.iter().filter_map(|(_, schema)| schema.get("properties")?.as_object()) {
            let names: BTreeSet<String> = properties.keys().cloned().collect();
            let secret = properties.iter().filter(|(_, property)| property["x-secret"] == true);
            marked.extend(secret.map(|(name, _)| (names.clone(), name.clone())));
        }
        Self { headers, queries, marked, seen: Mutex::default() }
    }

    /// Whether the value of this header is a secret.
    pub(crate) fn is_header(&self, name: &str) -> bool {
        self.headers.contains(name) || tells(name)
    }

    fn is_query(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.queries.contains(&name) || tells(&name)
    }

    /// Remembers the keys of a request. Gives the names of what the documents know to carry one.
    pub(crate) fn learn(&self, incoming: &Incoming) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut key_in = BTreeSet::new();
        for (name, value) in &incoming.headers {
            let (name, value) = (name.as_str(), String::from_utf8_lossy(value.as_bytes()));
            if self.headers.contains(name) {
                key_in.insert(name.to_owned());
            }
            if name == "sec-websocket-protocol" {
                // Such as `openai-insecure-api-key.KEY`.
                let words = value.split(',').filter_map(|word| word.trim().split_once('.'));
                found.extend(words.map(|(_, rest)| rest.to_owned()));
            } else if self.is_header(name) {
                let pairs = value.split(';').map(|part| part.split_once('=').map_or(part, |(_, value)| value));
                found.extend(pairs.map(|part| part.trim().to_owned()));
                found.extend(value.split_whitespace().last().map(str::to_owned));
            }
        }
        for (name, value) in &incoming.query {
            if self.queries.contains(&name.to_lowercase()) {
                key_in.insert(name.clone());
            }
            if self.is_query(name) {
                found.insert(value.clone());
            }
        }
        self.remember(found);
        key_in.into_iter().collect()
    }

    pub(crate) fn remember(&self, values: impl IntoIterator<Item = String>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for value in values {
            if value.chars().count() >= SHORTEST && value != HIDDEN && !seen.contains(&value) {
                seen.push(value);
            }
        }
        seen.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// Path and query without the values that open doors.
    pub(crate) fn hide_target(&self, target: &str) -> String {
        let Some((path, query)) = target.split_once('?') else { return self.hide_text(target) };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && self.is_query(&decoded(name)) => format!("{name}={HIDDEN}"),
            _ => self.hide_text(pair),
        });
        format!("{}?{}", self.hide_text(path), pairs.collect::<Vec<_>>().join("&"))
    }

    /// A text without secrets; of JSON, or of events with JSON as their data, also without what is secret by its name.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut values = Vec::new();
        match serde_json::from_str::<Value>(text) {
            Ok(value) => self.secret_values(&value, &mut values),
            Err(_) => {
                for data in text.lines().filter_map(|line| line.strip_prefix("data:")) {
                    if let Ok(value) = serde_json::from_str::<Value>(data) {
                        self.secret_values(&value, &mut values);
                    }
                }
            }
        }
        let mut text = text.to_owned();
        for value in values {
            // As JSON writes it, and as some writers do who escape slashes.
            let written = Value::from(value.as_str()).to_string();
            for form in [written.replace('/', "\\/"), written] {
                text = text.replace(&form, &format!("\"{HIDDEN}\""));
            }
            self.remember([value]);
        }
        self.hide_text(&text)
    }

    /// A value without secrets.
    pub(crate) fn hide_json(&self, value: &Value) -> Value {
        let text = self.hide(&value.to_string());
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// Bytes that are no text, with what was seen of keys overwritten.
    #[cfg(feature = "record")]
    pub(crate) fn hide_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for secret in self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let length = secret.len();
            let mut from = 0;
            while let Some(at) = find(&bytes[from..], secret.as_bytes()) {
                bytes[from + at..from + at + length].fill(b'*');
                from += at + length;
            }
        }
        bytes
    }

    fn hide_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let quoted = Value::from(secret.as_str()).to_string();
            let escaped = quoted.trim_matches('"').to_owned();
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            for form in [secret, &escaped, &escaped.replace('/', "\\/"), &encoded] {
                if text.contains(form.as_str()) {
                    text = text.replace(form.as_str(), HIDDEN);
                }
            }
        }
        text = octopusx::redact(&text);
        for form in forms() {
            if form.is_match(&text) {
                text = form.replace_all(&text, HIDDEN).into_owned();
            }
        }
        text
    }

    /// The texts that stand under a name of secrets.
    fn secret_values(&self, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                let is_marked = |name: &str| {
                    let all_known = |known: &BTreeSet<String>| members.keys().all(|name| known.contains(name));
                    self.marked.iter().any(|(known, secret)| secret == name && all_known(known))
                };
                for (name, member) in members {
                    if MEMBERS.contains(&name.as_str()) || is_marked(name) {
                        texts(member, found);
                    }
                    self.secret_values(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.secret_values(item, found)),
            _ => {}
        }
    }
}

/// All texts of a value but addresses, of which only the query is secret.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains("://") && text != HIDDEN => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

fn tells(name: &str) -> bool {
    TELLING.iter().any(|part| name.contains(part)) && name != "idempotency-key"
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn forms() -> &'static [Regex] {
    static READY: OnceLock<Vec<Regex>> = OnceLock::new();
    READY.get_or_init(|| FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect())
}

#[cfg(feature = "record")]
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
