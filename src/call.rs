//! One call: a built request and what kind of answer to read, waiting to be awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::Error;
use crate::body::{Body, Payload};
use crate::client::Core;
use crate::operation::{Auth, Operation};
use crate::request::{BuildError, Options, Unsent, encode_path};
use crate::retry::RetryPolicy;
use crate::transport::{self, Answer};
use crate::wire::{self, Switch};
use crate::{ByteStream, EventStream, Response};

/// A call that is sent when it is awaited.
///
/// `T` says what comes back: [`Response`](crate::Response), [`EventStream`](crate::EventStream) or
/// [`ByteStream`](crate::ByteStream). `P` marks calls that have optional parameters as setters. What was wrong with the
/// arguments waits inside and comes out of `await` or [`request`](Self::request).
///
/// ```no_run
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// use std::time::Duration;
///
/// let models = client.models().list().timeout(Duration::from_secs(5)).await?;
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T, P = ()> {
    core: Arc<Core>,
    unsent: Result<Box<Unsent>, BuildError>,
    operation: &'static Operation,
    answer: PhantomData<fn() -> (T, P)>,
}

impl<T, P> Call<T, P> {
    pub(crate) fn new(core: &Arc<Core>, operation: &'static Operation, request: Result<reqwest::Request, BuildError>) -> Self {
        Self {
            core: Arc::clone(core),
            unsent: request.map(|request| Box::new(Unsent::new(operation, request))),
            operation,
            answer: PhantomData,
        }
        .with_constants()
    }

    fn with_constants(self) -> Self {
        let Operation { headers, queries, .. } = self.operation;
        let call = headers.iter().fold(self, |call, (name, value)| call.header(name, value));
        queries.iter().fold(call, |call, (name, value)| call.query(name, value))
    }

