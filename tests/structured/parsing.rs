//! The model's JSON read back, and what every answer that can't be read says.

use octopusx::Error;
use octopusx::chat::{ChatCompletion, ChatToolCall};
use octopusx::gemini::{GeminiFunctionCall, GeminiGenerateContentResponse};
use octopusx::messages::{Message, MessageToolUseBlock};
use octopusx::responses::{ModelResponse, ResponseFunctionToolCall};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::types::*;
use super::values::recipe;

/// Answers of the four protocols with this text.
fn answers(text: &str) -> [Box<dyn Fn() -> Result<Recipe, Error>>; 4] {
    let chat = read::<ChatCompletion>(json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] }));
    let response = read::<ModelResponse>(json!({ "id": "r", "status": "completed", "output": [
        { "type": "reasoning", "id": "rs", "summary": [] },
        { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] },
    ] }));
    let claude = read::<Message>(json!({ "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn" }));
    let gemini = read::<GeminiGenerateContentResponse>(json!({ "candidates": [{
        "content": { "parts": [{ "text": "Let me think.", "thought": true }, { "text": text }] },
        "finishReason": "STOP",
    }] }));
    [
        Box::new(move || chat.parse()),
        Box::new(move || response.parse()),
        Box::new(move || claude.parse()),
        Box::new(move || gemini.parse()),
    ]
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn json_of_recipe() -> String {
    serde_json::to_string_pretty(&recipe()).unwrap()
}

#[test]
fn an_answer_is_read_with_and_without_a_fence() {
    let json = json_of_recipe();
    for text in [
        json.clone(),
        format!("\u{feff}\n \t{json}\n\n"),
        format!("```json\n{json}\n```"),
        format!("```\n{json}\n```\n"),
        format!("\n```JSON\r\n{json}```  "),
        format!("```{json}```"),
    ] {
        for parse in answers(&text) {
            assert_eq!(parse().unwrap(), recipe(), "{text}");
        }
    }
}

#[test]
fn an_answer_that_breaks_the_schema_names_place_and_text() {
    let mut broken = serde_json::to_value(recipe()).unwrap();
    broken["steps"][1]["minutes"] = "ten".into();
    let text = format!("```json\n{broken}\n```");
    for parse in answers(&text) {
        let error = parse().unwrap_err();
        assert!(error.is_decode() && !error.is_truncated() && !error.is_retryable(), "{error:?}");
        assert!(error.may_have_been_processed(), "it was paid for");
        assert_eq!(error.json_path(), Some("steps[1].minutes"));
        assert_eq!(error.text(), Some(&*text));
        let told = error.to_string();
        assert!(told.starts_with("the answer can't be read as `Recipe` at `steps[1].minutes`: invalid type"), "{told}");
        assert!(format!("{error:?}").contains("ten"), "{error:?}");
    }
}

#[test]
fn text_that_is_no_json_is_told_as_it_came() {
    for text in ["I would love to help!", "{\"title\": \"Pancakes\", ", "{} and more", "```json\nno\n```", "``` ```"] {
        for parse in answers(text) {
            let error = parse().unwrap_err();
            assert!(error.is_decode(), "{error:?}");
            assert_eq!(error.text(), Some(text));
        }
    }
    for parse in answers(" \n ") {
        let error = parse().unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("the model wrote nothing"), "{error}");
    }
}

#[test]
fn below_enums_the_path_is_right_too() {
    let text = json!({ "whole": { "sum": [{ "number": 1.0 }, { "number": true }] }, "check": null }).to_string();
    let chat: ChatCompletion = read(json!({ "choices": [{ "message": { "content": text } }] }));
    let error = chat.parse::<Formula>().unwrap_err();
    assert_eq!(error.json_path(), Some("whole.sum[1].number"));
}

/// An answer of any protocol, and what its error says.
fn refused(value: Value, wanted: &str) {
    let error = match value {
        value if value.get("choices").is_some() => read::<ChatCompletion>(value).parse::<Recipe>(),
        value if value.get("output").is_some() => read::<ModelResponse>(value).parse(),
        value if value.get("content").is_some() => read::<Message>(value).parse(),
        value => read::<GeminiGenerateContentResponse>(value).parse(),
    }
    .unwrap_err();
    assert!(error.is_refused() && !error.is_decode() && !error.is_retryable(), "{error:?}");
    assert_eq!(error.to_string(), format!("the model refused to answer: {wanted}"));
    assert_eq!(error.text(), Some(wanted));
}

#[test]
fn a_refusal_says_so_with_the_models_words() {
    let words = "I can't help with that.";
    refused(json!({ "choices": [{ "message": { "content": null, "refusal": words }, "finish_reason": "stop" }] }), words);
    refused(
        json!({ "choices": [{ "message": { "content": "{" }, "finish_reason": "content_filter" }] }),
        "finish_reason is `content_filter`",
    );
    let part = json!([{ "type": "refusal", "refusal": words }]);
    refused(json!({ "id": "r", "status": "completed", "output": [{ "type": "message", "content": part }] }), words);
    let details = json!({ "reason": "content_filter" });
    refused(
        json!({ "id": "r", "status": "incomplete", "incomplete_details": details, "output": [] }),
        "incomplete because of `content_filter`",
    );
    refused(json!({ "content": [{ "type": "text", "text": words }], "stop_reason": "refusal" }), words);
    refused(json!({ "content": [], "stop_reason": "refusal" }), "stop_reason is `refusal`");
    refused(json!({ "promptFeedback": { "blockReason": "SAFETY" } }), "the prompt was blocked (`SAFETY`)");
    refused(
        json!({ "candidates": [{ "finishReason": "RECITATION", "finishMessage": "Too close to a book." }] }),
        "finishReason is `RECITATION` Too close to a book.",
    );
}

