//! The text form of an order, for flags and headers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::values::Place;
use super::{Change, ErrorShape, LineEnd, Reply};
use crate::pointer::Pointer;

/// The header of a request that orders its own answer.
const HEADER: &str = "x-mock-fault";

type Read = Result<Reply, String>;

/// One word of the text form.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// A value that it may have; empty where it has none.
    pub example: &'static str,
    /// What it does.
    pub about: &'static str,
    read: fn(Reply, &str) -> Read,
}

/// A text that is no [`Reply`] or no [`TaskScript`](crate::TaskScript).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadReply(String);

impl BadReply {
    pub(crate) fn new(problem: String) -> Self {
        Self(problem)
    }
}

impl fmt::Display for BadReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadReply {}

impl FromStr for Reply {
    type Err = BadReply;

    /// Reads words with semicolons between them: `status=503; retry-after=2`.
    fn from_str(text: &str) -> Result<Self, BadReply> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.into_iter().try_fold(Self::usual(), |reply, part| reply.with_word(part)).map_err(BadReply)
    }
}

impl Reply {
    /// All words of the text form, in the order in which they are done.
    pub fn words() -> &'static [Word] {
        &WORDS
    }

    fn with_word(self, text: &str) -> Read {
        let (name, value) = text.split_once('=').map_or((text, ""), |(name, value)| (name.trim(), value.trim()));
        let word = WORDS.iter().find(|word| word.name == name);
        let word = word.ok_or_else(|| format!("{name:?} is no word for a fault; see octopusx-mock --faults"))?;
        match (word.example.is_empty(), value.is_empty()) {
            (true, false) => Err(format!("{name} has no value")),
            (false, true) => Err(format!("{name} needs a value, such as {name}={}", word.example)),
            _ => (word.read)(self, value).map_err(|problem| format!("{name}={value}: {problem}")),
        }
    }

    /// What a request orders for itself.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let mut found = None;
        for value in headers.get_all(HEADER) {
            let text = value.to_str().map_err(|_| format!("{HEADER} is no text"))?;
            let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
            found =
                parts.into_iter().try_fold(found, |found, part| found.unwrap_or_else(Self::usual).with_word(part).map(Some))?;
        }
        Ok(found)
    }
}

/// A word of the table.
macro_rules! word {
    ($name:literal, $about:literal, $read:expr) => {
        Word {
            name: $name,
            example: "",
            about: $about,
            read: |reply, _| {
                let read: fn(Reply) -> Reply = $read;
                Ok(read(reply))
            },
        }
    };
    ($name:literal, $example:literal, $about:literal, $read:expr) => {
        Word { name: $name, example: $example, about: $about, read: $read }
    };
}

