//! Doors for the fuzz targets: what reads a gateway's bytes, without a gateway. Compiled only with `--cfg fuzzing`.
#![allow(missing_docs, clippy::missing_errors_doc)]

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use sse_core::{SseDecoder, SseEvent};

use crate::auth::Key;
use crate::client::{Client, Core};
use crate::error::Error;
use crate::response::Response;
use crate::stream::EventStream;
use crate::transport::{About, Arriving, Head, Incoming, Watch, decode_answer};
pub use crate::wire::{Read, Typed};

const KEY: &str = "sk-fuzz-0123456789";

/// A stream of an operation whose body comes in these pieces.
pub async fn events<T: for<'de> Read<'de> + Typed + Send + 'static>(
    operation: &str,
    pieces: Vec<Bytes>,
    max_event: NonZeroUsize,
) -> Result<EventStream<T>, Error> {
    let head = head(operation, StatusCode::OK)?;
    let pieces = pieces.into_iter().map(Ok::<_, std::convert::Infallible>);
    let body = reqwest::Body::wrap_stream(Pieces(pieces));
    let body = Incoming::new(http::Response::new(body).into(), Duration::from_secs(60));
    let watch = Watch::idle(core()?, head.about.operation);
    EventStream::open(Arriving { head, body, watch }, max_event).await
}

/// A 2xx answer in JSON.
pub fn answer<T: for<'de> Read<'de> + Typed>(operation: &str, body: Bytes) -> Result<Response<T>, Error> {
    decode_answer(head(operation, StatusCode::OK)?, body)
}

/// An answer in which the gateway says no.
pub fn refusal(operation: &str, status: StatusCode, body: Bytes) -> Error {
    head(operation, status).map_or_else(|error| error, |head| Error::answer(head, body))
}

/// How long a header asks to wait.
pub fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let value = HeaderValue::from_bytes(value).ok()?;
    crate::retry::retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
}

fn head(operation: &str, status: StatusCode) -> Result<Head, Error> {
    let operation = crate::OPERATIONS.iter().find(|known| known.id == operation);
    let operation = operation.ok_or_else(|| Error::bad_input("no such operation"))?;
    let about = About {
        operation,
        method: operation.method.clone(),
        path: operation.path.to_owned(),
        started: Instant::now(),
        attempts: 1,
        key: Key::new(KEY).map_err(Error::bad_input)?,
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
    Ok(Head { about, status, headers })
}

/// That of a client which sends nothing.
fn core() -> Result<&'static Arc<Core>, Error> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.core());
    }
    let client = Client::builder().key(KEY).base_url("http://127.0.0.1:9").build()?;
    Ok(CLIENT.get_or_init(|| client).core())
}

struct Pieces<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Pieces<I> {
    type Item = I::Item;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// The name and the data of each message in a body that comes in these pieces; an error where one is too large.
pub fn messages(pieces: &[Bytes], max_event: NonZeroUsize) -> Result<Vec<(String, String)>, ()> {
    let mut decoder = SseDecoder::with_limit(max_event);
    let mut all = Vec::new();
    for piece in pieces.iter().cloned().chain([Bytes::from_static(b"\n\n")]) {
        let mut piece = piece;
        while let Some(event) = decoder.next(&mut piece) {
            match event {
                Ok(SseEvent::Message(message)) => all.push((message.event.to_string(), message.data.to_string())),
                Ok(SseEvent::Retry(_)) => {}
                Err(_) => return Err(()),
            }
        }
    }
    Ok(all)
}
