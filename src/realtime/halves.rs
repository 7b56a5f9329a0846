//! The two halves of a session, for two tasks.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;

use super::state::Shared;
use super::{Item, RealtimeClientEvent, RealtimeServerEvent};
use crate::error::Error;

/// The half of a session that sends.
pub struct Sender {
    pub(super) shared: Arc<Shared>,
}

impl Sender {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Sends what waits and says goodbye. The other half reads on until the gateway has answered.
    ///
    /// # Errors
    /// The connection broke before.
    pub async fn close(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.shared.poll_close(context)).await
    }

    /// Takes the events that were not sent, in their order. Once the session is over nobody else will.
    #[must_use]
    pub fn take_unsent(&mut self) -> Vec<RealtimeClientEvent> {
        self.shared.lock().take_unsent()
    }
}

impl Sink<RealtimeClientEvent> for Sender {
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

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.lock().show(f.debug_struct("Sender"))
    }
}

/// The half of a session that reads. Pings are answered while it is polled.
pub struct Receiver<E = RealtimeServerEvent> {
    shared: Arc<Shared>,
    items: PhantomData<fn() -> E>,
}

impl<E> Receiver<E> {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, items: PhantomData }
    }
}

impl<E: Item> Receiver<E> {
    /// The next event; `None` once the session has ended as it should.
    ///
    /// # Errors
    /// As [`Session::next`](super::Session::next).
    pub async fn next(&mut self) -> Option<Result<E, Error>> {
        poll_fn(|context| self.shared.poll_item(context)).await
    }
}

impl<E: Item> Stream for Receiver<E> {
    type Item = Result<E, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.poll_item(context)
    }
}

impl<E> fmt::Debug for Receiver<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.lock().show(f.debug_struct("Receiver"))
    }
}
