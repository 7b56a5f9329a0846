//! From the bytes of a 2xx answer to its type, or to the error that the answer really is.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::Head;
use crate::error::{Error, Kind, words_of};
use crate::operation::Success;
use crate::response::Response;
use crate::wire::{Read, Typed, needed, trail};

/// Reads a whole JSON answer.
pub(crate) fn answer<T: for<'de> Read<'de> + Typed>(head: Head, body: Bytes) -> Result<Response<T>, Error> {
    let text = match std::str::from_utf8(&body) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the answer is not UTF-8 (byte {})", error.valid_up_to());
            return Err(Error::with_answer(Kind::Decode, message, head, body));
        }
    };
    let text = text.trim_start_matches('\u{feff}');
    match decode_text::<T>(text) {
        Ok(value) => match refused(head.about.operation.success, &value, text) {
            false => Ok(Response::new(value, head, body)),
            true => Err(Error::answer(head, body)),
        },
        Err(_) if says_failure(text) || lacks_its_mark(head.about.operation.success, text) => Err(Error::answer(head, body)),
        Err(failure) if is_plain_text(&head, text) => match plain_text::<T>(head.about.operation.plain_text, text) {
            Some(value) => Ok(Response::new(value, head, body)),
            None => Err(not_readable(failure, text, head, body.clone())),
        },
        Err(failure) => Err(not_readable(failure, text, head, body.clone())),
    }
}

/// Takes an answer whose body the document does not describe: whatever comes, unless it says that it is a failure.
pub(super) fn undescribed(head: Head, body: Bytes) -> Result<Response<()>, Error> {
    let failed = |text: &str| says_failure(text) || lacks_its_mark(head.about.operation.success, text);
    if failed(&String::from_utf8_lossy(&body)) { Err(Error::answer(head, body)) } else { Ok(Response::new((), head, body)) }
}

/// Whether an answer that is no JSON may be the text itself. A broken JSON answer or a web page in its place is none.
fn is_plain_text(head: &Head, text: &str) -> bool {
    let media = head.media_type();
    let plain = media.is_empty() || (media.starts_with("text/") && !matches!(media.as_str(), "text/html" | "text/event-stream"));
    let start = text.trim_start().as_bytes();
    plain
        && !start.starts_with(b"{")
        && ![&b"<!doctype"[..], b"<html", b"<?xml"]
            .iter()
            .any(|page| start.get(..page.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(page)))
}

/// A text as the answer whose member it stands for.
fn plain_text<T: for<'de> Read<'de>>(member: Option<&str>, text: &str) -> Option<T> {
    let mut members = serde_json::Map::new();
    members.insert(member?.to_owned(), text.into());
    decode_text(&Value::Object(members).to_string()).ok()
}

/// Why a text could not be read, and where.
pub(crate) struct Unreadable {
    pub(crate) path: String,
    pub(crate) error: serde_json::Error,
}

/// Reads a `T` from the text of one JSON value.
pub(crate) fn decode_text<T: for<'de> Read<'de>>(text: &str) -> Result<T, Unreadable> {
    let mut place = None;
    decode_into(text, &mut place)?;
    needed(place, "value").map_err(|error| Unreadable { path: String::new(), error })
}

/// The same into a place, which is filled unless this fails.
pub(crate) fn decode_into<T: for<'de> Read<'de>>(text: &str, place: &mut Option<T>) -> Result<(), Unreadable> {
    trail::clear();
    match T::read_text(text, place) {
        Ok(()) => Ok(()),
        Err(error) => Err(Unreadable { path: trail::take(), error }),
    }
}

fn not_readable(failure: Unreadable, text: &str, head: Head, body: Bytes) -> Error {
    let start = text.trim_start();
    if start.is_empty() {
        return Error::with_answer(Kind::Decode, "the answer is empty".to_owned(), head, body).caused_by(failure.error);
    }
    if start.starts_with('<') {
        let message = format!("the answer is {}, not JSON; is the base URL right?", words_of(start));
        return Error::with_answer(Kind::Decode, message, head, body).caused_by(failure.error);
    }
    if head.media_type() == "text/event-stream" || frame_of(start).is_some() {
        let message = "a stream of events came, but one JSON answer was asked for".to_owned();
        return Error::with_answer(Kind::Decode, message, head, body).caused_by(failure.error);
    }
    let place = if failure.path.is_empty() { String::new() } else { format!(" at `{}`", failure.path) };
    let message = format!("the answer can't be read{place}: {}", failure.error);
    Error::with_answer(Kind::Decode, message, head, body).at_json_path(failure.path).caused_by(failure.error)
}

/// Whether a 2xx answer that could be read is a failure nevertheless.
fn refused<T: Typed>(success: Option<Success>, value: &T, text: &str) -> bool {
    match success {
        Some(mark) => !is_success(mark, text),
        None => value.extra().is_some_and(undeclared_failure),
    }
}

/// An envelope of a route that has a mark of success, but says something else: a failure, whatever it lacks.
fn lacks_its_mark(success: Option<Success>, text: &str) -> bool {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    success.is_some_and(|mark| body.pointer(mark.at).is_some() && !is_success(mark, text))
}

fn is_success(mark: Success, text: &str) -> bool {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let found = body.pointer(mark.at).unwrap_or(&Value::Null);
    mark.values.iter().any(|value| serde_json::from_str::<Value>(value).is_ok_and(|value| value == *found))
}

/// A failure among the members that the answer's schema does not declare: a non-empty `error`, or `success: false`.
pub(crate) fn undeclared_failure(extra: &Map<String, Value>) -> bool {
    extra.get("error").is_some_and(|error| !is_empty(error)) || extra.get("success") == Some(&Value::Bool(false))
}

/// The same of an answer that could not be read as its type, also inside the frame of an event.
pub(crate) fn says_failure(text: &str) -> bool {
    let json = frame_of(text.trim_start()).unwrap_or(text);
    serde_json::from_str::<Map<String, Value>>(json).is_ok_and(|members| undeclared_failure(&members))
}

/// The data of the first event, when a text is a stream of them.
fn frame_of(text: &str) -> Option<&str> {
    let starts = ["data:", "event:", "id:", "retry:", ":"];
    if !starts.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    text.lines().find_map(|line| line.strip_prefix("data:")).map(str::trim)
}

/// Null, false, zero, and everything that holds only such.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
    }
}
