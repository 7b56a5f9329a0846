//! Bad input gets a clear error before any I/O.

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::videos::{VideoRemixRequest, VideoRequest};
use octopusx::{Client, Error};
use serde_json::json;

use crate::support::{KEY, offline};

fn refused(base: &str) -> String {
    let error = Client::builder().key(KEY).base_url(base).build().unwrap_err();
    assert!(error.is_invalid_request() && error.operation().is_none());
    error.to_string()
}

#[test]
fn a_missing_key_says_which_variable_to_set() {
    let error = Client::builder().build().unwrap_err();
    assert_eq!(error.to_string(), "no API key: give it to the client, or set OCTOPUSX_API_KEY");
    let error = octopusx::openoctopus::Client::builder().build().unwrap_err();
    assert!(error.to_string().contains("OPENOCTOPUS_API_KEY"));
}

#[test]
fn a_key_that_cannot_be_one_is_refused_without_being_shown() {
    for (key, why) in [
        ("", "empty"),
        ("  \n", "empty"),
        ("sk-secret\nx-evil: 1", "line break"),
        ("sk-secret\r\n1", "line break"),
        ("Bearer sk-secret", "space"),
        ("sk-secrét", "ASCII"),
    ] {
        let error = Client::new(key).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!format!("{error} {error:?}").contains("secr"), "{error:?}");
    }
    assert!(Client::new("sk-good\n").is_ok(), "a line break at the end is a slip of the hand, not part of the key");
}

#[test]
fn a_bad_base_url_is_refused_with_the_reason() {
    for (base, why) in [
        ("octopusx.ai", "relative URL"),
        ("ftp://octopusx.ai", "https://"),
        ("https://", "empty host"),
        ("", "relative URL"),
        ("https://octopusx.ai?x=1", "query"),
        ("https://octopusx.ai#top", "fragment"),
        ("http://octopusx.ai", "in the open"),
    ] {
        let message = refused(base);
        assert!(message.contains("bad base URL") && message.contains(why), "{base}: {message}");
    }
    assert!(!refused("http://me:hunter2@octopusx.ai").contains("hunter2"));
    assert!(Client::builder().key(KEY).base_url("http://octopusx.ai").allow_http(true).build().is_ok());
    assert!(Client::builder().key(KEY).base_url("http://127.0.0.1:9").build().is_ok());
}

#[test]
fn a_base_url_that_ends_in_v1_or_a_slash_is_understood() {
    for base in ["https://a.example", "https://a.example/", "https://a.example/v1", "https://a.example/v1/"] {
        let client = Client::builder().key(KEY).base_url(base).build().unwrap();
        let request = client.models().list().request().unwrap();
        assert_eq!(request.uri(), "https://a.example/v1/models", "{base}");
    }
    let client = Client::builder().key(KEY).base_url("https://a.example/proxy/v1").build().unwrap();
    assert_eq!(client.models().list().request().unwrap().uri(), "https://a.example/proxy/v1/models");
}

#[test]
fn a_path_segment_that_would_change_the_path_is_refused() {
    for id in ["", ".", "..", "..\\admin", "a\\b", "a\nb", "a\0"] {
        let error = offline().videos().get(id).request().unwrap_err();
        assert!(error.is_invalid_request(), "{error}");
        assert!(error.to_string().starts_with("videos_get: path parameter `task_id` "), "{error}");
    }
}

#[test]
fn every_other_segment_arrives_as_one_segment() {
    for (id, expected) in [
        ("video_abc123", "video_abc123"),
        ("a/b", "a%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("sora-2:task_1", "sora-2:task_1"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("...", "..."),
        ("a..b", "a..b"),
    ] {
        let request = offline().videos().get(id).request().unwrap();
        assert_eq!(request.uri().path(), format!("/v1/videos/{expected}"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_arguments_comes_out_of_await_too() {
    let error: Error = offline().videos().remix("..", &VideoRemixRequest::new("sora-2", "x")).await.unwrap_err();
    assert!(error.is_invalid_request() && !error.may_have_been_processed());
    assert_eq!(error.attempts(), 0);
}

#[test]
fn a_header_with_a_line_break_is_refused() {
    let error = offline().models().list().header("x-trace", "a\r\nx-evil: 1").request().unwrap_err();
    assert_eq!(error.to_string(), "models_list: header `x-trace`: a value can't hold line breaks or other control characters");
    assert!(offline().models().list().header("bad name", "x").request().is_err());
}

#[test]
fn a_number_that_json_cannot_write_is_refused() {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]).temperature(f64::NAN);
    let error = offline().chat().create(&request).request().unwrap_err();
    assert!(error.to_string().contains("`temperature`: JSON has no way"), "{error}");
}

#[test]
fn the_stream_switch_cannot_be_smuggled_in() {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]).with_extra("stream", true);
    let error = offline().chat().create(&request).request().unwrap_err();
    assert!(error.to_string().contains("_stream"), "{error}");
}

#[test]
fn a_route_that_the_document_does_not_know_is_checked_too() {
    let client = offline();
    assert!(client.call(http::Method::GET, "v1/x").request().unwrap_err().to_string().contains("begin with `/`"));
    assert!(client.call(http::Method::TRACE, "/v1/x").request().is_err());
    let request = client.call(http::Method::POST, "/v1/new?a=1").json(&json!({"n": 1})).request().unwrap();
    assert_eq!((request.uri().path(), request.uri().query()), ("/v1/new", Some("a=1")));
    assert_eq!(request.body().as_bytes().unwrap().as_ref(), br#"{"n":1}"#);
}

#[test]
fn no_secret_is_shown_by_debug() {
    let client = offline();
    let call = client.videos().create(&VideoRequest::new("m", "p"));
    let request = client.models().list().request().unwrap();
    let shown = format!("{client:?} {:?} {call:?} {:?}", Client::builder().key(KEY), request.headers());
    assert!(!shown.contains(KEY), "{shown}");
}
