//! Sessions that begin anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use octopusx::realtime::{RealtimeClientEvent, RealtimeServerEvent, RealtimeSession, Session, SessionEvent};
use octopusx::{Error, RetryPolicy};
use octopusx_mock::{Gateway, SessionFault, SessionScript};
use serde_json::{Value, json};

use super::server::{Peer, serve};
use super::{MODEL, client_of, name, next};
use crate::support::client;

fn patient() -> RetryPolicy {
    RetryPolicy::default().max_attempts(4).base_delay(Duration::from_millis(10))
}

/// What comes: a name, or `again`, or `error`.
async fn told(session: &mut Session<SessionEvent>) -> String {
    match next(session).await {
        Ok(SessionEvent::Server(event)) => name(&event),
        Ok(SessionEvent::Reconnected(again)) => format!("again after {}", again.cause().close_code().unwrap_or_default()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => format!("error: {error}"),
    }
}

#[tokio::test]
async fn a_broken_session_begins_anew_with_its_settings() {
    let gateway = Gateway::start().await.unwrap();
    gateway.next_session(SessionScript::new().after(4, SessionFault::Close(1011, "restart".into())));
    let call = client_of(&gateway).realtime().connect(MODEL).openai_beta("realtime=v1");
    let mut session = call.reconnect(patient()).await.unwrap();
    session.update_session(RealtimeSession::new().voice("ash").instructions("First.")).await.unwrap();
    session.update_session(RealtimeSession::new().instructions("Second.").voice("sage")).await.unwrap();
    let mut all = Vec::new();
    while all.len() < 8 {
        all.push(told(&mut session).await);
    }
    let opened = ["session.created", "conversation.created", "session.updated"];
    assert_eq!(all[..3], opened);
    assert_eq!(all[3..5], ["session.updated", "again after 1011"]);
    assert_eq!(all[5..], opened);
    let updates: Vec<Value> = gateway.session_events().into_iter().filter(|event| event["type"] == "session.update").collect();
    // The first settings were replaced by the second as a whole, so only these are sent again.
    assert_eq!(updates.len(), 3);
    assert_eq!((&updates[2]["session"]["instructions"], &updates[2]["session"]["voice"]), (&json!("Second."), &json!("sage")));
}

#[tokio::test]
async fn settings_that_still_count_are_sent_again_in_their_order() {
    let gateway = Gateway::builder().chunk_pause(Duration::ZERO).start().await.unwrap();
    gateway.next_session(SessionScript::new().after(5, SessionFault::Cut));
    let call = client_of(&gateway).realtime().connect(MODEL).openai_beta("realtime=v1");
    let mut session = call.reconnect(patient()).await.unwrap();
    let settings = [
        RealtimeSession::new().voice("ash").speed(1.5),
        RealtimeSession::new().voice("sage"),
        RealtimeSession::new().voice("verse").with_extra("turn_detection", Value::Null),
    ];
    for settings in settings {
        session.update_session(settings).await.unwrap();
    }
    while !told(&mut session).await.starts_with("again") {}
    while told(&mut session).await != "session.updated" {}
    assert_eq!(told(&mut session).await, "session.updated");
    let updates = gateway.session_events();
    let again: Vec<&Value> = updates[3..].iter().map(|event| &event["session"]).collect();
    assert_eq!(again, [&json!({"voice": "ash", "speed": 1.5}), &json!({"voice": "verse", "turn_detection": null})]);
}

#[tokio::test]
async fn what_waits_is_sent_once_the_session_stands_again() {
    let gateway = Gateway::builder().chunk_pause(Duration::ZERO).start().await.unwrap();
    gateway.next_session(SessionScript::new().after(1, SessionFault::Cut));
    let mut session = client_of(&gateway).realtime().connect(MODEL).reconnect(patient()).await.unwrap();
    assert_eq!(told(&mut session).await, "session.created");
    // The connection is gone; who only sends gets through nevertheless.
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..5 {
        session.send_text(format!("text {number}")).await.unwrap();
    }
    session.create_response().await.unwrap();
    let mut text = String::new();
    let mut again = 0;
    while !text.ends_with("text 4") {
        match next(&mut session).await.unwrap() {
            SessionEvent::Server(event) => text.push_str(event.added_text()),
            SessionEvent::Reconnected(_) => again += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(again, 1);
    let texts: Vec<String> = gateway
        .session_events()
        .iter()
        .filter_map(|event| Some(event["item"]["content"][0]["text"].as_str()?.to_owned()))
        .collect();
    // What the system had taken when the connection broke may be lost, but nothing is sent twice or out of order.
    assert!(texts.windows(2).all(|pair| pair[0] < pair[1]) && texts.last().unwrap() == "text 4", "{texts:?}");
}

#[tokio::test]
async fn what_was_not_sent_is_handed_back_when_it_gives_up() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let url = serve(move |number, mut peer: Peer| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if number == 0 {
                peer.say(&json!({"type": "hello"})).await;
            }
            // Every connection is cut at once.
            let _ = peer.socket.get_mut().set_zero_linger();
        }
    })
    .await;
    let call = client(&url).realtime().connect(MODEL);
    let mut session = call.queue_events(3).reconnect(patient().max_attempts(3)).await.unwrap();
    let texts = ["one", "two", "three"];
    for text in texts {
        let item = octopusx::realtime::RealtimeMessage::new(
            "user",
            [octopusx::realtime::RealtimeContentPart::InputText(octopusx::realtime::RealtimeInputTextPart::new(text))],
        );
        let event = octopusx::realtime::RealtimeConversationItemCreateEvent::new(item);
        session.feed(RealtimeClientEvent::from(event)).await.unwrap();
    }
    let mut last: Option<Error> = None;
    while let Some(item) = StreamExt::next(&mut session).await {
        if let Err(error) = item {
            last = Some(error);
        }
    }
    assert!(last.unwrap().is_retryable());
    assert_eq!(connections.load(Ordering::Relaxed), 4);
    let error = session.flush().await.unwrap_err();
    assert!(error.to_string().contains("the session is over"), "{error}");
    let unsent: Vec<Value> = session.take_unsent().iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    let kept: Vec<&str> = unsent.iter().map(|event| event["item"]["content"][0]["text"].as_str().unwrap()).collect();
    // Connections that stood for a moment may have taken some of them.
    assert!(texts.ends_with(&kept), "{kept:?}");
    assert!(session.take_unsent().is_empty());
}

