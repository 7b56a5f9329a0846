//! Whether the other side still lives, how much may wait, and how a session ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use octopusx::realtime::{AudioEncoding, RealtimeServerEvent};
use octopusx_mock::{Gateway, SessionFault, SessionScript};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::server::serve;
use super::{MODEL, client_of, next, next_name};
use crate::support::client;

#[tokio::test]
async fn a_silent_gateway_is_given_up() {
    let gateway = Gateway::start().await.unwrap();
    gateway.next_session(SessionScript::new().after(1, SessionFault::Silence));
    let call = client_of(&gateway).realtime().connect(MODEL);
    let mut session = call.ping_every(Duration::from_millis(50)).idle_timeout(Duration::from_millis(200)).await.unwrap();
    assert_eq!(next_name(&mut session).await, "session.created");
    let since = Instant::now();
    let error = next(&mut session).await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert!((150..2000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
    assert!(session.next().await.is_none());
}

#[tokio::test]
async fn a_quiet_gateway_that_answers_pings_lives() {
    let pings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&pings);
    let url = serve(move |_, mut peer| {
        let pings = Arc::clone(&counted);
        async move {
            let ending = tokio::time::sleep(Duration::from_millis(500));
            tokio::pin!(ending);
            loop {
                tokio::select! {
                    message = peer.socket.next() => match message {
                        Some(Ok(Message::Ping(_))) => drop(pings.fetch_add(1, Ordering::Relaxed)),
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    () = &mut ending => return peer.say(&json!({"type": "late"})).await,
                }
            }
        }
    })
    .await;
    let call = client(&url).realtime().connect(MODEL);
    let mut session = call.ping_every(Duration::from_millis(40)).idle_timeout(Duration::from_millis(120)).await.unwrap();
    assert_eq!(next_name(&mut session).await, "late");
    assert!(pings.load(Ordering::Relaxed) >= 5, "{pings:?}");
}

#[tokio::test]
async fn a_session_that_was_not_polled_for_long_is_not_taken_for_dead() {
    let gateway = Gateway::start().await.unwrap();
    let call = client_of(&gateway).realtime().connect(MODEL);
    let mut session = call.ping_every(Duration::from_millis(20)).idle_timeout(Duration::from_millis(60)).await.unwrap();
    assert_eq!(next_name(&mut session).await, "session.created");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let quiet = tokio::time::timeout(Duration::from_millis(300), session.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn faults_are_what_they_are() {
    let gateway = Gateway::start().await.unwrap();
    let begin = async |fault: SessionFault| {
        gateway.next_session(SessionScript::new().after(1, fault));
        let call = client_of(&gateway).realtime().connect(MODEL).openai_beta("realtime=v1").max_message_bytes(100_000);
        let mut session = call.await.unwrap();
        assert_eq!(next_name(&mut session).await, "session.created");
        session
    };
    let error = next(&mut begin(SessionFault::Cut).await).await.unwrap_err();
    assert!(error.is_truncated(), "{error:?}");
    let error = next(&mut begin(SessionFault::Close(1011, "upstream gone".into())).await).await.unwrap_err();
    assert_eq!((error.close_code(), error.close_reason()), (Some(1011), Some("upstream gone")));
    let error = next(&mut begin(SessionFault::BadFrame).await).await.unwrap_err();
    assert!(error.is_protocol(), "{error:?}");
    let error = next(&mut begin(SessionFault::Huge(100_000)).await).await.unwrap_err();
    assert!(error.to_string().contains("larger than 100000 bytes"), "{error:?}");

    let mut session = begin(SessionFault::Text("{".into())).await;
    assert!(next(&mut session).await.unwrap_err().is_decode());
    assert_eq!(next_name(&mut session).await, "conversation.created");

    let mut session = begin(SessionFault::Error("session_expired".into(), "Your session hit the limit.".into())).await;
    let mut event = next(&mut session).await.unwrap();
    if matches!(event, RealtimeServerEvent::ConversationCreated(_)) {
        event = next(&mut session).await.unwrap();
    }
    let RealtimeServerEvent::Error(error) = event else { panic!("{event:?}") };
    assert_eq!(error.error.code, Some(json!("session_expired")));
    assert_eq!(error.error.message.as_deref(), Some("Your session hit the limit."));

    let since = Instant::now();
    assert_eq!(next_name(&mut begin(SessionFault::Slow(Duration::from_millis(150))).await).await, "conversation.created");
    assert!(since.elapsed() >= Duration::from_millis(140));
}

#[tokio::test]
async fn sessions_end_with_the_embedded_gateway() {
    for stops_in_order in [false, true] {
        let gateway = Gateway::start().await.unwrap();
        let client = client_of(&gateway);
        let mut sessions = [client.realtime().connect(MODEL).await.unwrap(), client.realtime().connect(MODEL).await.unwrap()];
        gateway.next_session(SessionScript::new().after(0, SessionFault::Silence));
        let mut silent = client.realtime().connect(MODEL).await.unwrap();
        assert_eq!(next_name(&mut sessions[0]).await, "session.created");
        let since = Instant::now();
        match stops_in_order {
            true => gateway.shutdown().await,
            false => drop(gateway),
        }
        while next(&mut sessions[0]).await.is_ok() {}
        while next(&mut sessions[1]).await.is_ok() {}
        assert!(next(&mut silent).await.unwrap_err().is_truncated());
        assert!(since.elapsed() < Duration::from_millis(900), "{:?}", since.elapsed());
    }
}

#[tokio::test]
async fn a_close_is_answered_and_waited_for() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let url = serve(move |_, mut peer| {
        let tell = tell.clone();
        async move {
            while let Some(Ok(message)) = peer.socket.next().await {
                if let Message::Close(frame) = message {
                    let frame = frame.unwrap();
                    tell.send((frame.code, frame.reason.to_string())).unwrap();
                }
            }
            tell.send((CloseCode::Away, "hung up".into())).unwrap();
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    session.send_text("before the end").await.unwrap();
    session.close().await.unwrap();
    assert_eq!(told.recv().await.unwrap(), (CloseCode::Normal, String::new()));
    assert_eq!(told.recv().await.unwrap(), (CloseCode::Away, "hung up".into()));

    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    SinkExt::close(&mut session).await.unwrap();
    let error = session.send_text("too late").await.unwrap_err();
    assert!(error.to_string().contains("the session is over"), "{error}");
}

#[tokio::test]
async fn a_gateway_that_never_answers_a_close_is_not_waited_for_for_ever() {
    let url = serve(|_, peer| async move {
        // It reads nothing, so it sees no close.
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(peer);
    })
    .await;
    let session = client(&url).realtime().connect(MODEL).await.unwrap();
    let since = Instant::now();
    session.close().await.unwrap();
    assert!((4..9).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
}

/// How much the system keeps for a connection, both ways, is beyond the crate; this is more.
const MUCH: usize = 32 * 1024 * 1024;

#[tokio::test]
async fn who_does_not_read_lets_the_gateway_wait() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let url = serve(move |_, mut peer| {
        let sent = Arc::clone(&counted);
        async move {
            let event = json!({"type": "filling", "text": "x".repeat(65_000)}).to_string();
            while sent.load(Ordering::Relaxed) < MUCH {
                peer.text(&event).await;
                sent.fetch_add(event.len(), Ordering::Relaxed);
            }
            peer.say(&json!({"type": "last"})).await;
            peer.hear().await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    next_name(&mut session).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waiting = sent.load(Ordering::Relaxed);
    assert!(waiting < MUCH / 2, "{waiting} bytes were taken");
    while next_name(&mut session).await != "last" {}
}

#[tokio::test]
async fn who_sends_more_than_the_gateway_takes_waits() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let url = serve(move |_, mut peer| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            let mut bytes = 0;
            while let Some(event) = peer.hear().await {
                bytes += event["audio"].as_str().unwrap().len();
                if event["event_id"] == "last" {
                    break;
                }
            }
            peer.say(&json!({"type": "heard", "bytes": bytes})).await;
            peer.hear().await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    let samples = vec![0; 16 * 1024];
    let mut sent = 0;
    let fill = async {
        while sent < MUCH {
            session.append_samples(&samples, AudioEncoding::Pcm16).await.unwrap();
            sent += 1;
        }
    };
    let filled = tokio::time::timeout(Duration::from_millis(500), fill).await;
    assert!(filled.is_err() && sent * 43_692 < MUCH, "{sent} events went out to nobody");
    go.send(true).unwrap();
    let last = octopusx::realtime::RealtimeInputAudioBufferAppendEvent::new("AAAA").event_id("last");
    session.send(last).await.unwrap();
    let RealtimeServerEvent::Unknown(heard) = next(&mut session).await.unwrap() else { panic!("it is known") };
    // The one that waited when the time was up went out too.
    assert_eq!(heard["bytes"], json!((sent + 1) * 43_692 + 4));
}