#[test]
fn an_answer_that_ran_out_of_tokens_is_cut_off_whatever_it_looks_like() {
    // Whole by chance, but nobody knows whether the model was done.
    let text = json_of_recipe();
    let errors = [
        read::<ChatCompletion>(json!({ "choices": [{ "message": { "content": text }, "finish_reason": "length" }] }))
            .parse::<Recipe>(),
        read::<ModelResponse>(json!({
            "id": "r", "status": "incomplete", "incomplete_details": { "reason": "max_output_tokens" },
            "output": [{ "type": "message", "content": [{ "type": "output_text", "text": text }] }],
        }))
        .parse(),
        read::<Message>(json!({ "content": [{ "type": "text", "text": text }], "stop_reason": "max_tokens" })).parse(),
        read::<GeminiGenerateContentResponse>(
            json!({ "candidates": [{ "content": { "parts": [{ "text": text }] }, "finishReason": "MAX_TOKENS" }] }),
        )
        .parse(),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert!(error.is_truncated() && !error.is_decode() && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().starts_with("the model's answer is cut off ("), "{error}");
        assert_eq!(error.text(), Some(&*text));
    }
}

#[test]
fn a_call_in_place_of_an_answer_says_which_tool() {
    let chat: ChatCompletion = read(json!({ "choices": [{ "message": {
        "content": null,
        "tool_calls": [{ "id": "c", "function": { "name": "GetWeather", "arguments": "{}" } }],
    } }] }));
    let error = chat.parse::<Recipe>().unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("the model called GetWeather instead"), "{error}");
    // Nothing but options would fit the other tool's input.
    let claude: Message = read(json!({ "content": [{ "type": "tool_use", "id": "t", "name": "GetWeather", "input": {} }] }));
    let error = claude.parse::<Option<Ping>>().unwrap_err();
    assert!(error.to_string().contains("the model called GetWeather instead"), "{error}");
    let empty: ChatCompletion = read(json!({ "choices": [] }));
    assert!(empty.parse::<Recipe>().unwrap_err().to_string().contains("it has no choices"));
    let failed = json!({ "id": "r", "status": "failed", "error": { "code": "x", "message": "No luck." }, "output": [] });
    let error = read::<ModelResponse>(failed).parse::<Recipe>().unwrap_err();
    assert!(error.to_string().contains("its status is `failed` No luck."), "{error}");
}

#[test]
fn claudes_answer_is_the_input_of_the_answer_tool() {
    for input in [json!(recipe()), json_of_recipe().into()] {
        let blocks = json!([
            { "type": "text", "text": "Here it is." },
            { "type": "tool_use", "id": "t1", "name": "GetWeather", "input": { "city": "Oslo" } },
            { "type": "tool_use", "id": "t2", "name": "answer", "input": input },
        ]);
        let message: Message = read(json!({ "content": blocks, "stop_reason": "tool_use" }));
        assert_eq!(message.parse::<Recipe>().unwrap(), recipe());
    }
}

#[test]
fn arguments_are_read_from_text_and_from_objects() {
    let weather = GetWeather { city: "Oslo".to_owned(), celsius: Some(true) };
    let object = json!({ "city": "Oslo", "celsius": true });
    for arguments in [object.clone(), object.to_string().into(), format!("```json\n{object}\n```").into()] {
        let call: ChatToolCall = read(json!({ "id": "c", "function": { "name": "GetWeather", "arguments": arguments } }));
        assert!(call.is::<GetWeather>() && !call.is::<Ping>());
        assert_eq!(call.parse_arguments::<GetWeather>().unwrap(), weather);
        let call: ResponseFunctionToolCall =
            read(json!({ "type": "function_call", "call_id": "c", "name": "GetWeather", "arguments": arguments }));
        assert!(call.is::<GetWeather>() && !call.is::<Ping>());
        assert_eq!(call.parse_arguments::<GetWeather>().unwrap(), weather);
        let call: MessageToolUseBlock = read(json!({ "type": "tool_use", "id": "c", "name": "GetWeather", "input": arguments }));
        assert!(call.is::<GetWeather>() && !call.is::<Ping>());
        assert_eq!(call.parse_arguments::<GetWeather>().unwrap(), weather);
    }
    let call: GeminiFunctionCall = read(json!({ "name": "GetWeather", "args": object }));
    assert!(call.is::<GetWeather>() && !call.is::<Ping>());
    assert_eq!(call.parse_arguments::<GetWeather>().unwrap(), weather);
}

#[test]
fn no_arguments_are_an_empty_object() {
    for arguments in [Value::Null, "".into(), " ".into(), "{}".into(), json!({})] {
        let call: ChatToolCall = read(json!({ "id": "c", "function": { "name": "Ping", "arguments": arguments } }));
        assert_eq!(call.parse_arguments::<Ping>().unwrap(), Ping {});
    }
    assert_eq!(read::<GeminiFunctionCall>(json!({ "name": "Ping" })).parse_arguments::<Ping>().unwrap(), Ping {});
    let call: ChatToolCall = read(json!({ "id": "c", "function": { "name": "GetWeather", "arguments": "" } }));
    let error = call.parse_arguments::<GetWeather>().unwrap_err();
    assert!(error.to_string().starts_with("the call of `GetWeather` can't be read as `GetWeather`: missing field"), "{error}");
    let call: ChatToolCall = read(json!({ "function": { "name": "GetWeather", "arguments": { "city": 3 } } }));
    let error = call.parse_arguments::<GetWeather>().unwrap_err();
    assert_eq!((error.json_path(), error.text()), (Some("city"), Some(r#"{"city":3}"#)));
}
