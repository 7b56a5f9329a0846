//! Answers that a test orders in place of the documented ones.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::answer::{Exchange, json_response};
use crate::failure::Failure;

/// An answer that a test orders.
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    base: Base,
    headers: HeaderMap,
}

#[derive(Debug, Clone)]
enum Base {
    /// The documented body of a failure with this status.
    Status(StatusCode),
    Json(StatusCode, Value),
}

impl Reply {
    fn new(base: Base) -> Self {
        Self { base, headers: HeaderMap::new() }
    }

    /// A failure with this status, in the words and the shape that the operation documents for it.
    ///
    /// # Panics
    /// When the number is no status.
    #[track_caller]
    pub fn status(status: u16) -> Self {
        Self::new(Base::Status(status_of(status)))
    }

    /// A JSON body with status 200.
    pub fn json(body: impl Into<Value>) -> Self {
        Self::new(Base::Json(StatusCode::OK, body.into()))
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When name or value cannot stand in a header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = (name.parse::<HeaderName>().ok()).zip(HeaderValue::from_str(value).ok());
        #[allow(clippy::panic, reason = "a wrong test should say so at once")]
        let Some((name, value)) = header else { panic!("{name}: {value} is no header") };
        self.headers.append(name, value);
        self
    }

    /// Adds `Retry-After`: seconds, or a date.
    #[track_caller]
    pub fn retry_after(self, value: impl ToString) -> Self {
        self.header("retry-after", &value.to_string())
    }

    pub(crate) fn respond(&self, exchange: &Exchange<'_>) -> Response {
        let mut response = match &self.base {
            Base::Status(status) => {
                let reason = status.canonical_reason().unwrap_or("failed");
                let code = reason.to_ascii_lowercase().replace(' ', "_");
                let failure = Failure { status: *status, code: &code, message: reason, words: &[] };
                failure.respond(exchange.document(), exchange.chosen.operation)
            }
            Base::Json(status, body) => json_response(*status, body),
        };
        response.headers_mut().extend(self.headers.clone());
        response
    }
}

#[allow(clippy::panic, reason = "a wrong test should say so at once")]
#[track_caller]
fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or_else(|_| panic!("{status} is no HTTP status"))
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::json(body)
    }
}
