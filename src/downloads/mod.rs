//! Answers that are bytes: read in pieces, or saved to a file.

mod checksum;
mod disk;
mod download;
mod fetch;
mod names;
mod part;
mod ways;
mod writer;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, StatusCode};

use crate::client::Core;
use crate::error::{Error, Kind, request_id};
use crate::request::Unsent;
use crate::transport::{self, Answer, Broken, Head, Pieces, Receiving};

pub use download::{Download, Downloaded};
use fetch::Fetch;
use part::Target;
use ways::Ways;

/// Bytes on their way, a video's content for example.
///
/// ```no_run
/// # #[cfg(feature = "videos")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// let size = client.videos().content("video_abc123").await?.save_to("video.mp4").await?;
/// println!("{size} bytes");
/// # Ok(()) }
/// ```
pub struct ByteStream {
    head: Head,
    body: Pieces,
    max_body: usize,
    core: Arc<Core>,
    /// The call that it answers.
    source: Box<Unsent>,
    /// Some of it was read.
    begun: bool,
}

impl ByteStream {
    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.head.status
    }

    /// The HTTP headers.
    #[must_use]
    pub fn http_headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The gateway's id of the request, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.head.headers)
    }

    /// The length in bytes, where the gateway says it.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The media type, where the gateway says it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// The connection broke before the end; see [`Error::is_truncated`].
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The most that [`bytes`](Self::bytes) takes. Default: the client's
    /// [`max_body_bytes`](crate::ClientBuilder::max_body_bytes).
    #[must_use]
    pub fn max_body_bytes(mut self, most: usize) -> Self {
        self.max_body = most;
        self
    }

    /// Everything at once, in memory, up to [`max_body_bytes`](Self::max_body_bytes).
    ///
    /// # Errors
    /// The connection broke before the end, or more came than may be held: save that to a file, or read it in pieces.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let announced = self.content_length().unwrap_or_default();
        if announced > self.max_body as u64 {
            return Err(self.too_large());
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default());
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > self.max_body {
                return Err(self.too_large());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn too_large(self) -> Error {
        let message = format!("the answer is larger than {} bytes, the most that is held in memory", self.max_body);
        Error::with_answer(Kind::TooLarge, message, self.head, Bytes::new())
    }

    /// Saves everything to a file and returns its size in bytes. Where the call can be made again, a download that broke
    /// off goes on where it was.
    ///
    /// [`Call::save_to`](crate::Call::save_to) does more: it goes on after the program was ended too, and tells how far
    /// it is. What both promise stands at [`Download`].
    ///
    /// # Errors
    /// The connection broke before the end (the part stays), or the file can't be written.
    pub async fn save_to(self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let again = self.source.operation.is_idempotent() && self.source.body.is_replayable() && !self.begun;
        let fetch = Fetch {
            core: self.core,
            target: Target::of(path.as_ref()),
            options: self.source.options.clone(),
            ways: Ways::Call(self.source),
            on_progress: None,
            first: Some((self.head, self.body)),
            rest: self.begun,
            again,
        };
        Ok(fetch.save().await?.size)
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = std::task::ready!(Pin::new(&mut self.body).poll_next(context));
        self.begun = true;
        let broken = |broken: Broken| broken.into_error("the download", Bytes::new(), self.head.clone());
        Poll::Ready(piece.map(|piece| piece.map_err(broken)))
    }
}

impl Answer for ByteStream {
    fn receive(core: Arc<Core>, mut unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move {
            if !unsent.headers.contains_key("accept") {
                unsent.headers.insert("accept", http::HeaderValue::from_static("*/*"));
            }
            let source = unsent.clone();
            let arriving = transport::head(&core, unsent).await?;
            let arriving = transport::refuse_text(arriving, "a file").await?;
            let arriving = transport::refuse_failure(arriving).await?;
            let (max_body, body) = (core.max_body, arriving.body.into_pieces());
            Ok(Self { head: arriving.head, body, max_body, core, source, begun: false })
        })
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("status", &self.head.status)
            .field("length", &self.content_length())
            .finish_non_exhaustive()
    }
}
