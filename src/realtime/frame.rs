//! From a frame's text to a typed event, without a copy of the audio in it.
//!
//! Decoding never suspends, so the frame that is being read stands in a thread-local place, as the path of an error does.
//! Audio that borrows from the frame becomes a part of it. Of a large event the long text is cut out before the JSON is
//! parsed, so that nothing but a search for its end goes over it; words are put back in their place afterwards.

use std::cell::RefCell;
use std::ops::Range;

use bytes::Bytes;

use super::RealtimeServerEvent;
use crate::transport::{Unreadable, decode_into};

/// An event that was read, and never empty then. Events are large, so it is filled where it stays.
pub(super) type Place = Box<Option<RealtimeServerEvent>>;

/// Shorter texts are parsed as fast.
const LONG: usize = 1024;

/// Stands in the JSON where the long text was. Base64 can't hold it.
const MARK: &str = "\u{1}";
const ESCAPED_MARK: &str = "\\u0001";

struct Reading {
    frame: Bytes,
    /// The text that was cut out, until somebody takes it.
    cut: Option<Bytes>,
}

thread_local! {
    static READING: RefCell<Option<Reading>> = const { RefCell::new(None) };
}

/// Ends the reading, whichever way it goes.
struct Guard;

impl Guard {
    fn begin(frame: Bytes, cut: Option<Bytes>) -> Self {
        READING.set(Some(Reading { frame, cut }));
        Self
    }

