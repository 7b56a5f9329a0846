//! Writes the state of a task into an example of the answer that tells it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Number, Value, json};

use super::script::{TaskStep, Told, Urls, Word};
use super::stage::{Stage, Words};
use crate::document::TaskRule;
use crate::files::{self, Kind};
use crate::pointer::Pointer;
use crate::schema::Schemas;
use crate::text;

/// What is to be told about a task, and where.
pub(super) struct View<'v> {
    pub(super) schemas: &'v Schemas,
    pub(super) rule: &'v TaskRule,
    /// The words of each status pointer.
    pub(super) words: &'v [Words],
    pub(super) stage: Stage,
    /// What a script says beside the stage.
    pub(super) step: Option<&'v TaskStep>,
    pub(super) id: &'v str,
    pub(super) kind: Option<Kind>,
    /// The gateway's own address.
    pub(super) base: &'v str,
    /// The answer follows a task; otherwise it is the one that made it, which may name no state.
    pub(super) followed: bool,
}

impl View<'_> {
    pub(super) fn write(&self, answer: &mut Value) {
        self.write_id(answer);
        self.write_status(answer);
        self.write_progress(answer);
        self.write_error(answer);
        if self.stage == Stage::Done {
            self.write_urls(answer);
            fill_times(answer);
        } else {
            for pointer in &self.rule.urls {
                pointer.remove_if(answer, &says_something);
            }
            if self.stage.percent().is_some() {
                remove_end_times(answer);
            }
        }
        for (pointer, value) in self.step.iter().flat_map(|step| &step.edits) {
            match value {
                Some(value) => _ = pointer.force(answer, value.clone()),
                None => pointer.remove_if(answer, &|_| true),
            }
        }
    }

    fn write_progress(&self, answer: &mut Value) {
        let ordered = self.step.and_then(|step| step.progress.as_ref());
        for (at, pointer) in self.rule.progress.iter().enumerate() {
            let told = pointer.change(answer, &mut |value| match (ordered, self.stage.percent()) {
                (Some(ordered), _) => *value = ordered.clone(),
                (None, Some(percent)) => *value = progress(value, percent),
                (None, None) => {}
            });
            if let Some(ordered) = ordered.filter(|_| at == 0 && !told && self.followed) {
                pointer.force(answer, ordered.clone());
            }
        }
    }

    fn write_error(&self, answer: &mut Value) {
        for pointer in &self.rule.error {
            // An error that the example shows belongs to another task.
            pointer.change(answer, &mut |value| {
                if value.as_str().is_some_and(|text| !text.is_empty()) {
                    *value = Value::from("");
                }
            });
            if self.reason().is_none() {
                pointer.remove_if(answer, &says_something);
            }
        }
        let Some(pointer) = self.rule.error.first() else { return };
        if let Some(error) = self.step.and_then(|step| step.error.clone()) {
            pointer.force(answer, error);
        } else if let Some(reason) = self.reason() {
            let mut told = false;
            for pointer in &self.rule.error {
                told |= pointer.change(answer, &mut |value| tell_reason(value, reason));
            }
            if !told {
                let is_text =
                    self.schemas.at(self.rule.schema.raw(), pointer).iter().any(|facet| text::is_of_type(facet, "string"));
                let mut error = if is_text { Value::from("") } else { Value::Null };
                tell_reason(&mut error, reason);
                pointer.force(answer, error);
            }
        }
    }

    /// Why the task failed.
    fn reason(&self) -> Option<&str> {
        match &self.step?.told {
            Told::State(Stage::Failed, reason) => reason.as_deref(),
            _ => None,
        }
    }

    fn write_id(&self, answer: &mut Value) {
        // Not `any`, which would stop at the first: some answers name the task twice.
        let write = |pointer: &&Pointer| pointer.change(answer, &mut |value| *value = in_form(value, self.id));
        let written = self.rule.id.iter().filter(write).count();
        if let Some(pointer) = self.rule.id.first().filter(|_| written == 0) {
            pointer.force(answer, Value::from(self.id));
        }
    }

    fn write_status(&self, answer: &mut Value) {
        let mut told = false;
        for (pointer, words) in self.rule.status.iter().zip(self.words) {
            told |= pointer.change(answer, &mut |value| {
                if let Some(word) = self.word(words, value.as_str()) {
                    *value = Value::from(word);
                }
            });
        }
        let first = self.rule.status.first().zip(self.words.first());
        if let Some((pointer, words)) = first.filter(|_| self.followed && !told)
            && let Some(word) = self.word(words, None)
        {
            pointer.force(answer, Value::from(word));
        }
    }

    fn word(&self, words: &Words, current: Option<&str>) -> Option<String> {
        let usual = || words.of_stage(self.stage, current);
        match self.step.map_or(&Word::Usual, |step| &step.word) {
            Word::Usual => usual(),
            Word::Upper => usual().map(|word| word.to_uppercase()),
            Word::Lower => usual().map(|word| word.to_lowercase()),
            Word::Exactly(word) => Some(word.clone()),
        }
    }

    fn write_urls(&self, answer: &mut Value) {
        let urls = self.step.map_or(Urls::Usual, |step| step.urls);
        if urls == Urls::Missing {
            for pointer in &self.rule.urls {
                pointer.remove_if(answer, &says_something);
            }
            return;
        }
        self.write_addresses(answer, urls == Urls::Expired);
        if urls == Urls::Empty {
            for pointer in &self.rule.urls {
                pointer.change(answer, &mut |value| {
                    if value.is_string() {
                        *value = Value::from("");
                    }
                });
            }
        }
    }

    /// Every address of the example is replaced: a foreign one would lead out of the test. Where none of them was for
    /// this kind of task, the pointer that is meant for it gets one.
    fn write_addresses(&self, answer: &mut Value, expired: bool) {
        let named = |pointer: &Pointer| pointer.last_key().and_then(Kind::of_text);
        let meant = self.rule.urls.iter().find(|pointer| self.kind.is_some() && named(pointer) == self.kind);
        let Some(meant) = meant.or(self.rule.urls.first()) else { return };
        let mut told = false;
        for pointer in &self.rule.urls {
            let shown = pointer.read(answer).and_then(Value::as_str).and_then(Kind::of_address);
            let kind = named(pointer).or(self.kind).or(shown).unwrap_or(Kind::Video);
            let address = Value::from(files::address(self.base, self.id, kind, expired));
            pointer.change(answer, &mut |value| {
                // An object here holds its address at another pointer.
                if value.as_str().is_some_and(|text| !text.is_empty()) {
                    *value = address.clone();
                    told |= self.kind.is_none_or(|own| own == kind);
                }
            });
        }
        if !told {
            let kind = named(meant).or(self.kind).unwrap_or(Kind::Video);
            meant.force(answer, Value::from(files::address(self.base, self.id, kind, expired)));
        }
    }
}

