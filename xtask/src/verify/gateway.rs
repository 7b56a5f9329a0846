//! Sends a request, once: no redirect is followed and nothing is sent again.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use ureq::http::Request;
use ureq::http::uri::{Scheme, Uri};

use super::System;
use super::plan::{Call, key_header};
use super::secret::Secret;

/// No answer is larger.
const LARGEST: u64 = 64 << 20;

/// One gateway, with the key for it.
pub(super) struct Gateway {
    agent: ureq::Agent,
    base: String,
    pub(super) secret: Secret,
}

/// What came.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Without parameters, in small letters.
    pub(super) media_type: String,
    pub(super) elapsed: Duration,
    /// Or how it broke off.
    pub(super) body: Result<Vec<u8>, String>,
}

impl Gateway {
    /// With the key and the address that the environment gives, under the names that the client knows.
    pub(super) fn from_env(system: &System, timeout: Duration) -> Result<Self, String> {
        let prefix = system.name.to_uppercase();
        let variable = |name: &str| std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let key_name = format!("{prefix}_API_KEY");
        let key = variable(&key_name).ok_or_else(|| format!("{key_name} is not set"))?;
        let base_name = format!("{prefix}_BASE_URL");
        let base = base_url(&variable(&base_name).unwrap_or_else(|| system.api.server.clone()))
            .map_err(|why| format!("{base_name}: {why}"))?;
        // A connection that was used before may be gone, and then the request would be sent anew.
        let config = crate::live::config("octopusx-xtask-verify", timeout).max_idle_connections(0).build();
        Ok(Self { agent: config.into(), base, secret: Secret::new(key) })
    }

    /// `Err` where no answer came.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Answer, String> {
        let hidden = |error: &dyn std::fmt::Display| self.secret.hide(&error.to_string());
        let body = call.body.as_ref().map(ToString::to_string);
        let mut request = Request::builder().method(call.operation.verb.as_str()).uri(format!("{}{}", self.base, call.target));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some((name, value)) = key_header(&call.face.auth, self.secret.expose()) {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let began = Instant::now();
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).map_err(|error| hidden(&error))?),
            None => self.agent.run(request.body(()).map_err(|error| hidden(&error))?),
        };
        let mut answer = sent.map_err(|error| hidden(&error))?;
        let status = answer.status().as_u16();
        let media_type = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|error| hidden(&error));
        Ok(Answer { status, media_type, elapsed: began.elapsed(), body })
    }
}

/// An address as the client takes it: with or without `/v1` or `/` at its end.
fn base_url(text: &str) -> Result<String, String> {
    let uri: Uri = text.parse().map_err(|_| "it must look like https://octopusx.ai".to_owned())?;
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || uri.query().is_some() || uri.authority().is_some_and(|all| all.as_str().contains('@')) {
        return Err("it must name a host, and hold no query, user or password".to_owned());
    }
    let is_local = host == "localhost" || host == "[::1]" || host.parse().is_ok_and(|host: Ipv4Addr| host.is_loopback());
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_local) => {}
        _ => return Err("it must begin with https://, so that the key is not sent in the open".to_owned()),
    }
    let text = text.trim_end_matches('/');
    Ok(text.strip_suffix("/v1").unwrap_or(text).trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn an_address_is_understood_as_the_client_does_it() {
        for (text, base) in [
            ("https://octopusx.ai", Some("https://octopusx.ai")),
            ("https://octopusx.ai/v1/", Some("https://octopusx.ai")),
            ("https://proxy.example/a/v1", Some("https://proxy.example/a")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://octopusx.ai", None),
            ("http://127.evil.example", None),
            ("http://127.evil.example@octopusx.ai", None),
            ("https://me:pass@octopusx.ai", None),
            ("octopusx.ai", None),
            ("https://octopusx.ai?key=1", None),
        ] {
            assert_eq!(base_url(text).ok().as_deref(), base, "{text}");
        }
    }
}
