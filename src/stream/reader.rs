//! The body of a stream, read by a task of its own.
//!
//! The connection hands a body over in small pieces, and waking whoever reads the events for each of them costs several
//! times as much as reading it, above all in `main`, which is no worker of its runtime. The task gathers what has come, up
//! to a bound, and wakes the reader once for all of it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::task::AbortHandle;

use crate::transport::{Broken, Pieces};

/// As much is read ahead, and at most one piece more.
const ROOM: usize = 64 * 1024;

/// From here on the reader is woken at once, to work while more comes.
const ENOUGH: usize = 16 * 1024;

/// Smaller pieces are joined.
const SMALL: usize = 2 * 1024;

/// The reader's end. The task ends with it.
pub(super) struct Reader {
    mailbox: Arc<Mailbox>,
    task: AbortHandle,
}

impl Reader {
    /// Begins to read. A runtime is there: the request was sent in one.
    pub(super) fn new(body: Pieces) -> Self {
        let mailbox = Arc::<Mailbox>::default();
        let reading = Reading { body, mailbox: Arc::clone(&mailbox), unsaid: false };
        Self { mailbox, task: tokio::spawn(reading).abort_handle() }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, Broken>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut mail = self.mailbox.open();
        if let Some(arrived) = mail.take() {
            let writer = if mail.size < ROOM { mail.writer.take() } else { None };
            drop(mail);
            if let Some(writer) = writer {
                writer.wake();
            }
            return Poll::Ready(Some(Ok(arrived)));
        }
        match mail.end.take() {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(broken)) => Poll::Ready(Some(Err(broken))),
            None => {
                mail.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Between the task and the reader.
#[derive(Default)]
struct Mailbox(Mutex<Mail>);

impl Mailbox {
    fn open(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Mail {
    pieces: VecDeque<Bytes>,
    /// Small pieces, joined; they come after the others.
    joined: BytesMut,
    size: usize,
    end: Option<Result<(), Broken>>,
    /// Waits for something to read.
    reader: Option<Waker>,
    /// Waits for room.
    writer: Option<Waker>,
}

impl Mail {
    fn put(&mut self, piece: Bytes) {
        self.size += piece.len();
        if piece.len() < SMALL {
            return self.joined.extend_from_slice(&piece);
        }
        if !self.joined.is_empty() {
            self.pieces.push_back(self.joined.split().freeze());
        }
        self.pieces.push_back(piece);
    }

    fn take(&mut self) -> Option<Bytes> {
        let first = match self.pieces.pop_front() {
            Some(piece) => piece,
            None if self.joined.is_empty() => return None,
            None => std::mem::take(&mut self.joined).freeze(),
        };
        self.size -= first.len();
        Some(first)
    }
}

/// The task.
struct Reading {
    body: Pieces,
    mailbox: Arc<Mailbox>,
    /// Whether there is something that the reader was not woken for.
    unsaid: bool,
}

impl Reading {
    /// Puts a piece into the mailbox; false when there is no room for another.
    fn put(&mut self, piece: Bytes, context: &Context<'_>) -> bool {
        let mut mail = self.mailbox.open();
        mail.put(piece);
        self.unsaid = true;
        let (size, has_room) = (mail.size, mail.size < ROOM);
        if !has_room {
            mail.writer = Some(context.waker().clone());
        }
        drop(mail);
        if size >= ENOUGH {
            self.say();
        }
        has_room
    }

    fn say(&mut self) {
        self.unsaid = false;
        let reader = self.mailbox.open().reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn end(&mut self, end: Result<(), Broken>) {
        self.mailbox.open().end = Some(end);
        self.say();
    }
}

impl Future for Reading {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let mut mail = this.mailbox.open();
        if mail.size >= ROOM {
            mail.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        drop(mail);
        match Pin::new(&mut this.body).poll_next(context) {
            Poll::Ready(Some(Ok(piece))) => {
                if this.put(piece, context) {
                    // The connection may hold more already. It has its turn before this task is polled again.
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Poll::Ready(end) => {
                this.end(end.map_or(Ok(()), |broken| broken.map(drop)));
                Poll::Ready(())
            }
            Poll::Pending => {
                if this.unsaid {
                    this.say();
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Whoever still waits for events learns that none will come: the runtime was shut down.
        let mut mail = self.mailbox.open();
        if mail.end.is_none() {
            mail.end = Some(Err(Broken::Abandoned));
        }
        let reader = mail.reader.take();
        drop(mail);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn pieces_of_any_size_arrive_however_slowly_they_are_taken() {
        for sizes in [vec![ROOM - 1, 4 * ROOM, 3, 2 * ROOM, ROOM, 1], vec![1; 300], vec![SMALL; 100], vec![ROOM; 5]] {
            let mut reader = Reader::new(Pieces::of(sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect()));
            let mut arrived = 0;
            loop {
                // Whatever the task can do meanwhile, it does.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                let next = poll_fn(|context| Pin::new(&mut reader).poll_next(context));
                match tokio::time::timeout(Duration::from_secs(5), next).await.unwrap() {
                    Some(piece) => arrived += piece.ok().unwrap().len(),
                    None => break,
                }
            }
            assert_eq!(arrived, sizes.iter().sum::<usize>());
        }
    }
}
