//! What may come as frames: the classes of the Autobahn suite, byte by byte.

use std::time::Duration;

use octopusx::Error;
use octopusx::realtime::{RealtimeClientEvent, RealtimeServerEvent, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{Peer, serve};
use super::{MODEL, next};
use crate::support::client;

const FIN: u8 = 0x80;
const MORE: u8 = 0;
const CONTINUED: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as a server writes it: without a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(length as u8),
        126..=0xffff => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn frames(all: &[(u8, &[u8])]) -> Vec<u8> {
    all.iter().flat_map(|(first, payload)| frame(*first, payload)).collect()
}

/// Reads the client's frames until it hangs up; of each the opcode and the payload without its mask.
async fn read_frames(stream: &mut TcpStream) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    loop {
        let mut head = [0; 2];
        if stream.read_exact(&mut head).await.is_err() {
            return found;
        }
        assert_eq!(head[1] & 0x80, 0x80, "a client masks its frames");
        assert!(head[1] & 0x7f < 126, "control frames are small");
        let mut mask = [0; 4];
        let mut payload = vec![0; usize::from(head[1] & 0x7f)];
        if stream.read_exact(&mut mask).await.is_err() || stream.read_exact(&mut payload).await.is_err() {
            return found;
        }
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        found.push((head[0], payload));
    }
}

/// Sends bytes in pieces of a size, and returns a session that reads them, and what the server got from it in the end.
async fn play(bytes: Vec<u8>, piece: usize, most: usize) -> (Session, tokio::sync::oneshot::Receiver<Vec<(u8, Vec<u8>)>>) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = std::sync::Arc::new(std::sync::Mutex::new(Some(tell)));
    let url = serve(move |_, mut peer: Peer| {
        let (bytes, tell) = (bytes.clone(), std::sync::Arc::clone(&tell));
        async move {
            let stream = peer.socket.get_mut();
            let (mut reading, mut writing) = tokio::io::split(stream);
            let write = async {
                for piece in bytes.chunks(piece) {
                    let _ = writing.write_all(piece).await;
                    if piece.len() < 16 {
                        tokio::task::yield_now().await;
                    }
                }
            };
            let read = async {
                let mut all = Vec::new();
                let mut buffer = [0; 1024];
                while let Ok(length @ 1..) = reading.read(&mut buffer).await {
                    all.extend_from_slice(&buffer[..length]);
                }
                all
            };
            let ((), all) = tokio::join!(write, read);
            let tell = tell.lock().unwrap().take();
            if let Some(tell) = tell {
                let _ = tell.send(parse(&all));
            }
        }
    })
    .await;
    (client(&url).realtime().connect(MODEL).max_message_bytes(most).await.unwrap(), told)
}

/// The client's frames in a row of bytes.
fn parse(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let [first, length, m0, m1, m2, m3, rest @ ..] = bytes {
        assert_eq!(length & 0x80, 0x80, "a client masks its frames");
        let length = usize::from(length & 0x7f);
        assert!(length < 126, "these tests make the client send small frames only");
        let mask = [m0, m1, m2, m3];
        let payload = rest[..length].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ **mask).collect();
        found.push((*first, payload));
        bytes = &rest[length..];
    }
    found
}

const EVENT: &str = r#"{"type":"hällo"}"#;

fn is_event(read: &Result<RealtimeServerEvent, Error>) -> bool {
    matches!(read, Ok(RealtimeServerEvent::Unknown(event)) if event["type"] == "hällo")
}