static WORDS: [Word; 57] = [
    word!("status", "503", "the documented failure of this status", |reply, value| {
        let failure = Reply::new(super::Base::Failure(status(value)?));
        Ok(reply.based_on(failure))
    }),
    word!("error-with-200", "the documented failure with status 200", |reply| reply.based_on(Reply::error_with_200())),
    word!("json", r#"{"success":false}"#, "this JSON", |reply, value| Ok(reply.based_on(Reply::json(json(value)?)))),
    word!("events", r#"[{"a":1}]"#, "these events", |reply, value| match json(value)? {
        Value::Array(events) => Ok(reply.based_on(Reply::events(events))),
        _ => Err("it is no list".to_owned()),
    }),
    word!("text", "busy", "this text", |reply, value| Ok(reply.based_on(Reply::text(value)))),
    word!("page", "502", "a proxy's web page with this status", |reply, value| {
        let status = status(value)?.as_u16();
        Ok(reply.based_on(Reply::page(status)))
    }),
    word!("empty", "500", "no body, and this status", |reply, value| {
        let status = status(value)?.as_u16();
        Ok(reply.based_on(Reply::empty(status)))
    }),
    word!("with-status", "200", "another status", |reply, value| Ok(Reply { status: Some(status(value)?), ..reply })),
    word!("retry-after", "2", "the header Retry-After: seconds, or a date", |reply, value| reply
        .try_header("retry-after", value)),
    word!("header", "x-a: b", "another header", |reply, value| {
        let (name, value) = value.split_once(':').ok_or("it is no header")?;
        reply.try_header(name.trim(), value.trim())
    }),
    word!("labelled", "text/html", "another content type", |reply, value| Ok(reply.labelled(value))),
    word!("unlabelled", "no content type", |reply| reply.labelled("")),
    word!("delayed", "500ms", "a pause before anything comes", |reply, value| Ok(reply.delayed(duration(value)?))),
    word!("sets", "/usage=null", "JSON at a pointer, or in every member of a name", |reply, value| {
        let (place, value) = value.split_once('=').ok_or("it needs a place and a value")?;
        Ok(reply.change(Change::Set(place_of(place.trim())?, json(value.trim())?)))
    }),
    word!("drops", "usage", "nothing at a pointer, or in place of every member of a name", |reply, value| {
        Ok(reply.change(Change::Drop(place_of(value)?)))
    }),
    word!("nulls", "null for what the document does not require", Reply::nulls),
    word!("null-objects", "null for objects and lists that the document does not require", Reply::null_objects),
    word!("numbers-as-strings", "numbers as texts", Reply::numbers_as_strings),
    word!("unknown-members", "a member that nobody documented, in every object", Reply::unknown_members),
    word!("unknown-words", "unknown words wherever the document lists words", Reply::unknown_words),
    word!("wide-letters", "letters of several bytes in a member x_mock", Reply::wide_letters),
    word!("invalid-utf8", "bytes that are no UTF-8 in a member x_mock", Reply::invalid_utf8),
    word!("huge", "8388608", "so many bytes in a member x_mock", |reply, value| Ok(reply.huge(number(value)?))),
    word!("as-stream", "events, although a whole answer was asked for", Reply::as_stream),
    word!("as-whole", "a whole answer, although events were asked for", Reply::as_whole),
    word!("as-event", "the whole answer as the data of one event", Reply::as_event),
    word!("truncated-after", "3", "the end after so many events", |reply, value| Ok(reply.truncated_after(number(value)?))),
    word!("stalled-after", "3", "nothing after so many events", |reply, value| Ok(reply.stalled_after(number(value)?))),
    word!("json-cut-after", "3", "half an event and the end after so many", |reply, value| Ok(
        reply.json_cut_after(number(value)?)
    )),
    word!("error-after", "3", "an error after so many events", |reply, value| {
        Ok(reply.error_after(number(value)?, ErrorShape::Object))
    }),
    word!("numeric-error-after", "3", "an error with a number as its code", |reply, value| {
        Ok(reply.error_after(number(value)?, ErrorShape::NumericCode))
    }),
    word!("text-error-after", "3", "an error that is a text", |reply, value| Ok(
        reply.error_after(number(value)?, ErrorShape::Text)
    )),
    word!("named-error-after", "3", "an error in an event of that name", |reply, value| {
        Ok(reply.error_after(number(value)?, ErrorShape::Named))
    }),
    word!("unknown-events", "an event `keepalive` before each", Reply::unknown_events),
    word!("without-end", "no mark or event that ends the protocol", Reply::without_end),
    word!("end-twice", "that mark or event twice", Reply::end_twice),
    word!("paced", "500ms", "another pause between events", |reply, value| Ok(reply.paced(duration(value)?))),
    word!("bom", "a byte order mark first", Reply::bom),
    word!("crlf", "lines end with CR LF", |reply| reply.line_ends(LineEnd::CrLf)),
    word!("cr", "lines end with CR", |reply| reply.line_ends(LineEnd::Cr)),
    word!("comments", "a comment before each line", Reply::comments),
    word!("pings", "10s", "a comment every second, and no event for so long", |reply, value| {
        Ok(reply.pings(Duration::from_secs(1), duration(value)?))
    }),
    word!("retry-lines", "a block of nothing but `retry:` before each event", Reply::retry_lines),
    word!("empty-events", "a block of nothing but `data:` before each event", Reply::empty_events),
    word!("data-lines", "several `data:` lines for each event", Reply::data_lines),
    word!("no-last-newline", "no line end behind the last event", Reply::no_last_newline),
    word!("in-pieces", "7", "pieces of so many bytes", |reply, value| Ok(reply.in_pieces(number(value)?))),
    word!("closed-before-head", "the connection closed when the request was read", Reply::closed_before_head),
    word!("reset-before-head", "the connection reset when the request was read", Reply::reset_before_head),
    word!("stalled-before-head", "nothing when the request was read", Reply::stalled_before_head),
    word!("reset-in-head", "the connection reset within the head", Reply::reset_in_head),
    word!("cut-in-head", "the connection closed within the head", Reply::cut_in_head),
    word!("cut-after", "100", "the connection closed after so many bytes of the body", |reply, value| {
        Ok(reply.cut_after(number(value)?))
    }),
    word!("reset-after", "100", "the connection reset after so many bytes of the body", |reply, value| {
        Ok(reply.reset_after(number(value)?))
    }),
    word!("stalled-after-bytes", "100", "nothing after so many bytes of the body", |reply, value| {
        Ok(reply.stalled_after_bytes(number(value)?))
    }),
    word!("content-length", "100", "this length, whatever the body has", |reply, value| Ok(reply.content_length(number(value)?))),
    word!("garbage", "something that is no HTTP", Reply::garbage),
];

