//! Handshakes that come to nothing.

use std::time::Duration;

use octopusx::RetryPolicy;
use serde_json::json;

use super::MODEL;
use crate::raw::{self, Server, Step, answer};
use crate::support::{builder, client};
use crate::watch::hides;

/// A head of an answer that changes the protocol, with the right `Sec-WebSocket-Accept` where `{accept}` stands.
async fn switching(headers: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = raw::read(&mut socket).await.unwrap();
        let nonce = request.header("sec-websocket-key").unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(nonce.as_bytes());
        let head = format!("HTTP/1.1 101 Switching Protocols\r\n{}\r\n\r\n", headers.replace("{accept}", &accept));
        tokio::io::AsyncWriteExt::write_all(&mut socket, head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
    });
    url
}

#[tokio::test]
async fn a_refusal_is_the_gateways_own_error() {
    let body = |code: &str| json!({"error": {"message": "no, because", "type": "gateway", "code": code}}).to_string();
    for (status, code) in [
        ("400 Bad Request", "bad_model"),
        ("401 Unauthorized", "invalid_api_key"),
        ("402 Payment Required", "insufficient_user_quota"),
        ("403 Forbidden", "access_denied"),
        ("404 Not Found", "model_not_found"),
        ("426 Upgrade Required", "upgrade"),
        ("429 Too Many Requests", "rate_limit_exceeded"),
        ("500 Internal Server Error", "oops"),
        ("503 Service Unavailable", "down"),
        // Some refuse with a success that is none.
        ("200 OK", "inside"),
    ] {
        let server = Server::play(raw::answers(answer(status, &["content-type: application/json"], body(code)))).await;
        let error = client(&server.url).realtime().connect(MODEL).await.unwrap_err();
        assert_eq!(error.http_status().unwrap().as_str(), &status[..3], "{error:?}");
        let api = error.api().unwrap_or_else(|| panic!("{status}: {error:?}"));
        assert_eq!((api.message(), api.code()), ("no, because", Some(code)));
        assert_eq!(error.body().unwrap(), body(code).as_bytes());
        assert!(!error.may_have_been_processed());
        hides(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn a_web_page_is_not_a_session() {
    let server = Server::play(raw::answers(answer("200 OK", &["content-type: text/html"], "<title>Welcome</title>"))).await;
    let error = client(&server.url).realtime().connect(MODEL).await.unwrap_err();
    assert!(error.to_string().contains("a WebSocket was asked for, but a web page: Welcome came"), "{error}");
}

#[tokio::test]
async fn a_handshake_that_only_looks_right_is_refused() {
    for (headers, words) in [
        ("upgrade: h2c\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}", "not to WebSocket"),
        ("upgrade: websocket\r\nconnection: close\r\nsec-websocket-accept: {accept}", "`Connection` does not say so"),
        ("upgrade: websocket\r\nconnection: upgrade", "`Sec-WebSocket-Accept` is not the answer"),
        ("upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "is not the answer"),
        (
            "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\nsec-websocket-extensions: permessage-deflate",
            "an extension that nobody asked for",
        ),
        (
            "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\nsec-websocket-protocol: chat",
            "a sub-protocol that nobody offered",
        ),
    ] {
        let error = client(&switching(headers).await).realtime().connect(MODEL).await.unwrap_err();
        assert!(error.is_protocol() && error.to_string().contains(words), "{headers}: {error:?}");
        assert_eq!(error.http_status().unwrap(), 101);
    }
    let right = "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nsec-websocket-accept: {accept}";
    client(&switching(right).await).realtime().connect(MODEL).await.unwrap();
}

#[tokio::test]
async fn a_handshake_is_tried_again_like_any_call_that_costs_nothing() {
    let server = Server::play_each(|number| match number {
        0 => raw::answers(answer("503 Service Unavailable", &[], "{}")),
        1 => vec![Step::Read, Step::Reset],
        _ => raw::answers(answer("403 Forbidden", &["content-type: application/json"], r#"{"error":{"message":"no"}}"#)),
    })
    .await;
    let policy = RetryPolicy::default().max_attempts(5).base_delay(Duration::from_millis(1));
    let error = builder(&server.url).retry(policy).build().unwrap().realtime().connect(MODEL).await.unwrap_err();
    assert_eq!((error.http_status().unwrap().as_u16(), error.attempts()), (403, 3));
    let nonces: Vec<String> =
        server.arrived().iter().map(|request| request.header("sec-websocket-key").unwrap().to_owned()).collect();
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2], "{nonces:?}");
}

#[tokio::test]
async fn a_handshake_that_nobody_answers_ends_in_time() {
    let server = Server::play(vec![Step::Read, Step::Silence]).await;
    let since = std::time::Instant::now();
    let error = client(&server.url).realtime().connect(MODEL).timeout(Duration::from_millis(200)).await.unwrap_err();
    assert!(error.is_timeout() && since.elapsed() < Duration::from_secs(3), "{error:?}");
}

#[tokio::test]
async fn the_key_in_a_sub_protocol_stays_with_its_host() {
    let foreign = Server::play(raw::answers(answer("404 Not Found", &[], ""))).await;
    let location = format!("location: {}/elsewhere", foreign.url.replace("127.0.0.1", "localhost"));
    let server = Server::play(raw::answers(answer("307 Temporary Redirect", &[&location], ""))).await;
    let error = client(&server.url).realtime().connect(MODEL).key_in_protocol().await.unwrap_err();
    hides(&format!("{error} {error:?}"));
    for request in foreign.arrived() {
        hides(&request.head);
    }
}

#[tokio::test]
async fn a_key_that_no_sub_protocol_can_hold_is_refused_before_anything_is_sent() {
    let client = octopusx::Client::builder().key("sk,comma").base_url("http://127.0.0.1:9").build().unwrap();
    let error = client.realtime().connect(MODEL).key_in_protocol().await.unwrap_err();
    assert!(error.is_invalid_request() && error.to_string().contains("sub-protocol"), "{error}");
}
