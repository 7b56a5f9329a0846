//! What an operation is made of.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use crate::pointer::{Pointer, escape};
use crate::realtime::Socket;
use crate::request::is_json;
use crate::schema::Schema;

/// One method on one path.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) template: String,
    /// It only reads: a GET, or a POST that the document calls idempotent.
    pub(super) reads: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    /// Any of these will do. Empty: open to everybody.
    pub(crate) security: Vec<Alternative>,
    /// The answers that are no failures, those of a success first. A route that nobody has built answers with its 501.
    pub(crate) answers: Vec<Answer>,
    /// The examples of failures.
    pub(crate) errors: Vec<Example>,
    pub(crate) success: Option<Success>,
    pub(crate) stream: Option<StreamRule>,
    pub(crate) faces: Vec<Face>,
    pub(crate) socket: Option<Socket>,
    pub(crate) upload: Option<UploadRule>,
}

impl Operation {
    /// Where it stands in the document.
    pub(super) fn place(&self) -> String {
        format!("/paths/{}/{}", escape(&self.template), self.method.as_str().to_ascii_lowercase())
    }
}

/// A value that a request carries outside its body.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    /// Arrays: each element as a pair of its own, or all in one, between commas.
    pub(crate) explode: bool,
    pub(crate) schema: Schema,
}

/// Where a parameter or a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "path" => Self::Path,
            "query" => Self::Query,
            "header" => Self::Header,
            "cookie" => Self::Cookie,
            _ => return None,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// A body that a request may or must have.
pub(crate) struct RequestBody {
    pub(crate) required: bool,
    pub(crate) media: Vec<Media>,
}

/// One media type of a body or an answer.
pub(crate) struct Media {
    pub(crate) kind: String,
    pub(crate) schema: Option<Schema>,
    /// The schemas that it is one of, where it is a union.
    pub(super) branches: Vec<Schema>,
    pub(crate) examples: Vec<Example>,
}

impl Media {
    pub(crate) fn is_json(&self) -> bool {
        is_json(&self.kind)
    }

    pub(crate) fn is_form(&self) -> bool {
        self.kind == "multipart/form-data"
    }

    pub(crate) fn is_events(&self) -> bool {
        self.kind == "text/event-stream"
    }

    pub(crate) fn is_binary(&self) -> bool {
        let format = self.schema.as_ref().and_then(|schema| schema.raw().get("format")?.as_str());
        format == Some("binary")
    }

    /// The schemas that a value may have, one by one; for a union its branches.
    pub(crate) fn variants(&self) -> impl Iterator<Item = &Schema> {
        let whole = if self.branches.is_empty() { self.schema.as_ref() } else { None };
        whole.into_iter().chain(&self.branches)
    }
}

/// A documented value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Example {
    /// Its name among the examples beside it.
    pub(crate) name: Option<String>,
    /// The branch of a union that it belongs to.
    pub(crate) schema: Option<String>,
    /// The status that a failure comes with.
    pub(crate) status: Option<u16>,
    /// The documentation pages that show it.
    pub(crate) pages: Vec<String>,
    pub(crate) value: Value,
}

/// One documented answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media: Vec<Media>,
}

/// Schemes that are needed together.
pub(crate) type Alternative = Vec<Scheme>;

/// One way to show a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    Bearer,
    Key {
        place: Place,
        name: String,
    },
    /// A kind that no request can satisfy here.
    Other(String),
}

/// What a body must say to be a success.
pub(crate) struct Success {
    pub(crate) at: Pointer,
    pub(crate) values: Vec<Value>,
}

impl Success {
    pub(crate) fn holds(&self, body: &Value) -> bool {
        self.at.read(body).is_some_and(|found| self.values.contains(found))
    }
}

/// When an operation answers with events, and how they end.
#[derive(Default)]
pub(crate) struct StreamRule {
    /// The member of the body that asks for events; without one they always come.
    pub(crate) switch: Option<String>,
    /// A mark that is no event itself.
    pub(crate) end: Option<String>,
    /// The words of the events that are the last.
    pub(crate) last: Vec<String>,
    /// Where an event says that nothing has to follow.
    pub(crate) finish: Vec<Pointer>,
    /// The member of an event that holds its word.
    pub(crate) tag: Option<String>,
}

/// The word `x-upload`: members of the body, and places in the answer.
pub(crate) struct UploadRule {
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) url: Pointer,
    pub(crate) public_url: Pointer,
    pub(crate) expires_in: Option<Pointer>,
    /// Where the answer repeats the media type.
    pub(crate) signed_type: Option<Pointer>,
}

/// One of several methods that share a path and verb.
pub(crate) struct Face {
    pub(crate) id: String,
    /// Header or query parameters that have one value.
    pub(crate) fixed: BTreeMap<String, String>,
    /// It only reads, whatever its neighbours do.
    pub(super) reads: bool,
    /// Its own, where it differs from the operation's.
    pub(crate) security: Option<Vec<Alternative>>,
    pub(crate) body: Option<Schema>,
    pub(crate) answer: Option<String>,
}
