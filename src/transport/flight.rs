//! One call under way: its attempts, until an answer or an error is to be returned.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_LENGTH};
use tracing::Instrument;

use super::spans::Watch;
use super::{About, Arriving, Head, Incoming, redirect, seconds, spans};
use crate::auth::{self, Key};
use crate::body::{Body, Payload};
use crate::client::Core;
use crate::error::{Error, Kind};
use crate::middleware::Attempt;
use crate::outgoing::Unsendable;
use crate::request::{BuildError, Unsent};
use crate::retry::Retries;
use crate::timeouts::Timeouts;

/// The request as it will be sent, with this key.
pub(crate) fn ready(key: &Key, mut unsent: Box<Unsent>) -> Result<Box<Unsent>, Error> {
    let operation = unsent.operation;
    unsent.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    #[cfg(feature = "realtime")]
    if let Some(settings) = unsent.options.websocket.as_deref() {
        let prepared = crate::realtime::prepare(key, operation, settings, &mut unsent.headers);
        prepared.map_err(|error| Error::input(error, Some(operation)))?;
        return Ok(unsent);
    }
    auth::apply(key, operation.auth, &mut unsent.headers).map_err(|error| Error::input(error, Some(operation)))?;
    Ok(unsent)
}

/// Sends a request and reads the whole body of a 2xx answer. One copy for all types.
pub(crate) async fn whole(core: &Arc<Core>, unsent: Box<Unsent>) -> Result<(Head, Bytes, Watch), Error> {
    let mut watch = Watch::new(core, &unsent);
    let flight = async {
        let limit = unsent.options.timeout.unwrap_or(core.timeouts.whole);
        let mut flight = Flight::new(core, unsent, Some(limit)).await?;
        loop {
            let attempted = flight.attempt();
            let done = within(flight.deadline, &attempted, pin!(flight.whole(&attempted))).await;
            match done {
                Ok(answer) => return Ok(flight.landed(answer)),
                Err(error) => flight.failed(&attempted, error).await?,
            }
        }
    };
    let (head, body) = pin!(flight).instrument(watch.span()).await.inspect_err(|error| watch.gave_up(error))?;
    watch.answered(&head.about, head.status);
    watch.whole(&body);
    Ok((head, body, watch))
}

/// Sends a request and returns the head of a 2xx answer, whose body is then read at leisure.
pub(crate) async fn head(core: &Arc<Core>, unsent: Box<Unsent>) -> Result<Arriving, Error> {
    let mut watch = Watch::new(core, &unsent);
    let flight = async {
        let limit = unsent.options.timeout;
        let mut flight = Flight::new(core, unsent, limit).await?;
        loop {
            let attempted = flight.attempt();
            let done = within(flight.deadline, &attempted, pin!(flight.head(&attempted))).await;
            match done {
                Ok(arriving) => return Ok(flight.landed(arriving)),
                Err(error) => flight.failed(&attempted, error).await?,
            }
        }
    };
    let (head, body) = pin!(flight).instrument(watch.span()).await.inspect_err(|error| watch.gave_up(error))?;
    watch.answered(&head.about, head.status);
    Ok(Arriving { head, body, watch })
}

/// Sends a request that asks for another protocol, and returns the connection once the gateway has changed to it.
/// `check` says what is wrong with an answer that only looks like a change, given the request's headers.
#[cfg(feature = "realtime")]
pub(crate) async fn upgrade(
    core: &Arc<Core>,
    unsent: Box<Unsent>,
    limit: Option<Duration>,
    check: fn(&http::HeaderMap, &Head) -> Result<(), String>,
) -> Result<(Head, reqwest::Upgraded), Error> {
    let mut watch = Watch::new(core, &unsent);
    let flight = async {
        let mut flight = Flight::new(core, unsent, limit).await?;
        flight.http = core.http1()?;
        loop {
            crate::realtime::renew(&mut flight.ready.headers);
            let attempted = flight.attempt();
            let done = within(flight.deadline, &attempted, pin!(flight.upgraded(&attempted, check))).await;
            match done {
                Ok(upgraded) => return Ok(flight.landed(upgraded)),
                Err(error) => flight.failed(&attempted, error).await?,
            }
        }
    };
    let (head, upgraded) = pin!(flight).instrument(watch.span()).await.inspect_err(|error| watch.gave_up(error))?;
    watch.answered(&head.about, head.status);
    Ok((head, upgraded))
}

