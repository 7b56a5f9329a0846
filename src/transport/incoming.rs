//! An answer's body on its way: piece by piece, bounded in size and in silence.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use super::Head;
use crate::error::{Error, Kind};

/// As much of an error's body as is kept.
pub(crate) const LARGEST_ERROR: usize = 1024 * 1024;

/// Longer than this nobody waits for the words of an error.
const ERROR_BODY_WITHIN: Duration = Duration::from_secs(10);

/// A body as it arrives.
pub(crate) struct Incoming {
    response: reqwest::Response,
    idle: Duration,
    /// A piece that was looked at and not yet read.
    seen: Option<Bytes>,
}

/// Why the next piece did not come.
pub(crate) enum Broken {
    Http(reqwest::Error),
    Silent(Duration),
    /// Whoever read it is gone.
    Abandoned,
}

impl Broken {
    /// The error of a call whose answer broke off after `received` bytes.
    pub(crate) fn into_error(self, what: &str, received: Bytes, head: Head) -> Error {
        match self {
            Self::Silent(idle) => {
                let message = format!("{what} stopped: nothing came for {}", super::seconds(idle));
                Error::with_answer(Kind::Timeout, message, head, received)
            }
            Self::Abandoned => {
                let message = format!("{what} broke off: the runtime that read it was shut down");
                Error::with_answer(Kind::Truncated, message, head, received)
            }
            Self::Http(error) => {
                let error = error.without_url();
                let message = format!("{what} broke off: {error}");
                Error::with_answer(Kind::Truncated, message, head, received).caused_by(error)
            }
        }
    }
}

impl Incoming {
    pub(crate) fn new(response: reqwest::Response, idle: Duration) -> Self {
        Self { response, idle, seen: None }
    }

    /// The first byte that says what it is, without taking it.
    pub(crate) async fn look(&mut self) -> Result<Option<u8>, Broken> {
        let mut start = BytesMut::new();
        while significant(&start).is_none() && start.len() < LARGEST_ERROR {
            match self.piece().await? {
                Some(piece) => start.extend_from_slice(&piece),
                None => break,
            }
        }
        self.seen = Some(start.freeze());
        Ok(self.seen.as_deref().and_then(significant))
    }

    /// What was looked at.
    pub(super) fn seen(&self) -> &[u8] {
        self.seen.as_deref().unwrap_or_default()
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        if let Some(seen) = self.seen.take() {
            return Ok(Some(seen));
        }
        match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Ok(piece) => piece.map_err(Broken::Http),
            Err(_) => Err(Broken::Silent(self.idle)),
        }
    }

    /// Everything, unless it is larger than `most`.
    pub(crate) async fn read_whole(mut self, head: Head, most: usize) -> Result<(Head, Bytes), Error> {
        let mut body = BytesMut::new();
        loop {
            match self.piece().await {
                Ok(Some(piece)) if body.len() + piece.len() > most => {
                    let message = format!("the answer is larger than {most} bytes");
                    return Err(Error::with_answer(Kind::TooLarge, message, head, Bytes::new()));
                }
                Ok(Some(piece)) if body.is_empty() => body = piece.into(),
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return Ok((head, body.freeze())),
                Err(broken) => return Err(broken.into_error("the answer", body.freeze(), head)),
            }
        }
    }

    /// The words of an error: what comes of them until they are long enough, the time is over, or something breaks.
    pub(super) async fn words(&mut self, deadline: Option<Instant>) -> Bytes {
        let patience = Instant::now() + ERROR_BODY_WITHIN;
        let until = deadline.map_or(patience, |deadline| deadline.min(patience));
        let mut body = BytesMut::new();
        while let Ok(Ok(Some(piece))) = tokio::time::timeout_at(until, self.piece()).await {
            let room = LARGEST_ERROR - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() >= LARGEST_ERROR {
                break;
            }
        }
        body.freeze()
    }

    pub(crate) fn into_pieces(self) -> Pieces {
        let body = Box::pin(self.response.bytes_stream());
        Pieces { seen: self.seen, body, idle: self.idle, waiting_since: None, silence: None }
    }
}

/// The first byte that is neither blank nor part of a byte order mark.
pub(crate) fn significant(bytes: &[u8]) -> Option<u8> {
    significant_at(bytes).and_then(|at| bytes.get(at).copied())
}

/// Where that byte is.
pub(crate) fn significant_at(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte))
}

/// Whether a body that begins with this byte is one JSON value or a web page: no event and no file does.
pub(crate) fn begins_text(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'<')
}

/// A body as a stream that notices silence.
pub(crate) struct Pieces {
    seen: Option<Bytes>,
    body: Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>,
    idle: Duration,
    /// When the wait for the next piece began.
    waiting_since: Option<Instant>,
    /// Rings at the end of some wait. Setting it again for each piece would cost more than the piece.
    silence: Option<Pin<Box<Sleep>>>,
}

#[cfg(test)]
impl Pieces {
    /// A body of these pieces.
    pub(crate) fn of(pieces: std::collections::VecDeque<Bytes>) -> Self {
        struct Listed(std::collections::VecDeque<Bytes>);

        impl Stream for Listed {
            type Item = Result<Bytes, reqwest::Error>;

            fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                Poll::Ready(self.0.pop_front().map(Ok))
            }
        }

        let body = Box::pin(Listed(pieces));
        Self { seen: None, body, idle: Duration::from_secs(9), waiting_since: None, silence: None }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(seen) = this.seen.take() {
            return Poll::Ready(Some(Ok(seen)));
        }
        if let Poll::Ready(piece) = this.body.as_mut().poll_next(context) {
            this.waiting_since = None;
            return Poll::Ready(piece.map(|piece| piece.map_err(Broken::Http)));
        }
        let since = *this.waiting_since.get_or_insert_with(Instant::now);
        let Some(until) = since.checked_add(this.idle) else { return Poll::Pending };
        let silence = this.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(silence.as_mut().poll(context));
        while silence.deadline() < until {
            silence.as_mut().reset(until);
            ready!(silence.as_mut().poll(context));
        }
        Poll::Ready(Some(Err(Broken::Silent(this.idle))))
    }
}
