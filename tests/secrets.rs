//! Keys and signatures are in nothing that is shown: no Debug, no Display, no trace, in whatever way a gateway repeats
//! them. What the whole run shows through `tracing` and `log` is looked at in `watch`; here it is provoked.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::middleware::{Attempt, Middleware};
use octopusx::tasks::Task;
use octopusx::videos::VideoRequest;
use octopusx::{Body, Client, Error, FilePart, RetryPolicy, openoctopus};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::raw::Step::{Read, Reset};
use crate::raw::{Server, Step, answer, answers, nobody};
use crate::support::{KEY, builder};
use crate::watch::{self, SIGNATURE, hides};

/// Everything that shows a value.
fn looked_at(value: &impl Debug) {
    hides(&format!("{value:?} {value:#?}"));
}

fn looked_into(error: &Error) {
    looked_at(error);
    hides(&error.to_string());
    if let Some(api) = error.api() {
        looked_at(api);
        hides(&format!("{api} {} {:?} {:?} {:?}", api.message(), api.error_type(), api.code(), api.param()));
    }
    hides(&format!("{:?} {:?} {:?}", error.path(), error.json_path(), error.task_id()));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        hides(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

/// An address whose query opens a door, as gateways write it.
fn signed() -> [String; 4] {
    [
        format!("https://bucket.example/f.mp4?X-Amz-Date=1&X-Amz-Signature={SIGNATURE}&x=1"),
        format!("https:\\/\\/bucket.example\\/f.mp4?sig={SIGNATURE}"),
        format!("https://bucket.example/f.mp4?a=1\\u0026sig={SIGNATURE}"),
        format!("/relative/f.mp4?a=1&Signature={SIGNATURE}"),
    ]
}

/// Bodies that repeat what they should not.
fn telling_bodies() -> Vec<String> {
    let mut bodies = vec![
        format!(
            r#"{{"error":{{"message":"Incorrect API key provided: {KEY}.","type":"{KEY}","code":"{KEY}","param":"{KEY}"}}}}"#
        ),
        format!(r#"{{"id":7,"error":"{KEY}"}}"#),
        format!(r#"{{"id":{{"{KEY}":1}}}}"#),
        format!(r#"{{"id":["{KEY}"]}}"#),
        format!(r#"{{"choices":"{KEY}"}}"#),
        format!(r#"{{"choices":[{{"index":"{KEY}"}}]}}"#),
        format!("<html><title>Bearer {KEY}</title></html>"),
        format!("Authorization: Bearer {KEY}\r\nhello"),
        format!("\u{fffd}{KEY}\u{7}{KEY}"),
    ];
    for address in signed() {
        bodies.push(format!(r#"{{"error":{{"message":"can't fetch {address}"}}}}"#));
        bodies.push(format!(r#"{{"id":7,"video_url":"{address}"}}"#));
        bodies.push(format!("can't fetch {address}"));
    }
    bodies
}

fn telling_headers() -> Vec<String> {
    vec![
        format!("location: https://bucket.example/f?sig={SIGNATURE}"),
        format!("location: /f?X-Amz-Signature={SIGNATURE}"),
        format!("x-echo: Bearer {KEY}"),
        format!("authorization: Bearer {KEY}"),
        format!("set-cookie: session={SIGNATURE}"),
        format!("x-request-id: {KEY}"),
        format!("content-type: application/{KEY}"),
        format!("link: <https://bucket.example/f?sig={SIGNATURE}>"),
    ]
}

async fn everything_from(client: &Client) {
    let get = client.videos().get("v").await;
    match &get {
        Ok(video) => looked_at(video),
        Err(error) => looked_into(error),
    }
    if let Err(error) = client.videos().create(&VideoRequest::new("m", "p")).await {
        looked_into(&error);
    }
    match client.videos().content("v").await {
        Ok(download) => {
            looked_at(&download);
            if let Err(error) = download.bytes().await {
                looked_into(&error);
            }
        }
        Err(error) => looked_into(&error),
    }
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    match client.chat().create_stream(&request).await {
        Ok(mut stream) => {
            looked_at(&stream);
            while let Some(event) = stream.next().await {
                if let Err(error) = event {
                    looked_into(&error);
                }
            }
        }
        Err(error) => looked_into(&error),
    }
}

#[tokio::test]
async fn no_answer_can_make_an_error_show_the_key_or_a_signature() {
    let headers = telling_headers();
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let mut scripts: Vec<Vec<Step>> = vec![vec![Read, Reset], vec![Read]];
    for body in telling_bodies() {
        for status in ["200 OK", "401 Unauthorized", "500 Oops"] {
            scripts.push(answers(answer(status, &headers, &body)));
        }
        scripts.push(answers(answer(
            "200 OK",
            &["content-type: text/event-stream"],
            format!("data: {body}\n\nevent: error\ndata: {body}\n\n"),
        )));
        scripts.push(answers(format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{body}")));
        scripts.push(answers(format!("{body}\r\n\r\n")));
    }
    for header in &headers {
        scripts.push(answers(answer("302 Found", &[header], "")));
        scripts.push(answers(answer("308 Permanent Redirect", &[header], KEY)));
    }
    let before = watch::shown();
    for script in scripts {
        let server = Server::play(script).await;
        everything_from(&builder(&server.url).idle_timeout(Duration::from_secs(1)).build().unwrap()).await;
    }
    assert!(watch::shown() > before + 100, "the traces were looked at, too");
}

#[tokio::test]
async fn retries_and_their_traces_show_no_secret() {
    let failing = format!(r#"{{"error":{{"message":"{KEY} at https://b.example/f?sig={SIGNATURE}"}}}}"#);
    let server = Server::play(answers(answer("500 Oops", &["connection: close"], &failing))).await;
    let policy = RetryPolicy::default().max_attempts(3).base_delay(Duration::from_millis(1));
    let client = builder(&server.url).retry(policy.clone()).build().unwrap();
    let before = watch::shown();
    let call =
        client.videos().get("v").query("sig", SIGNATURE).header("x-api-key", KEY).header("cookie", &format!("s={SIGNATURE}"));
    looked_at(&call);
    looked_into(&call.await.unwrap_err());
    assert!(watch::shown() >= before + 8, "three attempts with their heads and bodies, and two retries");
    looked_into(&builder(&nobody()).retry(policy).build().unwrap().videos().get("v").query("sig", SIGNATURE).await.unwrap_err());
}

#[tokio::test]
async fn clients_builders_calls_and_requests_show_no_secret() {
    let client = builder("https://gateway.example").build().unwrap();
    looked_at(&client);
    looked_at(&Client::builder().key(KEY));
    looked_at(&Client::builder().key(KEY).base_url(format!("https://me:{SIGNATURE}@gateway.example/?key={KEY}")));
    looked_at(&Client::builder().key_provider(|| async { Ok::<_, std::io::Error>(KEY.to_owned()) }));
    let second = openoctopus::Client::builder().key(KEY);
    looked_at(&second);
    looked_at(&second.build().unwrap());
    looked_at(&client.videos());
    looked_at(&client.chat());
    for call in [
        client.videos().get("v"),
        client.videos().get("v").header("authorization", &format!("Bearer {KEY}")).header("cookie", &format!("s={SIGNATURE}")),
        client.videos().get("v").header("x-api-key", KEY).header("x-goog-api-key", KEY).header("mj-api-secret", KEY),
    ] {
        looked_at(&call);
        let request = call.request().unwrap();
        looked_at(&request);
        looked_at(request.headers());
    }
    looked_at(&client.models().list_claude().request().unwrap());
    looked_at(&client.models().list_gemini_native().request().unwrap());
    looked_at(&client.call(http::Method::POST, "/v1/x").json(&json!({"secret": KEY})).request().unwrap());
    looked_at(&client.call_operation(&octopusx::OPERATIONS[0], &[]));
    looked_at(&RetryPolicy::default());
    looked_at(&octopusx::OPERATIONS);
    looked_at(&FilePart::bytes("f", KEY.to_owned()));
    looked_at(&FilePart::bytes("f", KEY.to_owned()).content_type("text/plain"));
    let form = octopusx::audio::TranscriptionForm::new(FilePart::bytes("f", KEY.to_owned()), "m");
    looked_at(&form);
    looked_at(&client.audio().transcriptions(&form).request().unwrap());
}

#[test]
fn a_refused_key_address_or_header_is_not_shown() {
    let refused = |base: String| Client::builder().key(KEY).base_url(base).build().unwrap_err();
    for base in [
        format!("https://me:{SIGNATURE}@gateway.example"),
        format!("https://me:{SIGNATURE}@[bad"),
        format!("ftp://me:{SIGNATURE}@gateway.example"),
        format!("me:{SIGNATURE}@gateway.example"),
        format!("https://gateway.example/?sig={SIGNATURE}"),
        format!("gateway.example?key={KEY}"),
        format!("http://gateway.example/v1?key={KEY}"),
    ] {
        looked_into(&refused(base));
    }
    for key in [format!("{KEY} {KEY}"), format!("Bearer {KEY}"), format!("{KEY}\n{KEY}"), format!("{KEY}é")] {
        looked_into(&Client::new(&key).unwrap_err());
    }
    let client = builder("https://gateway.example").build().unwrap();
    looked_into(&client.models().list().header("authorization", &format!("Bearer {KEY}\n")).request().unwrap_err());
}

#[tokio::test]
async fn a_key_from_a_provider_is_as_secret_as_any() {
    let provided = |key: String| {
        builder("http://127.0.0.1:1")
            .key_provider(move || std::future::ready(Ok::<_, std::io::Error>(key.clone())))
            .build()
            .unwrap()
    };
    looked_into(&provided(format!("{KEY}\n{KEY}")).videos().get("v").await.unwrap_err());
    looked_into(&provided(KEY.to_owned()).videos().get("v").await.unwrap_err());
    looked_into(&provided(KEY.to_owned()).videos().get("v").request().unwrap_err());
    let server = Server::play(answers(answer("401 Unauthorized", &[], format!("wrong: {KEY}")))).await;
    let client = builder(&server.url).key_provider(|| async { Ok::<_, std::io::Error>(KEY.to_owned()) }).build().unwrap();
    looked_into(&client.videos().get("v").await.unwrap_err());
}

#[tokio::test]
async fn answers_are_shown_without_the_signatures_of_their_addresses() {
    for address in signed() {
        let body = format!(r#"{{"id":"v","status":"completed","video_url":"{address}","note":"{KEY}"}}"#);
        let server = Server::play(answers(answer("200 OK", &[], body))).await;
        let client = builder(&server.url).build().unwrap();
        let video = client.videos().get("v").await.unwrap();
        assert!(video.media_urls()[0].contains(SIGNATURE), "the caller gets the whole address");
        looked_at(&video);
        looked_at(&client.wait(&video));
        let done = client.wait(&video).poll_every(Duration::from_millis(1)).await.unwrap();
        looked_at(&done);
        looked_at(&client.call(http::Method::GET, "/v1/x").await.unwrap());
    }
}

#[tokio::test]
async fn a_task_that_failed_says_why_without_secrets() {
    for address in signed() {
        let body = format!(r#"{{"id":"v","status":"failed","error":{{"message":"{KEY} can't read {address}","code":"x"}}}}"#);
        let server = Server::play(answers(answer("200 OK", &["connection: close"], body))).await;
        let client = builder(&server.url).build().unwrap();
        let video = client.videos().get("v").await.unwrap();
        looked_at(&video);
        let error = client.wait(&video).poll_every(Duration::from_millis(1)).await.unwrap_err();
        assert!(error.is_task_failure() && error.to_string().contains("can't read"), "{error}");
        looked_into(&error);
    }
}

#[tokio::test]
async fn middleware_gets_the_key_marked_as_sensitive() {
    struct Look;
    impl Middleware for Look {
        fn on_request(&self, attempt: &Attempt, request: &mut http::Request<Body>) -> Result<(), String> {
            looked_at(attempt);
            looked_at(request);
            assert!(request.headers()["authorization"].is_sensitive());
            Ok(())
        }
        fn on_error(&self, attempt: &Attempt, error: &Error) {
            looked_at(attempt);
            looked_into(error);
        }
    }
    let server = Server::play(answers(answer("500 Oops", &[], format!("{KEY} {}", signed()[0])))).await;
    let client = builder(&server.url).middleware(Look).build().unwrap();
    looked_into(&client.videos().get("v").await.unwrap_err());
    let boxed: Box<dyn Middleware> = Box::new(Look);
    looked_at(&boxed);
}

fn shown<T: DeserializeOwned + Debug>(json: Value) -> String {
    let value: T = serde_json::from_value(json).unwrap();
    format!("{value:?} {value:#?}")
}

/// The document says which fields are secret; each of them is tried here, and a new one has to be added.
#[test]
fn no_secret_field_of_the_document_is_shown() {
    let address = signed()[0].clone();
    let tried: BTreeMap<&str, String> = [
        ("RealtimeClientSecret.value", shown::<octopusx::realtime::RealtimeClientSecret>(json!({"value": KEY}))),
        (
            "ResponseDomainSecret.value",
            shown::<octopusx::responses::ResponseDomainSecret>(json!({"domain": "d", "name": "n", "value": KEY})),
        ),
        (
            "ResponseMcpTool.authorization",
            shown::<octopusx::responses::ResponseMcpTool>(json!({"type": "mcp", "authorization": KEY})),
        ),
        (
            "ResponseMcpTool.headers",
            shown::<octopusx::responses::ResponseMcpTool>(json!({"type": "mcp", "headers": {"authorization": KEY}})),
        ),
        ("UploadTarget.upload_url", shown::<octopusx::uploads::UploadTarget>(json!({"upload_url": address, "public_url": "p"}))),
    ]
    .into();
    for (field, text) in &tried {
        assert_eq!(watch::leak_in(text), None, "{field}: {text}");
        assert!(text.contains("[hidden]"), "{field}: {text}");
    }
    let mut documented = Vec::new();
    for document in [octopusx::documents::octopusx(), octopusx::documents::openoctopus()] {
        let document: Value = serde_json::from_str(document).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let secret = properties.filter(|(_, property)| property["x-secret"] == json!(true));
            documented.extend(secret.map(|(property, _)| format!("{name}.{property}")));
        }
    }
    documented.sort();
    assert_eq!(documented, tried.keys().copied().collect::<Vec<_>>());
}
