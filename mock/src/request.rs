//! A request that has arrived whole, and the record of it.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::form::{self, RecordedPart};

/// A request that the gateway got, in the order of arrival.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The documented operation that it belongs to, or the face of one (`models_list_claude`); `files` for what tasks have
    /// made, `storage` for uploads; none when no path fits.
    pub operation: Option<String>,
    /// The method.
    pub method: Method,
    /// Path and query, as they came.
    pub path_and_query: String,
    /// All headers, the key included. `host` tells which of the two gateways was asked.
    pub headers: HeaderMap,
    /// The body, byte by byte.
    pub body: Bytes,
    /// The parts of the body where that is a form (`multipart/form-data`) that could be read.
    pub parts: Vec<RecordedPart>,
}

/// What a body holds, by its content type. `Err` says why it can't be read.
pub(crate) enum Payload {
    /// Nothing, or something that nobody looks into.
    Opaque,
    Json(Result<Value, String>),
    Form(Result<Vec<RecordedPart>, String>),
}

/// A request with its query and its body taken apart.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) payload: Payload,
}

impl Incoming {
    pub(crate) fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = uri.query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        let payload = Payload::Opaque;
        let mut incoming = Self { query: pairs.collect(), method, uri, headers, body, payload };
        incoming.payload = incoming.read_body();
        incoming
    }

    fn read_body(&self) -> Payload {
        let kind = self.content_type().unwrap_or_default();
        if self.body.is_empty() {
            Payload::Opaque
        } else if is_json(&kind) {
            Payload::Json(serde_json::from_slice(&self.body).map_err(|error| error.to_string()))
        } else if kind == "multipart/form-data" {
            Payload::Form(form::parse(self.header("content-type").unwrap_or_default(), &self.body))
        } else {
            Payload::Opaque
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The text of a header; none when it is missing or no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The media type of the body, without its parameters.
    pub(crate) fn content_type(&self) -> Option<String> {
        let text = self.header("content-type")?;
        Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    pub(crate) fn record(&self, operation: Option<&str>) -> RecordedRequest {
        let path_and_query = self.uri.path_and_query().map_or_else(|| self.uri.to_string(), ToString::to_string);
        RecordedRequest {
            operation: operation.map(str::to_owned),
            method: self.method.clone(),
            path_and_query,
            headers: self.headers.clone(),
            body: self.body.clone(),
            parts: match &self.payload {
                Payload::Form(Ok(parts)) => parts.clone(),
                _ => Vec::new(),
            },
        }
    }
}

/// Whether a media type is one of JSON.
pub(crate) fn is_json(kind: &str) -> bool {
    kind.ends_with("/json") || kind.ends_with("+json")
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderName;

    /// A GET without a body.
    pub(crate) fn request(uri: &str, headers: &[(&str, &str)]) -> Incoming {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        Incoming::new(Method::GET, uri.parse().unwrap(), headers, Bytes::new())
    }

    #[test]
    fn takes_the_query_and_cookies_apart() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "a=1; session=xyz".parse().unwrap());
        headers.insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
        let uri = "/p?id=a%3Ab+c&flag&id=2".parse().unwrap();
        let incoming = Incoming::new(Method::GET, uri, headers, Bytes::new());
        assert_eq!(incoming.query("id"), Some("a:b c"));
        assert_eq!(incoming.query("flag"), Some(""));
        assert_eq!(incoming.cookie("session"), Some("xyz"));
        assert_eq!(incoming.content_type().unwrap(), "application/json");
        assert_eq!(incoming.record(None).path_and_query, "/p?id=a%3Ab+c&flag&id=2");
    }
}
