//! The events of a stream before they have types: one copy of this for all protocols.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream as _;
use sse_core::{MessageEvent, SseDecoder, SseEvent};

use super::ends::Ends;
use super::opening::Opening;
use super::reader::Reader;
use crate::client::Core;
use crate::error::{Error, Kind};
use crate::transport::{self, Arriving, Head, Unreadable, Watch, says_failure, undeclared_failure};
use crate::wire::Extra;

/// An event as it came, before it was read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RawEvent<'s> {
    /// The event's name; `message` where it has none.
    pub name: &'s str,
    /// Its data, lines joined by line feeds.
    pub data: &'s str,
    /// The last id that the stream gave.
    pub id: Option<&'s str>,
}

pub(super) struct Source {
    pub(super) head: Head,
    /// `None` once the body has ended.
    body: Option<Reader>,
    opening: Opening,
    /// Whether an event was given out.
    begun: bool,
    decoder: SseDecoder,
    max_event: usize,
    buffer: Bytes,
    last: Option<MessageEvent>,
    /// Nothing more will come.
    pub(super) done: bool,
    /// `None` once nothing more will come.
    watch: Option<Watch>,
    ends: Ends,
}

impl Source {
    pub(super) fn new(core: &Core, arriving: Arriving) -> Self {
        let Arriving { head, body, watch } = arriving;
        watch.streams();
        Self {
            body: Some(Reader::new(body.into_pieces())),
            opening: Opening::Blank,
            begun: false,
            decoder: SseDecoder::with_limit(core.max_event),
            max_event: core.max_event.get(),
            buffer: Bytes::new(),
            last: None,
            done: false,
            watch: Some(watch),
            ends: Ends::new(head.about.operation.stream),
            head,
        }
    }

    pub(super) fn last(&self) -> Option<RawEvent<'_>> {
        let event = self.last.as_ref()?;
        Some(RawEvent { name: &event.event, data: &event.data, id: event.last_event_id.as_deref() })
    }

    /// The data of the last event.
    pub(super) fn data(&self) -> &str {
        self.last.as_ref().map_or("", |event| event.data.trim())
    }

    /// Whether an event was read from this data, or the gateway's failure: its tag and what the document does not describe
    /// decide.
    ///
    /// # Errors
    /// The failure.
    pub(super) fn accept(&mut self, tag: Option<&str>, extra: Option<&Extra>) -> Result<(), Error> {
        if self.is_named_error() || tag == Some("error") || extra.is_some_and(undeclared_failure) {
            return Err(self.failed(self.failure()));
        }
        if let Some(event) = &self.last {
            self.done = self.ends.is_last(tag, &event.data);
            if let Some(watch) = &mut self.watch {
                watch.event(&event.data);
            }
        }
        self.begun = true;
        if self.done {
            self.hang_up();
        }
        Ok(())
    }

    /// The error of data that is no event of the protocol.
    pub(super) fn refuse(&mut self, why: Unreadable) -> Error {
        let error = if self.is_named_error() || says_failure(self.data()) {
            self.failure()
        } else if self.body.is_none() {
            // The last event, cut by the end of the body.
            self.ended_early()
        } else {
            self.unreadable(why)
        };
        self.failed(error)
    }

    /// The next event that has data; none after the end.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let item = self.poll_item(context);
        if self.done {
            self.hang_up();
        }
        item
    }

    /// The connection is of no use any more, whoever still holds the stream.
    fn hang_up(&mut self) {
        self.body = None;
        self.watch = None;
        self.buffer = Bytes::new();
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        loop {
            while let Some(event) = self.decoder.next(&mut self.buffer) {
                match event {
                    Ok(SseEvent::Message(event)) => {
                        let data = event.data.trim();
                        if data.is_empty() {
                            continue;
                        }
                        self.done = self.ends.is_mark(data);
                        self.last = Some(event);
                        return Poll::Ready(if self.done { None } else { Some(Ok(())) });
                    }
                    Ok(SseEvent::Retry(_)) => {}
                    Err(_) => {
                        let message = format!("an event is larger than {} bytes", self.max_event);
                        return Poll::Ready(Some(Err(self.broken(Kind::TooLarge, message))));
                    }
                }
            }
            // What was read holds the connection's own buffer.
            self.buffer = Bytes::new();
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
                    let text = self.opening.text().unwrap_or_default();
                    let error = broken.into_error("the stream", text, self.head.clone());
                    return Poll::Ready(Some(Err(self.failed(error))));
                }
            }
        }
    }

    /// The body ended, and all of it was read.
    fn close(&mut self) -> Option<Result<(), Error>> {
        self.done = true;
        if self.ends.may_stop() {
            return None;
        }
        Some(Err(self.failed(self.ended_early())))
    }

    fn is_named_error(&self) -> bool {
        self.last.as_ref().is_some_and(|event| event.event == "error")
    }

    fn failure(&self) -> Error {
        Error::answer(self.head.clone(), Bytes::copy_from_slice(self.data().as_bytes()))
    }

    fn ended_early(&self) -> Error {
        let message = "the stream ended before its own end; what came before is valid but may not be all";
        Error::with_answer(Kind::Truncated, message.to_owned(), self.head.clone(), Bytes::new())
    }

    fn unreadable(&self, why: Unreadable) -> Error {
        let place = if why.path.is_empty() { String::new() } else { format!(" at `{}`", why.path) };
        let message = format!("an event can't be read{place}: {}", why.error);
        let body = Bytes::copy_from_slice(self.data().as_bytes());
        Error::with_answer(Kind::Decode, message, self.head.clone(), body).at_json_path(why.path).caused_by(why.error)
    }

    fn broken(&mut self, kind: Kind, message: String) -> Error {
        let error = Error::with_answer(kind, message, self.head.clone(), Bytes::new());
        self.failed(error)
    }

    fn unwanted(&mut self, text: Bytes) -> Error {
        let error = transport::unwanted(self.head.clone(), text, "a stream of events");
        self.failed(error)
    }

    /// Ends the stream with an error.
    fn failed(&mut self, error: Error) -> Error {
        self.done = true;
        let error = if self.begun { error.after_a_part() } else { error };
        if let Some(watch) = &self.watch {
            watch.failed(&error);
        }
        self.hang_up();
        error
    }
}
