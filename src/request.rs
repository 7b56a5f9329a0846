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

/// Begins the generated requests. Their addresses go on from the parsed base: to parse each anew would cost as much as all
/// the rest of building it.
#[derive(Clone, Copy)]
pub(crate) struct Begin<'c> {
    pub(crate) http: &'c reqwest::Client,
    pub(crate) base: &'c Url,
    /// The same without a slash at its end, as the addresses begin.
    pub(crate) base_text: &'c str,
}

#[allow(dead_code)] // The documents decide which verbs there are.
impl Begin<'_> {
    pub(crate) fn get(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::GET, address)
    }

    pub(crate) fn head(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::HEAD, address)
    }

    pub(crate) fn post(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::POST, address)
    }

    pub(crate) fn put(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::PUT, address)
    }

    pub(crate) fn patch(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::PATCH, address)
    }

    pub(crate) fn delete(self, address: String) -> reqwest::RequestBuilder {
        self.verb(Method::DELETE, address)
    }

    fn verb(self, method: Method, address: String) -> reqwest::RequestBuilder {
        match address.strip_prefix(self.base_text) {
            Some(path) => self.http.request(method, below(self.base, path)),
            None => self.http.request(method, address),
        }
    }
}

/// An address that goes on with this path, which is encoded already.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    match base.path().trim_end_matches('/') {
        "" => url.set_path(path),
        prefix => url.set_path(&[prefix, path].concat()),
    }
    url
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_one_that_parsing_the_text_gives() {
        for base in
            ["https://api.example", "https://api.example/", "http://127.0.0.1:9/a/b%20c", "https://[::1]:8/x/", "https://例え.jp"]
        {
            let base = Url::parse(base).unwrap();
            let base_text = base.as_str().trim_end_matches('/');
            for path in ["/letters", "/letters/a%2Fb%3F%23/fetch", "/letters/m:open", "/a/%25/=&+,;@'~", "/a/", "/"] {
                assert_eq!(below(&base, path), Url::parse(&format!("{base_text}{path}")).unwrap());
            }
        }
    }
}
