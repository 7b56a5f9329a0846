//! Streams: every event in order, or an error that says why. Raw sockets, so that the bytes are ours.

use octopusx::Error;
use octopusx::chat::{ChatCompletionChunk, ChatCompletionRequest, ChatMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::client;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-9\r\nconnection: close\r\n\r\n";

/// Serves one answer, cut into pieces of `cut` bytes, then closes.
async fn serve(head: &'static str, body: &[u8], cut: usize) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = body.to_vec();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let _ = socket.read(&mut [0; 8192]).await;
        socket.write_all(head.as_bytes()).await.unwrap();
        for piece in body.chunks(cut.max(1)) {
            if socket.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    address
}

async fn collect(head: &'static str, body: &[u8], cut: usize) -> (String, Option<Error>) {
    let address = serve(head, body, cut).await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut stream = match client(&address).chat().create_stream(&request).await {
        Ok(stream) => stream,
        Err(error) => return (String::new(), Some(error)),
    };
    assert_eq!(stream.request_id(), Some("req-9"));
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => text.push_str(&ChatCompletionChunk::text(&chunk)),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing comes after an error");
                return (text, Some(error));
            }
        }
    }
    assert!(stream.next().await.is_none(), "a stream stays ended");
    (text, None)
}

fn chunk(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n", serde_json::Value::from(text))
}

/// Whole, in odd pieces, and byte by byte must be the same.
async fn in_every_cut(body: &str, text: &str, check: impl Fn(Option<&Error>)) {
    for cut in [usize::MAX, 7, 1] {
        let (found, error) = collect(HEAD, body.as_bytes(), cut.min(body.len())).await;
        assert_eq!(found, text, "cut {cut}");
        check(error.as_ref());
    }
}

fn ended_well(error: Option<&Error>) {
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn chunks_come_in_order_to_done() {
    let body = format!("{}{}{}data: [DONE]\n\n", chunk("Hello"), chunk(", wörld"), chunk(" 🐙"));
    in_every_cut(&body, "Hello, wörld 🐙", ended_well).await;
}

#[tokio::test]
async fn boms_comments_foreign_line_ends_and_empty_data_do_not_matter() {
    let body = format!(
        "\u{feff}: PING\n\n{}: PING\n\nretry: 10\n\ndata:\n\nevent: ping\ndata:\n\n{}data: [DONE]\n\n",
        chunk("a"),
        chunk("b")
    );
    in_every_cut(&body, "ab", ended_well).await;
    in_every_cut(&body.replace('\n', "\r\n"), "ab", ended_well).await;
    in_every_cut(&body.replace('\n', "\r"), "ab", ended_well).await;
}

#[tokio::test]
async fn done_without_its_last_line_break_is_still_the_end() {
    for end in ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\n\ndata: [DONE]\n\n"] {
        in_every_cut(&format!("{}{end}", chunk("a")), "a", ended_well).await;
    }
}

#[tokio::test]
async fn a_stream_without_its_end_is_truncated_after_the_last_good_event() {
    in_every_cut(&chunk("half"), "half", |error| assert!(error.unwrap().is_truncated())).await;
    in_every_cut(&format!("{}data: {{\"choices\":[{{\"del", chunk("half")), "half", |error| {
        assert!(error.unwrap().is_truncated())
    })
    .await;
    let unfinished = chunk("half");
    in_every_cut(unfinished.trim_end(), "half", |error| assert!(error.unwrap().is_truncated())).await;
    in_every_cut("", "", |error| assert!(error.unwrap().is_truncated())).await;
}

#[tokio::test]
async fn an_error_in_mid_stream_comes_after_the_events_before_it() {
    for event in [
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"busy\"}}\n\n",
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n",
        "data: {\"error\":\"overloaded\"}\n\n",
        "event: error\ndata: {\"message\":\"overloaded\"}\n\n",
        "event: error\ndata: overloaded\n\n",
    ] {
        let body = format!("{}{event}", chunk("so far"));
        in_every_cut(&body, "so far", |error| assert_eq!(error.unwrap().api().unwrap().message(), "overloaded", "{event}")).await;
        in_every_cut(event, "", |error| assert!(error.unwrap().api().is_some())).await;
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_names_its_place() {
    let body = format!("{}data: {{\"choices\":[{{\"delta\":{{\"role\":5}}}}]}}\n\ndata: [DONE]\n\n", chunk("a"));
    in_every_cut(&body, "a", |error| {
        let error = error.unwrap();
        assert!(error.is_decode());
        assert_eq!(error.json_path(), Some("choices[0].delta.role"));
    })
    .await;
}

#[tokio::test]
async fn a_json_failure_instead_of_a_stream_is_the_gateways_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let (_, error) = collect(head, br#"{"error":{"message":"no quota","code":"insufficient_user_quota"}}"#, 1000).await;
    assert!(error.unwrap().is_quota());
    let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    let (_, error) = collect(head, b"<title>slow down</title>", 1000).await;
    assert!(error.as_ref().unwrap().is_rate_limited(), "{error:?}");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let (_, error) = collect(head, br#"{"choices":[]}"#, 1000).await;
    assert!(error.unwrap().is_decode());
}

#[test]
fn streams_can_be_sent_moved_and_polled_after_their_end() {
    fn holds<T: Send + Unpin + 'static>() {}
    holds::<octopusx::EventStream<ChatCompletionChunk>>();
    holds::<octopusx::Collecting<ChatCompletionChunk>>();
    holds::<octopusx::TextStream<ChatCompletionChunk>>();
}

#[tokio::test]
async fn the_raw_event_stays_at_hand() {
    let events = "id: 7\nevent: delta\ndata: {\"choices\":[],\ndata: \"new\":1}\n\ndata: {\"choices\":7}\n\n";
    let address = serve(HEAD, events.as_bytes(), 5).await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut stream = client(&address).chat().create_stream(&request).await.unwrap();
    assert!(stream.last_event().is_none());
    stream.next().await.unwrap().unwrap();
    let raw = stream.last_event().unwrap();
    assert_eq!((raw.name, raw.data, raw.id), ("delta", "{\"choices\":[],\n\"new\":1}", Some("7")));
    stream.next().await.unwrap().unwrap_err();
    let raw = stream.last_event().unwrap();
    assert_eq!((raw.name, raw.data, raw.id), ("message", "{\"choices\":7}", Some("7")));
}

#[test]
fn a_stream_whose_runtime_is_gone_is_truncated_and_never_waits() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (server, reading, later) = (runtime(), runtime(), runtime());
    let address = server.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 8192]).await;
            socket.write_all(format!("{HEAD}{}", chunk("a")).as_bytes()).await.unwrap();
            std::future::pending::<()>().await
        });
        address
    });
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let client = client(&address);
    let mut stream = reading.block_on(async {
        let mut stream = client.chat().create_stream(&request).await.unwrap();
        stream.next().await.unwrap().unwrap();
        stream
    });
    drop(reading);
    let error = later.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(5), stream.next()).await });
    let error = error.expect("hangs").unwrap().unwrap_err();
    assert!(error.is_truncated() && error.to_string().contains("runtime"), "{error:?}");
}
