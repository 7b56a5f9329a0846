//! Answers put together from their events.

use octopusx::realtime::{AudioEncoding, RealtimeServerEvent, ResponseCollector};
use octopusx_mock::Gateway;
use serde_json::{Value, json};

use super::{MODEL, client_of};

fn collected(events: impl IntoIterator<Item = Value>) -> octopusx::realtime::RealtimeAnswer {
    let mut collector = ResponseCollector::new();
    for event in events {
        let event: RealtimeServerEvent = serde_json::from_value(event).unwrap();
        collector.add(&event);
    }
    collector.into_answer()
}

fn event(name: &str, members: Value) -> Value {
    let mut event = json!({"type": name, "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0});
    event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn an_answer_is_collected_from_a_session() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).await.unwrap();
    session.send_text("One two three.").await.unwrap();
    session.create_response().await.unwrap();
    let answer = session.collect_response().await.unwrap();
    assert_eq!((answer.text().as_str(), answer.is_done()), ("You said: One two three.", true));
    assert!(answer.response.usage.is_some());
    let samples = [5_i16; 40_000];
    session.append_samples(&samples, AudioEncoding::Pcm16).await.unwrap();
    session.commit().await.unwrap();
    session.create_response().await.unwrap();
    let answer = session.collect_response().await.unwrap();
    assert_eq!((answer.transcript().as_str(), answer.text().as_str()), ("That is what you said.", ""));
    assert!(answer.samples(AudioEncoding::Pcm16).unwrap() == samples);
    assert_eq!(answer.audio_bytes().unwrap().len(), 80_000);
    // What the gateway refuses before it answers is an error with its words.
    session.create_response().await.unwrap();
    session.collect_response().await.unwrap();
    session.cancel().await.unwrap();
    let error = session.collect_response().await.unwrap_err();
    assert_eq!(error.api().unwrap().code(), Some("response_cancel_not_active"));
}

#[test]
fn pieces_make_the_whole_in_either_form() {
    for (text, speech, audio) in [
        ("response.text", "response.audio_transcript", "response.audio"),
        ("response.output_text", "response.output_audio_transcript", "response.output_audio"),
    ] {
        let name = |start: &str, end: &str| format!("{start}.{end}");
        let answer = collected([
            json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}),
            event(&name(text, "delta"), json!({"delta": "Hel"})),
            event(&name(text, "delta"), json!({"delta": "lo"})),
            event(&name(speech, "delta"), json!({"delta": "I s", "item_id": "j", "output_index": 1})),
            event(&name(audio, "delta"), json!({"delta": "AQAC", "item_id": "j", "output_index": 1})),
            // Another answer's, and one that belongs to nobody.
            event(&name(text, "delta"), json!({"delta": "!!!", "response_id": "other"})),
            json!({"type": "rate_limits.updated", "rate_limits": []}),
            event(&name(speech, "delta"), json!({"delta": "aid", "item_id": "j", "output_index": 1})),
            event(&name(audio, "delta"), json!({"delta": "AA==", "item_id": "j", "output_index": 1})),
        ]);
        assert_eq!((answer.text().as_str(), answer.transcript().as_str(), answer.is_done()), ("Hello", "I said", false));
        assert_eq!(answer.samples(AudioEncoding::Pcm16).unwrap(), [1, 2]);
    }
}

#[test]
fn what_an_ending_leaves_out_stays() {
    let message = json!({"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": []});
    let answer = collected([
        json!({"type": "response.created", "response": {"id": "r"}}),
        event("response.output_item.added", json!({"item": {"id": "i", "type": "message", "role": "assistant"}})),
        event("response.content_part.added", json!({"part": {"type": "text", "text": ""}})),
        event("response.text.delta", json!({"delta": "kept"})),
        event("response.text.done", json!({"text": ""})),
        event("response.content_part.done", json!({"part": {"type": "text"}})),
        event("response.output_item.done", json!({"item": message})),
        json!({"type": "response.done", "response": {"id": "r", "status": "completed", "output": [], "usage": {"total_tokens": 3}}}),
        event("response.text.delta", json!({"delta": " too late"})),
    ]);
    assert_eq!((answer.text().as_str(), answer.is_done()), ("kept", true));
    assert_eq!(answer.response.usage.unwrap().total_tokens, Some(3));
}

#[test]
fn a_call_is_put_together_with_and_without_its_item() {
    let pieces = || {
        [
            event("response.function_call_arguments.delta", json!({"call_id": "c", "delta": "{\"a\""})),
            event("response.function_call_arguments.delta", json!({"call_id": "c", "delta": ":1}"})),
        ]
    };
    let item = json!({"id": "i", "type": "function_call", "call_id": "c", "name": "f", "arguments": ""});
    let with_item = [event("response.output_item.added", json!({"item": item}))].into_iter().chain(pieces());
    for events in [with_item.collect::<Vec<_>>(), pieces().to_vec()] {
        let answer = collected(events);
        let calls: Vec<_> = answer.tool_calls().collect();
        assert_eq!((calls.len(), calls[0].call_id.as_deref()), (1, Some("c")));
        assert_eq!(calls[0].arguments.as_deref(), Some("{\"a\":1}"));
    }
}

#[test]
fn places_far_out_cost_nothing() {
    let answer = collected([
        event("response.text.delta", json!({"delta": "a", "output_index": i64::MAX, "content_index": i64::MAX})),
        event("response.text.delta", json!({"delta": "b", "item_id": "k", "output_index": -5, "content_index": -5})),
    ]);
    assert_eq!(answer.text(), "ba");
}
