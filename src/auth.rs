//! The key: kept secret, checked once, put where the operation wants it.

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::operation::Auth;
use crate::request::BuildError;

/// An API key. Its value appears in no Debug, Display or log.
#[derive(Clone, Debug)]
pub(crate) struct Key(SecretString);

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
        Ok(Self(key.to_owned().into()))
    }

    /// Adds the header that an operation asks for, marked as sensitive.
    pub(crate) fn apply(&self, auth: Auth, headers: &mut HeaderMap) -> Result<(), BuildError> {
        let (name, text) = match auth {
            Auth::None => return Ok(()),
            Auth::Session if headers.contains_key(COOKIE) => return Ok(()),
            Auth::Session => {
                return Err(BuildError::message(
                    "this route wants a browser's login session, which a key can't replace; add the session with `.header(\"cookie\", …)`",
                ));
            }
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", self.0.expose_secret())),
            Auth::Header(name) => (HeaderName::from_static(name), self.0.expose_secret().to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| BuildError::message("the API key can't travel in a header"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }
}

/// Headers that carry a key and so never leave for another host.
pub(crate) const SECRET_HEADERS: [&str; 5] = ["authorization", "x-api-key", "x-goog-api-key", "cookie", "mj-api-secret"];
