//! The way back of a session whose gateway does what it can against it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::SinkExt;
use octopusx::realtime::{RealtimeClientEvent, RealtimeResponseCancelEvent, RealtimeSession, Session, SessionEvent};
use octopusx::{Error, RetryPolicy};
use octopusx_mock::Gateway;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::server::Peer;
use super::{MODEL, client_of, next};
use crate::raw;
use crate::support::client;

/// Serves every connection, from number 0, before anything was read of it; returns the address.
async fn accept<F>(session: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            stream.set_nodelay(true).unwrap();
            tokio::spawn(session(number, stream));
        }
    });
    url
}

/// What an answer to a handshake is made of, up to some point.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// Nothing is read.
    Accepted,
    /// The request is read.
    Asked,
    /// So many bytes of the answer's head go out.
    Answered(usize),
    /// All of it, and these bytes.
    Opened(&'static [u8]),
    /// Another answer.
    Says(&'static str),
}

/// Plays a handshake up to a point, then hangs up, without the courtesy of saying so if it is abrupt.
async fn play(mut stream: TcpStream, point: Point, abrupt: bool) {
    if !matches!(point, Point::Accepted) {
        let Some(request) = raw::read(&mut stream).await else { return };
        let accept = derive_accept_key(request.header("sec-websocket-key").unwrap().as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        let bytes = match point {
            Point::Answered(length) => head.as_bytes()[..length].to_vec(),
            Point::Opened(more) => [head.as_bytes(), more].concat(),
            Point::Says(answer) => answer.as_bytes().to_vec(),
            Point::Accepted | Point::Asked => Vec::new(),
        };
        stream.write_all(&bytes).await.unwrap();
        // What was sent has to arrive before the reset.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if abrupt {
        let _ = stream.set_zero_linger();
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy::default().max_attempts(4).base_delay(Duration::from_millis(5)).max_delay(Duration::from_millis(20))
}

/// A session with settings; the first connection takes them and breaks then, the second one plays a point, and all later
/// ones stand and tell what they hear.
async fn bent(point: Point, abrupt: bool) -> (Session<SessionEvent>, Arc<Mutex<Vec<Vec<Value>>>>) {
    let log = Arc::<Mutex<Vec<Vec<Value>>>>::default();
    let seen = Arc::clone(&log);
    let url = accept(move |number, stream| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(Vec::new());
            if number == 1 {
                return play(stream, point, abrupt).await;
            }
            let Ok(mut peer) = Peer::accept(stream).await else { return };
            peer.say(&json!({"type": "session.created", "session": {"modalities": ["text"]}})).await;
            while let Some(event) = peer.hear().await {
                seen.lock().unwrap()[number].push(event);
                if number == 0 {
                    let _ = peer.socket.get_mut().set_zero_linger();
                    return;
                }
                peer.say(&json!({"type": "heard"})).await;
            }
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).reconnect(policy()).await.unwrap();
    session.update_session(RealtimeSession::new().voice("sage")).await.unwrap();
    (session, log)
}

/// Everything up to the end: names, `again`, and the last error.
async fn all(session: &mut Session<SessionEvent>) -> (usize, Option<Error>) {
    let mut again = 0;
    let ended = async {
        loop {
            match session.next().await {
                Some(Ok(SessionEvent::Reconnected(_))) => again += 1,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some(error),
                None => return None,
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("it never ends");
    (again, ended)
}

#[tokio::test]
async fn wherever_the_handshake_breaks_the_session_comes_back_with_its_settings() {
    let points = [
        Point::Accepted,
        Point::Asked,
        Point::Answered(1),
        Point::Answered(12),
        Point::Answered(40),
        Point::Answered(110),
        Point::Opened(b""),
        Point::Opened(&[0x81]),
        Point::Opened(&[0x81, 10, b'{']),
        Point::Opened(&[0x88, 2, 3, 0xe9]),
        Point::Opened(&[0x88, 2, 3, 0xf3]),
        Point::Says("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"),
        Point::Says("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"),
        Point::Says("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"),
    ];
    let each = points.into_iter().flat_map(|point| [(point, false), (point, true)]).map(|(point, abrupt)| async move {
        let (mut session, log) = bent(point, abrupt).await;
        let (mut again, mut heard) = (0, false);
        while !heard {
            let item = next(&mut session).await.unwrap_or_else(|error| panic!("{point:?} abrupt: {abrupt}: {error}"));
            match item {
                SessionEvent::Reconnected(reconnected) => {
                    assert!(reconnected.cause().is_truncated() || reconnected.cause().is_closed(), "{point:?}: {reconnected:?}");
                    again += 1;
                }
                SessionEvent::Server(event) => heard = super::name(&event) == "heard",
                other => panic!("{other:?}"),
            }
        }
        // A connection that stood for a moment counts as one.
        let stood = usize::from(matches!(point, Point::Opened(_)));
        assert_eq!(again, 1 + stood, "{point:?}");
        let update = json!({"type": "session.update", "session": {"voice": "sage"}});
        assert_eq!(*log.lock().unwrap(), [vec![update.clone()], vec![], vec![update]], "{point:?}");
    });
    futures_util::future::join_all(each).await;
}

#[tokio::test]
async fn an_answer_that_will_not_change_is_the_end_after_one_attempt() {
    let body = r#"{"error":{"message":"no, because","code":"x"}}"#;
    for (status, check) in [
        ("401 Unauthorized", Error::is_auth as fn(&Error) -> bool),
        ("403 Forbidden", |error| error.http_status().is_some_and(|status| status == 403)),
        ("404 Not Found", |error| error.http_status().is_some_and(|status| status == 404)),
        ("402 Payment Required", |error| error.http_status().is_some_and(|status| status == 402)),
    ] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let (mut session, log) = bent(Point::Says(head.leak()), false).await;
        let (again, error) = all(&mut session).await;
        let error = error.unwrap();
        assert!(check(&error) && error.attempts() == 1, "{status}: {error:?}");
        assert_eq!(error.api().unwrap().message(), "no, because");
        assert_eq!((again, log.lock().unwrap().len()), (0, 2), "{status}");
        assert!(session.next().await.is_none());
    }
    let wrong =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n";
    let (mut session, log) = bent(Point::Says(wrong), false).await;
    let (again, error) = all(&mut session).await;
    assert!(error.unwrap().is_protocol());
    assert_eq!((again, log.lock().unwrap().len()), (0, 2));
}

#[tokio::test]
async fn a_gateway_that_names_its_pause_gets_it() {
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let (mut session, _log) = bent(Point::Says(head), false).await;
    let since = Instant::now();
    while !matches!(next(&mut session).await.unwrap(), SessionEvent::Reconnected(_)) {}
    assert!((1000..3000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
    // One that is longer than the policy waits is given back at once, with the hint.
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    let (mut session, log) = bent(Point::Says(head), false).await;
    let (_, error) = all(&mut session).await;
    assert_eq!(error.unwrap().retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_gateway_that_closes_right_after_the_settings_is_given_up() {
    for code in [None, Some(1011)] {
        let log = Arc::<Mutex<Vec<Value>>>::default();
        let seen = Arc::clone(&log);
        let url = accept(move |_, stream| {
            let seen = Arc::clone(&seen);
            async move {
                let Ok(mut peer) = Peer::accept(stream).await else { return };
                peer.say(&json!({"type": "session.created", "session": {"type": "realtime"}})).await;
                let Some(event) = peer.hear().await else { return };
                seen.lock().unwrap().push(event);
                match code {
                    None => drop(peer.socket.get_mut().set_zero_linger()),
                    Some(code) => {
                        let frame = CloseFrame { code: code.into(), reason: "no".into() };
                        let _ = futures_util::SinkExt::send(&mut peer.socket, Message::Close(Some(frame))).await;
                        peer.hear().await;
                    }
                }
            }
        })
        .await;
        let mut session = client(&url).realtime().connect(MODEL).reconnect(policy()).await.unwrap();
        // The older form, so that each connection shows that the settings are put into its own.
        session.update_session(RealtimeSession::new().voice("ash")).await.unwrap();
        let (again, error) = all(&mut session).await;
        let error = error.unwrap();
        assert_eq!(error.close_code(), code, "{error:?}");
        assert_eq!(again, 4);
        let update = json!({"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "ash"}}}});
        assert_eq!(*log.lock().unwrap(), vec![update; 5]);
        assert!(session.next().await.is_none());
    }
}

#[tokio::test]
async fn a_gateway_that_never_comes_back_is_given_up_and_what_waits_is_handed_back() {
    let gateway = Gateway::start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).reconnect(policy()).await.unwrap();
    let SessionEvent::Server(_) = next(&mut session).await.unwrap() else { panic!("nothing broke yet") };
    gateway.shutdown().await;
    let error = loop {
        match next(&mut session).await {
            Ok(SessionEvent::Server(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(error.is_connect() && error.attempts() == 4, "{error:?}");
    assert!(session.send_text("too late").await.is_err());
    assert!(session.next().await.is_none());

    // What is said while it is down comes back whole and in its order, up to the bound.
    let gateway = Gateway::start().await.unwrap();
    let slow = policy().max_attempts(2).base_delay(Duration::from_millis(400)).max_delay(Duration::from_millis(400));
    let mut session = client_of(&gateway).realtime().connect(MODEL).queue_events(3).reconnect(slow).await.unwrap();
    gateway.shutdown().await;
    while tokio::time::timeout(Duration::from_millis(20), session.next())
        .await
        .is_ok_and(|item| item.is_some_and(|item| item.is_ok()))
    {}
    let said: Vec<RealtimeClientEvent> =
        (0..3).map(|number| RealtimeResponseCancelEvent::new().event_id(number.to_string()).into()).collect();
    let mut taken = 0;
    for event in &said {
        let Ok(fed) = tokio::time::timeout(Duration::from_secs(5), session.feed(event.clone())).await else { break };
        fed.unwrap();
        taken += 1;
    }
    let (again, error) = all(&mut session).await;
    assert!(again == 0 && error.unwrap().is_connect());
    assert_eq!((taken, session.take_unsent()), (3, said));

    // The same while somebody waits to send.
    let gateway = Gateway::start().await.unwrap();
    let mut session = client_of(&gateway).realtime().connect(MODEL).queue_events(2).reconnect(policy()).await.unwrap();
    gateway.shutdown().await;
    let mut sent = Ok(());
    for number in 0..100 {
        sent = session.send_text(number.to_string()).await;
        if sent.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(sent.unwrap_err().to_string().contains("the session is over"));
    assert_eq!(session.take_unsent().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_leaves_handshakes_without_an_answer_is_given_up_in_time() {
    let connections = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&connections);
    let url = accept(move |number, mut stream| {
        *counted.lock().unwrap() += 1;
        async move {
            if number == 0 {
                drop(Peer::accept(stream).await.unwrap().socket.get_mut().set_zero_linger());
                return;
            }
            while raw::read(&mut stream).await.is_some() {}
        }
    })
    .await;
    let call = client(&url).realtime().connect(MODEL).timeout(Duration::from_millis(100));
    let mut session = call.reconnect(policy().max_attempts(3)).await.unwrap();
    let since = Instant::now();
    let (again, error) = all(&mut session).await;
    let error = error.unwrap();
    assert!(error.is_timeout() && error.attempts() == 3, "{error:?}");
    assert_eq!((again, *connections.lock().unwrap()), (0, 4));
    assert!((300..3000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
}
