//! Every event name that the document has, of both forms, both ways: made from the document, so that none is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use octopusx::realtime::{RealtimeClientEvent, RealtimeServerEvent};
use serde_json::{Value, json};

use super::server::serve;
use super::{MODEL, name, next};
use crate::support::client;

/// The WebSocket of the document.
pub struct Words {
    pub word: Value,
    document: Value,
}

impl Words {
    pub fn read() -> Self {
        let document: Value = serde_json::from_str(octopusx::documents::octopusx()).unwrap();
        let operations = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        let word = operations.into_iter().find_map(|operation| operation.get("x-websocket")).unwrap().clone();
        Self { word, document }
    }

    /// The names that a side's schema tells apart.
    fn names(&self, side: &str) -> BTreeSet<String> {
        let schema = &self.document["components"]["schemas"][self.word[side].as_str().unwrap()];
        schema["discriminator"]["mapping"].as_object().unwrap().keys().cloned().collect()
    }

    /// The examples of a side, by name.
    pub fn examples(&self, side: &str) -> BTreeMap<String, Vec<Value>> {
        let mut found = BTreeMap::<String, Vec<Value>>::new();
        for example in self.word["examples"][side].as_array().unwrap() {
            let value = self.document["components"]["examples"][example.as_str().unwrap()]["value"].clone();
            found.entry(value["type"].as_str().unwrap().to_owned()).or_default().push(value);
        }
        found
    }
}

/// Without members that are null, which say nothing.
fn said(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), said(value))).collect()
        }
        Value::Array(items) => items.iter().map(said).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

#[test]
fn no_name_is_lost() {
    let words = Words::read();
    // As many as the OpenAI reference and the page know, of both forms.
    assert_eq!((words.names("client").len(), words.names("server").len()), (12, 53));
}

#[tokio::test]
async fn every_event_of_the_server_is_read() {
    let words = Words::read();
    let examples = words.examples("server");
    let missing: Vec<&String> = examples.keys().filter(|name| !words.names("server").contains(*name)).collect();
    assert!(missing.is_empty(), "no schema: {missing:?}");
    assert_eq!(words.names("server"), examples.keys().cloned().collect(), "a name without an example");
    let sent: Vec<Value> = examples.values().flatten().cloned().collect();
    let expected = sent.clone();
    let url = serve(move |_, mut peer| {
        let sent = sent.clone();
        async move {
            for event in &sent {
                peer.say(event).await;
            }
            peer.hear().await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    for event in expected {
        let read = next(&mut session).await.unwrap();
        assert!(!matches!(read, RealtimeServerEvent::Unknown(_)), "{event}");
        assert_eq!(said(&serde_json::to_value(&read).unwrap()), said(&event));
    }
}

#[tokio::test]
async fn every_event_of_the_client_is_written() {
    let words = Words::read();
    let examples = words.examples("client");
    assert_eq!(words.names("client"), examples.keys().cloned().collect(), "a name without an example");
    let url = serve(|_, mut peer| async move {
        while let Some(event) = peer.hear().await {
            peer.say(&json!({"type": "heard", "event": event})).await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    for event in examples.values().flatten() {
        let typed: RealtimeClientEvent = serde_json::from_value(event.clone()).unwrap();
        assert!(!matches!(typed, RealtimeClientEvent::Unknown(_)), "{event}");
        // Settings stay as they are written: only the helper puts them into the session's form.
        futures_util::SinkExt::send(&mut session, typed).await.unwrap();
        let RealtimeServerEvent::Unknown(heard) = next(&mut session).await.unwrap() else { panic!("{event}") };
        assert_eq!(said(&heard["event"]), said(event));
    }
}

#[test]
fn both_names_of_an_event_lead_to_one_type() {
    let words = Words::read();
    let pairs = words.word["older"]["events"].as_object().unwrap();
    assert_eq!(pairs.len(), 7);
    let mut found: BTreeMap<String, Vec<Value>> = words.examples("server");
    for (older, newer) in pairs {
        let mut event = found.get_mut(older).unwrap()[0].clone();
        let text = |event: &Value| {
            let event: RealtimeServerEvent = serde_json::from_value(event.clone()).unwrap();
            (name(&event), event.added_text().to_owned(), event.added_audio().cloned())
        };
        let first = text(&event);
        event["type"] = newer.clone();
        let second = text(&event);
        assert_eq!((first.0.as_str(), Some(second.0.as_str())), (older.as_str(), newer.as_str()));
        assert_eq!((first.1, first.2), (second.1, second.2));
    }
}

#[tokio::test]
async fn an_event_that_nobody_knows_comes_whole() {
    let event = json!({"type": "tomorrow.delta", "delta": "x".repeat(10_000), "more": [1, {"a": null}]});
    let sent = event.clone();
    let url = serve(move |_, mut peer| {
        let sent = sent.clone();
        async move {
            peer.say(&sent).await;
            peer.text(&json!([1]).to_string()).await;
            peer.say(&json!({"no": "type"})).await;
            peer.hear().await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    for expected in [event, json!([1]), json!({"no": "type"})] {
        let RealtimeServerEvent::Unknown(read) = next(&mut session).await.unwrap() else { panic!("it is known") };
        assert_eq!(read, expected);
    }
}
