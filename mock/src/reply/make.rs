//! From an order to the answer.

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::Value;

use super::{Base, Change, Reply};
use crate::answer::{Exchange, Form};
use crate::document::{Document, Operation, StreamRule};
use crate::event::{Data, Event};
use crate::failure::{self, Failure};
use crate::outgoing::{Content, Outgoing, Pieces};
use crate::schema::Schemas;
use crate::stream;

/// Stands where bytes are to come that no text can hold.
pub(super) const INVALID: &str = "(no UTF-8)";
const NO_UTF8: &[u8] = b"\xC3(\xFF";

/// What a document says of the answer.
struct Terms<'t> {
    schemas: &'t Schemas,
    /// Of the whole answer, and of an event.
    whole: &'t Value,
    event: &'t Value,
    rule: Option<&'t StreamRule>,
}

impl Reply {
    /// Whether the usual answer is to be a stream.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Answers a request; `Err` says what the document lacks.
    pub(crate) fn respond(
        &self,
        exchange: &Exchange<'_>,
        usual: &dyn Fn() -> Result<Outgoing, String>,
    ) -> Result<Outgoing, String> {
        let operation = exchange.chosen.operation;
        let events = |events: &[Value]| {
            let events = stream::events(operation.stream.as_ref(), events.to_vec());
            let mut answer = Outgoing::events(StatusCode::OK, events);
            answer.pause = exchange.system.chunk_pause;
            answer
        };
        let base = match &self.base {
            Base::Usual => usual()?,
            Base::Events(list) => events(list),
            other => fixed(other, exchange.document(), Some(operation)),
        };
        let media = || operation.answers.iter().flat_map(|answer| &answer.media);
        let of_media = |events: bool| {
            let media = media().find(|media| if events { media.is_events() } else { media.is_json() });
            media.and_then(|media| media.schema.as_ref()).map_or(&Value::Bool(true), |schema| schema.raw())
        };
        let face = exchange.chosen.face.and_then(|face| face.answer.as_deref());
        let face = face.and_then(|name| exchange.document().schemas.get(name));
        let terms = Terms {
            schemas: &exchange.document().schemas,
            whole: face.unwrap_or_else(|| of_media(false)),
            event: of_media(true),
            rule: operation.stream.as_ref(),
        };
        Ok(self.spoil(base, &terms))
    }

    /// Answers a request for a file that a task has made.
    pub(crate) fn respond_to_file(&self, document: &Document, usual: &dyn Fn() -> Outgoing) -> Outgoing {
        let base = match &self.base {
            Base::Usual => usual(),
            Base::Events(_) => return failure::bad_order("a file is no stream"),
            other => fixed(other, document, None),
        };
        let (whole, event) = (&Value::Bool(true), &Value::Bool(true));
        self.spoil(base, &Terms { schemas: &document.schemas, whole, event, rule: None })
    }

    fn spoil(&self, mut answer: Outgoing, terms: &Terms<'_>) -> Outgoing {
        answer.status = self.status.unwrap_or(answer.status);
        answer.pause = self.pause.unwrap_or(answer.pause);
        answer.delay = self.delay;
        self.spoil_values(&mut answer.content, terms);
        if self.as_event
            && let Content::Json(value) = answer.content
        {
            answer.content = Content::Events(vec![Event::json(None, value)]);
            answer = answer.labelled("text/event-stream");
        }
        if let Content::Events(events) = &mut answer.content {
            self.edits.iter().for_each(|edit| edit.apply(events, terms.rule));
            answer.content = Content::Pieces(self.style.write(events));
        } else if !self.edits.is_empty() || !self.style.is_usual() {
            return failure::bad_order("events are to be changed in an answer that has none: did the request ask for a stream?");
        }
        self.spoil_bytes(&mut answer);
        for (name, value) in &self.headers {
            answer.headers.append(name, value.clone());
        }
        match self.label.as_deref() {
            None => {}
            Some("") => _ = answer.headers.remove(header::CONTENT_TYPE),
            Some(label) => answer = answer.labelled(label),
        }
        answer.broken.clone_from(&self.broken);
        answer
    }

    fn spoil_values(&self, content: &mut Content, terms: &Terms<'_>) {
        for change in &self.values {
            match content {
                Content::Json(value) => change.apply(value, terms.schemas, terms.whole, true),
                Content::Events(events) => {
                    for (at, event) in events.iter_mut().enumerate() {
                        if let Data::Json(value) = &mut event.data {
                            change.apply(value, terms.schemas, terms.event, at == 0);
                        }
                    }
                }
                Content::Whole(_) | Content::Pieces(_) => {}
            }
        }
    }

    fn spoil_bytes(&self, answer: &mut Outgoing) {
        if let Content::Json(value) = &answer.content {
            answer.content = Content::Whole(Bytes::from(value.to_string()));
        }
        match &mut answer.content {
            _ if !self.values.iter().any(|change| matches!(change, Change::Add(mark) if mark == INVALID)) => {}
            Content::Whole(bytes) => *bytes = with_invalid(bytes),
            Content::Pieces(pieces) => pieces.queue.iter_mut().for_each(|(_, piece)| *piece = with_invalid(piece)),
            Content::Json(_) | Content::Events(_) => {}
        }
        let Some(size) = self.pieces else { return };
        answer.headers.remove(header::CONTENT_LENGTH);
        let (whole, stalls) = match std::mem::replace(&mut answer.content, Content::Whole(Bytes::new())) {
            Content::Whole(bytes) => (bytes, false),
            Content::Pieces(pieces) => (pieces.queue.iter().flat_map(|(_, piece)| piece.clone()).collect(), pieces.stalls),
            Content::Json(_) | Content::Events(_) => (Bytes::new(), false),
        };
        let mut pieces = Pieces::new((0..whole.len()).step_by(size).map(|at| whole.slice(at..whole.len().min(at + size))));
        pieces.stalls = stalls;
        if self.pause.is_none() {
            // Otherwise the pace of events would be that of bytes.
            answer.pause = Duration::ZERO;
        }
        answer.content = Content::Pieces(pieces);
    }
}

/// An answer that does not depend on the request.
fn fixed(base: &Base, document: &Document, operation: Option<&Operation>) -> Outgoing {
    match base {
        Base::Failure(status) => {
            let reason = status.canonical_reason().unwrap_or("failed");
            let code = reason.to_ascii_lowercase().replace(' ', "_");
            Failure { status: *status, code: &code, message: reason, words: &[] }.respond(document, operation)
        }
        Base::Json(body) => Outgoing::json(StatusCode::OK, body.clone()),
        Base::Whole(kind, body) if kind.is_empty() => Outgoing::new(StatusCode::OK, Content::Whole(body.clone())),
        Base::Whole(kind, body) => Outgoing::whole(StatusCode::OK, kind, body.clone()),
        Base::Usual | Base::Events(_) => failure::internal("this answer depends on the request"),
    }
}

fn with_invalid(bytes: &Bytes) -> Bytes {
    let mark = INVALID.as_bytes();
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    found.map_or_else(|| bytes.clone(), |at| [&bytes[..at], NO_UTF8, &bytes[at + mark.len()..]].concat().into())
}
