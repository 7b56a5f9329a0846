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
use crate::error::{Error, Kind, words_of};
use crate::operation::Operation;
use crate::request::Unsent;
use crate::response::Response;
use crate::wire::{Read, Typed};

#[cfg(fuzzing)]
pub(crate) use decode::answer as decode_answer;
pub(crate) use decode::{Unreadable, decode_into, decode_text, is_empty, says_failure, undeclared_failure};
#[cfg(feature = "realtime")]
pub(crate) use flight::upgrade;
pub(crate) use flight::{head, ready, whole};
pub(crate) use incoming::{Broken, Incoming, LARGEST_ERROR, Pieces, begins_text, significant_at};
pub(crate) use spans::Watch;

/// A boxed future, as `IntoFuture` wants it.
pub type Receiving<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What a call can be awaited for. Sealed.
pub trait Answer: Sized + Send + 'static {
    /// Sends the request and reads the answer.
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self>;
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

    /// A compression of the body. None was asked for, so none is unpacked.
    pub(crate) fn compression(&self) -> Option<&str> {
        let coding = self.headers.get(http::header::CONTENT_ENCODING)?.to_str().ok()?.trim();
        Some(coding).filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
    }
}

/// A 2xx answer whose body is still on its way.
pub(crate) struct Arriving {
    pub(crate) head: Head,
    pub(crate) body: Incoming,
    pub(crate) watch: Watch,
}

impl<T: for<'de> Read<'de> + Typed + Send + 'static> Answer for Response<T> {
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body, watch) = whole(&core, unsent).await?;
            decode::answer(head, body).inspect_err(|error| watch.failed(error))
        })
    }
}

impl Answer for Response<()> {
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body, watch) = whole(&core, unsent).await?;
            decode::undescribed(head, body).inspect_err(|error| watch.failed(error))
        })
    }
}

/// Whether a 2xx answer is what an operation's type says, or which failure.
pub type Checked = fn(&Head, &Bytes) -> Result<(), Error>;

/// Reads an answer for its failure alone.
pub(crate) fn checked<T: for<'de> Read<'de> + Typed>(head: &Head, body: &Bytes) -> Result<(), Error> {
    decode::answer::<T>(head.clone(), body.clone()).map(drop)
}

/// Reads an answer that was kept.
pub(crate) fn read<T: for<'de> Read<'de> + Typed>(head: Head, body: Bytes) -> Result<Response<T>, Error> {
    decode::answer(head, body)
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

/// An answer that must not be text: a gateway that can't do what was asked says so in JSON or with a web page, also with
/// status 200. Its media type raises the suspicion, its first bytes decide.
///
/// # Errors
/// The gateway's own error, or that something else than `wanted` came; the body is kept.
pub(crate) async fn refuse_text(mut arriving: Arriving, wanted: &str) -> Result<Arriving, Error> {
    if !matches!(arriving.head.media_type().as_str(), "application/json" | "text/html") {
        return Ok(arriving);
    }
    // A list in place of events, where nothing else can come, is another form of them.
    let always = arriving.head.about.operation.stream.is_some_and(|stream| stream.switch.is_none());
    let error = match arriving.body.look().await {
        Ok(Some(byte)) if !begins_text(byte) || (always && byte == b'[') => return Ok(arriving),
        Ok(Some(b'{')) if always && !says_failure(&String::from_utf8_lossy(arriving.body.seen())) => return Ok(arriving),
        Ok(_) => {
            let words = arriving.body.words(None).await;
            unwanted(arriving.head, words, wanted)
        }
        Err(broken) => broken.into_error(wanted, Bytes::new(), arriving.head),
    };
    arriving.watch.failed(&error);
    Err(error)
}

/// A file that does not say what it is, and is the gateway's error in JSON.
///
/// # Errors
/// That error.
pub(crate) async fn refuse_failure(mut arriving: Arriving) -> Result<Arriving, Error> {
    let media = arriving.head.media_type();
    if !media.is_empty() && !media.starts_with("text/") && !media.ends_with("json") {
        return Ok(arriving);
    }
    let error = match arriving.body.look().await {
        Ok(Some(_)) if says_failure(&String::from_utf8_lossy(arriving.body.seen())) => {
            let words = arriving.body.words(None).await;
            Error::answer(arriving.head, words)
        }
        Ok(_) => return Ok(arriving),
        Err(broken) => broken.into_error("the download", Bytes::new(), arriving.head),
    };
    arriving.watch.failed(&error);
    Err(error)
}

/// The error of a body that is text where something else was wanted.
pub(crate) fn unwanted(head: Head, body: Bytes, wanted: &str) -> Error {
    let text = String::from_utf8_lossy(&body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if says_failure(text) {
        return Error::answer(head, body);
    }
    let came = match (text.starts_with('<'), head.media_type().as_str()) {
        (true, _) => words_of(text),
        (false, "text/event-stream" | "") => "one JSON value".to_owned(),
        (false, media) => media.to_owned(),
    };
    let message = format!("{wanted} was asked for, but {came} came");
    Error::with_answer(Kind::Decode, message, head, body)
}
