//! Real answers kept and answered again: byte by byte the same, broken the same way, and without any secret.

use std::path::Path;
use std::time::{Duration, Instant};

use octopusx_mock::{Gateway, Recorder, Recording, Reply};
use serde_json::{Value, json};

use crate::wire::{CHAT, CHAT_STREAM, Came, End, Order, call_at, chat};

const KEY: &str = "sk-real-3f9a0c77d1";

fn get(path: &str) -> Order {
    Order { method: "GET", path: path.to_owned(), body: String::new(), headers: String::new() }
}

async fn upstream() -> Gateway {
    Gateway::builder().key(KEY).task_step(Duration::ZERO).chunk_pause(Duration::from_millis(1)).start().await.unwrap()
}

async fn recorder(upstream: &Gateway, folder: &Path) -> Recorder {
    Recorder::builder(upstream.url(), folder).start().await.unwrap()
}

/// Calls with a key, and leaves after a second of silence.
async fn call(url: &str, order: &Order, key: &str) -> Came {
    let headers = format!("authorization: Bearer {key}\r\n{}", order.headers);
    let order = Order { method: order.method, path: order.path.clone(), body: order.body.clone(), headers };
    call_at(url, &order, Duration::from_secs(1)).await
}

async fn replay(folder: &Path) -> Gateway {
    Gateway::builder().replays(Recording::load(folder).unwrap()).start().await.unwrap()
}

