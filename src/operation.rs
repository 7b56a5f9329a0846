//! What the document says about a route, for the code that sends and reads.

use http::Method;

/// One operation of the gateway's document, as a method of this client calls it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) auth: Auth,
    pub(crate) idempotent: bool,
    pub(crate) success: Option<Success>,
    pub(crate) stream: Option<Stream>,
    pub(crate) usage: Option<Usage>,
    /// The member of the JSON answer that an answer in plain text stands for.
    pub(crate) plain_text: Option<&'static str>,
    /// Headers and query parameters that always have this value.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) queries: &'static [(&'static str, &'static str)],
    /// Whether the document lists 409: a conflict that passes.
    pub(crate) lists_conflict: bool,
    pub(crate) websocket: Option<WebSocket>,
}

/// How the key travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    None,
    Bearer,
    Header(&'static str),
    /// A browser's login session: nothing that a key could replace.
    Session,
}

/// What a 2xx body must say to be a success; values are JSON texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Success {
    pub(crate) at: &'static str,
    pub(crate) values: &'static [&'static str],
}

/// Where an answer or an event names its model and the tokens used: JSON pointers, the first that leads to something counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) model: &'static [&'static str],
    pub(crate) input: &'static [&'static str],
    pub(crate) output: &'static [&'static str],
}

/// How an operation is asked for a stream of events, and how the stream ends.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// The body's member that asks for it; `None` when the operation always streams.
    pub(crate) switch: Option<&'static str>,
    /// The data of the last event.
    pub(crate) end: Option<&'static str>,
    /// Tags of the events after which the stream is complete.
    pub(crate) last: &'static [&'static str],
    /// JSON pointers; once an event has a value at one of them, the stream may end with the body.
    pub(crate) finish: &'static [&'static str],
    /// JSON pointers; an event with a value at one of them failed.
    pub(crate) failure: &'static [&'static str],
}

/// What the document says of a WebSocket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebSocket {
    /// Sub-protocols that carry the key in place of a header; `{key}` stands for it.
    pub(crate) protocols: &'static [&'static str],
    pub(crate) older: Option<Older>,
}

/// How the older form of a WebSocket's events is asked for, and by which names it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Older {
    pub(crate) header: (&'static str, &'static str),
    pub(crate) protocol: &'static str,
    /// Older, newer.
    pub(crate) events: &'static [(&'static str, &'static str)],
    pub(crate) settings: &'static [Settings],
}

/// How the settings in one event of the client are written in both forms; of each pair the first is the older one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The event's names.
    pub(crate) event: (&'static str, &'static str),
    /// JSON pointer: the member that holds the settings. All other pointers begin there.
    pub(crate) at: &'static str,
    /// Members that only the newer form writes, with their words.
    pub(crate) says: &'static [(&'static str, &'static str)],
    pub(crate) places: &'static [Setting],
    /// What only one of them has.
    pub(crate) alone: (&'static [&'static str], &'static [&'static str]),
}

/// A setting that both forms have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) place: (&'static str, &'static str),
    /// Values that differ, as JSON.
    pub(crate) values: &'static [(&'static str, &'static str)],
}

impl Operation {
    /// A request that no document describes.
    pub(crate) const fn undocumented(id: &'static str, method: Method, auth: Auth, idempotent: bool) -> Self {
        Self {
            id,
            method,
            path: "",
            auth,
            idempotent,
            headers: &[],
            queries: &[],
            success: None,
            stream: None,
            usage: None,
            plain_text: None,
            lists_conflict: false,
            websocket: None,
        }
    }

    /// `videos_create`: the tag and the method's name.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path as the document writes it, with its parameters in braces.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Whether sending it twice does no harm: GET, HEAD, and what the document marks so.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether the answer can be a stream of events.
    #[must_use]
    pub fn can_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether it opens a WebSocket.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        self.websocket.is_some()
    }
}
