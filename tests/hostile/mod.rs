//! Answers that no gateway should give, as tables: what is sent, who asked, and which error it must become. Every call
//! is sent once, ends in time, shows no secret, and says whether it may have been billed.

mod bodies;
mod classes;
mod events;
mod framing;
mod heads;
mod limits;
mod redirects;
mod reuse;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::videos::VideoRequest;
use octopusx::{Client, ClientBuilder, Error};

use crate::raw::{Server, Step};
use crate::support;
use crate::watch::hides;

/// The kinds of call; an answer means something else to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// JSON, idempotent.
    Get,
    /// JSON, and it costs money.
    Post,
    /// Events, and they cost money.
    Stream,
    /// Bytes, idempotent.
    Download,
}

use Ask::{Download, Get, Post, Stream};

const ALL: &[Ask] = &[Get, Post, Stream, Download];
const JSON: &[Ask] = &[Get, Post];

/// What takes longer hangs: all limits below are shorter, and most rows take milliseconds.
const IN_TIME: Duration = Duration::from_secs(12);
const FIRST_BYTE: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(1);
const LARGEST: usize = 1024 * 1024;

/// What a good answer means to every kind of call but a stream.
const GOOD: &str = r#"{"id":"v"}"#;
/// A whole stream that says "ok".
const EVENTS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"}}]}\n\ndata: [DONE]\n\n";
const OK: &str = "HTTP/1.1 200 OK\r\n";

struct Case {
    name: &'static str,
    asks: &'static [Ask],
    script: Vec<Step>,
    expected: Expected,
    /// How long the whole call may take.
    within: Duration,
}

#[derive(Clone, Copy)]
enum Expected {
    /// What came, as text.
    Fine(&'static str),
    Fails(Failure),
}

#[derive(Clone, Copy)]
struct Failure {
    /// All predicates that hold, in the order of [`predicates`].
    is: &'static str,
    status: Option<u16>,
    says: &'static str,
    /// Whether a call that costs money may have been processed.
    billed: bool,
}

fn case(name: &'static str, asks: &'static [Ask], script: Vec<Step>, expected: impl Into<Expected>) -> Case {
    Case { name, asks, script, expected: expected.into(), within: IN_TIME }
}

/// A failure before the head: no status, and nobody knows what the gateway did.
fn fails(is: &'static str) -> Failure {
    Failure { is, status: None, says: "", billed: true }
}

/// The connection broke before an answer came.
fn breaks() -> Failure {
    fails("retryable").says("the connection broke before an answer came")
}

/// The answer broke off after its head.
fn truncated() -> Failure {
    fails("truncated retryable").status(200).says("broke off")
}

/// A success that can't be read.
fn unreadable(says: &'static str) -> Failure {
    fails("decode").status(200).says(says)
}

/// The gateway's own no.
fn refused(status: u16, is: &'static str) -> Failure {
    fails(is).status(status).free()
}

impl Failure {
    fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// It was surely not processed.
    fn free(self) -> Self {
        Self { billed: false, ..self }
    }

