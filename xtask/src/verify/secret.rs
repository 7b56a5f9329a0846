//! The key, and how it stays out of what is printed.

/// So many letters of the key in a row are taken for a part of it. Gateways repeat a wrong key with its middle cut out.
const TELLING: usize = 6;

/// Shown in its place.
const HIDDEN: &str = "[hidden]";

/// A key. It is never printed.
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(key: String) -> Self {
        Self(key)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// A text without the words that hold the key or a part of it, and without the queries of addresses, which may open them.
    pub(super) fn hide(&self, text: &str) -> String {
        let ends =
            |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>' | '`' | ',' | ';' | '(' | ')');
        let mut out = String::new();
        for piece in text.split_inclusive(ends) {
            let word = piece.trim_end_matches(ends);
            let place =
                word.split_once('?').filter(|(place, _)| place.contains("://")).map(|(place, _)| format!("{place}?{HIDDEN}"));
            match place {
                _ if self.is_in(word) => out.push_str(HIDDEN),
                Some(place) => out.push_str(&place),
                None => out.push_str(word),
            }
            out.push_str(&piece[word.len()..]);
        }
        out
    }

    fn is_in(&self, word: &str) -> bool {
        let key: Vec<char> = self.0.chars().collect();
        let longest = key.len().min(TELLING);
        longest > 0 && key.windows(longest).any(|part| word.contains(&part.iter().collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_parts_are_hidden_and_the_rest_stays() {
        let secret = Secret::new("sk-abcdefghijkl".to_owned());
        for (text, shown) in [
            ("plain words, and more", "plain words, and more"),
            ("key sk-abcdefghijkl!", "key [hidden]"),
            ("Incorrect API key: sk-abc***ijkl.", "Incorrect API key: [hidden]"),
            ("at https://b.example/f?sig=1, gone", "at https://b.example/f?[hidden], gone"),
            ("why? no", "why? no"),
        ] {
            assert_eq!(secret.hide(text), shown);
        }
    }
}
