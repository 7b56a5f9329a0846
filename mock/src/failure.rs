//! Answers that say no, in the shape that the document gives them.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::check::Violation;
use crate::document::{Document, Example, Operation};
use crate::outgoing::Outgoing;

/// A failure that the document may have an example of.
pub(crate) struct Failure<'f> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'f str,
    pub(crate) message: &'f str,
    /// An example whose text has one of these speaks of this failure.
    pub(crate) words: &'f [&'f str],
}

impl Failure<'_> {
    pub(crate) const KEY: Self = Failure {
        status: StatusCode::UNAUTHORIZED,
        code: "invalid_api_key",
        message: "Invalid API key provided",
        words: &["key", "token"],
    };

    /// The same failure with the status that the document gives it, where an example speaks of it.
    pub(crate) fn documented(self, operation: &Operation) -> Self {
        let example = operation.errors.iter().find(|example| self.is_told_by(example));
        let status = example.and_then(|example| StatusCode::from_u16(example.status?).ok());
        Self { status: status.unwrap_or(self.status), ..self }
    }

    fn is_told_by(&self, example: &Example) -> bool {
        let text = example.value.to_string().to_ascii_lowercase();
        self.words.iter().any(|word| text.contains(word))
    }

    /// The documented example of this failure, or the operation's error shape with its own words in it.
    pub(crate) fn respond(&self, document: &Document, operation: Option<&Operation>) -> Outgoing {
        let status = Some(self.status.as_u16());
        let speaks = |example: &&Example| self.is_told_by(example);
        let errors = operation.map_or(&[][..], |operation| &operation.errors);
        let of_status = || errors.iter().filter(|example| example.status == status);
        let of_any = || errors.iter().filter(|example| example.status.is_none());
        let exact = of_status().find(speaks).or_else(|| of_any().find(speaks)).or_else(|| of_status().next());
        let body = exact.map(|example| example.value.clone()).or_else(|| {
            let shape = errors.first().or_else(|| document.any_error())?;
            self.worded(shape.value.clone())
        });
        Outgoing::json(self.status, body.unwrap_or_else(|| error_object(self.message, self.code)))
    }

    /// Puts the own words where an error shape has its words; none when it has no place for a message.
    fn worded(&self, mut shape: Value) -> Option<Value> {
        let mut put = |pointer: &str, text: &str| {
            let place = shape.pointer_mut(pointer).filter(|place| place.is_string());
            place.map(|place| *place = json!(text)).is_some()
        };
        ["/error/code", "/code"].iter().any(|pointer| put(pointer, self.code));
        let told = ["/error/message", "/message", "/description"].iter().any(|pointer| put(pointer, self.message));
        told.then_some(shape)
    }
}

fn error_object(message: &str, code: &str) -> Value {
    json!({ "error": { "message": message, "type": "invalid_request_error", "param": "", "code": code } })
}

/// No operation has this method and path.
pub(crate) fn no_route(method: &Method, path: &str) -> Outgoing {
    Outgoing::json(StatusCode::NOT_FOUND, error_object(&format!("Invalid URL ({method} {path})"), ""))
}

/// No file of a task lies at this address.
pub(crate) fn no_file(path: &str) -> Outgoing {
    Outgoing::json(StatusCode::NOT_FOUND, error_object(&format!("no task made the file {path}"), "file_not_found"))
}

/// The request is not what the document says.
pub(crate) fn unfit(violations: &[Violation]) -> Outgoing {
    let first = violations.first();
    let mut message = "the request does not fit the document".to_owned();
    if let Some(first) = first {
        let gap = if first.pointer.is_empty() { "" } else { " " };
        message = format!("{message}: {}{gap}{}: {}", first.place, first.pointer, first.message);
    }
    if violations.len() > 1 {
        message = format!("{message} (and {} more)", violations.len() - 1);
    }
    let all = violations.iter().map(|one| json!({ "in": one.place, "pointer": one.pointer, "message": one.message }));
    let mut body = error_object(&message, "schema_violation");
    body["error"]["param"] = json!(first.map_or("", |first| &first.pointer));
    body["error"]["violations"] = all.collect();
    Outgoing::json(StatusCode::UNPROCESSABLE_ENTITY, body)
}

/// The body is larger than anything a test sends on purpose.
pub(crate) fn unreadable_body(problem: &str) -> Outgoing {
    let message = format!("the body could not be read: {problem}");
    Outgoing::json(StatusCode::PAYLOAD_TOO_LARGE, error_object(&message, "body_unreadable"))
}

/// The operation is one of WebSocket, but the request is no handshake.
pub(crate) fn not_spoken() -> Outgoing {
    let message = "this operation opens a WebSocket, and the request does not ask for one";
    let mut response = Outgoing::json(StatusCode::UPGRADE_REQUIRED, error_object(message, "upgrade_required"));
    // The standard asks for it beside this status.
    response.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

/// A request orders an answer that nobody can give.
pub(crate) fn bad_order(problem: &str) -> Outgoing {
    let mut body = error_object(&format!("octopusx-mock: {problem}"), "bad_order");
    body["error"]["type"] = json!("mock_error");
    Outgoing::json(StatusCode::NOT_IMPLEMENTED, body)
}

/// The document, or the mock itself, is at fault.
pub(crate) fn internal(problem: &str) -> Outgoing {
    let mut body = error_object(&format!("octopusx-mock: {problem}"), "mock_failure");
    body["error"]["type"] = json!("mock_error");
    Outgoing::json(StatusCode::INTERNAL_SERVER_ERROR, body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_document_knows_the_status_better() {
        let example = |status, text| json!({"x-status": status, "value": {"message": text}});
        let examples = json!({"a": example(402, "no money"), "b": example(400, "task_not_exist")});
        let response = json!({"content": {"application/json": {"examples": examples}}});
        let root = json!({"paths": {"/t": {"get": {"operationId": "t_get", "responses": {"default": response}}}}});
        let document = Document::parse(&root.to_string()).map_err(|error| error.to_string()).unwrap();
        let failure = |words| Failure { status: StatusCode::NOT_FOUND, code: "gone", message: "no such task", words };
        let status = |words| failure(words).documented(&document.operations[0]).status.as_u16();
        assert_eq!(status(&["task_not_exist"]), 400);
        assert_eq!(status(&["no_such_task"]), 404);
    }

    #[test]
    fn the_own_words_keep_the_shape() {
        let failure = Failure { status: StatusCode::NOT_FOUND, code: "gone", message: "no such task", words: &[] };
        let shape = json!({"code": "x", "message": "y", "data": null});
        assert_eq!(failure.worded(shape).unwrap(), json!({"code": "gone", "message": "no such task", "data": null}));
        let shape = json!({"error": {"code": 7, "message": "y"}});
        assert_eq!(failure.worded(shape).unwrap(), json!({"error": {"code": 7, "message": "no such task"}}));
        assert_eq!(failure.worded(json!([1])), None);
    }
}