    fn billed(self) -> Self {
        Self { billed: true, ..self }
    }
}

impl From<Failure> for Expected {
    fn from(failure: Failure) -> Self {
        Self::Fails(failure)
    }
}

/// The names of all predicates that hold.
fn predicates(error: &Error) -> String {
    let all = [
        ("connect", error.is_connect()),
        ("timeout", error.is_timeout()),
        ("auth", error.is_auth()),
        ("quota", error.is_quota()),
        ("rate_limited", error.is_rate_limited()),
        ("invalid_request", error.is_invalid_request()),
        ("not_found", error.is_not_found()),
        ("overloaded", error.is_overloaded()),
        ("decode", error.is_decode()),
        ("truncated", error.is_truncated()),
        ("retryable", error.is_retryable()),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn builder(base: &str) -> ClientBuilder<Client> {
    support::builder(base).first_byte_timeout(FIRST_BYTE).idle_timeout(IDLE).max_body_bytes(LARGEST).max_event_bytes(LARGEST)
}

/// Makes a call and reads its answer to the end.
async fn ask(client: &Client, ask: Ask) -> Result<String, Error> {
    match ask {
        Get => client.videos().get("v").await.map(|video| video.into_inner().id),
        Post => client.videos().create(&VideoRequest::new("m", "p")).await.map(|video| video.into_inner().id),
        Stream => {
            let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
            let mut stream = client.chat().create_stream(&request).await?;
            hides(&format!("{stream:?}"));
            let mut text = String::new();
            while let Some(chunk) = stream.next().await {
                text.push_str(&chunk?.text());
            }
            Ok(text)
        }
        Download => {
            let download = client.videos().content("v").await?;
            hides(&format!("{download:?}"));
            download.bytes().await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}

impl Expected {
    /// What is wrong with an outcome.
    fn problem(self, ask: Ask, outcome: &Result<String, Error>) -> Option<String> {
        let (failure, error) = match (self, outcome) {
            (Self::Fine(expected), Ok(found)) => {
                return (expected != found).then(|| format!("{found:?} instead of {expected:?}"));
            }
            (Self::Fine(_), Err(error)) => return Some(format!("{error:?}")),
            (Self::Fails(_), Ok(found)) => return Some(format!("a failure came as a success: {found:?}")),
            (Self::Fails(failure), Err(error)) => (failure, error),
        };
        let costs = matches!(ask, Post | Stream);
        let found = (predicates(error), error.http_status().map(|status| status.as_u16()), error.may_have_been_processed());
        let expected = (failure.is.to_owned(), failure.status, failure.billed && costs);
        if found != expected {
            return Some(format!("{found:?} instead of {expected:?}: {error}"));
        }
        if !error.to_string().contains(failure.says) {
            return Some(format!("does not say {:?}: {error}", failure.says));
        }
        (error.attempts() != 1 || error.path().is_none() || error.operation().is_none())
            .then(|| format!("lacks facts: {error:?}"))
    }
}

/// What every error must be, whatever the failure.
fn well_formed(error: &Error) -> Option<String> {
    let line = error.to_string();
    let mut shown = format!("{line} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    hides(&shown);
    if line.trim().is_empty() || line.chars().any(char::is_control) {
        return Some(format!("no line for people: {line:?}"));
    }
    error.api().is_some_and(|api| api.message().trim().is_empty()).then(|| "an empty message".to_owned())
}

async fn problem_of(case: &Case, ask_for: Ask) -> Option<String> {
    let server = Server::play(case.script.clone()).await;
    let client = builder(&server.url).timeout(case.within).build().unwrap();
    let Ok(outcome) = tokio::time::timeout(IN_TIME, ask(&client, ask_for)).await else { return Some("hangs".to_owned()) };
    let problem = case.expected.problem(ask_for, &outcome).or_else(|| outcome.as_ref().err().and_then(well_formed));
    let arrived = server.arrived();
    problem.or_else(|| (arrived.len() > 1).then(|| format!("was sent {} times: {arrived:?}", arrived.len())))
}

/// Runs a table, a few cases at a time, and names every row that breaks its promise.
async fn run(cases: Vec<Case>) {
    let permits = Arc::new(tokio::sync::Semaphore::new(12));
    let mut rows = tokio::task::JoinSet::new();
    for case in cases.into_iter().map(Arc::new) {
        for ask_for in case.asks {
            let (case, permits, ask_for) = (Arc::clone(&case), Arc::clone(&permits), *ask_for);
            rows.spawn(async move {
                let _permit = permits.acquire_owned().await.unwrap();
                problem_of(&case, ask_for).await.map(|problem| format!("{ask_for:?}, {}: {problem}", case.name))
            });
        }
    }
    let mut problems = Vec::new();
    while let Some(row) = rows.join_next().await {
        problems.extend(row.unwrap());
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
