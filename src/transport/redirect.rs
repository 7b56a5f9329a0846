//! Follows redirects by our own rules: only GET and HEAD, and the key never leaves for another host.

use std::borrow::Cow;

use http::header::{HeaderMap, LOCATION};
use http::{Method, StatusCode};
use url::Url;

use crate::auth::SECRET_HEADERS;
use crate::client::{Core, is_loopback};
use crate::request::Unsent;

const MOST_HOPS: u32 = 10;

/// Where the request goes next, and with which headers.
pub(super) struct Hops<'r> {
    url: Cow<'r, Url>,
    headers: Cow<'r, HeaderMap>,
    method: &'r Method,
    taken: u32,
}

impl<'r> Hops<'r> {
    pub(super) fn new(ready: &'r Unsent) -> Self {
        Self { url: Cow::Borrowed(&ready.url), headers: Cow::Borrowed(&ready.headers), method: &ready.method, taken: 0 }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Takes the redirect that a response asks for; false when it asks for none.
    pub(super) fn follow(&mut self, core: &Core, response: &reqwest::Response) -> Result<bool, String> {
        let redirects = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::SEE_OTHER,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        if !redirects.contains(&response.status()) {
            return Ok(false);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or("the gateway redirects without saying where")?;
        let next = self.url.join(location).map_err(|error| format!("the gateway redirects to no address: {error}"))?;
        let host = next.host_str().unwrap_or_default().to_owned();
        if !matches!(*self.method, Method::GET | Method::HEAD) {
            return Err(format!("the gateway redirects a {} to {host}; it was not followed, check the base URL", self.method));
        }
        self.taken += 1;
        if self.taken > MOST_HOPS {
            return Err(format!("more than {MOST_HOPS} redirects, the last to {host}"));
        }
        let plain = next.scheme() == "http" && !is_loopback(&next) && !core.allow_http;
        if plain || !matches!(next.scheme(), "http" | "https") {
            return Err(format!("the gateway redirects to {}://{host}, which is not safe", next.scheme()));
        }
        if next.origin() != core.base().origin() {
            SECRET_HEADERS.iter().for_each(|name| {
                self.headers.to_mut().remove(*name);
            });
        }
        tracing::debug!(host, "redirect");
        self.url = Cow::Owned(next);
        Ok(true)
    }
}
