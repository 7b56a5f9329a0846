//! The form of the files.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::Method;

use super::exchange::{AnsweredBody, Asked, AskedBody, End, Exchange};

/// The example of the README, as it stands there.
fn example() -> &'static str {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_form_that_the_readme_shows_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0001-chat_create.json");
    std::fs::write(&file, example()).unwrap();
    let Exchange { name, request, answer } = Exchange::read(&file).unwrap();
    let Asked { operation, method, target, key_in, headers, body } = request;
    assert_eq!((name.as_str(), operation.as_deref(), method), ("0001-chat_create", Some("chat_create"), Method::POST));
    assert_eq!((target.as_str(), key_in), ("/v1/chat/completions", vec!["authorization".to_owned()]));
    assert_eq!(headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert!(matches!(body, AskedBody::Json(body) if body["stream"] == true));
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.after, answer.end), (200, Duration::from_millis(412), End::Broken));
    let pieces = [(0, "data: {\"choices\": []}\n\n"), (35, "data: [DONE]\n\n")];
    let pieces = pieces.map(|(pause, text)| (Duration::from_millis(pause), text.into()));
    assert_eq!(answer.body, AnsweredBody::Pieces(pieces.to_vec()));
}

#[cfg(feature = "record")]
#[test]
fn what_is_written_is_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0001-chat_create.json");
    std::fs::write(&file, example()).unwrap();
    let first = Exchange::read(&file).unwrap();
    let whole = |text: &[u8]| AnsweredBody::Whole(text.to_vec().into());
    let bodies = [
        first.answer.clone().unwrap().body,
        whole(b""),
        whole(br#"{"a":1,"b":[null,1.5]}"#),
        whole(b"{ \"a\": 1.50 }"),
        whole(br#""only a text""#),
        whole(b"<p>page</p>"),
        whole(&[0, 159, 146, 150]),
        AnsweredBody::Pieces(Vec::new()),
    ];
    let asked = [
        AskedBody::None,
        AskedBody::Json(serde_json::json!({"a": {"text": 1}})),
        AskedBody::Text("{ \"a\"".to_owned()),
        AskedBody::Form(serde_json::json!([{"name": "file", "bytes": 3}])),
        AskedBody::Bytes(7),
    ];
    for (at, body) in bodies.into_iter().enumerate() {
        let mut exchange = Exchange { name: format!("{at:04}-other"), ..first.clone() };
        exchange.request.body = asked[at % asked.len()].clone();
        exchange.answer.as_mut().unwrap().body = body;
        if at == 1 {
            exchange.answer = None;
        }
        exchange.write(folder.path()).unwrap();
        let again = Exchange::read(&folder.path().join(format!("{at:04}-other.json"))).unwrap();
        assert_eq!((again.name, again.request, again.answer), (exchange.name, exchange.request, exchange.answer));
    }
}
