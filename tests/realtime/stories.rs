//! Whole conversations.

use futures_util::{SinkExt, StreamExt};
use octopusx::realtime::{
    AudioEncoding, RealtimeClientEvent, RealtimeFunctionTool, RealtimeItem, RealtimeResponseCreateEvent, RealtimeServerEvent,
    RealtimeSession,
};
use octopusx_mock::Gateway;
use serde_json::json;

use super::server::serve;
use super::{MODEL, client_of, name, names_to_done, next, next_name};
use crate::support::{KEY, client};
use crate::watch::hides;

#[tokio::test]
async fn a_text_is_answered_in_either_form() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    for (beta, delta) in [(Some("realtime=v1"), "response.text.delta"), (None, "response.output_text.delta")] {
        let call = client_of(&gateway).realtime().connect(MODEL);
        let call = match beta {
            Some(beta) => call.openai_beta(beta),
            None => call,
        };
        let mut session = call.await.unwrap();
        session.update_session(RealtimeSession::new().instructions("Be short.")).await.unwrap();
        session.send_text("Hello there.").await.unwrap();
        session.create_response().await.unwrap();
        let (mut text, mut names) = (String::new(), Vec::new());
        while let Some(event) = session.next().await {
            let event = event.unwrap();
            text.push_str(event.added_text());
            names.push(name(&event));
            if matches!(event, RealtimeServerEvent::ResponseDone(_)) {
                break;
            }
        }
        assert_eq!(text, "You said: Hello there.", "{names:?}");
        assert_eq!(names[0], "session.created");
        assert!(names.iter().any(|name| name == "session.updated"), "{names:?}");
        assert!(names.iter().any(|name| name == delta), "{names:?}");
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn audio_comes_back_as_it_was_sent() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).await.unwrap();
    let samples: Vec<i16> = (0..60_000_i32).map(|at| (at.wrapping_mul(7919) % 30_000) as i16).collect();
    session.append_samples(&samples, AudioEncoding::Pcm16).await.unwrap();
    session.commit().await.unwrap();
    session.create_response().await.unwrap();
    let (mut heard, mut words) = (Vec::new(), String::new());
    loop {
        let event = next(&mut session).await.unwrap();
        words.push_str(event.added_text());
        match event {
            RealtimeServerEvent::ResponseDone(_) => break,
            event => {
                if let Some(audio) = event.added_audio() {
                    heard.extend(audio.samples(AudioEncoding::Pcm16).unwrap());
                }
            }
        }
    }
    assert_eq!(words, "That is what you said.");
    assert!(heard == samples, "{} samples became {}", samples.len(), heard.len());
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_used() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).await.unwrap();
    let tool = RealtimeFunctionTool::new("get_weather", [("type", "object")]);
    session.update_session(RealtimeSession::new().tools([tool])).await.unwrap();
    session.send_text("Please get_weather for Oslo.").await.unwrap();
    session.create_response().await.unwrap();
    let mut call = None;
    loop {
        match next(&mut session).await.unwrap() {
            RealtimeServerEvent::ResponseOutputItemDone(event) => call = Some(event.item),
            RealtimeServerEvent::ResponseDone(_) => break,
            _ => {}
        }
    }
    let Some(RealtimeItem::FunctionCall(call)) = call else { panic!("{call:?}") };
    assert_eq!(call.name, "get_weather");
    session.send_tool_output(call.call_id.unwrap(), "3 degrees").await.unwrap();
    session.create_response().await.unwrap();
    let mut text = String::new();
    while !text.ends_with("degrees") {
        text.push_str(next(&mut session).await.unwrap().added_text());
    }
    assert_eq!(text, "The tool says: 3 degrees");
}

#[tokio::test]
async fn the_halves_work_in_two_tasks() {
    let gateway = Gateway::start().await.unwrap();
    let (mut sender, mut receiver) = client_of(&gateway).realtime().connect(MODEL).await.unwrap().split();
    let reader = tokio::spawn(async move {
        let mut text = String::new();
        while let Some(event) = receiver.next().await {
            text.push_str(event.unwrap().added_text());
        }
        text
    });
    sender.send_text("From another task.").await.unwrap();
    sender.create_response().await.unwrap();
    // The answer comes while nobody sends.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    sender.close().await.unwrap();
    assert_eq!(reader.await.unwrap(), "You said: From another task.");
}

#[tokio::test]
async fn a_session_is_a_sink_and_a_stream() {
    let gateway = Gateway::builder().chunk_pause(std::time::Duration::ZERO).start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).await.unwrap();
    SinkExt::send(&mut session, RealtimeClientEvent::from(RealtimeResponseCreateEvent::new())).await.unwrap();
    let names = names_to_done(&mut session).await;
    assert_eq!(names[..2], ["session.created", "response.created"]);
    SinkExt::close(&mut session).await.unwrap();
    while let Some(event) = StreamExt::next(&mut session).await {
        event.unwrap();
    }
}

#[tokio::test]
async fn the_handshake_is_what_the_other_server_wants() {
    let url = serve(|_, mut peer| async move {
        let headers = peer.request.headers();
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let seen = json!({
            "type": "seen", "uri": peer.request.uri().to_string(), "authorization": header("authorization"),
            "protocol": header("sec-websocket-protocol"), "beta": header("openai-beta"), "mine": header("x-mine"),
        });
        peer.say(&seen).await;
    })
    .await;
    let seen = async |call: octopusx::Call<octopusx::realtime::Session, _>| match next(&mut call.await.unwrap()).await.unwrap() {
        RealtimeServerEvent::Unknown(seen) => seen,
        other => panic!("{other:?}"),
    };
    let connect = || client(&url).realtime().connect("m/1 é").openai_beta("realtime=v1").header("x-mine", "1");
    let uri = "/v1/realtime?model=m%2F1+%C3%A9";
    assert_eq!(
        seen(connect()).await,
        json!({"type": "seen", "uri": uri, "authorization": format!("Bearer {KEY}"), "protocol": null, "beta": "realtime=v1", "mine": "1"})
    );
    let protocol = format!("realtime, openai-insecure-api-key.{KEY}, openai-beta.realtime-v1");
    assert_eq!(
        seen(connect().key_in_protocol()).await,
        json!({"type": "seen", "uri": uri, "authorization": null, "protocol": protocol, "beta": null, "mine": "1"})
    );
    hides(&format!("{:?}", connect().key_in_protocol().request().unwrap()));
}

#[tokio::test]
async fn the_embedded_gateway_takes_the_key_in_either_way() {
    let gateway = Gateway::start().await.unwrap();
    let right = client_of(&gateway);
    assert_eq!(next_name(&mut right.realtime().connect(MODEL).key_in_protocol().await.unwrap()).await, "session.created");
    let wrong = client(gateway.url());
    for call in [wrong.realtime().connect(MODEL), wrong.realtime().connect(MODEL).key_in_protocol()] {
        let error = call.await.unwrap_err();
        assert!(error.is_auth() && error.api().is_some(), "{error:?}");
        hides(&format!("{error} {error:?}"));
    }
}
