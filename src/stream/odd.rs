//! Data that is no event as it stands, or hides what it is: seen of gateways, and read as what it is meant to be.

use std::borrow::Cow;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::transport::is_empty;

/// The data of an event that does not say its kind, with its name for it.
pub(super) fn tagged(member: &str, name: &str, data: &str) -> Option<String> {
    let members = data.strip_prefix('{').filter(|_| !matches!(name, "" | "message" | "error"))?;
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    Some(format!("{{{}:{}{comma}{members}", Value::from(member), Value::from(name)))
}

/// The events of data in which no blank line stands between them. A last line that the end of the body cut is one of them.
pub(super) fn several(data: &str, is_cut: bool, is_mark: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
    let lines: Vec<&str> = data.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let whole = lines.len() - usize::from(is_cut && !lines.is_empty());
    let is_one = |line: &&str| is_mark(line) || serde_json::from_str::<IgnoredAny>(line).is_ok();
    (lines.len() > 1 && lines[..whole].iter().all(is_one)).then_some(lines)
}

/// Whether an event holds nothing that the document describes, but words about a failure: some gateways leave out the mark
/// of it, too.
pub(super) fn says_only_words(extra: &Map<String, Value>, data: &str) -> bool {
    let names = ["message", "msg", "detail", "details", "error_msg", "error_message", "errorMessage"];
    if !names.iter().any(|name| extra.get(*name).is_some_and(|words| !is_empty(words))) {
        return false;
    }
    let members: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
    members.iter().all(|(name, value)| extra.contains_key(name) || is_empty(value) || value == "error")
}

/// The texts of a list's elements, as far as it goes.
pub(super) fn elements(json: &str) -> Vec<&RawValue> {
    struct Elements<'e, 'de>(&'e mut Vec<&'de RawValue>);

    impl<'de> Visitor<'de> for Elements<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                self.0.push(element);
            }
            Ok(())
        }
    }

    let mut elements = Vec::new();
    // What breaks off keeps the elements before.
    let _ = serde_json::Deserializer::from_str(json).deserialize_seq(Elements(&mut elements));
    elements
}

/// JSON in which halves of characters beyond the first plane stand alone, as U+FFFD: some gateways cut a text between the
/// two. Borrowed where there are none.
pub(super) fn mend(data: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut rest = data;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let half = |text: &str| text.strip_prefix("\\u").and_then(|hex| u32::from_str_radix(hex.get(..4)?, 16).ok());
        let length = match half(escape) {
            Some(0xd800..0xdc00) if matches!(escape.get(6..).and_then(half), Some(0xdc00..0xe000)) => 12,
            Some(0xd800..0xe000) => {
                mended.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            _ => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    if mended.is_empty() {
        return Cow::Borrowed(data);
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}
