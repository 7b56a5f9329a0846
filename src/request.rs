//! The unsent request: its parts, and what can be wrong with them before any I/O.

use std::time::Duration;

use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::Error;
use crate::auth::SECRET_HEADERS;
use crate::body::Body;
use crate::operation::Operation;
use crate::retry::RetryPolicy;

/// A request that has everything but the key.
#[derive(Clone, Debug)]
pub struct Unsent {
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) options: Options,
}

/// What one call has of its own.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) first_byte_timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    #[cfg(feature = "realtime")]
    pub(crate) websocket: Option<Box<crate::realtime::Settings>>,
}

impl Unsent {
    /// Takes progenitor's request apart.
    pub(crate) fn new(operation: &'static Operation, mut request: reqwest::Request) -> Self {
        Self {
            operation,
            method: request.method().clone(),
            url: request.url().clone(),
            headers: std::mem::take(request.headers_mut()),
            body: Body::default(),
            options: Options::default(),
        }
    }

    /// The request in the form that other programs know.
    pub(crate) fn into_http(self) -> Result<http::Request<Body>, Error> {
        let uri = self.url.as_str().parse::<http::Uri>().map_err(|error| {
            Error::input(BuildError::message(format!("the address can't be a URI: {error}")), Some(self.operation))
        })?;
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.headers_mut() = self.headers;
        *request.uri_mut() = uri;
        Ok(request)
    }

    /// Takes back what a middleware may change: headers, body, path and query.
    pub(crate) fn adopt(&mut self, request: http::Request<Body>) -> Result<(), BuildError> {
        let (parts, body) = request.into_parts();
        if parts.method != self.method {
            return Err(BuildError::message("a middleware changed the method, which decides what may be sent again"));
        }
        let refused = || BuildError::message("a middleware changed the address to what is none");
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| refused())?;
        if url.origin() != self.url.origin() {
            return Err(BuildError::message("a middleware moved the request to another host, where the key must not go"));
        }
        (self.url, self.headers, self.body) = (url, parts.headers, body);
        Ok(())
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        let shown = || format!("header `{name}`");
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| BuildError::message(format!("{}: not a header's name", shown())))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            BuildError::message(format!("{}: a value can't hold line breaks or other control characters", shown()))
        })?;
        value.set_sensitive(SECRET_HEADERS.contains(&name.as_str()));
        self.headers.insert(name, value);
        Ok(())
    }
}

/// Why a request could not be built. Becomes an [`Error`](crate::Error) when the call is awaited.
#[derive(Debug)]
pub struct BuildError {
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl BuildError {
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    pub(crate) fn body(error: serde_json::Error) -> Self {
        Self { message: format!("the body can't be written as JSON: {error}"), source: Some(error.into()) }
    }
}

impl From<reqwest::Error> for BuildError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        Self { message: format!("the request can't be built: {error}"), source: Some(error.into()) }
    }
}

/// One path segment, percent-encoded.
///
/// # Errors
/// Segments that would change the path instead of filling it: empty, `.`, `..`, and those with `\` or control characters.
pub(crate) fn encode_path(name: &str, segment: &str) -> Result<String, BuildError> {
    let why = match segment {
        "" => "is empty",
        "." | ".." => "would step out of the path",
        other if other.contains('\\') => "holds a backslash, which addresses read as a slash",
        other if other.chars().any(char::is_control) => "holds a control character",
        _ => {
            let mut encoded = String::with_capacity(segment.len());
            for byte in segment.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
                    encoded.push(byte.into());
                } else {
                    encoded.push_str(&format!("%{byte:02X}"));
                }
            }
            return Ok(encoded);
        }
    };
    Err(BuildError::message(format!("path parameter `{name}` {why}: {segment:?}")))
}

/// One pair of the query string, in the form that `RequestBuilder::query` takes.
pub(crate) fn query<'v>(name: &'static str, value: &'v str) -> [(&'static str, &'v str); 1] {
    [(name, value)]
}
