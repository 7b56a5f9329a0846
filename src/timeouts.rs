//! How long each part of a call may take.

use std::time::Duration;

/// The limits of a call; each can be set on the client and on the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// From sending to the last byte of a JSON answer, retries included. Streams and downloads have no such limit.
    pub(crate) whole: Duration,
    /// From sending to the answer's head.
    pub(crate) first_byte: Duration,
    /// Between two pieces of an answer's body.
    pub(crate) idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { whole: Duration::from_secs(600), first_byte: Duration::from_secs(600), idle: Duration::from_secs(120) }
    }
}
