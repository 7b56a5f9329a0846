//! What the halves of a session share: the connection, what waits to be sent, and the way back when it breaks.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio_websockets::Message;

use super::events::replaces;
use super::handshake::{self, asks_for_older};
use super::link::{Heard, Link};
use super::{RealtimeClientEvent, RealtimeErrorEvent, RealtimeServerEvent, Reconnected, Settings, forms, frame};
use crate::client::Core;
use crate::error::{Error, Kind};
use crate::operation::Older;
use crate::request::{BuildError, Unsent};
use crate::transport::{Head, Unreadable};
use crate::wire::Typed;

/// As many events are read while somebody waits to send, when the connection breaks or is to be known first.
const MOST_EARLY: usize = 16_384;

/// A connection that lived as long counts as a new beginning.
const STABLE: Duration = Duration::from_secs(30);

/// An item of the stream.
pub enum Came {
    Event(frame::Place),
    Reconnected(Reconnected),
}

/// Who polls.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Receiver,
    Sender,
}

/// The state of a session, for one or two holders.
pub struct Shared {
    state: Mutex<State>,
    /// Set once there are two holders: then whatever happens wakes both, since it may be the other's turn.
    wakers: OnceLock<Arc<Wakers>>,
}

impl Shared {
    pub(super) async fn open(core: Arc<Core>, unsent: Unsent) -> Result<Arc<Self>, Error> {
        let settings = unsent.options.websocket.clone().unwrap_or_default();
        let link = handshake::open(&core, unsent.clone(), &settings).await?;
        Ok(Arc::new(Self { state: Mutex::new(State::new(core, unsent, *settings, link)), wakers: OnceLock::new() }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn split(&self) {
        let _ = self.wakers.set(Arc::default());
    }

    pub(super) fn poll<T>(
        &self,
        side: Side,
        context: &mut Context<'_>,
        step: impl FnOnce(&mut State, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        match self.wakers.get() {
            None => step(&mut self.lock(), context),
            Some(wakers) => {
                wakers.register(side, context.waker());
                let waker = Waker::from(Arc::clone(wakers));
                step(&mut self.lock(), &mut Context::from_waker(&waker))
            }
        }
    }

    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(Side::Sender, context, |state, context| state.poll_ready(context))
    }

    pub(super) fn poll_sent(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(Side::Sender, context, |state, context| state.poll_sent(context))
    }

    pub(super) fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(Side::Sender, context, |state, context| state.poll_close(context))
    }
}

/// The tasks of both halves.
#[derive(Default)]
struct Wakers(Mutex<[Option<Waker>; 2]>);

impl Wakers {
    fn register(&self, side: Side, waker: &Waker) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut both[side as usize];
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let both = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        both.iter().flatten().for_each(Waker::wake_by_ref);
    }
}

/// An event that waits to be sent.
struct Waiting {
    event: RealtimeClientEvent,
    /// Its JSON, until the connection has it.
    text: Option<String>,
}

type Opening = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

/// A new connection on its way.
struct Again {
    opening: Opening,
    cause: Option<Error>,
}

pub(super) struct State {
    core: Arc<Core>,
    unsent: Unsent,
    settings: Settings,
    link: Link,
    pub(super) head: Arc<Head>,
    queue: VecDeque<Waiting>,
    /// The connection has the first of the queue, but not yet the system.
    flying: bool,
    /// Nothing can be sent any more, but the end of the connection was not read yet.
    deaf: bool,
    again: Option<Again>,
    /// New connections in a row that did not last.
    restarts: u32,
    /// The events that made the settings what they are.
    replays: Vec<RealtimeClientEvent>,
    early: VecDeque<Result<Came, Error>>,
    /// Whether the session speaks the older form; `None` until it is known.
    older: Option<bool>,
    heard: bool,
    closing: bool,
    done: bool,
}

impl State {
    fn new(core: Arc<Core>, unsent: Unsent, settings: Settings, link: Link) -> Self {
        let older = asks_for_older(unsent.operation, &unsent.headers).then_some(true);
        Self {
            core,
            unsent,
            settings,
            head: Arc::clone(&link.head),
            link,
            queue: VecDeque::new(),
            flying: false,
            deaf: false,
            again: None,
            restarts: 0,
            replays: Vec::new(),
            early: VecDeque::new(),
            older,
            heard: false,
            closing: false,
            done: false,
        }
    }

