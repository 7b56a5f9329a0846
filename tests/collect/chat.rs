//! Chunks of chat.

use octopusx::chat::{ChatCompletion, ChatCompletionRequest, ChatFinishReason, ChatMessage, ChatToolArguments};
use serde_json::{Value, json};

use crate::raw::{Server, answers};
use crate::support::client;

/// Streams these chunks and collects them.
async fn collected(chunks: &[Value], end: &str) -> Result<ChatCompletion, octopusx::Error> {
    let body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    let server = Server::play(answers(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}{end}"
    )))
    .await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    client(&server.url).chat().create_stream(&request).await?.collect().await
}

fn delta(delta: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]})
}

#[tokio::test]
async fn texts_and_reasoning_are_joined_and_the_last_facts_win() {
    let chunks = [
        delta(json!({"role": "assistant", "reasoning_content": "hm"})),
        delta(json!({"content": "Hello", "reasoning_content": "m"})),
        delta(json!({"content": ", world"})),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"total_tokens": 3}}),
        json!({"choices": [], "usage": {"prompt_tokens": 5, "total_tokens": 9}}),
    ];
    let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
    assert_eq!(whole.text(), "Hello, world");
    let choice = &whole.choices.as_ref().unwrap()[0];
    assert_eq!(choice.message.as_ref().unwrap().reasoning_content.as_deref(), Some("hmm"));
    assert_eq!(choice.finish_reason, Some(ChatFinishReason::Stop));
    assert_eq!(whole.usage.unwrap().total_tokens, Some(9));
    assert_eq!((whole.object.as_deref(), whole.id.as_deref()), (Some("chat.completion"), Some("c")));
}

#[tokio::test]
async fn several_choices_stay_apart_in_order() {
    let piece = |index: i64, text: &str| json!({"choices": [{"index": index, "delta": {"content": text}}]});
    let whole = collected(&[piece(1, "b"), piece(0, "a"), piece(1, "B")], "data: [DONE]\n\n").await.unwrap();
    let texts: Vec<_> =
        whole.choices.unwrap().into_iter().map(|choice| (choice.index.unwrap(), choice.message.unwrap().text())).collect();
    assert_eq!(texts, [(0, "a".to_owned()), (1, "bB".to_owned())]);
}

#[tokio::test]
async fn tool_calls_are_joined_by_index_else_id_else_position() {
    let call = |index: Value, id: Value, name: Value, arguments: Value| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    let one = |value: Value| delta(json!({"tool_calls": [value]}));
    let cases = [
        (
            "index",
            vec![
                one(call(json!(0), json!("a"), json!("f"), json!("{\"x\""))),
                one(call(json!(1), json!("b"), json!("g"), json!("{"))),
                one(call(json!(0), json!(null), json!(null), json!(":1}"))),
                one(call(json!(1), json!(null), json!(null), json!("}"))),
            ],
        ),
        (
            "id, index -1",
            vec![
                one(call(json!(-1), json!("a"), json!("f"), json!("{\"x\""))),
                one(call(json!(-1), json!("b"), json!("g"), json!("{}"))),
                one(call(json!(-1), json!("a"), json!(null), json!(":1}"))),
            ],
        ),
        (
            "neither, one after the other",
            vec![
                one(call(json!(null), json!(null), json!("f"), json!("{\"x\""))),
                one(call(json!(null), json!(null), json!(null), json!(":1}"))),
                one(call(json!(null), json!(null), json!("g"), json!("{}"))),
            ],
        ),
        (
            "neither, side by side",
            vec![
                delta(
                    json!({"tool_calls": [call(json!(null), json!(null), json!("f"), json!("{\"x\"")), call(json!(null), json!(null), json!("g"), json!("{"))]}),
                ),
                delta(
                    json!({"tool_calls": [call(json!(null), json!(null), json!(null), json!(":1}")), call(json!(null), json!(null), json!(null), json!("}"))]}),
                ),
            ],
        ),
    ];
    for (name, chunks) in cases {
        let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
        let calls = whole.choices.unwrap()[0].message.clone().unwrap().tool_calls.unwrap();
        let read: Vec<_> = calls
            .iter()
            .map(|call| call.function.as_ref().unwrap())
            .map(|function| (function.name.clone().unwrap(), function.arguments.clone().unwrap()))
            .collect();
        let text = |text: &str| ChatToolArguments::Text(text.to_owned());
        assert_eq!(read, [("f".to_owned(), text("{\"x\":1}")), ("g".to_owned(), text("{}"))], "{name}");
    }
}

#[tokio::test]
async fn arguments_as_an_object_stay_an_object() {
    let chunks = [
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]})),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": ""}}]})),
    ];
    let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
    let call = whole.choices.unwrap()[0].message.clone().unwrap().tool_calls.unwrap().remove(0);
    assert_eq!(serde_json::to_value(call.function.unwrap().arguments).unwrap(), json!({"x": 1}));
}

