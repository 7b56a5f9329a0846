//! Keeps keys and signatures out of everything that is shown.

use crate::auth::Key;

/// Shown in place of a secret.
const HIDDEN: &str = "[hidden]";

/// A text without the key, and without the query strings of addresses, which hold signatures.
pub(crate) fn redact(text: &str, key: Option<&Key>) -> String {
    let text = key.map_or_else(|| text.to_owned(), |key| key.hide(text, HIDDEN));
    if !text.contains("://") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let end = rest[at..].find(ends_address).map_or(rest.len(), |length| at + length);
        match rest[at..end].find('?') {
            Some(query) => {
                out.push_str(&rest[..=at + query]);
                out.push_str(HIDDEN);
            }
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn ends_address(at: char) -> bool {
    at.is_whitespace() || matches!(at, '"' | '\'' | '<' | '>' | '`' | '\\')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_are_hidden_and_the_rest_stays() {
        let key = Key::new("sk-secret-1").unwrap();
        for (text, shown) in [
            ("plain", "plain"),
            ("Incorrect API key: sk-secret-1.", "Incorrect API key: [hidden]."),
            ("put to https://b.example/f?X-Sig=abc&x=1 now", "put to https://b.example/f?[hidden] now"),
            (r#"{"u":"https://b.example/f?s=1","v":"http://c/d"}"#, r#"{"u":"https://b.example/f?[hidden]","v":"http://c/d"}"#),
            ("a://b?c d://e?f", "a://b?[hidden] d://e?[hidden]"),
            ("why? https://x/ ok?", "why? https://x/ ok?"),
        ] {
            assert_eq!(redact(text, Some(&key)), shown);
        }
    }
}
