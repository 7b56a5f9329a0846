//! Where a file is to be put, as a presigning answer says it.

use std::time::{Duration, Instant};

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::Shape;

/// An address that is about to end is not begun with.
const MARGIN: Duration = Duration::from_secs(1);

pub(super) struct Target {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) content_type: String,
    pub(super) public_url: String,
    ends: Option<Instant>,
}

impl Target {
    /// Reads an answer; `asked` is when it was asked for, `media` what it was asked for.
    pub(super) fn read(shape: &Shape, answer: &Value, asked: Instant, media: &str) -> Result<Self, String> {
        let at = |pointer: Option<&str>| answer.pointer(pointer?);
        let text = |pointer| at(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let missing = |pointer: &str| format!("the answer names no address for the file at {pointer}");
        let url = text(Some(shape.url)).ok_or_else(|| missing(shape.url))?;
        let url = Url::parse(url).map_err(|error| format!("the address for the file is none: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the address for the file begins with {}:", url.scheme()));
        }
        let method = match text(shape.method).unwrap_or("PUT").to_ascii_uppercase().as_str() {
            "PUT" => Method::PUT,
            other => return Err(format!("the gateway wants the file by {other}, which this version can't do")),
        };
        let content_type = text(shape.signed_type).unwrap_or(media).to_owned();
        let mut headers = HeaderMap::new();
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| format!("{text:?} can't travel in a header"));
        headers.insert(CONTENT_TYPE, value(&content_type)?);
        for (name, given) in at(shape.headers).and_then(Value::as_object).into_iter().flatten() {
            let Some(text) = given.as_str() else { continue };
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header"))?;
            headers.insert(name, value(text)?);
        }
        let seconds = at(shape.expires_in).and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
        let life = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Self {
            method,
            url,
            headers,
            content_type,
            public_url: text(Some(shape.public_url)).ok_or_else(|| missing(shape.public_url))?.to_owned(),
            ends: life.and_then(|life| asked.checked_add(life)),
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ends.is_some_and(|ends| Instant::now() + MARGIN >= ends)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    const SHAPE: Shape = Shape {
        file_name: "name",
        content_type: "type",
        url: "/to/url",
        public_url: "/public",
        method: Some("/to/method"),
        headers: Some("/to/headers"),
        expires_in: Some("/to/seconds"),
        signed_type: Some("/to/type"),
    };

    fn read(to: &Value) -> Result<Target, String> {
        Target::read(&SHAPE, &json!({"to": to, "public": "https://b.example/p"}), Instant::now(), "image/png")
    }

    #[test]
    fn an_answer_says_where_how_and_until_when() {
        let plain = read(&json!({"url": "https://b.example/f?sig=1"})).unwrap();
        assert_eq!((plain.method.as_str(), &*plain.content_type, plain.has_ended()), ("PUT", "image/png", false));
        let full = read(&json!({
            "url": "https://b.example/f", "method": "put", "type": "image/webp", "seconds": "0.5",
            "headers": {"x-amz-acl": "public-read", "odd": null},
        }))
        .unwrap();
        assert_eq!(
            (&full.headers["x-amz-acl"], &full.headers["content-type"]),
            (&"public-read".parse().unwrap(), &"image/webp".parse().unwrap())
        );
        assert!(full.has_ended());
    }

    #[test]
    fn an_answer_that_leads_nowhere_is_an_error() {
        for (to, why) in [
            (json!({}), "no address for the file at /to/url"),
            (json!({"url": "  "}), "no address"),
            (json!({"url": "uploads/1"}), "is none"),
            (json!({"url": "file:///etc/passwd"}), "begins with file:"),
            (json!({"url": "https://b.example/f", "method": "POST"}), "by POST"),
            (json!({"url": "https://b.example/f", "type": "a\nb"}), "can't travel"),
            (json!({"url": "https://b.example/f", "headers": {"a b": "c"}}), "is no header"),
        ] {
            let error = read(&to).map(|_| ()).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
    }
}
