//! From many events to the one answer that the call without a stream would have given.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::EventStream;
use crate::Error;
use crate::wire::{Read, Typed};

/// An event of which many make one whole answer. Implemented by the generated events of each protocol.
pub trait Collect: Sized {
    /// What the call without a stream answers.
    type Whole;
    /// What puts it together.
    #[doc(hidden)]
    type Collector: Collector<Event = Self, Whole = Self::Whole>;

    /// The text that this event adds for people to read; empty when it adds none.
    fn added_text(&self) -> String;

    /// The same for a reader who was shown the texts of the events before: some events repeat a text, and some upstreams
    /// send nothing else.
    #[doc(hidden)]
    fn text_after(&self, _: &mut Shown) -> String {
        self.added_text()
    }
}

/// What a reader of the texts has been shown.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Shown {
    /// How much of each text, by the places of its item and its part.
    texts: HashMap<(i64, i64), usize>,
    /// Whether there were pieces that did not say where they belong.
    has_unplaced: bool,
    has_items: bool,
}

impl Shown {
    /// A piece of a text is shown.
    pub(crate) fn piece(&mut self, item: Option<i64>, part: Option<i64>, text: String) -> String {
        match item {
            _ if text.is_empty() => {}
            Some(item) => *self.texts.entry((item, part.unwrap_or_default())).or_default() += text.len(),
            None => self.has_unplaced = true,
        }
        text
    }

    /// A text is whole: shows what its pieces have left out.
    pub(crate) fn rest(&mut self, item: Option<i64>, part: Option<i64>, text: &str) -> String {
        let shown = match item {
            Some(item) => self.texts.get(&(item, part.unwrap_or_default())).copied().unwrap_or_default(),
            None if self.texts.is_empty() => 0,
            None => return String::new(),
        };
        match text.get(shown..) {
            Some(rest) if !self.has_unplaced => self.piece(item, part, rest.to_owned()),
            _ => String::new(),
        }
    }

    /// An item is whole: shows it where no pieces came.
    pub(crate) fn item(&mut self, text: String) -> String {
        if self.has_pieces() {
            return String::new();
        }
        self.has_items |= !text.is_empty();
        text
    }

    /// The answer is whole: shows it where nothing came before.
    pub(crate) fn whole(&mut self, text: String) -> String {
        if self.has_items { String::new() } else { self.item(text) }
    }

    fn has_pieces(&self) -> bool {
        self.has_unplaced || !self.texts.is_empty()
    }
}

/// Puts events together, each looked at once.
#[doc(hidden)]
pub trait Collector: Default + Send + Unpin {
    type Event;
    type Whole;

    fn add(&mut self, event: &Self::Event);
    fn so_far(&self) -> &Self::Whole;
    fn whole(self) -> Self::Whole;
}

impl<T: Collect + for<'de> Read<'de> + Typed> EventStream<T> {
    /// Reads to the end and returns the whole answer.
    ///
    /// # Errors
    /// Whatever ends the stream early. Where what came before the error is needed, use
    /// [`collecting`](Self::collecting).
    pub async fn collect(mut self) -> Result<T::Whole, Error> {
        let mut collector = T::Collector::default();
        while let Some(event) = self.next().await {
            collector.add(&event?);
        }
        Ok(collector.whole())
    }

    /// The same stream, with the answer so far at any time.
    ///
    /// ```no_run
    /// # #[cfg(feature = "chat")]
    /// # async fn example(client: octopusx::Client, request: octopusx::chat::ChatCompletionRequest) -> Result<(), octopusx::Error> {
    /// let mut stream = client.chat().create_stream(&request).await?.collecting();
    /// while let Some(chunk) = stream.next().await {
    ///     print!("{}", chunk?.text());
    /// }
    /// println!("{:?}", stream.snapshot().usage);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn collecting(self) -> Collecting<T> {
        Collecting { events: self, collector: T::Collector::default() }
    }

    /// Only the texts, as they come; events without text are passed over.
    #[must_use]
    pub fn text_stream(self) -> TextStream<T> {
        TextStream { events: self, shown: Shown::default() }
    }
}

/// A stream of events that also puts them together.
pub struct Collecting<T: Collect> {
    events: EventStream<T>,
    collector: T::Collector,
}

impl<T: Collect + for<'de> Read<'de> + Typed> Collecting<T> {
    /// The next event; `None` after the end.
    ///
    /// # Errors
    /// As [`EventStream::next`].
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The answer so far. After an error it holds all that came before.
    #[must_use]
    pub fn snapshot(&self) -> &T::Whole {
        self.collector.so_far()
    }

    /// The answer so far, without what may still come.
    #[must_use]
    pub fn into_whole(self) -> T::Whole {
        self.collector.whole()
    }
}

impl<T: Collect + for<'de> Read<'de> + Typed> Stream for Collecting<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = ready!(Pin::new(&mut this.events).poll_next(context));
        if let Some(Ok(event)) = &item {
            this.collector.add(event);
        }
        Poll::Ready(item)
    }
}

impl<T: Collect> fmt::Debug for Collecting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collecting").field("events", &self.events).finish_non_exhaustive()
    }
}

/// The texts of a stream.
#[derive(Debug)]
pub struct TextStream<T> {
    events: EventStream<T>,
    shown: Shown,
}

impl<T: Collect + for<'de> Read<'de> + Typed> TextStream<T> {
    /// The next text; `None` after the end.
    ///
    /// # Errors
    /// As [`EventStream::next`].
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<T: Collect + for<'de> Read<'de> + Typed> Stream for TextStream<T> {
    type Item = Result<String, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match ready!(Pin::new(&mut this.events).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(event)) => {
                    let text = event.text_after(&mut this.shown);
                    if !text.is_empty() {
                        return Poll::Ready(Some(Ok(text)));
                    }
                }
            }
        }
    }
}
