//! Every way in which gateways are known to misbehave can be ordered, and is what arrives.

use std::time::Duration;

use crate::wire::{CHAT, CHAT_STREAM, Came, End, Order, call, call_until_silence, chat};
use octopusx_mock::{ErrorShape, Gateway, LineEnd, Reply, TaskStep};
use serde_json::{Value, json};

async fn gateway() -> Gateway {
    Gateway::builder().task_step(Duration::ZERO).chunk_pause(Duration::ZERO).start().await.unwrap()
}

/// A class of misbehaviour, what orders it, and what must be seen of it.
struct Case(&'static str, Reply, fn(&Came) -> bool);

fn streams() -> Vec<Case> {
    let usual = Reply::usual;
    vec![
        Case("a BOM before the first event", usual().bom(), |came| came.body().starts_with(b"\xEF\xBB\xBFdata: {")),
        Case("CR", usual().line_ends(LineEnd::Cr), |came| came.text().contains("\r\rdata: ") && !came.text().contains('\n')),
        Case("LF", usual().line_ends(LineEnd::Lf), |came| came.text().contains("\n\ndata: ") && !came.text().contains('\r')),
        Case("CRLF", usual().line_ends(LineEnd::CrLf), |came| {
            came.text().contains("\r\n\r\ndata: ") && !came.text().replace("\r\n", "").contains(['\r', '\n'])
        }),
        Case("a CRLF cut between two chunks", usual().line_ends(LineEnd::CrLf).in_pieces(1), |came| {
            came.chunks().windows(2).any(|pair| pair[0] == b"\r" && pair[1] == b"\n")
        }),
        Case("comments at any place", usual().comments(), |came| {
            came.text().contains(": PING\ndata: ") && came.text().contains(": PING\n\n: PING\n") && came.events().len() == 3
        }),
        Case("comments for minutes", usual().pings(Duration::from_millis(50), Duration::from_millis(300)), |came| {
            came.text().starts_with(": PING\n\n".repeat(6).as_str()) && came.events().len() == 3
        }),
        Case("events that nobody documented", usual().unknown_events(), |came| {
            came.text().starts_with("event: keepalive\ndata: {") && came.events().len() == 7
        }),
        Case("an event of any name", usual().event_after(1, "ping", json!({})), |came| {
            came.text().contains("event: ping\ndata: {}\n\n") && came.events()[1] == json!({})
        }),
        Case("blocks with only retry", usual().retry_lines(), |came| came.text().starts_with("retry: 3000\n\ndata: {")),
        Case("blocks with only an empty data", usual().empty_events(), |came| came.text().starts_with("data:\n\ndata: {")),
        Case("data over several lines", usual().data_lines(), |came| came.text().starts_with("data: {\ndata:   \"")),
        Case("UTF-8 cut between chunks", usual().wide_letters().in_pieces(1), |came| {
            let cut = |chunk: &Vec<u8>| std::str::from_utf8(chunk).is_err();
            came.events()[0]["x_mock"] == "é漢🐙" && came.chunks().iter().any(cut)
        }),
        Case("invalid UTF-8", usual().invalid_utf8(), |came| {
            let body = came.body();
            std::str::from_utf8(&body).is_err() && body.windows(3).any(|window| window == b"\xC3(\xFF")
        }),
        Case("one event of many MiB", usual().huge(3 << 20), |came| {
            came.events()[0]["x_mock"].as_str().unwrap().len() == 3 << 20 && came.events()[1].get("x_mock").is_none()
        }),
        Case("[DONE] missing", usual().without_end(), |came| came.data().len() == 3 && came.is_whole()),
        Case("[DONE] twice", usual().end_twice(), |came| came.text().ends_with("data: [DONE]\n\ndata: [DONE]\n\n")),
        Case("[DONE] without the last newline", usual().no_last_newline(), |came| came.text().ends_with("\n\ndata: [DONE]")),
        Case("the end after a few chunks", usual().truncated_after(1), |came| came.data().len() == 1 && came.is_whole()),
        Case("the connection closed after a few chunks", usual().cut_after(50), |came| {
            came.body().len() == 50 && !came.is_whole() && came.end == End::Closed
        }),
        Case("the connection reset after a few chunks", usual().reset_after(50), |came| {
            came.body().len() == 50 && came.end == End::Reset
        }),
        Case("silent after a few chunks", usual().stalled_after(2), |came| came.data().len() == 2 && came.end == End::Silent),
        Case("silent within a chunk", usual().stalled_after_bytes(50), |came| came.body().len() == 50 && came.end == End::Silent),
        Case("JSON cut in the middle", usual().json_cut_after(1), |came| {
            let data = came.data();
            data.len() == 2 && serde_json::from_str::<Value>(&data[1]).is_err() && data[1].starts_with('{')
        }),
        Case("an error object in mid-stream", usual().error_after(2, ErrorShape::Object), |came| {
            came.events().len() == 3 && came.events()[2]["error"]["code"] == "upstream_error"
        }),
        Case("an error object as the first event", usual().error_after(0, ErrorShape::Object), |came| {
            came.events().len() == 1 && came.events()[0]["error"]["message"].is_string()
        }),
        Case("an error with a numeric code", usual().error_after(2, ErrorShape::NumericCode), |came| {
            came.events()[2]["error"]["code"] == 502
        }),
        Case("an error that is a text", usual().error_after(2, ErrorShape::Text), |came| came.events()[2]["error"].is_string()),
        Case("an error by the name of its event", usual().error_after(2, ErrorShape::Named), |came| {
            came.text().contains("\n\nevent: error\ndata: {") && came.events()[2]["type"] == "error"
        }),
        Case("status 200, events, and one JSON error", Reply::error_with_200().labelled("text/event-stream"), |came| {
            came.status() == 200 && came.json()["error"]["message"].is_string() && is_events(came)
        }),
        Case("status 200, events, and one JSON answer", usual().as_whole().labelled("text/event-stream"), |came| {
            came.json()["choices"][0]["message"].is_object() && is_events(came)
        }),
        Case("status 200, events, and a web page", Reply::page(502).with_status(200).labelled("text/event-stream"), |came| {
            came.text().starts_with("<html>") && is_events(came) && came.status() == 200
        }),
        Case("events labelled as JSON", usual().labelled("application/json"), |came| {
            came.events().len() == 3 && came.header("content-type").as_deref() == Some("application/json")
        }),
        Case("events without a label", usual().labelled(""), |came| {
            came.events().len() == 3 && came.header("content-type").is_none()
        }),
        Case("an error status with an event", Reply::status(503).as_event(), |came| {
            came.status() == 503 && is_events(came) && came.events()[0]["error"].is_object()
        }),
        Case("events in large chunks", usual().in_pieces(1 << 14), |came| came.events().len() == 3 && came.chunks().len() == 2),
        Case("another pace", usual().paced(Duration::from_millis(30)), |came| came.events().len() == 3),
    ]
}

fn is_events(came: &Came) -> bool {
    came.header("content-type").as_deref() == Some("text/event-stream")
}

fn chunks() -> Vec<Case> {
    let usual = Reply::usual;
    let tool = |call: Value| {
        let chunk = |delta: Value, finish: Value| {
            json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        };
        Reply::events([chunk(json!({"tool_calls": [call]}), json!(null)), chunk(json!({}), json!("stop"))])
    };
    let call =
        |arguments: Value| json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}});
    vec![
        Case("choices null", usual().sets("choices", json!(null)), |came| all(came, |event| told_null(event, "/choices"))),
        Case("choices empty", usual().sets("choices", json!([])), |came| all(came, |event| event["choices"] == json!([]))),
        Case("choices missing", usual().drops("choices"), |came| all(came, |event| event.get("choices").is_none())),
        Case("delta null", usual().sets("delta", json!(null)), |came| all(came, |event| told_null(event, "/choices/0/delta"))),
        Case("choice index missing", usual().drops("/choices/*/index"), |came| {
            all(came, |event| event["choices"][0].get("index").is_none())
        }),
        Case("finish_reason empty", usual().sets("finish_reason", ""), |came| {
            all(came, |event| event["choices"][0]["finish_reason"] == "")
        }),
        Case("finish_reason unknown, and other words", usual().unknown_words(), |came| {
            let last = came.events().pop().unwrap();
            last["choices"][0]["finish_reason"] == "mock_unknown_word"
        }),
        Case("usage empty", usual().sets("/usage", json!({})), |came| all(came, |event| event["usage"] == json!({}))),
        Case("usage partial", usual().sets("/usage", json!({"total_tokens": 3})), |came| {
            all(came, |event| event["usage"] == json!({"total_tokens": 3}))
        }),
        Case(
            "usage in a chunk of its own",
            usual().event_after(3, "", json!({"choices": [], "usage": {"total_tokens": 3}})),
            |came| came.events().len() == 4 && came.events()[3]["usage"]["total_tokens"] == 3,
        ),
        Case("created a float", usual().sets("created", 1.5), |came| all(came, |event| event["created"] == 1.5)),
        Case("created a string", usual().numbers_as_strings(), |came| all(came, |event| event["created"].is_string())),
        Case("object missing", usual().drops("object"), |came| all(came, |event| event.get("object").is_none())),
        Case("id missing", usual().drops("id"), |came| all(came, |event| event.get("id").is_none())),
        Case("service_tier unknown", usual().sets("/service_tier", "warp"), |came| {
            all(came, |event| event["service_tier"] == "warp")
        }),
        Case("reasoning beside content", usual().sets("/choices/*/delta/reasoning_content", "hm"), |came| {
            all(came, |event| event["choices"][0]["delta"]["reasoning_content"] == "hm")
        }),
        Case("tool call index null", tool(call(json!("{}"))).sets("/choices/0/delta/tool_calls/0/index", json!(null)), |came| {
            told_null(&came.events()[0], "/choices/0/delta/tool_calls/0/index")
        }),
        Case("tool call index absent", tool(call(json!("{}"))).drops("/choices/*/delta/tool_calls/*/index"), |came| {
            came.events()[0].pointer("/choices/0/delta/tool_calls/0").is_some_and(|call| call.get("index").is_none())
        }),
        Case("tool call index -1", tool(call(json!("{}"))).sets("/choices/0/delta/tool_calls/0/index", -1), |came| {
            came.events()[0]["choices"][0]["delta"]["tool_calls"][0]["index"] == -1
        }),
        Case("arguments as an object, finish stop", tool(call(json!({"a": 1}))), |came| {
            let events = came.events();
            let arguments = &events[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"];
            *arguments == json!({"a": 1}) && events[1]["choices"][0]["finish_reason"] == "stop" && came.data().len() == 3
        }),
        Case("tool_calls null", usual().sets("/choices/*/delta/tool_calls", json!(null)), |came| {
            all(came, |event| told_null(event, "/choices/0/delta/tool_calls"))
        }),
        Case("content as parts", usual().sets("content", json!([{"type": "text", "text": "hi"}])), |came| {
            came.text().contains(r#""content":[{"type":"text","text":"hi"}]"#)
        }),
    ]
}

/// Whether null stands there, and not nothing.
fn told_null(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer) == Some(&Value::Null)
}

