//! Types as pages write them, and as schemas have them.

use std::collections::BTreeSet;
use std::fmt;

/// One JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
    Null,
    File,
    Any,
}

/// The types that a field may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types {
    pub(crate) kinds: BTreeSet<Kind>,
    /// The types of an array's items, where they are said.
    pub(crate) items: Option<Box<Types>>,
}

impl Types {
    pub(crate) fn of(kind: Kind) -> Self {
        Self { kinds: BTreeSet::from([kind]), items: None }
    }

    fn list(items: Option<Self>) -> Self {
        Self { items: items.map(Box::new), ..Self::of(Kind::Array) }
    }

    /// Adds what another allows.
    pub(crate) fn join(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        match (&mut self.items, other.items) {
            (Some(own), Some(items)) => own.join(*items),
            (own @ None, items) => *own = items,
            _ => {}
        }
    }

    /// What a page writes, such as `string | array<string>`; `None` for words that no page used so far.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for part in alternatives(text) {
            found.join(one(part.trim())?);
        }
        (!found.kinds.is_empty()).then_some(found)
    }

    /// Whether these types have a place for all that a page says.
    ///
    /// A whole number is a number; a text stands for a file's bytes and the other way round; that a field may be null says
    /// nothing about its type.
    pub(crate) fn hold(&self, page: &Self) -> bool {
        if self.kinds.contains(&Kind::Any) || page.kinds.contains(&Kind::Any) {
            return true;
        }
        let holds = |kind: &Kind| match kind {
            Kind::Null => true,
            Kind::Integer => self.kinds.contains(&Kind::Integer) || self.kinds.contains(&Kind::Number),
            Kind::File => self.kinds.contains(&Kind::File) || self.kinds.contains(&Kind::String),
            kind => self.kinds.contains(kind),
        };
        let items = match (&self.items, &page.items) {
            (Some(own), Some(page)) => own.hold(page),
            _ => true,
        };
        page.kinds.iter().all(holds) && items
    }

    /// Whether the two say the same where it matters for what is written: a number that the page calls whole is another.
    pub(crate) fn is_wider_number_than(&self, page: &Self) -> bool {
        let only = |types: &Self, kind| types.kinds.iter().filter(|kind| **kind != Kind::Null).eq([&kind]);
        only(self, Kind::Number) && only(page, Kind::Integer)
    }
}

/// Splits at `|`, `/` and `or`, but not inside `<…>`.
fn alternatives(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            '|' | '/' | ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.into_iter().flat_map(|part| part.split(" or ")).collect()
}

fn one(text: &str) -> Option<Types> {
    let text = text.trim();
    if let Some(items) = text.strip_suffix("[]") {
        return Some(Types::list(Some(one(items)?)));
    }
    if let Some((outer, rest)) = text.split_once('<') {
        let inner = rest.strip_suffix('>')?;
        return match outer.trim().to_lowercase().as_str() {
            "array" | "list" => Some(Types::list(Some(Types::parse(inner)?))),
            "map" | "record" | "dict" | "object" => Some(Types::of(Kind::Object)),
            "enum" => Types::parse(inner),
            "string" | "integer" | "number" => one(outer),
            _ => None,
        };
    }
    let lower = text.to_lowercase();
    if let Some(items) = lower.strip_prefix("array of ").or_else(|| lower.strip_prefix("list of ")) {
        return Some(Types::list(Some(one(items.strip_suffix('s').unwrap_or(items))?)));
    }
    Some(Types::of(match lower.as_str() {
        "string" | "str" | "text" | "url" | "uri" | "date" | "date-time" | "datetime" | "uuid" | "base64" | "enum" => {
            Kind::String
        }
        "integer" | "int" | "int32" | "int64" | "long" => Kind::Integer,
        "number" | "float" | "double" | "decimal" => Kind::Number,
        "boolean" | "bool" | "true" | "false" => Kind::Boolean,
        "object" | "json" | "map" | "dict" | "record" => Kind::Object,
        "array" | "list" => return Some(Types::list(None)),
        "null" | "none" => Kind::Null,
        "file" | "binary" | "bytes" | "blob" => Kind::File,
        "any" | "unknown" | "mixed" => Kind::Any,
        _ => return None,
    }))
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, kind) in self.kinds.iter().enumerate() {
            if at > 0 {
                f.write_str(" | ")?;
            }
            let word = match kind {
                Kind::String => "string",
                Kind::Integer => "integer",
                Kind::Number => "number",
                Kind::Boolean => "boolean",
                Kind::Object => "object",
                Kind::Array => "array",
                Kind::Null => "null",
                Kind::File => "file",
                Kind::Any => "any",
            };
            match (&self.items, kind) {
                (Some(items), Kind::Array) => write!(f, "array<{items}>")?,
                _ => f.write_str(word)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_type_is_read() {
        for (text, expected) in [
            ("string", "string"),
            ("string | array<string>", "string | array<string>"),
            ("array<object>", "array<object>"),
            ("string[]", "array<string>"),
            ("object | object[]", "object | array<object>"),
            ("integer | null", "integer | null"),
            ("string or integer", "string | integer"),
            ("string/array<string>", "string | array<string>"),
            ("array<string | object>", "array<string | object>"),
            ("enum<string>", "string"),
            ("file | string | object", "string | object | file"),
            ("array of strings", "array<string>"),
            ("array<array<number>>", "array<array<number>>"),
            ("map<string, string>", "object"),
            ("array", "array"),
        ] {
            assert_eq!(Types::parse(text).map(|types| types.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "Model", "array<Thing>", "string |", "a long sentence"] {
            assert_eq!(Types::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_type_holds_what_is_narrower() {
        for (own, page, holds) in [
            ("string | number", "string", true),
            ("string", "string | number", false),
            ("number", "integer", true),
            ("integer", "number", false),
            ("string", "string | null", true),
            ("array<string>", "array<integer>", false),
            ("array<string>", "array", true),
            ("any", "object", true),
            ("file", "file", true),
            ("file", "string", false),
            ("string", "file", true),
            ("object", "array<object>", false),
        ] {
            assert_eq!(Types::parse(own).unwrap().hold(&Types::parse(page).unwrap()), holds, "{own} / {page}");
        }
    }
}