#[tokio::test]
async fn whatever_is_allowed_is_read() {
    let event = EVENT.as_bytes();
    // The second letter of the name has two bytes, from 10.
    let (start, end) = event.split_at(11);
    let large = format!(r#"{{"type":"hällo","filling":"{}"}}"#, "x".repeat(70_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("one frame", frame(FIN | TEXT, event)),
        ("as bytes", frame(FIN | BINARY, event)),
        ("two fragments, a letter cut in two", frames(&[(MORE | TEXT, start), (FIN | CONTINUED, end)])),
        ("empty fragments", frames(&[(MORE | TEXT, b""), (MORE | CONTINUED, event), (FIN | CONTINUED, b"")])),
        ("a fragment each byte", {
            let mut all = frame(MORE | TEXT, b"");
            event.iter().for_each(|byte| all.extend(frame(MORE | CONTINUED, &[*byte])));
            all.extend(frame(FIN | CONTINUED, b""));
            all
        }),
        (
            "control frames between fragments",
            frames(&[(MORE | TEXT, start), (FIN | PING, b"1"), (FIN | PONG, b""), (FIN | CONTINUED, end)]),
        ),
        ("a pong that nobody asked for", frames(&[(FIN | PONG, b"x"), (FIN | TEXT, event)])),
        ("a large ping", frames(&[(FIN | PING, &[b'p'; 125]), (FIN | TEXT, event)])),
        ("eight bytes of length", frame(FIN | TEXT, large.as_bytes())),
    ];
    for (case, bytes) in cases {
        for piece in [1, 7, 65_536] {
            if piece < 7 && bytes.len() > 1000 {
                continue;
            }
            let (mut session, _told) = play(bytes.clone(), piece, 1 << 20).await;
            let read = next(&mut session).await;
            assert!(is_event(&read), "{case} in pieces of {piece}: {read:?}");
        }
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_words() {
    let bytes = frames(&[(FIN | PING, b"are you there"), (FIN | TEXT, EVENT.as_bytes())]);
    let (mut session, told) = play(bytes, 4096, 1 << 20).await;
    assert!(is_event(&next(&mut session).await));
    // The answer goes out while the next event is awaited.
    let _ = tokio::time::timeout(Duration::from_millis(50), session.next()).await;
    drop(session);
    assert_eq!(told.await.unwrap()[0], (FIN | PONG, b"are you there".to_vec()));
}

#[tokio::test]
async fn pings_in_a_row_are_answered_in_their_order() {
    let pings: Vec<[u8; 1]> = (0..10).map(|number| [number]).collect();
    let bytes: Vec<u8> =
        pings.iter().flat_map(|ping| frame(FIN | PING, ping)).chain(frame(FIN | TEXT, EVENT.as_bytes())).collect();
    for piece in [1, 4096] {
        let (mut session, told) = play(bytes.clone(), piece, 1 << 20).await;
        assert!(is_event(&next(&mut session).await));
        let _ = tokio::time::timeout(Duration::from_millis(50), session.next()).await;
        drop(session);
        let pongs: Vec<(u8, Vec<u8>)> = pings.iter().map(|ping| (FIN | PONG, ping.to_vec())).collect();
        assert_eq!(told.await.unwrap(), pongs);
    }
}

#[tokio::test]
async fn lengths_at_the_borders_of_their_forms_are_read_and_written() {
    let url = serve(|_, mut peer: Peer| async move {
        while let Some(event) = peer.hear().await {
            peer.say(&event).await;
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    let around = r#"{"type":""}"#.len();
    for length in [around, 125, 126, 127, 128, 65_535, 65_536, 65_537, 4 << 20] {
        let event = serde_json::json!({"type": "x".repeat(length - around)});
        assert_eq!(event.to_string().len(), length);
        session.send(RealtimeClientEvent::Unknown(event.clone())).await.unwrap();
        let RealtimeServerEvent::Unknown(read) = next(&mut session).await.unwrap() else { panic!("it is known") };
        assert!(read == event, "{length}");
    }
}

#[tokio::test]
async fn letters_of_every_length_may_be_cut_anywhere() {
    let letters = ["κόσμε", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{fffd}", "\u{fffe}", "\u{ffff}"]
        .into_iter()
        .chain(["\u{10000}", "\u{1fffe}", "\u{10ffff}", "\u{feff}"]);
    let events: Vec<String> = letters.map(|letters| format!(r#"{{"type":"{letters}"}}"#)).collect();
    let mut bytes = Vec::new();
    for event in &events {
        for at in 0..=event.len() {
            let (start, end) = event.as_bytes().split_at(at);
            bytes.extend(frames(&[(MORE | TEXT, start), (FIN | PING, b""), (FIN | CONTINUED, end)]));
        }
    }
    let (mut session, _told) = play(bytes, 4096, 1 << 20).await;
    for event in &events {
        for at in 0..=event.len() {
            let RealtimeServerEvent::Unknown(read) = next(&mut session).await.unwrap() else { panic!("it is known") };
            assert_eq!(read.to_string(), *event, "cut at {at}");
        }
    }
}

#[tokio::test]
async fn what_is_no_letter_ends_the_session_wherever_it_is_cut() {
    let cases: [&[u8]; 16] = [
        b"\x80",
        b"\xbf",
        b"\xc0",
        b"\xfe",
        b"\xff",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
    ];
    for wrong in cases {
        let whole = [b"{\"type\":\"", wrong, b"\"}"].concat();
        for at in [0, 9, 10, whole.len() - 2] {
            let (start, end) = whole.split_at(at);
            let (mut session, told) = play(frames(&[(MORE | TEXT, start), (FIN | CONTINUED, end)]), 4096, 1 << 20).await;
            let error = next(&mut session).await.unwrap_err();
            assert!(error.is_protocol(), "{wrong:x?} cut at {at}: {error:?}");
            drop(session);
            let told = told.await.unwrap();
            assert_eq!(told.last().map(|(first, payload)| (*first, payload[..2].to_vec())), Some((FIN | CLOSE, vec![3, 239])));
        }
    }
}

#[tokio::test]
async fn whatever_breaks_the_rules_ends_the_session_and_the_server_is_told_why() {
    let event = EVENT.as_bytes();
    let (start, end) = event.split_at(11);
    let masked = [FIN | TEXT, 0x80 | 2, 1, 2, 3, 4, b'{' ^ 1, b'}' ^ 2];
    let cases: Vec<(&str, u16, Vec<u8>)> = vec![
        ("reserved bit 1", 1002, frame(FIN | 0x40 | TEXT, event)),
        ("reserved bit 2", 1002, frame(FIN | 0x20 | TEXT, event)),
        ("reserved bit 3", 1002, frame(FIN | 0x10 | TEXT, event)),
        ("opcode 3", 1002, frame(FIN | 3, event)),
        ("opcode 7", 1002, frame(FIN | 7, event)),
        ("opcode 11", 1002, frame(FIN | 11, b"")),
        ("opcode 15", 1002, frame(FIN | 15, b"")),
        ("a mask", 1002, masked.to_vec()),
        ("a continuation of nothing", 1002, frame(FIN | CONTINUED, event)),
        ("a text inside a text", 1002, frames(&[(MORE | TEXT, start), (FIN | TEXT, end)])),
        ("a ping in fragments", 1002, frames(&[(MORE | PING, b"1"), (FIN | CONTINUED, b"2")])),
        ("a ping that is too long", 1002, frame(FIN | PING, &[0; 126])),
        ("a length written too long", 1002, [&[FIN | TEXT, 126, 0, 16][..], event].concat()),
        ("a length of eight bytes for less", 1002, [&[FIN | TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 16][..], event].concat()),
        ("no UTF-8", 1007, frame(FIN | TEXT, b"\"\xff\"")),
        ("UTF-8 that is longer than needed", 1007, frame(FIN | TEXT, b"\"\xc0\xaf\"")),
        ("half a surrogate", 1007, frame(FIN | TEXT, b"\"\xed\xa0\x80\"")),
        ("a letter that never ends", 1007, frame(FIN | TEXT, start)),
        ("no UTF-8 in the second fragment", 1007, frames(&[(MORE | TEXT, start), (FIN | CONTINUED, b"\xff")])),
        ("a letter cut off by the end", 1007, frames(&[(MORE | TEXT, b"\""), (FIN | CONTINUED, b"\xc3")])),
        ("a close of one byte", 1002, frame(FIN | CLOSE, &[3])),
        ("a close code below all", 1002, frame(FIN | CLOSE, &999_u16.to_be_bytes())),
        ("a close code for nobody", 1002, frame(FIN | CLOSE, &1005_u16.to_be_bytes())),
        ("another close code for nobody", 1002, frame(FIN | CLOSE, &1006_u16.to_be_bytes())),
        ("a close code above all", 1002, frame(FIN | CLOSE, &5000_u16.to_be_bytes())),
        ("a reason that is no UTF-8", 1007, frame(FIN | CLOSE, b"\x03\xe8\xff")),
    ];
    for (case, code, bytes) in cases {
        let (mut session, told) = play(bytes, 4096, 1 << 20).await;
        let error = next(&mut session).await.unwrap_err();
        assert!(error.is_protocol() && !error.is_retryable(), "{case}: {error:?}");
        assert!(session.next().await.is_none(), "{case}: something comes after the end");
        drop(session);
        let told = told.await.unwrap();
        let (first, payload) = told.last().unwrap_or_else(|| panic!("{case}: the server was told nothing"));
        assert_eq!((*first, payload.get(..2)), (FIN | CLOSE, Some(&code.to_be_bytes()[..])), "{case}");
    }
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_not_read() {
    let long = [b'x'; 600];
    // A length that would fill any memory, announced and never sent.
    let announced = [&[FIN | TEXT, 127][..], &(1_u64 << 40).to_be_bytes()].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("one frame", frame(FIN | TEXT, &[b'x'; 1001])),
        ("fragments", frames(&[(MORE | TEXT, &long), (FIN | CONTINUED, &long)])),
        ("a length alone", announced),
    ];
    for (case, bytes) in cases {
        let (mut session, told) = play(bytes, 4096, 1000).await;
        let error = next(&mut session).await.unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("larger than 1000 bytes"), "{case}: {error:?}");
        assert!(session.next().await.is_none(), "{case}");
        drop(session);
        let told = told.await.unwrap();
        assert_eq!(
            told.last().map(|(first, payload)| (*first, payload[..2].to_vec())),
            Some((FIN | CLOSE, vec![3, 241])),
            "{case}"
        );
    }
    let (mut session, _told) = play(frame(FIN | TEXT, &[b' '; 1000]), 4096, 1000).await;
    assert!(next(&mut session).await.unwrap_err().to_string().contains("can't be read"), "1000 bytes are allowed");
}

#[tokio::test]
async fn a_close_is_what_it_says() {
    let close = |code: u16, reason: &str| frame(FIN | CLOSE, &[&code.to_be_bytes()[..], reason.as_bytes()].concat());
    for (case, bytes, expected) in [
        ("a normal one", close(1000, "bye"), None),
        ("one without a code", frame(FIN | CLOSE, b""), None),
        ("going away", close(1001, ""), Some((1001, "", true))),
        ("a policy", close(1008, "the key was revoked"), Some((1008, "the key was revoked", false))),
        ("an inner error", close(1011, "upstream\nfailed"), Some((1011, "upstream failed", true))),
        ("one of the gateway's own", close(4001, "session expired"), Some((4001, "session expired", false))),
        ("an answer in pieces", frames(&[(MORE | TEXT, b"{"), (FIN | CLOSE, b"\x03\xe9")]), Some((1001, "", true))),
        ("something after it", [close(1012, "soon"), frame(FIN | TEXT, EVENT.as_bytes())].concat(), Some((1012, "soon", true))),
    ] {
        let (mut session, told) = play(bytes, 4096, 1 << 20).await;
        let item = session.next().await;
        match expected {
            None => assert!(item.is_none(), "{case}: {item:?}"),
            Some((code, reason, retryable)) => {
                let error = item.unwrap().unwrap_err();
                assert!(error.is_closed() && error.may_have_been_processed(), "{case}: {error:?}");
                assert_eq!((error.close_code(), error.close_reason()), (Some(code), Some(reason)), "{case}");
                assert_eq!(error.is_retryable(), retryable, "{case}");
                assert!(session.next().await.is_none(), "{case}");
            }
        }
        drop(session);
        assert_eq!(told.await.unwrap().last().map(|(first, _)| *first), Some(FIN | CLOSE), "{case}: it was not answered");
    }
}

#[tokio::test]
async fn a_connection_that_just_ends_is_told_apart() {
    let url = serve(|_, mut peer: Peer| async move {
        peer.say(&serde_json::json!({"type": "one"})).await;
        let _ = peer.socket.get_mut().set_zero_linger();
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    let error = match next(&mut session).await {
        Ok(_) => next(&mut session).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.is_truncated() && error.is_retryable() && error.close_code().is_none(), "{error:?}");
    assert!(session.next().await.is_none());
}

#[tokio::test]
async fn what_is_no_event_is_an_error_and_the_session_goes_on() {
    let bytes = frames(&[
        (FIN | TEXT, b"{\"type\":"),
        (FIN | TEXT, b"not JSON"),
        (FIN | TEXT, b""),
        (FIN | BINARY, b"\xff\xfe"),
        (FIN | TEXT, br#"{"type":"response.text.delta","delta":{"a":1}}"#),
        (FIN | TEXT, EVENT.as_bytes()),
    ]);
    let (mut session, _told) = play(bytes, 4096, 1 << 20).await;
    let mut errors = Vec::new();
    for _ in 0..5 {
        let error = next(&mut session).await.unwrap_err();
        assert!(error.is_decode(), "{error:?}");
        errors.push((error.json_path().map(str::to_owned), error.body().unwrap().to_vec()));
    }
    assert_eq!(errors[1], (None, b"not JSON".to_vec()));
    assert_eq!(errors[4].0.as_deref(), Some("delta"));
    assert!(is_event(&next(&mut session).await));
}

#[tokio::test]
async fn the_clients_frames_are_masked_and_whole() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let url = serve(move |_, mut peer: Peer| {
        let tell = tell.lock().unwrap().take();
        async move {
            let seen = read_frames(peer.socket.get_mut()).await;
            let _ = tell.unwrap().send(seen);
        }
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    session.cancel().await.unwrap();
    session.commit().await.unwrap();
    drop(session);
    let seen: Vec<(u8, String)> =
        told.await.unwrap().into_iter().map(|(first, payload)| (first, String::from_utf8(payload).unwrap())).collect();
    let event = |name: &str| (FIN | TEXT, format!(r#"{{"type":"{name}"}}"#));
    assert_eq!(seen, [event("response.cancel"), event("input_audio_buffer.commit")]);
}