fn all(came: &Came, holds: fn(&Value) -> bool) -> bool {
    let events = came.events();
    events.len() >= 2 && events.iter().all(holds)
}

fn answers() -> Vec<Case> {
    let usual = Reply::usual;
    vec![
        Case("error with status 200", Reply::error_with_200(), |came| came.status() == 200 && came.json()["error"].is_object()),
        Case("success: false with status 200", Reply::json(json!({"success": false, "message": "no"})), |came| {
            came.status() == 200 && came.json()["success"] == false
        }),
        Case("counters as strings", usual().numbers_as_strings(), |came| came.json()["usage"]["total_tokens"].is_string()),
        Case("null where an object is documented", usual().null_objects(), |came| told_null(&came.json(), "/usage")),
        Case("null everywhere", usual().nulls(), |came| {
            came.json().as_object().unwrap().values().filter(|value| value.is_null()).count() > 3
        }),
        Case("unknown members everywhere", usual().unknown_members(), |came| {
            came.json()["choices"][0]["message"]["x_mock"].is_object() && came.json()["x_mock"].is_object()
        }),
        Case("unknown words", usual().unknown_words(), |came| came.json()["choices"][0]["finish_reason"] == "mock_unknown_word"),
        Case("a success mark of any kind", usual().sets("/code", 10000), |came| came.json()["code"] == 10000),
        Case("asked for JSON, answered with a stream", usual().as_stream(), |came| came.events().len() == 3 && is_events(came)),
        Case(
            "asked for JSON, answered with a stream that calls itself JSON",
            usual().as_stream().labelled("application/json"),
            |came| came.events().len() == 3 && !is_events(came),
        ),
        Case("asked for JSON, answered with one event", usual().as_event(), |came| came.events().len() == 1 && is_events(came)),
        Case("HTML with 502", Reply::page(502), |came| came.status() == 502 && came.text().contains("502 Bad Gateway")),
        Case("HTML with 504", Reply::page(504), |came| came.status() == 504 && came.text().contains("</html>")),
        Case("HTML with 429", Reply::page(429), |came| came.header("content-type").as_deref() == Some("text/html")),
        Case("an empty body", Reply::empty(500), |came| came.status() == 500 && came.body().is_empty()),
        Case("an empty success", Reply::empty(200), |came| came.status() == 200 && came.body().is_empty()),
        Case("a text body", Reply::text("busy").with_status(503), |came| came.status() == 503 && came.text() == "busy"),
        Case("the documented error", Reply::status(429), |came| {
            came.status() == 429 && came.json()["error"]["message"].is_string()
        }),
        Case("an error whose code is a number", Reply::status(400).sets("code", 7), |came| came.json()["error"]["code"] == 7),
        Case("an error whose code is null", Reply::status(400).sets("code", json!(null)), |came| {
            told_null(&came.json(), "/error/code")
        }),
        Case("an error whose code is empty", Reply::status(400).sets("code", ""), |came| came.json()["error"]["code"] == ""),
        Case("Retry-After in seconds", Reply::status(429).retry_after(2), |came| {
            came.header("retry-after").as_deref() == Some("2")
        }),
        Case("Retry-After as a date", Reply::status(429).retry_after("Wed, 21 Oct 2065 07:28:00 GMT"), |came| {
            came.header("retry-after").as_deref() == Some("wed, 21 oct 2065 07:28:00 gmt")
        }),
        Case("Retry-After an hour long", Reply::status(429).retry_after(3600), |came| {
            came.header("retry-after").as_deref() == Some("3600")
        }),
        Case("Retry-After negative", Reply::status(429).retry_after(-5), |came| {
            came.header("retry-after").as_deref() == Some("-5")
        }),
        Case("closed when the request was read", usual().closed_before_head(), |came| {
            came.bytes.is_empty() && came.end == End::Closed
        }),
        Case("reset when the request was read", usual().reset_before_head(), |came| {
            came.bytes.is_empty() && came.end == End::Reset
        }),
        Case("silent when the request was read", usual().stalled_before_head(), |came| {
            came.bytes.is_empty() && came.end == End::Silent
        }),
        Case("closed within the head", usual().cut_in_head(), |came| {
            came.bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && came.chunks().is_empty()
        }),
        Case("reset within the head", usual().reset_in_head(), |came| came.chunks().is_empty() && came.end == End::Reset),
        Case("closed within the body", usual().cut_after(20), |came| came.body().len() == 20 && !came.is_whole()),
        Case("reset within the body", usual().reset_after(20), |came| came.body().len() == 20 && came.end == End::Reset),
        Case("a Content-Length that is too long", usual().content_length(1 << 20), |came| {
            came.header("content-length").as_deref() == Some("1048576") && came.json()["id"].is_string()
        }),
        Case("a Content-Length that is too short", usual().content_length(10), |came| {
            came.header("content-length").as_deref() == Some("10") && came.body().len() > 10
        }),
        Case("no HTTP at all", usual().garbage(), |came| !came.bytes.starts_with(b"HTTP") && !came.bytes.is_empty()),
        Case("late", usual().delayed(Duration::from_millis(200)), |came| {
            came.waited >= Duration::from_millis(200) && came.json()["id"].is_string()
        }),
        Case("invalid UTF-8 in an answer", usual().invalid_utf8(), |came| {
            std::str::from_utf8(&came.body()).is_err() && came.is_whole()
        }),
        Case("a huge answer in pieces", usual().huge(100_000).in_pieces(999), |came| {
            came.json()["x_mock"].as_str().unwrap().len() == 100_000 && came.chunks().len() > 100
        }),
    ]
}

