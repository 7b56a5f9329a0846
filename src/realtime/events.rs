//! Small hand-written conveniences on the events.

use serde_json::Value;

use super::*;

impl RealtimeClientEvent {
    /// Whether it changes the session's settings.
    pub(super) fn is_settings(&self) -> bool {
        matches!(self, Self::SessionUpdate(_) | Self::TranscriptionSessionUpdate(_))
    }
}

/// Whether nothing is left of an earlier change of settings after this one; both as JSON.
pub(super) fn replaces(after: &Value, before: &Value) -> bool {
    after["type"] == before["type"] && covers(&after["session"], &before["session"])
}

/// Whether every member of `before` has another value in `after`.
fn covers(after: &Value, before: &Value) -> bool {
    match (after, before) {
        (Value::Object(after), Value::Object(before)) => {
            before.iter().all(|(name, value)| after.get(name).is_some_and(|after| covers(after, value)))
        }
        _ => true,
    }
}

impl RealtimeServerEvent {
    /// The text that this event adds for people to read, of a written or a spoken answer; empty when it adds none.
    #[must_use]
    pub fn added_text(&self) -> &str {
        match self {
            Self::ResponseTextDelta(event) | Self::ResponseOutputTextDelta(event) => &event.delta,
            Self::ResponseAudioTranscriptDelta(event) | Self::ResponseOutputAudioTranscriptDelta(event) => &event.delta,
            _ => "",
        }
    }

    /// The text that makes this event long, where it is one for people to read.
    pub(super) fn words_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::ResponseTextDelta(event) | Self::ResponseOutputTextDelta(event) => Some(&mut event.delta),
            Self::ResponseAudioTranscriptDelta(event) | Self::ResponseOutputAudioTranscriptDelta(event) => Some(&mut event.delta),
            Self::ResponseTextDone(event) | Self::ResponseOutputTextDone(event) => Some(&mut event.text),
            Self::ResponseAudioTranscriptDone(event) | Self::ResponseOutputAudioTranscriptDone(event) => {
                Some(&mut event.transcript)
            }
            _ => None,
        }
    }

    /// The audio that this event adds to an answer.
    #[must_use]
    pub fn added_audio(&self) -> Option<&Audio> {
        match self {
            Self::ResponseAudioDelta(event) | Self::ResponseOutputAudioDelta(event) => Some(&event.delta),
            _ => None,
        }
    }

    /// Whether the session speaks the older form, where its settings show it.
    pub(super) fn speaks_older(&self) -> Option<bool> {
        let (Self::SessionCreated(RealtimeSessionCreatedEvent { session, .. })
        | Self::SessionUpdated(RealtimeSessionUpdatedEvent { session, .. })) = self
        else {
            let older = matches!(self, Self::TranscriptionSessionCreated(_) | Self::TranscriptionSessionUpdated(_));
            return older.then_some(true);
        };
        let newer = session.type_.is_some() || session.audio.is_some() || session.output_modalities.is_some();
        let older = session.modalities.is_some() || session.voice.is_some() || session.input_audio_format.is_some();
        (newer != older).then_some(older)
    }
}