#[tokio::test]
async fn what_waits_is_bounded_while_the_session_is_down() {
    let url = serve(|number, mut peer: Peer| async move {
        if number > 0 {
            // The second handshake is answered, and then nothing is read.
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let _ = peer.socket.get_mut().set_zero_linger();
    })
    .await;
    // Nobody listens any more: the way back takes longer than the test.
    let policy =
        RetryPolicy::default().max_attempts(5).base_delay(Duration::from_secs(3600)).max_delay(Duration::from_secs(3600));
    let mut session = client(&url).realtime().connect(MODEL).queue_events(8).reconnect(policy).await.unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(200), session.next()).await;
    let mut taken = 0;
    let fill = async {
        loop {
            let event = octopusx::realtime::RealtimeResponseCancelEvent::new();
            session.feed(RealtimeClientEvent::from(event)).await.unwrap();
            taken += 1;
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(200), fill).await.is_err());
    assert_eq!(taken, 8);
    assert_eq!(session.take_unsent().len(), 8);
}

#[tokio::test]
async fn an_end_that_was_meant_is_no_reason_to_begin_anew() {
    for (fault, expected) in [
        (SessionFault::Close(1000, String::new()), None),
        (SessionFault::Close(1008, "the key was revoked".into()), Some(1008)),
        (SessionFault::BadFrame, Some(0)),
    ] {
        let gateway = Gateway::start().await.unwrap();
        gateway.next_session(SessionScript::new().after(1, fault.clone()));
        let mut session = client_of(&gateway).realtime().connect(MODEL).reconnect(patient()).await.unwrap();
        next(&mut session).await.unwrap();
        let last = session.next().await;
        let code = last.map(|item| item.unwrap_err().close_code().unwrap_or_default());
        assert_eq!(code, expected, "{fault:?}");
        assert_eq!(gateway.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_refusal_on_the_way_back_is_the_end() {
    let gateway = Gateway::start().await.unwrap();
    let url = gateway.url().to_owned();
    // The key is what changes: the gateway takes the first one and refuses the second.
    let keys = Arc::new(AtomicUsize::new(0));
    let (counted, good) = (Arc::clone(&keys), gateway.key().to_owned());
    gateway.next_session(SessionScript::new().after(1, SessionFault::Cut));
    let client = crate::support::builder(&url)
        .key_provider(move || {
            let key = if counted.fetch_add(1, Ordering::Relaxed) == 0 { good.clone() } else { "sk-wrong".to_owned() };
            async move { Ok::<_, std::io::Error>(key) }
        })
        .build()
        .unwrap();
    let mut session = client.realtime().connect(MODEL).reconnect(patient()).await.unwrap();
    assert_eq!(told(&mut session).await, "session.created");
    let error = next(&mut session).await.unwrap_err();
    assert!(error.is_auth() && error.api().is_some(), "{error:?}");
    assert!(session.next().await.is_none());
}

#[tokio::test]
async fn a_session_that_does_not_reconnect_never_says_so() {
    let gateway = Gateway::start().await.unwrap();
    gateway.next_session(SessionScript::new().after(1, SessionFault::Cut));
    let mut session: Session<RealtimeServerEvent> = client_of(&gateway).realtime().connect(MODEL).await.unwrap();
    next(&mut session).await.unwrap();
    assert!(next(&mut session).await.unwrap_err().is_truncated());
    assert_eq!(gateway.requests().len(), 1);
}
