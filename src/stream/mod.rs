//! Streams of server-sent events, typed.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use sse_core::{MessageEvent, SseDecoder, SseEvent};

use crate::client::Core;
use crate::error::{Error, Kind, request_id};
use crate::request::Unsent;
use crate::transport::{self, Answer, Arriving, Head, Receiving, decode_text, undeclared_failure};
use crate::wire::{Extra, Read, Typed};

/// An event larger than this is refused.
const LARGEST_EVENT: NonZeroUsize = NonZeroUsize::new(64 * 1024 * 1024).expect("not zero");

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>;

/// A stream of typed events, in order, to the protocol's own end.
///
/// A stream that stops before its end yields an error for which [`Error::is_truncated`] holds, after the last good
/// event; what came before stays valid. After an error nothing more comes. Dropping it ends the connection.
///
/// ```no_run
/// # #[cfg(feature = "chat")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// use octopusx::chat::{ChatCompletionRequest, ChatMessage};
///
/// let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Name three jobs of an API gateway.")]);
/// let mut stream = client.chat().create_stream(&request).await?;
/// while let Some(chunk) = stream.next().await {
///     print!("{}", chunk?.text());
/// }
/// # Ok(()) }
/// ```
pub struct EventStream<T> {
    head: Arc<Head>,
    body: Option<Body>,
    decoder: SseDecoder,
    buffer: Bytes,
    /// Events whose bytes came with the end of the body.
    late: VecDeque<SseEvent>,
    end: Option<&'static str>,
    events: PhantomData<fn() -> T>,
}

impl<T> EventStream<T> {
    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.head.status
    }

    /// The HTTP headers.
    #[must_use]
    pub fn http_headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The gateway's id of the request, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.head.headers)
    }
}

impl<T: for<'de> Read<'de> + Typed> EventStream<T> {
    /// The next event; `None` after the end.
    ///
    /// # Errors
    /// An error of the gateway in mid-stream, an event that can't be read, a stream that broke off.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What an event's data means: an item, the end, or nothing.
    fn take(&mut self, event: &MessageEvent) -> Option<Result<T, Error>> {
        let data = event.data.trim();
        if data.is_empty() {
            return None;
        }
        if Some(data) == self.end {
            self.body = None;
            return None;
        }
        let failure = || Error::answer(self.head(), Bytes::copy_from_slice(data.as_bytes()));
        let item = match decode_text::<T>(data) {
            Ok(value) if event.event == "error" || value.extra().is_some_and(undeclared_failure) => Err(failure()),
            Ok(value) => Ok(value),
            Err(_) if event.event == "error" || says_failure(data) => Err(failure()),
            Err(why) => {
                let place = if why.path.is_empty() { String::new() } else { format!(" at `{}`", why.path) };
                let message = format!("an event can't be read{place}: {}", why.error);
                let body = Bytes::copy_from_slice(data.as_bytes());
                Err(Error::with_answer(Kind::Decode, message, self.head(), body).at_json_path(why.path).caused_by(why.error))
            }
        };
        if item.is_err() {
            self.body = None;
        }
        Some(item)
    }

    fn head(&self) -> Head {
        Head { about: self.head.about.clone(), status: self.head.status, headers: self.head.headers.clone() }
    }

    /// The body ended. An event without its blank line still counts; a stream without its end does not.
    fn finish(&mut self) -> Option<Result<T, Error>> {
        let mut rest: &[u8] = b"\n\n";
        while let Some(Ok(event)) = self.decoder.next(&mut rest) {
            self.late.push_back(event);
        }
        self.body = None;
        while let Some(event) = self.late.pop_front() {
            let SseEvent::Message(event) = event else { continue };
            if Some(event.data.trim()) == self.end {
                return None;
            }
            match decode_text::<T>(event.data.trim()) {
                Ok(_) => return self.take(&event),
                Err(_) => break,
            }
        }
        self.end?;
        let message = "the stream ended before its end mark; what came before is valid but may be incomplete".to_owned();
        Some(Err(Error::with_answer(Kind::Truncated, message, self.head(), Bytes::new())))
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            while let Some(event) = self.decoder.next(&mut self.buffer) {
                match event {
                    Ok(SseEvent::Message(event)) => {
                        let item = self.take(&event);
                        if item.is_some() || self.body.is_none() {
                            return Poll::Ready(item);
                        }
                    }
                    Ok(SseEvent::Retry(_)) => {}
                    Err(_) => {
                        self.body = None;
                        let message = format!("an event is larger than {LARGEST_EVENT} bytes");
                        return Poll::Ready(Some(Err(Error::with_answer(Kind::TooLarge, message, self.head(), Bytes::new()))));
                    }
                }
            }
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match ready!(body.as_mut().poll_next(context)) {
                Some(Ok(chunk)) => self.buffer = chunk,
                None => return Poll::Ready(self.finish()),
                Some(Err(error)) => {
                    self.body = None;
                    let error = error.without_url();
                    let message = format!("the stream broke off: {error}");
                    let broken = Error::with_answer(Kind::Truncated, message, self.head(), Bytes::new());
                    return Poll::Ready(Some(Err(broken.caused_by(error))));
                }
            }
        }
    }
}

fn says_failure(data: &str) -> bool {
    serde_json::from_str::<Extra>(data).is_ok_and(|members| undeclared_failure(&members))
}

impl<T: for<'de> Read<'de> + Typed> Stream for EventStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.body.is_none() {
            return Poll::Ready(None);
        }
        this.poll_item(context)
    }
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for EventStream<T> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let end = unsent.operation.stream.and_then(|stream| stream.end);
            let arriving = transport::exchange(&core, unsent).await?;
            let (head, body) = as_events(arriving).await?;
            Ok(Self {
                head: Arc::new(head),
                body: Some(Box::pin(body.bytes_stream())),
                decoder: SseDecoder::with_limit(LARGEST_EVENT),
                buffer: Bytes::new(),
                late: VecDeque::new(),
                end,
                events: PhantomData,
            })
        })
    }
}

/// A gateway that can't stream answers with one JSON object or a web page, also with status 200.
async fn as_events(arriving: Arriving) -> Result<(Head, reqwest::Response), Error> {
    let Arriving { head, body, .. } = arriving;
    let media = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if !media.starts_with("application/json") && !media.starts_with("text/html") {
        return Ok((head, body));
    }
    let whole = transport::read_error(body).await;
    if media.starts_with("application/json") && says_failure(&String::from_utf8_lossy(&whole)) {
        return Err(Error::answer(head, whole));
    }
    let message = format!("a stream of events was asked for, but {media} came");
    Err(Error::with_answer(Kind::Decode, message, head, whole))
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("status", &self.head.status)
            .field("open", &self.body.is_some())
            .finish_non_exhaustive()
    }
}