async fn walk(cases: Vec<Case>, order: &Order) {
    let gateway = gateway().await;
    for Case(class, reply, holds) in cases {
        gateway.next("chat_create").answers(reply);
        let silent = class.starts_with("silent");
        let came = if silent { call_until_silence(&gateway, order).await } else { call(&gateway, order).await };
        assert!(
            holds(&came),
            "{class}: {:?} after\n{}",
            came.end,
            String::from_utf8_lossy(&came.bytes[..came.bytes.len().min(3000)])
        );
        // It was for one request only, and the gateway has come to no harm.
        let after = call(&gateway, &chat(CHAT)).await;
        assert!(after.status() == 200 && after.is_whole(), "{class}");
    }
    gateway.shutdown().await;
}

/// A case that the usual answer passes as well would show nothing.
#[tokio::test]
async fn no_class_is_seen_in_what_nobody_spoiled() {
    let gateway = gateway().await;
    let stream = call(&gateway, &chat(CHAT_STREAM)).await;
    let whole = call(&gateway, &chat(CHAT)).await;
    let cases = [(streams(), &stream), (chunks(), &stream), (answers(), &whole)];
    let passes =
        |case: &Case, came: &Came| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (case.2)(came))).unwrap_or_default();
    let all = cases.iter().flat_map(|(cases, came)| cases.iter().map(move |case| (case, *came)));
    let seen: Vec<&str> = all.filter(|(case, came)| passes(case, came)).map(|(case, _)| case.0).collect();
    assert_eq!(seen, ["LF", "another pace"]);
}

