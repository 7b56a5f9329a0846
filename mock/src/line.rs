//! The connection below HTTP: what is written past it, and how it ends.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::outgoing::{Outgoing, Pieces};

/// Long enough for the bytes before a reset to be read as bytes: a reset may overtake them.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// Where and how a connection breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Break {
    pub(crate) at: At,
    pub(crate) how: How,
}

/// The place of a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    BeforeHead,
    /// After half of it.
    InHead,
    /// After so many bytes of the body.
    Body(usize),
    /// After an answer whose head claims so many bytes of body.
    Claimed(usize),
    /// After bytes that are no HTTP.
    Garbage(Bytes),
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Closed,
    Reset,
    /// It stays open, and nothing more comes.
    Stalled,
}

type Slot = Arc<Mutex<Option<OwnedWriteHalf>>>;

/// A connection as the HTTP server sees it.
pub(crate) struct Connection {
    read: OwnedReadHalf,
    write: Slot,
}

/// The writing side of a connection, for those who have to write past HTTP.
#[derive(Clone)]
pub(crate) struct Line(Slot);

/// The connection has been broken on purpose; there is nothing to answer.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was broken on purpose")
    }
}

impl std::error::Error for Broken {}

pub(crate) fn split(stream: TcpStream) -> (Connection, Line) {
    let (read, write) = stream.into_split();
    let write = Arc::new(Mutex::new(Some(write)));
    (Connection { read, write: Arc::clone(&write) }, Line(write))
}

impl Line {
    /// Writes an answer byte by byte and breaks the connection. HTTP must have nothing left to write.
    pub(crate) async fn send(&self, answer: Outgoing, broken: Break) -> Broken {
        let write = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut write) = write {
            // Who is not there any more needs no break.
            _ = send(&mut write, answer, &broken.at).await;
            match broken.how {
                How::Closed => drop(write),
                How::Stalled => {
                    let _write = write;
                    std::future::pending::<()>().await;
                }
                How::Reset => {
                    tokio::time::sleep(BEFORE_RESET).await;
                    _ = write.as_ref().set_zero_linger();
                    // Without this its end would be announced first.
                    write.forget();
                }
            }
        }
        Broken
    }
}

async fn send(write: &mut OwnedWriteHalf, answer: Outgoing, at: &At) -> io::Result<()> {
    let (status, mut headers, content, pause) = answer.into_bytes();
    match at {
        At::BeforeHead => return Ok(()),
        At::Garbage(bytes) => return write.write_all(bytes).await,
        At::InHead | At::Body(_) | At::Claimed(_) => {}
    }
    let claimed = match (at, &content) {
        (At::Claimed(length), _) => Some(*length),
        (_, Ok(whole)) => Some(whole.len()),
        (_, Err(_)) => None,
    };
    headers.remove(header::CONTENT_LENGTH);
    match claimed {
        Some(length) => headers.insert(header::CONTENT_LENGTH, length.into()),
        None => headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
    };
    let head = head(status, &headers);
    if *at == At::InHead {
        return write.write_all(&head[..head.len() / 2]).await;
    }
    write.write_all(&head).await?;
    let mut pieces = content.map_or_else(|pieces| pieces, Pieces::one);
    let mut left = if let At::Body(length) = at { *length } else { usize::MAX };
    while left > 0
        && let Some(piece) = pieces.next(pause).await
    {
        let sent = &piece[..left.min(piece.len())];
        left -= sent.len();
        if claimed.is_none() {
            write.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        write.write_all(sent).await?;
        if claimed.is_none() && sent.len() == piece.len() {
            write.write_all(b"\r\n").await?;
        }
    }
    Ok(())
}

fn head(status: StatusCode, headers: &HeaderMap) -> BytesMut {
    let mut head =
        BytesMut::from(format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("")).as_str());
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl Connection {
    /// Where the writing side was taken, HTTP has nothing to write to.
    fn with<T>(&self, act: impl FnOnce(Pin<&mut OwnedWriteHalf>) -> T) -> Result<T, io::Error> {
        let mut write = self.write.lock().unwrap_or_else(PoisonError::into_inner);
        write.as_mut().map(|write| act(Pin::new(write))).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|write| write.poll_write(cx, bytes)).unwrap_or_else(|error| Poll::Ready(Err(error)))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|write| write.poll_flush(cx)).unwrap_or(Poll::Ready(Ok(())))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|write| write.poll_shutdown(cx)).unwrap_or(Poll::Ready(Ok(())))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.with(|write| write.poll_write_vectored(cx, parts)).unwrap_or_else(|error| Poll::Ready(Err(error)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