    /// Adds a header, replacing one of the same name.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.change(|unsent| unsent.header(name, value))
    }

    /// Adds a parameter to the query string.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.change(|unsent| {
            unsent.url.query_pairs_mut().append_pair(name, value);
            Ok(())
        })
    }

    /// How long the whole call may take, from sending to the last byte of a JSON answer, retries included. For streams
    /// and downloads: to the answer's head. Default: the client's; none for streams and downloads.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.option(|options| options.timeout = Some(timeout))
    }

    /// How long an attempt may wait for the answer's head. Default: the client's.
    pub fn first_byte_timeout(self, timeout: Duration) -> Self {
        self.option(|options| options.first_byte_timeout = Some(timeout))
    }

    /// How long the answer's body may be silent between two pieces. Comments in a stream of events count as life.
    /// Default: the client's.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.option(|options| options.idle_timeout = Some(timeout))
    }

    /// When and how often this call is sent again. Default: the client's policy.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.option(|options| options.retry = Some(policy))
    }

    pub(crate) fn option(self, set: impl FnOnce(&mut Options)) -> Self {
        self.change(|unsent| {
            set(&mut unsent.options);
            Ok(())
        })
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn into_unsent(self) -> Result<Box<Unsent>, Error> {
        self.unsent.map_err(|error| Error::input(error, Some(self.operation)))
    }

    /// The operation that this call is for.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Takes the request out instead of sending it, with the key in its headers (marked as sensitive).
    ///
    /// # Errors
    /// What was wrong with the arguments; a key that comes from a provider, which only sending can ask.
    pub fn request(self) -> Result<http::Request<crate::Body>, Error> {
        let unsent = self.unsent.map_err(|error| Error::input(error, Some(self.operation)))?;
        let key = self.core.key.known().ok_or_else(|| {
            Error::input(
                BuildError::message("the key comes from a provider, so the request can't be taken out"),
                Some(self.operation),
            )
        })?;
        transport::ready(key, unsent)?.into_http()
    }

    pub(crate) fn with_body(self, body: &impl wire::Body, streams: bool) -> Self {
        let switch = Switch::of(self.operation.stream.as_ref(), streams);
        let payload = body.payload(switch);
        self.with_payload(payload)
    }

    /// Asks for a stream of events.
    pub(crate) fn streaming(self) -> Self {
        self.header("accept", "text/event-stream")
    }

    /// Asks for a WebSocket.
    #[cfg(feature = "realtime")]
    pub(crate) fn connecting(self) -> Self {
        self.option(|options| options.websocket = Some(Box::default()))
    }

    /// The same call, whose answer is read in another way.
    pub(crate) fn read_as<U>(self) -> Call<U, P> {
        Call { core: self.core, unsent: self.unsent, operation: self.operation, answer: PhantomData }
    }

    fn with_payload(self, payload: Result<Payload, BuildError>) -> Self {
        self.change(|unsent| {
            let payload = payload?;
            if matches!(payload, Payload::Bytes(_)) {
                unsent.header("content-type", "application/json")?;
            }
            unsent.body = Body(payload);
            Ok(())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Unsent) -> Result<(), BuildError>) -> Self {
        if let Ok(unsent) = &mut self.unsent
            && let Err(error) = change(unsent)
        {
            self.unsent = Err(error);
        }
        self
    }
}

impl<T> Call<T> {
    /// A call of a route that the document does not know.
    pub(crate) fn unlisted(core: &Arc<Core>, method: Method, path: &str) -> Self {
        const UNLISTED: &[Operation] = &[
            unlisted(Method::GET),
            unlisted(Method::HEAD),
            unlisted(Method::POST),
            unlisted(Method::PUT),
            unlisted(Method::PATCH),
            unlisted(Method::DELETE),
        ];
        let known = UNLISTED.iter().find(|operation| operation.method == method);
        let request = match known {
            None => {
                Err(BuildError::message(format!("method {method} can't be called; use GET, HEAD, POST, PUT, PATCH or DELETE")))
            }
            Some(_) if !path.starts_with('/') => Err(BuildError::message(format!("the path must begin with `/`: {path:?}"))),
            Some(_) => core.builder().request(method, format!("{}{path}", core.base_url())).build().map_err(Into::into),
        };
        Self::new(core, known.unwrap_or(&UNLISTED[0]), request)
    }

    /// A call of a documented operation, without its types.
    pub(crate) fn of_operation(core: &Arc<Core>, operation: &'static Operation, path_arguments: &[&str]) -> Self {
        let request = fill(operation.path, path_arguments).and_then(|path| {
            let address = format!("{}{path}", core.base_url());
            core.builder().request(operation.method.clone(), address).build().map_err(Into::into)
        });
        Self::new(core, operation, request)
    }

    /// Sets a JSON body.
    pub fn json(self, body: &serde_json::Value) -> Self {
        let bytes = serde_json::to_vec(body).map_err(BuildError::body);
        self.with_payload(bytes.map(|bytes| Payload::Bytes(bytes.into())))
    }
}

impl Call<Response<serde_json::Value>> {
    /// Reads the answer as a stream of events, each as JSON. Most routes stream only when the body asks for it.
    pub fn into_events(self) -> Call<EventStream<serde_json::Value>> {
        self.read_as().streaming()
    }

    /// Reads the answer as bytes: a file, a video, an audio track.
    pub fn into_bytes(self) -> Call<ByteStream> {
        self.read_as()
    }
}

/// Puts arguments into the places of a path, `/v1/videos/{task_id}`, in their order.
fn fill(template: &str, arguments: &[&str]) -> Result<String, BuildError> {
    let mut places = template.split('{');
    let mut path = places.next().unwrap_or_default().to_owned();
    let mut arguments = arguments.iter();
    for place in places {
        let (name, rest) = place.split_once('}').unwrap_or((place, ""));
        let argument = arguments.next().ok_or_else(|| BuildError::message(format!("path parameter `{name}` is missing")))?;
        path.push_str(&encode_path(name, argument)?);
        path.push_str(rest);
    }
    match arguments.next() {
        None => Ok(path),
        Some(_) => Err(BuildError::message(format!("more path arguments than `{template}` has places"))),
    }
}

const fn unlisted(method: Method) -> Operation {
    let reads = matches!(method, Method::GET | Method::HEAD);
    Operation::undocumented("unlisted", method, Auth::Bearer, reads)
}

impl<T: Answer, P: 'static> IntoFuture for Call<T, P> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        match self.unsent {
            Ok(unsent) => T::receive(self.core, unsent),
            Err(error) => Box::pin(std::future::ready(Err(Error::input(error, Some(self.operation))))),
        }
    }
}

impl<T, P> fmt::Debug for Call<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation.id).field("built", &self.unsent.is_ok()).finish_non_exhaustive()
    }
}
