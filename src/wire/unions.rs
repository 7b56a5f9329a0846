//! Unions: the branch is chosen by looking into the value's text, and read from it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use memchr::memmem;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Read, TextSeed};

/// A union told apart by a tag or by the JSON type.
pub(crate) trait Union: Sized {
    /// Looks into a value's text for its branch, and reads that.
    fn choose(text: &str) -> Result<Self, serde_json::Error>;
}

pub(crate) fn read_union<'de, T: Union, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    within(raw.get(), T::choose)
}

/// Reads one branch of a union.
pub(crate) fn branch<T: for<'de> Read<'de>, U>(text: &str, wrap: fn(T) -> U) -> Result<U, serde_json::Error> {
    let mut place = None;
    T::read_text(text, &mut place)?;
    match place {
        Some(value) => Ok(wrap(value)),
        None => Err(serde_json::Error::missing_field("value")),
    }
}

/// Each union inside another value is read by a deserializer of its own, which knows nothing of the depth around it.
const DEEPEST: u32 = 64;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Reads a value that stands within another.
fn within<T, E: serde::de::Error>(text: &str, read: fn(&str) -> Result<T, serde_json::Error>) -> Result<T, E> {
    let depth = DEPTH.get();
    if depth >= DEEPEST {
        return Err(E::custom(format_args!("more than {DEEPEST} unions inside each other")));
    }
    DEPTH.set(depth + 1);
    let read = read(text);
    DEPTH.set(depth);
    match read {
        Ok(value) => Ok(value),
        Err(error) => Err(outwards(&error)),
    }
}

/// The line and column count from the start of the inner value and would mislead.
fn outwards<E: serde::de::Error>(error: &serde_json::Error) -> E {
    let text = error.to_string();
    E::custom(text.split(" at line ").next().unwrap_or(&text))
}

/// The JSON type of a value, by its first byte.
pub(crate) fn json_type(text: &str) -> &'static str {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') | None => "null",
        Some(_) => "number",
    }
}

/// The string in a member of an object; `None` when there is none. Of several the last counts, as it does for every
/// other member.
///
/// `quoted` is the member's name as JSON.
pub(crate) fn tag_of<'t>(text: &'t str, name: &'static str, quoted: &str) -> Option<Cow<'t, str>> {
    if json_type(text) != "object" {
        return None;
    }
    let mut tag = Tag { name, is_only: stands_once(text, quoted), found: None, ended: false };
    let read = serde_json::Deserializer::from_str(text).deserialize_map(&mut tag);
    // Where the reading stops early, the deserializer misses the end of the object.
    if read.is_ok() || tag.ended { tag.found } else { None }
}

/// Whether a name stands in a text at most once, however it is written.
fn stands_once(text: &str, quoted: &str) -> bool {
    let mut places = memmem::find_iter(text.as_bytes(), quoted);
    places.next();
    places.next().is_none() && memmem::find(text.as_bytes(), b"\\u00").is_none()
}

struct Tag<'t> {
    name: &'static str,
    is_only: bool,
    found: Option<Cow<'t, str>>,
    ended: bool,
}

impl<'t> Visitor<'t> for &mut Tag<'t> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(TextSeed)? {
            if name != self.name {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            self.found = Some(map.next_value_seed(TextSeed)?);
            if self.is_only {
                self.ended = true;
                break;
            }
        }
        Ok(())
    }
}

/// A union of a text and a list, without a copy of the text: it comes in every piece of a stream.
pub(crate) trait TextOrList<'de>: Sized {
    type List: Read<'de>;

    fn of_text(text: String) -> Self;
    fn of_list(list: Self::List) -> Self;
    fn of_other(value: Value) -> Self;
}

pub(crate) struct TextOrListVisitor<T>(PhantomData<T>);

impl<T> Default for TextOrListVisitor<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: TextOrList<'de>> Visitor<'de> for TextOrListVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::List::read(SeqAccessDeserializer::new(items)).map(T::of_list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(T::of_other)
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::of_other(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_wherever_and_however_it_is_written() {
        for (text, tag) in [
            (r#"{"type":"a"}"#, Some("a")),
            (r#" {"n":{"type":"b"},"type":"a"}"#, Some("a")),
            (r#"{"type":"a","n":{"type":"b"}}"#, Some("a")),
            (r#"{"type":"a","n":"\"type\":\"b\""}"#, Some("a")),
            (r#"{"ty\u0070e":"a"}"#, Some("a")),
            (r#"{"type":"a","ty\u0070e":"b"}"#, Some("b")),
            (r#"{"type":"a","type":"b"}"#, Some("b")),
            (r#"{"type":"a","type":7}"#, None),
            (r#"{"type":7}"#, None),
            (r#"{"type":null}"#, None),
            (r#"{"kind":"type"}"#, None),
            (r#"{"n":{"type":"b"}}"#, None),
            (r#"["type"]"#, None),
            (r#""type""#, None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(tag_of(text, "type", "\"type\"").as_deref(), tag, "{text}");
        }
    }
}
