//! One download under way: its attempts, until the file is whole or an error is to be returned.

use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_RANGE, HeaderMap, HeaderValue, IF_RANGE, RANGE};

use super::Downloaded;
use super::part::{Facts, Failed, Part, Target};
use super::ways::{Way, Ways};
use super::writer::Writer;
use crate::client::Core;
use crate::error::{Error, Kind};
use crate::request::Options;
use crate::retry::{Retries, RetryPolicy};
use crate::transferred::{OnProgress, Transferred};
use crate::transport::{self, Head, Pieces};

/// Everything that a download needs.
pub(super) struct Fetch {
    pub(super) core: Arc<Core>,
    pub(super) ways: Ways,
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) on_progress: Option<OnProgress>,
    /// An answer that is there already.
    pub(super) first: Option<(Head, Pieces)>,
    /// Some of that answer was read before and is not to be saved.
    pub(super) rest: bool,
    /// Whether it may be asked for again.
    pub(super) again: bool,
}

/// What an attempt asks for.
#[derive(Clone, Copy)]
struct From {
    /// The first byte that is asked for.
    at: u64,
    /// How many bytes from there are on the disk already.
    skip: u64,
}

impl Fetch {
    pub(super) async fn save(mut self) -> Result<Downloaded, Error> {
        let way = self.ways.first(&self.core).await.map_err(|error| self.ways.named(error))?;
        let mut hasher = DefaultHasher::new();
        self.ways.identity().unwrap_or_else(|| place(&way)).hash(&mut hasher);
        let (key, target) = (hasher.finish(), self.target.clone());
        let opened = tokio::task::spawn_blocking(move || Part::open(target, key)).await;
        let (mut part, disk) = opened.map_err(|error| file(lost(error)))?.map_err(file)?;
        let mut writer = Writer::new(disk);
        let saved = self.attempts(way, &mut part, &mut writer).await;
        if saved.is_err() {
            let _ = writer.run(move |disk| part.discard_if_empty(disk)).await;
        }
        saved.map_err(|error| self.ways.named(error))
    }

    async fn attempts(&mut self, mut way: Way, part: &mut Part, writer: &mut Writer) -> Result<Downloaded, Error> {
        let core = Arc::clone(&self.core);
        let policy = self.options.retry.clone().or_else(|| way.unsent.options.retry.clone());
        let policy = policy.unwrap_or_else(|| core.retry.clone());
        let mut retries = Retries::new(policy, &core.budget, way.unsent.operation, self.again, None);
        let mut furthest = writer.settle().await.map_err(|error| file(part.failed(error)))?;
        let mut sent = 0;
        loop {
            retries.attempt();
            sent += 1;
            let error = match self.attempt(&way, part, writer).await {
                Ok(whole) => {
                    retries.succeeded();
                    return Ok(whole);
                }
                Err(error) => error,
            };
            let length = writer.settle().await.map_err(|error| file(part.failed(error)))?;
            if length > furthest {
                furthest = length;
                retries.progressed();
                way.served();
            }
            match self.ways.after(&self.core, &way, &error).await {
                Some(other) => way = other,
                None => retries.pause_after(error.after_attempts(sent)).await?,
            }
        }
    }

    async fn attempt(&mut self, way: &Way, part: &mut Part, writer: &mut Writer) -> Result<Downloaded, Error> {
        let length = writer.settle().await.map_err(|error| file(part.failed(error)))?;
        let mut asked = if self.first.is_some() { None } else { self.resumable(way, part, length) };
        loop {
            let (head, pieces) = match self.first.take() {
                Some(first) => first,
                None => match self.ask(way, part, asked).await {
                    Err(error) if asked.is_some() && error.http_status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => {
                        if error.http_headers().and_then(whole_length) == Some(length) && part.facts.length.is_none() {
                            return self.finish(way, part, writer, Some(length), length, None).await;
                        }
                        asked = None;
                        continue;
                    }
                    answered => answered?,
                },
            };
            let Some(total) = self.begins(asked, &head, part)? else {
                asked = None;
                continue;
            };
            let from = asked.filter(|_| head.status == StatusCode::PARTIAL_CONTENT);
            if from.is_none() {
                self.begin(way, part, writer, &head).await?;
            }
            let total = total.or(part.facts.length);
            let before = from.map_or(0, |_| length);
            let skip = from.map_or(0, |from| from.skip);
            self.pour(&head, pieces, writer, part, (before, skip, total)).await?;
            return self.finish(way, part, writer, total, before, Some(head)).await;
        }
    }

