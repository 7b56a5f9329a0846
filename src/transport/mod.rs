//! The only place that does I/O with the gateway: auth → send → redirect → retry → classify → decode.

mod decode;
mod flight;
mod incoming;
mod redirect;
mod spans;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::auth::Key;
use crate::client::Core;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::Unsent;
use crate::response::Response;
use crate::wire::{Read, Typed};

pub(crate) use decode::{Unreadable, decode_text, undeclared_failure};
pub(crate) use flight::{head, ready, whole};
pub(crate) use incoming::{Broken, Incoming, Pieces};

/// A boxed future, as `IntoFuture` wants it.
pub type Receiving<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What a call can be awaited for. Sealed.
pub trait Answer: Sized + Send + 'static {
    /// Sends the request and reads the answer.
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self>;
}

/// What is known of a call while it is under way, for errors and answers.
#[derive(Clone, Debug)]
pub struct About {
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    /// Without the query: it may hold what should not be shown.
    pub(crate) path: String,
    pub(crate) started: Instant,
    pub(crate) attempts: u32,
    /// To keep it out of what is shown.
    pub(crate) key: Key,
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    pub(crate) about: About,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// The media type without its parameters, in lower case; empty when there is none.
    pub(crate) fn media_type(&self) -> String {
        let value = self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// A 2xx answer whose body is still on its way.
pub(crate) struct Arriving {
    pub(crate) head: Head,
    pub(crate) body: Incoming,
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for Response<T> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body) = whole(&core, unsent).await?;
            decode::answer(head, body)
        })
    }
}

impl Answer for Response<()> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body) = whole(&core, unsent).await?;
            Ok(Self::new((), head, body))
        })
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

/// The body of an answer that is no success, as far as it came.
pub(crate) async fn rest_of(mut body: Incoming) -> Bytes {
    body.read_up_to(incoming::LARGEST_ERROR).await
}
