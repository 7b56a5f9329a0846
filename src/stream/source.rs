//! The events of a stream before they have types: one copy of this for all protocols.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream as _;
use serde_json::{Map, Value};
use sse_core::{MessageEvent, SseDecoder, SseEvent};

use super::ends::{Ends, Mark};
use super::odd;
use super::opening::Opening;
use super::reader::Reader;
use super::stray::Stray;
use crate::error::{Error, Kind, words_of};
use crate::transport::{self, Arriving, Head, LARGEST_ERROR, Unreadable, Watch, says_failure, undeclared_failure};

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
    /// Events that came as one, or in another form.
    pending: VecDeque<MessageEvent>,
    /// What stands between events and is none.
    stray: Stray,
    /// What an event that was given said of its own failure, or what stood behind it.
    failure: Option<Error>,
    /// Nothing more will come.
    pub(super) done: bool,
    /// `None` once nothing more will come.
    watch: Option<Watch>,
    ends: Ends,
}

impl Source {
    pub(super) fn new(arriving: Arriving, max_event: NonZeroUsize) -> Self {
        let Arriving { head, body, watch } = arriving;
        watch.streams();
        let ends = Ends::new(head.about.operation.stream);
        Self {
            body: Some(Reader::new(body.into_pieces())),
            opening: Opening::new(if ends.always_streams() { max_event.get() } else { LARGEST_ERROR }),
            begun: false,
            decoder: SseDecoder::with_limit(max_event),
            max_event: max_event.get(),
            buffer: Bytes::new(),
            last: None,
            pending: VecDeque::new(),
            stray: Stray::default(),
            failure: None,
            done: false,
            watch: Some(watch),
            ends,
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
    /// decide. False where it is to be read once more. `member` is where events of this kind have their tag.
    ///
    /// # Errors
    /// The failure.
    pub(super) fn accept(
        &mut self,
        member: Option<&str>,
        tag: Option<&str>,
        extra: Option<&Map<String, Value>>,
    ) -> Result<bool, Error> {
        let named = || odd::tagged(member.filter(|_| tag.is_none())?, &self.last.as_ref()?.event, self.data());
        if let Some(data) = named() {
            self.read_instead([data]);
            return Ok(false);
        }
        let says_no = |extra: &Map<String, Value>| {
            !extra.is_empty() && (undeclared_failure(extra) || (tag.is_none() && odd::says_only_words(extra, self.data())))
        };
        if self.is_named_error() || tag == Some("error") || extra.is_some_and(says_no) {
            return Err(self.failed(self.refusal(self.data())));
        }
        self.begun = true;
        if let Some(event) = &self.last {
            if let Some(watch) = &mut self.watch {
                watch.event(&event.data);
            }
            self.done = self.ends.is_last(tag, &event.data);
            self.failure = match self.ends.failure(&event.data) {
                Some(failure) => Some(self.refusal(&failure.to_string())),
                None if self.done => self.said_aside(),
                None => None,
            };
        }
        self.done &= self.failure.is_none();
        if self.done {
            self.hang_up();
        }
        Ok(true)
    }

    /// The error of data that is no event of the protocol; none where it is to be read in another way.
    pub(super) fn refuse(&mut self, why: Unreadable) -> Option<Error> {
        let is_cut = self.body.is_none();
        let error = if self.is_named_error() || says_failure(self.data()) {
            self.refusal(self.data())
        } else if let Some(events) = self.meant(is_cut) {
            self.read_instead(events);
            return None;
        } else if is_cut {
            // The last event, cut by the end of the body.
            self.ended_early()
        } else {
            self.unreadable(why)
        };
        Some(self.failed(error))
    }

    /// What was meant by data that can't be read.
    fn meant(&self, is_cut: bool) -> Option<Vec<String>> {
        let data = self.data();
        let mended = odd::mend(data);
        if *mended != *data && serde_json::from_str::<serde::de::IgnoredAny>(&mended).is_ok() {
            return Some(vec![mended.into_owned()]);
        }
        let lines = odd::several(data, is_cut, |line| self.ends.mark(line) != Mark::None)?;
        Some(lines.into_iter().map(str::to_owned).collect())
    }

    fn read_instead(&mut self, events: impl IntoIterator<Item = String>) {
        let event = |data| MessageEvent { event: "message".into(), data, last_event_id: None };
        let events: Vec<_> = events.into_iter().map(event).collect();
        events.into_iter().rev().for_each(|event| self.pending.push_front(event));
    }

    /// The next event that has data; none after the end.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(self.failed(failure))));
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
            while let Some(event) = self.next_message() {
                let event = match event {
                    Ok(event) => event,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                };
                let data = event.data.trim();
                // Some gateways have nothing to say, and say so.
                if data.is_empty() || data == "null" {
                    continue;
                }
                let mark = self.ends.mark(data);
                self.last = Some(event);
                return Poll::Ready(match mark {
                    Mark::None => Some(Ok(())),
                    Mark::End => self.end(),
                    Mark::Stop => self.close(),
                });
            }
            // What was read holds the connection's own buffer.
            self.buffer = Bytes::new();
            let Some(body) = &mut self.body else { return Poll::Ready(self.close()) };
            match ready!(Pin::new(body).poll_next(context)) {
                Some(Ok(chunk)) => match self.opening.pass(chunk) {
                    Some(chunk) => {
                        self.stray.watch(&chunk);
                        self.buffer = chunk;
                    }
                    None => {
                        if let Some(text) = self.opening.full() {
                            return Poll::Ready(Some(Err(self.unwanted(text))));
                        }
                    }
                },
                None => {
                    self.body = None;
                    match self.opening.text() {
                        Some(text) if !self.reads_as_events(&text) => return Poll::Ready(Some(Err(self.unwanted(text)))),
                        Some(_) => {}
                        // An event without its blank line still counts.
                        None => self.buffer = Bytes::from_static(b"\n\n"),
                    }
                }
                Some(Err(broken)) => {
                    let text = self.opening.text().unwrap_or_default();
                    let error = broken.into_error("the stream", text, self.head.clone());
                    return Poll::Ready(Some(Err(self.failed(error))));
                }
            }
        }
    }