struct Flight<'c> {
    core: &'c Core,
    http: &'c reqwest::Client,
    ready: Box<Unsent>,
    key: Key,
    started: Instant,
    deadline: Option<Instant>,
    limits: Timeouts,
    retries: Retries<'c>,
}

impl<'c> Flight<'c> {
    async fn new(core: &'c Core, unsent: Box<Unsent>, limit: Option<Duration>) -> Result<Self, Error> {
        let operation = unsent.operation;
        let started = Instant::now();
        let patience = limit.unwrap_or(core.timeouts.first_byte);
        let key = match core.key.known() {
            Some(key) => Ok(key.clone()),
            None => match tokio::time::timeout(patience, core.key.get()).await {
                Ok(key) => key,
                Err(_) => Err(BuildError::message(format!("the key provider gave no key within {}", seconds(patience)))),
            },
        };
        let key = key.map_err(|error| Error::input(error, Some(operation)))?;
        let ready = ready(&key, unsent)?;
        let deadline = limit.and_then(|limit| started.checked_add(limit));
        let limits = Timeouts {
            whole: limit.unwrap_or(core.timeouts.whole),
            first_byte: ready.options.first_byte_timeout.unwrap_or(core.timeouts.first_byte),
            idle: ready.options.idle_timeout.unwrap_or(core.timeouts.idle),
        };
        let policy = ready.options.retry.clone().unwrap_or_else(|| core.retry.clone());
        let retries = Retries::new(policy, &core.budget, operation, ready.body.is_replayable(), deadline);
        Ok(Self { core, http: &core.http, ready, key, started, deadline, limits, retries })
    }

    /// The next attempt, counted.
    fn attempt(&mut self) -> About {
        let attempts = self.retries.attempt();
        let about = About {
            operation: self.ready.operation,
            method: self.ready.method.clone(),
            path: self.ready.url.path().to_owned(),
            started: self.started,
            attempts,
            key: self.key.clone(),
        };
        tracing::debug!(operation = about.operation.id, method = %about.method, path = about.path, attempt = attempts, "send");
        about
    }

    fn landed<T>(&self, answer: T) -> T {
        self.retries.succeeded();
        answer
    }

    /// Pauses before the next attempt, or gives the error back.
    async fn failed(&self, about: &About, error: Error) -> Result<(), Error> {
        let attempt = self.shown(about);
        self.core.middleware.iter().for_each(|middleware| middleware.on_error(&attempt, &error));
        self.retries.pause_after(error).await
    }

    fn shown(&self, about: &About) -> Attempt {
        Attempt { operation: about.operation, number: about.attempts, elapsed: about.started.elapsed() }
    }

    async fn whole(&self, about: &About) -> Result<(Head, Bytes), Error> {
        let (head, body) = self.head(about).await?;
        let (head, mut body) = body.read_whole(head, self.core.max_body).await?;
        if !self.core.middleware.is_empty() {
            let attempt = self.shown(about);
            body = self.core.middleware.iter().fold(body, |body, middleware| middleware.on_body(&attempt, body));
        }
        spans::body(about, &body);
        Ok((head, body))
    }

    async fn head(&self, about: &About) -> Result<(Head, Incoming), Error> {
        let changed = self.changed(about)?;
        let response = self.answered(about, changed.as_ref().unwrap_or(&*self.ready)).await?;
        self.sorted(about, response).await
    }

