//! Answers as a stream of events: the documented ones with the model of the request, and a pause between them.

use serde_json::Value;

use crate::answer::{Exchange, Form, tell_model};
use crate::document::{Answer, Media, StreamRule};
use crate::event::Event;
use crate::outgoing::Outgoing;

/// The stream that the request asks for, or that is wanted whatever it asks for; none when it is to get a whole answer.
pub(crate) fn respond(exchange: &Exchange<'_>, answer: &Answer) -> Result<Option<Outgoing>, String> {
    let operation = exchange.chosen.operation;
    let Some(media) = answer.media.iter().find(|media| media.is_events()) else { return Ok(None) };
    let rule = operation.stream.as_ref();
    let only = answer.media.iter().all(Media::is_events);
    let wanted = match exchange.form {
        Form::AsAsked => only || rule.is_some_and(|rule| asked_for(rule, exchange.body.as_ref())),
        Form::Events => true,
        Form::Whole => false,
    };
    if !wanted {
        return Ok(None);
    }
    if media.examples.is_empty() {
        return Err(format!("the document has no example of the events of {}", exchange.chosen.id()));
    }
    let mut values: Vec<Value> = media.examples.iter().map(|example| example.value.clone()).collect();
    if let Some(model) = exchange.model() {
        values.iter_mut().for_each(|event| tell_model(event, &model));
    }
    let mut out = Outgoing::events(exchange.status()?, events(rule, values));
    out.pause = exchange.system.chunk_pause;
    Ok(Some(out))
}

fn asked_for(rule: &StreamRule, body: Option<&Value>) -> bool {
    let Some(switch) = &rule.switch else { return true };
    body.and_then(|body| body.get(switch)) == Some(&Value::Bool(true))
}

/// The events of these values, as the protocol names and ends them.
pub(crate) fn events(rule: Option<&StreamRule>, values: Vec<Value>) -> Vec<Event> {
    let end = rule.and_then(StreamRule::mark).map(Event::text);
    let named = values.into_iter().map(|value| {
        let name = rule.and_then(|rule| rule.name(&value)).map(str::to_owned);
        Event::json(name.as_deref(), value)
    });
    named.chain(end).collect()
}

impl StreamRule {
    /// The name of an event. Protocols that end by the word of an event also name each event by it.
    fn name<'v>(&self, event: &'v Value) -> Option<&'v str> {
        if self.last.is_empty() { None } else { event.get(self.tag.as_deref()?)?.as_str() }
    }

    /// The mark behind the last event. Where something else ends the stream, it is only what some upstreams add.
    fn mark(&self) -> Option<&str> {
        if self.last.is_empty() && self.finish.is_empty() { self.end.as_deref() } else { None }
    }
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
            super::events(Some(rule), events.to_vec())
                .iter()
                .fold(String::new(), |all, event| all + std::str::from_utf8(&event.frame()).unwrap())
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
