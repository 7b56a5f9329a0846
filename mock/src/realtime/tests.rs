#![allow(clippy::expect_used, clippy::panic)]
use serde_json::{Value, json};

use super::talk::Talk;
use super::{Socket, accept};
use crate::document::Document;

fn names(talk: &mut Talk<'_>) -> Vec<String> {
    let events = std::iter::from_fn(|| talk.next()).collect::<Vec<_>>();
    let said = events.into_iter().filter_map(|event| talk.still(event));
    said.map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect()
}

fn rules(document: &Document) -> &Socket {
    let found = document.operations.iter().find_map(|operation| operation.socket.as_ref());
    found.expect("the document has a WebSocket")
}

#[test]
fn each_form_has_its_names() {
    let document = crate::sources::octopusx().unwrap_or_else(|error| panic!("{error}"));
    for (older, delta, added) in [
        (true, "response.text.delta", "conversation.item.created"),
        (false, "response.output_text.delta", "conversation.item.added"),
    ] {
        let mut talk = Talk::begin(&document.schemas, rules(&document), Some("m"), older);
        let item = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]});
        talk.hear(&json!({"type": "conversation.item.create", "item": item}));
        talk.hear(&json!({"type": "response.create"}));
        let names = names(&mut talk);
        assert_eq!(names[0], "session.created");
        assert!([delta, added].iter().all(|name| names.iter().any(|found| found == name)), "{names:?}");
        assert_eq!(names.last().map(String::as_str), Some("response.done"));
    }
}

#[test]
fn what_does_not_fit_is_an_error_event_that_names_it() {
    let document = crate::sources::octopusx().unwrap_or_else(|error| panic!("{error}"));
    let mut talk = Talk::begin(&document.schemas, rules(&document), None, false);
    while talk.next().is_some() {}
    let mut told = |event: Value| {
        talk.hear(&event);
        let event = talk.next().and_then(|event| talk.still(event)).unwrap_or_default();
        (event["error"]["code"].clone(), event["error"]["param"].clone(), event["error"]["event_id"].clone())
    };
    let named = |event: &str| json!({"type": event, "event_id": "mine"});
    assert_eq!(told(named("tomorrow")), (json!("unknown_event"), json!("type"), json!("mine")));
    assert_eq!(told(named("conversation.item.delete")).0, json!("invalid_value"));
    assert_eq!(told(named("input_audio_buffer.commit")).0, json!("input_audio_buffer_commit_empty"));
    let update = json!({"type": "session.update", "session": {}});
    assert_eq!(told(update), (json!("missing_required_parameter"), json!("session.type"), Value::Null));
}

#[test]
fn the_accept_of_the_standard() {
    assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
