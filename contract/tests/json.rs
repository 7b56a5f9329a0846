//! When two JSON values are the same, and what a generated type did not know of what it read.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::documents::is_open;

/// What came out of a type after an example went in.
#[derive(Debug)]
pub struct Back {
    /// Written again.
    pub value: Value,
    /// What the type kept without knowing it.
    pub unknown: Vec<String>,
    /// Words that an open list does not hold. An example may have such; they lose nothing.
    pub new_words: Vec<String>,
    /// What `Debug` shows, on one line and on many.
    pub shown: String,
}

impl Back {
    pub fn of<T: Serialize + Debug>(value: &T) -> Result<Self, String> {
        let text = serde_json::to_string(value).map_err(|error| format!("can't be written: {error}"))?;
        let written = serde_json::from_str(&text).map_err(|error| format!("writes what is no JSON: {error}"))?;
        let debug = format!("{value:?}");
        Ok(Self { value: written, unknown: unknown(&debug), new_words: new_words(&debug), shown: format!("{debug}\n{value:#?}") })
    }

    /// The same value as the example, and all of it known.
    pub fn must_be(&self, example: &Value) -> Result<(), String> {
        match difference(example, &self.value, "") {
            Some(difference) => Err(format!("{difference} after it was read and written")),
            None => all_known(&self.unknown),
        }
    }
}

/// Reads an example as its type and writes it back.
pub fn back<T: DeserializeOwned + Serialize + Debug>(text: &str) -> Result<Back, String> {
    let value: T = serde_json::from_str(text).map_err(|error| format!("can't be read: {error}"))?;
    Back::of(&value)
}

/// Reads an example as the body that it is.
pub fn read<T: DeserializeOwned + Debug>(example: &Value) -> Result<T, String> {
    let body = serde_json::from_value(example.clone()).map_err(|error| format!("can't be read: {error}"))?;
    known(&body)?;
    Ok(body)
}

/// Nothing of a value lies in `extra` or in a variant for what the document does not know.
pub fn known(value: &impl Debug) -> Result<(), String> {
    all_known(&unknown(&format!("{value:?}")))
}

fn all_known(unknown: &[String]) -> Result<(), String> {
    if unknown.is_empty() { Ok(()) } else { Err(format!("the type does not know {}", unknown.join(", "))) }
}

/// Where two values differ; `None` when they are equal: members that are null are dropped, numbers go by value.
pub fn difference(expected: &Value, found: &Value, at: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
            names.filter_map(|name| member_difference(expected, found, name, at)).next()
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.find_map(|(index, (expected, found))| difference(expected, found, &format!("{at}/{index}")))
        }
        (Value::Number(a), Value::Number(b)) if same_number(a, b) => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!("`{at}` is {} instead of {}", short(b), short(a))),
    }
}

