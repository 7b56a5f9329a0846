//! An open session: what users hold.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use http::HeaderMap;

use super::halves::{Receiver, Sender};
use super::state::{Came, Shared, Side, State};
use super::{RealtimeAnswer, RealtimeClientEvent, RealtimeServerEvent, ResponseCollector};
use crate::client::Core;
use crate::error::{Error, request_id};
use crate::request::Unsent;
use crate::transport::{Answer, Receiving};

/// An open conversation: a stream of what the gateway says, and a sink for what you say.
///
/// It derefs to its [sending half](Sender), which has a helper for each thing that one says.
///
/// `E` is what the stream yields: the gateway's events, or, after [`reconnect`](crate::Call::reconnect), also that the
/// session began anew. Dropping it cuts the connection; [`close`](Self::close) ends it in good order.
///
/// The next event can be awaited in `select!`: no event is lost when another branch is faster. An event that was being
/// sent then is still sent, with the next.
pub struct Session<E = RealtimeServerEvent> {
    pub(super) sender: Sender,
    items: PhantomData<fn() -> E>,
}

/// What the stream of a session yields that [reconnects](crate::Call::reconnect).
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // Almost every item is the large one.
pub enum SessionEvent {
    /// The gateway said something.
    Server(RealtimeServerEvent),
    /// The session began anew: the conversation is empty, and answers that were under way are lost.
    Reconnected(Reconnected),
}

/// A session that broke is open again.
#[derive(Debug)]
pub struct Reconnected {
    pub(super) cause: Error,
    pub(super) attempts: u32,
}

impl Reconnected {
    /// Why the connection before this one ended.
    #[must_use]
    pub fn cause(&self) -> &Error {
        &self.cause
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// What the stream of a session can yield. Sealed.
pub trait Item: Sized + Send + 'static {
    #[doc(hidden)]
    fn of(came: Came) -> Option<Self>;
}

impl Item for RealtimeServerEvent {
    #[inline]
    fn of(came: Came) -> Option<Self> {
        match came {
            Came::Event(place) => *place,
            Came::Reconnected(_) => None,
        }
    }
}

impl Item for SessionEvent {
    #[inline]
    fn of(came: Came) -> Option<Self> {
        match came {
            Came::Event(place) => place.map(Self::Server),
            Came::Reconnected(again) => Some(Self::Reconnected(again)),
        }
    }
}

impl<E: Item> Session<E> {
    /// The next event; `None` once the session has ended as it should.
    ///
    /// # Errors
    /// An event that can't be read ([`Error::is_decode`]), after which the session goes on. Everything else ends it: a
    /// connection that broke ([`Error::is_truncated`]), a silence ([`Error::is_timeout`]), a close with a code
    /// ([`Error::close_code`]), a frame that breaks the rules ([`Error::is_protocol`]) or is too large.
    pub async fn next(&mut self) -> Option<Result<E, Error>> {
        poll_fn(|context| self.shared.poll_item(context)).await
    }

    /// Reads to the end of the next answer and returns it whole. Events that are not about it are passed over; who needs
    /// them reads with [`next`](Self::next) and a [`ResponseCollector`].
    ///
    /// # Errors
    /// As [`next`](Self::next); an `error` event before the answer begins; a session that ended or began anew before the
    /// answer was whole. To have what came before an error, use a [`ResponseCollector`].
    pub async fn collect_response(&mut self) -> Result<RealtimeAnswer, Error> {
        let mut collector = ResponseCollector::new();
        while !collector.answer().is_done() {
            let came = poll_fn(|context| self.shared.poll(Side::Receiver, context, State::poll_next)).await;
            match came {
                None => return Err(self.shared.lock().ended_early()),
                Some(Err(error)) => return Err(error),
                Some(Ok(Came::Reconnected(again))) => return Err(again.cause),
                Some(Ok(Came::Event(place))) => {
                    if let Some(RealtimeServerEvent::Error(event)) = &*place
                        && collector.answer().response.id.is_none()
                    {
                        return Err(self.shared.lock().refused(event));
                    }
                    place.iter().for_each(|event| collector.add(event));
                }
            }
        }
        Ok(collector.into_answer())
    }

    /// Two halves, for two tasks. The session lives as long as one of them.
    #[must_use]
    pub fn split(self) -> (Sender, Receiver<E>) {
        self.shared.split();
        let receiver = Receiver::new(Arc::clone(&self.shared));
        (self.sender, receiver)
    }

    /// Ends the session in good order: sends what waits, says goodbye, and waits up to 5 seconds until the gateway has
    /// answered. Events that still come are dropped.
    ///
    /// # Errors
    /// The connection broke before.
    pub async fn close(mut self) -> Result<(), Error> {
        poll_fn(|context| self.shared.poll_close(context)).await?;
        while let Some(item) = self.next().await {
            // A close must not end in the middle because an event can't be read.
            item.map(|_| ()).or_else(|error| if error.is_decode() { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }
}

impl<E> Session<E> {
    /// The headers of the handshake's answer, of the last one where the session was opened anew.
    #[must_use]
    pub fn http_headers(&self) -> HeaderMap {
        self.shared.lock().head.headers.clone()
    }

    /// The gateway's id of the handshake, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        request_id(&self.shared.lock().head.headers).map(str::to_owned)
    }
}

impl<E> Deref for Session<E> {
    type Target = Sender;

    fn deref(&self) -> &Sender {
        &self.sender
    }
}

impl<E> DerefMut for Session<E> {
    fn deref_mut(&mut self) -> &mut Sender {
        &mut self.sender
    }
}

impl<E: Item> Stream for Session<E> {
    type Item = Result<E, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.poll_item(context)
    }
}

impl<E> Sink<RealtimeClientEvent> for Session<E> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.poll_ready(context)
    }

    fn start_send(self: Pin<&mut Self>, event: RealtimeClientEvent) -> Result<(), Error> {
        self.shared.lock().push(event)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.poll_sent(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.poll_close(context)
    }
}

impl<E: Item> Answer for Session<E> {
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move { Ok(Self { sender: Sender::new(Shared::open(core, *unsent).await?), items: PhantomData }) })
    }
}

impl<E> fmt::Debug for Session<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.lock().show(f.debug_struct("Session"))
    }
}

impl Shared {
    /// The next item of a kind.
    pub(super) fn poll_item<E: Item>(&self, context: &mut Context<'_>) -> Poll<Option<Result<E, Error>>> {
        loop {
            match ready!(self.poll(Side::Receiver, context, |state, context| state.poll_next(context))) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(came)) => {
                    if let Some(item) = E::of(came) {
                        return Poll::Ready(Some(Ok(item)));
                    }
                }
            }
        }
    }
}
