//! What one says in a session: helpers that send an event each.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::state::{Shared, Side};
use super::*;
use crate::error::Error;

/// How long settings wait for the session's first event, which shows the form that it speaks.
const FIRST_EVENT: Duration = Duration::from_secs(2);

/// As many bytes of audio as one event carries.
const AUDIO_PIECE: usize = 32 * 1024;

/// Events on their way. Resolves when the system has taken all of them.
///
/// Dropped before that, what was begun is still sent, with the next event.
#[must_use = "nothing is sent until it is awaited"]
pub struct Sending<'s> {
    shared: &'s Shared,
    events: VecDeque<RealtimeClientEvent>,
    /// Runs while the form of the settings is not known.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<'s> Sending<'s> {
    fn new(shared: &'s Shared, events: impl IntoIterator<Item = RealtimeClientEvent>) -> Self {
        Self { shared, events: events.into_iter().collect(), patience: None }
    }

    /// Until it is known which form the session speaks, where the event depends on it.
    fn poll_form(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let waits = self.events.front().is_some_and(|event| self.shared.lock().waits_for_form(event));
        if !waits || self.shared.poll(Side::Sender, context, |state, context| state.poll_form(context)).is_ready() {
            return Poll::Ready(());
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(FIRST_EVENT)));
        patience.as_mut().poll(context)
    }
}

impl Future for Sending<'_> {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while !this.events.is_empty() {
            ready!(this.poll_form(context));
            ready!(this.shared.poll_ready(context))?;
            if let Some(event) = this.events.pop_front() {
                this.shared.lock().push(event)?;
            }
        }
        this.shared.poll_sent(context)
    }
}

impl fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

/// What one says. Each helper sends one event, or a few; the whole session has them too.
impl Sender {
    /// Sends any event.
    pub fn send(&mut self, event: impl Into<RealtimeClientEvent>) -> Sending<'_> {
        Sending::new(&self.shared, [event.into()])
    }

    /// Changes the session's settings; only what is given is changed. The gateway answers with `session.updated`.
    ///
    /// Settings of either form are written in the one that the session speaks. For that it waits for the session's first
    /// event, up to 2 seconds, unless the handshake asked for a form; if none comes, they are written as they are given.
    ///
    /// ```no_run
    /// # async fn example(mut session: octopusx::realtime::Session) -> Result<(), octopusx::Error> {
    /// use octopusx::realtime::{RealtimeAudioFormatName, RealtimeSession};
    ///
    /// let settings = RealtimeSession::new().voice("sage").input_audio_format(RealtimeAudioFormatName::G711Ulaw);
    /// // What is null is switched off: here the user says when a turn ends, by `commit` and `create_response`.
    /// session.update_session(settings.with_extra("turn_detection", serde_json::Value::Null)).await?;
    /// # Ok(()) }
    /// ```
    pub fn update_session(&mut self, settings: RealtimeSession) -> Sending<'_> {
        self.send(RealtimeSessionUpdateEvent::new(settings))
    }

    /// Says a text, as the user. [`create_response`](Self::create_response) asks for the answer.
    pub fn send_text(&mut self, text: impl Into<String>) -> Sending<'_> {
        let part = RealtimeContentPart::InputText(RealtimeInputTextPart::new(text));
        self.send(RealtimeConversationItemCreateEvent::new(RealtimeMessage::new("user", [part])))
    }

    /// Sends audio, in the form that the session's settings name, as one event for each 32 KiB.
    pub fn append_audio(&mut self, bytes: &[u8]) -> Sending<'_> {
        let events = bytes.chunks(AUDIO_PIECE).map(|piece| append(Audio::from_bytes(piece)));
        Sending::new(&self.shared, events)
    }

    /// The same with samples.
    pub fn append_samples(&mut self, samples: &[i16], encoding: AudioEncoding) -> Sending<'_> {
        let events = Audio::pieces(samples, encoding, AUDIO_PIECE / encoding.sample_bytes()).map(append);
        Sending::new(&self.shared, events)
    }

    /// Makes a message out of the audio sent so far. Only needed with turn detection off.
    pub fn commit(&mut self) -> Sending<'_> {
        self.send(RealtimeInputAudioBufferCommitEvent::new())
    }

    /// Throws the audio sent so far away.
    pub fn clear(&mut self) -> Sending<'_> {
        self.send(RealtimeInputAudioBufferClearEvent::new())
    }

    /// Asks for an answer, as the session's settings say.
    pub fn create_response(&mut self) -> Sending<'_> {
        self.send(RealtimeResponseCreateEvent::new())
    }

    /// Asks for an answer that is made in another way this once.
    pub fn create_response_with(&mut self, response: RealtimeResponseParams) -> Sending<'_> {
        self.send(RealtimeResponseCreateEvent::new().response(response))
    }

    /// Breaks off the answer that is being given.
    pub fn cancel(&mut self) -> Sending<'_> {
        self.send(RealtimeResponseCancelEvent::new())
    }

    /// Says how much of the model's speech was heard, in milliseconds, after the user broke in: the rest leaves the
    /// conversation.
    pub fn truncate(&mut self, item_id: impl Into<String>, audio_end_ms: i64) -> Sending<'_> {
        self.send(RealtimeConversationItemTruncateEvent::new(item_id, 0, audio_end_ms))
    }

    /// Sends the result of a function that the model called, with the id of that call.
    /// [`create_response`](Self::create_response) asks for what the model makes of it.
    pub fn send_tool_output(&mut self, call_id: impl Into<String>, output: impl Into<String>) -> Sending<'_> {
        let output = RealtimeFunctionCallOutput::new(call_id, output);
        self.send(RealtimeConversationItemCreateEvent::new(output))
    }
}

impl<E> Session<E> {
    /// Sends any event.
    pub fn send(&mut self, event: impl Into<RealtimeClientEvent>) -> Sending<'_> {
        self.sender.send(event)
    }
}

fn append(audio: Audio) -> RealtimeClientEvent {
    RealtimeInputAudioBufferAppendEvent::new(audio).into()
}
