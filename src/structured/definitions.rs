//! The definitions that a schema refers to.

use serde_json::{Map, Value};

use super::join::Lookup;

/// `$defs` of a schema, and the schema itself.
pub(super) struct Definitions<'s> {
    all: Option<&'s Map<String, Value>>,
    root: &'s Value,
}

impl<'s> Definitions<'s> {
    pub(super) fn of(root: &'s Value) -> Self {
        Self { all: root.get("$defs").and_then(Value::as_object), root }
    }

    /// Whether a definition leads back to itself.
    pub(super) fn is_circular(&self, name: &str) -> bool {
        let mut seen = Vec::new();
        let mut next = vec![name.to_owned()];
        while let Some(name) = next.pop() {
            let Some(schema) = self.all.and_then(|all| all.get(&name)) else { continue };
            let mut named = Vec::new();
            references(schema, &mut named);
            for reference in named {
                if reference == "#" {
                    references(self.root, &mut next);
                    continue;
                }
                let found = definition(&reference);
                if !seen.contains(&found) {
                    seen.push(found.clone());
                    next.push(found);
                }
            }
        }
        seen.iter().any(|found| found == name)
    }
}

impl Lookup for Definitions<'_> {
    fn target(&self, reference: &str) -> Result<&Value, String> {
        if reference == "#" {
            return Ok(self.root);
        }
        let found = self.all.and_then(|all| all.get(&definition(reference)));
        found.ok_or_else(|| format!("refers to `{reference}`, which is not there"))
    }
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.push(reference.clone());
            }
            members.iter().filter(|(keyword, _)| *keyword != "$defs").for_each(|(_, value)| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The name in `#/$defs/name`, which is a JSON pointer inside an address.
pub(super) fn definition(reference: &str) -> String {
    let name = reference.strip_prefix("#/$defs/").unwrap_or(reference);
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}
