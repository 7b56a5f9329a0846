//! From the pieces of a body to the disk: gathered here, written there, one batch while the next one comes.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::disk::Disk;

/// Written at once: a system call and a change of threads for each piece would cost more than the writing.
const BATCH: usize = 512 * 1024;

/// Bytes of a slow line don't wait longer to be written: what is on the disk need not come again.
const HELD_FOR: Duration = Duration::from_secs(1);

type Done = (Disk, io::Result<()>);

pub(super) struct Writer {
    /// `None` while it is written to.
    disk: Option<Disk>,
    writing: Option<JoinHandle<Done>>,
    batch: Vec<Bytes>,
    held: usize,
    since: Instant,
}

impl Writer {
    pub(super) fn new(disk: Disk) -> Self {
        Self { disk: Some(disk), writing: None, batch: Vec::new(), held: 0, since: Instant::now() }
    }

    pub(super) async fn push(&mut self, piece: Bytes) -> io::Result<()> {
        if !piece.is_empty() {
            self.held += piece.len();
            self.batch.push(piece);
        }
        if self.held >= BATCH || self.since.elapsed() > HELD_FOR { self.send().await } else { Ok(()) }
    }

    /// Hands the batch over as soon as the one before it is written.
    async fn send(&mut self) -> io::Result<()> {
        let mut disk = self.idle().await?;
        let batch = std::mem::take(&mut self.batch);
        (self.held, self.since) = (0, Instant::now());
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let written = disk.write(&batch);
            (disk, written)
        }));
        Ok(())
    }

    /// The disk, once nothing is written to it.
    async fn idle(&mut self) -> io::Result<Disk> {
        if let Some(writing) = &mut self.writing {
            let done = writing.await;
            self.writing = None;
            let (disk, written) = done.map_err(io::Error::other)?;
            self.disk = Some(disk);
            written?;
        }
        self.disk.take().ok_or_else(|| io::Error::other("the file was lost with the thread that wrote it"))
    }

    /// Writes everything that came, and does more with the file on a thread where blocking is allowed.
    pub(super) async fn run<R: Send + 'static>(&mut self, work: impl FnOnce(&mut Disk) -> R + Send + 'static) -> io::Result<R> {
        if !self.batch.is_empty() {
            self.send().await?;
        }
        let mut disk = self.idle().await?;
        let running = tokio::task::spawn_blocking(move || {
            let result = work(&mut disk);
            (disk, result)
        });
        let (disk, result) = running.await.map_err(io::Error::other)?;
        self.disk = Some(disk);
        Ok(result)
    }

    /// Writes everything that came; how long the file is then.
    pub(super) async fn settle(&mut self) -> io::Result<u64> {
        if !self.batch.is_empty() {
            self.send().await?;
        }
        let disk = self.idle().await?;
        let length = disk.length();
        self.disk = Some(disk);
        Ok(length)
    }
}
