//! Events of Claude's messages.

use std::time::{Duration, Instant};

use octopusx::Error;
use octopusx::messages::{
    Message, MessageContentBlock, MessageCreateRequest, MessageParam, MessageStopReason, MessageToolInput, MessageToolResultBlock,
};
use serde_json::{Value, json};

use super::{documented, gateway, gathered, plain, texts};
use crate::support::client;

fn request() -> MessageCreateRequest {
    MessageCreateRequest::new("m", 10, [MessageParam::user("x")])
}

async fn collected(events: &[Value], end: &str) -> (Message, Option<Error>) {
    let server = gateway(events, end).await;
    gathered!(client(&server.url).messages().create_stream(&request()).await.unwrap())
}

/// Collects the blocks of these events, and ends well.
async fn blocks(events: &[Value]) -> Value {
    let events = [&[json!({"type": "message_start", "message": {"content": []}})], events, &[json!({"type": "message_stop"})]];
    let (whole, error) = collected(&events.concat(), "").await;
    assert!(error.is_none(), "{error:?}");
    plain(whole)["content"].clone()
}

fn start(index: impl Into<Value>, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index.into(), "content_block": block})
}

fn text(index: impl Into<Value>, text: &str) -> Value {
    json!({"type": "content_block_delta", "index": index.into(), "delta": {"type": "text_delta", "text": text}})
}

fn input(index: impl Into<Value>, json: &str) -> Value {
    json!({"type": "content_block_delta", "index": index.into(), "delta": {"type": "input_json_delta", "partial_json": json}})
}

fn stop(index: impl Into<Value>) -> Value {
    json!({"type": "content_block_stop", "index": index.into()})
}

fn tool(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "f", "input": {}})
}

#[tokio::test]
async fn the_documented_stream_gives_the_answer_of_a_call_without_a_stream() {
    let (whole, error) = collected(&documented("/v1/messages"), "").await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(whole.text(), "The café opens at nine.");
    assert_eq!(
        plain(whole),
        json!({
            "id": "msg_stream123",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-20250514",
            "content": [
                {
                    "type": "thinking",
                    "thinking": "The document tells the hours; the weather needs the tool.",
                    "signature": "EqQBCkYIBhgCKkBzaWduYXR1cmU=",
                },
                {
                    "type": "text",
                    "text": "The café opens at nine.",
                    "citations": [{
                        "type": "char_location",
                        "cited_text": "The café at the harbour opens at nine.",
                        "document_index": 0,
                        "document_title": "Harbour news",
                        "start_char_index": 0,
                        "end_char_index": 38,
                    }],
                },
                {"type": "tool_use", "id": "toolu_oslo1", "name": "get_weather", "input": {"city": "Oslo"}},
            ],
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 472,
                "output_tokens": 89,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
            },
        })
    );
}

#[tokio::test]
async fn a_stream_cut_anywhere_leaves_what_came() {
    let events = documented("/v1/messages");
    for cut in 0..events.len() - 1 {
        let (whole, error) = collected(&events[..cut], "data: {\"type\":\"con").await;
        assert!(error.unwrap().is_truncated(), "{cut} events");
        assert!("The café opens at nine.".starts_with(&whole.text()), "{cut} events");
        let calls: Vec<_> = whole.tool_uses().collect();
        match cut {
            ..12 => assert!(calls.is_empty()),
            // The pieces of its input, as far as they came.
            14 => assert_eq!(calls[0].input, Some(MessageToolInput::Text("{\"city\":".to_owned()))),
            16.. => assert_eq!(plain(&calls[0].input), json!({"city": "Oslo"})),
            _ => assert_eq!(calls[0].name, "get_weather"),
        }
    }
}

#[tokio::test]
async fn the_input_of_a_tool_is_an_object_if_it_is_one_and_else_what_came() {
    let cases = [
        (vec!["{\"x\"", ":1}"], json!({"x": 1})),
        (vec![], json!({})),
        (vec!["", " "], json!({})),
        (vec!["", "{}"], json!({})),
        (vec!["[1,", "2]"], json!([1, 2])),
        (vec!["\"a\""], json!("a")),
        (vec!["{\"x\":", " 1"], json!("{\"x\": 1")),
        (vec!["{}", "{\"x\":1}"], json!("{}{\"x\":1}")),
        (vec!["no json"], json!("no json")),
    ];
    for (pieces, expected) in cases {
        let mut events = vec![start(0, tool("a"))];
        events.extend(pieces.iter().map(|piece| input(0, piece)));
        let stopped = blocks(&[events.clone(), vec![stop(0)]].concat()).await;
        assert_eq!(stopped[0]["input"], expected, "{pieces:?}");
        assert_eq!(blocks(&events).await, stopped, "the message's stop is the block's too: {pieces:?}");
    }
    let whole = json!({"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}});
    assert_eq!(blocks(&[start(0, whole.clone()), input(0, ""), stop(0)]).await, json!([whole]));
}

#[tokio::test]
async fn pieces_of_several_blocks_stay_apart() {
    let events = [
        start(0, tool("a")),
        start(1, tool("b")),
        input(1, "{\"x\":"),
        input(0, "{\"y\":"),
        input(1, "1}"),
        input(0, "2}"),
        stop(1),
        stop(0),
    ];
    let found = blocks(&events).await;
    assert_eq!((&found[0]["input"], &found[1]["input"]), (&json!({"y": 2}), &json!({"x": 1})));
}

#[tokio::test]
async fn blocks_of_one_index_or_of_none_are_not_mixed_up() {
    for index in [json!(0), json!(null)] {
        let events = [
            start(index.clone(), json!({"type": "text", "text": ""})),
            start(index.clone(), json!({"type": "text", "text": ""})),
            text(index.clone(), "a"),
            stop(index.clone()),
            start(index.clone(), tool("a")),
            input(index.clone(), "{\"x\":1}"),
            stop(index.clone()),
            start(index.clone(), tool("b")),
            input(index.clone(), "{\"x\":2}"),
            stop(index.clone()),
        ];
        let mut found = blocks(&events).await;
        // Without an index nobody can tell that the same block began twice.
        found.as_array_mut().unwrap().retain(|block| block["text"] != "");
        let call = |id: &str, x: i64| json!({"type": "tool_use", "id": id, "name": "f", "input": {"x": x}});
        assert_eq!(found, json!([{"type": "text", "text": "a"}, call("a", 1), call("b", 2)]), "{index}");
    }
}

#[tokio::test]
async fn a_piece_without_a_block_of_its_kind_is_not_lost() {
    let thinking = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}});
    let events = [thinking, text(0, "a"), text(0, "b"), input(0, "{\"x\":"), input(0, "1}"), stop(0), input(0, "late")];
    assert_eq!(
        blocks(&events).await,
        json!([
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "ab"},
            {"type": "tool_use", "id": "", "name": "", "input": {"x": 1}},
            {"type": "tool_use", "id": "", "name": "", "input": "late"},
        ])
    );
}

