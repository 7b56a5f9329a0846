//! The one error of this crate: what failed, how far it came, and what the gateway said.

mod api;

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::auth::{Key, SECRET_HEADERS};
use crate::operation::{Auth, Operation};
use crate::redact::{HIDDEN, redact};
use crate::request::BuildError;
use crate::retry::retry_after;
use crate::tasks::{TaskRef, TaskState};
use crate::transport::{About, Head};

pub use api::ApiError;
pub(crate) use api::{one_line, words_of};

/// Why a call failed.
///
/// Ask with the `is_…` methods; read with the accessors. Neither `Display` nor `Debug` ever shows a key.
///
/// ```no_run
/// # async fn example(client: octopusx::Client) {
/// match client.models().list().await {
///     Ok(models) => println!("{} models", models.data.len()),
///     Err(error) if error.is_auth() => eprintln!("check the key: {error}"),
///     Err(error) => eprintln!("{error} (request {:?})", error.request_id()),
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    operation: Option<&'static Operation>,
    method: Option<Method>,
    path: Option<String>,
    attempts: u32,
    elapsed: Duration,
    answer: Option<Answered>,
    api: Option<ApiError>,
    json_path: Option<String>,
    task: Option<Box<(TaskRef, Option<TaskState>)>>,
    /// Code and reason of a session's end.
    close: Option<Box<(u16, String)>>,
    /// What the model wrote, where that is what can't be used.
    text: Option<String>,
    retry_after: Option<Duration>,
    /// A part of the answer was given out before.
    partial: bool,
    /// To keep it out of what is shown.
    key: Option<Key>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// The stage at which a call failed. Private, so that it can grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The arguments, before any I/O.
    Input,
    Connect,
    Timeout,
    /// HTTP/2 says that nobody looked at the request.
    Unsent,
    /// The connection broke before an answer's head came.
    Send,
    Redirect,
    /// The gateway said no.
    Api,
    Decode,
    /// The answer broke off.
    Truncated,
    /// The answer is whole, but the model stopped at a limit.
    #[cfg_attr(not(feature = "schemars"), allow(dead_code))]
    CutOff,
    /// The model refused.
    Refused,
    TooLarge,
    /// The gateway broke the rules of the WebSocket protocol.
    Protocol,
    /// The gateway ended the session.
    Closed,
    /// The task itself failed.
    Task,
    /// The task succeeded, and nothing says where its result is.
    NoResult,
    /// The task waits for its owner.
    InputNeeded,
    /// The task was not done in time.
    Deadline,
    /// A local file.
    File,
}

impl Error {
    fn bare(kind: Kind, message: String) -> Self {
        Self(Box::new(Inner {
            kind,
            message: one_line(&message),
            operation: None,
            method: None,
            path: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            answer: None,
            api: None,
            json_path: None,
            task: None,
            close: None,
            text: None,
            retry_after: None,
            partial: false,
            key: None,
            source: None,
        }))
    }

    /// Something that the caller gave, refused before any I/O.
    pub(crate) fn bad_input(message: impl Into<String>) -> Self {
        Self::bare(Kind::Input, message.into())
    }

    /// A request that could not be built.
    pub(crate) fn input(error: BuildError, operation: Option<&'static Operation>) -> Self {
        let mut built = Self::bare(Kind::Input, error.message);
        built.0.operation = operation;
        built.0.source = error.source;
        built
    }

    /// A failure without an answer.
    pub(crate) fn of(kind: Kind, message: String, about: &About) -> Self {
        let mut error = Self::bare(kind, redact(&message, Some(&about.key)));
        error.0.key = Some(about.key.clone());
        error.0.operation = Some(about.operation);
        error.0.method = Some(about.method.clone());
        error.0.path = Some(about.path.clone());
        error.0.attempts = about.attempts;
        error.0.elapsed = about.started.elapsed();
        error
    }

    /// A failure in reading an answer.
    pub(crate) fn with_answer(kind: Kind, message: String, head: Head, body: Bytes) -> Self {
        let mut error = Self::of(kind, message, &head.about);
        error.0.retry_after = retry_after(&head.headers, SystemTime::now());
        error.0.answer = Some(Answered { status: head.status, headers: head.headers, body });
        error
    }

    /// An answer in which the gateway says no, whatever its status.
    pub(crate) fn answer(head: Head, body: Bytes) -> Self {
        let api = match head.compression() {
            None => ApiError::read(head.status, &body),
            Some(coding) => ApiError::packed(head.status, coding),
        };
        let api = api.without_secrets(&head.about.key);
        let mut error = Self::with_answer(Kind::Api, api.message().to_owned(), head, body);
        error.0.api = Some(api);
        error
    }

