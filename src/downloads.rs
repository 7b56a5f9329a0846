//! Answers that are bytes: read in pieces, or saved to a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use tokio::io::AsyncWriteExt;

use crate::client::Core;
use crate::error::{Error, Kind, request_id};
use crate::request::Unsent;
use crate::transport::{self, Answer, Broken, Head, Pieces, Receiving};

/// Large writes cost far less than one for each network chunk.
const WRITE_BUFFER: usize = 256 * 1024;

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

    /// Saves everything to a file and returns its size in bytes.
    ///
    /// Writes to `<path>.part` beside it and renames at the end, so that `path` is never half a file.
    ///
    /// # Errors
    /// The connection broke before the end (the part stays), or the file can't be written.
    pub async fn save_to(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let part = part_of(path);
        let failed = |error| Error::file(format!("{} can't be written", part.display()), error);
        let file = tokio::fs::File::create(&part).await.map_err(failed)?;
        let mut file = tokio::io::BufWriter::with_capacity(WRITE_BUFFER, file);
        let mut size = 0;
        while let Some(piece) = self.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            file.write_all(&piece).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        drop(file);
        tokio::fs::rename(&part, path)
            .await
            .map_err(|error| Error::file(format!("{} can't be renamed", part.display()), error))?;
        Ok(size)
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = std::task::ready!(Pin::new(&mut self.body).poll_next(context));
        let broken = |broken: Broken| broken.into_error("the download", Bytes::new(), self.head.clone());
        Poll::Ready(piece.map(|piece| piece.map_err(broken)))
    }
}

impl Answer for ByteStream {
    fn receive(core: Arc<Core>, mut unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            if !unsent.headers.contains_key("accept") {
                unsent.headers.insert("accept", http::HeaderValue::from_static("*/*"));
            }
            let arriving = transport::head(&core, unsent).await?;
            let arriving = transport::refuse_text(arriving, "a file").await?;
            let arriving = transport::refuse_failure(arriving).await?;
            Ok(Self { head: arriving.head, body: arriving.body.into_pieces(), max_body: core.max_body })
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