    /// Where to go on, if what is on the disk belongs to what this way leads to, and that can be asked.
    fn resumable(&self, way: &Way, part: &Part, length: u64) -> Option<From> {
        let facts = &part.facts;
        let same = self.again && facts.from == place(way) && facts.of == self.ways.identity();
        if !same || facts.validator.is_none() || length == 0 {
            return None;
        }
        match facts.length {
            Some(total) if length > total => None,
            // One byte more than is needed: asking for nothing would be refused.
            Some(total) if length == total => Some(From { at: length - 1, skip: 1 }),
            _ => Some(From { at: length, skip: 0 }),
        }
    }

    async fn ask(&mut self, way: &Way, part: &Part, from: Option<From>) -> Result<(Head, Pieces), Error> {
        let mut unsent = way.unsent.clone();
        unsent.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // The attempts are counted here.
        unsent.options.retry = Some(RetryPolicy::none());
        unsent.options.idle_timeout = self.options.idle_timeout.or(unsent.options.idle_timeout);
        if let (Some(from), Some(validator)) = (from, &part.facts.validator)
            && let (Ok(range), Ok(validator)) = (format!("bytes={}-", from.at).parse(), validator.parse())
        {
            unsent.headers.insert(RANGE, range);
            unsent.headers.insert(IF_RANGE, validator);
        }
        let mut arriving = transport::head(&self.core, Box::new(unsent)).await?;
        // The middle of a file may begin with anything.
        if arriving.head.status == StatusCode::OK {
            arriving = transport::refuse_text(arriving, "a file").await?;
            arriving = transport::refuse_failure(arriving).await?;
        }
        Ok((arriving.head, arriving.body.into_pieces()))
    }

    /// The whole length, as far as it is known, when the answer is what was asked for; `None` when the part on the disk
    /// is of no use to it.
    fn begins(&self, asked: Option<From>, head: &Head, part: &Part) -> Result<Option<Option<u64>>, Error> {
        match (head.status, asked) {
            (StatusCode::OK, _) => Ok(Some(None)),
            (StatusCode::PARTIAL_CONTENT, Some(from)) => {
                let range = content_range(&head.headers);
                let fits = range.is_some_and(|(first, total)| first == from.at && part.facts.agree_with(&head.headers, total));
                Ok(range.filter(|_| fits).map(|(_, total)| total))
            }
            _ => {
                let message = format!("a file was asked for, but none came (status {})", head.status.as_u16());
                Err(Error::with_answer(Kind::Decode, message, head.clone(), Bytes::new()))
            }
        }
    }

    /// Begins anew with this answer.
    async fn begin(&mut self, way: &Way, part: &mut Part, writer: &mut Writer, head: &Head) -> Result<(), Error> {
        let mut facts = Facts::of(&head.headers, place(way), self.ways.identity());
        if self.rest {
            facts = Facts { validator: None, length: None, checksum: None, ..facts };
        }
        let mut moved = part.clone();
        let begun = writer.run(move |disk| {
            let begun = moved.begin(disk, facts).and_then(|()| match &moved.facts.checksum {
                Some(checksum) => disk.sum_up(checksum).map_err(|error| moved.failed(error)),
                None => Ok(()),
            });
            (moved, begun)
        });
        let (moved, begun) = begun.await.map_err(|error| file(part.failed(error)))?;
        *part = moved;
        begun.map_err(file)
    }

