//! A whole answer: the typed value, and everything that came with it.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::request_id;
use crate::redact::redact;
use crate::transport::Head;

/// An answer. Derefs to the value; what came with it has names that no field has.
///
/// ```no_run
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// let models = client.models().list().await?;
/// println!("{} models, request {:?}", models.data.len(), models.request_id());
/// let list = models.into_inner();
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    head: Head,
    raw: Bytes,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, head: Head, raw: Bytes) -> Self {
        Self { value, head, raw }
    }

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

    /// The body as it came.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    #[cfg(feature = "schemars")]
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// A text from the answer as it may be shown.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        redact(text, Some(&self.head.about.key))
    }

    /// The value alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Answers name results by signed addresses, and some repeat the key.
        let value = if f.alternate() { format!("{:#?}", self.value) } else { format!("{:?}", self.value) };
        let value = self.without_secrets(&value);
        f.debug_struct("Response")
            .field("status", &self.head.status.as_u16())
            .field("value", &format_args!("{value}"))
            .finish_non_exhaustive()
    }
}
