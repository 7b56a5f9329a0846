//! Keeps keys and signatures out of everything that is shown.

use crate::auth::Key;

/// Shown in place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// Parameters whose values open doors, wherever they stand.
const TELLING: [&str; 14] = [
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
    "ossaccesskeyid",
    "awsaccesskeyid",
    "access_token",
    "api_key",
    "signature",
    "token",
    "key",
    "sign",
    "sig",
];

/// Elements of the XML in which storages say what was wrong with a signature.
const TELLING_ELEMENTS: [&str; 6] =
    ["signatureprovided", "stringtosign", "canonicalrequest", "awsaccesskeyid", "ossaccesskeyid", "accesskeyid"];

/// What is hidden may lay bare another address, as in `sig=http:https://…`; deeper than this nothing sensible nests.
const DEEPEST: usize = 16;

/// A text without the key, without the query strings of addresses, which hold signatures, and without the names and
/// passwords in them. Doing it twice changes nothing.
pub(crate) fn redact(text: &str, key: Option<&Key>) -> String {
    let mut text = key.map_or_else(|| text.to_owned(), |key| key.hide(text, HIDDEN));
    for _ in 0..DEEPEST {
        let shown = redact_once(&text);
        if shown == text {
            break;
        }
        text = shown;
    }
    text
}

fn redact_once(text: &str) -> String {
    let addresses = text.contains(":/") || text.contains(":\\/");
    let text = if addresses { without_queries(text) } else { text.to_owned() };
    let text = if text.contains('=') || text.contains("%3") { without_telling_values(&text) } else { text };
    if text.contains("</") { without_telling_elements(&text) } else { text }
}

/// Hides what stands in elements such as `<SignatureProvided>`, also where the text ends inside.
fn without_telling_elements(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(begin) = lower[from..].find('<').map(|at| from + at + 1) {
        let name = lower[begin..].find('>').map_or("", |length| &lower[begin..begin + length]);
        out.push_str(&text[from..begin]);
        from = begin;
        if TELLING_ELEMENTS.contains(&name) {
            let value = begin + name.len() + 1;
            let end = lower[value..].find('<').map_or(text.len(), |length| value + length);
            out.push_str(&text[begin..value]);
            out.push_str(if end > value { HIDDEN } else { "" });
            from = end;
        }
    }
    out.push_str(&text[from..]);
    out
}

fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, length)) = next_address(rest) {
        let (before, address) = rest.split_at(at + length);
        let (address, after) = address.split_at(end_of_address(address));
        let (place, query) = address.split_once('?').map_or((address, false), |(place, _)| (place, true));
        out.push_str(before);
        if let Some((inner, _)) = next_address(place) {
            // An address inside an address: the query is the inner one's.
            out.push_str(&without_user(&place[..inner]));
            rest = &rest[before.len() + inner..];
            continue;
        }
        out.push_str(&without_user(place));
        if query {
            out.push('?');
            out.push_str(HIDDEN);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the mark between scheme and host begins, and how long it is. JSON may write it with escapes.
fn next_address(text: &str) -> Option<(usize, usize)> {
    ["://", ":\\/\\/"].into_iter().filter_map(|mark| text.find(mark).map(|at| (at, mark.len()))).min()
}

fn end_of_address(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let ends = match letter {
            // The escapes of JSON for `/` and, in some gateways, for `&`.
            '\\' => !letters.peek().is_some_and(|(_, next)| matches!(next, '/' | 'u')),
            '"' | '\'' | '<' | '>' | '`' => true,
            _ => letter.is_whitespace(),
        };
        if ends {
            return at;
        }
    }
    text.len()
}

/// What follows `://`, without name and password.
fn without_user(place: &str) -> String {
    let host = place.find(['/', '\\', '#']).unwrap_or(place.len());
    match place[..host].rfind('@') {
        Some(at) => format!("{HIDDEN}{}", &place[at..]),
        None => place.to_owned(),
    }
}

/// Hides what stands behind `signature=` and the like, also outside of whole addresses and percent-encoded.
fn without_telling_values(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some((at, mark)) = next_mark(&lower, from) {
        let value = at + mark.len();
        out.push_str(&text[from..value]);
        let mut end = value;
        if tells(&lower[from..at]) {
            end = text[value..].find(ends_value).map_or(text.len(), |length| value + length);
            out.push_str(if end > value { HIDDEN } else { "" });
        }
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

fn next_mark(lower: &str, from: usize) -> Option<(usize, &'static str)> {
    ["=", "%3d"].into_iter().filter_map(|mark| lower[from..].find(mark).map(|at| (from + at, mark))).min()
}

/// Whether a text ends with the name of a telling parameter.
fn tells(before: &str) -> bool {
    TELLING.iter().any(|name| {
        before.strip_suffix(name).is_some_and(|start| {
            let joined = ["\\u0026", "%26", "%3f"].iter().any(|join| start.ends_with(join));
            joined || !start.ends_with(|at: char| at.is_alphanumeric() || matches!(at, '_' | '-'))
        })
    })
}

fn ends_value(at: char) -> bool {
    at.is_whitespace() || matches!(at, '&' | '"' | '\'' | '<' | '>' | '`' | '\\' | ',' | ';' | ')' | '}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const SECRET: &str = "sk-secret/1+x";

    #[test]
    fn keys_and_signatures_are_hidden_and_the_rest_stays() {
        let key = Key::new(SECRET).unwrap();
        for (text, shown) in [
            ("plain", "plain"),
            ("Incorrect API key: sk-secret/1+x.", "Incorrect API key: [hidden]."),
            (r#"{"key":"sk-secret\/1+x"}"#, r#"{"key":"[hidden]"}"#),
            ("/x?k=sk-secret%2F1%2Bx&y=1", "/x?k=[hidden]&y=1"),
            ("put to https://b.example/f?X-Sig=abc&x=1 now", "put to https://b.example/f?[hidden] now"),
            (r#"{"u":"https://b.example/f?s=1","v":"http://c/d"}"#, r#"{"u":"https://b.example/f?[hidden]","v":"http://c/d"}"#),
            (r#""https:\/\/b.example\/f?s=1","#, r#""https:\/\/b.example\/f?[hidden]","#),
            (r#""https://b.example/f?a=1\u0026sig=2""#, r#""https://b.example/f?[hidden]""#),
            (r"https://b.example/f\n", r"https://b.example/f\n"),
            ("https://me:pass@b.example/f", "https://[hidden]@b.example/f"),
            ("https://b.example/@me", "https://b.example/@me"),
            ("https://b.example/https://me:pass@c.example/?s=1 ok", "https://b.example/https://[hidden]@c.example/?[hidden] ok"),
            ("/f?a=1&X-Amz-Signature=2&b=3", "/f?a=1&X-Amz-Signature=[hidden]&b=3"),
            ("to=/f%3Fsig%3D12", "to=/f%3Fsig%3D[hidden]"),
            ("design=1&monkey=2", "design=1&monkey=2"),
            ("sig=", "sig="),
            (
                "<E><SignatureProvided>ab</SignatureProvided><StringToSign>x\ny</StringToSign><Code>c</Code></E>",
                "<E><SignatureProvided>[hidden]</SignatureProvided><StringToSign>[hidden]</StringToSign><Code>c</Code></E>",
            ),
            ("</a><AWSAccessKeyId>ab", "</a><AWSAccessKeyId>[hidden]"),
            ("a://b?c d://e?f", "a://b?[hidden] d://e?[hidden]"),
            ("why? https://x/ ok?", "why? https://x/ ok?"),
        ] {
            assert_eq!(redact(text, Some(&key)), shown, "{text}");
        }
    }

    /// Texts out of the pieces that matter, and any other.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "https://",
            "http:\\/\\/",
            "b.example",
            "/",
            "\\/",
            "?",
            "&",
            "\\u0026",
            "%26",
            "sig",
            "=",
            "%3D",
            "Signature",
            "@",
            " ",
            "\"",
            "\\",
            "key",
            SECRET,
            "sk-secret%2F1%2Bx",
            "[hidden]",
            "é",
            "\n",
            "token",
            "</",
            "<SignatureProvided>",
        ]);
        prop_oneof![prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat()), any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn hiding_twice_changes_nothing_more(text in texts()) {
            let key = Key::new(SECRET).unwrap();
            let once = redact(&text, Some(&key));
            prop_assert_eq!(redact(&once, Some(&key)), once);
        }

        #[test]
        fn the_key_is_hidden_wherever_it_stands(before in texts(), after in texts()) {
            let key = Key::new(SECRET).unwrap();
            let shown = redact(&format!("{before}{SECRET}{after}"), Some(&key));
            prop_assert!(!shown.contains(SECRET), "{}", shown);
        }

        #[test]
        fn a_signature_is_hidden_wherever_its_address_stands(
            before in "[a-z \"{:,]*",
            scheme in prop::sample::select(vec!["https://", "https:\\/\\/", ""]),
            path in "[a-z./]*",
            parameters in "([a-z]{1,5}=[0-9]{0,3}&)*",
            name in prop::sample::select(vec!["sig", "X-Amz-Signature", "Signature", "token"]),
            after in "(&[a-z]{1,5}=[0-9]{0,3})*[ \"]?",
        ) {
            let shown = redact(&format!("{before}{scheme}{path}?{parameters}{name}=5ec2e7{after}"), None);
            prop_assert!(!shown.contains("5ec2e7"), "{}", shown);
        }

        #[test]
        fn what_holds_no_secret_stays(text in "[A-Za-z0-9 .,:/{}\"\\[\\]-]*") {
            prop_assert_eq!(redact(&text, None), text);
        }
    }
}
