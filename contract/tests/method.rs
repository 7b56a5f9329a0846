//! The rows that the build script writes from the documents: one for each method of the client.

use serde_json::Value;

use crate::json::Back;
use crate::site::{Sent, Site};

/// A method, and all that the document shows of it.
#[derive(Clone, Copy)]
pub struct Method {
    /// `videos_create`, as in `OPERATIONS`.
    pub id: &'static str,
    pub verb: &'static str,
    pub credential: Credential,
    /// What the document names, without the key.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body's member that asks for a stream: set by the method, and no field.
    pub switch: Option<&'static str>,
    /// Where the call arrives when its parameters have the values of their examples.
    pub shown: Address,
    /// The same with free texts of which almost every character must be encoded.
    pub odd: Address,
    /// Opens a WebSocket.
    pub socket: bool,
    pub requests: &'static [Request],
    /// Asks for a whole answer.
    pub whole: Option<fn(&Site) -> Sent>,
    /// Asks for a stream of events.
    pub streamed: Option<fn(&Site) -> Sent>,
    pub answers: &'static [Answer],
    pub failures: &'static [Failure],
    pub events: &'static [Event],
    pub ends: Option<Ends>,
}

/// How the key travels.
#[derive(Clone, Copy)]
pub enum Credential {
    None,
    Bearer,
    Header(&'static str),
    Cookie(&'static str),
}

/// Where a call arrives, decoded.
#[derive(Clone, Copy)]
pub struct Address {
    pub path: &'static [&'static str],
    pub query: &'static [(&'static str, &'static str)],
}

/// One sending.
#[derive(Clone, Copy)]
pub struct Request {
    /// A pointer to the value in the document; empty where nothing is carried.
    pub example: &'static str,
    pub way: Way,
    pub carries: Carries,
    /// Through the method that asks for a stream.
    pub streams: bool,
    pub send: fn(&Site, &Value) -> Result<Sent, String>,
}

/// How the call came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// There is no body.
    Bare,
    /// The body was built by constructors and setters.
    Typed,
    /// The body was read from the example.
    Read,
    /// As typed, with odd parameters.
    Odd,
}

/// What a request has as its body.
#[derive(Clone, Copy)]
pub enum Carries {
    Nothing,
    Json,
    Form { files: &'static [&'static str] },
}

/// A success that the document shows.
#[derive(Clone, Copy)]
pub struct Answer {
    pub status: u16,
    pub holds: Holds,
}

/// What an answer's body is.
#[derive(Clone, Copy)]
pub enum Holds {
    Nothing,
    /// The value that a pointer names.
    Json(&'static str),
    /// Bytes of this media type.
    Bytes(&'static str),
}

/// A failure that the document shows.
#[derive(Clone, Copy)]
pub struct Failure {
    pub status: u16,
    pub example: &'static str,
    /// It is one also when it comes with a success status.
    pub inside_success: bool,
    /// The same, instead of a stream.
    pub inside_stream: bool,
}

/// An event that the document shows.
pub struct Event {
    pub example: &'static str,
    /// Reads it as its type and writes it back.
    pub read: fn(&str) -> Result<Back, String>,
    /// Builds it by constructors and setters, where it is one to send.
    pub built: Option<fn() -> Result<Back, String>>,
}

/// How a stream is complete.
#[derive(Clone, Copy)]
pub struct Ends {
    /// The member that names an event's kind.
    pub tag: Option<&'static str>,
    /// The data behind the last event.
    pub mark: Option<&'static str>,
    /// Kinds of events that are the last.
    pub last: &'static [&'static str],
    /// Whether the stream may also end with the body, after an event that says so.
    pub finish: bool,
}

/// A value that was made from a schema, with all members that the document describes.
pub struct Shape {
    pub schema: &'static str,
    pub value: &'static str,
    pub read: fn(&str) -> Result<Back, String>,
    /// Builds it by constructors and setters, where the type is one to send.
    pub built: Option<fn() -> Result<Back, String>>,
}