#[tokio::test]
async fn every_class_of_stream_arrives() {
    walk(streams(), &chat(CHAT_STREAM)).await;
}

#[tokio::test]
async fn every_class_of_chunk_arrives() {
    walk(chunks(), &chat(CHAT_STREAM)).await;
}

#[tokio::test]
async fn every_class_of_answer_and_failure_arrives() {
    walk(answers(), &chat(CHAT)).await;
}

#[tokio::test]
async fn every_class_of_task_arrives() {
    let gateway = gateway().await;
    let order = |method, path: String, body: &str| Order { method, path, body: body.to_owned(), headers: String::new() };
    let words = "NOT_START SUBMITTED QUEUED queued pending processing in_progress IN_PROGRESS running generating succeeded SUCCESS \
                 success completed Active failed FAILURE failure cancelled unknown";
    let mut steps: Vec<TaskStep> = words.split(' ').map(TaskStep::says).collect();
    steps.extend([
        TaskStep::answers(Reply::status(404)),
        TaskStep::answers(Reply::page(502)),
        TaskStep::answers(Reply::usual().cut_after(5)),
        TaskStep::running(50).with_progress(50),
        TaskStep::running(50).with_progress("50"),
        TaskStep::running(50).with_progress("50%"),
        TaskStep::running(50).with_error(json!({"message": "", "code": ""})),
        TaskStep::done().without_urls(),
        TaskStep::done().with_empty_urls(),
        TaskStep::done(),
    ]);
    let count = steps.len();
    gateway.next_task(steps);
    let made = call(&gateway, &order("POST", "/v1/videos".to_owned(), r#"{"model": "m", "prompt": "p"}"#)).await.json();
    let path = format!("/v1/videos/{}", made["id"].as_str().unwrap());
    let mut polls = Vec::new();
    for _ in 0..count {
        polls.push(call(&gateway, &order("GET", path.clone(), "")).await);
    }
    let told: Vec<Value> = polls[..20].iter().map(|came| came.json()["status"].clone()).collect();
    assert_eq!(told, words.split(' ').collect::<Vec<_>>());
    assert_eq!((polls[20].status(), polls[21].status(), polls[22].is_whole()), (404, 502, false));
    let progress: Vec<Value> = polls[23..26].iter().map(|came| came.json()["progress"].clone()).collect();
    assert_eq!(progress, [json!(50), json!("50"), json!("50%")]);
    assert_eq!(polls[26].json()["error"], json!({"message": "", "code": ""}));
    let url = |at: usize| polls[at].json()["video_url"].clone();
    assert_eq!((url(27), url(28)), (json!(null), json!("")));
    assert!(url(29).as_str().unwrap().starts_with(gateway.url()));
}

#[tokio::test]
async fn a_request_orders_its_own_answer_by_a_header() {
    let gateway = gateway().await;
    let with = |headers: &str| Order { headers: headers.to_owned(), ..chat(CHAT_STREAM) };
    let came = call(&gateway, &with("x-mock-fault: truncated-after=2; crlf\r\n")).await;
    assert!(came.text().ends_with("}\r\n\r\n") && came.text().matches("data: ").count() == 2, "{}", came.text());
    let came = call(&gateway, &with("x-mock-fault: status=429\r\nx-mock-fault: retry-after=7\r\n")).await;
    assert_eq!((came.status(), came.header("retry-after").as_deref()), (429, Some("7")));
    let came = call(&gateway, &with("x-mock-fault: truncate\r\n")).await;
    assert_eq!((came.status(), &came.json()["error"]["code"]), (501, &json!("bad_order")));
    let order = Order { headers: "x-mock-fault: truncated-after=1\r\n".to_owned(), ..chat(CHAT) };
    let came = call(&gateway, &order).await;
    assert!(came.status() == 501 && came.text().contains("did the request ask for a stream?"), "{}", came.text());
}

#[tokio::test]
async fn a_request_orders_the_states_of_its_task_by_a_header() {
    let gateway = gateway().await;
    let order = |method, path: String, body: &str, headers: &str| Order {
        method,
        path,
        body: body.to_owned(),
        headers: headers.to_owned(),
    };
    let make = async |headers: &str| {
        call(&gateway, &order("POST", "/v1/videos".to_owned(), r#"{"model": "m", "prompt": "p"}"#, headers)).await
    };
    let made = make("x-mock-task: 404, says=REVIEWING, failed=too dark\r\n").await.json();
    let path = format!("/v1/videos/{}", made["id"].as_str().unwrap());
    assert_eq!(call(&gateway, &order("GET", path.clone(), "", "")).await.status(), 404);
    assert_eq!(call(&gateway, &order("GET", path.clone(), "", "")).await.json()["status"], "REVIEWING");
    assert_eq!(call(&gateway, &order("GET", path, "", "")).await.json()["error"]["message"], "too dark");
    assert_eq!(make("x-mock-task: nearly\r\n").await.status(), 501);
}

#[tokio::test]
async fn orders_are_met_in_turn_by_the_requests_that_they_are_for() {
    let gateway = gateway().await;
    let status = async |body: &str| call(&gateway, &chat(body)).await.status();
    let other = CHAT.replace("my-model", "other");
    gateway.on("chat_create").answers(Reply::status(500));
    gateway.on("chat_create").when(|request| request.body.starts_with(b"{\"model\": \"other")).answers(Reply::status(501));
    gateway.next("chat_create").nth(3).answers(Reply::status(502));
    gateway.next("chat_create").times(2).answers(Reply::status(503));
    gateway.script("chat_create", [Reply::status(401), Reply::status(402)]);
    gateway.next("videos_create").answers(Reply::status(404));
    let mut seen = Vec::new();
    for body in [CHAT, CHAT, CHAT, CHAT, CHAT, CHAT, &other, CHAT] {
        seen.push(status(body).await);
    }
    assert_eq!(seen, [503, 503, 502, 401, 402, 500, 501, 500]);
    gateway.clear();
    assert_eq!(status(CHAT).await, 200);
    assert_eq!(gateway.count("chat_create"), 9);
    assert_eq!((gateway.count("videos_create"), gateway.repeats("chat_create")), (0, 7));
}

#[tokio::test]
async fn what_does_not_fit_gets_no_ordered_answer() {
    let gateway = gateway().await;
    gateway.next("chat_create").answers(Reply::status(503));
    assert_eq!(call(&gateway, &chat(r#"{"messages": 5}"#)).await.status(), 422);
    assert_eq!(call(&gateway, &chat(CHAT)).await.status(), 503);
}

#[tokio::test]
async fn files_break_too() {
    let gateway = gateway().await;
    gateway.next_task([TaskStep::done()]);
    let order = |method, path: String, body: &str| Order { method, path, body: body.to_owned(), headers: String::new() };
    let made = call(&gateway, &order("POST", "/v1/videos".to_owned(), r#"{"model": "m", "prompt": "p"}"#)).await.json();
    let state = call(&gateway, &order("GET", format!("/v1/videos/{}", made["id"].as_str().unwrap()), "")).await.json();
    let file = state["video_url"].as_str().unwrap().strip_prefix(gateway.url()).unwrap().to_owned();
    gateway.next("files").answers(Reply::usual().cut_after(100));
    let came = call(&gateway, &order("GET", file.clone(), "")).await;
    assert!(came.body().len() == 100 && !came.is_whole() && came.header("content-type").as_deref() == Some("video/mp4"));
    assert!(call(&gateway, &order("GET", file, "")).await.is_whole());
}