#[tokio::test]
async fn unknown_events_pass_and_unknown_blocks_and_members_are_kept() {
    let unknown = |delta: Value| json!({"type": "content_block_delta", "index": 1, "delta": delta});
    let events = [
        json!({"type": "keepalive", "n": 1}),
        start(0, json!({"type": "text", "text": "", "shade": 1})),
        text(0, "a"),
        start(1, json!({"type": "mcp_tool_use", "id": "m", "input": {}})),
        unknown(json!({"type": "hologram_delta", "n": 1})),
        input(1, "{\"x\":"),
        input(1, "1}"),
        stop(1),
        stop(7),
    ];
    assert_eq!(
        blocks(&events).await,
        json!([{"type": "text", "text": "a", "shade": 1}, {"type": "mcp_tool_use", "id": "m", "input": {"x": 1}}])
    );
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "provider": "x"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "mood": 1}, "context_management": {}}),
        json!({"type": "message_stop"}),
    ];
    let (whole, _) = collected(&events, "").await;
    assert_eq!(json!(whole.extra), json!({"provider": "x", "mood": 1, "context_management": {}}));
}

#[tokio::test]
async fn usage_comes_from_the_start_and_the_end() {
    let cases = [
        (json!({"input_tokens": 25, "output_tokens": 1}), json!({"output_tokens": 15}), (25, 15)),
        (json!({"input_tokens": 25, "output_tokens": 1}), json!({"input_tokens": 0, "output_tokens": 15}), (25, 15)),
        (json!({"input_tokens": 0, "output_tokens": 0}), json!({"input_tokens": 60, "output_tokens": 15}), (60, 15)),
        (json!({"input_tokens": 25, "output_tokens": 8}), json!({"input_tokens": 900, "output_tokens": 4}), (900, 4)),
        (json!({"input_tokens": 25, "output_tokens": 8}), json!({}), (25, 8)),
        (json!(null), json!({"input_tokens": 3, "output_tokens": 0}), (3, 0)),
    ];
    for (first, last, (input, output)) in cases {
        let events = [
            json!({"type": "message_start", "message": {"usage": first, "stop_reason": ""}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": last}),
            json!({"type": "message_delta", "delta": {"stop_reason": ""}, "usage": null}),
            json!({"type": "message_stop"}),
        ];
        let (whole, _) = collected(&events, "").await;
        assert_eq!(whole.stop_reason, Some(MessageStopReason::MaxTokens));
        let usage = whole.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(input), Some(output)), "{first} {last}");
    }
}

#[tokio::test]
async fn the_input_of_a_tool_is_read_once_however_many_pieces_it_comes_in() {
    let piece = "1123456789,".repeat(4);
    let pieces = 20_000;
    let mut events = vec![start(0, tool("a")), input(0, "{\"x\":[")];
    events.extend((0..pieces).map(|_| input(0, &piece)));
    events.extend([input(0, "0]}"), stop(0)]);
    let begun = Instant::now();
    let found = blocks(&events).await;
    assert_eq!(found[0]["input"]["x"].as_array().unwrap().len(), pieces * 4 + 1);
    // Reading the growing text at every piece would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_texts_of_a_stream_hold_no_thinking() {
    let server = gateway(&documented("/v1/messages"), "").await;
    assert_eq!(texts!(client(&server.url).messages().create_stream(&request()).await.unwrap()), ["The café opens", " at nine."]);
}

#[tokio::test]
async fn an_answer_goes_back_as_it_came() {
    let (whole, _) = collected(&documented("/v1/messages"), "").await;
    let content = plain(&whole.content);
    let id = whole.tool_uses().next().unwrap().id.clone().unwrap();
    let next = [MessageParam::from(whole), MessageParam::user(vec![MessageToolResultBlock::new(id).content("4 °C").into()])];
    assert_eq!(
        plain(next),
        json!([
            {"role": "assistant", "content": content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_oslo1", "content": "4 °C"}]},
        ])
    );
    let unknown = MessageContentBlock::Unknown(json!({"type": "hologram"}));
    assert_eq!(plain(octopusx::messages::MessageContentBlockParam::from(unknown)), json!({"type": "hologram"}));
    assert_eq!(MessageParam::assistant("Sure:").text(), "Sure:");
}
