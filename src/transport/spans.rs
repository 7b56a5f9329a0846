//! What `tracing` sees of a call: a span with the fields of the OpenTelemetry GenAI conventions.

use bytes::Bytes;
use serde::Deserialize;
use tracing::field::Empty;
use tracing::{Level, Span};

use super::{About, Head};
use crate::body::Payload;
use crate::error::Error;
use crate::redact::redact;
use crate::request::Unsent;

/// The members of a body that the conventions name. Everything else is skipped, not kept.
#[derive(Default)]
struct Facts {
    model: Option<String>,
    usage: Option<serde_json::Value>,
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Facts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Facts, A::Error> {
                let mut facts = Facts::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "model" => facts.model = map.next_value::<serde_json::Value>()?.as_str().map(str::to_owned),
                        "usage" => facts.usage = map.next_value()?,
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(facts)
            }
        }

        deserializer.deserialize_map(Visit)
    }
}

/// The span of a call; costs next to nothing where nobody listens.
pub(super) fn of(unsent: &Unsent) -> Span {
    let operation = unsent.operation;
    let span = tracing::span!(
        Level::INFO,
        "octopusx.call",
        otel.name = operation.id,
        otel.kind = "client",
        gen_ai.operation.name = operation.id,
        gen_ai.provider.name = "octopusx",
        gen_ai.request.model = Empty,
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        http.request.method = %unsent.method,
        http.response.status_code = Empty,
        server.address = unsent.url.host_str(),
        url.path = unsent.url.path(),
        error.type = Empty,
    );
    if !span.is_disabled()
        && let Payload::Bytes(body) = &unsent.body.0
        && let Some(model) = serde_json::from_slice::<Facts>(body).ok().and_then(|facts| facts.model)
    {
        span.record("gen_ai.request.model", model);
    }
    span
}

/// Notes how a whole call ended.
pub(super) fn record_result(span: &Span, result: Result<(Head, Bytes), Error>) -> Result<(Head, Bytes), Error> {
    if span.is_disabled() {
        return result;
    }
    match &result {
        Ok((head, body)) => {
            span.record("http.response.status_code", head.status.as_u16());
            record_facts(span, body);
        }
        Err(error) => {
            if let Some(status) = error.http_status() {
                span.record("http.response.status_code", status.as_u16());
            }
            span.record("error.type", tracing::field::debug(error.kind()));
        }
    }
    result
}

fn record_facts(span: &Span, body: &[u8]) {
    let Ok(facts) = serde_json::from_slice::<Facts>(body) else { return };
    if let Some(model) = facts.model {
        span.record("gen_ai.response.model", model);
    }
    let count =
        |names: [&str; 2]| names.iter().find_map(|name| facts.usage.as_ref()?.get(name)?.as_i64().filter(|count| *count > 0));
    if let Some(tokens) = count(["prompt_tokens", "input_tokens"]) {
        span.record("gen_ai.usage.input_tokens", tokens);
    }
    if let Some(tokens) = count(["completion_tokens", "output_tokens"]) {
        span.record("gen_ai.usage.output_tokens", tokens);
    }
}

/// Bodies are shown at trace level only, without key and signatures.
pub(super) fn body(about: &About, body: &[u8]) {
    if tracing::enabled!(Level::TRACE) {
        let text = redact(&String::from_utf8_lossy(body), Some(&about.key));
        tracing::trace!(operation = about.operation.id, body = text, "body");
    }
}
