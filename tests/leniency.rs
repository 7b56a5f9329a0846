//! Written exactly, read leniently: each rule on generated types.

use octopusx::chat::{
    ChatChunkChoice, ChatCompletion, ChatCompletionChunk, ChatContent, ChatContentPart, ChatFinishReason, ChatMessage,
    ChatToolArguments, ChatUsage,
};
use octopusx::models::ModelList;
use octopusx::videos::{Video, VideoRequest, VideoStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn back<T: DeserializeOwned + Serialize>(value: Value) -> Value {
    serde_json::to_value(read::<T>(value)).unwrap()
}

#[test]
fn an_unknown_word_is_kept_and_written_back() {
    let video: Video = read(json!({"id": "v", "status": "marinating"}));
    assert_eq!(video.status, Some(VideoStatus::Other("marinating".into())));
    assert_eq!(back::<Video>(json!({"id": "v", "status": "marinating"})), json!({"id": "v", "status": "marinating"}));
}

#[test]
fn every_known_word_survives_the_round_trip() {
    for word in ["stop", "length", "tool_calls", "content_filter", "function_call", "eos_token"] {
        let reason = ChatFinishReason::from(word);
        assert_eq!(reason.as_str(), word);
        assert_eq!(reason.to_string(), word);
        assert_eq!(ChatFinishReason::from(word.to_owned()), reason);
        assert_eq!(serde_json::to_value(&reason).unwrap(), json!(word));
    }
    assert_eq!(ChatFinishReason::from("stop"), ChatFinishReason::Stop);
}

#[test]
fn an_unknown_field_is_kept_and_written_back() {
    let value = json!({"id": "v", "watermark": {"text": "x", "at": [1, 2.5, null]}});
    assert_eq!(read::<Video>(value.clone()).extra["watermark"]["at"][1], json!(2.5));
    assert_eq!(back::<Video>(value.clone()), value);
}

#[test]
fn an_unknown_tag_is_kept_whole() {
    let part = json!({"type": "hologram", "hologram": {"url": "https://example.com/h"}, "n": 1});
    let read: ChatContentPart = read(part.clone());
    assert_eq!(read, ChatContentPart::Unknown(part.clone()));
    assert_eq!(serde_json::to_value(&read).unwrap(), part);
}

#[test]
fn a_part_without_a_tag_or_that_is_no_object_is_kept_too() {
    for part in [json!({"text": "no tag"}), json!({"type": 7}), json!("bare"), json!(null)] {
        assert_eq!(read::<ChatContentPart>(part.clone()), ChatContentPart::Unknown(part.clone()));
        assert_eq!(back::<ChatContentPart>(part.clone()), part);
    }
}

#[test]
fn of_several_tags_the_last_counts_so_that_what_is_written_reads_the_same() {
    for (text, word) in [
        (r#"{"type": "text", "type": "hologram", "n": 1}"#, "hologram"),
        (r#"{"type": "hologram", "text": "x", "type": "text"}"#, "text"),
    ] {
        let read: ChatContentPart = serde_json::from_str(text).unwrap();
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<ChatContentPart>(&written).unwrap(), read, "{text}");
        assert_eq!(serde_json::to_value(&read).unwrap()["type"], word, "{text}");
    }
}

#[test]
fn a_known_tag_with_a_bad_body_is_an_error_and_not_unknown() {
    for bad in
        [json!({"type": "text"}), json!({"type": "text", "text": 5}), json!({"type": "image_url", "image_url": "not an object"})]
    {
        let error = serde_json::from_str::<ChatContentPart>(&bad.to_string()).unwrap_err().to_string();
        assert!(error.starts_with("missing field `text`") || error.starts_with("invalid type"), "{error}");
    }
}

#[test]
fn null_for_any_optional_reads_as_none_and_is_not_written() {
    let value = json!({
        "id": "v", "task_id": null, "status": null, "progress": null, "created_at": null, "seconds": null,
        "metadata": null, "error": null, "video_url": null,
    });
    let video: Video = read(value);
    assert!(video.status.is_none() && video.progress.is_none() && video.metadata.is_none() && video.error.is_none());
    assert_eq!(serde_json::to_value(&video).unwrap(), json!({"id": "v"}));
}

#[test]
fn null_in_a_map_of_one_type_reads_as_absent() {
    let chart: octopusx::moderations::ModerationResult =
        read(json!({"flagged": false, "categories": {"a": true, "b": null}, "category_scores": {"a": "0.5", "b": null}}));
    assert_eq!(chart.categories.unwrap().into_iter().collect::<Vec<_>>(), [("a".to_owned(), true)]);
    assert_eq!(chart.category_scores.unwrap().into_iter().collect::<Vec<_>>(), [("a".to_owned(), 0.5)]);
}

#[test]
fn null_for_any_array_reads_as_none_or_empty() {
    let chunk: ChatCompletionChunk = read(json!({"choices": null}));
    assert_eq!(chunk.choices, None);
    let message: ChatMessage = read(json!({"role": "assistant", "content": null, "tool_calls": null}));
    assert_eq!(message.tool_calls, None);
    // `data` is required: the list means nothing without it, but null is an empty list.
    assert!(read::<ModelList>(json!({"object": "list", "data": null})).data.is_empty());
    assert!(serde_json::from_str::<ModelList>(r#"{"object": "list"}"#).is_err());
}

#[test]
fn an_empty_array_stays_an_empty_array() {
    let value = json!({"choices": []});
    assert_eq!(read::<ChatCompletionChunk>(value.clone()).choices, Some(vec![]));
    assert_eq!(back::<ChatCompletionChunk>(value.clone()), value);
}

#[test]
fn numbers_also_read_strings() {
    for (value, expected) in [(json!(26), 26), (json!("26"), 26), (json!(" 26 "), 26), (json!(26.0), 26), (json!("26.0"), 26)] {
        let usage: ChatUsage = read(json!({"prompt_tokens": value}));
        assert_eq!(usage.prompt_tokens, Some(expected), "{value}");
    }
    assert_eq!(read::<ChatUsage>(json!({"prompt_tokens": ""})).prompt_tokens, None);
}

#[test]
fn what_is_no_number_is_an_error_and_never_zero() {
    for value in [json!("many"), json!(1.5), json!(true), json!([1]), json!({"n": 1}), json!("1e400"), json!(9.3e18)] {
        let text = json!({"prompt_tokens": value}).to_string();
        assert!(serde_json::from_str::<ChatUsage>(&text).is_err(), "{text}");
    }
}

#[test]
fn values_in_two_forms_have_one_accessor_and_keep_what_came() {
    for (value, percent) in
        [(json!(50), 50.0), (json!("50"), 50.0), (json!("50%"), 50.0), (json!(12.5), 12.5), (json!("12.5 %"), 12.5)]
    {
        let video: Video = read(json!({"id": "v", "progress": value}));
        assert_eq!(video.progress.as_ref().unwrap().percent(), Some(percent), "{value}");
        assert_eq!(video.progress.unwrap().raw(), value);
        assert_eq!(back::<Video>(json!({"id": "v", "progress": value})), json!({"id": "v", "progress": value}));
    }
    for (value, seconds) in
        [(json!(1735689600), 1735689600), (json!(1735689600.75), 1735689600), (json!("1735689600"), 1735689600)]
    {
        let video: Video = read(json!({"id": "v", "created_at": value}));
        assert_eq!(video.created_at.as_ref().unwrap().unix_seconds(), Some(seconds));
        assert_eq!(video.created_at.unwrap().raw(), value);
    }
    let video: Video = read(json!({"id": "v", "progress": "soon", "seconds": "8"}));
    assert_eq!(video.progress.unwrap().percent(), None);
    assert_eq!(video.seconds.unwrap().seconds(), Some(8.0));
}

#[test]
fn a_value_is_written_in_the_form_in_which_it_was_set() {
    let text = serde_json::to_value(VideoRequest::new("sora-2", "x").seconds("5")).unwrap();
    let number = serde_json::to_value(VideoRequest::new("sora-2", "x").seconds(5)).unwrap();
    assert_eq!((&text["seconds"], &number["seconds"]), (&json!("5"), &json!(5)));
}

#[test]
fn unions_by_json_type_read_each_form_and_keep_foreign_ones() {
    let text: ChatContent = read(json!("hello"));
    assert_eq!(text, ChatContent::Text("hello".into()));
    let parts: ChatContent = read(json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]));
    assert_eq!(parts.text(), "ab");
    assert_eq!(read::<ChatContent>(json!(7)), ChatContent::Other(json!(7)));
    for arguments in [json!("{\"city\":\"Oslo\"}"), json!({"city": "Oslo"}), json!(false)] {
        assert_eq!(back::<ChatToolArguments>(arguments.clone()), arguments);
    }
}

#[test]
fn chunks_of_real_gateways_are_read() {
    for chunk in [
        json!({}),
        json!({"choices": [{}]}),
        json!({"choices": [{"delta": null, "finish_reason": ""}]}),
        json!({"created": 1735689600.5, "choices": [{"index": null, "delta": {"content": null, "reasoning_content": "hm"}}]}),
        json!({"created": "1735689600", "usage": {}, "service_tier": "turbo"}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": null, "function": {"arguments": {"a": 1}}}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": -1, "function": {"name": "f", "arguments": "{\"a\""}}]}}]}),
        json!({"choices": [{"delta": {"content": [{"type": "text", "text": "x"}]}}], "unheard": [1, {"of": null}]}),
    ] {
        let written = back::<ChatCompletionChunk>(chunk.clone());
        assert_eq!(without_nulls(written), without_nulls(chunk));
    }
    let odd: ChatChunkChoice = read(json!({"finish_reason": ""}));
    assert_eq!(odd.finish_reason, Some(ChatFinishReason::Other(String::new())));
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[test]
fn a_duplicate_member_and_an_escaped_name_are_read() {
    let video: Video = serde_json::from_str(r#"{"id": "a", "i\u0064": "b", "st\u0061tus": "queued"}"#).unwrap();
    assert_eq!((video.id.as_str(), video.status), ("b", Some(VideoStatus::Queued)));
}

#[test]
fn constructors_take_what_is_required_and_fill_in_what_is_fixed() {
    let completion: ChatCompletion = ChatCompletion::default();
    assert_eq!(completion.object.as_deref(), Some("chat.completion"));
    let message = ChatMessage::user("hi");
    assert_eq!(serde_json::to_value(message).unwrap(), json!({"role": "user", "content": "hi"}));
    let tool = ChatMessage::tool("call_1", "18 °C");
    assert_eq!(serde_json::to_value(tool).unwrap(), json!({"role": "tool", "content": "18 °C", "tool_call_id": "call_1"}));
}

#[test]
fn a_vendor_parameter_travels_beside_the_documented_ones() {
    let request = VideoRequest::new("sora-2", "x").with_extra("watermark", false);
    assert_eq!(serde_json::to_value(request).unwrap(), json!({"model": "sora-2", "prompt": "x", "watermark": false}));
}