/// All that a folder holds, bytes as text.
fn all_files(folder: &Path) -> Vec<(String, String)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |file: &Path| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    let mut all: Vec<_> = files.map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), text(&file))).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_was_recorded_is_answered_again_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("recording");
    let upstream = upstream().await;
    upstream.next("embeddings_create").answers(Reply::status(503).retry_after(7));
    upstream.next("moderations_create").answers(Reply::page(502));
    upstream
        .next("account_usage")
        .answers(Reply::text("{ \"object\": \"list\",\n\t\"total_usage\": 1.50 }").labelled("application/json"));
    let recorder = recorder(&upstream, &folder).await;
    let order = Order { path: "/v1/videos".to_owned(), ..chat(r#"{"model": "sora-2", "prompt": "a boat"}"#) };
    let made = call(recorder.url(), &order, KEY).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let poll = || get(&format!("/v1/videos/{id}"));
    let mut orders = vec![order];
    orders.extend([poll(), poll(), poll(), poll(), poll()]);
    orders.push(get(&format!("/v1/videos/{id}/content")));
    orders.extend([chat(CHAT), chat(CHAT_STREAM)]);
    orders.push(Order { path: "/v1/embeddings".to_owned(), ..chat(r#"{"model": "m", "input": "x"}"#) });
    orders.push(Order { path: "/v1/moderations".to_owned(), ..chat(r#"{"input": "x"}"#) });
    orders.extend([get("/dashboard/billing/usage"), get("/no/such/route"), get("/v1beta/models?key=sk-real-3f9a0c77d1")]);
    // A file, as it is asked about, and a part of it.
    let file = |method, headers: &str| Order { method, headers: headers.to_owned(), ..get(&format!("/v1/videos/{id}/content")) };
    orders.extend([file("HEAD", ""), file("GET", "range: bytes=4-7\r\n")]);
    let mut first = vec![made];
    for order in &orders[1..] {
        first.push(call(recorder.url(), order, KEY).await);
    }
    let url = recorder.url().to_owned();
    assert_eq!(recorder.finish().await.unwrap(), orders.len());

    let gateway = replay(&folder).await;
    assert_eq!(gateway.unused_recordings().len(), orders.len());
    for (order, first) in orders.iter().zip(&first) {
        let again = call(gateway.url(), order, "another-key").await;
        assert_eq!(again.status(), first.status(), "{}: {}", order.path, again.text());
        for name in ["content-type", "content-range", "retry-after", "x-request-id"] {
            assert_eq!(again.header(name), first.header(name), "{}", order.path);
        }
        // What the gateway's own address was is now the other gateway's.
        let expected = match String::from_utf8(first.body()) {
            Ok(text) => text.replace(&url, gateway.url()).into_bytes(),
            Err(bytes) => bytes.into_bytes(),
        };
        assert!(again.body() == expected, "{}:\n{}\n{}", order.path, first.text(), again.text());
        if order.method == "HEAD" {
            assert!(again.header("content-length").is_some_and(|length| length != "0"), "{}", again.head());
            assert_eq!(again.header("content-length"), first.header("content-length"));
        } else {
            assert_eq!(again.is_whole(), first.is_whole(), "{}", order.path);
        }
    }
    assert_eq!(gateway.unused_recordings(), [""; 0]);
    assert_eq!(
        first.iter().map(Came::status).collect::<Vec<_>>(),
        [200, 200, 200, 200, 200, 200, 200, 200, 200, 503, 502, 200, 404, 200, 200, 206]
    );
    // Where a video lies: at the gateway that is asked.
    let video = first[5].json()["video_url"].as_str().unwrap().to_owned();
    assert!(video.starts_with(&url), "{video}");
}

#[tokio::test]
async fn a_stream_keeps_its_pieces_and_its_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Gateway::builder().key(KEY).chunk_pause(Duration::from_millis(60)).start().await.unwrap();
    upstream.next("chat_create").answers(Reply::usual().wide_letters());
    let recorder = recorder(&upstream, folder.path()).await;
    let first = call(recorder.url(), &chat(CHAT_STREAM), KEY).await;
    recorder.finish().await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("0001-chat_create.json")).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    let pieces = kept["answer"]["body"]["pieces"].as_array().unwrap();
    assert!(pieces.len() >= first.events().len(), "{kept:#}");
    let joined: String = pieces.iter().map(|piece| piece[1].as_str().unwrap()).collect();
    assert_eq!(joined, first.text());
    let pauses = pieces.iter().filter(|piece| piece[0].as_u64().unwrap() >= 30).count();
    assert!(pauses >= 2, "{kept:#}");

    let started = Instant::now();
    let gateway = replay(folder.path()).await;
    let at_once = call(gateway.url(), &chat(CHAT_STREAM), KEY).await;
    let quick = started.elapsed();
    let recording = Recording::load(folder.path()).unwrap();
    let gateway = Gateway::builder().replays(recording).real_time(true).start().await.unwrap();
    let started = Instant::now();
    let in_time = call(gateway.url(), &chat(CHAT_STREAM), KEY).await;
    assert!(at_once.body() == first.body() && in_time.body() == first.body());
    assert!(started.elapsed() > Duration::from_millis(100), "{:?}, {quick:?}", started.elapsed());
}

#[tokio::test]
async fn what_broke_breaks_again() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let faults = [
        (CHAT, Reply::usual().reset_before_head()),
        (CHAT, Reply::usual().cut_after(20)),
        (CHAT_STREAM, Reply::usual().cut_after(150)),
        (CHAT_STREAM, Reply::usual().truncated_after(1)),
        (CHAT_STREAM, Reply::usual().stalled_after(1)),
    ];
    let recorder = recorder(&upstream, folder.path()).await;
    let mut first = Vec::new();
    for (body, reply) in &faults {
        upstream.next("chat_create").answers(reply.clone());
        first.push(call(recorder.url(), &chat(body), KEY).await);
    }
    assert_eq!(recorder.finish().await.unwrap(), 5);
    let gateway = replay(folder.path()).await;
    for ((body, _), first) in faults.iter().zip(&first) {
        let again = call(gateway.url(), &chat(body), KEY).await;
        assert_eq!((again.body(), again.is_whole(), again.end), (first.body(), first.is_whole(), first.end));
    }
    assert_eq!(
        first.iter().map(|came| came.end).collect::<Vec<_>>(),
        [End::Closed, End::Closed, End::Closed, End::Closed, End::Silent]
    );
}

#[tokio::test]
async fn no_secret_of_any_kind_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let strange = "Kx/9+plus=word.of-many";
    let secrets = [
        KEY,
        strange,
        "Kx%2F9",
        "Kx\\/9",
        "ck-cookie-8871",
        "xk-header-5520",
        "qk-query-9913",
        "wk-protocol-6612",
        "me@people.example",
        "5ec2e7516",
        "sk-other-00112233",
        "hunter2-secret",
        "ooq_found_in_text",
        "AKIAABCDEFGHIJKLMNOP",
        "client-secret-77",
    ];
    let signed = "https://b.example/f.mp4?X-Amz-Signature=5ec2e7516&x=1";
    let told = json!({
        "object": "list", "total_usage": 1, "note": format!("key {KEY}, {strange} and sk-other-00112233"), "owner": {"email": "me@people.example"},
        "api_key": "hunter2-secret", "video_url": signed, "text": "ooq_found_in_text AKIAABCDEFGHIJKLMNOP",
        "client_secret": {"value": "client-secret-77", "expires_at": 1},
    });
    upstream.next("account_usage").answers(Reply::json(told.clone()).header("set-cookie", "session=ck-cookie-8871"));
    upstream.next("account_usage").answers(Reply::text(format!("<p>{KEY} {}</p>", strange.replace('/', "\\/"))));
    upstream.next("chat_create").answers(Reply::events([
        json!({"choices": [{"delta": {"content": format!("you said {KEY}")}}]}),
        json!({"choices": [{"delta": {"content": signed}}], "email": "me@people.example"}),
    ]));
    upstream.next("chat_create").answers(Reply::events([json!({"choices": [{"delta": {"content": KEY}}]})]).in_pieces(5));
    let mut bytes = vec![0, 159, 146, 150];
    bytes.extend_from_slice(KEY.as_bytes());
    upstream.next("audio_speech").answers(Reply::bytes("audio/mpeg", bytes));
    let recorder = recorder(&upstream, folder.path()).await;
    let planted = format!(
        "x-api-key: xk-header-5520\r\ncookie: a=1; session=ck-cookie-8871\r\nmj-api-secret: {strange}\r\n\
         sec-websocket-protocol: realtime, openai-insecure-api-key.wk-protocol-6612\r\n"
    );
    let with = |order: Order| Order { headers: planted.clone(), ..order };
    let usage = "/dashboard/billing/usage?key=qk-query-9913&sig=5ec2e7516";
    let came = call(recorder.url(), &with(get(usage)), KEY).await;
    assert_eq!(came.status(), 422, "{}", came.text());
    let came = call(recorder.url(), &with(get("/dashboard/billing/usage")), KEY).await;
    // Whoever asked gets all of it.
    assert_eq!(came.json(), told);
    call(recorder.url(), &with(get("/dashboard/billing/usage")), KEY).await;
    let said = format!("my key is {KEY}, or {strange}; write to me@people.example at {signed}");
    let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": said}]}).to_string();
    for _ in 0..2 {
        let came = call(recorder.url(), &with(chat(&body)), KEY).await;
        assert!(came.text().contains(KEY), "{}", came.text());
    }
    let speech = json!({"model": "tts-1", "input": said, "voice": "alloy"}).to_string();
    let came = call(recorder.url(), &with(Order { path: "/v1/audio/speech".to_owned(), ..chat(&speech) }), KEY).await;
    assert_eq!(came.status(), 200, "{}", came.text());
    assert_eq!(recorder.finish().await.unwrap(), 6);

    let files = all_files(folder.path());
    assert!(files.len() >= 8, "{files:?}");
    for (name, text) in &files {
        for secret in secrets {
            assert!(!text.contains(secret) && !name.contains(secret), "{name} holds {secret}:\n{text}");
        }
    }
    let text = &files[0].1;
    assert!(text.contains("key=[hidden]&sig=[hidden]") && text.contains("\"x-api-key\""), "{text}");
    // It is a recording nevertheless, and any key opens it.
    let gateway = replay(folder.path()).await;
    for _ in 0..2 {
        let came = call(gateway.url(), &chat(&body.replace(KEY, "sk-test")), "sk-test").await;
        assert!(came.text().contains("[hidden]") && came.is_whole(), "{}", came.text());
    }
    let came = call(gateway.url(), &get("/dashboard/billing/usage"), "sk-test").await;
    assert_eq!(came.json()["total_usage"], 1);
    assert_eq!(came.json()["video_url"], "https://b.example/f.mp4?[hidden]");
}

#[tokio::test]
async fn a_request_gets_the_recording_that_is_most_like_it_and_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let recorder = recorder(&upstream, folder.path()).await;
    let says = |text: &str| chat(&json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string());
    for text in ["one", "two", "three"] {
        upstream.next("chat_create").answers(json!({"id": text, "choices": []}));
        call(recorder.url(), &says(text), KEY).await;
    }
    recorder.finish().await.unwrap();
    let gateway = replay(folder.path()).await;
    let mut answers = Vec::new();
    for text in ["three", "never said", "two"] {
        answers.push(call(gateway.url(), &says(text), KEY).await.json()["id"].clone());
    }
    assert_eq!(answers, ["three", "one", "two"]);
    let came = call(gateway.url(), &says("two"), KEY).await;
    assert_eq!(came.status(), 422);
    let told = came.json()["error"]["message"].as_str().unwrap().to_owned();
    let expected = "octopusx-mock: no recording is left for POST /v1/chat/completions; nearest: 0001-chat_create (POST \
                    /v1/chat/completions): it fits, and was used; 0002-chat_create";
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(gateway.count("chat_create"), 4);
}

#[tokio::test]
async fn a_request_without_a_recording_is_told_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let recorder = recorder(&upstream, folder.path()).await;
    call(recorder.url(), &chat(CHAT), KEY).await;
    call(recorder.url(), &get("/v1/models"), KEY).await;
    recorder.finish().await.unwrap();
    let gateway = replay(folder.path()).await;
    for (order, expected) in [
        (chat(CHAT_STREAM), "0001-chat_create (POST /v1/chat/completions): its body lacks `/stream true`"),
        (get("/v1/chat/completions"), "0001-chat_create (POST /v1/chat/completions): it is a POST"),
        (get("/v1/models?limit=2"), "0002-models_list (GET /v1/models): it has another query"),
        (get("/v1/models/m"), "0002-models_list (GET /v1/models): it has another path"),
    ] {
        let came = call(gateway.url(), &order, KEY).await;
        let nearest = came.json()["error"]["nearest"][0].clone();
        assert_eq!((came.status(), nearest), (422, expected.into()));
    }
    assert_eq!(gateway.unused_recordings(), ["0001-chat_create", "0002-models_list"]);
}

#[tokio::test]
async fn sessions_are_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let recorder = recorder(&upstream, folder.path()).await;
    let headers = "upgrade: websocket\r\nsec-websocket-protocol: openai-insecure-api-key.sk-in-a-protocol\r\n".to_owned();
    let came = call(recorder.url(), &Order { headers, ..get("/v1/realtime?model=m") }, KEY).await;
    assert!(came.status() == 501 && came.text().contains("sessions over WebSocket are not recorded"), "{}", came.text());
    assert_eq!(recorder.finish().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_no_recording_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let error = Recording::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("recording.json"), "{error}");
    let recorder = recorder(&upstream, folder.path()).await;
    call(recorder.url(), &chat(CHAT), KEY).await;
    recorder.finish().await.unwrap();
    let again = Recorder::builder(upstream.url(), folder.path()).start().await.unwrap_err().to_string();
    assert!(again.contains("it holds a recording already"), "{again}");
    for address in ["octopusx.ai", "ftp://octopusx.ai", "https://me:pass@octopusx.ai", "https://octopusx.ai?a=b"] {
        let error = Recorder::builder(address, folder.path().join("other")).start().await.unwrap_err().to_string();
        assert!(error.contains("the address of the gateway"), "{error}");
    }
    let file = folder.path().join("0001-chat_create.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    for (from, to, why) in [
        ("\"method\": \"POST\"", "\"method\": \"\"", "`method` is no method"),
        ("\"target\"", "\"place\"", "it has no `target`"),
        ("\"status\": 200", "\"status\": -1", "it has no `status`"),
        ("\"body\": {", "\"body\": {\"poem\": 1,", "a body of the kind `poem` is not known"),
        ("{", "", "trailing characters"),
    ] {
        std::fs::write(&file, whole.replacen(from, to, 1)).unwrap();
        let error = Recording::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("0001-chat_create.json: ") && error.contains(why), "{why}: {error}");
    }
    let index = folder.path().join("recording.json");
    std::fs::write(&index, r#"{"format": 2, "gateway": "octopusx"}"#).unwrap();
    let error = Recording::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("its format is 2, this reads 1"), "{error}");
}

#[tokio::test]
async fn each_gateway_answers_from_its_own_recording() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = upstream().await;
    let recorder = Recorder::builder(upstream.openoctopus_url(), folder.path()).openoctopus().start().await.unwrap();
    let first = call(recorder.url(), &get("/v1/models"), upstream.openoctopus_key()).await;
    recorder.finish().await.unwrap();
    let gateway = replay(folder.path()).await;
    assert_eq!(call(gateway.openoctopus_url(), &get("/v1/models"), "any").await.body(), first.body());
    // The other one answers from its document, as ever.
    assert_eq!(call(gateway.url(), &get("/v1/models"), gateway.key()).await.status(), 200);
    assert_eq!(call(gateway.url(), &get("/v1/models"), "any").await.status(), 401);
}
