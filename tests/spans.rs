//! What tracing and the middleware learn of a call, to its last byte.

use std::sync::{Arc, Mutex};

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::middleware::{Attempt, Middleware};
use octopusx::{Error, EventStream, Operation};
use serde_json::{Value, json};

use crate::raw::{Server, answer, answers};
use crate::shown::Shown;
use crate::support::{builder, client};

fn operation(id: &str) -> &'static Operation {
    octopusx::OPERATIONS.iter().find(|operation| operation.id() == id).unwrap()
}

fn events(events: &[Value], end: &str) -> Vec<u8> {
    let data: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    answer("200 OK", &["content-type: text/event-stream"], format!("{data}{end}"))
}

async fn to_its_end(mut stream: EventStream<Value>) -> Option<Error> {
    let mut last = None;
    while let Some(event) = stream.next().await {
        last = event.err();
    }
    last
}

/// The lines that a call shows, and the error that it ended with.
async fn shown_by(id: &str, path: &[&str], bytes: Vec<u8>) -> (Vec<String>, Option<Error>) {
    let server = Server::play(answers(bytes)).await;
    let client = client(&server.url);
    let shown = Shown::default();
    let guard = tracing::subscriber::set_default(shown.clone());
    let call = client.call_operation(operation(id), path).json(&json!({"model": "m"})).into_events();
    let error = match call.await {
        Ok(stream) => to_its_end(stream).await,
        Err(error) => Some(error),
    };
    drop(guard);
    (shown.0.lock().unwrap().clone(), error)
}

#[track_caller]
fn records(lines: &[String], fields: &[&str]) {
    // OpenTelemetry would keep them as texts.
    let unsigned = lines.iter().find(|line| line.starts_with("record") && line.contains("(unsigned)"));
    assert_eq!(unsigned, None);
    for field in fields {
        let found = lines.iter().filter(|line| line.starts_with("record") && line.contains(field)).count();
        assert_eq!(found, 1, "{field}: {lines:#?}");
    }
}

const USED: [&str; 6] = [
    "http.response.status_code=200",
    "gen_ai.request.stream=true",
    "gen_ai.response.time_to_first_chunk=0.",
    "gen_ai.response.model=\"m-2\"",
    "gen_ai.usage.input_tokens=7",
    "gen_ai.usage.output_tokens=3",
];

