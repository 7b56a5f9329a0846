//! Where the calls go: a server on this machine that keeps what comes and answers what it was told.

use std::fmt::Debug;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_core::Stream;
use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use octopusx::{ByteStream, Call, ClientBuilder, Error, EventStream, FilePart, Response, RetryPolicy, System};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::json::{Back, known};

/// The key that both clients send.
pub const KEY: &str = "sk-contract-0123456789";

/// A call under way, whatever it answers with.
pub type Sent = Pin<Box<dyn Future<Output = Result<Received, Error>> + Send>>;

/// What came back, in one form for all types.
#[derive(Debug)]
pub enum Received {
    Value(Result<Back, String>),
    Events { events: Vec<Result<Back, String>>, broken: Option<Error> },
    Bytes(Bytes),
}

/// What the server answers.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub media: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16, media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, media: media.to_owned(), body: body.into() }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }
}

/// The server, and the clients that call it.
pub struct Site {
    pub octopusx: octopusx::Client,
    pub openoctopus: octopusx::openoctopus::Client,
    reply: Arc<Mutex<Reply>>,
    seen: Arc<Mutex<Vec<HttpMockRequest>>>,
    _server: MockServer,
}

impl Site {
    pub async fn open() -> Self {
        let server = MockServer::start_async().await;
        let reply = Arc::new(Mutex::new(Reply::new(200, "application/json", "{}")));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (replies, kept) = (Arc::clone(&reply), Arc::clone(&seen));
        server
            .mock_async(|when, then| {
                when.any_request();
                then.respond_with(move |request: &HttpMockRequest| {
                    kept.lock().unwrap().push(request.clone());
                    let Reply { status, media, body } = replies.lock().unwrap().clone();
                    let response = HttpMockResponse::builder().status(status).body(body);
                    if media.is_empty() { response.build() } else { response.header("content-type", media).build() }
                });
            })
            .await;
        Self {
            octopusx: client(octopusx::Client::builder(), &server),
            openoctopus: client(octopusx::openoctopus::Client::builder(), &server),
            reply,
            seen,
            _server: server,
        }
    }

    /// Lets a call go, and returns what came of it with the requests that arrived.
    pub async fn run(&self, call: Sent, reply: Reply) -> (Result<Received, Error>, Vec<HttpMockRequest>) {
        self.seen.lock().unwrap().clear();
        *self.reply.lock().unwrap() = reply;
        let outcome = call.await;
        (outcome, std::mem::take(&mut *self.seen.lock().unwrap()))
    }
}

/// Sends everything once, failures too.
fn client<C: System>(builder: ClientBuilder<C>, server: &MockServer) -> C {
    builder.key(KEY).base_url(server.base_url()).retry(RetryPolicy::none()).build().unwrap()
}

/// What a call can answer with.
pub trait Outcome: Sized {
    fn received(self) -> impl Future<Output = Received> + Send;
}

impl<T: Serialize + Debug + Send> Outcome for Response<T> {
    async fn received(self) -> Received {
        Received::Value(Back::of(&self.into_inner()))
    }
}

impl<T: Serialize + Debug> Outcome for EventStream<T>
where
    Self: Stream<Item = Result<T, Error>> + Unpin + Send,
{
    async fn received(mut self) -> Received {
        let mut events = Vec::new();
        loop {
            match poll_fn(|context| Pin::new(&mut self).poll_next(context)).await {
                Some(Ok(event)) => events.push(Back::of(&event)),
                Some(Err(error)) => return Received::Events { events, broken: Some(error) },
                None => return Received::Events { events, broken: None },
            }
        }
    }
}

impl Outcome for ByteStream {
    async fn received(self) -> Received {
        Received::Bytes(self.bytes().await.unwrap())
    }
}

/// Takes the type out of a call.
pub fn send<T, P>(call: Call<T, P>) -> Sent
where
    T: Outcome + Send,
    Call<T, P>: IntoFuture<Output = Result<T, Error>>,
    <Call<T, P> as IntoFuture>::IntoFuture: Send + 'static,
{
    let answer = call.into_future();
    Box::pin(async move { Ok(answer.await?.received().await) })
}

/// A body that was built, if all of it is known to its type.
pub fn typed<B: Debug>(body: B, send: impl FnOnce(&B) -> Sent) -> Result<Sent, String> {
    known(&body)?;
    Ok(send(&body))
}

/// The file that an example means with `@cat.png`.
pub fn file(shown: &str) -> FilePart {
    FilePart::bytes(file_name(shown), content(shown))
}

pub fn file_name(shown: &str) -> &str {
    shown.trim_start_matches('@').rsplit('/').next().unwrap_or_default()
}

/// Bytes that no text is, another for each name.
pub fn content(shown: &str) -> Vec<u8> {
    let mut bytes = vec![0x89, 0xff, 0, b'\r', b'\n', b'-', b'-'];
    bytes.extend(shown.bytes().chain(0..=255));
    bytes
}

/// The members of an object of any form.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A login session's cookie.
pub fn cookie(name: &str) -> String {
    format!("{name}={KEY}")
}
