//! What goes over the wire: method, path, query, key, headers and body.

use httpmock::prelude::*;
use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatStreamOptions};
use octopusx::videos::{
    KlingVideoRequest, SoraVideoRequest, VeoVideoRequest, VideoCreateRequest, VideoRemixRequest, VideoRequest,
};
use serde_json::json;

use crate::support::{KEY, client, offline};

#[tokio::test]
async fn the_key_travels_as_the_operation_asks() {
    let server = MockServer::start_async().await;
    let bearer = server
        .mock_async(|when, then| {
            when.method(GET).path("/v1/models").header("authorization", format!("Bearer {KEY}")).header_missing("x-api-key");
            then.status(200).json_body(json!({"object": "list", "data": []}));
        })
        .await;
    let claude = server
        .mock_async(|when, then| {
            when.method(GET)
                .path("/v1/models")
                .header("x-api-key", KEY)
                .header("anthropic-version", "2023-06-01")
                .header_missing("authorization");
            then.status(200).json_body(json!({"data": [{"id": "claude-x", "type": "model"}], "has_more": false}));
        })
        .await;
    let gemini = server
        .mock_async(|when, then| {
            when.method(GET).path("/v1beta/models").header("x-goog-api-key", KEY).header_missing("authorization");
            then.status(200).json_body(json!({"models": [{"name": "gemini-x"}]}));
        })
        .await;
    let client = client(&server.base_url());
    assert!(client.models().list().await.unwrap().data.is_empty());
    assert_eq!(client.models().list_claude().await.unwrap().data[0].id, "claude-x");
    assert_eq!(client.models().list_gemini_native().await.unwrap().models[0].name, "gemini-x");
    for mock in [bearer, claude, gemini] {
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn a_route_without_security_gets_no_key() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.method(GET).path("/api/oauth/state").query_param("aff", "friend").header_missing("authorization");
            then.status(200).json_body(json!({"success": true, "message": "", "data": "a1b2c3d4e5f6"}));
        })
        .await;
    let state = client(&server.base_url()).account().oauth_state().aff("friend").await.unwrap();
    assert_eq!(state.data, "a1b2c3d4e5f6");
    mock.assert_async().await;
}

#[tokio::test]
async fn a_route_for_browsers_says_that_a_key_is_not_enough() {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let error = offline().chat().playground(&request).request().unwrap_err();
    assert!(error.to_string().contains("login session"), "{error}");
    let request = offline().chat().playground(&request).header("cookie", "session=1").request().unwrap();
    assert!(request.headers().get("authorization").is_none());
}

#[test]
fn the_unsent_request_is_complete() {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("hi")]).temperature(0.2);
    let unsent = offline().chat().create(&request).header("x-trace", "7").query("debug", "1").request().unwrap();
    assert_eq!(unsent.method(), http::Method::POST);
    assert_eq!(unsent.uri(), "https://gateway.example/v1/chat/completions?debug=1");
    assert_eq!(unsent.headers()["content-type"], "application/json");
    assert_eq!(unsent.headers()["accept"], "application/json");
    assert_eq!(unsent.headers()["x-trace"], "7");
    assert_eq!(unsent.headers()["authorization"], format!("Bearer {KEY}"));
    assert!(unsent.headers()["authorization"].is_sensitive());
    assert!(!unsent.headers().contains_key("api-version"), "the generator's own header must not travel");
    let body: serde_json::Value = serde_json::from_slice(unsent.body().as_bytes().unwrap()).unwrap();
    assert_eq!(body, json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.2}));
}

#[test]
fn only_the_stream_method_sets_the_switch() {
    let request =
        ChatCompletionRequest::new("m", [ChatMessage::user("x")]).stream_options(ChatStreamOptions::new().include_usage(true));
    let unsent = offline().chat().create_stream(&request).request().unwrap();
    let body: serde_json::Value = serde_json::from_slice(unsent.body().as_bytes().unwrap()).unwrap();
    assert_eq!(body["stream"], json!(true));
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!(unsent.headers()["accept"], "text/event-stream");
    let unsent = offline().chat().create(&request).request().unwrap();
    assert!(!String::from_utf8_lossy(unsent.body().as_bytes().unwrap()).contains("\"stream\""));
}

#[test]
fn each_vendor_has_a_body_of_its_own_on_the_shared_route() {
    let client = offline();
    let body = |call: octopusx::Call<octopusx::Response<octopusx::videos::Video>>| -> serde_json::Value {
        serde_json::from_slice(call.request().unwrap().body().as_bytes().unwrap()).unwrap()
    };
    let videos = client.videos();
    assert_eq!(
        body(videos.create(&VideoRequest::new("m", "p").size("16:9"))),
        json!({"model": "m", "prompt": "p", "size": "16:9"})
    );
    assert_eq!(
        body(videos.create(&SoraVideoRequest::new("sora-2", "p").size("720x1280").input_reference("data:image/png;base64,AA"))),
        json!({"model": "sora-2", "prompt": "p", "size": "720x1280", "input_reference": "data:image/png;base64,AA"})
    );
    assert_eq!(body(videos.create(&VeoVideoRequest::new("veo_3_1", "p"))), json!({"model": "veo_3_1", "prompt": "p"}));
    let kling = KlingVideoRequest::new("Kling-3.0-Omni", "p").seconds("5");
    let expected = json!({"model": "Kling-3.0-Omni", "prompt": "p", "seconds": "5"});
    assert_eq!(body(videos.create(&kling)), expected);
    assert_eq!(body(videos.create(&VideoCreateRequest::from(kling))), expected);
    let remix = videos.remix("video_1", &VideoRemixRequest::new("sora-2", "night")).request().unwrap();
    assert_eq!(remix.uri().path(), "/v1/videos/video_1/remix");
}

#[test]
fn a_call_can_be_built_anywhere_and_sent_from_any_task() {
    fn assert_send<T: Send + 'static>(_: &T) {}
    let client = offline();
    assert_send(&client.models().list());
    assert_send(&std::future::IntoFuture::into_future(client.models().list()));
    assert_send(&client);
}

/// A route belongs into the document; written in Rust it would stay behind when the document changes.
#[test]
fn no_path_of_the_documents_stands_in_the_hand_written_code() {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            read += 1;
            for operation in octopusx::OPERATIONS.iter().chain(octopusx::openoctopus::OPERATIONS) {
                let literal_part = operation.path().split('{').next().unwrap();
                assert!(!source.contains(&format!("\"{literal_part}")), "{} holds {}", path.display(), operation.path());
            }
        }
    }
    assert!(read > 40, "only {read} files were read");
}
