//! Events of responses.

use octopusx::Error;
use octopusx::responses::{
    ModelResponse, ResponseCreateRequest, ResponseFunctionCallOutput, ResponseInputItem, ResponseInputMessage, ResponseStatus,
};
use serde_json::{Value, json};

use super::{documented, gateway, gathered, plain, texts};
use crate::support::client;

fn request() -> ResponseCreateRequest {
    ResponseCreateRequest::new("m", "x")
}

async fn collected(events: &[Value], end: &str) -> (ModelResponse, Option<Error>) {
    let server = gateway(events, end).await;
    gathered!(client(&server.url).responses().create_stream(&request()).await.unwrap())
}

/// The output that is known when the stream breaks off after these events.
async fn broken_off(events: &[Value]) -> Value {
    let (whole, error) = collected(events, "").await;
    assert!(error.unwrap().is_truncated());
    plain(whole)["output"].clone()
}

fn created() -> Value {
    json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "model": "m", "output": []}})
}

fn event(kind: &str, index: impl Into<Value>, id: impl Into<Value>, more: Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}"), "output_index": index.into(), "item_id": id.into()});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn added(index: impl Into<Value>, item: Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index.into(), "item": item})
}

fn done(index: impl Into<Value>, item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index.into(), "item": item})
}

fn said(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

#[tokio::test]
async fn the_documented_stream_gives_the_answer_of_its_last_event() {
    let events = documented("/v1/responses");
    let (whole, error) = collected(&events, "").await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(whole.text(), "Take the ferry at noon; two tickets cost 8.00.");
    assert_eq!(plain(whole), plain(&events.last().unwrap()["response"]));
}

#[tokio::test]
async fn without_the_last_event_the_pieces_tell_the_same_output() {
    let events = documented("/v1/responses");
    let (last, events) = events.split_last().unwrap();
    let (whole, error) = collected(events, "").await;
    assert!(error.unwrap().is_truncated());
    assert_eq!(plain(&whole.output), plain(&last["response"]["output"]));
    assert_eq!((whole.id.as_str(), whole.status), ("resp_stream123", Some(ResponseStatus::InProgress)));
}

#[tokio::test]
async fn without_any_done_event_the_pieces_still_tell_texts_and_calls() {
    let mut events = documented("/v1/responses");
    events.retain(|event| {
        let kind = event["type"].as_str().unwrap();
        !kind.ends_with(".done") && kind != "response.completed"
    });
    let (whole, _) = collected(&events, "").await;
    assert_eq!(whole.text(), "Take the ferry at noon; two tickets cost 8.00.");
    let output = plain(&whole.output);
    assert_eq!(output[0]["summary"][0]["text"], "First the timetable, then a plan.");
    assert_eq!(output[0]["content"][0]["text"], "I need the times.");
    assert_eq!(output[3]["code"], "print(2 * 4)");
    assert_eq!(output[7]["arguments"], "{\"harbour\":\"Bergen\"}");
    assert_eq!(output[9]["action"]["commands"], json!(["cat ferries.txt"]));
    assert_eq!(output[10]["output"][0]["stdout"], "adult 4.00");
    assert_eq!(output[11]["input"], "4.00 + 4.00");
    assert_eq!(output[12]["arguments"], "{\"city\":\"Bergen\"}");
    assert_eq!(output[13]["content"][0]["annotations"][0]["url"], "https://example.com/ferries");
    assert_eq!(output[13]["content"][0]["logprobs"].as_array().unwrap().len(), 1);
    assert_eq!(output[13]["content"][1]["refusal"], "I can't book them for you.");
}

#[tokio::test]
async fn a_stream_cut_anywhere_leaves_what_came() {
    let events = documented("/v1/responses");
    for cut in 0..events.len() {
        let (whole, error) = collected(&events[..cut], "data: {\"type\":\"resp").await;
        assert!(error.unwrap().is_truncated(), "{cut} events");
        assert!("Take the ferry at noon; two tickets cost 8.00.".starts_with(&whole.text()), "{cut} events");
        let begun = events[..cut].iter().filter(|event| event["type"] == "response.output_item.added").count();
        assert_eq!(whole.output.unwrap_or_default().len(), begun, "{cut} events");
    }
}

#[tokio::test]
async fn pieces_of_items_that_never_began_begin_them() {
    let events = [
        created(),
        event("reasoning_summary_text.delta", 0, "rs", json!({"delta": "hm", "summary_index": 0})),
        event("reasoning_summary_text.delta", 0, "rs", json!({"delta": "so", "summary_index": 1})),
        event("output_text.delta", 1, "m1", json!({"delta": "a", "content_index": 0})),
        event("output_text.delta", 1, "m1", json!({"delta": "b", "content_index": 0})),
        event("refusal.delta", 1, "m1", json!({"delta": "no", "content_index": 1})),
        event("function_call_arguments.delta", 2, "f1", json!({"delta": "{\"x\""})),
        event("function_call_arguments.done", 2, "f1", json!({"arguments": "{\"x\":1}", "name": "f"})),
    ];
    assert_eq!(
        broken_off(&events).await,
        json!([
            {
                "type": "reasoning",
                "id": "rs",
                "summary": [{"type": "summary_text", "text": "hm"}, {"type": "summary_text", "text": "so"}],
            },
            {
                "type": "message",
                "id": "m1",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "ab"}, {"type": "refusal", "refusal": "no"}],
            },
            {"type": "function_call", "id": "f1", "call_id": "", "name": "f", "arguments": "{\"x\":1}"},
        ])
    );
    // The item that began late brings what the pieces could not tell, and takes nothing away.
    let late = json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": "f", "arguments": ""});
    let found = broken_off(&[&events[..], &[added(2, late)]].concat()).await;
    assert_eq!((&found[2]["call_id"], &found[2]["arguments"]), (&json!("c1"), &json!("{\"x\":1}")));
    assert_eq!(found.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn ids_that_change_and_indexes_that_do_not_are_understood() {
    let empty = |id: &str| json!({"type": "message", "id": id, "role": "assistant", "content": []});
    let piece = |index: Value, id: Value, text: &str| event("output_text.delta", index, id, json!({"delta": text}));
    let cases = [
        (
            "another id in each event",
            vec![
                added(0, empty("q")),
                piece(json!(0), json!("w"), "a"),
                piece(json!(0), json!("e"), "b"),
                added(1, empty("r")),
                piece(json!(1), json!("t"), "c"),
            ],
        ),
        (
            "one index for all",
            vec![
                added(0, empty("m1")),
                piece(json!(0), json!("m1"), "ab"),
                done(0, said("m1", "ab")),
                added(0, empty("m2")),
                piece(json!(0), json!("m2"), "c"),
            ],
        ),
        (
            "one index for all, and nothing begins",
            vec![piece(json!(0), json!("m1"), "ab"), done(0, said("m1", "ab")), piece(json!(0), json!("m2"), "c")],
        ),
        (
            "ids alone",
            vec![
                added(json!(null), empty("m1")),
                added(json!(null), empty("m2")),
                piece(json!(null), json!("m1"), "a"),
                piece(json!(null), json!("m2"), "c"),
                piece(json!(null), json!("m1"), "b"),
            ],
        ),
        (
            "neither",
            vec![
                added(json!(null), json!({"type": "message"})),
                piece(json!(null), json!(null), "ab"),
                done(json!(null), json!({"type": "message", "content": [{"type": "output_text", "text": "ab"}]})),
                added(json!(null), json!({"type": "message"})),
                piece(json!(null), json!(null), "c"),
            ],
        ),
    ];
    for (name, events) in cases {
        let found = broken_off(&[vec![created()], events].concat()).await;
        let texts: Vec<_> = found.as_array().unwrap().iter().map(|item| &item["content"][0]["text"]).collect();
        assert_eq!(texts, ["ab", "c"], "{name}");
    }
}

#[tokio::test]
async fn what_is_said_twice_or_left_out_changes_nothing() {
    let call =
        |arguments: Value| json!({"type": "function_call", "id": "f", "call_id": "c", "name": "f", "arguments": arguments});
    let part = json!({"part": {"type": "output_text", "text": ""}, "content_index": 0});
    let events = [
        created(),
        added(0, json!({"type": "message", "id": "m", "content": []})),
        event("content_part.added", 0, "m", part.clone()),
        event("content_part.added", 0, "m", part.clone()),
        event("output_text.delta", 0, "m", json!({"delta": "ab", "content_index": 0})),
        added(0, json!({"type": "message", "id": "m", "content": []})),
        event("output_text.done", 0, "m", json!({"text": "", "content_index": 0})),
        event("content_part.done", 0, "m", part),
        done(0, json!({"type": "message", "id": "m", "content": null})),
        done(0, json!({"type": "message", "id": "m", "content": []})),
        json!({"type": "response.in_progress", "response": {"id": "r", "output": []}}),
        added(1, call(json!({}))),
        event("function_call_arguments.delta", 1, "f", json!({"delta": "{\"x\":1}"})),
        done(1, call(json!(null))),
    ];
    assert_eq!(
        broken_off(&events).await,
        json!([{"type": "message", "id": "m", "content": [{"type": "output_text", "text": "ab"}]}, call(json!("{\"x\":1}"))])
    );
}

#[tokio::test]
async fn an_end_without_output_keeps_what_was_gathered() {
    for (kind, status) in [("completed", "completed"), ("incomplete", "incomplete"), ("failed", "failed")] {
        let end = |output: Value| json!({"type": format!("response.{kind}"), "response": {"id": "r", "status": status, "usage": {"total_tokens": 9}, "output": output}});
        let events = [created(), done(0, said("m", "gathered"))];
        for output in [json!([]), json!(null)] {
            let (whole, error) = collected(&[&events[..], &[end(output)]].concat(), "").await;
            assert!(error.is_none(), "{error:?}");
            assert_eq!((whole.text().as_str(), whole.status.unwrap().as_str()), ("gathered", status));
            assert_eq!(whole.usage.unwrap().total_tokens, Some(9));
        }
        let (whole, _) = collected(&[&events[..], &[end(json!([said("m", "whole")]))]].concat(), "").await;
        assert_eq!(whole.text(), "whole");
    }
}

#[tokio::test]
async fn unknown_events_pass_and_unknown_items_and_parts_are_kept() {
    let events = [
        created(),
        json!({"type": "response.hologram.delta", "delta": "x"}),
        json!({"type": "keepalive"}),
        added(0, json!({"type": "hologram", "id": "h", "n": 1})),
        added(1, json!({"type": "message", "id": "m", "content": [], "shade": 1})),
        event("content_part.added", 1, "m", json!({"part": {"type": "hologram", "n": 2}, "content_index": 0})),
        event("output_text.delta", 1, "m", json!({"delta": "a", "content_index": 1})),
        done(0, json!({"type": "hologram", "id": "h", "n": 3})),
    ];
    assert_eq!(
        broken_off(&events).await,
        json!([
            {"type": "hologram", "id": "h", "n": 3},
            {
                "type": "message",
                "id": "m",
                "content": [{"type": "hologram", "n": 2}, {"type": "output_text", "text": "a"}],
                "shade": 1,
            },
        ])
    );
}

#[tokio::test]
async fn a_place_far_out_makes_no_gap() {
    let far = 9_000_000_000_i64;
    let events = [
        created(),
        event("output_text.delta", far, "m", json!({"delta": "a", "content_index": far})),
        event("output_text.delta", far, "m", json!({"delta": "b", "content_index": far})),
        event("output_text.delta", far, "m", json!({"delta": "c", "content_index": -1})),
    ];
    assert_eq!(broken_off(&events).await, json!([said("m", "abc")]));
}

#[tokio::test]
async fn the_texts_of_a_stream_hold_no_reasoning_and_no_refusal() {
    let server = gateway(&documented("/v1/responses"), "").await;
    let texts = texts!(client(&server.url).responses().create_stream(&request()).await.unwrap());
    assert_eq!(texts, ["Take the ferry", " at noon;", " two tickets cost 8.00."]);
}

#[tokio::test]
async fn an_answer_goes_back_as_it_came() {
    let (whole, _) = collected(&documented("/v1/responses"), "").await;
    let calls: Vec<_> = whole.function_calls().map(|call| call.call_id.clone()).collect();
    assert_eq!(calls, ["call_time1"]);
    let mut input: Vec<ResponseInputItem> = vec![ResponseInputMessage::user("When?").into()];
    input.extend(whole.to_input());
    input.push(ResponseFunctionCallOutput::new(&calls[0], "12:00").into());
    let sent = plain(&input);
    let sent = sent.as_array().unwrap();
    assert_eq!(sent[0], json!({"type": "message", "role": "user", "content": "When?"}));
    assert_eq!(json!(sent[1..sent.len() - 1]), plain(&whole.output));
    assert_eq!(sent.last().unwrap()["call_id"], "call_time1");
    let read: Vec<ResponseInputItem> = serde_json::from_value(json!(sent)).unwrap();
    assert_eq!(read, input);
}