#[tokio::test]
async fn the_span_of_a_stream_tells_model_tokens_and_first_chunk_in_every_protocol() {
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 3});
    let openai = |choice: Value| {
        let chunk = json!({"model": "m-2", "choices": [choice], "usage": {"prompt_tokens": 0, "completion_tokens": 0}});
        events(&[chunk, json!({"model": "m-2", "choices": [], "usage": usage})], "data: [DONE]\n\n")
    };
    let responses = [
        json!({"type": "response.created", "response": {"id": "r", "model": "m-2"}}),
        json!({"type": "response.completed", "response":
            {"id": "r", "model": "m-2", "usage": {"input_tokens": 7, "output_tokens": 3}}}),
    ];
    let messages = [
        json!({"type": "message_start", "message": {"model": "m-2", "usage": {"input_tokens": 7, "output_tokens": 1}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    let gemini = [json!({"modelVersion": "m-2", "candidates": [{"finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3}})];
    let cases = [
        ("chat_create", vec![], openai(json!({"index": 0, "delta": {"content": "a"}}))),
        ("completions_create", vec![], openai(json!({"index": 0, "text": "a"}))),
        ("responses_create", vec![], events(&responses, "")),
        ("messages_create", vec![], events(&messages, "")),
        ("gemini_stream_generate_content", vec!["m"], events(&gemini, "")),
    ];
    for (id, path, bytes) in cases {
        let (lines, error) = shown_by(id, &path, bytes).await;
        assert!(error.is_none(), "{id}: {error:?}");
        records(&lines, &USED);
        assert!(!lines.iter().any(|line| line.contains("error.type")), "{id}: {lines:#?}");
        let span = lines.iter().find(|line| line.contains("octopusx.call")).unwrap();
        assert!(span.contains("gen_ai.provider.name=\"octopusx\""), "{span}");
    }
}

#[tokio::test]
async fn the_span_of_a_whole_answer_tells_model_and_tokens() {
    let body = r#"{"model":"m-2","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#;
    let server = Server::play(answers(answer("200 OK", &[], body))).await;
    let client = client(&server.url);
    let shown = Shown::default();
    let guard = tracing::subscriber::set_default(shown.clone());
    client.chat().create(&ChatCompletionRequest::new("m", [ChatMessage::user("x")])).await.unwrap();
    drop(guard);
    let lines = shown.0.lock().unwrap().clone();
    records(&lines, &[USED[0], USED[3], USED[4], USED[5], "gen_ai.request.model=\"m\""]);
}

#[tokio::test]
async fn the_second_gateway_goes_by_its_own_name() {
    let server = Server::play(answers(answer("200 OK", &[], r#"{"data":[]}"#))).await;
    let builder = octopusx::openoctopus::Client::builder().key(crate::support::KEY).base_url(&server.url);
    let client = builder.http(|http| http.tls_certs_only([])).build().unwrap();
    let shown = Shown::default();
    let guard = tracing::subscriber::set_default(shown.clone());
    let _ = client.models().list().await;
    drop(guard);
    let lines = shown.0.lock().unwrap().clone();
    assert!(lines[0].contains("gen_ai.provider.name=\"openoctopus\""), "{lines:#?}");
}

/// Keeps what the middleware is told of errors.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Middleware for Told {
    fn on_error(&self, attempt: &Attempt, error: &Error) {
        self.0.lock().unwrap().push(format!("{} {} {error}", attempt.operation.id(), attempt.number));
    }
}

#[tokio::test]
async fn every_error_after_the_head_reaches_the_middleware_once_and_the_span() {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "a"}}]});
    let streamed = |end: &str| events(std::slice::from_ref(&chunk), end);
    let cut = answer("200 OK", &["content-type: text/event-stream"], "data: {\"choices\":[]}\n\n");
    let cut = String::from_utf8(cut).unwrap().replace("content-length: ", "content-length: 9");
    let cases = [
        ("truncated", true, streamed(""), "Truncated"),
        ("broken off", true, cut.into_bytes(), "Truncated"),
        ("an error in mid-stream", true, streamed("data: {\"error\":{\"message\":\"late\"}}\n\n"), "Api"),
        ("an event that can't be read", true, streamed("data: {\"choices\":7}\n\n"), "Decode"),
        ("a failure in place of a stream", true, answer("200 OK", &[], r#"{"error":{"message":"no"}}"#), "Api"),
        ("a web page in place of a stream", true, answer("200 OK", &["content-type: text/html"], "<html>"), "Decode"),
        ("an answer that can't be read", false, answer("200 OK", &[], r#"{"choices":7}"#), "Decode"),
        ("a failure inside an answer", false, answer("200 OK", &[], r#"{"error":{"message":"no"}}"#), "Api"),
    ];
    for (label, streams, bytes, kind) in cases {
        let server = Server::play(answers(bytes)).await;
        let told = Told::default();
        let client = builder(&server.url).middleware(told.clone()).build().unwrap();
        let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
        let shown = Shown::default();
        let guard = tracing::subscriber::set_default(shown.clone());
        let error = if streams {
            match client.chat().create_stream(&request).await {
                Ok(stream) => stream.collect().await.unwrap_err(),
                Err(error) => error,
            }
        } else {
            client.chat().create(&request).await.unwrap_err()
        };
        drop(guard);
        let told = told.0.lock().unwrap().clone();
        assert_eq!(told, [format!("chat_create 1 {error}")], "{label}");
        let lines = shown.0.lock().unwrap().clone();
        records(&lines, &[&format!("error.type={kind}"), "otel.status_code=\"ERROR\""]);
    }
}
