//! Settings in the form that a session speaks: a table made from the document, and what it comes to in whole events.

use futures_util::SinkExt;
use octopusx::realtime::{
    RealtimeClientEvent, RealtimeConversationItemCreateEvent, RealtimeServerEvent, RealtimeSession, RealtimeSessionUpdateEvent,
    Session,
};
use octopusx_mock::Gateway;
use serde_json::{Value, json};

use super::names::Words;
use super::server::serve;
use super::{MODEL, client_of, next, next_name};
use crate::support::client;

const FORMS: [&str; 2] = ["older", "newer"];

/// A session of a form with a server that says what it heard.
async fn session_of(form: &'static str) -> Session {
    let url = serve(move |_, mut peer| async move {
        let session = if form == "older" { json!({"modalities": ["text"]}) } else { json!({"type": "realtime"}) };
        peer.say(&json!({"type": "session.created", "session": session})).await;
        while let Some(event) = peer.hear().await {
            peer.say(&json!({"type": "heard", "event": event})).await;
        }
    })
    .await;
    client(&url).realtime().connect(MODEL).await.unwrap()
}

/// What the server hears of the next event.
async fn heard(session: &mut Session) -> Value {
    loop {
        match next(session).await.unwrap() {
            RealtimeServerEvent::Unknown(heard) => return heard["event"].clone(),
            RealtimeServerEvent::SessionCreated(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn said(session: &mut Session, event: &Value) -> Value {
    let typed: RealtimeClientEvent = serde_json::from_value(event.clone()).unwrap();
    session.send(typed).await.unwrap_or_else(|error| panic!("{event}: {error}"));
    heard(session).await
}

/// An event without the settings that only one form has.
fn without_alone(rules: &Value, mut event: Value) -> Value {
    for pointer in FORMS.iter().flat_map(|form| rules[format!("{form}_alone")].as_array().unwrap()).filter_map(Value::as_str) {
        if !["/audio", "/type"].contains(&pointer) {
            take(&mut event, &format!("{}{pointer}", rules["at"].as_str().unwrap()));
        }
    }
    event
}

fn take(event: &mut Value, pointer: &str) -> Option<Value> {
    let (holder, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(holder)?.as_object_mut()?.remove(name)
}

fn put(event: &mut Value, pointer: &str, value: &Value) {
    let place = pointer[1..].split('/').fold(event, |value, step| &mut value[step]);
    *place = value.clone();
}

#[tokio::test]
async fn every_setting_of_the_document_changes_its_place_and_its_word() {
    let words = Words::read();
    let examples = words.examples("client");
    let older = &words.word["older"];
    let mut sessions = [session_of("older").await, session_of("newer").await];
    let mut seen = 0;
    for rules in older["settings"].as_array().unwrap() {
        let at = rules["at"].as_str().unwrap();
        for (from, to) in [("older", "newer"), ("newer", "older")] {
            for place in rules["places"].as_array().unwrap() {
                let pointer = |form: &str| format!("{at}{}", place[form].as_str().unwrap());
                let listed = place["values"].as_str().map(|name| older["values"][name].as_array().unwrap().clone());
                let named = examples.values().flatten();
                let values: Vec<(Value, Value)> = match &listed {
                    Some(pairs) => pairs
                        .iter()
                        .map(|pair| {
                            // Of several words for one the first is written.
                            let first = pairs.iter().find(|other| other[from] == pair[from]).unwrap();
                            (pair[from].clone(), first[to].clone())
                        })
                        .collect(),
                    None => {
                        let found = |form| named.clone().find_map(|event| event.pointer(&pointer(form)));
                        let found = found(from).or(found(to)).unwrap_or_else(|| panic!("no example of {place}"));
                        let mut event = json!({});
                        put(&mut event, &pointer("newer"), found);
                        let known = without_alone(rules, event).pointer(&pointer("newer")).cloned().unwrap();
                        vec![(known.clone(), known)]
                    }
                };
                for (value, expected) in values {
                    let mut event = json!({"type": rules[from]});
                    put(&mut event, &pointer(from), &value);
                    if from == "newer"
                        && let Some(says) = rules["says"].as_object()
                    {
                        event.pointer_mut(at).unwrap().as_object_mut().unwrap().extend(says.clone());
                    }
                    let mut heard = said(&mut sessions[usize::from(to == "newer")], &event).await;
                    assert_eq!(heard["type"], rules[to], "{event}");
                    assert_eq!(heard.pointer(&pointer(to)), Some(&expected), "{event} became {heard}");
                    take(&mut heard, &pointer(to));
                    assert_eq!(heard.pointer(&pointer(from)), None, "{event} became {heard}");
                    let says = rules["says"].as_object();
                    says.into_iter().flatten().for_each(|(name, word)| {
                        let expected = (to == "newer").then(|| word.clone());
                        assert_eq!(take(&mut heard, &format!("{at}/{name}")), expected, "{event}");
                    });
                    // Whoever speaks the form already is not changed.
                    let again = said(&mut sessions[usize::from(from == "newer")], &event).await;
                    assert_eq!(again.pointer(&pointer(from)), Some(&value), "{event} became {again}");
                    assert_eq!(again["type"], rules[from]);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

#[tokio::test]
async fn whole_settings_go_there_and_back() {
    let words = Words::read();
    let examples = words.examples("client");
    let mut sessions = [session_of("older").await, session_of("newer").await];
    for rules in words.word["older"]["settings"].as_array().unwrap() {
        for (at, form) in FORMS.iter().enumerate() {
            let named = examples[rules[*form].as_str().unwrap()].iter();
            let settings = rules["at"].as_str().unwrap();
            let own = |event: &&Value| {
                let says = event.pointer(&format!("{settings}/type"));
                says.is_none_or(|said| *said == rules["says"]["type"])
                    && rules["places"].as_array().unwrap().iter().any(|place| {
                        event.pointer(&format!("{settings}{}", place[*form].as_str().unwrap())).is_some()
                            && place["older"] != place["newer"]
                    })
            };
            for event in named.filter(own) {
                let event = without_alone(rules, event.clone());
                let typed: RealtimeClientEvent = serde_json::from_value(event).unwrap();
                let event = serde_json::to_value(&typed).unwrap();
                let there = said(&mut sessions[1 - at], &event).await;
                assert_ne!(there, event);
                assert_eq!(said(&mut sessions[at], &there).await, event, "by way of {there}");
            }
        }
    }
}

#[tokio::test]
async fn settings_come_out_as_each_form_writes_them() {
    let tool = json!({"type": "function", "name": "f"});
    let older = json!({
        "modalities": ["text", "audio"], "instructions": "Short.", "voice": "sage", "speed": 1.5, "tools": [tool],
        "input_audio_format": "pcm16", "output_audio_format": "g711_ulaw", "input_audio_transcription": {"model": "whisper-1"},
        "input_audio_noise_reduction": {"type": "near_field"}, "max_response_output_tokens": 100,
        "turn_detection": {"type": "server_vad", "threshold": 0.5}, "mine": 1,
    });
    let newer = json!({
        "type": "realtime", "output_modalities": ["audio"], "instructions": "Short.", "tools": [tool], "max_output_tokens": 100,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000}, "transcription": {"model": "whisper-1"},
                "noise_reduction": {"type": "near_field"}, "turn_detection": {"type": "server_vad", "threshold": 0.5},
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "sage", "speed": 1.5},
        },
        "mine": 1,
    });
    let event = |session: &Value| json!({"type": "session.update", "session": session});
    for form in FORMS {
        let mut session = session_of(form).await;
        let expected = event(if form == "older" { &older } else { &newer });
        for given in [&older, &newer] {
            assert_eq!(said(&mut session, &event(given)).await, expected);
        }
        // What is null is switched off, wherever it stands.
        let off = RealtimeSession::new().with_extra("turn_detection", Value::Null);
        session.update_session(off).await.unwrap();
        let place = if form == "older" { "/session/turn_detection" } else { "/session/audio/input/turn_detection" };
        assert_eq!(heard(&mut session).await.pointer(place), Some(&Value::Null));
        // An item says nothing of the session.
        let item = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "x"}]});
        let create = RealtimeConversationItemCreateEvent::new(
            serde_json::from_value::<octopusx::realtime::RealtimeItem>(item.clone()).unwrap(),
        );
        session.send(create).await.unwrap();
        assert_eq!(heard(&mut session).await["item"], item);
        // JSON goes out as it is.
        let odd = json!({"type": "session.update", "session": {"voice": "sage", "audio": {"output": {"voice": "ash"}}}});
        session.send(RealtimeClientEvent::Unknown(odd.clone())).await.unwrap();
        assert_eq!(heard(&mut session).await, odd);
    }
}

#[tokio::test]
async fn what_a_form_can_not_say_is_named_and_nothing_is_sent() {
    let update = |session: Value| json!({"type": "session.update", "session": session});
    let answer = |response: Value| json!({"type": "response.create", "response": response});
    let cases = [
        ("newer", update(json!({"temperature": 0.8})), "`session.temperature` has no place in the newer form"),
        ("newer", answer(json!({"temperature": 0.8})), "`response.temperature` has no place"),
        ("older", update(json!({"type": "realtime", "reasoning": {"effort": "low"}})), "`session.reasoning.effort` has no place"),
        ("older", update(json!({"parallel_tool_calls": true})), "`session.parallel_tool_calls` has no place in the older form"),
        ("older", update(json!({"truncation": "auto"})), "`session.truncation` has no place"),
        (
            "older",
            update(json!({"audio": {"input": {"transcription": {"model": "m", "delay": "low"}}}})),
            "`session.audio.input.transcription.delay` has no place in the older form",
        ),
        (
            "older",
            update(json!({"input_audio_transcription": {"model": "m", "delay": "low"}})),
            "`session.input_audio_transcription.delay` has no place",
        ),
        ("older", update(json!({"type": "tomorrow"})), "`session.type` has no place"),
        ("older", update(json!({"audio": {"input": {"mine": {}, "gain": 2}}})), "`session.audio.input.gain` has no place"),
        ("older", answer(json!({"audio": {"output": {"speed": 1.5}}})), "`response.audio.output.speed` has no place"),
        (
            "older",
            update(json!({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}})),
            "for which there is no word",
        ),
        ("older", update(json!({"audio": {"input": {"format": {"type": "audio/opus"}}}})), "`session.audio.input.format` is"),
        ("newer", update(json!({"input_audio_format": "mp3"})), "`session.input_audio_format` is \"mp3\""),
        (
            "newer",
            update(json!({"voice": "ash", "audio": {"output": {"voice": "sage"}}})),
            "`session.audio.output.voice` say two",
        ),
        ("older", update(json!({"voice": "ash", "audio": {"output": {"voice": "sage"}}})), "`session.voice` say two things"),
        ("older", update(json!({"modalities": ["text"], "output_modalities": ["audio"]})), "say two things"),
    ];
    let mut sessions = [session_of("older").await, session_of("newer").await];
    for (form, event, words) in cases {
        let session = &mut sessions[usize::from(form == "newer")];
        let typed: RealtimeClientEvent = serde_json::from_value(event.clone()).unwrap();
        let error = session.send(typed).await.unwrap_err();
        assert!(error.is_invalid_request() && error.to_string().contains(words), "{event}: {error}");
        assert!(!error.may_have_been_processed() && !error.is_retryable());
        // The session goes on, and the next event is the first that is heard.
        session.cancel().await.unwrap();
        assert_eq!(heard(session).await["type"], "response.cancel", "{event}");
    }
    // Both places may say the same.
    let both = update(json!({"voice": "ash", "audio": {"output": {"voice": "ash"}}}));
    assert_eq!(said(&mut sessions[0], &both).await, update(json!({"voice": "ash"})));
}

#[tokio::test]
async fn the_embedded_gateway_takes_settings_of_its_form_alone_and_the_client_sends_no_others() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    let settings = [
        json!({"voice": "ash", "modalities": ["text", "audio"], "input_audio_format": "g711_ulaw"}),
        json!({"type": "realtime", "output_modalities": ["audio"], "audio": {"output": {"voice": "ash", "format": {"type": "audio/pcm"}}}}),
    ];
    for older in [true, false] {
        let call = client_of(&gateway).realtime().connect(MODEL);
        let call = if older { call.openai_beta("realtime=v1") } else { call };
        let mut session = call.await.unwrap();
        assert_eq!(next_name(&mut session).await, "session.created");
        if older {
            assert_eq!(next_name(&mut session).await, "conversation.created");
        }
        for (at, given) in settings.iter().enumerate() {
            let typed: RealtimeSession = serde_json::from_value(given.clone()).unwrap();
            session.update_session(typed.clone()).await.unwrap();
            let RealtimeServerEvent::SessionUpdated(updated) = next(&mut session).await.unwrap() else { panic!("{given}") };
            let voice = updated.session.audio.and_then(|audio| audio.output).and_then(|output| output.voice);
            assert!(updated.session.voice.is_some() == older && voice.is_some() != older);
            // The same as JSON, which the client does not touch.
            let event = serde_json::to_value(RealtimeSessionUpdateEvent::new(typed)).unwrap();
            SinkExt::send(&mut session, RealtimeClientEvent::Unknown(event)).await.unwrap();
            let name = next_name(&mut session).await;
            assert_eq!(name, if older == (at == 0) { "session.updated" } else { "error" }, "{given}");
        }
    }
}