#[tokio::test]
async fn content_in_parts_is_joined_without_losing_other_parts() {
    let chunks = [
        delta(json!({"content": "a"})),
        delta(json!({"content": [{"type": "text", "text": "b"}, {"type": "hologram", "n": 1}]})),
        delta(json!({"content": "c"})),
    ];
    let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
    assert_eq!(whole.text(), "abc");
    let content = serde_json::to_value(whole.choices.unwrap()[0].message.clone().unwrap().content).unwrap();
    assert_eq!(content[1], json!({"type": "hologram", "n": 1}));
}

#[tokio::test]
async fn a_truncated_stream_is_an_error_and_its_snapshot_stays() {
    assert!(collected(&[delta(json!({"content": "half"}))], "").await.unwrap_err().is_truncated());
    let body = format!("data: {}\n\n", delta(json!({"content": "half"})));
    let server =
        Server::play(answers(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}")))
            .await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut stream = client(&server.url).chat().create_stream(&request).await.unwrap().collecting();
    while let Some(Ok(_)) = stream.next().await {}
    assert_eq!(stream.snapshot().text(), "half");
    assert_eq!(stream.into_whole().text(), "half");
}

#[tokio::test]
async fn a_text_stream_gives_the_texts_alone() {
    let chunks =
        [delta(json!({"role": "assistant"})), delta(json!({"content": "a"})), delta(json!({})), delta(json!({"content": "b"}))];
    let body: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let server = Server::play(answers(format!("{head}{body}data: [DONE]\n\n"))).await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut texts = client(&server.url).chat().create_stream(&request).await.unwrap().text_stream();
    let mut found = Vec::new();
    while let Some(text) = texts.next().await {
        found.push(text.unwrap());
    }
    assert_eq!(found, ["a", "b"]);
}

#[tokio::test]
async fn the_tool_calls_of_the_first_choice_are_at_hand_whatever_the_finish_reason() {
    let chunks = [
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]})),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ];
    let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
    assert_eq!(whole.tool_calls().iter().map(|call| call.id.as_deref().unwrap()).collect::<Vec<_>>(), ["a"]);
    assert!(ChatCompletion::new().tool_calls().is_empty());
}

#[tokio::test]
async fn what_comes_empty_takes_nothing_away() {
    let chunks = [
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}], "usage": {"total_tokens": 9}}),
        json!({"id": "", "model": "", "choices": [{"index": 0, "delta": {}, "finish_reason": ""}], "usage": {}}),
    ];
    let whole = collected(&chunks, "data: [DONE]\n\n").await.unwrap();
    assert_eq!((whole.id.as_deref(), whole.model.as_deref()), (Some("c"), Some("m")));
    assert_eq!(whole.usage.unwrap().total_tokens, Some(9));
    assert_eq!(whole.choices.unwrap()[0].finish_reason, Some(ChatFinishReason::Stop));
}

#[tokio::test]
async fn tool_calls_come_each_once_it_is_whole() {
    let piece = |index: i64, name: &str, arguments: &str| json!({"index": index, "id": format!("call_{index}"), "function": {"name": name, "arguments": arguments}});
    let one = |piece: Value| delta(json!({"tool_calls": [piece]}));
    let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    let (begun, more) = (one(piece(0, "f", "{\"a\":")), one(piece(0, "", "1}")));
    let next = one(piece(1, "g", "{\"b\""));
    let good = "data: [DONE]\n\n";
    // The chunks, the end, the calls that come, and whether an error follows them.
    let cases = [
        ("one, finished", vec![begun.clone(), more.clone(), finish.clone()], good, vec!["{\"a\":1}"], false),
        ("one, without a finish reason", vec![begun.clone(), more.clone()], good, vec!["{\"a\":1}"], false),
        ("a finish reason, no mark", vec![begun.clone(), more.clone(), finish.clone()], "", vec!["{\"a\":1}"], false),
        ("the second is cut", vec![begun.clone(), more.clone(), next.clone()], "", vec!["{\"a\":1}"], true),
        ("interleaved", vec![begun.clone(), next, more, one(piece(1, "", ":2}"))], good, vec!["{\"a\":1}", "{\"b\":2}"], false),
        ("cut in the first", vec![begun.clone()], "", vec![], true),
        ("arguments that are no JSON come as they are", vec![begun, finish], good, vec!["{\"a\":"], false),
        ("none", vec![delta(json!({"content": "a"}))], good, vec![], false),
    ];
    for (label, chunks, end, expected, fails) in cases {
        let server = super::gateway(&chunks, end).await;
        let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
        let mut calls = client(&server.url).chat().create_stream(&request).await.unwrap().tool_calls();
        let (mut found, mut failed) = (Vec::new(), false);
        while let Some(call) = calls.next().await {
            match call {
                Ok(call) => found.push(call.function.unwrap().arguments.unwrap()),
                Err(error) => failed = error.is_truncated(),
            }
        }
        let expected: Vec<ChatToolArguments> = expected.into_iter().map(ChatToolArguments::from).collect();
        assert_eq!((found, failed), (expected, fails), "{label}");
        assert!(calls.next().await.is_none(), "{label}");
    }
}
