//! WebSockets: an operation with the word `x-websocket`, answered as a conversation of its documented events.

mod forms;
mod script;
mod serve;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

pub(crate) use script::Sessions;
pub use script::{SessionFault, SessionScript};
pub(crate) use serve::Opening;

use crate::answer::Exchange;
use crate::document::Operation;
use crate::failure;
use crate::outgoing::{Content, Outgoing};
use crate::request::Incoming;
use crate::schema::Schema;

/// What RFC 6455 appends to the nonce.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a document says of a WebSocket.
pub(crate) struct Socket {
    /// The schema of each event that a client may send, by the event's name.
    client: BTreeMap<String, Schema>,
    /// The examples of the server's events, in the document's order.
    server: Vec<Value>,
    /// The beginning of the sub-protocol that carries the key.
    key_prefix: Option<String>,
    older: Older,
}

/// The older form of the events.
#[derive(Default)]
struct Older {
    header: Vec<(String, String)>,
    protocol: Option<String>,
    /// Newer name → older name.
    names: BTreeMap<String, String>,
    settings: Vec<forms::Settings>,
}

impl Socket {
    /// Reads the word; what is missing in it is missing in the conversation.
    pub(crate) fn read(word: &Value, root: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mapping = word["client"].as_str().map(|name| &root["components"]["schemas"][name]["discriminator"]["mapping"]);
        let mapping = mapping.and_then(Value::as_object);
        let schemas = mapping
            .into_iter()
            .flat_map(Map::iter)
            .filter_map(|(name, target)| Some((name.clone(), Schema::named(target.as_str()?.rsplit('/').next()?))));
        let named = word["examples"]["server"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let server = named.map(|name| root["components"]["examples"][name]["value"].clone()).filter(Value::is_object);
        let protocols = word["protocols"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let pairs = |value: &Value| -> Vec<(String, String)> {
            let members = value.as_object().into_iter().flat_map(Map::iter);
            members.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
        };
        let older = &word["older"];
        Self {
            client: schemas.collect(),
            server: server.collect(),
            key_prefix: protocols.filter_map(|word| word.strip_suffix("{key}")).map(str::to_owned).next(),
            older: Older {
                header: pairs(&older["header"]),
                protocol: text(&older["protocol"]),
                names: pairs(&older["events"]).into_iter().map(|(older, newer)| (newer, older)).collect(),
                settings: forms::Settings::read(older),
            },
        }
    }

    fn asks_for_older(&self, incoming: &Incoming) -> bool {
        let by_header = |(name, value): &(String, String)| incoming.header(name) == Some(value);
        let protocol = self.older.protocol.as_deref();
        self.older.header.iter().any(by_header) || protocols(incoming).any(|word| Some(word) == protocol)
    }
}

fn protocols(incoming: &Incoming) -> impl Iterator<Item = &str> {
    incoming.header("sec-websocket-protocol").unwrap_or_default().split(',').map(str::trim)
}

/// Whether a request shows the key in a sub-protocol.
pub(crate) fn shows_key(operation: &Operation, incoming: &Incoming, key: &str) -> bool {
    let prefix = operation.socket.as_ref().and_then(|socket| socket.key_prefix.as_deref());
    prefix.is_some_and(|prefix| protocols(incoming).any(|word| word.strip_prefix(prefix) == Some(key)))
}

/// The answer to a handshake, and the conversation that follows it.
pub(crate) fn respond(exchange: &Exchange<'_>) -> Outgoing {
    let incoming = exchange.incoming;
    let says = |name: &str, word: &str| {
        let value = incoming.header(name).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let nonce = incoming.headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let version = incoming.header(SEC_WEBSOCKET_VERSION.as_str()) == Some("13");
    let (Some(nonce), true, true, true) = (nonce, version, says("connection", "upgrade"), says("upgrade", "websocket")) else {
        return failure::not_spoken();
    };
    let Some(socket) = &exchange.chosen.operation.socket else { return failure::not_spoken() };
    let mut response = Outgoing::new(StatusCode::SWITCHING_PROTOCOLS, Content::Whole(Bytes::new()));
    let headers = &mut response.headers;
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept(nonce)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    // The first one that carries no key.
    let harmless = |word: &&str| socket.key_prefix.as_ref().is_none_or(|prefix| !word.starts_with(prefix.as_str()));
    if let Some(protocol) = protocols(incoming).find(harmless).and_then(|word| HeaderValue::try_from(word).ok())
        && !protocol.is_empty()
    {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let opening = Opening {
        document: Arc::clone(&exchange.system.document),
        operation: exchange.chosen.operation.id.clone(),
        model: incoming.query("model").map(str::to_owned),
        older: socket.asks_for_older(incoming),
        pause: exchange.system.chunk_pause,
        sessions: Arc::clone(&exchange.system.sessions),
        script: exchange.system.sessions.script(),
    };
    response.socket = Some(Box::new(opening));
    response
}

fn accept(nonce: &[u8]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(nonce);
    hash.update(GUID.as_bytes());
    STANDARD.encode(hash.digest().bytes())
}

/// A fault that waits this long has its effect.
const FOREVER: Duration = Duration::from_secs(3600);