fn member_difference(expected: &Map<String, Value>, found: &Map<String, Value>, name: &str, at: &str) -> Option<String> {
    let member = |members: &Map<String, Value>| members.get(name).filter(|value| !value.is_null()).cloned();
    let at = format!("{at}/{name}");
    match (member(expected), member(found)) {
        (Some(expected), Some(found)) => difference(&expected, &found, &at),
        (Some(expected), None) => Some(format!("`{at}` is missing, it should be {}", short(&expected))),
        (None, Some(found)) => Some(format!("`{at}` is {}, it should not be there", short(&found))),
        (None, None) => None,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// What the `Debug` of a generated value shows of members and forms that its type does not know.
///
/// Nothing else shows it at every depth: writing puts `extra` back among the members. Strings are skipped, so that
/// their content is not taken for a type's.
fn unknown(debug: &str) -> Vec<String> {
    let mut found = Vec::new();
    // The names before the braces that are open.
    let mut around: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(next) = debug[at..].find(['"', '{', '}', '(']).map(|next| at + next) {
        let before = &debug[..next];
        at = next + 1;
        match &debug[next..at] {
            "\"" => at = next + end_of_string(&debug[next..]),
            "}" => {
                around.pop();
            }
            "{" => {
                let members = &debug[at..];
                let kind = around.last().copied().unwrap_or_default();
                if last_word(before.trim_end_matches(": ")) == "extra" && members.starts_with('"') && !is_open(kind) {
                    found.push(format!("{kind}: the member {}", &members[..end_of_string(members)]));
                }
                around.push(last_word(before.trim_end()));
            }
            // An open enum keeps a word as `Other("…")`, and that is no loss; a union keeps a JSON value.
            _ => {
                let form = first_word(&debug[at..]);
                let kept = matches!(form, "Object" | "Array" | "String" | "Number" | "Bool" | "Null");
                if kept && matches!(last_word(before), "Other" | "Unknown") {
                    found.push(format!("a value of the form {form}"));
                }
            }
        }
    }
    found
}

/// The words that open enums show as `Other("…")`.
fn new_words(debug: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = debug;
    while let Some(at) = rest.find('"') {
        let (before, text) = rest.split_at(at);
        let (word, behind) = text.split_at(end_of_string(text));
        if before.strip_suffix('(').is_some_and(|before| last_word(before) == "Other") {
            found.push(word.to_owned());
        }
        rest = behind;
    }
    found
}

fn last_word(text: &str) -> &str {
    let start = text.rfind(|at: char| !at.is_alphanumeric() && at != '_').map_or(0, |at| at + 1);
    &text[start..]
}

fn first_word(text: &str) -> &str {
    text.split(|at: char| !at.is_alphanumeric()).next().unwrap_or_default()
}

/// The length of the string literal that a text begins with.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use octopusx::chat::{ChatCompletion, ChatContent, ChatContentPart, ChatMessage};
    use serde_json::json;

    #[test]
    fn values_are_equal_without_nulls_and_by_the_value_of_numbers() {
        let same =
            [(json!({"a": 1, "b": null}), json!({"a": 1.0})), (json!([{"a": null}]), json!([{}])), (json!(1e3), json!(1000))];
        for (a, b) in same {
            assert_eq!(difference(&a, &b, ""), None, "{a} {b}");
            assert_eq!(difference(&b, &a, ""), None, "{b} {a}");
        }
        let others = [
            (json!({"a": 1}), json!({"a": 2}), "`/a` is 2 instead of 1"),
            (json!({"a": [1, {"b": "x"}]}), json!({"a": [1, {}]}), "`/a/1/b` is missing, it should be \"x\""),
            (json!({}), json!({"a": false}), "`/a` is false, it should not be there"),
            (json!([null]), json!([]), "`` is [] instead of [null]"),
            (json!("1"), json!(1), "`` is 1 instead of \"1\""),
            (json!(9007199254740993_i64), json!(9007199254740992_i64), "`` is 9007199254740992 instead of 9007199254740993"),
        ];
        for (a, b, expected) in others {
            assert_eq!(difference(&a, &b, "").unwrap(), expected);
        }
    }

    #[test]
    fn what_a_type_does_not_know_is_found_at_every_depth() {
        let unknown_of = |value: &dyn Debug| unknown(&format!("{value:?}"));
        let read = |json: Value| serde_json::from_value::<ChatCompletion>(json).unwrap();
        assert!(
            unknown_of(&read(json!({"choices": [{"message": {"role": "assistant", "content": "extra: {\"x\""}}]}))).is_empty()
        );
        assert!(unknown_of(&read(json!({"choices": [{"finish_reason": "a word of tomorrow"}]}))).is_empty());
        assert_eq!(unknown_of(&read(json!({"new": 1}))), ["ChatCompletion: the member \"new\""]);
        let deep = read(json!({"choices": [{"message": {"role": "assistant", "new": {"a": 1}, "content": "x"}}]}));
        assert_eq!(unknown_of(&deep), ["ChatMessage: the member \"new\""]);
        let back =
            Back::of(&read(json!({"choices": [{"finish_reason": "a word of tomorrow"}, {"finish_reason": "stop"}]}))).unwrap();
        assert_eq!(back.new_words, ["\"a word of tomorrow\""]);
        let part: ChatContentPart = serde_json::from_value(json!({"type": "hologram"})).unwrap();
        assert_eq!(unknown_of(&part), ["a value of the form Object"]);
        let forms = [json!(7), json!(true), json!({"a": 1})];
        for form in forms {
            let content: ChatContent = serde_json::from_value(form).unwrap();
            assert_eq!(unknown_of(&content).len(), 1, "{content:?}");
        }
        assert!(unknown_of(&ChatMessage::user("Other(Number(1)), Unknown(Null)")).is_empty());
    }

    #[test]
    fn an_example_must_come_back_whole_and_known() {
        let example = json!({"choices": [{"index": 0, "finish_reason": "stop"}], "new": 1});
        let back = back::<ChatCompletion>(&example.to_string()).unwrap();
        assert_eq!(back.must_be(&example).unwrap_err(), "the type does not know ChatCompletion: the member \"new\"");
        let other = json!({"choices": [{"index": 1, "finish_reason": "stop"}], "new": 1});
        assert_eq!(back.must_be(&other).unwrap_err(), "`/choices/0/index` is 0 instead of 1 after it was read and written");
    }
}
