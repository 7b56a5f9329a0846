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

/// A body as it arrives.
pub(crate) struct Incoming {
    response: reqwest::Response,
    idle: Duration,
}

/// Why the next piece did not come.
pub(crate) enum Broken {
    Http(reqwest::Error),
    Silent(Duration),
}

impl Broken {
    /// The error of a call whose answer broke off after `received` bytes.
    pub(crate) fn into_error(self, what: &str, received: Bytes, head: Head) -> Error {
        match self {
            Self::Silent(idle) => {
                let message = format!("{what} stopped: nothing came for {}", super::seconds(idle));
                Error::with_answer(Kind::Timeout, message, head, received)
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
    pub(super) fn new(response: reqwest::Response, idle: Duration) -> Self {
        Self { response, idle }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Ok(piece) => piece.map_err(Broken::Http),
            Err(_) => Err(Broken::Silent(self.idle)),
        }
    }

    /// Everything, unless it is larger than `most`.
    pub(super) async fn read_whole(mut self, head: Head, most: usize) -> Result<(Head, Bytes), Error> {
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

    /// What comes, up to `most` bytes and whatever breaks.
    pub(super) async fn read_up_to(&mut self, most: usize) -> Bytes {
        let mut body = BytesMut::new();
        while let Ok(Some(piece)) = self.piece().await {
            let room = most - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() >= most {
                break;
            }
        }
        body.freeze()
    }

    pub(crate) fn into_pieces(self) -> Pieces {
        Pieces { body: Box::pin(self.response.bytes_stream()), idle: self.idle, silence: None, armed: false }
    }
}

/// A body as a stream that notices silence.
pub(crate) struct Pieces {
    body: Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>,
    idle: Duration,
    silence: Option<Pin<Box<Sleep>>>,
    /// Whether the timer counts from the last piece.
    armed: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(piece) = this.body.as_mut().poll_next(context) {
            this.armed = false;
            return Poll::Ready(piece.map(|piece| piece.map_err(Broken::Http)));
        }
        let until = || Instant::now() + this.idle;
        let silence = this.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until())));
        if !this.armed {
            silence.as_mut().reset(until());
            this.armed = true;
        }
        ready!(silence.as_mut().poll(context));
        Poll::Ready(Some(Err(Broken::Silent(this.idle))))
    }
}
