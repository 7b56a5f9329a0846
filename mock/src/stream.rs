//! Answers as a stream of events: the documented ones with the model of the request, and a pause between them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderValue, header};
use serde_json::Value;

use crate::answer::{Exchange, tell_model};
use crate::document::{Answer, Media, StreamRule};

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
    let mut events: Vec<Value> = media.examples.iter().map(|example| example.value.clone()).collect();
    if let Some(model) = exchange.body.as_ref().and_then(|body| body.get("model")).filter(|model| model.is_string()) {
        events.iter_mut().for_each(|event| tell_model(event, model));
    }
    let mut response = Response::new(body(frames(rule, &events), exchange.system.chunk_pause));
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

fn frames(rule: Option<&StreamRule>, events: &[Value]) -> VecDeque<Bytes> {
    // Protocols that end by the word of an event also name each event by it.
    let tag = rule.filter(|rule| !rule.last.is_empty()).and_then(|rule| rule.tag.as_deref());
    let frame = |event: &Value| {
        let name = tag.and_then(|tag| event.get(tag)?.as_str());
        let line = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        format!("{line}data: {event}\n\n")
    };
    // Where something else ends the stream, the mark is only what some upstreams add.
    let end = rule.filter(|rule| rule.last.is_empty() && rule.finish.is_empty()).and_then(|rule| rule.end.as_ref());
    let end = end.map(|end| format!("data: {end}\n\n"));
    events.iter().map(frame).chain(end).map(Bytes::from).collect()
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
        let events = [json!({"type": "start"}), json!({"n": "a\nb"})];
        let (switch, end) = (Some("stream".into()), Some("[DONE]".into()));
        let mut rule = StreamRule { switch, end, tag: Some("type".into()), ..StreamRule::default() };
        let text = |rule: &StreamRule| {
            frames(Some(rule), &events).iter().fold(String::new(), |all, frame| all + std::str::from_utf8(frame).unwrap())
        };
        assert_eq!(text(&rule), "data: {\"type\":\"start\"}\n\ndata: {\"n\":\"a\\nb\"}\n\ndata: [DONE]\n\n");
        rule.last = vec!["stop".into()];
        assert_eq!(text(&rule), "event: start\ndata: {\"type\":\"start\"}\n\ndata: {\"n\":\"a\\nb\"}\n\n");
        let finish = StreamRule { finish: vec![Pointer::member("n")], end: rule.end.clone(), ..StreamRule::default() };
        assert_eq!(text(&finish), "data: {\"type\":\"start\"}\n\ndata: {\"n\":\"a\\nb\"}\n\n");
        assert!(asked_for(&rule, Some(&json!({"stream": true}))));
        assert!(!asked_for(&rule, Some(&json!({"stream": false}))));
        assert!(!asked_for(&rule, None));
    }
}
