//! What a body is by its first bytes: gateways that can't stream call one JSON value or a web page a stream, too.

use bytes::{Bytes, BytesMut};

use crate::transport::{begins_text, significant_at};

/// How a body began.
pub(super) struct Opening {
    began: Began,
    /// As much of a text as is kept.
    room: usize,
}

enum Began {
    /// Only blanks so far.
    Blank,
    Events,
    /// No event begins like this.
    Text(BytesMut),
}

impl Opening {
    pub(super) fn new(room: usize) -> Self {
        Self { began: Began::Blank, room }
    }

    /// Looks at a piece, and gives it back when it is part of a stream of events.
    pub(super) fn pass(&mut self, piece: Bytes) -> Option<Bytes> {
        match &mut self.began {
            Began::Events => return Some(piece),
            Began::Blank => match significant_at(&piece) {
                None => return Some(piece),
                // Without the blanks before it: those of earlier pieces are gone, too.
                Some(at) if begins_text(piece[at]) => self.began = Began::Text(piece.slice(at..).into()),
                Some(_) => {
                    self.began = Began::Events;
                    return Some(piece);
                }
            },
            Began::Text(text) => text.extend_from_slice(&piece[..piece.len().min(self.room.saturating_sub(text.len()))]),
        }
        None
    }

    /// The text in place of events, once there is no room for more of it.
    pub(super) fn full(&mut self) -> Option<Bytes> {
        matches!(&self.began, Began::Text(text) if text.len() >= self.room).then(|| self.text()).flatten()
    }

    /// The text that came in place of events.
    pub(super) fn text(&mut self) -> Option<Bytes> {
        match &mut self.began {
            Began::Text(text) => Some(std::mem::take(text).freeze()),
            _ => None,
        }
    }
}
