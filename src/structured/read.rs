//! The model's JSON read into a type, or what kept it from that.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Deserializer, Path, Segment, Track};

use crate::error::Kind;
use crate::{Error, Response};

/// A whole answer of a model that can be read as JSON. Implemented by the answers of the text protocols.
pub trait Answer {
    /// The text that should be the JSON.
    #[doc(hidden)]
    fn answer(&self) -> Result<Cow<'_, str>, Unfit>;
}

/// Why there is no JSON to read.
#[derive(Debug)]
pub enum Unfit {
    /// The model refused, in its words; or something withheld its answer, by name.
    Refused(String),
    /// The answer ends before its end, for this reason.
    CutOff { reason: String, text: String },
    /// There is no text, for this reason.
    Empty(String),
}

impl Unfit {
    pub(crate) fn cut_off(reason: &str, text: String) -> Self {
        Self::CutOff { reason: reason.to_owned(), text }
    }

    /// There is no text, but maybe there are calls of tools.
    pub(crate) fn without_text(called: &[&str]) -> Self {
        Self::Empty(match called {
            [] => "the model wrote nothing".to_owned(),
            _ => format!("the model called {} instead", called.join(", ")),
        })
    }

    fn into_error(self) -> Error {
        match self {
            Self::Refused(words) => Error::of_model(Kind::Refused, format!("the model refused to answer: {words}"), words),
            Self::CutOff { reason, text } => {
                let message = format!("the model's answer is cut off ({reason}); allow it more tokens");
                Error::of_model(Kind::CutOff, message, text)
            }
            Self::Empty(why) => Error::of_model(Kind::Decode, format!("the answer has no text to read: {why}"), String::new()),
        }
    }
}

pub(crate) fn parse<T: DeserializeOwned>(answer: &dyn Answer) -> Result<T, Error> {
    let text = answer.answer().map_err(Unfit::into_error)?;
    read("the answer", &text)
}

impl<A: Answer> Response<A> {
    /// Reads the model's answer, which is to be JSON, as a `T`. A code fence around it is taken off.
    ///
    /// The same method on the answer itself serves collected streams; this one puts status, headers, request id and body
    /// into the error.
    ///
    /// # Errors
    /// The answer doesn't keep to `T` ([`Error::is_decode`], with [`Error::json_path`] and [`Error::text`]), the model
    /// refused ([`Error::is_refused`]), or it ran out of tokens ([`Error::is_truncated`]).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(&**self).map_err(|error: Error| error.in_answer(self.head(), self.raw()))
    }
}

/// What a model calls a tool with.
pub(crate) enum Arguments<'a> {
    Text(&'a str),
    Object(&'a Map<String, Value>),
    Other(&'a Value),
    None,
}

/// Reads what the tool `name` is called with. Some models write nothing for an object without members.
pub(crate) fn arguments<T: DeserializeOwned>(name: &str, arguments: Arguments<'_>) -> Result<T, Error> {
    let text = match arguments {
        Arguments::Text(text) if text.trim().is_empty() => Cow::Borrowed("{}"),
        Arguments::Text(text) => Cow::Borrowed(text),
        Arguments::Object(members) => serde_json::to_string(members).unwrap_or_default().into(),
        Arguments::Other(value) => value.to_string().into(),
        Arguments::None => Cow::Borrowed("{}"),
    };
    read(&format!("the call of `{name}`"), &text)
}

fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(without_fence(text));
    let mut track = Track::new();
    let read = T::deserialize(Deserializer::new(&mut json, &mut track)).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| unreadable(what, std::any::type_name::<T>(), &track.path(), error, text))
}

fn unreadable(what: &str, name: &str, path: &Path, error: serde_json::Error, text: &str) -> Error {
    let name = if name.contains('<') { name } else { name.rsplit("::").next().unwrap_or(name) };
    // Beside the JSON there may be words; what is no JSON at all has no place in it.
    let path = if error.is_data() { words(path) } else { String::new() };
    let place = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
    let message = format!("{what} can't be read as `{name}`{place}: {error}");
    Error::of_model(Kind::Decode, message, text.to_owned()).at_json_path(path).caused_by(error)
}

/// A path in the form that errors have everywhere: `steps[2].minutes`.
fn words(path: &Path) -> String {
    let mut words = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => {
                words.push_str(&format!("[{index}]"));
                continue;
            }
            Segment::Map { key } => key,
            Segment::Enum { variant } => variant,
            Segment::Unknown => "?",
        };
        if !words.is_empty() {
            words.push('.');
        }
        words.push_str(name);
    }
    words
}

/// The JSON without the code fence that some models put around it, whatever they asked for.
fn without_fence(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim();
    let inside = || {
        let inside = text.strip_prefix("```")?.strip_suffix("```")?;
        // The word behind the first fence names the language.
        let start = inside.find(['\n', '{', '[', '"'])?;
        inside[..start].trim().chars().all(char::is_alphanumeric).then(|| inside[start..].trim())
    };
    inside().unwrap_or(text)
}
