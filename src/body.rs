//! What a request carries: nothing, bytes, a form with files, or one file.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::multipart::{FilePart, Form};
use crate::outgoing::Watch;

/// The body of an unsent request.
#[derive(Clone, Debug, Default)]
pub struct Body(pub(crate) Payload);

#[derive(Clone, Default)]
pub enum Payload {
    #[default]
    Empty,
    Bytes(Bytes),
    /// Put together when it is sent, so that a file is read only then and can be read again.
    Form(Form),
    /// One file as the whole body.
    File(FilePart, Arc<Watch>),
}

impl Body {
    /// The bytes; `None` when there is no body or it is a form or a file, which are read only when they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Payload::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether it can be sent a second time.
    pub(crate) fn is_replayable(&self) -> bool {
        match &self.0 {
            Payload::Form(form) => form.is_replayable(),
            Payload::File(file, _) => file.is_replayable(),
            Payload::Empty | Payload::Bytes(_) => true,
        }
    }

    /// The parts of a form, with their names; `None` when it is none.
    #[must_use]
    pub fn as_form(&self) -> Option<&Form> {
        match &self.0 {
            Payload::Form(form) => Some(form),
            _ => None,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Form(form) => form.fmt(f),
            Self::File(file, _) => file.fmt(f),
        }
    }
}
