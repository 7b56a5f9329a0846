//! The key: kept secret, checked before it travels, put where the operation wants it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::operation::Auth;
use crate::request::BuildError;

/// Headers that carry a key and so never leave for another host.
pub(crate) const SECRET_HEADERS: [&str; 6] =
    ["authorization", "x-api-key", "x-goog-api-key", "cookie", "mj-api-secret", "sec-websocket-protocol"];

/// An API key. Its value appears in no Debug, Display or log.
#[derive(Clone, Debug)]
pub(crate) struct Key(Arc<Secret>);

#[derive(Debug)]
struct Secret {
    text: SecretString,
    /// As headers carry it: alone, and behind `Bearer`. Marked as sensitive.
    alone: HeaderValue,
    bearer: HeaderValue,
}

impl Key {
    /// Checks a key before anything is sent.
    pub(crate) fn new(key: &str) -> Result<Self, &'static str> {
        let key = key.trim();
        if key.is_empty() {
            return Err("the API key is empty");
        }
        if key.chars().any(|at| at.is_control() || !at.is_ascii()) {
            return Err(
                "the API key holds a line break, a control character or a character beyond ASCII; was more than the key pasted?",
            );
        }
        if key.contains(' ') {
            return Err("the API key holds a space; give the key alone, without `Bearer`");
        }
        let header = |text: &str| -> Result<HeaderValue, &'static str> {
            let mut value = HeaderValue::from_str(text).map_err(|_| "the API key can't travel in a header")?;
            value.set_sensitive(true);
            Ok(value)
        };
        let (alone, bearer) = (header(key)?, header(&format!("Bearer {key}"))?);
        Ok(Self(Arc::new(Secret { text: key.to_owned().into(), alone, bearer })))
    }

    fn text(&self) -> &str {
        self.0.text.expose_secret()
    }

    /// Adds the header that an operation asks for.
    fn apply(&self, auth: Auth, headers: &mut HeaderMap) {
        let (name, value) = match auth {
            Auth::None | Auth::Session => return,
            Auth::Bearer => (AUTHORIZATION, &self.0.bearer),
            Auth::Header(name) => (HeaderName::from_static(name), &self.0.alone),
        };
        headers.entry(name).or_insert_with(|| value.clone());
    }

    /// Puts the key into a text that travels, where `{key}` stands.
    pub(crate) fn write_into(&self, template: &str) -> String {
        template.replace("{key}", self.text())
    }

    /// A text in which the key, if it stands there, is replaced; also as JSON and addresses write it.
    pub(crate) fn hide(&self, text: &str, shown: &str) -> String {
        let key = self.text();
        let mut text = text.replace(key, shown);
        if key.contains('/') {
            text = text.replace(&key.replace('/', "\\/"), shown);
        }
        if !key.bytes().all(is_plain) {
            text = text.replace(&percent_encoded(key), shown);
        }
        text
    }
}

/// Bytes that addresses never write in another way.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn percent_encoded(key: &str) -> String {
    key.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Why a provider has no key.
type NoKey = Box<dyn std::error::Error + Send + Sync>;
type Providing = Pin<Box<dyn Future<Output = Result<String, NoKey>> + Send>>;

/// Where the key of each call comes from.
#[derive(Clone)]
pub(crate) enum KeySource {
    Fixed(Key),
    /// Asked anew for each call, for keys that change.
    Provider(Arc<dyn Fn() -> Providing + Send + Sync>),
}

impl KeySource {
    pub(crate) fn provider<F, E>(provide: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<NoKey>,
    {
        Self::Provider(Arc::new(move || {
            let key = provide();
            Box::pin(async move { key.await.map_err(Into::into) })
        }))
    }

    /// The key, where it is known without asking.
    pub(crate) fn known(&self) -> Option<&Key> {
        match self {
            Self::Fixed(key) => Some(key),
            Self::Provider(_) => None,
        }
    }

    pub(crate) async fn get(&self) -> Result<Key, BuildError> {
        match self {
            Self::Fixed(key) => Ok(key.clone()),
            Self::Provider(provide) => {
                let key = provide().await.map_err(|error| BuildError {
                    message: format!("the key provider has no key: {error}"),
                    source: Some(error),
                })?;
                Key::new(&key).map_err(BuildError::message)
            }
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.known().is_some() { "Fixed([hidden])" } else { "Provider" })
    }
}

/// Puts the key where the operation wants it; a header that the caller set itself stays.
pub(crate) fn apply(key: &Key, auth: Auth, headers: &mut HeaderMap) -> Result<(), BuildError> {
    match auth {
        Auth::Session if !headers.contains_key(COOKIE) => Err(BuildError::message(
            "this route wants a browser's login session, which a key can't replace; add the session with `.header(\"cookie\", …)`",
        )),
        _ => {
            key.apply(auth, headers);
            Ok(())
        }
    }
}
