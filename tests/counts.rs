//! How often every operation of the documents is sent, under every fault. No operation is named here: a new one is
//! counted because it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octopusx::{Call, Error, Operation, Response, RetryPolicy};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::raw::{self, answer};
use crate::support::{KEY, builder};
use crate::watch::hides;

const ATTEMPTS: u32 = 3;

/// What happens to every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nobody listens.
    Refused,
    /// The request was read, and then the connection dies.
    Reset,
    HangsUp,
    /// The request was read, and then nothing happens.
    Silent,
    Truncated,
    WebPage,
    Busy,
    NoQuota,
    BadRequest,
    NotInTime,
    Broken,
    BadGateway,
    Down,
    DownForNow,
    GatewayTimeout,
}

use Fault::*;

const FAULTS: [Fault; 15] = [
    Refused,
    Reset,
    HangsUp,
    Silent,
    Truncated,
    WebPage,
    Busy,
    NoQuota,
    BadRequest,
    NotInTime,
    Broken,
    BadGateway,
    Down,
    DownForNow,
    GatewayTimeout,
];

/// How the answer is read: whole, or its head first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Whole,
    Events,
}

impl Fault {
    /// How often an operation is sent, and whether the last error says that it may have been processed.
    fn expected(self, idempotent: bool, reading: Reading) -> (u32, bool) {
        let (blindly, refused) = match self {
            // It never left, or the gateway says that it did nothing.
            Refused | Busy | DownForNow => (true, true),
            // To send it again is of no use.
            NoQuota | BadRequest => (false, true),
            WebPage => return (1, !idempotent),
            // Its head was fine, and the caller has it.
            Truncated if reading == Reading::Events => return (1, !idempotent),
            // Refused too, but too vague to send what costs money again.
            NotInTime => return (if idempotent { ATTEMPTS } else { 1 }, false),
            Reset | HangsUp | Silent | Truncated | Broken | BadGateway | Down | GatewayTimeout => (idempotent, false),
        };
        (if blindly { ATTEMPTS } else { 1 }, !refused && !idempotent)
    }

    /// What the server does once it has read a request; false when the connection is over.
    async fn act(self, socket: &mut TcpStream) -> bool {
        let failure = |status: &str, headers: &[&str], code: &str| {
            answer(status, headers, json!({"error": {"message": "no", "code": code}}).to_string())
        };
        let bytes = match self {
            Reset => {
                let _ = socket.set_zero_linger();
                return false;
            }
            Refused | HangsUp => return false,
            Silent => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                return false;
            }
            Truncated => b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":".to_vec(),
            WebPage => answer("200 OK", &["content-type: text/html"], "<title>Sign in</title>"),
            Busy => failure("429 Too Many Requests", &[], "rate_limit_exceeded"),
            NoQuota => failure("429 Too Many Requests", &[], "insufficient_quota"),
            BadRequest => failure("400 Bad Request", &[], "bad"),
            NotInTime => failure("408 Request Timeout", &[], "slow"),
            Broken => failure("500 Internal Server Error", &[], "oops"),
            BadGateway => answer("502 Bad Gateway", &["content-type: text/html"], "<title>502</title>"),
            Down => failure("503 Service Unavailable", &[], "down"),
            DownForNow => failure("503 Service Unavailable", &["retry-after: 0"], "down"),
            GatewayTimeout => failure("504 Gateway Timeout", &[], "upstream"),
        };
        socket.write_all(&bytes).await.is_ok() && self != Truncated
    }
}

type Counts = Arc<Mutex<BTreeMap<String, u32>>>;

/// A server that counts what it reads, by the name that each call gives itself.
async fn counting() -> (String, Counts) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts = Counts::default();
    let seen = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                while let Some(request) = raw::read(&mut socket).await {
                    *seen.lock().unwrap().entry(request.header("x-call").unwrap().to_owned()).or_default() += 1;
                    let fault = request.header("x-fault").unwrap();
                    let fault = FAULTS.into_iter().find(|known| format!("{known:?}") == fault).unwrap();
                    if !fault.act(&mut socket).await {
                        return;
                    }
                }
            });
        }
    });
    (url, counts)
}

