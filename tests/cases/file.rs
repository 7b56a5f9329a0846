//! The form of a case: headers, `---`, the body's bytes, `---`, what a client must tell.
//!
//! Headers: `promise`, `source`, and where they differ from a good answer `status`, `type` (the media type; `none`),
//! `lines` (`crlf` or `cr` in place of the line feeds), `breaks off` (the connection ends without the body's end).
//!
//! In the body stands `⟨CR⟩`, `⟨LF⟩` or `⟨BOM⟩` for these characters, `⟨ff c3⟩` for bytes, `⟨1000×ab⟩` for repetition, `⟨|⟩`
//! for a place to cut, and `⟨end⟩` where no line feed follows the last line.

use std::path::Path;

/// What the client that plays cases accepts.
pub const LARGEST_EVENT: usize = 64 * 1024;

/// Bodies beyond this are not cut into single bytes but into pieces of a few.
const SMALL: usize = 16 * 1024;

pub struct Case {
    pub promise: String,
    pub source: String,
    pub status: String,
    /// The media type; `None` for no header.
    pub media: Option<String>,
    pub breaks_off: bool,
    /// The names and the pieces of each cut.
    pub cuts: Vec<(&'static str, Vec<Vec<u8>>)>,
    pub expected: String,
    /// All but what is expected.
    text: String,
}

impl Case {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, rest) = text.split_once("\n---\n").unwrap_or_else(|| panic!("{}: no body", path.display()));
        let (body, expected) = rest.split_once("\n---\n").unwrap_or((rest.trim_end_matches("\n---"), ""));
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(other, _)| *other == name).map(|(_, value)| value.to_owned())
        };
        for line in head.lines() {
            let known = ["promise", "source", "status", "type", "lines", "breaks off"];
            assert!(line.split_once(": ").is_some_and(|(name, _)| known.contains(&name)), "{}: {line}", path.display());
        }
        let lines = match header("lines").as_deref() {
            Some("crlf") => "\r\n",
            Some("cr") => "\r",
            _ => "\n",
        };
        let (bytes, marked) = bytes(&format!("{body}\n"), lines);
        Self {
            promise: header("promise").unwrap_or_default(),
            source: header("source").unwrap_or_default(),
            status: header("status").unwrap_or_else(|| "200".to_owned()),
            media: Some(header("type").unwrap_or_else(|| "text/event-stream".to_owned())).filter(|media| media != "none"),
            breaks_off: header("breaks off").is_some(),
            cuts: cuts(&bytes, &marked, path),
            expected: expected.to_owned(),
            text: format!("{head}\n---\n{body}\n---\n"),
        }
    }

    pub fn write(&self, path: &Path, told: &str) {
        std::fs::write(path, format!("{}{told}", self.text)).unwrap();
    }
}

/// The bytes that a text stands for, and the places where it wants them cut.
fn bytes(text: &str, line_end: &str) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut marked) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some((plain, (word, after))) = rest.split_once('⟨').map(|(plain, word)| (plain, word.split_once('⟩').unwrap()))
    {
        bytes.extend(plain.replace('\n', line_end).bytes());
        rest = after;
        match word {
            "CR" => bytes.push(b'\r'),
            "LF" => bytes.push(b'\n'),
            "BOM" => bytes.extend("\u{feff}".bytes()),
            "|" => marked.push(bytes.len()),
            "end" => return (bytes, marked),
            _ => match word.split_once('×') {
                Some((times, text)) => bytes.extend(text.repeat(times.parse().unwrap()).bytes()),
                None => bytes.extend(word.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap())),
            },
        }
    }
    bytes.extend(rest.replace('\n', line_end).bytes());
    (bytes, marked)
}

fn cuts(bytes: &[u8], marked: &[usize], path: &Path) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let single = if bytes.len() <= SMALL { 1 } else { 97 };
    let seed = path.file_name().unwrap().as_encoded_bytes();
    let mut random =
        seed.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let mut at = 0;
    let places = std::iter::from_fn(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at += 1 + (random % 90) as usize;
        Some(at).filter(|at| *at < bytes.len())
    });
    let mut all = vec![
        ("whole", pieces(bytes, [])),
        ("byte by byte", bytes.chunks(single).map(<[u8]>::to_vec).collect()),
        ("random", pieces(bytes, places)),
    ];
    if !marked.is_empty() {
        all.push(("as marked", pieces(bytes, marked.iter().copied())));
    }
    all
}

fn pieces(bytes: &[u8], places: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(bytes[start..place].to_vec());
        start = place;
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
