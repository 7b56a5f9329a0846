//! Streams put together: the same answer as without a stream.

use serde::Serialize;
use serde_json::Value;

use crate::raw::{Server, answers};

mod chat;
mod completions;
mod gemini;
mod messages;
mod responses;

/// The events of the stream that the document shows for a path, in order.
fn documented(path: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(octopusx::documents::octopusx()).unwrap();
    let examples = &document["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]["examples"];
    let value = |example: &Value| {
        let place = example["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(place).unwrap()["value"].clone()
    };
    examples.as_object().unwrap().values().map(value).collect()
}

/// A gateway that streams these events and whatever comes behind them, then hangs up.
async fn gateway(events: &[Value], end: &str) -> Server {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    Server::play(answers(format!("{head}{body}{end}"))).await
}

/// As JSON, without the members that are null.
pub fn plain(value: impl Serialize) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|_, value| !value.is_null());
                members.values_mut().for_each(clean);
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value).unwrap();
    clean(&mut value);
    value
}

/// What a stream gave in the end, and the error that it ended with.
macro_rules! gathered {
    ($stream:expr) => {{
        let mut stream = $stream.collecting();
        let mut error = None;
        while let Some(event) = stream.next().await {
            error = event.err();
        }
        (stream.into_whole(), error)
    }};
}

/// The texts of a stream, one by one.
macro_rules! texts {
    ($stream:expr) => {{
        let mut stream = $stream.text_stream();
        let mut texts = Vec::new();
        while let Some(text) = stream.next().await {
            texts.push(text.unwrap());
        }
        texts
    }};
}

use {gathered, texts};
