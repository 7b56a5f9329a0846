//! What comes back: answers, failures in every form, redirects.

use std::time::Duration;

use httpmock::prelude::*;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::videos::{VideoRequest, VideoStatus};
use octopusx::{Client, Error};
use serde_json::{Value, json};

use crate::support::{KEY, client};

/// One answer to every request.
async fn answering(status: u16, body: &str) -> MockServer {
    let server = MockServer::start_async().await;
    let body = body.to_owned();
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(status).header("content-type", "application/json").header("x-request-id", "req-7").body(body);
        })
        .await;
    server
}

async fn failure_of(status: u16, body: &str) -> Error {
    let server = answering(status, body).await;
    client(&server.base_url()).videos().get("v").await.unwrap_err()
}

#[tokio::test]
async fn an_answer_keeps_everything_that_came() {
    let server = answering(202, r#"{"id": "v", "status": "queued", "new_field": 1}"#).await;
    let video = client(&server.base_url()).videos().get("v").await.unwrap();
    assert_eq!(video.status, Some(VideoStatus::Queued));
    assert_eq!(video.http_status(), 202);
    assert_eq!(video.http_headers()["content-type"], "application/json");
    assert_eq!(video.request_id(), Some("req-7"));
    assert_eq!(video.raw().as_ref(), br#"{"id": "v", "status": "queued", "new_field": 1}"#);
    assert_eq!(video.into_inner().extra["new_field"], json!(1));
}

#[tokio::test]
async fn failures_of_every_shape_have_one_form() {
    let shapes = [
        (json!({"error": {"message": "M", "type": "T", "param": "P", "code": "C"}}), (Some("T"), Some("C"), Some("P"))),
        (json!({"error": {"message": "M", "type": "T", "param": "", "code": null}}), (Some("T"), None, None)),
        (json!({"error": {"message": "M", "code": 4001}}), (None, Some("4001"), None)),
        (json!({"type": "error", "error": {"type": "T", "message": "M"}}), (Some("T"), None, None)),
        (json!({"code": "C", "message": "M", "data": null}), (None, Some("C"), None)),
        (json!({"description": "M", "type": "T", "code": 4}), (Some("T"), Some("4"), None)),
        (json!({"success": false, "message": "M"}), (None, None, None)),
        (json!({"error": "M"}), (None, None, None)),
        (json!("M"), (None, None, None)),
    ];
    for (body, expected) in shapes {
        let error = failure_of(500, &body.to_string()).await;
        let api = error.api().unwrap();
        assert_eq!(api.message(), "M", "{body}");
        assert_eq!((api.error_type(), api.code(), api.param()), expected, "{body}");
        assert_eq!(error.to_string(), "videos_get: 500 M");
        assert_eq!(error.request_id(), Some("req-7"));
        assert_eq!(error.body().unwrap().as_ref(), body.to_string().as_bytes());
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_still_give_a_line() {
    for (body, expected) in [
        ("<html><head><title>502 Bad Gateway</title></head></html>", "videos_get: 502 a web page: 502 Bad Gateway"),
        ("upstream connect error\nmore", "videos_get: 502 upstream connect error"),
        ("", "videos_get: 502 bad gateway"),
        ("{\"half\":", "videos_get: 502 {\"half\":"),
    ] {
        let error = failure_of(502, body).await;
        assert_eq!(error.to_string(), expected);
        assert!(error.is_overloaded() && !error.is_decode());
    }
}

#[tokio::test]
async fn predicates_follow_status_and_code() {
    type Predicate = fn(&Error) -> bool;
    let cases: [(u16, Value, Predicate); 9] = [
        (400, json!({}), Error::is_invalid_request),
        (401, json!({}), Error::is_auth),
        (402, json!({}), Error::is_quota),
        (403, json!({"error": {"code": "insufficient_user_quota", "message": "x"}}), Error::is_quota),
        (404, json!({}), Error::is_not_found),
        (413, json!({}), Error::is_invalid_request),
        (429, json!({}), Error::is_rate_limited),
        (503, json!({}), Error::is_overloaded),
        (504, json!({}), Error::is_timeout),
    ];
    for (status, body, predicate) in cases {
        assert!(predicate(&failure_of(status, &body.to_string()).await), "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_inside_a_2xx_is_a_failure() {
    for body in [
        json!({"success": false, "message": "Invalid token"}),
        json!({"error": {"message": "model_not_found", "code": "model_not_found"}}),
        json!({"error": "overloaded"}),
        json!({"object": "list", "data": [], "error": {"message": "x"}}),
    ] {
        let server = answering(200, &body.to_string()).await;
        let error = client(&server.base_url()).models().list().await.unwrap_err();
        assert!(error.api().is_some() && error.http_status().unwrap() == 200, "{body}: {error:?}");
    }
    let server = answering(200, r#"{"hard_limit_usd": 0, "success": false, "message": "no"}"#).await;
    assert_eq!(client(&server.base_url()).account().subscription().await.unwrap_err().api().unwrap().message(), "no");
}

#[tokio::test]
async fn an_error_field_that_belongs_to_the_answer_is_no_failure() {
    for body in [
        json!({"id": "v", "status": "queued", "error": {"message": "", "code": ""}}),
        json!({"id": "v", "status": "queued", "error": null}),
        json!({"id": "v", "status": "failed", "error": {"message": "unsafe", "code": "blocked"}}),
    ] {
        let server = answering(200, &body.to_string()).await;
        assert!(client(&server.base_url()).videos().get("v").await.is_ok(), "{body}");
    }
    for body in
        [json!({"object": "list", "data": [], "error": null}), json!({"data": [], "error": {"message": ""}, "success": true})]
    {
        let server = answering(200, &body.to_string()).await;
        assert!(client(&server.base_url()).models().list().await.is_ok(), "{body}");
    }
    // Declared, but the answer's required fields are missing: then it is the failure.
    let server = answering(200, r#"{"error": {"message": "no such task"}}"#).await;
    let error = client(&server.base_url()).videos().get("v").await.unwrap_err();
    assert_eq!(error.api().unwrap().message(), "no such task");
}

#[tokio::test]
async fn an_envelope_must_carry_its_own_mark_of_success() {
    let good = json!({"code": true, "message": "ok", "data": {"name": "k", "total_available": 750000}});
    let server = answering(200, &good.to_string()).await;
    assert!(client(&server.base_url()).account().token_usage().await.is_ok());
    for bad in [
        json!({"code": false, "message": "no", "data": {}}),
        json!({"code": true, "message": "x"}),
        json!({"success": false, "message": "no"}),
    ] {
        let server = answering(200, &bad.to_string()).await;
        assert!(client(&server.base_url()).account().token_usage().await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_names_the_place_and_loses_nothing() {
    for (body, path) in [
        (r#"{"choices": [{"message": {"role": "assistant"}}, {"message": {"role": 7}}]}"#, "choices[1].message.role"),
        (r#"{"choices": [{"message": {"content": [{"type": "text", "text": 5}]}}]}"#, "choices[0].message.content[0].text"),
        (r#"{"choices": [{"message": {"content": [{"type": "text"}]}}]}"#, "choices[0].message.content[0]"),
        (r#"{"usage": {"prompt_tokens": "many"}}"#, "usage.prompt_tokens"),
        (r#"{"choices": 5}"#, "choices"),
    ] {
        let server = answering(200, body).await;
        let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
        let error = client(&server.base_url()).chat().create(&request).await.unwrap_err();
        assert!(error.is_decode() && error.may_have_been_processed(), "{error:?}");
        assert_eq!(error.json_path(), Some(path), "{error}");
        assert!(error.to_string().contains(&format!("at `{path}`")), "{error}");
        assert_eq!(error.body().unwrap().as_ref(), body.as_bytes());
        assert_eq!(error.http_status().unwrap(), 200);
    }
}

#[tokio::test]
async fn a_web_page_with_200_points_at_the_base_url() {
    let error = failure_of(200, "<!doctype html><title>Welcome</title>").await;
    assert!(error.is_decode() && error.to_string().contains("base URL"), "{error}");
    assert!(failure_of(200, "").await.to_string().contains("empty"));
}

#[tokio::test]
async fn a_get_follows_redirects_and_the_key_stays_at_home() {
    let home = MockServer::start_async().await;
    let foreign = MockServer::start_async().await;
    let there = foreign
        .mock_async(|when, then| {
            when.method(GET).path("/file").header_missing("authorization").header_missing("referer");
            then.status(200).body("bytes");
        })
        .await;
    let target = foreign.url("/file");
    home.mock_async(|when, then| {
        when.method(GET).path("/v1/videos/v/content").header("authorization", format!("Bearer {KEY}"));
        then.status(302).header("location", target);
    })
    .await;
    let bytes = client(&home.base_url()).videos().content("v").await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), b"bytes");
    there.assert_async().await;
}

#[tokio::test]
async fn a_redirect_at_home_keeps_the_key_and_a_loop_ends() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.method(GET).path("/v1/models");
            then.status(307).header("location", "/v2/models");
        })
        .await;
    server
        .mock_async(|when, then| {
            when.method(GET).path("/v2/models").header("authorization", format!("Bearer {KEY}"));
            then.status(200).json_body(json!({"data": []}));
        })
        .await;
    let looping = server
        .mock_async(|when, then| {
            when.method(GET).path("/v1beta/openai/models");
            then.status(302).header("location", "/v1beta/openai/models");
        })
        .await;
    let client = client(&server.base_url());
    assert!(client.models().list().await.is_ok());
    let error = client.models().list_openai_beta().await.unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    assert_eq!(looping.calls_async().await, 11);
}

#[tokio::test]
async fn a_post_is_never_redirected() {
    let server = MockServer::start_async().await;
    let other = server
        .mock_async(|when, then| {
            when.path("/elsewhere");
            then.status(200).json_body(json!({"id": "v"}));
        })
        .await;
    server
        .mock_async(|when, then| {
            when.method(POST).path("/v1/videos");
            then.status(308).header("location", "/elsewhere");
        })
        .await;
    let error = client(&server.base_url()).videos().create(&VideoRequest::new("m", "p")).await.unwrap_err();
    assert!(error.to_string().contains("not followed"), "{error}");
    assert_eq!(other.calls_async().await, 0);
}

#[tokio::test]
async fn the_calls_own_timeout_wins() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200).delay(Duration::from_secs(3)).json_body(json!({"data": []}));
        })
        .await;
    let started = std::time::Instant::now();
    let error = client(&server.base_url()).models().list().timeout(Duration::from_millis(100)).await.unwrap_err();
    assert!(error.is_timeout() && started.elapsed() < Duration::from_secs(2), "{error:?}");
}

#[tokio::test]
async fn nothing_listens_is_a_connect_error_and_nothing_was_billed() {
    let error = client(&crate::raw::nobody()).videos().create(&VideoRequest::new("m", "p")).await.unwrap_err();
    assert!(error.is_connect() && !error.may_have_been_processed(), "{error:?}");
    assert_eq!((error.attempts(), error.path(), error.operation().unwrap().id()), (1, Some("/v1/videos"), "videos_create"));
}

#[tokio::test]
async fn a_dropped_post_is_sent_once_and_says_that_it_may_have_been_processed() {
    use tokio::io::AsyncReadExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut count = 0;
        while let Ok(Ok((mut socket, _))) = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await {
            count += 1;
            let _ = socket.read(&mut [0; 4096]).await;
        }
        count
    });
    let error = client(&address).videos().create(&VideoRequest::new("m", "p")).await.unwrap_err();
    assert!(error.may_have_been_processed() && !error.is_connect(), "{error:?}");
    assert_eq!(server.await.unwrap(), 1);
}

#[tokio::test]
async fn a_route_of_tomorrow_uses_the_same_transport() {
    let server = answering(200, r#"{"id": "x"}"#).await;
    let answer = client(&server.base_url()).call(http::Method::POST, "/v9/new").json(&json!({})).await.unwrap();
    assert_eq!(answer["id"], "x");
    let server = answering(200, r#"{"error": {"message": "no"}}"#).await;
    assert!(client(&server.base_url()).call(http::Method::GET, "/v9/new").await.unwrap_err().api().is_some());
}

#[test]
fn the_http_client_can_be_changed() {
    let built = Client::builder().key(KEY).http(|http| http.tcp_nodelay(true).no_proxy()).build();
    assert!(built.is_ok());
}