    #[cfg(feature = "realtime")]
    async fn upgraded(
        &self,
        about: &About,
        check: fn(&http::HeaderMap, &Head) -> Result<(), String>,
    ) -> Result<(Head, reqwest::Upgraded), Error> {
        let changed = self.changed(about)?;
        let request = changed.as_ref().unwrap_or(&*self.ready);
        let mut response = self.answered(about, request).await?;
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            let (head, mut body) = self.sorted(about, response).await?;
            let words = body.words(self.deadline.map(Into::into)).await;
            return Err(super::unwanted(head, words, "a WebSocket"));
        }
        let head = self.shown_head(about, &mut response);
        if let Err(why) = check(&request.headers, &head) {
            return Err(Error::with_answer(Kind::Protocol, why, head, Bytes::new()));
        }
        match response.upgrade().await {
            Ok(upgraded) => Ok((head, upgraded)),
            Err(error) => Err(broken(error, about)),
        }
    }

    /// The head of whatever answers in the end.
    async fn answered(&self, about: &About, request: &Unsent) -> Result<reqwest::Response, Error> {
        let mut hops = redirect::Hops::new(request);
        loop {
            let built = to_reqwest(self.core, request, &hops).await;
            let built = built.map_err(|error| Error::input(error, Some(about.operation)))?;
            let response = self.sent(about, built).await?;
            if !hops.follow(self.core, &response).map_err(|why| redirect_error(why, about, &response))? {
                return Ok(response);
            }
        }
    }

    /// The request as the middleware changed it; `None` where there is none.
    fn changed(&self, about: &About) -> Result<Option<Unsent>, Error> {
        // What a middleware adds may be a secret.
        if self.core.middleware.is_empty() || self.ready.url.origin() != self.core.base().origin() {
            return Ok(None);
        }
        let mut unsent = Unsent::clone(&self.ready);
        let mut request = unsent.clone().into_http()?;
        let attempt = self.shown(about);
        for middleware in &self.core.middleware {
            middleware.on_request(&attempt, &mut request).map_err(|why| {
                Error::input(BuildError::message(format!("a middleware refused it: {why}")), Some(about.operation))
            })?;
        }
        unsent.adopt(request).map_err(|error| Error::input(error, Some(about.operation)))?;
        Ok(Some(unsent))
    }

    /// The head of whatever answers.
    async fn sent(&self, about: &About, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let mut answer = pin!(self.http.execute(request));
        loop {
            let before = self.body_state();
            let limit = if before.1 { self.limits.first_byte } else { self.limits.idle };
            // A deadline that comes no later is watched already.
            if self.deadline.is_some_and(|deadline| Instant::now().checked_add(limit).is_none_or(|at| deadline <= at)) {
                return answer.await.map_err(|error| broken(error, about));
            }
            match tokio::time::timeout(limit, answer.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(broken(error, about)),
                // A large file may be long on its way, as long as it moves.
                Err(_) if self.body_state() != before => {}
                Err(_) => {
                    let what = if before.1 { "no answer within" } else { "the file was not taken any further for" };
                    return Err(Error::of(Kind::Timeout, format!("{what} {}", seconds(limit)), about));
                }
            }
        }
    }

    /// How much of a file is sent, and whether that is all.
    fn body_state(&self) -> (u64, bool) {
        match &self.ready.body.0 {
            Payload::File(_, watch) => watch.state(),
            _ => (0, true),
        }
    }

    /// The head, as the middleware leaves it.
    fn shown_head(&self, about: &About, response: &mut reqwest::Response) -> Head {
        let mut headers = std::mem::take(response.headers_mut());
        let attempt = self.shown(about);
        self.core.middleware.iter().for_each(|middleware| middleware.on_head(&attempt, response.status(), &mut headers));
        tracing::debug!(operation = about.operation.id, status = response.status().as_u16(), "head");
        Head { about: about.clone(), status: response.status(), headers }
    }

    /// A success, or the gateway's error.
    async fn sorted(&self, about: &About, mut response: reqwest::Response) -> Result<(Head, Incoming), Error> {
        let head = self.shown_head(about, &mut response);
        let mut body = Incoming::new(response, self.limits.idle);
        if head.status.is_success() {
            let Some(coding) = head.compression() else { return Ok((head, body)) };
            let message = format!("the answer is compressed with {coding}, which was not asked for and can't be read");
            return Err(Error::with_answer(Kind::Decode, message, head, Bytes::new()));
        }
        let words = body.words(self.deadline.map(Into::into)).await;
        spans::body(about, &words);
        Err(Error::answer(head, words))
    }
}

