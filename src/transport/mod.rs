//! The only place that does I/O with the gateway: auth → send → redirect → classify → decode.

mod decode;
mod redirect;
mod send;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};

use crate::client::Core;
use crate::error::{Error, Kind};
use crate::operation::Operation;
use crate::request::Unsent;
use crate::response::Response;
use crate::wire::{Read, Typed};

pub(crate) use decode::{Unreadable, decode_text, undeclared_failure};
pub(crate) use send::{exchange, read_error};

/// A JSON answer larger than this is refused.
const LARGEST_JSON: usize = 64 * 1024 * 1024;

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
}

/// The head of a 2xx answer.
#[derive(Debug)]
pub struct Head {
    pub(crate) about: About,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// An answer whose body is still on its way.
pub(crate) struct Arriving {
    pub(crate) head: Head,
    pub(crate) body: reqwest::Response,
    pub(crate) deadline: Option<Instant>,
}

/// Adds the key: the request as it will be sent.
pub(crate) fn ready(core: &Core, mut unsent: Unsent) -> Result<Unsent, Error> {
    let operation = unsent.operation;
    if !unsent.headers.contains_key("accept") {
        unsent.headers.insert("accept", http::HeaderValue::from_static("application/json"));
    }
    core.key.apply(operation.auth, &mut unsent.headers).map_err(|error| Error::input(error, Some(operation)))?;
    Ok(unsent)
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for Response<T> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body) = json_body(&core, unsent).await?;
            decode::answer(head, body)
        })
    }
}

impl Answer for Response<()> {
    fn receive(core: Arc<Core>, unsent: Unsent) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body) = json_body(&core, unsent).await?;
            Ok(Self::new((), head, body))
        })
    }
}

/// Everything up to the last byte of a JSON answer; one copy for all types.
async fn json_body(core: &Core, unsent: Unsent) -> Result<(Head, Bytes), Error> {
    let arriving = exchange(core, unsent).await?;
    let deadline = arriving.deadline;
    let about = arriving.head.about.clone();
    within(deadline, &about, read_whole(arriving)).await
}

async fn read_whole(arriving: Arriving) -> Result<(Head, Bytes), Error> {
    let Arriving { head, mut body, .. } = arriving;
    let mut whole = BytesMut::new();
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) if whole.len() + chunk.len() > LARGEST_JSON => {
                let message = format!("the answer is larger than {LARGEST_JSON} bytes");
                return Err(Error::with_answer(Kind::TooLarge, message, head, whole.freeze()));
            }
            Ok(Some(chunk)) => whole.extend_from_slice(&chunk),
            Ok(None) => return Ok((head, whole.freeze())),
            Err(error) => {
                let error = error.without_url();
                let message = format!("the answer broke off after {} bytes: {error}", whole.len());
                return Err(Error::with_answer(Kind::Truncated, message, head, whole.freeze()).caused_by(error));
            }
        }
    }
}

/// Bounds a step of the call by the call's deadline.
pub(crate) async fn within<T>(
    deadline: Option<Instant>,
    about: &About,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match deadline {
        None => step.await,
        Some(at) => match tokio::time::timeout_at(at.into(), step).await {
            Ok(done) => done,
            Err(_) => {
                let message = format!("no whole answer within {}", seconds(at - about.started));
                Err(Error::of(Kind::Timeout, message, about))
            }
        },
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}
