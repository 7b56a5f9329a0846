//! What `tracing` and the middleware see of a call: a span with the fields of the OpenTelemetry GenAI conventions, from the
//! first attempt to the last byte, and every error that ends it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tracing::field::Empty;
use tracing::{Level, Span};

use super::About;
use crate::body::Payload;
use crate::client::Core;
use crate::error::Error;
use crate::middleware::Attempt;
use crate::operation::{Operation, Usage};
use crate::pointer;
use crate::redact::redact;
use crate::request::Unsent;

/// Follows a call to its end. Costs next to nothing where nobody listens.
pub(crate) struct Watch {
    core: Arc<Core>,
    operation: &'static Operation,
    span: Span,
    /// Once an answer came: the attempt's number, and when the call began.
    answered: Option<(u32, Instant)>,
    facts: Facts,
}

/// What answers say of themselves.
#[derive(Default)]
struct Facts {
    chunks: bool,
    model: bool,
    input: Option<i64>,
    output: Option<i64>,
}

impl Watch {
    pub(super) fn new(core: &Arc<Core>, unsent: &Unsent) -> Self {
        let span = span(core.system, unsent);
        Self { core: Arc::clone(core), operation: unsent.operation, span, answered: None, facts: Facts::default() }
    }

    /// For a call that nobody sent.
    #[cfg(fuzzing)]
    pub(crate) fn idle(core: &Arc<Core>, operation: &'static Operation) -> Self {
        Self { core: Arc::clone(core), operation, span: Span::none(), answered: None, facts: Facts::default() }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Notes the head of a successful answer.
    pub(super) fn answered(&mut self, about: &About, status: http::StatusCode) {
        self.answered = Some((about.attempts, about.started));
        self.record_status(status);
    }

    /// OpenTelemetry has signed numbers alone: an unsigned one would become a text.
    fn record_status(&self, status: http::StatusCode) {
        self.span.record("http.response.status_code", i64::from(status.as_u16()));
    }

    /// Notes the error that ended the attempts; the middleware saw it already.
    pub(super) fn gave_up(&self, error: &Error) {
        if let Some(status) = error.http_status() {
            self.record_status(status);
        }
        self.span.record("otel.status_code", "ERROR");
        self.span.record("error.type", tracing::field::debug(error.kind()));
    }

    /// Notes an error after an answer had begun: one that can't be read, or a stream that broke off.
    pub(crate) fn failed(&self, error: &Error) {
        if let Some((number, started)) = self.answered {
            let attempt = Attempt { operation: self.operation, number, elapsed: started.elapsed() };
            self.core.middleware.iter().for_each(|middleware| middleware.on_error(&attempt, error));
        }
        self.span.in_scope(|| tracing::debug!(operation = self.operation.id, error = %error, "failed"));
        self.gave_up(error);
    }

    /// Notes that the answer is a stream of events.
    pub(crate) fn streams(&self) {
        self.span.record("gen_ai.request.stream", true);
    }

    /// Notes an event of a stream.
    pub(crate) fn event(&mut self, data: &str) {
        if self.span.is_disabled() {
            return;
        }
        if let Some((_, started)) = self.answered.filter(|_| !self.facts.chunks) {
            self.facts.chunks = true;
            self.span.record("gen_ai.response.time_to_first_chunk", started.elapsed().as_secs_f64());
        }
        self.whole(data.as_bytes());
    }

    /// Notes what a JSON text says of the model and the tokens.
    pub(super) fn whole(&mut self, json: &[u8]) {
        let Some(usage) = self.operation.usage.filter(|_| !self.span.is_disabled()) else { return };
        let Facts { model, .. } = self.facts;
        let wanted = [usage.input, usage.output, if model { &[] } else { usage.model }];
        if !wanted.into_iter().flatten().any(|pointer| mentions(json, pointer)) {
            return;
        }
        if let Ok(json) = serde_json::from_slice(json) {
            self.note(&usage, &json);
        }
    }

    fn note(&mut self, usage: &Usage, json: &Value) {
        let values = |pointers: &'static [&str]| pointers.iter().flat_map(|pointer| pointer::values(json, pointer));
        let count = |pointers| values(pointers).find_map(|value| value.as_i64().filter(|count| *count > 0));
        let name = values(usage.model).find_map(Value::as_str).filter(|name| !name.is_empty() && !self.facts.model);
        if let Some(name) = name {
            self.facts.model = true;
            self.span.record("gen_ai.response.model", name);
        }
        self.facts.input = count(usage.input).or(self.facts.input);
        self.facts.output = count(usage.output).or(self.facts.output);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(tokens) = self.facts.input {
            self.span.record("gen_ai.usage.input_tokens", tokens);
        }
        if let Some(tokens) = self.facts.output {
            self.span.record("gen_ai.usage.output_tokens", tokens);
        }
    }
}

/// Whether the member that a pointer ends at can be in a text: most events of a stream say nothing of tokens.
fn mentions(json: &[u8], pointer: &str) -> bool {
    let member = pointer.rsplit('/').next().unwrap_or_default();
    memchr::memmem::find(json, member.as_bytes()).is_some()
}

fn span(system: &'static str, unsent: &Unsent) -> Span {
    let operation = unsent.operation;
    let span = tracing::span!(
        Level::INFO,
        "octopusx.call",
        otel.name = operation.id,
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = operation.id,
        gen_ai.provider.name = system,
        gen_ai.request.model = Empty,
        gen_ai.request.stream = Empty,
        gen_ai.response.model = Empty,
        gen_ai.response.time_to_first_chunk = Empty,
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
        && let Ok(body) = serde_json::from_slice::<Value>(body)
        && let Some(model) = body.get("model").and_then(Value::as_str)
    {
        span.record("gen_ai.request.model", model);
    }
    span
}

/// Bodies are shown at trace level only, without key and signatures.
pub(super) fn body(about: &About, body: &[u8]) {
    if tracing::enabled!(Level::TRACE) {
        let text = redact(&String::from_utf8_lossy(body), Some(&about.key));
        tracing::trace!(operation = about.operation.id, body = text, "body");
    }
}
