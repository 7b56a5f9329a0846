//! Streams of server-sent events, typed.

mod collect;
mod ends;
mod odd;
mod opening;
mod reader;
mod source;
mod stray;

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use http::{HeaderMap, StatusCode};

use crate::client::Core;
use crate::error::{Error, request_id};
use crate::request::Unsent;
use crate::transport::{self, Answer, Arriving, Receiving, decode_into};
use crate::wire::{Read, Typed};
pub use collect::{Collect, Collecting, Collector, Shown, TextStream};
pub use source::RawEvent;
use source::Source;

/// For messages.
const WANTED: &str = "a stream of events";

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
    source: Box<Source>,
    events: PhantomData<fn() -> T>,
}

impl<T> EventStream<T> {
    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.source.head.status
    }

    /// The HTTP headers.
    #[must_use]
    pub fn http_headers(&self) -> &HeaderMap {
        &self.source.head.headers
    }

    /// The gateway's id of the request, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.source.head.headers)
    }

    /// The event that was read last, as it came: name, data and id, also of one that ended the stream.
    ///
    /// ```no_run
    /// # #[cfg(feature = "chat")]
    /// # async fn example(mut stream: octopusx::EventStream<octopusx::chat::ChatCompletionChunk>) -> Result<(), octopusx::Error> {
    /// while let Some(chunk) = stream.next().await {
    ///     let chunk = chunk?;
    ///     println!("{:?} from {:?}", chunk.text(), stream.last_event().map(|event| event.data));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn last_event(&self) -> Option<RawEvent<'_>> {
        self.source.last()
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
}

impl<T: for<'de> Read<'de> + Typed> Stream for EventStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let source = &mut self.get_mut().source;
        loop {
            match ready!(source.poll(context)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
            let mut place = None;
            let refused = match decode_into::<T>(source.data(), &mut place) {
                Ok(()) => match place.as_ref().map(|event| source.accept(T::TAG, event.tag(), event.extra())) {
                    Some(Ok(true)) => return Poll::Ready(place.map(Ok)),
                    Some(Ok(false)) | None => None,
                    Some(Err(error)) => Some(error),
                },
                Err(why) => source.refuse(why),
            };
            if let Some(error) = refused {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for EventStream<T> {
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move {
            let arriving = transport::head(&core, unsent).await?;
            Self::open(arriving, core.max_event).await
        })
    }
}

impl<T> EventStream<T> {
    /// Begins to read an answer as events.
    pub(crate) async fn open(arriving: Arriving, max_event: NonZeroUsize) -> Result<Self, Error> {
        let source = Source::new(transport::refuse_text(arriving, WANTED).await?, max_event);
        Ok(Self { source: Box::new(source), events: PhantomData })
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        f.debug_struct("EventStream").field("status", &source.head.status).field("done", &source.done).finish_non_exhaustive()
    }
}
