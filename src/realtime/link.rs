//! One open connection: frames in and out, pings, silence, and how it ends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_websockets::{ClientBuilder, CloseCode, Limits, Message, WebSocketStream};

use crate::error::{Error, Kind};
use crate::transport::{Head, seconds};

/// How long the gateway may take to answer the end of a session.
const CLOSING: Duration = Duration::from_secs(5);

/// As much is taken from the system at once, so that many small events cost one call; larger ones are read past it.
const READ_AHEAD: usize = 16 * 1024;

/// A gateway that sends pings and takes no answers must not fill the memory.
const MOST_UNSENT_PONGS: u32 = 1024;

/// What came.
pub(super) enum Heard {
    Message(Message),
    /// The session is over, as it should be.
    End,
    /// The session is over.
    Broken(Error),
}

/// What silence leads to.
#[derive(Clone, Copy, PartialEq)]
enum Patience {
    Ping,
    GiveUp,
    /// The end was said, by either side.
    HangUp,
}

pub(super) struct Link {
    socket: WebSocketStream<BufReader<Lasting>>,
    pub(super) head: Arc<Head>,
    ping_every: Duration,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    /// When the timer began to count, for what it waits now.
    since: Instant,
    patience: Patience,
    unsent_pongs: u32,
    /// What the gateway said when it closed.
    farewell: Option<(u16, String)>,
    /// The end was ours.
    closing: bool,
    ended: bool,
    pub(super) opened: Instant,
}

impl Link {
    pub(super) fn new(stream: reqwest::Upgraded, head: Head, ping_every: Duration, idle: Duration, largest: usize) -> Self {
        let limits = Limits::default().max_payload_len(Some(largest));
        let now = Instant::now();
        let patience = if ping_every < idle { Patience::Ping } else { Patience::GiveUp };
        let stream = BufReader::with_capacity(READ_AHEAD, Lasting { stream, broken: None });
        let mut link = Self {
            socket: ClientBuilder::new().limits(limits).take_over(stream),
            head: Arc::new(head),
            ping_every,
            idle,
            timer: Box::pin(tokio::time::sleep_until(now)),
            since: now,
            patience,
            unsent_pongs: 0,
            farewell: None,
            closing: false,
            ended: false,
            opened: now,
        };
        let due = link.due();
        link.timer.as_mut().reset(due);
        link
    }

