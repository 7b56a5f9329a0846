//! A small hook into every request and answer: metrics, signing, logging.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{Body, Error, Operation};

/// What an attempt is, for those who watch it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The operation that is called.
    pub operation: &'static Operation,
    /// From 1; higher numbers are retries.
    pub number: u32,
    /// Since the call began.
    pub elapsed: Duration,
}

/// Watches and changes requests and answers. Add it with [`ClientBuilder::middleware`](crate::ClientBuilder::middleware);
/// several are called in the order in which they were added.
///
/// ```
/// use octopusx::middleware::{Attempt, Middleware};
/// use octopusx::{Body, Error};
///
/// struct Trace;
///
/// impl Middleware for Trace {
///     fn on_request(&self, attempt: &Attempt, request: &mut http::Request<Body>) -> Result<(), String> {
///         let id = format!("{}-{}", attempt.operation.id(), attempt.number);
///         request.headers_mut().insert("x-trace", id.parse().map_err(|_| "not a header's value")?);
///         Ok(())
///     }
///
///     fn on_error(&self, attempt: &Attempt, error: &Error) {
///         eprintln!("{} failed after {:?}: {error}", attempt.operation.id(), attempt.elapsed);
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let client = octopusx::Client::builder().key("sk-…").middleware(Trace);
/// # Ok(()) }
/// # use octopusx::http;
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Before a request leaves, for each attempt. The key is in its headers, marked as sensitive. Headers, body, path and
    /// query can be changed; the method and the host can't. Not called for files on other hosts: what it adds may be
    /// meant for the gateway alone.
    ///
    /// # Errors
    /// A reason not to send it; the call fails with it.
    fn on_request(&self, attempt: &Attempt, request: &mut http::Request<Body>) -> Result<(), String> {
        let _ = (attempt, request);
        Ok(())
    }

    /// After the head of an answer came, whatever its status. Redirects are not shown.
    fn on_head(&self, attempt: &Attempt, status: StatusCode, headers: &mut HeaderMap) {
        let _ = (attempt, status, headers);
    }

    /// After the whole body of a successful JSON answer came; what is returned is read in its place.
    fn on_body(&self, attempt: &Attempt, body: Bytes) -> Bytes {
        let _ = attempt;
        body
    }

    /// After an attempt failed, also when it will be retried; and once for an error after the head of an answer came: one
    /// that can't be read or is a failure, a stream that broke off or ended early.
    fn on_error(&self, attempt: &Attempt, error: &Error) {
        let _ = (attempt, error);
    }
}

impl fmt::Debug for dyn Middleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Middleware")
    }
}