    /// Whether what was cut out has been taken.
    fn is_taken(&self) -> bool {
        READING.with_borrow(|reading| reading.as_ref().is_none_or(|reading| reading.cut.is_none()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        READING.set(None);
    }
}

/// A text as a part of the frame that it stands in; `None` where it stands somewhere else.
pub(super) fn part(text: &str) -> Option<Bytes> {
    READING.with_borrow(|reading| {
        let frame = &reading.as_ref()?.frame;
        let within = frame.as_ptr_range();
        let own = text.as_bytes().as_ptr_range();
        let inside = within.start <= own.start && own.end <= within.end;
        (inside && !text.is_empty()).then(|| frame.slice_ref(text.as_bytes()))
    })
}

/// What was cut out, where this is the mark in its place.
pub(super) fn cut_out(text: &str) -> Option<Bytes> {
    if text != MARK {
        return None;
    }
    READING.with_borrow_mut(|reading| reading.as_mut()?.cut.take())
}

/// Reads an event. `text` is what `frame` holds.
pub(super) fn read(text: &str, frame: &Bytes) -> Result<Place, Unreadable> {
    let mut place = Place::default();
    if let Some((short, long)) = cut(text)
        && text.len() == frame.len()
    {
        let guard = Guard::begin(frame.clone(), Some(frame.slice(long.clone())));
        if decode_into(&short, &mut place).is_ok() && (guard.is_taken() || put_back(&mut place, &text[long])) {
            return Ok(place);
        }
    }
    let _guard = Guard::begin(frame.clone(), None);
    decode_into(text, &mut place)?;
    Ok(place)
}

/// Puts words where the mark stands for them, unless they are no text of JSON or the mark went elsewhere.
fn put_back(place: &mut Place, long: &str) -> bool {
    let text = place.as_mut().as_mut().and_then(RealtimeServerEvent::words_mut).filter(|text| *text == MARK);
    // In pieces, whose bytes are looked at together.
    let is_plain = |bytes: &[u8]| bytes.iter().fold(true, |plain, byte| plain & (*byte >= b' '));
    match text {
        Some(text) if long.as_bytes().chunks(LONG).all(is_plain) => {
            long.clone_into(text);
            true
        }
        _ => false,
    }
}

/// Cuts the first long text out of an object's members; says where it stood.
fn cut(text: &str) -> Option<(String, Range<usize>)> {
    if text.len() < LONG {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = skip_blank(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    loop {
        at = skip_blank(bytes, at + 1);
        let name = end_of_text(bytes, at)?;
        at = skip_blank(bytes, name + 1);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = skip_blank(bytes, at + 1);
        if bytes.get(at) == Some(&b'"') {
            let start = at + 1;
            at = end_of_text(bytes, at)?;
            if at - start >= LONG {
                // Before it no text has escapes; behind it one could pretend to be the mark.
                let may_be_cut = !text[at..].contains(ESCAPED_MARK);
                return may_be_cut.then(|| ([&text[..start], ESCAPED_MARK, &text[at..]].concat(), start..at));
            }
            at += 1;
        } else {
            at = end_of_plain(bytes, at)?;
        }
        at = skip_blank(bytes, at);
        if bytes.get(at) != Some(&b',') {
            return None;
        }
    }
}

fn skip_blank(bytes: &[u8], from: usize) -> usize {
    let blank = bytes.iter().skip(from).take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    from + blank
}

/// The place of the quotation mark that ends the text that begins at `at`; `None` where it holds escapes.
fn end_of_text(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = at + 1 + memchr::memchr2(b'"', b'\\', bytes.get(at + 1..)?)?;
    (bytes[end] == b'"').then_some(end)
}

/// Behind a number or a word; `None` for lists and objects.
fn end_of_plain(bytes: &[u8], at: usize) -> Option<usize> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let length = bytes.get(at..)?.iter().take_while(|byte| plain(byte)).count();
    (length > 0).then_some(at + length)
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::{Audio, RealtimeServerEvent};
    use super::*;

    fn audio_of(text: &str) -> Audio {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        match read(text, &frame).map(|place| *place) {
            Ok(Some(RealtimeServerEvent::ResponseAudioDelta(event))) => event.delta,
            Ok(other) => panic!("{other:?}"),
            Err(why) => panic!("{}: {}", why.path, why.error),
        }
    }

    #[test]
    fn audio_is_found_wherever_it_stands() {
        let long = "QUJD".repeat(1000);
        for text in [
            format!(r#"{{"type":"response.audio.delta","delta":"{long}"}}"#),
            format!(r#"{{"delta":"{long}","type":"response.audio.delta"}}"#),
            format!(" {{ \"output_index\" : 0 , \"delta\" : \"{long}\" ,\n\"type\" : \"response.audio.delta\" }} "),
            format!(r#"{{"x":{{"y":[1]}},"type":"response.audio.delta","delta":"{long}"}}"#),
            format!(r#"{{"x":"a\"b","type":"response.audio.delta","delta":"{long}"}}"#),
            format!(r#"{{"z":null,"type":"response.audio.delta","response_id":"r","delta":"{long}","w":1.5}}"#),
        ] {
            assert_eq!(audio_of(&text).as_base64(), long, "{}", &text[..60]);
        }
        assert_eq!(audio_of(r#"{"type":"response.audio.delta","delta":"QUJD"}"#).as_base64(), "QUJD");
        let escaped = long.replace('/', "\\/") + "\\u003d";
        assert_eq!(audio_of(&format!(r#"{{"type":"response.audio.delta","delta":"{escaped}"}}"#)).as_base64(), long + "=");
    }

    #[test]
    fn audio_is_a_part_of_its_frame() {
        let text = json!({"type": "response.audio.delta", "delta": "QUJD".repeat(1000)}).to_string();
        let frame = Bytes::copy_from_slice(text.as_bytes());
        let Ok(Some(RealtimeServerEvent::ResponseAudioDelta(event))) = read(&text, &frame).map(|place| *place) else {
            panic!("{text}")
        };
        assert!(frame.as_ptr_range().contains(&event.delta.as_base64().as_ptr()));
    }

    #[test]
    fn long_texts_stay_where_they_are() {
        let long = "A".repeat(5000);
        let words = "Words, ä and 水. ".repeat(500);
        for event in [
            json!({"type": "response.text.delta", "delta": words}),
            json!({"type": "response.text.delta", "delta": "short", "note": words}),
            json!({"delta": words, "type": "response.output_text.delta", "note": "\n"}),
            json!({"type": "response.audio_transcript.delta", "delta": words, "note": words}),
            json!({"type": "response.output_text.done", "text": words, "response_id": "r"}),
            json!({"type": "response.audio_transcript.done", "transcript": words}),
            json!({"type": "response.text.delta", "delta": words.clone() + "\"\n\u{1}"}),
            json!({"type": "response.audio.delta", "delta": words}),
            json!({"type": "response.audio.delta", "delta": "", "note": words}),
            json!({"type": "response.text.delta", "delta": long}),
            json!({"type": "tomorrow", "delta": long}),
            json!({"type": "response.audio.delta", "delta": "QUJD", "note": long}),
            json!({"note": long, "type": "response.audio.delta", "delta": ""}),
            json!({"note": long, "type": "response.audio.delta", "delta": "QUJD"}),
            json!({"type": "error", "error": {"message": long}}),
        ] {
            let text = event.to_string();
            let frame = Bytes::copy_from_slice(text.as_bytes());
            let Ok(Some(read)) = read(&text, &frame).map(|place| *place) else { panic!("{}", &text[..80]) };
            assert_eq!(serde_json::to_value(&read).unwrap(), event);
        }
    }

    #[test]
    fn a_long_text_that_is_no_json_is_refused() {
        for inner in ["\n", "\t", "\u{1}", "\u{0}"] {
            let text = format!(r#"{{"type":"response.text.delta","delta":"{}{inner}x"}}"#, "A".repeat(5000));
            let frame = Bytes::copy_from_slice(text.as_bytes());
            let Err(why) = read(&text, &frame) else { panic!("{inner:?} was read") };
            assert!(why.error.to_string().contains("control character"), "{}", why.error);
        }
    }

    #[test]
    fn a_mark_that_came_over_the_wire_is_no_audio() {
        let long = "A".repeat(5000);
        for text in [
            format!(r#"{{"type":"response.audio.delta","delta":"\u0001","note":"{long}"}}"#),
            format!(r#"{{"type":"response.audio.delta","note":"{long}","delta":"\u0001"}}"#),
        ] {
            let frame = Bytes::copy_from_slice(text.as_bytes());
            let Ok(Some(RealtimeServerEvent::ResponseAudioDelta(event))) = read(&text, &frame).map(|place| *place) else {
                panic!("it is an event")
            };
            assert_eq!((event.delta.as_base64(), &event.extra["note"]), ("\u{1}", &json!(long)));
        }
    }
}
