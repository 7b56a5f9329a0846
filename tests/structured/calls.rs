//! Against servers: the gateway takes what is made, and streams and answers are read with what came with them.

use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatTool};
use octopusx::gemini::{GeminiContent, GeminiGenerateContentRequest, GeminiTool};
use octopusx::messages::{MessageCreateRequest, MessageOutputConfig, MessageOutputFormat, MessageParam, MessageTool};
use octopusx::responses::{ResponseCreateRequest, ResponseFunctionTool};
use octopusx_mock::Gateway;
use serde_json::json;

use super::types::*;
use super::values::recipe;
use crate::raw::{Server, answers};
use crate::support::{KEY, client};

#[tokio::test]
async fn the_gateway_takes_tools_and_formats_of_all_protocols() {
    let gateway = Gateway::builder().key(KEY).start().await.unwrap();
    let client = client(gateway.url());

    let chat = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("?")]);
    let chat = chat.tools([ChatTool::of::<GetWeather>().unwrap(), ChatTool::of::<Ping>().unwrap()]);
    client.chat().create(&chat.answer_as::<Recipe>().unwrap()).await.unwrap();

    let response = ResponseCreateRequest::new("gpt-4o", "?").tools([ResponseFunctionTool::of::<Plain>().unwrap()]);
    client.responses().create(&response.answer_as::<Formula>().unwrap()).await.unwrap();

    let message = MessageCreateRequest::new("claude-sonnet-4-20250514", 100, [MessageParam::user("?")]);
    let tools = message.clone().tools([MessageTool::of::<Tree>().unwrap()]);
    client.messages().create(&tools.answer_as::<Recipe>().unwrap()).await.unwrap();
    let format = MessageOutputConfig::new().format(MessageOutputFormat::of::<Times>().unwrap());
    client.messages().create(&message.output_config(format)).await.unwrap();

    let gemini = GeminiGenerateContentRequest::new([GeminiContent::user("?")]);
    let gemini = gemini.tools([GeminiTool::of::<Plain>().unwrap(), GeminiTool::of::<Ping>().unwrap()]);
    let gemini = gemini.answer_as::<Recipe>().unwrap();
    client.gemini().generate_content("gemini-2.0-flash", &gemini).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_breaks_the_schema_brings_what_came_with_it() {
    let body = json!({ "choices": [{ "message": { "content": "{\"title\": 3}" }, "finish_reason": "stop" }] }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\nx-request-id: req-7\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::play(answers(format!("{head}{body}"))).await;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("?")]).answer_as::<Recipe>().unwrap();
    let answer = client(&server.url).chat().create(&request).await.unwrap();
    let error = answer.parse::<Recipe>().unwrap_err();
    assert_eq!(error.json_path(), Some("title"));
    assert_eq!(error.text(), Some("{\"title\": 3}"));
    assert_eq!(error.request_id(), Some("req-7"));
    assert_eq!(error.http_status().unwrap(), 200);
    assert_eq!(error.body().unwrap(), body.as_bytes());
    assert_eq!((error.operation().unwrap().id(), error.attempts()), ("chat_create", 1));
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.is_decode() && error.may_have_been_processed());
}

#[tokio::test]
async fn a_secret_that_the_model_repeats_is_not_shown() {
    let text = format!("{{\"title\": {{\"{KEY}\": 1}}}}");
    let body = json!({ "choices": [{ "message": { "content": text } }] }).to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::play(answers(format!("{head}{body}"))).await;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("?")]);
    let answer = client(&server.url).chat().create(&request).await.unwrap();
    let error = answer.parse::<Recipe>().unwrap_err();
    assert!(error.text().unwrap().contains(KEY), "what came can be read");
    assert!(!format!("{error} {error:?}").contains(KEY), "but is not shown");
}

#[tokio::test]
async fn a_collected_stream_is_read_like_an_answer() {
    let json = serde_json::to_string(&recipe()).unwrap();
    let mut events = String::new();
    for piece in json.as_bytes().chunks(7) {
        let piece = std::str::from_utf8(piece).unwrap();
        events += &format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] }));
    }
    let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let server = Server::play(answers(format!("{head}{events}data: {end}\n\ndata: [DONE]\n\n"))).await;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("?")]).answer_as::<Recipe>().unwrap();
    let stream = client(&server.url).chat().create_stream(&request).await.unwrap();
    assert_eq!(stream.collect().await.unwrap().parse::<Recipe>().unwrap(), recipe());
}

#[tokio::test]
async fn calls_of_a_collected_stream_are_read_like_those_of_an_answer() {
    let block = json!({ "type": "tool_use", "id": "t", "name": "GetWeather", "input": {} });
    let mut events = vec![
        json!({ "type": "message_start", "message": { "type": "message", "role": "assistant", "content": [] } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
    ];
    for piece in ["{\"ci", "ty\": \"Os", "lo\"}"] {
        let delta = json!({ "type": "input_json_delta", "partial_json": piece });
        events.push(json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    }
    events.push(json!({ "type": "content_block_stop", "index": 0 }));
    events.push(json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": {} }));
    events.push(json!({ "type": "message_stop" }));
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let server = Server::play(answers(format!("{head}{body}"))).await;
    let request = MessageCreateRequest::new("claude-sonnet-4-20250514", 100, [MessageParam::user("?")]);
    let request = request.tools([MessageTool::of::<GetWeather>().unwrap()]);
    let whole = client(&server.url).messages().create_stream(&request).await.unwrap().collect().await.unwrap();
    let call = whole.tool_uses().next().unwrap();
    assert!(call.is::<GetWeather>());
    assert_eq!(call.parse_arguments::<GetWeather>().unwrap(), GetWeather { city: "Oslo".to_owned(), celsius: None });
}
