//! Chunks of completions.

use octopusx::Error;
use octopusx::completions::{Completion, CompletionFinishReason, CompletionRequest};
use serde_json::{Value, json};

use super::{documented, gateway, gathered, plain, texts};
use crate::support::client;

const DONE: &str = "data: [DONE]\n\n";

async fn collected(chunks: &[Value], end: &str) -> (Completion, Option<Error>) {
    let server = gateway(chunks, end).await;
    gathered!(client(&server.url).completions().create_stream(&CompletionRequest::new("m", "x")).await.unwrap())
}

fn choice(choice: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [choice]})
}

#[tokio::test]
async fn the_documented_stream_gives_the_answer_of_a_call_without_a_stream() {
    let (whole, error) = collected(&documented("/v1/completions"), DONE).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(whole.text(), " one door to many services.");
    assert_eq!(
        plain(whole),
        json!({
            "id": "cmpl_stream123",
            "object": "text_completion",
            "created": 1735689600,
            "model": "gpt-3.5-turbo-instruct",
            "choices": [{"index": 0, "text": " one door to many services.", "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11},
        })
    );
}

#[tokio::test]
async fn choices_stand_by_index_in_whatever_order_they_come() {
    let chunks = [
        choice(json!({"index": 2, "text": "c"})),
        choice(json!({"index": 0, "text": "a"})),
        choice(json!({"index": 9_000_000_000_i64, "text": "far"})),
        choice(json!({"index": 2, "text": "C"})),
        choice(json!({"index": 0, "text": "A"})),
    ];
    let (whole, _) = collected(&chunks, DONE).await;
    assert_eq!(whole.text(), "aA");
    let texts: Vec<_> = whole.choices.unwrap().into_iter().map(|choice| choice.text.unwrap()).collect();
    assert_eq!(texts, ["aA", "cC", "far"]);
}

#[tokio::test]
async fn choices_without_an_index_stand_in_order() {
    let chunks = [
        json!({"choices": [{"text": "a"}, {"text": "b"}]}),
        json!({"choices": [{"text": "A"}, {"text": "B"}]}),
        json!({"choices": [{"text": "!"}]}),
    ];
    let (whole, _) = collected(&chunks, DONE).await;
    let texts: Vec<_> = whole.choices.unwrap().into_iter().map(|choice| choice.text.unwrap()).collect();
    assert_eq!(texts, ["aA!", "bB"]);
}

#[tokio::test]
async fn log_probabilities_are_joined() {
    let chunks = [
        choice(json!({"index": 0, "text": "Sky", "logprobs": {"tokens": ["Sky"], "token_logprobs": [null], "text_offset": [0]}})),
        choice(
            json!({"index": 0, "text": " blue", "logprobs": {"tokens": [" blue"], "token_logprobs": [-0.25], "text_offset": [3]}}),
        ),
        choice(json!({"index": 0, "text": "", "logprobs": null})),
    ];
    let (whole, _) = collected(&chunks, DONE).await;
    let logprobs = whole.choices.unwrap().remove(0).logprobs.unwrap();
    assert_eq!(logprobs.tokens.unwrap(), ["Sky", " blue"]);
    assert_eq!(logprobs.token_logprobs.unwrap(), [json!(null), json!(-0.25)]);
    assert_eq!(logprobs.text_offset.unwrap(), [0, 3]);
}

#[tokio::test]
async fn empty_facts_take_nothing_away() {
    let chunks = [
        choice(json!({"index": 0, "text": "a", "finish_reason": ""})),
        json!({"choices": [{"index": 0, "finish_reason": "length"}], "usage": {"prompt_tokens": 3, "total_tokens": 4}}),
        json!({"id": "", "model": "", "choices": [{"index": 0, "text": "", "finish_reason": ""}], "usage": {}}),
        json!({"choices": null, "usage": {"total_tokens": "5"}}),
    ];
    let (whole, _) = collected(&chunks, DONE).await;
    assert_eq!((whole.id.as_deref(), whole.model.as_deref()), (Some("c"), Some("m")));
    assert_eq!(whole.choices.as_ref().unwrap()[0].finish_reason, Some(CompletionFinishReason::Length));
    let usage = whole.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.total_tokens), (Some(3), Some(5)));
}

#[tokio::test]
async fn members_that_nobody_documented_are_kept() {
    let chunks = [
        json!({"provider": "x", "choices": [{"index": 0, "text": "a", "shade": 1}]}),
        json!({"choices": [{"index": 0, "text": "b", "shade": 2}]}),
    ];
    let (whole, _) = collected(&chunks, DONE).await;
    assert_eq!(whole.extra["provider"], "x");
    assert_eq!(whole.choices.unwrap()[0].extra["shade"], 2);
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_leaves_what_came() {
    let (whole, error) = collected(&documented("/v1/completions")[..2], "data: {\"cho").await;
    assert!(error.unwrap().is_truncated());
    assert_eq!(whole.text(), " one door to many services.");
    assert_eq!(whole.choices.unwrap()[0].finish_reason, None);
}

#[tokio::test]
async fn the_texts_of_a_stream_are_those_of_the_first_choice() {
    let chunks = [
        choice(json!({"index": 0, "text": "a"})),
        choice(json!({"index": 1, "text": "no"})),
        choice(json!({"index": 0, "text": ""})),
        choice(json!({"text": "b"})),
    ];
    let server = gateway(&chunks, DONE).await;
    let stream = client(&server.url).completions().create_stream(&CompletionRequest::new("m", "x")).await.unwrap();
    assert_eq!(texts!(stream), ["a", "b"]);
}