    fn next_message(&mut self) -> Option<Result<MessageEvent, Error>> {
        if let Some(event) = self.pending.pop_front() {
            return Some(Ok(event));
        }
        while let Some(event) = self.decoder.next(&mut self.buffer) {
            match event {
                Ok(SseEvent::Message(event)) => return Some(Ok(event)),
                Ok(SseEvent::Retry(_)) => {}
                Err(_) => {
                    let message = format!("an event is larger than {} bytes", self.max_event);
                    return Some(Err(self.broken(Kind::TooLarge, message)));
                }
            }
        }
        None
    }

    /// Takes a body that is one text as the events of an operation that has no other answer, in a list or alone.
    fn reads_as_events(&mut self, text: &[u8]) -> bool {
        let words = String::from_utf8_lossy(text);
        let json = words.trim_start_matches('\u{feff}').trim();
        if !self.ends.always_streams() || json.starts_with('<') || says_failure(json) {
            return false;
        }
        let alone = !json.starts_with('[');
        let events = if alone {
            vec![json.to_owned()]
        } else {
            odd::elements(json).into_iter().map(|event| event.get().to_owned()).collect()
        };
        self.read_instead(events);
        true
    }

    /// The protocol's own end came.
    fn end(&mut self) -> Option<Result<(), Error>> {
        if let Some(error) = self.said_aside() {
            return Some(Err(self.failed(error)));
        }
        if !self.begun {
            return Some(Err(self.broken(Kind::Truncated, "the stream ended without a single event".to_owned())));
        }
        self.done = true;
        None
    }

    /// Nothing more comes: the stream was whole, or it was cut.
    fn close(&mut self) -> Option<Result<(), Error>> {
        if let Some(error) = self.said_aside() {
            return Some(Err(self.failed(error)));
        }
        if !self.ends.may_stop() {
            return Some(Err(self.failed(self.ended_early())));
        }
        self.done = true;
        None
    }

    /// Gateways that fail behind the last event write their error as it is, without the frame of an event.
    fn said_aside(&self) -> Option<Error> {
        self.stray.failure().map(|json| Error::answer(self.head.clone(), json))
    }

    fn is_named_error(&self) -> bool {
        self.last.as_ref().is_some_and(|event| event.event == "error")
    }

    fn refusal(&self, words: &str) -> Error {
        Error::answer(self.head.clone(), Bytes::copy_from_slice(words.as_bytes()))
    }

    fn ended_early(&self) -> Error {
        let message = "the stream ended before its own end; what came before is valid but may not be all";
        let (message, words) = match self.stray.text() {
            Some(text) => {
                let came = words_of(&String::from_utf8_lossy(text));
                (format!("{message}; in place of more came {came}"), Bytes::copy_from_slice(text))
            }
            None => (message.to_owned(), Bytes::new()),
        };
        Error::with_answer(Kind::Truncated, message, self.head.clone(), words)
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
        let error = transport::unwanted(self.head.clone(), text, super::WANTED);
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
