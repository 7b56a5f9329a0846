//! From a typed body to the bytes that travel.

use bytes::Bytes;

use super::Typed;
use crate::operation::Stream;
use crate::request::BuildError;

/// What can be sent as JSON. Sealed: implemented by generated request types only.
pub trait Body: Typed {}

/// Writes the body once; `streams` sets the switch that asks for a stream of events.
pub fn encode(body: &impl Body, stream: Option<&Stream>, streams: bool) -> Result<Bytes, BuildError> {
    let mut json = serde_json::to_vec(body).map_err(BuildError::body)?;
    let Some(stream) = stream else { return Ok(json.into()) };
    if body.extra().is_some_and(|extra| extra.contains_key(stream.switch)) {
        return Err(BuildError::message(format!(
            "`{0}` stands in `extra`, but the method decides it: remove it, and call the `_stream` method for a stream",
            stream.switch
        )));
    }
    if streams {
        let member = format!("{{\"{}\":true{}", stream.switch, if json.starts_with(b"{}") { "" } else { "," });
        json.splice(..1, member.into_bytes());
    }
    Ok(json.into())
}