    /// Writes the body as it comes.
    async fn pour(
        &mut self,
        head: &Head,
        mut pieces: Pieces,
        writer: &mut Writer,
        part: &Part,
        (mut bytes, mut skip, total): (u64, u64, Option<u64>),
    ) -> Result<(), Error> {
        if let Some(checksum) = part.facts.checksum.clone() {
            let summed = writer.run(move |disk| disk.sum_up(&checksum)).await.and_then(|summed| summed);
            summed.map_err(|error| file(part.failed(error)))?;
        }
        self.tell(bytes, total);
        while let Some(piece) = poll_fn(|context| Pin::new(&mut pieces).poll_next(context)).await {
            let mut piece = piece.map_err(|broken| broken.into_error("the download", Bytes::new(), head.clone()))?;
            let skipped = skip.min(piece.len() as u64);
            piece.advance(usize::try_from(skipped).unwrap_or_default());
            skip -= skipped;
            bytes += piece.len() as u64;
            writer.push(piece).await.map_err(|error| file(part.failed(error)))?;
            self.tell(bytes, total);
        }
        Ok(())
    }

    fn tell(&mut self, bytes: u64, total: Option<u64>) {
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(Transferred::new(bytes, total));
        }
    }

    /// Holds the file to what is known of it, and gives it its name.
    async fn finish(
        &mut self,
        way: &Way,
        part: &mut Part,
        writer: &mut Writer,
        total: Option<u64>,
        resumed: u64,
        head: Option<Head>,
    ) -> Result<Downloaded, Error> {
        let (moved, otherwise) = (part.clone(), self.ways.name(way));
        let finished = writer.run(move |disk| -> Result<_, Unfinished> {
            let length = disk.length();
            if let Some(total) = total.filter(|total| *total != length) {
                if length > total {
                    disk.clear().map_err(|error| Unfinished::File(moved.failed(error)))?;
                }
                return Err(Unfinished::Wrong(format!("the download broke off: {length} of {total} bytes came")));
            }
            match disk.verify() {
                Ok(checksum) => Ok((moved.finish(disk, &otherwise).map_err(Unfinished::File)?, length, checksum)),
                Err(name) => {
                    disk.clear().map_err(|error| Unfinished::File(moved.failed(error)))?;
                    Err(Unfinished::Wrong(format!("the file that came is not what its {name} says")))
                }
            }
        });
        match finished.await.map_err(|error| file(part.failed(error)))? {
            Ok((path, size, checksum)) => {
                Ok(Downloaded { path, size, resumed: resumed.min(size), media: part.facts.media.clone(), checksum })
            }
            Err(Unfinished::File(failed)) => Err(file(failed)),
            Err(Unfinished::Wrong(message)) => Err(match head {
                Some(head) => Error::with_answer(Kind::Truncated, message, head, Bytes::new()),
                None => Error::task(Kind::Truncated, message),
            }),
        }
    }
}

enum Unfinished {
    File(Failed),
    Wrong(String),
}

/// An address without its query, which holds signatures.
fn place(way: &Way) -> String {
    let url = &way.unsent.url;
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The first byte and the whole length of `bytes 5-9/10`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let (range, total) = text.strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (first, _) = range.split_once('-')?;
    let total = match total.trim() {
        "*" => None,
        number => Some(number.parse().ok()?),
    };
    Some((first.trim().parse().ok()?, total))
}

/// The whole length in `bytes */10`.
fn whole_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes")?.trim_start().strip_prefix("*/")?.parse().ok()
}

fn file((message, error): Failed) -> Error {
    Error::file(message, error)
}

fn lost(error: tokio::task::JoinError) -> Failed {
    ("the file can't be opened".to_owned(), io::Error::other(error))
}
