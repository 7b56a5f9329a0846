//! From the document's names to Rust's: decided here and nowhere else.

use heck::{ToSnakeCase, ToUpperCamelCase};

const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Field names that would clash with what every generated type has.
pub const TAKEN_FIELDS: [&str; 6] = ["new", "clone", "extra", "into", "from", "eq"];

/// Argument names that the generated methods need for themselves.
pub const TAKEN_ARGUMENTS: [&str; 4] = ["body", "core", "request", "requests"];

/// Names of optional parameters that would clash with what every call has.
pub const TAKEN_SETTERS: [&str; 7] = ["header", "operation", "query", "request", "retry", "timeout", "with_body"];

/// Kinds of tasks that would clash with what every group of operations has.
pub const TAKEN_KINDS: [&str; 2] = ["new", "clone"];

/// Schema names that would hide what generated code takes from Rust itself.
const TAKEN_TYPES: [&str; 10] = ["Box", "Default", "From", "Into", "IntoIterator", "Option", "Result", "Self", "String", "Vec"];

/// Whether a schema can have this name.
#[must_use]
pub fn is_type_name(name: &str) -> bool {
    type_name(name) == *name && !TAKEN_TYPES.contains(&name)
}

/// Whether a module can have this name: that of a tag or of a folder. `requests` holds the request builders.
#[must_use]
pub fn is_module_name(name: &str) -> bool {
    field(name) == *name && name != "requests"
}

/// Whether a variant can have a name that the document gives.
#[must_use]
pub fn is_variant_name(name: &str) -> bool {
    !name.starts_with(char::is_lowercase) && syn::parse_str::<syn::Ident>(name).is_ok()
}

/// A field or argument: snake case, keywords with a `_` behind.
#[must_use]
pub fn field(name: &str) -> String {
    let mut snake = name.to_snake_case();
    if snake.starts_with(|first: char| first.is_ascii_digit()) {
        snake.insert(0, '_');
    }
    if KEYWORDS.contains(&snake.as_str()) {
        snake.push('_');
    }
    snake
}

/// A type or union variant.
#[must_use]
pub fn type_name(name: &str) -> String {
    name.to_upper_camel_case()
}

/// An enum variant from the word on the wire: `in_progress` → `InProgress`, `16:9` → `_16_9`, `gpt-4.1` → `Gpt4_1`.
#[must_use]
pub fn variant(word: &str) -> String {
    let mut name = String::new();
    let mut last_digit = false;
    for part in word.split(|at: char| !at.is_alphanumeric()).filter(|part| !part.is_empty()) {
        if last_digit && part.starts_with(|first: char| first.is_ascii_digit()) {
            name.push('_');
        }
        name.push_str(&part.to_upper_camel_case());
        last_digit = part.ends_with(|last: char| last.is_ascii_digit());
    }
    if name.is_empty() {
        return "Empty".to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if name == "Self" || name == "Other" {
        name.push('_');
    }
    name
}

/// A variant of a tagged union, which has an `Unknown` of its own.
#[must_use]
pub fn tagged_variant(word: &str) -> String {
    let name = variant(word);
    if name == "Unknown" { format!("{name}_") } else { name }
}

/// The constant that describes an operation.
#[must_use]
pub fn constant(name: &str) -> String {
    name.to_snake_case().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_readable_variants() {
        for (word, expected) in [
            ("in_progress", "InProgress"),
            ("NOT_START", "NotStart"),
            ("16:9", "_16_9"),
            ("720x1280", "_720x1280"),
            ("gpt-4.1", "Gpt4_1"),
            ("json_schema", "JsonSchema"),
            ("", "Empty"),
            ("other", "Other_"),
        ] {
            assert_eq!(variant(word), expected, "{word}");
        }
    }

    #[test]
    fn keywords_and_camel_case_become_fields() {
        for (name, expected) in
            [("type", "type_"), ("durationSeconds", "duration_seconds"), ("anthropic-version", "anthropic_version")]
        {
            assert_eq!(field(name), expected);
        }
    }
}