/// Puts a reason where an error has its words: the text itself, or a member of it.
fn tell_reason(error: &mut Value, reason: &str) {
    match error {
        Value::Object(members) => {
            let known = ["message", "reason", "detail"].into_iter().find(|name| members.contains_key(*name));
            members.insert(known.unwrap_or("message").to_owned(), Value::from(reason));
        }
        Value::Null => *error = json!({ "code": "task_failed", "message": reason }),
        _ => *error = Value::from(reason),
    }
}

/// Whether there is anything in a value: text that is not empty, an object with such a member.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(map) => map.values().any(says_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// An id in the JSON form that the example has.
fn in_form(shown: &Value, id: &str) -> Value {
    match shown {
        Value::Number(_) => id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from),
        _ => Value::from(id),
    }
}

/// Percent in the JSON form that the example has: 50, 50.0, "50", "50%".
fn progress(shown: &Value, percent: u8) -> Value {
    match shown {
        Value::String(text) if text.ends_with('%') => Value::from(format!("{percent}%")),
        Value::String(_) => Value::from(percent.to_string()),
        Value::Number(number) if number.is_f64() => {
            Number::from_f64(f64::from(percent)).map_or(Value::from(percent), Value::Number)
        }
        _ => Value::from(percent),
    }
}

/// Names of moments in the styles that gateways use: `completed_at`, `finish_time`, `finishTime`.
/// The end of a link's life is none of them: it lies ahead.
fn is_time(name: &str) -> bool {
    let ends = ["_at", "_time", "At", "Time"].iter().any(|end| name.ends_with(end));
    (ends || ["created", "completed"].contains(&name)) && !name.starts_with("expire")
}

fn is_end_time(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_time(name) && ["complet", "finish", "end"].iter().any(|start| lower.starts_with(start))
}

fn is_missing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("") || value.as_f64() == Some(0.0)
}

/// Gives each moment that the example has without a value one: a little after the latest moment beside it, in its form.
fn fill_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(fill_times),
        Value::Object(map) => {
            let filled = later(map);
            for (name, value) in map.iter_mut() {
                if is_time(name) && is_missing(value) {
                    *value = filled.clone();
                } else {
                    fill_times(value);
                }
            }
        }
        _ => {}
    }
}

fn later(map: &Map<String, Value>) -> Value {
    let known = || map.iter().filter(|(name, value)| is_time(name) && !is_missing(value)).map(|(_, value)| value);
    let number = known().filter_map(Value::as_i64).max();
    let text = known().filter_map(Value::as_str).max();
    match (number, text) {
        // Beyond the year 5000 in seconds: these are milliseconds.
        (Some(moment), _) if moment > 100_000_000_000 => Value::from(moment + 9_000),
        (Some(moment), _) => Value::from(moment + 9),
        (None, Some(text)) => Value::from(text),
        (None, None) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Value::from(now.as_secs())
        }
    }
}

/// A task that still runs has no end. This matters where the only example is of a finished one.
fn remove_end_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_end_times),
        Value::Object(map) => {
            map.retain(|name, value| !is_end_time(name) || is_missing(value));
            map.values_mut().for_each(remove_end_times);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn progress_keeps_its_form() {
        assert_eq!(progress(&json!(0), 50), json!(50));
        assert_eq!(progress(&json!("0"), 50), json!("50"));
        assert_eq!(progress(&json!("0%"), 50), json!("50%"));
        assert_eq!(progress(&json!(0.5), 50), json!(50.0));
        assert_eq!(progress(&Value::Null, 50), json!(50));
    }

    #[test]
    fn an_end_is_filled_in_after_its_neighbours() {
        let inner = json!({"submitTime": 1_700_000_000_000_i64, "finishTime": 0});
        let mut value = json!({"created_at": 100, "completed_at": null, "expires_at": 900, "data": inner});
        fill_times(&mut value);
        assert_eq!(value["completed_at"], json!(109));
        assert_eq!(value["data"]["finishTime"], json!(1_700_000_009_000_i64));
        let mut value = json!({"created_at": "2026-04-12T08:00:00.000Z", "completed_at": null, "expires_at": null});
        fill_times(&mut value);
        assert_eq!(value["completed_at"], value["created_at"]);
        assert_eq!(value["expires_at"], Value::Null);
        remove_end_times(&mut value);
        assert_eq!(value.as_object().unwrap().len(), 2);
    }
}
