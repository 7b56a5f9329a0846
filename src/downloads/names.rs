//! What a file is called: from its headers or its address, and safe to create.

use http::HeaderMap;
use url::Url;

/// More than any file system takes as one name, less the ends that are put to it.
const LONGEST: usize = 200;

/// Names that Windows keeps for devices.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name in `Content-Disposition`, made safe.
pub(super) fn in_headers(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::CONTENT_DISPOSITION)?;
    // Some servers write UTF-8 although headers hold Latin letters only.
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let parameters: Vec<(String, String)> = parameters(&text);
    let find = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let extended = find("filename*").and_then(|value| {
        let mut parts = value.splitn(3, '\'');
        let charset = parts.next()?;
        let bytes = unescaped(parts.nth(1)?);
        match charset.to_ascii_lowercase().as_str() {
            "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
            _ => String::from_utf8(bytes).ok(),
        }
    });
    safe(&extended.or_else(|| find("filename").map(str::to_owned))?)
}

/// The last segment of an address, made safe.
pub(super) fn in_address(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    safe(&String::from_utf8_lossy(&unescaped(last)))
}

/// A name with the ending of a media type, where it has none.
pub(super) fn with_ending(name: String, media: &str) -> String {
    let ends = name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && (1..=5).contains(&end.len()));
    match ending(media) {
        Some(end) if !ends => format!("{name}.{end}"),
        _ => name,
    }
}

/// The usual ending of files of a media type.
fn ending(media: &str) -> Option<String> {
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (_, subtype) = media.split_once('/')?;
    let end = match media.as_str() {
        "audio/mpeg" => "mp3",
        "image/jpeg" => "jpg",
        "video/quicktime" => "mov",
        _ => subtype,
    };
    // Most types are called like their files.
    mime_guess::from_ext(end).iter().any(|known| known.essence_str() == media).then(|| end.to_owned())
}

/// A name that leads out of no folder and that every file system takes; `None` when nothing is left of it.
pub(super) fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let letter = |at: char| match at {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        other => other,
    };
    let name: String = last.chars().filter(|at| !at.is_control() && !is_invisible(*at)).map(letter).collect();
    let name = name.trim_matches(|at: char| at == '.' || at.is_whitespace());
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = DEVICES.iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|rest| rest.is_empty() || (rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit()))
    });
    let name = if device { format!("_{name}") } else { name.to_owned() };
    let name = shortened(name);
    Some(name.trim_end_matches(|at: char| at == '.' || at.is_whitespace()).to_owned()).filter(|name| !name.is_empty())
}

/// Letters that turn the direction of writing or have no width hide what a name ends with.
fn is_invisible(at: char) -> bool {
    matches!(at, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if end.len() <= 10 => (stem, format!(".{end}")),
        _ => (name.as_str(), String::new()),
    };
    let mut most = LONGEST - end.len();
    while !stem.is_char_boundary(most) {
        most -= 1;
    }
    format!("{}{end}", &stem[..most])
}

/// A name with a number: `cat.mp4`, `cat-2.mp4`, `cat-3.mp4`.
pub(super) fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (0 | 1, _) => name.to_owned(),
        (_, Some((stem, end))) if !stem.is_empty() => format!("{stem}-{number}.{end}"),
        _ => format!("{name}-{number}"),
    }
}

/// `%20` and the like as bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// `attachment; filename="a; b.mp4"` as pairs.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    let mut name = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => name.clear(),
            '=' => {
                let mut value = String::new();
                let quoted = letters.next_if_eq(&'"').is_some();
                while let Some(letter) = letters.next_if(|at| if quoted { *at != '"' } else { *at != ';' }) {
                    let escaped = (quoted && letter == '\\').then(|| letters.next()).flatten();
                    value.push(escaped.unwrap_or(letter));
                }
                let value = if quoted { value } else { value.trim().to_owned() };
                found.push((name.trim().to_ascii_lowercase(), value));
                name.clear();
            }
            other => name.push(other),
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_leads_out_of_no_folder() {
        for (given, expected) in [
            ("cat.mp4", Some("cat.mp4")),
            ("../../etc/passwd", Some("passwd")),
            ("..\\..\\boot.ini", Some("boot.ini")),
            ("/", None),
            ("..", None),
            ("...", None),
            ("", None),
            (" \t", None),
            (".bashrc", Some("bashrc")),
            ("a\0b\n.mp4", Some("ab.mp4")),
            ("cat.mp4. ", Some("cat.mp4")),
            ("a:b?.mp4", Some("a_b_.mp4")),
            ("NUL", Some("_NUL")),
            ("com1.txt", Some("_com1.txt")),
            ("community.txt", Some("community.txt")),
            ("gpj\u{202e}.exe", Some("gpj.exe")),
            ("猫.mp4", Some("猫.mp4")),
        ] {
            assert_eq!(safe(given).as_deref(), expected, "{given:?}");
        }
        let long = safe(&format!("{}.mp4", "猫".repeat(200))).unwrap();
        assert!(long.len() <= LONGEST && long.ends_with("猫.mp4"), "{long}");
    }

    #[test]
    fn the_name_of_a_disposition_is_read_in_every_form() {
        for (value, expected) in [
            ("attachment; filename=cat.mp4", Some("cat.mp4")),
            ("attachment; filename=\"a; \\\"b\\\".mp4\"", Some("a; _b_.mp4")),
            ("attachment;FILENAME=\"cat.mp4\"", Some("cat.mp4")),
            ("attachment; filename=\"x.mp4\"; filename*=UTF-8''%e7%8c%ab.mp4", Some("猫.mp4")),
            ("attachment; filename*=iso-8859-1'en'%e9.mp4", Some("é.mp4")),
            ("inline; filename*=utf-8''..%2f..%2fx", Some("x")),
            ("attachment; filename=\"..\"", None),
            ("attachment", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("content-disposition", value.parse().unwrap());
            assert_eq!(in_headers(&headers).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn an_address_and_a_media_type_make_a_name() {
        let of = |address: &str| in_address(&Url::parse(address).unwrap());
        assert_eq!(of("https://b.example/a/cat%20one.mp4?sig=x").as_deref(), Some("cat one.mp4"));
        assert_eq!(of("https://b.example/a/..%2f..%2fb").as_deref(), Some("b"));
        assert_eq!(of("https://b.example/"), None);
        for (name, media, expected) in [
            ("cat", "video/mp4", "cat.mp4"),
            ("cat", "audio/mpeg; q=1", "cat.mp3"),
            ("cat", "image/png", "cat.png"),
            ("cat", "image/jpeg", "cat.jpg"),
            ("cat.webm", "video/mp4", "cat.webm"),
            ("task:1.5-final-version", "video/mp4", "task:1.5-final-version.mp4"),
            ("cat", "application/octet-stream", "cat"),
            ("cat", "nonsense", "cat"),
        ] {
            assert_eq!(with_ending(name.to_owned(), media), expected);
        }
        assert_eq!(numbered("cat.mp4", 1), "cat.mp4");
        assert_eq!(numbered("cat.mp4", 3), "cat-3.mp4");
        assert_eq!(numbered("cat", 2), "cat-2");
    }

    proptest! {
        #[test]
        fn any_text_is_a_safe_name_or_none(text in ".*", tail in "[./\\\\%a-z\u{0}]*") {
            if let Some(name) = safe(&format!("{text}{tail}")) {
                prop_assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != ".." && name.len() <= LONGEST + 1);
                prop_assert_eq!(safe(&name).unwrap(), name);
            }
        }
    }
}
