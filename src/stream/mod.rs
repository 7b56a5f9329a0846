//! Streams of server-sent events, typed.

mod collect;
mod ends;
mod opening;

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
use crate::transport::{
    self, Answer, Arriving, Head, Pieces, Receiving, Unreadable, decode_text, says_failure, undeclared_failure,
};
use crate::wire::{Read, Typed};
pub use collect::{Collect, Collecting, Collector, TextStream};
use ends::Ends;
use opening::Opening;

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
    /// `None` once the body has ended.
    body: Option<Pieces>,
    opening: Opening,
    /// Whether an event was given out.
    begun: bool,
    decoder: SseDecoder,
    max_event: NonZeroUsize,
    buffer: Bytes,
    /// Nothing more will come.
    done: bool,
    ends: Ends,
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

    /// What an event's data means: an item, the end, or nothing. Sets `done` where nothing may follow.
    fn take(&mut self, event: &MessageEvent) -> Option<Result<T, Error>> {
        let data = event.data.trim();
        if data.is_empty() {
            return None;
        }
        if self.ends.is_mark(data) {
            self.done = true;
            return None;
        }
        let named_error = event.event == "error";
        let failure = || Error::answer(self.head(), Bytes::copy_from_slice(data.as_bytes()));
        let error = match decode_text::<T>(data) {
            Ok(value) if named_error || value.tag() == Some("error") || value.extra().is_some_and(undeclared_failure) => {
                failure()
            }
            Ok(value) => {
                self.done = self.ends.is_last(&value, data);
                self.begun = true;
                return Some(Ok(value));
            }
            Err(_) if named_error || says_failure(data) => failure(),
            // The last event, cut by the end of the body.
            Err(_) if self.body.is_none() => self.ended_early(),
            Err(why) => self.unreadable(why, data),
        };
        self.done = true;
        Some(Err(if self.begun { error.after_a_part() } else { error }))
    }

    fn ended_early(&self) -> Error {
        let message = "the stream ended before its own end; what came before is valid but may not be all";
        Error::with_answer(Kind::Truncated, message.to_owned(), self.head(), Bytes::new())
    }

    fn unreadable(&self, why: Unreadable, data: &str) -> Error {
        let place = if why.path.is_empty() { String::new() } else { format!(" at `{}`", why.path) };
        let message = format!("an event can't be read{place}: {}", why.error);
        let body = Bytes::copy_from_slice(data.as_bytes());
        Error::with_answer(Kind::Decode, message, self.head(), body).at_json_path(why.path).caused_by(why.error)
    }

    fn head(&self) -> Head {
        (*self.head).clone()
    }

    fn broken(&mut self, kind: Kind, message: String) -> Error {
        self.done = true;
        Error::with_answer(kind, message, self.head(), Bytes::new())
    }

    fn unwanted(&mut self, text: Bytes) -> Error {
        self.done = true;
        transport::unwanted(self.head(), text, "a stream of events")
    }

    /// The next message of what has arrived.
    fn next_message(&mut self) -> Option<Result<MessageEvent, Error>> {
        while let Some(event) = self.decoder.next(&mut self.buffer) {
            match event {
                Ok(SseEvent::Message(message)) => return Some(Ok(message)),
                Ok(SseEvent::Retry(_)) => {}
                Err(_) => {
                    let message = format!("an event is larger than {} bytes", self.max_event);
                    return Some(Err(self.broken(Kind::TooLarge, message)));
                }
            }
        }
        None
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            while let Some(message) = self.next_message() {
                let item = match message {
                    Ok(message) => self.take(&message),
                    Err(error) => Some(Err(error)),
                };
                if item.is_some() || self.done {
                    return Poll::Ready(item);
                }
            }
            let Some(body) = &mut self.body else { return Poll::Ready(self.close()) };
            match ready!(Pin::new(body).poll_next(context)) {
                Some(Ok(chunk)) => match self.opening.pass(chunk) {
                    Some(chunk) => self.buffer = chunk,
                    None => {
                        if let Some(text) = self.opening.full() {
                            return Poll::Ready(Some(Err(self.unwanted(text))));
                        }
                    }
                },
                None => {
                    if let Some(text) = self.opening.text() {
                        return Poll::Ready(Some(Err(self.unwanted(text))));
                    }
                    // An event without its blank line still counts.
                    self.body = None;
                    self.buffer = Bytes::from_static(b"\n\n");
                }
                Some(Err(broken)) => {
                    self.done = true;
                    let text = self.opening.text().unwrap_or_default();
                    return Poll::Ready(Some(Err(broken.into_error("the stream", text, self.head()))));
                }
            }
        }
    }

    /// The body ended, and all of it was read.
    fn close(&mut self) -> Option<Result<T, Error>> {
        self.done = true;
        if self.ends.may_stop() {
            return None;
        }
        Some(Err(self.ended_early()))
    }
}

impl<T: for<'de> Read<'de> + Typed> Stream for EventStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.done {
            return Poll::Ready(None);
        }
        let item = this.poll_item(context);
        if this.done {
            // The connection is of no use any more, whoever still holds the stream.
            this.body = None;
        }
        item
    }
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for EventStream<T> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let ends = Ends::new(unsent.operation.stream);
            let arriving = transport::head(&core, unsent).await?;
            let Arriving { head, body } = transport::refuse_text(arriving, "a stream of events").await?;
            Ok(Self {
                head: Arc::new(head),
                body: Some(body.into_pieces()),
                opening: Opening::Blank,
                begun: false,
                decoder: SseDecoder::with_limit(core.max_event),
                max_event: core.max_event,
                buffer: Bytes::new(),
                done: false,
                ends,
                events: PhantomData,
            })
        })
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("status", &self.head.status).field("done", &self.done).finish_non_exhaustive()
    }
}