    /// A file that can't be read or written.
    pub(crate) fn file(message: String, error: std::io::Error) -> Self {
        Self::bare(Kind::File, format!("{message}: {error}")).caused_by(error)
    }

    pub(crate) fn task(kind: Kind, message: String) -> Self {
        Self::bare(kind, message)
    }

    /// What a model wrote can't be used.
    #[cfg(feature = "schemars")]
    pub(crate) fn of_model(kind: Kind, message: String, text: String) -> Self {
        let mut error = Self::bare(kind, redact(&message, None));
        error.0.text = Some(text);
        error
    }

    /// Notes the answer in which the model wrote it.
    #[cfg(feature = "schemars")]
    pub(crate) fn in_answer(self, head: &Head, body: &Bytes) -> Self {
        let mut error = Self::with_answer(self.0.kind, self.0.message, head.clone(), body.clone());
        (error.0.text, error.0.json_path, error.0.source) = (self.0.text, self.0.json_path, self.0.source);
        error
    }

    /// Notes the cause. A cause that shows a secret is kept as text without it.
    pub(crate) fn caused_by(mut self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let error = error.into();
        let (line, whole) = (error.to_string(), format!("{error:?}"));
        let hidden = redact(&line, self.0.key.as_ref());
        let shows = hidden != line || redact(&whole, self.0.key.as_ref()) != whole;
        self.0.source = Some(if shows { hidden.into() } else { error });
        self
    }

    /// Notes that the gateway had begun to answer.
    pub(crate) fn after_a_part(mut self) -> Self {
        self.0.partial = true;
        self
    }

    /// Adds to what the other side said.
    pub(crate) fn explained(mut self, why: &str) -> Self {
        self.0.message = one_line(&format!("{}; {}", self.0.message, redact(why, self.0.key.as_ref())));
        self
    }

    /// Counts the attempts of a caller that makes them itself.
    pub(crate) fn after_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn at_json_path(mut self, path: String) -> Self {
        self.0.json_path = Some(path).filter(|path| !path.is_empty());
        self
    }

    /// A session that the gateway ended, with its code and its words.
    pub(crate) fn closed(code: u16, reason: &str, head: Head) -> Self {
        let reason = redact(&one_line(reason), Some(&head.about.key));
        let words = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let message = format!("the gateway closed the session with code {code}{words}");
        let mut error = Self::with_answer(Kind::Closed, message, head, Bytes::new());
        error.0.close = Some(Box::new((code, reason)));
        error
    }

    /// Notes the task that was waited for, and how far it was.
    pub(crate) fn of_task(mut self, task: TaskRef, state: Option<TaskState>) -> Self {
        self.0.task = Some(Box::new((task, state)));
        self
    }
}

