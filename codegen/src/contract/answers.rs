//! What a method's row says of answers, failures and events.

use super::examples::{self, Example};
use super::{Mode, Writing, failures, mode, option};
use crate::model::{Answer, Face, Kind, Operation, Stream, Type};
use crate::text::literal;

impl Writing<'_> {
    /// Values of `Answer`.
    pub(super) fn answers(&self, operation: &Operation, face: &Face) -> Vec<String> {
        let mut rows = Vec::new();
        let mut row = |status: u64, holds: &str| rows.push(format!("Answer {{ status: {status}, holds: Holds::{holds} }}"));
        let answers = examples::answers(self.document, operation);
        for answer in answers.iter().filter(|answer| answer.is_success() && mode(operation) != Mode::Streams) {
            if answer.media.is_empty() {
                row(answer.plain_status(), "Nothing");
            }
            for media in &answer.media {
                if media.binary {
                    row(answer.plain_status(), &format!("Bytes({})", literal(media.name)));
                }
                for example in media.examples.iter().filter(|example| media.is_json() && gives(operation, face, example)) {
                    row(answer.status_of(example), &format!("Json({})", literal(&example.value_pointer())));
                }
            }
        }
        rows
    }

    /// Values of `Failure`.
    pub(super) fn failures(&self, operation: &Operation, face: &Face) -> Vec<String> {
        let mut rows = Vec::new();
        for answer in examples::answers(self.document, operation).iter().filter(|answer| answer.is_failure()) {
            for example in answer.media.iter().filter(|media| media.is_json()).flat_map(|media| &media.examples) {
                rows.push(format!(
                    "Failure {{ status: {}, example: {}, inside_success: {}, inside_stream: {} }}",
                    answer.status_of(example),
                    literal(&example.value_pointer()),
                    failures::inside_success(self.api, operation, face, example.value),
                    failures::says_failure(example.value).is_some(),
                ));
            }
        }
        rows
    }

    /// The fields `events` and `ends`.
    pub(super) fn events(&mut self, operation: &Operation) -> String {
        let mut rows = Vec::new();
        if let Some(crate::model::WebSocket { client, server, .. }) = &operation.websocket {
            for example in examples::socket_events(self.document, operation, "client") {
                let built = self.built(client, example.value, &example.value_pointer());
                rows.push(self.event(client, &example, built));
            }
            let events = examples::socket_events(self.document, operation, "server");
            rows.extend(events.iter().map(|example| self.event(server, example, None)));
        }
        if let Some(stream) = &operation.stream {
            for answer in examples::answers(self.document, operation) {
                let media = answer.media.iter().filter(|media| media.name == "text/event-stream");
                rows.extend(media.flat_map(|media| &media.examples).map(|example| self.event(&stream.event, example, None)));
            }
        }
        let ends = operation.stream.as_ref().map(|stream| self.ends(stream));
        format!("events: &[{}], ends: {}", rows.join(", "), option(ends))
    }

    fn event(&self, schema: &str, example: &Example<'_>, built: Option<String>) -> String {
        let ty = self.expressions.path(&Type::Named(schema.to_owned()));
        let pointer = literal(&example.value_pointer());
        format!("Event {{ example: {pointer}, read: back::<{ty}>, built: {} }}", option(built))
    }

    fn ends(&self, stream: &Stream) -> String {
        let tag = match self.api.schemas.get(&stream.event).map(|schema| &schema.kind) {
            Some(Kind::Tagged { tag, .. }) => Some(literal(tag)),
            _ => None,
        };
        let last: Vec<String> = stream.last.iter().map(|word| literal(word)).collect();
        format!(
            "Ends {{ tag: {}, mark: {}, last: &[{}], finish: {} }}",
            option(tag),
            option(stream.end.as_deref().map(literal)),
            last.join(", "),
            !stream.finish.is_empty()
        )
    }
}

/// Whether an example answer is one that a face gives.
pub(super) fn gives(operation: &Operation, face: &Face, example: &Example<'_>) -> bool {
    match (&face.answer, example.schema) {
        (Answer::Json(_), _) if operation.faces.len() == 1 => true,
        (Answer::Json(Type::Named(name)), Some(schema)) => name == schema,
        _ => false,
    }
}
