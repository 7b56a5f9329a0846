//! Answers as a stream of events: exactly the documented ones, with a pause between them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderValue, header};
use serde_json::Value;

use crate::answer::Exchange;
use crate::document::{Answer, Example, Media, StreamRule};

/// The stream that the request asks for; none when it asks for a whole answer.
pub(crate) fn respond(exchange: &Exchange<'_>, answer: &Answer) -> Result<Option<Response>, String> {
    let operation = exchange.chosen.operation;
    let Some(media) = answer.media.iter().find(|media| media.is_events()) else { return Ok(None) };
    let rule = operation.stream.as_ref();
    let only = answer.media.iter().all(Media::is_events);
    if !only && !rule.is_some_and(|rule| asked_for(rule, exchange.body.as_ref())) {
        return Ok(None);
    }
    if media.examples.is_empty() {
        return Err(format!("the document has no example of the events of {}", exchange.chosen.id()));
    }
    let mut response = Response::new(body(frames(rule, &media.examples), exchange.system.chunk_pause));
    *response.status_mut() = exchange.status()?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(Some(response))
}

fn asked_for(rule: &StreamRule, body: Option<&Value>) -> bool {
    let Some(switch) = &rule.switch else { return true };
    body.and_then(|body| body.get(switch)) == Some(&Value::Bool(true))
}

fn frames(rule: Option<&StreamRule>, examples: &[Example]) -> VecDeque<Bytes> {
    let event = |example: &Example| {
        let name = rule.and_then(|rule| rule.event.as_ref()?.read(&example.value)?.as_str());
        let line = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        format!("{line}data: {}\n\n", example.value)
    };
    let end = rule.and_then(|rule| rule.end.as_ref()).map(|end| format!("data: {end}\n\n"));
    examples.iter().map(event).chain(end).map(Bytes::from).collect()
}

fn body(frames: VecDeque<Bytes>, pause: Duration) -> Body {
    let stream = unfold((frames, true), move |(mut frames, first)| async move {
        let frame = frames.pop_front()?;
        if !first && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((Ok::<_, Infallible>(frame), (frames, false)))
    });
    Body::from_stream(stream)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pointer::Pointer;
    use serde_json::json;

    #[test]
    fn events_stand_as_documented() {
        let example = |value| Example { schema: None, status: None, value };
        let examples = [example(json!({"type": "start"})), example(json!({"n": "a\nb"}))];
        let mut rule = StreamRule { switch: Some("stream".into()), end: Some("[DONE]".into()), event: None };
        let text = |rule: &StreamRule| {
            frames(Some(rule), &examples).iter().fold(String::new(), |all, frame| all + std::str::from_utf8(frame).unwrap())
        };
        assert_eq!(text(&rule), "data: {\"type\":\"start\"}\n\ndata: {\"n\":\"a\\nb\"}\n\ndata: [DONE]\n\n");
        rule.event = Pointer::parse("/type");
        rule.end = None;
        assert_eq!(text(&rule), "event: start\ndata: {\"type\":\"start\"}\n\ndata: {\"n\":\"a\\nb\"}\n\n");
        assert!(asked_for(&rule, Some(&json!({"stream": true}))));
        assert!(!asked_for(&rule, Some(&json!({"stream": false}))));
        assert!(!asked_for(&rule, None));
    }
}