    /// The next message, or the end.
    pub(super) fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        if self.ended {
            return Poll::Ready(Heard::End);
        }
        let heard = loop {
            match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    self.note_life();
                    match self.take(message, context) {
                        Some(heard) => break heard,
                        None => continue,
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    if matches!(error, tokio_websockets::Error::PayloadTooLong { .. }) {
                        // Of a message in fragments only this side knows that it is too large.
                        let _ = Pin::new(&mut self.socket).start_send(Message::close(Some(CloseCode::MESSAGE_TOO_BIG), ""));
                    }
                    // The gateway is told why, as far as it still listens.
                    let _ = Pin::new(&mut self.socket).poll_flush(context);
                    break self.failed(error);
                }
                Poll::Ready(None) => break self.hung_up(),
                Poll::Pending => {}
            }
            match ready!(self.poll_silence(context)) {
                Some(heard) => break heard,
                None => continue,
            }
        };
        self.ended = !matches!(heard, Heard::Message(_));
        Poll::Ready(heard)
    }

    fn note_life(&mut self) {
        if self.patience != Patience::HangUp {
            self.since = Instant::now();
            self.patience = if self.ping_every < self.idle { Patience::Ping } else { Patience::GiveUp };
        }
    }

    fn take(&mut self, message: Message, context: &mut Context<'_>) -> Option<Heard> {
        if message.is_text() || message.is_binary() {
            return Some(Heard::Message(message));
        }
        if message.is_ping() {
            self.unsent_pongs += 1;
            if Pin::new(&mut self.socket).poll_flush(context).is_ready() {
                self.unsent_pongs = 0;
            } else if self.unsent_pongs > MOST_UNSENT_PONGS {
                let message = "the gateway sends pings and takes no answers".to_owned();
                return Some(Heard::Broken(self.error(Kind::Protocol, message)));
            }
        }
        if let Some((code, reason)) = message.as_close() {
            self.farewell = Some((code.into(), reason.to_owned()));
            self.wait_for_end();
        }
        None
    }

    fn wait_for_end(&mut self) {
        self.patience = Patience::HangUp;
        self.since = Instant::now();
        let due = self.due();
        self.timer.as_mut().reset(due);
    }

    fn due(&self) -> Instant {
        self.since
            + match self.patience {
                Patience::Ping => self.ping_every,
                // A ping went before it, where there are pings.
                Patience::GiveUp if self.ping_every < self.idle => self.idle - self.ping_every,
                Patience::GiveUp => self.idle,
                Patience::HangUp => CLOSING,
            }
    }

    /// Ready when the silence has led to something; `None` when there may be more to hear.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let due = self.due();
            if due > Instant::now() {
                self.timer.as_mut().reset(due);
                continue;
            }
            match self.patience {
                Patience::Ping => {
                    self.patience = Patience::GiveUp;
                    self.since = Instant::now();
                    let due = self.due();
                    self.timer.as_mut().reset(due);
                    let _ = Pin::new(&mut self.socket).start_send(Message::ping(""));
                    // What is not flushed now goes with the next look at the socket.
                    let _ = Pin::new(&mut self.socket).poll_flush(context);
                    return Poll::Ready(None);
                }
                Patience::GiveUp => {
                    let message = format!("the session stopped: nothing came for {}", seconds(self.idle));
                    return Poll::Ready(Some(Heard::Broken(self.error(Kind::Timeout, message))));
                }
                Patience::HangUp => return Poll::Ready(Some(self.hung_up())),
            }
        }
    }

    /// The connection has ended.
    fn hung_up(&mut self) -> Heard {
        match self.farewell.take() {
            // Without a code nothing went wrong that anybody would name.
            Some((1000 | 1005, _)) => Heard::End,
            _ if self.closing => Heard::End,
            Some((code, reason)) => Heard::Broken(Error::closed(code, &reason, (*self.head).clone())),
            None => {
                let message = "the session broke off without a close".to_owned();
                let cause = self.socket.get_mut().get_mut().broken.take();
                let error = self.error(Kind::Truncated, message);
                Heard::Broken(match cause {
                    Some(cause) => error.caused_by(cause),
                    None => error,
                })
            }
        }
    }

    fn failed(&mut self, error: tokio_websockets::Error) -> Heard {
        use tokio_websockets::Error as Failure;
        if self.closing && matches!(error, Failure::Io(_) | Failure::AlreadyClosed) {
            return Heard::End;
        }
        let (kind, message) = match &error {
            Failure::PayloadTooLong { max_len, .. } => (Kind::TooLarge, format!("a message is larger than {max_len} bytes")),
            Failure::Io(_) | Failure::AlreadyClosed if self.farewell.is_some() => return self.hung_up(),
            Failure::Io(error) => (Kind::Truncated, format!("the session broke off: {error}")),
            other => (Kind::Protocol, format!("the gateway broke the rules of WebSocket: {other}")),
        };
        Heard::Broken(self.error(kind, message).caused_by(error))
    }

    pub(super) fn error(&self, kind: Kind, message: String) -> Error {
        Error::with_answer(kind, message, (*self.head).clone(), Bytes::new())
    }

    /// Takes a message that goes out with the next flush.
    pub(super) fn begin(&mut self, text: String) -> Result<(), Error> {
        let begun = Pin::new(&mut self.socket).start_send(Message::text(text));
        begun.map_err(|error| self.unsendable(error))
    }

    /// Gives what was taken to the system.
    pub(super) fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let flushed = ready!(Pin::new(&mut self.socket).poll_flush(context));
        if let Some(cause) = &self.socket.get_ref().get_ref().broken {
            let message = format!("the session broke off while sending: {cause}");
            return Poll::Ready(Err(self.error(Kind::Truncated, message)));
        }
        Poll::Ready(flushed.map_err(|error| self.unsendable(error)))
    }

    fn unsendable(&self, error: tokio_websockets::Error) -> Error {
        let message = match error {
            tokio_websockets::Error::AlreadyClosed => "the session is closed".to_owned(),
            other => format!("the session broke off while sending: {other}"),
        };
        self.error(Kind::Truncated, message)
    }

    /// Says that nothing more will be sent.
    pub(super) fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.closing && self.farewell.is_none() && !self.ended {
            let message = Message::close(Some(CloseCode::NORMAL_CLOSURE), "");
            let _ = Pin::new(&mut self.socket).start_send(message);
            self.wait_for_end();
        }
        self.closing = true;
        Pin::new(&mut self.socket).poll_flush(context).map(|_| ())
    }
}

/// A stream whose reading outlives its writing: what the gateway said before it went away, the reason among it, can still
/// be read when nothing can be sent any more.
struct Lasting {
    stream: reqwest::Upgraded,
    broken: Option<io::Error>,
}

impl Lasting {
    /// Notes a failure and goes on as if all had been written.
    fn swallow(&mut self, written: Poll<io::Result<usize>>, length: usize) -> Poll<io::Result<usize>> {
        match ready!(written) {
            Ok(written) if written > 0 || length == 0 => return Poll::Ready(Ok(written)),
            Ok(_) => self.broken = Some(io::ErrorKind::WriteZero.into()),
            Err(error) => self.broken = Some(error),
        }
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for Lasting {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lasting {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.broken.is_some() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.swallow(written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.broken.is_some() {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.swallow(written, length)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.is_none()
            && let Err(error) = ready!(Pin::new(&mut self.stream).poll_flush(context))
        {
            self.broken = Some(error);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
