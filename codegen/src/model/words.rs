//! What the document says in its own words (`x-`): success, usage, streams, WebSockets, tasks, uploads.

use super::{Face, Operation};

/// `x-success`: the place and the values that mean success, as JSON texts.
#[derive(Clone, Debug)]
pub struct Success {
    /// A JSON pointer.
    pub at: String,
    /// JSON values.
    pub values: Vec<serde_json::Value>,
}

/// `x-usage`: JSON pointers into an answer or an event.
#[derive(Clone, Debug)]
pub struct Usage {
    /// To the model that answered.
    pub model: Vec<String>,
    /// To the number of tokens that went in.
    pub input: Vec<String>,
    /// To the number of tokens that came out.
    pub output: Vec<String>,
}

/// `x-stream`.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The body's property that asks for a stream; `None` when the operation always streams.
    pub switch: Option<String>,
    /// The data of the last event.
    pub end: Option<String>,
    /// Tags of the events after which the stream is complete.
    pub last: Vec<String>,
    /// JSON pointers: once an event has a value at one of them, the stream may end with the body.
    pub finish: Vec<String>,
    /// The same where the protocol has another end, which some gateways leave out.
    pub enough: Vec<String>,
    /// JSON pointers: an event with a value at one of them failed.
    pub failure: Vec<String>,
    /// The schema of one event.
    pub event: String,
}

/// `x-websocket`.
#[derive(Clone, Debug)]
pub struct WebSocket {
    /// The schema of the client's events.
    pub client: String,
    /// The schema of the server's events.
    pub server: String,
    /// Sub-protocols that carry the key in place of a header; `{key}` stands for it.
    pub protocols: Vec<String>,
    /// The older form of the events, where there are two.
    pub older: Option<Older>,
}

/// `x-websocket/older`.
#[derive(Clone, Debug)]
pub struct Older {
    /// The header that asks for it, and its value.
    pub header: (String, String),
    /// The sub-protocol that asks for it.
    pub protocol: String,
    /// Names of events: older, newer.
    pub events: Vec<(String, String)>,
    /// How settings are written in either form.
    pub settings: Vec<Settings>,
}

/// `x-websocket/older/settings`: the settings in one event of the client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The event's name: older, newer.
    pub event: (String, String),
    /// JSON pointer: the member that holds the settings.
    pub at: String,
    /// Members that only the newer form writes, with their words.
    pub says: Vec<(String, String)>,
    /// Where the same setting stands.
    pub places: Vec<Setting>,
    /// JSON pointers: settings that only one form has, the older or the newer one.
    pub alone: (Vec<String>, Vec<String>),
}

/// One setting that both forms have.
#[derive(Clone, Debug)]
pub struct Setting {
    /// JSON pointers: older, newer.
    pub place: (String, String),
    /// Values that differ, as JSON: older, newer. Empty where they are the same.
    pub values: Vec<(String, String)>,
}

/// `x-task`.
#[derive(Clone, Debug, Default)]
pub struct TaskShape {
    /// Pointers to the id.
    pub id: Vec<String>,
    /// Pointers to the state's word.
    pub status: Vec<String>,
    /// Pointers to the progress.
    pub progress: Vec<String>,
    /// Pointers to result addresses.
    pub urls: Vec<String>,
    /// Pointers to what went wrong.
    pub error: Vec<String>,
    /// The method that asks for the state, as `<tag>_<method>`.
    pub query: String,
    /// How that method's body is made of the id, where the id does not travel in the address.
    pub query_body: Option<QueryBody>,
    /// The operation that serves the result's bytes.
    pub content: Option<String>,
    /// What these tasks are called; on the answer of the query alone.
    pub kind: Option<String>,
    /// Words of an error that say that nobody knows the id, where its status does not.
    pub not_found: Vec<String>,
    /// Words of the state that say that the task waits for its owner.
    pub input: Vec<String>,
    /// Pointers to results that stand in the answer itself.
    pub inline: Vec<String>,
    /// When a task has no result with an address: the place of a word, and the words.
    pub no_media: Option<(String, Vec<String>)>,
    /// The method that asks about several at once, as `<tag>_<method>`.
    pub batch: Option<String>,
}

/// How several tasks are asked about at once.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Its method.
    pub face: &'a Face,
    /// The schema of its body, which is made of the ids alone.
    pub body: &'a str,
    /// Where the answer lists the tasks; empty for the answer itself.
    pub items: String,
    /// What a listed task says of itself.
    pub shape: &'a TaskShape,
}

/// `x-task/query_body`.
#[derive(Clone, Debug)]
pub struct QueryBody {
    /// The body's schema.
    pub schema: String,
    /// The body's property that holds the id.
    pub id: String,
    /// Other properties, with the value that they always have here.
    pub fixed: Vec<(String, serde_json::Value)>,
}

/// `x-upload`: members of the body, and pointers into the answer.
#[derive(Clone, Debug)]
pub struct UploadShape {
    /// The body's member for the file's name.
    pub file_name: String,
    /// The body's member for its media type.
    pub content_type: String,
    /// Where the file is to be put.
    pub url: String,
    /// Where it can be fetched.
    pub public_url: String,
    /// How it is to be put.
    pub method: Option<String>,
    /// Headers to be sent along.
    pub headers: Option<String>,
    /// How many seconds the address works.
    pub expires_in: Option<String>,
    /// The media type that the address was made for.
    pub signed_type: Option<String>,
}