/// What kind of failure it is.
impl Error {
    /// The arguments were refused before anything was sent, or the gateway refused them (400, 413, 422).
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        self.0.kind == Kind::Input || self.status_is(&[400, 413, 422])
    }

    /// No connection came about.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// Time ran out: for the connection, the answer, or (see [`task_id`](Self::task_id)) a task.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::Deadline) || self.status_is(&[408, 504])
    }

    /// The key is missing, wrong, or not allowed to do this (401, 403).
    #[must_use]
    pub fn is_auth(&self) -> bool {
        // A storage's address is refused for its signature: no key went there.
        if self.0.operation.is_some_and(|operation| operation.auth == Auth::None) {
            return false;
        }
        self.status_is(&[401, 403]) || self.code_is(&["invalid_api_key", "unauthorized", "access_denied"])
    }

    /// The account can't pay for it (402, or a code that says so).
    #[must_use]
    pub fn is_quota(&self) -> bool {
        let codes = [
            "insufficient_user_quota",
            "pre_consume_token_quota_failed",
            "insufficient_quota",
            "insufficient_balance",
            "budget_exceeded",
        ];
        self.status_is(&[402]) || self.code_is(&codes)
    }

    /// Too many requests (429).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status_is(&[429]) && !self.is_quota()
    }

    /// Nothing is found at this address or under this id (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status_is(&[404]) || self.code_is(&["model_not_found", "task_not_exist", "task_not_found", "model_not_available"])
    }

    /// The gateway or an upstream is down or overloaded (502, 503, 529).
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.status_is(&[502, 503, 529])
    }

    /// A success came, but its body can't be read; see [`json_path`](Self::json_path) and [`body`](Self::body).
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode | Kind::TooLarge)
    }

    /// The answer broke off before its end, or the model stopped at its limit of tokens in the middle of JSON that was
    /// to be read.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        matches!(self.0.kind, Kind::Truncated | Kind::CutOff)
    }

    /// The model refused to answer in the form that was asked for, or its answer was withheld; see
    /// [`text`](Self::text).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.kind == Kind::Refused
    }

    /// The gateway ended a session; see [`close_code`](Self::close_code) and [`close_reason`](Self::close_reason).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind == Kind::Closed
    }

    /// The gateway broke the rules of the WebSocket protocol, in its handshake or in a frame. The session is over.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        self.0.kind == Kind::Protocol
    }

    /// The task itself ended without a result; see [`task_id`](Self::task_id).
    #[must_use]
    pub fn is_task_failure(&self) -> bool {
        self.0.kind == Kind::Task
    }

    /// The task succeeded, but no answer about it says where its result is. [`body`](Self::body) holds the last one.
    #[must_use]
    pub fn is_result_missing(&self) -> bool {
        self.0.kind == Kind::NoResult
    }

    /// The task goes on only when its owner gives more input; then [`resume`](Self::resume) it.
    #[must_use]
    pub fn is_input_needed(&self) -> bool {
        self.0.kind == Kind::InputNeeded
    }

    /// Whether the same request may succeed later: failures of the network, the statuses 408, 425, 429, 500, 502, 503,
    /// 504 and 529, and what the gateway itself calls retryable. Says nothing about whether sending it again is safe:
    /// for that ask [`may_have_been_processed`](Self::may_have_been_processed).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        if self.is_quota() {
            return false;
        }
        match self.0.kind {
            Kind::Connect | Kind::Timeout | Kind::Unsent | Kind::Send | Kind::Truncated => true,
            Kind::Api => {
                let by_status = self.status_is(&[408, 425, 429, 500, 502, 503, 504, 529]);
                self.api().and_then(ApiError::retryable).unwrap_or(by_status)
            }
            // Going away, an inner failure, a restart, an overload, a bad gateway.
            Kind::Closed => matches!(self.close_code(), Some(1001 | 1011..=1014)),
            _ => false,
        }
    }

    /// Whether the gateway may have done (and billed) what was asked although this error came.
    ///
    /// False where that can't be: nothing was sent, the operation changes nothing, or the gateway refused it (a 4xx, a
    /// 503 that says when to come back, a quota that is used up).
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        // To open a session costs nothing; what was asked in it may.
        let in_session = self.0.answer.as_ref().is_some_and(|answer| answer.status == StatusCode::SWITCHING_PROTOCOLS);
        if !in_session && self.0.operation.is_some_and(Operation::is_idempotent) {
            return false;
        }
        match self.0.kind {
            Kind::Input | Kind::Connect | Kind::Unsent | Kind::File | Kind::Task | Kind::InputNeeded => false,
            Kind::NoResult | Kind::Timeout | Kind::Send | Kind::Decode | Kind::Truncated | Kind::TooLarge | Kind::Deadline => {
                true
            }
            Kind::CutOff | Kind::Refused | Kind::Protocol | Kind::Closed => true,
            // These two may lead to the result of what was done; the others ask to repeat the call elsewhere.
            Kind::Redirect => self.status_is(&[302, 303]),
            Kind::Api => self.0.partial || !self.is_refusal(),
        }
    }

    /// Whether the gateway's no means that it did nothing.
    fn is_refusal(&self) -> bool {
        match self.http_status().map_or(0, |status| status.as_u16()) {
            _ if self.is_quota() => true,
            // Without a documented mark nobody knows how far it came before it failed.
            200..300 => self.is_auth() || self.0.operation.is_some_and(|operation| operation.success.is_some()),
            503 => self.retry_after().is_some(),
            501 => true,
            status => status < 500,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    fn status_is(&self, statuses: &[u16]) -> bool {
        self.http_status().is_some_and(|status| statuses.contains(&status.as_u16()))
    }

    fn code_is(&self, codes: &[&str]) -> bool {
        self.api().and_then(ApiError::code).is_some_and(|code| codes.contains(&code))
    }
}

/// What is known of it.
impl Error {
    /// What the gateway said; `None` when the failure is not its.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0.operation
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// The path that was called, without its query.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// How often the request was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// From the first sending to this error.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The HTTP status, where an answer came.
    #[must_use]
    pub fn http_status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The HTTP headers, where an answer came.
    #[must_use]
    pub fn http_headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The body, as far as it came.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.answer.as_ref().map(|answer| &answer.body)
    }

    /// The gateway's id of the request, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.http_headers().and_then(request_id)
    }

    /// How long the gateway asks to wait before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where in the JSON reading failed, as `choices[0].message.role`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// What the model wrote, when it can't be read as the type that was asked for, breaks off, or is a refusal.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// The task that was waited for: with it the task can still be asked about.
    #[must_use]
    pub fn task_id(&self) -> Option<&str> {
        self.0.task.as_ref().map(|task| task.0.id())
    }

    /// What the task is that was waited for: `video`, `suno`.
    #[must_use]
    pub fn task_kind(&self) -> Option<&str> {
        self.0.task.as_ref().map(|task| task.0.kind())
    }

    /// How far the task was when it was last heard of.
    #[must_use]
    pub fn task_state(&self) -> Option<TaskState> {
        self.0.task.as_ref()?.1
    }

    /// What to write down to go on waiting later, with [`Client::resume`](crate::Client::resume). There for every error
    /// that came while a task was waited for, whether or not waiting can still help.
    #[must_use]
    pub fn resume(&self) -> Option<TaskRef> {
        self.0.task.as_ref().map(|task| task.0.clone())
    }
}