type Caller = Arc<dyn Fn(&'static Operation, &[&str]) -> Call<Response<Value>> + Send + Sync>;

/// Both gateways' operations, each with a client that can call it.
fn operations(base: &str) -> Vec<(&'static Operation, Caller)> {
    let policy = RetryPolicy::default().max_attempts(ATTEMPTS).base_delay(Duration::from_millis(1));
    let first = builder(base).retry(policy.clone()).retry_budget(1_000_000).build().unwrap();
    let second = octopusx::openoctopus::Client::builder().key(KEY).base_url(base).retry(policy).retry_budget(1_000_000);
    let second = second.build().unwrap();
    let first: Caller = Arc::new(move |operation, path| first.call_operation(operation, path));
    let second: Caller = Arc::new(move |operation, path| second.call_operation(operation, path));
    let firsts = octopusx::OPERATIONS.iter().map(|operation| (operation, Arc::clone(&first)));
    firsts.chain(octopusx::openoctopus::OPERATIONS.iter().map(|operation| (operation, Arc::clone(&second)))).collect()
}

async fn failure_of(call: &Caller, operation: &'static Operation, fault: Fault, reading: Reading, name: &str) -> Error {
    let path = vec!["x"; operation.path().matches('{').count()];
    // Some routes take a browser's session in place of the key.
    let call =
        call(operation, &path).header("cookie", "session=1").header("x-call", name).header("x-fault", &format!("{fault:?}"));
    let call = if operation.method() == http::Method::GET { call } else { call.json(&json!({"model": "m"})) };
    let call = if fault == Silent { call.first_byte_timeout(Duration::from_secs(1)) } else { call };
    match reading {
        Reading::Whole => call.await.map(|answer| answer.into_inner()).expect_err(name),
        Reading::Events => match call.into_events().await {
            Err(error) => error,
            Ok(mut events) => events.next().await.expect(name).expect_err(name),
        },
    }
}

async fn count(fault: Fault, reading: Reading) -> Vec<String> {
    let (url, counts) = match fault {
        Refused => (raw::nobody(), Counts::default()),
        _ => counting().await,
    };
    let mut calls = tokio::task::JoinSet::new();
    for (number, (operation, call)) in operations(&url).into_iter().enumerate() {
        // Both gateways have a `models_list`.
        let name = format!("{number}-{}-{fault:?}-{reading:?}", operation.id());
        let counts = Arc::clone(&counts);
        calls.spawn(async move {
            let error = failure_of(&call, operation, fault, reading, &name).await;
            hides(&format!("{error} {error:?}"));
            // Where nobody listens, nobody counts.
            let sent = counts.lock().unwrap().get(&name).copied().unwrap_or(if fault == Refused { error.attempts() } else { 0 });
            let found = (sent, error.may_have_been_processed());
            let expected = fault.expected(operation.is_idempotent(), reading);
            let facts = error.operation().is_some_and(|known| known.id() == operation.id()) && error.attempts() == sent;
            (found != expected || !facts).then(|| format!("{name}: {found:?} instead of {expected:?}: {error:?}"))
        });
    }
    let mut problems = Vec::new();
    while let Some(problem) = calls.join_next().await {
        problems.extend(problem.unwrap());
    }
    problems
}

#[tokio::test]
async fn what_costs_money_is_never_sent_again_after_its_bytes_left() {
    let mut problems = Vec::new();
    for fault in FAULTS {
        problems.extend(count(fault, Reading::Whole).await);
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn a_stream_that_costs_money_is_never_asked_for_again_after_its_bytes_left() {
    let mut problems = Vec::new();
    for fault in FAULTS {
        problems.extend(count(fault, Reading::Events).await);
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

/// The documents' own words: what may be sent twice.
fn idempotent_by_document(document: &str) -> BTreeMap<String, bool> {
    let document: Value = serde_json::from_str(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|path| path.as_object().unwrap()).filter(|(_, operation)| operation.is_object());
    operations
        .filter(|(_, operation)| operation.get("operationId").is_some())
        .flat_map(|(verb, operation)| {
            let marked = |part: &Value| part["x-idempotent"] == json!(true);
            let reads = matches!(verb.as_str(), "get" | "head");
            let tag = operation["tags"][0].as_str().unwrap();
            let faces = operation["x-faces"].as_array().cloned().unwrap_or_default();
            let mut named: Vec<(String, bool)> = faces
                .iter()
                .map(|face| (format!("{tag}_{}", face["method"].as_str().unwrap()), reads || marked(operation) || marked(face)))
                .collect();
            if named.is_empty() {
                named.push((operation["operationId"].as_str().unwrap().to_owned(), reads || marked(operation)));
            }
            named
        })
        .collect()
}

#[test]
fn only_what_the_document_calls_harmless_may_be_sent_twice() {
    for (operations, document) in [
        (octopusx::OPERATIONS, octopusx::documents::octopusx()),
        (octopusx::openoctopus::OPERATIONS, octopusx::documents::openoctopus()),
    ] {
        let built: BTreeMap<String, bool> =
            operations.iter().map(|operation| (operation.id().to_owned(), operation.is_idempotent())).collect();
        assert_eq!(built, idempotent_by_document(document));
    }
}

/// A new name here means that somebody decided that a POST costs nothing. Let it be two people.
#[test]
fn the_harmless_posts_are_these() {
    let found: BTreeSet<&str> = octopusx::OPERATIONS
        .iter()
        .chain(octopusx::openoctopus::OPERATIONS)
        .filter(|operation| operation.is_idempotent() && operation.method() != http::Method::GET)
        .map(Operation::id)
        .collect();
    let known = ["jimeng_query", "midjourney_list_by_condition", "seedance_get_asset", "suno_fetch_many", "uploads_presign"];
    assert_eq!(found, BTreeSet::from(known));
}

#[tokio::test]
async fn an_operation_can_be_called_without_its_types() {
    let server = raw::Server::play(raw::answers(answer("200 OK", &[], r#"{"id":"v","status":"queued"}"#))).await;
    let client = builder(&server.url).build().unwrap();
    let named = |id: &str| octopusx::OPERATIONS.iter().find(|operation| operation.id() == id).unwrap();
    let video = client.call_operation(named("videos_get"), &["a/b"]).await.unwrap();
    assert_eq!(video["status"], "queued");
    let created = client.call_operation(named("videos_create"), &[]).json(&json!({"model": "m"})).await.unwrap();
    assert_eq!(created["id"], "v");
    let arrived = server.arrived();
    assert!(arrived[0].head.starts_with("GET /v1/videos/a%2Fb HTTP/1.1\r\n"), "{}", arrived[0].head);
    assert_eq!(
        (arrived[1].head.starts_with("POST /v1/videos "), arrived[1].body.as_slice()),
        (true, br#"{"model":"m"}"#.as_slice())
    );
    let refused = |path: &[&str]| client.call_operation(named("videos_get"), path).request().unwrap_err().to_string();
    assert_eq!(refused(&[]), "videos_get: path parameter `task_id` is missing");
    assert_eq!(refused(&["a", "b"]), "videos_get: more path arguments than `/v1/videos/{task_id}` has places");
    assert!(refused(&[".."]).contains("would step out of the path"));
}

#[tokio::test]
async fn an_operation_called_without_its_types_streams_to_its_own_end() {
    let events = "data: {\"type\":\"message_start\"}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    let server = raw::Server::play(raw::answers(answer("200 OK", &["content-type: text/event-stream"], events))).await;
    let client = builder(&server.url).build().unwrap();
    let operation = octopusx::OPERATIONS.iter().find(|operation| operation.id() == "messages_create").unwrap();
    let mut stream = client.call_operation(operation, &[]).json(&json!({"stream": true})).into_events().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap()["type"], "message_start");
    assert_eq!(stream.next().await.unwrap().unwrap()["type"], "message_stop");
    assert!(stream.next().await.is_none());
}
