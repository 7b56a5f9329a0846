//! Files for the gateway's storage: an address is asked for, the file is put there, and its public address comes back. No
//! route is named here: the document says what the presign operation takes and where it answers what.

mod run;
mod target;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::client::Core;
use crate::error::Error;
use crate::multipart::FilePart;
use crate::operation::Operation;
use crate::request::Options;
use crate::retry::RetryPolicy;
use crate::transferred::{OnProgress, Transferred};

/// What the document says of an operation that presigns: members of its body, and pointers into its answer.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub file_name: &'static str,
    pub content_type: &'static str,
    pub url: &'static str,
    pub public_url: &'static str,
    pub method: Option<&'static str>,
    pub headers: Option<&'static str>,
    pub expires_in: Option<&'static str>,
    pub signed_type: Option<&'static str>,
}

/// An upload that begins when it is awaited: it asks for a signed address, puts the file there, and gives the address
/// under which other routes can fetch it.
///
/// The key goes to the gateway and not to the storage. A file is read in pieces while it is sent, so memory stays small
/// whatever its size. What fails in passing is sent again, with a new address where the old one has ended; a stream can be
/// read once, so it is sent once. An upload has no time limit as long as it moves: it is taken for broken when the storage
/// takes nothing for the client's [`idle_timeout`](crate::ClientBuilder::idle_timeout). It costs nothing and can be
/// repeated, so [`Error::may_have_been_processed`] is false whatever happens.
///
/// ```no_run
/// # #[cfg(feature = "uploads")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// let uploaded = client
///     .uploads()
///     .file("cat.png")
///     .on_progress(|sent| println!("{:?} %", sent.percent()))
///     .await?;
/// println!("{}", uploaded.public_url());
/// # Ok(()) }
/// ```
#[must_use = "nothing is uploaded until it is awaited"]
pub struct Upload {
    core: Arc<Core>,
    operation: &'static Operation,
    shape: Shape,
    file: FilePart,
    request: Map<String, Value>,
    options: Options,
    on_progress: Option<OnProgress>,
}

impl Upload {
    pub(crate) fn new(core: &Arc<Core>, operation: &'static Operation, shape: Shape, file: FilePart) -> Self {
        Self {
            core: Arc::clone(core),
            operation,
            shape,
            file,
            request: Map::new(),
            options: Options::default(),
            on_progress: None,
        }
    }

    /// A member of the body that asks for the address.
    pub(crate) fn member(mut self, name: &str, value: Value) -> Self {
        self.request.insert(name.to_owned(), value);
        self
    }

    /// The name under which the file is announced. Default: its own.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file = self.file.file_name(name);
        self
    }

    /// The media type. Default: guessed from the name's ending.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.file = self.file.content_type(content_type);
        self
    }

    /// Called with every piece that the connection takes. After a failure it begins at zero again.
    pub fn on_progress(mut self, on_progress: impl FnMut(Transferred) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// When and how often it is tried again. Default: the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// How long the storage may take nothing before the connection is taken for broken. Default: the client's.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = Some(timeout);
        self
    }
}

impl IntoFuture for Upload {
    type Output = Result<Uploaded, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run::run(self))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("file", &self.file).finish_non_exhaustive()
    }
}

/// A file that was uploaded.
#[derive(Clone)]
pub struct Uploaded {
    public_url: String,
    content_type: String,
    size: u64,
    presigned: Value,
}

impl Uploaded {
    /// Where the file can be fetched; pass this to other routes.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The media type that it was sent as.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// How large it is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    /// Everything that the gateway answered when it gave the address. The signed address in it is a secret until it ends.
    #[must_use]
    pub fn presigned(&self) -> &Value {
        &self.presigned
    }
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = crate::redact::redact(&self.public_url, None);
        f.debug_struct("Uploaded").field("public_url", &url).field("size", &self.size).finish_non_exhaustive()
    }
}
