//! Opens the WebSocket: what the request asks for, and what the answer must show.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};

use super::Settings;
use super::link::Link;
use crate::auth::{self, Key};
use crate::client::Core;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{BuildError, Unsent};
use crate::transport::{self, Head};

/// Nobody waits as long for a handshake as for a model's answer.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What RFC 6455 appends to the nonce.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Opens a connection.
pub(super) async fn open(core: &Arc<Core>, unsent: Unsent, settings: &Settings) -> Result<Link, Error> {
    let limit = unsent.options.timeout.unwrap_or_else(|| core.timeouts.whole.min(HANDSHAKE));
    connect(core, unsent, settings, Some(limit)).await
}

/// Opens a connection in the place of one that broke: each attempt has its limit, all together have none.
pub(super) async fn reopen(core: &Arc<Core>, mut unsent: Unsent, settings: &Settings) -> Result<Link, Error> {
    let limit = unsent.options.timeout.take().unwrap_or(HANDSHAKE);
    unsent.options.first_byte_timeout.get_or_insert(limit);
    connect(core, unsent, settings, None).await
}

async fn connect(core: &Arc<Core>, unsent: Unsent, settings: &Settings, limit: Option<Duration>) -> Result<Link, Error> {
    let idle = unsent.options.idle_timeout.unwrap_or(core.timeouts.idle);
    let largest = settings.largest.unwrap_or(core.max_event.get());
    let (head, stream) = transport::upgrade(core, Box::new(unsent), limit, check).await?;
    Ok(Link::new(stream, head, settings.ping_every.unwrap_or(idle), idle, largest))
}

/// Adds what a request needs to become a WebSocket, and the key.
pub(crate) fn prepare(
    key: &Key,
    operation: &'static Operation,
    settings: &Settings,
    headers: &mut HeaderMap,
) -> Result<(), BuildError> {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    renew(headers);
    let Some(socket) = operation.websocket.filter(|_| settings.key_in_protocol) else {
        return auth::apply(key, operation.auth, headers);
    };
    if socket.protocols.is_empty() {
        return Err(BuildError::message("this route takes no key in a sub-protocol"));
    }
    let mut words: Vec<String> = socket.protocols.iter().map(|word| key.write_into(word)).collect();
    if let Some(older) = socket.older.filter(|_| asks_for_older(operation, headers)) {
        headers.remove(older.header.0);
        words.push(older.protocol.to_owned());
    }
    if words.iter().any(|word| !word.bytes().all(is_token)) {
        return Err(BuildError::message("the API key holds a character that a sub-protocol can't; send it in the header"));
    }
    let mut value =
        HeaderValue::from_str(&words.join(", ")).map_err(|_| BuildError::message("the API key can't travel in a header"))?;
    value.set_sensitive(true);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
    Ok(())
}

/// What RFC 9110 allows in a token.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether headers ask for the older form of the events, in either way.
pub(super) fn asks_for_older(operation: &Operation, headers: &HeaderMap) -> bool {
    let Some(older) = operation.websocket.and_then(|socket| socket.older) else { return false };
    let (name, value) = older.header;
    let protocols = || headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    headers.get(name).is_some_and(|found| found == value) || protocols().split(',').any(|word| word.trim() == older.protocol)
}

/// A new nonce: each connection has its own.
pub(crate) fn renew(headers: &mut HeaderMap) {
    let mut nonce = [0; 16];
    if getrandom::fill(&mut nonce).is_err() {
        // It only tells one connection from another.
        nonce = fastrand::u128(..).to_ne_bytes();
    }
    if let Ok(value) = HeaderValue::from_str(&STANDARD.encode(nonce)) {
        headers.insert(SEC_WEBSOCKET_KEY, value);
    }
}

/// Whether the gateway really changed to the protocol that was asked for.
fn check(asked: &HeaderMap, head: &Head) -> Result<(), String> {
    let said = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wrong = |what: &str| Err(format!("the gateway switched protocols, but {what}"));
    if !said(UPGRADE).eq_ignore_ascii_case("websocket") {
        return wrong("not to WebSocket");
    }
    if !said(CONNECTION).split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade")) {
        return wrong("its `Connection` does not say so");
    }
    if accepted(asked) != said(SEC_WEBSOCKET_ACCEPT).trim() {
        return wrong("its `Sec-WebSocket-Accept` is not the answer to this request; is a cache or proxy in between?");
    }
    if !said(SEC_WEBSOCKET_EXTENSIONS).trim().is_empty() {
        return wrong("with an extension that nobody asked for");
    }
    let chosen = said(SEC_WEBSOCKET_PROTOCOL).trim();
    let offered = asked.get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !chosen.is_empty() && !offered.split(',').any(|word| word.trim() == chosen) {
        return wrong("to a sub-protocol that nobody offered");
    }
    Ok(())
}

/// What `Sec-WebSocket-Accept` must be.
fn accepted(asked: &HeaderMap) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(asked.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default());
    hash.update(GUID.as_bytes());
    STANDARD.encode(hash.digest().bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_of_the_standard() {
        let headers = HeaderMap::from_iter([(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="))]);
        assert_eq!(accepted(&headers), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn nonces_differ() {
        let nonce = || {
            let mut headers = HeaderMap::new();
            renew(&mut headers);
            headers.remove(SEC_WEBSOCKET_KEY)
        };
        assert!(nonce().is_some_and(|one| Some(one) != nonce()));
    }
}
