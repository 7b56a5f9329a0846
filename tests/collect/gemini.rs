//! Events of Gemini.

use octopusx::Error;
use octopusx::gemini::{
    GeminiBlob, GeminiContent, GeminiFinishReason, GeminiFunctionResponse, GeminiGenerateContentRequest,
    GeminiGenerateContentResponse, GeminiPart,
};
use serde_json::{Value, json};

use super::{documented, gateway, gathered, plain, texts};
use crate::support::client;

fn request() -> GeminiGenerateContentRequest {
    GeminiGenerateContentRequest::new([GeminiContent::user("x")])
}

async fn collected(events: &[Value], end: &str) -> (GeminiGenerateContentResponse, Option<Error>) {
    let server = gateway(events, end).await;
    gathered!(client(&server.url).gemini().stream_generate_content("m", &request()).await.unwrap())
}

/// Collects the parts of these events, and ends well.
async fn parts(events: &[Value]) -> Value {
    let mut events: Vec<_> =
        events.iter().map(|parts| json!({"candidates": [{"content": {"role": "model", "parts": parts}}]})).collect();
    events.push(json!({"candidates": [{"finishReason": "STOP"}]}));
    let (whole, error) = collected(&events, "").await;
    assert!(error.is_none(), "{error:?}");
    plain(whole)["candidates"][0]["content"]["parts"].clone()
}

#[tokio::test]
async fn the_documented_stream_gives_the_answer_of_a_call_without_a_stream() {
    let (whole, error) = collected(&documented("/v1beta/models/{model}:streamGenerateContent"), "").await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(whole.text(), "Checking keys, choosing a provider and counting tokens.");
    assert_eq!(
        plain(whole),
        json!({
            "candidates": [{
                "content": {"role": "model", "parts": [{"text": "Checking keys, choosing a provider and counting tokens."}]},
                "finishReason": "STOP",
                "index": 0,
            }],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 11, "totalTokenCount": 20},
            "modelVersion": "gemini-2.0-flash",
            "responseId": "resp_abc124",
        })
    );
}

#[tokio::test]
async fn texts_are_joined_as_long_as_they_are_of_one_kind() {
    let found = parts(&[
        json!([{"text": "Let me ", "thought": true}]),
        json!([{"text": "see.", "thought": true}, {"text": "It "}]),
        json!([{"text": "is", "thought": false}]),
        json!([{"functionCall": {"name": "f", "args": {"x": 1}}}, {"functionCall": {"name": "f", "args": {"x": 2}}}]),
        json!([{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}, {"text": "so"}]),
        json!([{"text": "."}, {"text": ""}]),
    ])
    .await;
    assert_eq!(
        found,
        json!([
            {"text": "Let me see.", "thought": true},
            {"text": "It is"},
            {"functionCall": {"name": "f", "args": {"x": 1}}},
            {"functionCall": {"name": "f", "args": {"x": 2}}},
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
            {"text": "so."},
        ])
    );
}