impl Reply {
    /// The same with another beginning.
    fn based_on(self, other: Self) -> Self {
        Self { base: other.base, status: other.status.or(self.status), ..self }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "it is no number".to_owned())
}

fn status(text: &str) -> Result<http::StatusCode, String> {
    text.parse().map_err(|_| "it is no HTTP status".to_owned())
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))
}

fn place_of(text: &str) -> Result<Place, String> {
    if !text.starts_with('/') {
        return Ok(Place::Named(text.to_owned()));
    }
    Pointer::parse(text).map(Place::At).ok_or_else(|| "it is no JSON pointer".to_owned())
}

/// `500ms`, `2s`, `1m`.
fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err("it is none of 500ms, 2s, 1m".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "it is no number".to_owned())?;
    Ok(Duration::from_millis(count.saturating_mul(milliseconds)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_word_is_read_with_its_example_and_refused_without() {
        for word in &WORDS {
            let text = if word.example.is_empty() { word.name.to_owned() } else { format!("{}={}", word.name, word.example) };
            let read = text.parse::<Reply>();
            assert!(read.is_ok(), "{text}: {read:?}");
            let wrong = if word.example.is_empty() { format!("{}=1", word.name) } else { word.name.to_owned() };
            assert!(wrong.parse::<Reply>().is_err(), "{wrong}");
            assert_eq!(WORDS.iter().filter(|other| other.name == word.name).count(), 1, "{}", word.name);
        }
    }

    #[test]
    fn what_is_no_order_says_why() {
        let problem = |text: &str| text.parse::<Reply>().unwrap_err().to_string();
        assert_eq!(problem("stauts=503"), "\"stauts\" is no word for a fault; see octopusx-mock --faults");
        assert_eq!(problem("status=99"), "status=99: it is no HTTP status");
        assert_eq!(problem("delayed=5"), "delayed=5: it is none of 500ms, 2s, 1m");
        assert_eq!(problem("cut-after"), "cut-after needs a value, such as cut-after=100");
        let mut headers = HeaderMap::new();
        assert!(Reply::of_headers(&headers).unwrap().is_none());
        headers.append(HEADER, "truncated-after=1; crlf".parse().unwrap());
        headers.append(HEADER, "bom".parse().unwrap());
        assert!(Reply::of_headers(&headers).unwrap().unwrap().style.bom);
    }
}
