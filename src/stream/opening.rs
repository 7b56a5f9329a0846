//! What a body is by its first bytes: gateways that can't stream call one JSON value or a web page a stream, too.

use bytes::{Bytes, BytesMut};

use crate::transport::{LARGEST_ERROR, begins_text, significant};

/// How a body began.
pub(super) enum Opening {
    /// Only blanks so far.
    Blank,
    Events,
    /// No event begins like this; as much of it as is kept.
    Text(BytesMut),
}

impl Opening {
    /// Looks at a piece, and gives it back when it is part of a stream of events.
    pub(super) fn pass(&mut self, piece: Bytes) -> Option<Bytes> {
        match self {
            Self::Events => return Some(piece),
            Self::Blank => match significant(&piece) {
                None => return Some(piece),
                Some(byte) if !begins_text(byte) => {
                    *self = Self::Events;
                    return Some(piece);
                }
                Some(_) => *self = Self::Text(piece.into()),
            },
            Self::Text(text) => text.extend_from_slice(&piece[..piece.len().min(LARGEST_ERROR.saturating_sub(text.len()))]),
        }
        None
    }

    /// The text in place of events, once there is no room for more of it.
    pub(super) fn full(&mut self) -> Option<Bytes> {
        matches!(self, Self::Text(text) if text.len() >= LARGEST_ERROR).then(|| self.text()).flatten()
    }

    /// The text that came in place of events.
    pub(super) fn text(&mut self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(std::mem::take(text).freeze()),
            _ => None,
        }
    }
}