#[tokio::test]
async fn a_part_with_a_signature_or_unknown_members_stands_by_itself() {
    let found = parts(&[
        json!([{"text": "a"}]),
        json!([{"text": "", "thoughtSignature": "c2ln"}]),
        json!([{"text": "b"}]),
        json!([{"text": "c", "hologram": 1}]),
        json!([{"text": ""}]),
    ])
    .await;
    assert_eq!(
        found,
        json!([{"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}, {"text": "b"}, {"text": "c", "hologram": 1}])
    );
}

#[tokio::test]
async fn candidates_stand_by_index_and_without_one_in_order() {
    let piece = |index: Value, text: &str| json!({"index": index, "content": {"parts": [{"text": text}]}});
    let events = [
        json!({"candidates": [piece(json!(1), "b")]}),
        json!({"candidates": [piece(json!(0), "a"), piece(json!(1), "B")]}),
        json!({"candidates": [piece(json!(null), "A"), piece(json!(null), "!")]}),
        json!({"candidates": [{"index": 0, "finishReason": "STOP"}, {"index": 1, "finishReason": "MAX_TOKENS"}]}),
        json!({"candidates": [{"index": 0, "finishReason": ""}]}),
    ];
    let (whole, _) = collected(&events, "").await;
    assert_eq!(whole.text(), "aA");
    let candidates = whole.candidates.unwrap();
    assert_eq!(candidates.iter().map(|candidate| candidate.index.unwrap()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(candidates[1].content.as_ref().unwrap().text(), "bB!");
    assert_eq!(candidates[0].finish_reason, Some(GeminiFinishReason::Stop));
    assert_eq!(candidates[1].finish_reason, Some(GeminiFinishReason::MaxTokens));
}

#[tokio::test]
async fn the_last_counters_win_and_those_left_out_stay() {
    let events = [
        json!({"usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}]}}),
        json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"candidatesTokenCount": 11, "totalTokenCount": 20, "promptTokensDetails": null}}),
        json!({"usageMetadata": {}, "responseId": "r", "provider": "x"}),
    ];
    let (whole, _) = collected(&events, "").await;
    assert_eq!(
        plain(whole),
        json!({
            "candidates": [{"finishReason": "STOP", "index": 0}],
            "usageMetadata": {
                "promptTokenCount": 9,
                "candidatesTokenCount": 11,
                "totalTokenCount": 20,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}],
            },
            "responseId": "r",
            "provider": "x",
        })
    );
}

#[tokio::test]
async fn citations_and_tokens_gather_and_what_was_found_stays() {
    let (a, b) = (json!({"uri": "https://a.example"}), json!({"uri": "https://b.example"}));
    let event = |candidate: Value| json!({"candidates": [candidate]});
    let events = [
        event(
            json!({"citationMetadata": {"citations": [a]}, "logprobsResult": {"chosenCandidates": [1]}, "groundingMetadata": {"webSearchQueries": ["q"]}}),
        ),
        event(json!({"citationMetadata": {"citations": [b]}, "logprobsResult": {"chosenCandidates": [1, 2]}})),
        event(
            json!({"citationMetadata": {"citations": [a, b]}, "groundingMetadata": {"groundingChunks": [3]}, "finishReason": "STOP"}),
        ),
    ];
    let (whole, _) = collected(&events, "").await;
    let candidate = &plain(whole)["candidates"][0];
    assert_eq!(candidate["citationMetadata"], json!({"citations": [a, b]}));
    assert_eq!(candidate["logprobsResult"], json!({"chosenCandidates": [1, 1, 2]}));
    assert_eq!(candidate["groundingMetadata"], json!({"webSearchQueries": ["q"], "groundingChunks": [3]}));
}

#[tokio::test]
async fn a_blocked_prompt_is_an_answer_without_candidates() {
    let (whole, error) = collected(&[json!({"promptFeedback": {"blockReason": "SAFETY"}})], "").await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(plain(&whole), json!({"promptFeedback": {"blockReason": "SAFETY"}}));
    assert_eq!(whole.text(), "");
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_leaves_what_came() {
    let (whole, error) = collected(&documented("/v1beta/models/{model}:streamGenerateContent")[..2], "data: {\"cand").await;
    assert!(error.unwrap().is_truncated());
    assert_eq!(whole.text(), "Checking keys, choosing a provider");
    assert_eq!(whole.candidates.unwrap()[0].finish_reason, None);
}

#[tokio::test]
async fn the_texts_of_a_stream_hold_neither_thinking_nor_other_candidates() {
    let events = [
        json!({"candidates": [{"content": {"parts": [{"text": "hm", "thought": true}]}}]}),
        json!({"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}),
        json!({"candidates": [{"index": 1, "content": {"parts": [{"text": "no"}]}}]}),
        json!({"candidates": [{"content": {"parts": [{"text": "c"}]}, "finishReason": "STOP"}]}),
    ];
    let server = gateway(&events, "").await;
    assert_eq!(texts!(client(&server.url).gemini().stream_generate_content("m", &request()).await.unwrap()), ["ab", "c"]);
}

#[tokio::test]
async fn function_calls_are_at_hand_and_the_answer_is_the_next_turn() {
    let events = [
        json!({"candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"}]}}]}),
        json!({"candidates": [{"finishReason": "STOP"}]}),
    ];
    let (whole, _) = collected(&events, "").await;
    let names: Vec<_> = whole.function_calls().map(|call| call.name.clone().unwrap()).collect();
    assert_eq!(names, ["f"]);
    let said = whole.candidates.unwrap().remove(0).content.unwrap();
    let next = [said, GeminiContent::user(GeminiFunctionResponse::new("f", [("y", 2)]))];
    assert_eq!(
        plain(next),
        json!([
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"y": 2}}}]},
        ])
    );
}

#[test]
fn a_turn_is_made_of_texts_and_other_parts() {
    let turn = GeminiContent::user("What is ").with_part("this?").with_part(GeminiBlob::new("image/png", "QQ=="));
    assert_eq!(turn.text(), "What is this?");
    assert_eq!(
        plain(turn),
        json!({"role": "user", "parts": [{"text": "What is "}, {"text": "this?"}, {"inlineData": {"mimeType": "image/png", "data": "QQ=="}}]})
    );
    assert_eq!(GeminiContent::model(GeminiPart::from("hm".to_owned()).thought(true)).text(), "");
}
