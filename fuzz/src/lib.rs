//! What every target demands of a stream: no panic, the same events from the same bytes however they are cut, and events
//! that survive being written and read again.

mod reference;

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use octopusx::bytes::Bytes;
use octopusx::fuzzing::{self, Read, Typed};
use octopusx::{Collect, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const LARGE: NonZeroUsize = NonZeroUsize::new(64 << 20).unwrap();
const SMALL: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// Reads a body as the events of an operation, in several cuts.
pub fn stream<T>(operation: &str, body: &[u8])
where
    T: Collect<Whole: Serialize> + for<'de> Read<'de> + Typed + DeserializeOwned + Send + 'static,
{
    let whole = told::<T>(operation, vec![Bytes::copy_from_slice(body)]);
    for pieces in cuts(body) {
        assert_eq!(whole, told::<T>(operation, pieces));
    }
}

/// Takes a body apart into messages, as the standard says, in several cuts.
pub fn framing(body: &[u8]) {
    let expected = Ok(reference::messages(body));
    assert_eq!(expected, fuzzing::messages(&[Bytes::copy_from_slice(body)], LARGE));
    for pieces in cuts(body) {
        assert_eq!(expected, fuzzing::messages(&pieces, LARGE));
        // What is too large depends on no cut, and what is given out before it is right.
        if let Ok(messages) = fuzzing::messages(&pieces, SMALL) {
            assert_eq!(expected, Ok(messages));
        }
    }
}

/// What an error must be, whatever it was made of.
pub fn well_formed(error: &Error) -> String {
    let line = error.to_string();
    assert!(!line.trim().is_empty() && !line.chars().any(char::is_control), "{line:?}");
    if let Some(api) = error.api() {
        assert!(!api.message().trim().is_empty() && api.message().chars().count() <= 501, "{api:?}");
    }
    // Of what stands between events as much is kept as had arrived.
    let line = line.split("; in place of more").next().unwrap_or_default();
    let body = error.body().filter(|_| !error.is_truncated());
    let mut all = format!("{line} | {:?} | {:?} | {body:?}", error.api(), error.json_path());
    for (name, holds) in [
        ("truncated", error.is_truncated()),
        ("decode", error.is_decode()),
        ("retryable", error.is_retryable()),
        ("quota", error.is_quota()),
        ("maybe billed", error.may_have_been_processed()),
    ] {
        let _ = write!(all, " {name}: {holds}");
    }
    all
}

/// The events, the end, and what was collected.
fn told<T>(operation: &str, pieces: Vec<Bytes>) -> (Vec<String>, String, String)
where
    T: Collect<Whole: Serialize> + for<'de> Read<'de> + Typed + DeserializeOwned + Send + 'static,
{
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut stream = match fuzzing::events::<T>(operation, pieces, LARGE).await {
                Ok(stream) => stream.collecting(),
                Err(error) => return (Vec::new(), well_formed(&error), String::new()),
            };
            let mut events = Vec::new();
            let end = loop {
                match stream.next().await {
                    None => break "complete".to_owned(),
                    Some(Ok(event)) => events.push(survives(&event)),
                    Some(Err(error)) => break well_formed(&error),
                }
            };
            assert!(stream.next().await.is_none(), "nothing comes after the end");
            (events, end, serde_json::to_string(stream.snapshot()).unwrap())
        })
    })
}

/// Writes an event, reads it again and writes it once more.
fn survives<T: Serialize + DeserializeOwned>(event: &T) -> String {
    let text = serde_json::to_string(event).unwrap();
    let again: T = serde_json::from_str(&text).unwrap();
    assert!(same(&serde_json::to_value(event).unwrap(), &serde_json::to_value(&again).unwrap()), "{text}");
    text
}

/// Equal, but for the last digit of a float.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= one.abs() * 1e-12
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (one, other) => one == other,
    }
}

/// The same bytes in pieces: at places that follow from the bytes themselves, and one by one where they are few.
fn cuts(body: &[u8]) -> Vec<Vec<Bytes>> {
    let mut state =
        body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let mut random = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (piece, after) = rest.split_at(rest.len().min(1 + (state % 24) as usize));
        random.push(Bytes::copy_from_slice(piece));
        rest = after;
    }
    let mut all = vec![random];
    if body.len() <= 300 {
        all.push(body.iter().map(|byte| Bytes::copy_from_slice(&[*byte])).collect());
    }
    all
}
