//! The bytes of a file on their way out: in large pieces, exactly as many as announced, each told to who wants to know.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::task::JoinHandle;

use crate::request::BuildError;
use crate::transferred::{OnProgress, Transferred};

/// Read from a file at once: small pieces cost far more CPU.
const BLOCK: usize = 256 * 1024;

/// Where a streamed file's bytes come from.
pub(crate) type ByteSource = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Why a file can't be sent to its end, as the HTTP stack carries it.
#[derive(Debug)]
pub(crate) struct Unsendable(pub(crate) String);

impl std::fmt::Display for Unsendable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsendable {}

/// How far a body has gone, for who waits for its answer and for who is told.
#[derive(Default)]
pub struct Watch {
    handed: AtomicU64,
    ended: AtomicBool,
    on_progress: Mutex<Option<OnProgress>>,
}

impl Watch {
    pub(crate) fn telling(on_progress: Option<OnProgress>) -> Self {
        Self { on_progress: Mutex::new(on_progress), ..Self::default() }
    }

    /// How many bytes the connection took, and whether they were all.
    pub(crate) fn state(&self) -> (u64, bool) {
        (self.handed.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed))
    }

    fn tell(&self, bytes: u64, total: Option<u64>) {
        self.handed.store(bytes, Ordering::Relaxed);
        if let Some(on_progress) = &mut *self.on_progress.lock().unwrap_or_else(PoisonError::into_inner) {
            on_progress(Transferred::new(bytes, total));
        }
    }
}

enum Source {
    Bytes(Bytes),
    File(Blocks),
    Stream(ByteSource),
}

/// A body of known or unknown length.
pub(crate) struct Outgoing {
    source: Source,
    name: String,
    length: Option<u64>,
    read: u64,
    /// The piece that reaches the announced length waits until it is sure that no other follows.
    last: Option<Bytes>,
    watch: Option<Arc<Watch>>,
}

impl Outgoing {
    pub(crate) fn bytes(name: &str, bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::of(Source::Bytes(bytes), name, Some(length))
    }

    pub(crate) fn stream(name: &str, stream: ByteSource, length: Option<u64>) -> Self {
        Self::of(Source::Stream(stream), name, length)
    }

    /// Opens a file.
    pub(crate) async fn file(path: &Path) -> Result<Self, BuildError> {
        let failed = |error: io::Error| BuildError {
            message: format!("{} can't be read: {error}", path.display()),
            source: Some(error.into()),
        };
        let opened = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            let file = File::open(opened)?;
            let facts = file.metadata()?;
            Ok((file, facts))
        });
        let (file, facts) = opening.await.map_err(io::Error::other).and_then(|opened| opened).map_err(failed)?;
        if !facts.is_file() {
            return Err(BuildError::message(format!("{} is no file", path.display())));
        }
        Ok(Self::of(Source::File(Blocks::new(file)), &path.display().to_string(), Some(facts.len())))
    }

    fn of(source: Source, name: &str, length: Option<u64>) -> Self {
        Self { source, name: name.to_owned(), length, read: 0, last: None, watch: None }
    }

    /// Tells how far it is.
    pub(crate) fn watched(mut self, watch: &Arc<Watch>) -> Self {
        watch.ended.store(false, Ordering::Relaxed);
        watch.tell(0, self.length);
        self.watch = Some(Arc::clone(watch));
        self
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.source {
            Source::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Bytes(bytes) => Poll::Ready(Some(Ok(bytes.split_to(bytes.len().min(BLOCK))))),
            Source::File(blocks) => Pin::new(blocks).poll_next(context),
            Source::Stream(stream) => stream.as_mut().poll_next(context),
        }
    }

    fn give(&mut self, piece: Bytes, sent: u64) -> Option<Result<Bytes, Unsendable>> {
        if let Some(watch) = &self.watch {
            watch.tell(sent, self.length);
            watch.ended.store(self.length == Some(sent), Ordering::Relaxed);
        }
        Some(Ok(piece))
    }
}

impl Stream for Outgoing {
    type Item = Result<Bytes, Unsendable>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let piece = match ready!(this.poll_piece(context)) {
                Some(Ok(piece)) if piece.is_empty() => continue,
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(Unsendable(format!("{} can't be read: {error}", this.name))))),
                None => {
                    let (last, read) = (this.last.take(), this.read);
                    return Poll::Ready(match (last, this.length) {
                        (Some(last), _) => this.give(last, read),
                        (None, Some(length)) if read < length => {
                            Some(Err(Unsendable(format!("{} ended after {read} of {length} bytes", this.name))))
                        }
                        (None, _) => None,
                    });
                }
            };
            this.read += piece.len() as u64;
            match this.length {
                Some(length) if this.read > length => {
                    let message = format!("{} holds more than the {length} bytes that were announced", this.name);
                    return Poll::Ready(Some(Err(Unsendable(message))));
                }
                Some(length) if this.read == length => this.last = Some(piece),
                _ => {
                    let read = this.read;
                    return Poll::Ready(this.give(piece, read));
                }
            }
        }
    }
}

type Reading = JoinHandle<io::Result<(File, Bytes)>>;

/// A file as large pieces, the next one read while the last one is sent.
struct Blocks {
    reading: Option<Reading>,
    /// Pieces that were given out: their memory is used again once nobody else has it.
    given: Vec<Bytes>,
}

impl Blocks {
    fn new(file: File) -> Self {
        Self { reading: Some(read(file, BytesMut::new())), given: Vec::new() }
    }

    fn memory(&mut self) -> BytesMut {
        for at in 0..self.given.len() {
            if self.given[at].is_unique() {
                return self.given.swap_remove(at).try_into_mut().unwrap_or_default();
            }
        }
        BytesMut::new()
    }
}

fn read(mut file: File, mut memory: BytesMut) -> Reading {
    tokio::task::spawn_blocking(move || {
        memory.resize(BLOCK, 0);
        let read = loop {
            match file.read(&mut memory) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        memory.truncate(read);
        Ok((file, memory.freeze()))
    })
}

impl Stream for Blocks {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let done = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        Poll::Ready(match done.map_err(io::Error::other).and_then(|done| done) {
            Ok((_, block)) if block.is_empty() => None,
            Ok((file, block)) => {
                let memory = self.memory();
                self.reading = Some(read(file, memory));
                self.given.push(block.clone());
                Some(Ok(block))
            }
            Err(error) => Some(Err(error)),
        })
    }
}
