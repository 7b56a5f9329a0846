//! The five protocols of streams: each from documented events, with the model of the request, whole and broken.

use std::time::{Duration, Instant};

use octopusx_mock::{ErrorShape, Gateway, LineEnd, Reply};

use crate::wire::{Came, End, Order, call, call_until_silence};

struct Protocol {
    operation: &'static str,
    order: Order,
    /// What the last frame has, and no other.
    end: &'static str,
    /// Its events have names.
    named: bool,
}

fn protocols() -> Vec<Protocol> {
    let protocol = |operation, path: &str, body: &str, end, named| {
        let headers = "anthropic-version: 2023-06-01\r\n".to_owned();
        let order = Order { method: "POST", path: path.to_owned(), body: body.to_owned(), headers };
        Protocol { operation, order, end, named }
    };
    let message = r#"[{"role": "user", "content": "hi"}]"#;
    vec![
        protocol(
            "chat_create",
            "/v1/chat/completions",
            &format!(r#"{{"model": "my-model", "stream": true, "messages": {message}}}"#),
            "data: [DONE]",
            false,
        ),
        protocol(
            "completions_create",
            "/v1/completions",
            r#"{"model": "my-model", "stream": true, "prompt": "hi"}"#,
            "data: [DONE]",
            false,
        ),
        protocol(
            "responses_create",
            "/v1/responses",
            r#"{"model": "my-model", "stream": true, "input": "hi"}"#,
            "event: response.completed\n",
            true,
        ),
        protocol(
            "messages_create",
            "/v1/messages",
            &format!(r#"{{"model": "my-model", "stream": true, "max_tokens": 9, "messages": {message}}}"#),
            "event: message_stop\n",
            true,
        ),
        protocol(
            "gemini_stream_generate_content",
            "/v1beta/models/my-model:streamGenerateContent?alt=sse",
            r#"{"contents": [{"parts": [{"text": "hi"}]}]}"#,
            r#""finishReason":"STOP""#,
            false,
        ),
    ]
}

fn frames(came: &Came) -> Vec<String> {
    came.text().split_terminator("\n\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn each_protocol_streams_and_breaks_as_it_is_told() {
    let gateway = Gateway::builder().chunk_pause(Duration::ZERO).start().await.unwrap();
    for Protocol { operation, order, end, named } in protocols() {
        let ordered = async |reply: Reply| {
            gateway.next(operation).answers(reply);
            call(&gateway, &order).await
        };
        let came = call(&gateway, &order).await;
        let usual = frames(&came);
        assert!(came.status() == 200 && came.is_whole() && usual.len() > 2, "{operation}: {}", came.text());
        assert!(came.text().contains("\"my-model\""), "{operation}: {}", usual[0]);
        assert_eq!(usual.iter().filter(|frame| frame.contains(end)).count(), 1, "{operation}");
        assert!(usual.last().unwrap().contains(end), "{operation}");
        assert!(usual.iter().all(|frame| frame.starts_with("event: ") == named), "{operation}");

        let came = ordered(Reply::usual().without_end()).await;
        assert_eq!(frames(&came), usual[..usual.len() - 1], "{operation}");
        let came = ordered(Reply::usual().end_twice()).await;
        assert_eq!(
            frames(&came)[usual.len() - 1..],
            [usual[usual.len() - 1].clone(), usual[usual.len() - 1].clone()],
            "{operation}"
        );
        let came = ordered(Reply::usual().truncated_after(2)).await;
        assert!(frames(&came) == usual[..2] && came.is_whole(), "{operation}");
        let came = ordered(Reply::usual().cut_after(usual[0].len() + 10)).await;
        assert!(came.text().starts_with(&usual[0]) && !came.is_whole(), "{operation}");
        for shape in [ErrorShape::Object, ErrorShape::NumericCode, ErrorShape::Text, ErrorShape::Named] {
            let came = ordered(Reply::usual().error_after(1, shape)).await;
            let frames = frames(&came);
            assert!(frames.len() == 2 && frames[1].contains("\"error\":"), "{operation}: {frames:?}");
        }
        let came = ordered(Reply::usual().bom().line_ends(LineEnd::CrLf)).await;
        let text = came.text();
        assert_eq!(
            text.trim_start_matches('\u{feff}').replace("\r\n", "\n").split_terminator("\n\n").count(),
            usual.len(),
            "{operation}"
        );
        let came = ordered(Reply::usual().in_pieces(1)).await;
        assert_eq!(frames(&came), usual, "{operation}");
    }
}

#[tokio::test]
async fn a_thousand_streams_at_once_all_come_to_their_end() {
    const STREAMS: usize = 1_000;
    let gateway = Gateway::builder().chunk_pause(Duration::from_millis(100)).start().await.unwrap();
    let order = &protocols().remove(0).order;
    let came = futures_util::future::join_all((0..STREAMS).map(|_| call(&gateway, order))).await;
    for came in came {
        assert!(came.is_whole() && came.text().ends_with("data: [DONE]\n\n"), "{:?}: {}", came.end, came.text());
    }
    assert_eq!(gateway.count("chat_create"), STREAMS as u64);
    gateway.shutdown().await;
}

#[tokio::test]
async fn what_stalls_does_not_hold_up_the_end() {
    let gateway = Gateway::start().await.unwrap();
    let order = &protocols().remove(0).order;
    for stall in [Reply::usual().stalled_after(1), Reply::usual().stalled_after_bytes(9), Reply::usual().stalled_before_head()] {
        gateway.next("chat_create").answers(stall);
    }
    let came = futures_util::future::join_all((0..3).map(|_| call_until_silence(&gateway, order))).await;
    assert!(came.iter().all(|came| came.end == End::Silent), "{came:?}");
    let started = Instant::now();
    gateway.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
