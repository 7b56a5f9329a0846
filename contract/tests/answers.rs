//! An answer is read through its type, and nothing of it is lost: whole answers, bytes, events and their streams.

use serde_json::Value;

use crate::documents::Document;
use crate::failures;
use crate::json::Back;
use crate::method::{Answer, Ends, Event, Holds, Method, Shape};
use crate::site::{Received, Reply, Site, content};

pub async fn check(site: &Site, document: &Document, method: &Method, answer: &Answer) -> Result<(), String> {
    let ask = method.whole.ok_or("nothing asks for a whole answer")?;
    let reply = match answer.holds {
        Holds::Nothing => Reply::new(answer.status, "", ""),
        Holds::Json(example) => Reply::json(answer.status, document.at(example)?),
        Holds::Bytes(media) => Reply::new(answer.status, media, content(media)),
    };
    let (outcome, _) = site.run(ask(site), reply).await;
    match (&answer.holds, outcome.map_err(|error| format!("it is an error: {error}"))?) {
        (Holds::Nothing, Received::Value(Ok(_))) => Ok(()),
        (Holds::Json(example), Received::Value(back)) => back?.must_be(document.at(example)?),
        (Holds::Bytes(media), Received::Bytes(bytes)) if bytes == content(media) => Ok(()),
        (_, other) => Err(format!("it is something else: {other:?}")),
    }
}

/// One event, through its type and back; one to send is also built.
pub fn check_event(document: &Document, event: &Event) -> Result<(), String> {
    let example = document.at(event.example)?;
    (event.read)(&example.to_string())?.must_be(example)?;
    event.built.map_or(Ok(()), |built| built()?.must_be(example).map_err(|what| format!("when it is built: {what}")))
}

/// A value of a type, made from its schema.
pub fn check_shape(shape: &Shape) -> Result<(), String> {
    let value = serde_json::from_str(shape.value).map_err(|error| error.to_string())?;
    let back = (shape.read)(shape.value)?;
    back.must_be(&value)?;
    if !back.new_words.is_empty() {
        return Err(format!("the type does not know the words {}", back.new_words.join(", ")));
    }
    shape.built.map_or(Ok(()), |built| built()?.must_be(&value).map_err(|what| format!("when it is built: {what}")))
}

/// The events as streams, each to its own end; those that report a failure each end one.
pub async fn check_streams(site: &Site, document: &Document, method: &Method) -> Result<(), String> {
    let (Some(ends), Some(ask)) = (&method.ends, method.streamed) else { return Ok(()) };
    let events: Result<Vec<&Value>, String> = method.events.iter().map(|event| document.at(event.example)).collect();
    let (failures, events): (Vec<&Value>, Vec<&Value>) = events?.into_iter().partition(|event| ends.kind(event) == Some("error"));
    for events in whole(ends, &events)? {
        let marks: &[bool] = if ends.mark.is_some() && ends.finish { &[true, false] } else { &[ends.mark.is_some()] };
        for mark in marks {
            let (outcome, _) = site.run(ask(site), Reply::new(200, "text/event-stream", text(ends, &events, *mark))).await;
            let received = outcome.map_err(|error| format!("the stream is an error: {error}"))?;
            let Received::Events { events: read, broken } = received else { return Err("no stream came".to_owned()) };
            if let Some(error) = broken {
                return Err(format!("the stream broke off after {} of {} events: {error}", read.len(), events.len()));
            }
            same(&events, read)?;
        }
    }
    for event in failures {
        let reply = Reply::new(200, "text/event-stream", text(ends, &[event], false));
        let (outcome, _) = site.run(ask(site), reply).await;
        let Ok(Received::Events { events, broken: Some(error) }) = outcome else {
            return Err(format!("the event {event} is no failure"));
        };
        if !events.is_empty() || error.api().map(octopusx::ApiError::message) != failures::message(event).map(str::trim) {
            return Err(format!("the event {event} came to {error:?}"));
        }
    }
    Ok(())
}

fn same(events: &[&Value], read: Vec<Result<Back, String>>) -> Result<(), String> {
    if events.len() != read.len() {
        return Err(format!("{} events came of {}", read.len(), events.len()));
    }
    for (at, (event, read)) in events.iter().zip(read).enumerate() {
        read.and_then(|back| back.must_be(event)).map_err(|what| format!("event {at} of the stream: {what}"))?;
    }
    Ok(())
}

/// Cuts a list of examples where a stream ends. What comes behind the last end is given one.
fn whole<'v>(ends: &Ends, events: &[&'v Value]) -> Result<Vec<Vec<&'v Value>>, String> {
    if ends.last.is_empty() {
        return Ok(vec![events.to_vec()]);
    }
    let is_last = |event: &&Value| ends.kind(event).is_some_and(|kind| ends.last.contains(&kind));
    let end = *events.iter().find(|event| is_last(event)).ok_or("no example ends the stream")?;
    let mut streams: Vec<Vec<&Value>> = events.split_inclusive(is_last).map(<[&Value]>::to_vec).collect();
    if let Some(open) = streams.last_mut().filter(|stream| !stream.last().is_some_and(is_last)) {
        open.push(end);
    }
    Ok(streams)
}

/// What travels.
fn text(ends: &Ends, events: &[&Value], mark: bool) -> String {
    let mut text = String::new();
    for event in events {
        if let Some(kind) = ends.kind(event) {
            text.push_str(&format!("event: {kind}\n"));
        }
        text.push_str(&format!("data: {event}\n\n"));
    }
    if let Some(data) = ends.mark.filter(|_| mark) {
        text.push_str(&format!("data: {data}\n\n"));
    }
    text
}

impl Ends {
    /// What kind an event is of, where events say so.
    fn kind<'v>(&self, event: &'v Value) -> Option<&'v str> {
        event.get(self.tag?).and_then(Value::as_str)
    }
}
