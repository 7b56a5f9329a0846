//! What tasks and downloads are made of: one small real file of each kind, served with ranges.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::outgoing::Outgoing;

/// A second of one colour.
const VIDEO: &[u8] = include_bytes!("files/sample.mp4");
/// A square of one colour.
const IMAGE: &[u8] = include_bytes!("files/sample.png");
/// A fifth of a second of silence.
const AUDIO: &[u8] = include_bytes!("files/sample.mp3");

const FOLDER: &str = "/mock-files/";

/// The end of an address whose time is over.
const EXPIRED: &str = "?expired=true";

/// What would end a path segment or be read as something else in it.
const SEGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'/').add(b'?').add(b'#').add(b'%').add(b'"').add(b'<').add(b'>').add(b'\\');

/// What a file shows or plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    Image,
    Audio,
}

impl Kind {
    /// The kind that a text speaks of: a path, a member's name, a whole answer. A video is often made of images, so the
    /// word for it weighs more.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["video", "film"]) {
            Some(Self::Video)
        } else if has(&["image", "img", "picture"]) {
            Some(Self::Image)
        } else if has(&["audio", "music", "song", "speech"]) {
            Some(Self::Audio)
        } else {
            None
        }
    }

    /// The kind that the end of an address names.
    pub(crate) fn of_address(address: &str) -> Option<Self> {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let (_, end) = path.rsplit_once('.')?;
        Some(match end.to_ascii_lowercase().as_str() {
            "mp4" | "mov" | "webm" => Self::Video,
            "png" | "jpg" | "jpeg" | "webp" | "gif" => Self::Image,
            "mp3" | "wav" | "flac" | "opus" | "aac" => Self::Audio,
            _ => return None,
        })
    }

    pub(crate) fn of_media_type(kind: &str) -> Option<Self> {
        match kind.split('/').next() {
            Some("video") => Some(Self::Video),
            Some("image") => Some(Self::Image),
            Some("audio") => Some(Self::Audio),
            _ => None,
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Video => "video/mp4",
            Self::Image => "image/png",
            Self::Audio => "audio/mpeg",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Video => "mp4",
            Self::Image => "png",
            Self::Audio => "mp3",
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Video => VIDEO,
            Self::Image => IMAGE,
            Self::Audio => AUDIO,
        }
    }
}

/// The address of a task's file.
pub(crate) fn address(base: &str, id: &str, kind: Kind, expired: bool) -> String {
    let end = if expired { EXPIRED } else { "" };
    format!("{base}{FOLDER}{}.{}{end}", utf8_percent_encode(id, SEGMENT), kind.extension())
}

/// Whether the query of a file's address says that its time is over.
pub(crate) fn is_expired(query: Option<&str>) -> bool {
    query.is_some_and(|query| EXPIRED.strip_prefix('?') == Some(query))
}

/// What a store says of a signed address after its time.
pub(crate) fn expired() -> Outgoing {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    Outgoing::whole(StatusCode::FORBIDDEN, "application/xml", text)
}

/// The task and the kind of a file's path; none when the path is no file's.
pub(crate) fn named(path: &str) -> Option<(String, Kind)> {
    let name = percent_decode_str(path.strip_prefix(FOLDER)?).decode_utf8_lossy().into_owned();
    let (id, _) = name.rsplit_once('.')?;
    Some((id.to_owned(), Kind::of_address(&name)?))
}

/// The file of a kind, or the part of it that `range` asks for.
pub(crate) fn respond(kind: Kind, content_type: &str, headers: &HeaderMap) -> Outgoing {
    part_of(Bytes::from_static(kind.bytes()), content_type, headers)
}

/// A file, or the part of it that `range` asks for.
pub(crate) fn part_of(whole: Bytes, content_type: &str, headers: &HeaderMap) -> Outgoing {
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).map(|range| part(range, whole.len()));
    let (status, body, content_range) = match range {
        Some(Part::These(first, last)) => {
            let range = format!("bytes {first}-{last}/{}", whole.len());
            (StatusCode::PARTIAL_CONTENT, whole.slice(first..=last), Some(range))
        }
        Some(Part::Outside) => (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), Some(format!("bytes */{}", whole.len()))),
        Some(Part::Whole) | None => (StatusCode::OK, whole, None),
    };
    let length = body.len();
    let mut answer = Outgoing::whole(status, content_type, body);
    let out = &mut answer.headers;
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(value) = content_range.and_then(|range| HeaderValue::try_from(range).ok()) {
        out.insert(header::CONTENT_RANGE, value);
    }
    answer
}

/// What a `range` header comes to for a file of a known length.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// From and up to, both counted.
    These(usize, usize),
    Outside,
    /// The header is not understood, or names several parts: it may be ignored.
    Whole,
}

fn part(range: &str, length: usize) -> Part {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last && first < length => Part::These(first, last.min(length - 1)),
        (Ok(first), Ok(last)) if first > last => Part::Whole,
        (Ok(first), Err(_)) if last.trim().is_empty() && first < length => Part::These(first, length - 1),
        (Err(_), Ok(count)) if first.trim().is_empty() && count > 0 => Part::These(length.saturating_sub(count), length - 1),
        (Ok(_), Ok(_)) => Part::Outside,
        (Ok(_), Err(_)) if last.trim().is_empty() => Part::Outside,
        (Err(_), Ok(0)) if first.trim().is_empty() => Part::Outside,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(part("bytes=0-3", 10), Part::These(0, 3));
        assert_eq!(part("bytes=4-", 10), Part::These(4, 9));
        assert_eq!(part("bytes=4-99", 10), Part::These(4, 9));
        assert_eq!(part("bytes=-3", 10), Part::These(7, 9));
        assert_eq!(part("bytes=-99", 10), Part::These(0, 9));
        assert_eq!(part("bytes=10-", 10), Part::Outside);
        assert_eq!(part("bytes=10-12", 10), Part::Outside);
        assert_eq!(part("bytes=-0", 10), Part::Outside);
        assert_eq!(part("bytes=5-2", 10), Part::Whole);
        assert_eq!(part("bytes=0-1,3-4", 10), Part::Whole);
        assert_eq!(part("lines=0-1", 10), Part::Whole);
    }

    #[test]
    fn an_address_leads_back_to_its_task() {
        let address = address("http://127.0.0.1:1", "sora-2:task_a/b", Kind::Image, false);
        assert_eq!(address, "http://127.0.0.1:1/mock-files/sora-2:task_a%2Fb.png");
        let path = address.trim_start_matches("http://127.0.0.1:1");
        assert_eq!(named(path), Some(("sora-2:task_a/b".to_owned(), Kind::Image)));
        assert_eq!(named("/v1/videos"), None);
        assert_eq!(named("/mock-files/x"), None);
    }

    #[test]
    fn kinds_are_guessed_from_what_is_there() {
        assert_eq!(Kind::of_text("/v2/img2video"), Some(Kind::Video));
        assert_eq!(Kind::of_text("/v1/images/generations"), Some(Kind::Image));
        assert_eq!(Kind::of_text("/v1/tasks"), None);
        assert_eq!(Kind::of_address("https://a.b/c.PNG?x=1.mp4"), Some(Kind::Image));
        assert_eq!(Kind::of_media_type("audio/mpeg"), Some(Kind::Audio));
    }
}