async fn to_reqwest(core: &Core, ready: &Unsent, hops: &redirect::Hops<'_>) -> Result<reqwest::Request, BuildError> {
    let mut request = match &ready.body {
        // The boundary goes into the content type, so reqwest writes that header.
        Body(Payload::Form(form)) => {
            let form = form.clone().into_reqwest().await?;
            let mut request = core.http.request(ready.method.clone(), hops.url().clone()).multipart(form).build()?;
            for (name, value) in hops.headers() {
                request.headers_mut().append(name, value.clone());
            }
            request
        }
        _ => {
            let mut request = reqwest::Request::new(ready.method.clone(), hops.url().clone());
            request.headers_mut().clone_from(hops.headers());
            request
        }
    };
    match &ready.body.0 {
        Payload::Bytes(bytes) => *request.body_mut() = Some(bytes.clone().into()),
        Payload::File(file, watch) => {
            let outgoing = file.open().await?.watched(watch);
            if let Some(length) = outgoing.length() {
                request.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            *request.body_mut() = Some(reqwest::Body::wrap_stream(outgoing));
        }
        Payload::Empty | Payload::Form(_) => {}
    }
    Ok(request)
}

/// Bounds a step of the call by the call's deadline. The step is pinned where it stands: moved in, it would take its room
/// twice.
async fn within<T>(
    deadline: Option<Instant>,
    about: &About,
    step: Pin<&mut impl Future<Output = Result<T, Error>>>,
) -> Result<T, Error> {
    let Some(at) = deadline else { return step.await };
    match tokio::time::timeout_at(at.into(), step).await {
        Ok(done) => done,
        Err(_) => Err(Error::of(Kind::Timeout, format!("no whole answer within {}", seconds(at - about.started)), about)),
    }
}

/// The connection failed before an answer's head came.
fn broken(error: reqwest::Error, about: &About) -> Error {
    let error = error.without_url();
    // The body itself could not go on.
    if let Some(unsendable) = chain(&error).find_map(|cause| cause.downcast_ref::<Unsendable>()) {
        return Error::of(Kind::File, unsendable.to_string(), about);
    }
    let (kind, message) = if error.is_connect() {
        (Kind::Connect, format!("can't connect: {}", innermost(&error)))
    } else if error.is_timeout() {
        (Kind::Timeout, "no answer in time".to_owned())
    } else if was_handed_back(&error) {
        (Kind::Unsent, "the gateway closed the connection without looking at the request".to_owned())
    } else {
        (Kind::Send, format!("the connection broke before an answer came: {}", innermost(&error)))
    };
    Error::of(kind, message, about).caused_by(error)
}

/// HTTP/2 can say that a request was not looked at: its stream was refused, or came after the last one that a closing
/// server takes.
fn was_handed_back(error: &(dyn std::error::Error + 'static)) -> bool {
    let Some(error) = chain(error).find_map(|cause| cause.downcast_ref::<h2::Error>()) else { return false };
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let closing = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (refused || closing)
}

fn chain<'e>(error: &'e (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn redirect_error(why: String, about: &About, response: &reqwest::Response) -> Error {
    let head = Head { about: about.clone(), status: response.status(), headers: response.headers().clone() };
    Error::with_answer(Kind::Redirect, why, head, Bytes::new())
}

/// The cause that says most: the last in the chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}