    pub(super) fn show(&self, mut out: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        out.field("open", &!self.done).field("unsent", &self.queue.len()).finish_non_exhaustive()
    }

    pub(super) fn take_unsent(&mut self) -> Vec<RealtimeClientEvent> {
        // What the connection has may still go out.
        let from = usize::from(self.flying && !self.done && !self.deaf && !self.queue.is_empty());
        self.queue.drain(from..).map(|waiting| waiting.event).collect()
    }
}

/// Receiving.
impl State {
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Came, Error>>> {
        if let Some(item) = self.early.pop_front() {
            return Poll::Ready(Some(item));
        }
        self.poll_read(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Came, Error>>> {
        loop {
            if self.done {
                return Poll::Ready(None);
            }
            if let Some(again) = &mut self.again {
                let opened = ready!(again.opening.as_mut().poll(context));
                let cause = again.cause.take();
                self.again = None;
                match (opened, cause) {
                    (Ok(link), Some(cause)) => return Poll::Ready(Some(Ok(Came::Reconnected(self.begin_anew(link, cause))))),
                    (Err(error), _) => return Poll::Ready(Some(Err(self.end(error)))),
                    (Ok(_), None) => {}
                }
            }
            if !self.deaf {
                // Who sends gets to know what goes wrong with it; here the end of the connection will tell.
                let _ = self.poll_pump(context);
            }
            match ready!(self.link.poll_heard(context)) {
                Heard::Message(message) => {
                    self.heard = true;
                    return Poll::Ready(Some(self.read(&message)));
                }
                Heard::End => self.done = true,
                Heard::Broken(error) => {
                    if let Some(error) = self.broken(error) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
    }

    fn end(&mut self, error: Error) -> Error {
        self.done = true;
        tracing::debug!(error = %error, "session over");
        error
    }

    fn read(&mut self, message: &Message) -> Result<Came, Error> {
        let payload = Bytes::from(message.as_payload().clone());
        // Some gateways send their texts as bytes.
        let text = message.as_text().map_or_else(|| std::str::from_utf8(&payload), Ok);
        let text = text.map_err(|error| {
            let message = format!("a message is neither text nor UTF-8 (byte {})", error.valid_up_to());
            Error::with_answer(Kind::Decode, message, (*self.head).clone(), payload.clone()).caused_by(error)
        })?;
        let place = frame::read(text, &payload).map_err(|why| self.unreadable(why, &payload))?;
        place.iter().for_each(|event| self.learn(event));
        Ok(Came::Event(place))
    }

    fn unreadable(&self, why: Unreadable, payload: &Bytes) -> Error {
        let place = if why.path.is_empty() { String::new() } else { format!(" at `{}`", why.path) };
        let message = format!("an event can't be read{place}: {}", why.error);
        Error::with_answer(Kind::Decode, message, (*self.head).clone(), payload.clone())
            .at_json_path(why.path)
            .caused_by(why.error)
    }

    /// Which form the session speaks, as far as an event shows it.
    fn learn(&mut self, event: &RealtimeServerEvent) {
        let Some(names) = self.unsent.operation.websocket.and_then(|socket| socket.older) else { return };
        if let Some(older) = event.speaks_older() {
            self.older = Some(older);
        } else if let Some(tag) = event.tag()
            && let Some((older, _)) = names.events.iter().find(|(older, newer)| tag == *older || tag == *newer)
        {
            self.older = Some(tag == *older);
        }
    }
}

/// Beginning anew.
impl State {
    /// The connection has ended; gives the error back where nothing can be done.
    fn broken(&mut self, error: Error) -> Option<Error> {
        let lived = self.link.opened.elapsed();
        let policy = self.settings.reconnect.clone().filter(|_| !self.closing && error.is_retryable());
        let Some(policy) = policy else { return Some(self.end(error)) };
        self.restarts = if lived >= STABLE { 0 } else { self.restarts };
        if self.restarts >= policy.attempts() {
            return Some(self.end(error));
        }
        self.restarts += 1;
        tracing::debug!(error = %error, restarts = self.restarts, "session broken");
        let pause = policy.pause(self.restarts);
        let (core, mut unsent, settings) = (Arc::clone(&self.core), self.unsent.clone(), self.settings.clone());
        unsent.options.retry = Some(policy);
        let opening = Box::pin(async move {
            tokio::time::sleep(pause).await;
            handshake::reopen(&core, unsent, &settings).await
        });
        self.again = Some(Again { opening, cause: Some(error) });
        None
    }

    fn begin_anew(&mut self, link: Link, cause: Error) -> Reconnected {
        let attempts = link.head.about.attempts;
        self.head = Arc::clone(&link.head);
        self.link = link;
        (self.flying, self.deaf, self.heard) = (false, false, false);
        // What waits may hold newer settings; these come first, in their order.
        let waiting = std::mem::take(&mut self.queue);
        let replays = self.replays.iter().filter(|replay| !waiting.iter().any(|waiting| waiting.event == **replay));
        self.queue = replays.map(|event| Waiting { event: event.clone(), text: None }).collect();
        self.queue.extend(waiting);
        tracing::debug!(attempts, unsent = self.queue.len(), "session open again");
        Reconnected { cause, attempts }
    }
}

/// Sending.
impl State {
    /// Takes an event that fits the queue.
    pub(super) fn push(&mut self, event: RealtimeClientEvent) -> Result<(), Error> {
        if self.done || self.closing {
            return Err(self.over());
        }
        let text = self.written(&event)?;
        if self.settings.reconnect.is_some() && event.is_settings() {
            let said = |event: &RealtimeClientEvent| {
                let spoken = self.spoken(event).ok().flatten();
                spoken.or_else(|| json_of(event).ok()).unwrap_or_default()
            };
            let after = said(&event);
            let left = |before: &&RealtimeClientEvent| !replaces(&after, &said(before));
            self.replays = self.replays.iter().filter(left).cloned().collect();
            self.replays.push(event.clone());
        }
        self.queue.push_back(Waiting { event, text: Some(text) });
        Ok(())
    }

    fn written(&self, event: &RealtimeClientEvent) -> Result<String, Error> {
        let text = match self.spoken(event)? {
            Some(json) => serde_json::to_string(&json),
            None => serde_json::to_string(event),
        };
        text.map_err(|error| self.unwritable(BuildError::body(error)))
    }

    /// The first event of the queue, for a connection in the place of one that broke.
    fn written_again(&self) -> Result<String, Error> {
        let Some(first) = self.queue.front() else { return Ok(String::new()) };
        // Where the new connection speaks another form, the gateway has the last word.
        let plain = || serde_json::to_string(&first.event).map_err(|error| self.unwritable(BuildError::body(error)));
        self.written(&first.event).or_else(|_| plain())
    }

    /// An event in the form that the session speaks, where its settings depend on it.
    fn spoken(&self, event: &RealtimeClientEvent) -> Result<Option<Value>, Error> {
        let Some((rules, older)) = self.rules(event).zip(self.older) else { return Ok(None) };
        let mut json = json_of(event).map_err(|error| self.unwritable(BuildError::body(error)))?;
        forms::put(&mut json, &rules, older).map_err(|why| {
            let (name, value) = rules.header;
            let hint = if older { String::new() } else { format!("; the header `{name}: {value}` asks for the older one") };
            self.unwritable(BuildError::message(format!("{why}{hint}")))
        })?;
        Ok(Some(json))
    }

    /// The rules that an event with settings goes by.
    fn rules(&self, event: &RealtimeClientEvent) -> Option<Older> {
        let rules = self.unsent.operation.websocket.and_then(|socket| socket.older)?;
        let tag = event.tag().filter(|_| !matches!(event, RealtimeClientEvent::Unknown(_)))?;
        rules.settings.iter().any(|settings| settings.event.0 == tag || settings.event.1 == tag).then_some(rules)
    }

    pub(super) fn waits_for_form(&self, event: &RealtimeClientEvent) -> bool {
        let differs = |rules: Older| json_of(event).is_ok_and(|json| forms::differs(&json, &rules));
        self.older.is_none() && self.rules(event).is_some_and(differs)
    }

    fn unwritable(&self, why: BuildError) -> Error {
        Error::input(why, Some(self.unsent.operation))
    }

    pub(super) fn ended_early(&self) -> Error {
        let message = "the session ended before the answer was whole".to_owned();
        Error::with_answer(Kind::Truncated, message, (*self.head).clone(), Bytes::new())
    }

    /// The error that an event tells.
    pub(super) fn refused(&self, event: &RealtimeErrorEvent) -> Error {
        let body = serde_json::to_vec(event).unwrap_or_default();
        Error::answer((*self.head).clone(), body.into())
    }

    fn over(&self) -> Error {
        let message = format!("the session is over; {} events were not sent", self.queue.len());
        Error::with_answer(Kind::Truncated, message, (*self.head).clone(), Bytes::new())
    }

    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.queue.len() < self.settings.queue && !self.done {
            return Poll::Ready(Ok(()));
        }
        self.poll_sent(context)
    }

    /// Until all that waits has been given to the system.
    pub(super) fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.queue.is_empty() {
            if self.done {
                return Poll::Ready(Err(self.over()));
            }
            if self.deaf || self.again.is_some() {
                ready!(self.poll_early(context))?;
                continue;
            }
            match ready!(self.poll_pump(context)) {
                Err(_) if self.settings.reconnect.is_some() && !self.closing => self.deaf = true,
                sent => return Poll::Ready(sent),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Gives what waits to a connection that stands.
    fn poll_pump(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(first) = self.queue.front_mut() {
            if !self.flying {
                let text = first.text.take().map_or_else(|| self.written_again(), Ok);
                match text.and_then(|text| self.link.begin(text)) {
                    Ok(()) => self.flying = true,
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            match ready!(self.link.poll_sent(context)) {
                Ok(()) => {
                    self.queue.pop_front();
                    self.flying = false;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads an item for later.
    fn poll_early(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.early.len() >= MOST_EARLY {
            let message = format!("nothing can be sent before some of the {MOST_EARLY} events that wait are read");
            return Poll::Ready(Err(self.link.error(Kind::Truncated, message)));
        }
        let item = ready!(self.poll_read(context));
        self.early.extend(item);
        Poll::Ready(Ok(()))
    }

    /// Until the first event has shown which form the session speaks.
    pub(super) fn poll_form(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.older.is_none() && !self.heard && !self.done {
            if ready!(self.poll_early(context)).is_err() {
                break;
            }
        }
        Poll::Ready(())
    }

    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        if !self.closing {
            ready!(self.poll_sent(context))?;
            self.closing = true;
        }
        if self.again.take().is_some() {
            self.done = true;
            return Poll::Ready(Ok(()));
        }
        self.link.poll_close(context).map(Ok)
    }
}

/// By way of its text: to write all types of events in a second way would be much to compile for what is rare.
fn json_of(event: &RealtimeClientEvent) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&serde_json::to_string(event)?)
}