/// How a session ended.
impl Error {
    /// The code with which the gateway closed the session, as RFC 6455 lists them.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.0.close.as_ref().map(|close| close.0)
    }

    /// The words that came with the code; empty where there were none.
    #[must_use]
    pub fn close_reason(&self) -> Option<&str> {
        self.0.close.as_ref().map(|close| close.1.as_str())
    }
}

/// The headers in which gateways of this family name a request.
const REQUEST_ID_HEADERS: [&str; 5] = ["x-request-id", "request-id", "x-oneapi-request-id", "x-amzn-requestid", "cf-ray"];

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok()).filter(|id| !id.is_empty())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{}: ", operation.id)?;
        }
        // What came of a task is no failure of HTTP.
        let of_task = matches!(self.0.kind, Kind::Task | Kind::NoResult | Kind::InputNeeded);
        if let Some(status) = self.http_status().filter(|_| !of_task) {
            write!(f, "{} ", status.as_u16())?;
        }
        f.write_str(&self.0.message)?;
        if let Some(task) = &self.0.task {
            write!(f, " (task {})", task.0.id())?;
        }
        Ok(())
    }
}

/// What is not known is left out: this is what a program shows whose `main` returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind).field("message", &inner.message);
        if let Some(operation) = inner.operation {
            out.field("operation", &operation.id);
        }
        if let (Some(method), Some(path)) = (&inner.method, &inner.path) {
            out.field("method", method).field("path", path);
        }
        if inner.attempts > 0 {
            out.field("attempts", &inner.attempts).field("elapsed", &inner.elapsed);
        }
        if let Some(answer) = &inner.answer {
            out.field("status", &answer.status).field("headers", &self.shown_headers(&answer.headers));
            out.field("body", &redact(&String::from_utf8_lossy(&answer.body), inner.key.as_ref()));
        }
        if let Some(api) = &inner.api {
            out.field("api", api);
        }
        if let Some(path) = &inner.json_path {
            out.field("json_path", path);
        }
        if let Some(task) = &inner.task {
            out.field("task", task);
        }
        if let Some(text) = &inner.text {
            out.field("text", &redact(text, inner.key.as_ref()));
        }
        if let Some(wait) = &inner.retry_after {
            out.field("retry_after", wait);
        }
        if let Some(source) = &inner.source {
            out.field("source", &redact(&format!("{source:?}"), inner.key.as_ref()));
        }
        out.finish()
    }
}

impl Error {
    /// Headers without cookies, keys and signatures.
    fn shown_headers<'e>(&self, headers: &'e HeaderMap) -> Vec<(&'e str, String)> {
        let shown = |name: &str, value: &http::HeaderValue| match name {
            "set-cookie" => HIDDEN.to_owned(),
            name if SECRET_HEADERS.contains(&name) => HIDDEN.to_owned(),
            _ => redact(&String::from_utf8_lossy(value.as_bytes()), self.0.key.as_ref()),
        };
        headers.iter().map(|(name, value)| (name.as_str(), shown(name.as_str(), value))).collect()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
