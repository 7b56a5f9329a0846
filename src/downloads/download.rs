//! What users say of a download before it begins, and what they get.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::fetch::Fetch;
use super::part::Target;
use super::ways::{OfTask, Ways};
use crate::client::Core;
use crate::error::Error;
use crate::request::{Options, Unsent};
use crate::retry::RetryPolicy;
use crate::tasks;
use crate::transferred::{OnProgress, Transferred};
use crate::{ByteStream, Call};

/// A file that is downloaded when it is awaited.
///
/// - The bytes go to `NAME.part` beside the target. Only when all of them are there, are as many as announced, fit the
///   checksum that came with them (`Repr-Digest`, `Digest`, `Content-MD5`, the headers of object storages), and are
///   safely on the disk (`fsync`), the file gets its name. There is never half a file under that name.
/// - What broke off goes on where it was, if the server can do that (`Range`, and `If-Range` so that two versions are
///   never mixed); else it begins anew. `NAME.part.json` says what the part belongs to, so that this works after the
///   program was ended too: run the same download again. It holds no key and no signature.
/// - The key goes to the gateway's own host alone.
/// - A task's link that has ended is asked for once more; after that the gateway's own route for the result is tried,
///   where there is one.
/// - Attempts without a new byte count against the [`RetryPolicy`]. A file that is not what its checksum says counts as
///   broken off, see [`Error::is_truncated`].
///
/// ```no_run
/// # #[cfg(feature = "videos")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// let video = client.videos().get("video_abc123").await?;
/// let saved = client
///     .download(&video)
///     .to("cat.mp4")
///     .on_progress(|part| println!("{:?} %", part.percent()))
///     .await?;
/// println!("{} ({} bytes)", saved.path().display(), saved.size_bytes());
/// # Ok(()) }
/// ```
#[must_use = "nothing is downloaded until it is awaited"]
pub struct Download {
    core: Arc<Core>,
    ways: Result<Ways, Error>,
    target: PathBuf,
    options: Options,
    on_progress: Option<OnProgress>,
}

impl Download {
    fn new(core: &Arc<Core>, ways: Result<Ways, Error>) -> Self {
        Self { core: Arc::clone(core), ways, target: PathBuf::new(), options: Options::default(), on_progress: None }
    }

    pub(crate) fn of_address(core: &Arc<Core>, address: &str) -> Self {
        Self::new(core, Ok(Ways::Address(address.to_owned())))
    }

    pub(crate) fn of_task(core: &Arc<Core>, kind: &'static tasks::Kind, id: Option<String>, urls: Vec<String>) -> Self {
        Self::new(core, Ok(Ways::Task(OfTask { kind, id, urls, result: 0 })))
    }

    pub(crate) fn of_call(core: &Arc<Core>, unsent: Result<Box<Unsent>, Error>) -> Self {
        Self::new(core, unsent.map(Ways::Call))
    }

    /// Where the file is to come. A folder (one that is there, or a path that ends in a slash) takes it under the name
    /// that it comes with: the one in `Content-Disposition`, else the end of its address, else the task's id; made safe,
    /// and with a number where that name is taken. A file of exactly the name given here is replaced.
    ///
    /// Default: the working directory.
    pub fn to(mut self, path: impl AsRef<Path>) -> Self {
        path.as_ref().clone_into(&mut self.target);
        self
    }

    /// Which of a task's several results, from 0, in the order of `media_urls()`. Default: the first.
    pub fn result(mut self, number: usize) -> Self {
        if let Ok(Ways::Task(task)) = &mut self.ways {
            task.result = number;
        }
        self
    }

    /// Called with every piece that comes, and once before the first.
    pub fn on_progress(mut self, on_progress: impl FnMut(Transferred) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// When and how often it is tried again. Default: the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// How long nothing may come before the connection is taken for broken. Default: the client's.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = Some(timeout);
        self
    }
}

impl IntoFuture for Download {
    type Output = Result<Downloaded, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let ways = self.ways?;
            let again = match &ways {
                Ways::Call(unsent) => unsent.operation.is_idempotent() && unsent.body.is_replayable(),
                _ => true,
            };
            let fetch = Fetch {
                core: self.core,
                ways,
                target: Target::of(&self.target),
                options: self.options,
                on_progress: self.on_progress,
                first: None,
                rest: false,
                again,
            };
            fetch.save().await
        })
    }
}

impl<P> Call<ByteStream, P> {
    /// Saves the answer to a file, with everything that [`Download`] promises.
    ///
    /// ```no_run
    /// # #[cfg(feature = "videos")]
    /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
    /// let saved = client.videos().content("video_abc123").save_to("cat.mp4").await?;
    /// println!("{} bytes", saved.size_bytes());
    /// # Ok(()) }
    /// ```
    pub fn save_to(self, path: impl AsRef<Path>) -> Download {
        let core = Arc::clone(self.core());
        Download::of_call(&core, self.into_unsent()).to(path)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("to", &self.target).finish_non_exhaustive()
    }
}

/// A file that was downloaded.
#[derive(Clone, Debug)]
pub struct Downloaded {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) resumed: u64,
    pub(super) media: Option<String>,
    pub(super) checksum: Option<&'static str>,
}

impl Downloaded {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How large it is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    /// How much of it was there before the last attempt.
    #[must_use]
    pub fn resumed_bytes(&self) -> u64 {
        self.resumed
    }

    /// Its media type, where the server said it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.media.as_deref()
    }

    /// The kind of checksum that came with it and holds, `sha-256` or `md5`; `None` where none came.
    #[must_use]
    pub fn checksum(&self) -> Option<&'static str> {
        self.checksum
    }
}
