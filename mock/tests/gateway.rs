//! The running gateways, called over real sockets with bytes written by hand.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use octopusx_mock::{Gateway, Reply, TaskStep};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends one request on a connection of its own and reads until the gateway closes it.
async fn call(url: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
    let length = match body {
        "" => String::new(),
        _ if headers.contains("content-type") => format!("content-length: {}\r\n", body.len()),
        _ => format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()),
    };
    raw(url, method, path, &format!("{headers}{length}"), body).await
}

/// The same with no header of its own about the body.
async fn raw(url: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
}

fn bearer(key: &str) -> String {
    format!("authorization: Bearer {key}\r\n")
}

/// The text of a member, without a JSON parser.
fn member<'t>(json: &'t str, name: &str) -> &'t str {
    let (_, rest) = json.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_video_from_order_to_bytes() {
    let gateway = Gateway::builder().task_step(Duration::ZERO).key("sk-mine").start().await.unwrap();
    let (url, key) = (gateway.url(), bearer("sk-mine"));
    let order = r#"{"model": "my-model", "prompt": "a boat"}"#;
    let (status, head, made) = call(url, "POST", "/v1/videos", &key, order).await;
    assert_eq!((status, member(&made, "model")), (200, "my-model"));
    assert!(head.contains("x-request-id: "), "{head}");
    let path = format!("/v1/videos/{}", member(&made, "id"));
    let mut state = String::new();
    for _ in 0..4 {
        state = call(url, "GET", &path, &key, "").await.2;
    }
    let file = member(&state, "video_url").strip_prefix(url).unwrap().to_owned();
    let (status, head, body) = call(url, "HEAD", &file, "", "").await;
    assert!(status == 200 && head.contains("content-type: video/mp4") && body.is_empty(), "{head}");
    let (status, head, body) = call(url, "GET", &file, "range: bytes=4-7\r\n", "").await;
    assert!(status == 206 && head.contains("content-range: bytes 4-7/") && body == "ftyp", "{head}");
    let (status, _, body) = call(url, "GET", &format!("{path}/content"), &key, "").await;
    assert!(status == 200 && body.contains("ftyp"));
    let seen = gateway.requests();
    assert_eq!(seen[0].operation.as_deref(), Some("videos_create"));
    assert_eq!((seen[0].method.as_str(), seen[0].path_and_query.as_str()), ("POST", "/v1/videos"));
    assert_eq!(seen[0].headers["authorization"], "Bearer sk-mine");
    assert_eq!(&seen[0].body[..], order.as_bytes());
    assert_eq!(seen[6].operation.as_deref(), Some("files"));
    assert_eq!(gateway.count("files"), 2);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_scripted_task_tells_its_states_poll_by_poll() {
    let gateway = Gateway::start().await.unwrap();
    let (url, key) = (gateway.url(), bearer(gateway.key()));
    gateway.next("videos_create").nth(2).makes_task([TaskStep::failed("too dark")]);
    gateway.next_task([TaskStep::answers(Reply::status(404)), TaskStep::says("REVIEWING"), TaskStep::done().without_urls()]);
    let order = r#"{"model": "my-model", "prompt": "a boat"}"#;
    let mut told = Vec::new();
    for _ in 0..3 {
        let made = call(url, "POST", "/v1/videos", &key, order).await.2;
        let path = format!("/v1/videos/{}", member(&made, "id"));
        for _ in 0..3 {
            let (status, _, state) = call(url, "GET", &path, &key, "").await;
            told.push(if status == 200 { member(&state, "status").to_owned() } else { status.to_string() });
        }
    }
    assert_eq!(told[..6], ["404", "REVIEWING", "completed", "failed", "failed", "failed"]);
    assert_eq!(told[6..], ["queued", "queued", "queued"]);
}

#[tokio::test]
#[should_panic(expected = "no document has an operation \"videos_crate\"; there are videos_")]
async fn an_order_for_an_unknown_operation_says_so() {
    let gateway = Gateway::start().await.unwrap();
    _ = gateway.next("videos_crate");
}

#[tokio::test]
async fn a_form_arrives_in_parts_and_is_held_against_its_schema() {
    let gateway = Gateway::start().await.unwrap();
    let headers = bearer(gateway.key()) + "content-type: multipart/form-data; boundary=b\r\n";
    let text = |name: &str, text: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let file = "--b\r\ncontent-disposition: form-data; name=\"input_reference\"; filename=\"cat.png\"\r\n\
                content-type: image/png\r\n\r\n\0PNG\r\n";
    let form = format!("{}{}{}{file}--b--\r\n", text("model", "sora-2"), text("prompt", "a cat"), text("seconds", "8"));
    let (status, _, made) = call(gateway.url(), "POST", "/v1/videos", &headers, &form).await;
    assert_eq!((status, member(&made, "model")), (200, "sora-2"), "{made}");
    let seen = gateway.requests().remove(0);
    assert_eq!(seen.parts.len(), 4);
    assert_eq!((seen.parts[1].name.as_str(), seen.parts[1].text(), &seen.parts[1].file_name), ("prompt", Some("a cat"), &None));
    let part = &seen.parts[3];
    assert_eq!((part.name.as_str(), part.file_name.as_deref()), ("input_reference", Some("cat.png")));
    assert_eq!((part.content_type.as_deref(), &part.bytes[..]), (Some("image/png"), &b"\0PNG"[..]));
    let form = format!("{}{}--b--\r\n", text("prompt", "a cat"), text("input_reference", "@cat.png"));
    let (status, _, refused) = call(gateway.url(), "POST", "/v1/videos", &headers, &form).await;
    assert!(status == 422 && refused.contains("\"/input_reference/0\""), "{refused}");
    assert!(refused.contains(r#"\"model\" is a required property"#), "{refused}");
}

#[tokio::test]
async fn an_uploaded_file_lies_under_its_public_address() {
    let gateway = Gateway::start().await.unwrap();
    let (url, key) = (gateway.url(), bearer(gateway.key()));
    let presign = async |body: &str| {
        let (status, _, said) = call(url, "POST", "/api/upload/presign", &key, body).await;
        assert_eq!(status, 200, "{said}");
        let path = |name: &str| member(&said, name).strip_prefix(url).unwrap().to_owned();
        (path("upload_url"), path("public_url"), said)
    };
    let (put, public, said) = presign(r#"{"file_name": "../my cat.PNG", "content_type": "image/png", "expires_in": 60}"#).await;
    assert!(put.starts_with(&format!("{public}?")) && public.ends_with(".PNG"), "{said}");
    assert!(public.ends_with(member(&said, "object_key")) && said.contains("\"expires_in\":60"), "{said}");
    assert_eq!(member(&said, "content_type"), "image/png");

    let png = "content-type: image/png\r\n";
    let length = "content-type: image/png\r\ncontent-length: 5\r\n".to_owned();
    let with_key = format!("{length}{key}");
    let chunked = format!("{png}transfer-encoding: chunked\r\n");
    for (method, path, headers, body, status, code) in [
        ("GET", public.as_str(), "", "", 404, "NoSuchKey"),
        ("PUT", &put, with_key.as_str(), "hello", 400, "InvalidArgument"),
        ("PUT", &put, "content-type: text/plain\r\ncontent-length: 5\r\n", "hello", 403, "SignatureDoesNotMatch"),
        ("PUT", &public, &length, "hello", 403, "SignatureDoesNotMatch"),
        ("PUT", "/mock-storage/mine.png?signature=1", &length, "hello", 403, "AccessDenied"),
        ("PUT", &put, &chunked, "", 411, "MissingContentLength"),
        ("DELETE", &put, "", "", 405, "MethodNotAllowed"),
    ] {
        let body = if headers == chunked { "5\r\nhello\r\n0\r\n\r\n" } else { body };
        let came = raw(url, method, path, headers, body).await;
        assert!(came.0 == status && came.2.contains(&format!("<Code>{code}</Code>")), "{method} {path} {headers}: {came:?}");
        assert!(came.1.contains("content-type: application/xml"), "{came:?}");
    }

    let (status, head, body) = raw(url, "PUT", &put, &length, "hello").await;
    assert!(status == 200 && head.contains("etag: \"") && body.is_empty(), "{head}");
    let (status, head, body) = call(url, "GET", &public, "", "").await;
    assert!(status == 200 && head.contains("content-type: image/png") && body == "hello", "{head}");
    let (status, _, body) = call(url, "GET", &public, "range: bytes=1-3\r\n", "").await;
    assert_eq!((status, body.as_str()), (206, "ell"));
    let (status, _, body) = call(url, "GET", &public, "range: bytes=1-3\r\nif-range: \"old\"\r\n", "").await;
    assert_eq!((status, body.as_str()), (200, "hello"));

    let (put, _, _) = presign(r#"{"file_name": "a", "expires_in": 0}"#).await;
    let (status, _, said) = raw(url, "PUT", &put, "content-length: 0\r\n", "").await;
    assert!(status == 403 && said.contains("Request has expired"), "{said}");
    gateway.next("storage").answers(Reply::status(503));
    assert_eq!(call(url, "GET", &public, "", "").await.0, 503);
    assert_eq!(gateway.requests().iter().filter(|request| request.operation.as_deref() == Some("storage")).count(), 13);
}

#[tokio::test]
async fn what_a_task_is_asked_about_depends_on_what_made_it() {
    let gateway = Gateway::start().await.unwrap();
    let (url, key) = (gateway.url(), bearer(gateway.key()));
    let path = "/v1/video/generations";
    let general = call(url, "POST", path, &key, r#"{"model": "kling-v1", "prompt": "x"}"#).await.2;
    let seedance = r#"{"model": "doubao-seedance-2-0-260128", "content": [{"type": "text", "text": "x"}]}"#;
    let seedance = call(url, "POST", path, &key, seedance).await.2;
    let short = call(url, "GET", &format!("{path}/{}", member(&general, "task_id")), &key, "").await.2;
    assert_eq!(member(&short, "status"), "queued");
    let record = call(url, "GET", &format!("{path}/{}", member(&seedance, "task_id")), &key, "").await.2;
    assert_eq!(member(&record, "status"), "QUEUED");
    let seen = gateway.requests();
    assert_eq!(seen[2].operation.as_deref(), Some("video_generations_get"));
    assert_eq!(seen[3].operation.as_deref(), Some("video_generations_get_record"));
}

#[tokio::test]
async fn a_stream_comes_piece_by_piece() {
    let pause = Duration::from_millis(30);
    let gateway = Gateway::builder().chunk_pause(pause).start().await.unwrap();
    let order = r#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;
    let started = Instant::now();
    let (status, head, body) = call(gateway.url(), "POST", "/v1/chat/completions", &bearer(gateway.key()), order).await;
    assert!(status == 200 && head.contains("content-type: text/event-stream"), "{head}");
    assert!(body.contains("data: {") && body.contains("data: [DONE]\n\n"), "{body}");
    assert!(started.elapsed() >= 2 * pause);
}

#[tokio::test]
async fn the_two_gateways_know_their_own_keys_and_routes() {
    let gateway = Gateway::start().await.unwrap();
    let (own, other) = (bearer(gateway.key()), bearer(gateway.openoctopus_key()));
    let order = r#"{"model": "m", "prompt": "p"}"#;
    let path = "/v1/images/generations";
    assert_eq!(call(gateway.openoctopus_url(), "POST", path, &other, order).await.0, 200);
    assert_eq!(call(gateway.openoctopus_url(), "POST", path, &own, order).await.0, 401);
    assert_eq!(call(gateway.url(), "GET", "/v1/models", &own, "").await.0, 200);
    assert_eq!(call(gateway.url(), "GET", "/v1/models", &other, "").await.0, 401);
    assert_eq!(call(gateway.url(), "GET", "/v1/tasks/x", &own, "").await.0, 404);
    let (status, _, body) = call(gateway.url(), "POST", "/v1/videos", &own, "{}").await;
    assert_eq!((status, member(&body, "code")), (422, "schema_violation"));
}

#[tokio::test]
async fn ports_are_taken_and_given_back() {
    let first = Gateway::start().await.unwrap();
    let port: u16 = first.url().rsplit_once(':').unwrap().1.parse().unwrap();
    let error = Gateway::builder().port(port).start().await.unwrap_err();
    assert!(error.to_string().contains(&format!("the port {port} of 127.0.0.1")), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(Gateway::builder().port(u16::MAX).start().await.is_err());
    first.shutdown().await;
    TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
    let dropped = Gateway::start().await.unwrap();
    let address = dropped.url().strip_prefix("http://").unwrap().to_owned();
    drop(dropped);
    let mut tries = 0;
    while TcpStream::connect(&address).await.is_ok() {
        tries += 1;
        assert!(tries < 100, "the port stays open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
