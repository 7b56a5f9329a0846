//! Realtime sessions: an audio delta to samples and a text event, beside hand-written code on other crates; many sessions
//! at once; many hours of audio.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use octopusx::realtime::{AudioDecoder, AudioEncoding, RealtimeServerEvent, Session};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::process::{self, Server};
use crate::results::Results;
use crate::{Outcome, Part};

pub const PART: Part = Part {
    name: "realtime",
    run,
    roles: &[
        ("server", |_| runtime()?.block_on(serve())),
        ("octopusx", |arguments| runtime()?.block_on(octopusx(arguments))),
        ("tungstenite", |arguments| runtime()?.block_on(tungstenite(arguments))),
        ("websockets", |arguments| runtime()?.block_on(websockets(arguments))),
        ("open", |arguments| runtime()?.block_on(open(arguments))),
        ("hours", |arguments| runtime()?.block_on(hours(arguments))),
    ],
};

/// Of PCM, before Base64.
const DELTA: usize = 32 * 1024;
const OPEN: usize = 1000;
/// 50 hours of PCM at 24,000 samples a second.
const HOURS: usize = 50 * 3600 * 24_000 * 2 / DELTA;

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn run(results: &mut Results) -> Outcome {
    let server = Server::start(PART.name, "server", &[])?;
    let base = server.base_url();
    let audio = [cost("octopusx", &base, "audio")?, cost("tungstenite", &base, "audio")?, cost("websockets", &base, "audio")?];
    let text = [cost("octopusx", &base, "text")?, cost("tungstenite", &base, "text")?, cost("websockets", &base, "text")?];
    results.at_most(
        "a 32 KiB audio delta from socket to samples",
        audio[0] / audio[1],
        0.5,
        "× tokio-tungstenite, serde, base64",
    );
    results.at_most("a 4 KiB text event", text[0] / text[2], 1.2, "× tokio-websockets, serde");
    results.table(
        "CPU an event, kernel included, µs (median of 5)",
        &["audio delta of 32 KiB", "text of 4 KiB"],
        &[
            ("octopusx", vec![audio[0], text[0]]),
            ("tokio-tungstenite + serde + base64", vec![audio[1], text[1]]),
            ("tokio-websockets + serde + base64", vec![audio[2], text[2]]),
        ],
    );
    let roles = ["octopusx", "tungstenite", "websockets"];
    let [ours, tungstenite, websockets] =
        roles.map(|role| -> Outcome<Vec<f64>> { Ok(vec![counted(role, &base, "audio")?, counted(role, &base, "text")?]) });
    results.table(
        "instructions an event, without the kernel's",
        &["audio delta of 32 KiB", "text of 4 KiB"],
        &[
            ("octopusx", ours?),
            ("tokio-tungstenite + serde + base64", tungstenite?),
            ("tokio-websockets + serde + base64", websockets?),
        ],
    );
    let open = process::run(PART.name, "open", std::slice::from_ref(&base))?;
    results.at_most(&format!("memory of an open session, {OPEN} of them"), open.number("each_kib")?, 40.0, "KiB");
    let hours = process::run(PART.name, "hours", &[base])?;
    results.at_most("growth over 50 hours of audio deltas", hours.number("growth_kib")? / 1024.0, 1.0, "MiB");
    results.note(&format!("50 hours of audio ({HOURS} deltas) took {:.1} s.", hours.number("seconds")?));
    Ok(())
}

/// What one event of a kind costs a client.
fn cost(role: &str, base: &str, kind: &str) -> Outcome<f64> {
    const FEW: usize = 2_000;
    const MANY: usize = 22_000;
    let run = |events: usize| -> Outcome<f64> {
        let played = process::run(PART.name, role, &[base.to_owned(), format!("{kind}-{events}")])?;
        let expected = events * if kind == "audio" { DELTA / 2 } else { TEXT.len() };
        if played.number("seen")? != expected as f64 {
            return Err(format!("{role} did not see all: {} of {expected}", played.number("seen")?).into());
        }
        Ok(played.cpu_micros())
    };
    let mut rounds = (0..5).map(|_| Ok((run(MANY)? - run(FEW)?) / (MANY - FEW) as f64)).collect::<Outcome<Vec<f64>>>()?;
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[rounds.len() / 2])
}

/// The same in instructions, which hardly vary.
fn counted(role: &str, base: &str, kind: &str) -> Outcome<f64> {
    const FEW: usize = 500;
    const MANY: usize = 2_500;
    let run = |events: usize| process::instructions(PART.name, role, &[base.to_owned(), format!("{kind}-{events}")]);
    Ok((run(MANY)? - run(FEW)?) / (MANY - FEW) as f64)
}

static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "Some words, 5 by 5. ".repeat(4096 / 20));

fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match text.len() {
        length @ 0..126 => bytes.push(length as u8),
        length @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn event(kind: &str, delta: &str) -> Vec<u8> {
    frame(&format!(
        r#"{{"type":"response.{kind}.delta","event_id":"event_1","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"{delta}"}}"#
    ))
}

/// Sends what the model's name asks for, `audio-100` or `text-100`, and closes; or holds the session open.
async fn serve() -> Outcome {
    let samples: Vec<u8> = (0..DELTA as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let audio = Arc::new(event("audio", &STANDARD.encode(samples)));
    let text = Arc::new(event("text", &TEXT));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    process::listening(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(session(stream, Arc::clone(&audio), Arc::clone(&text)));
    }
}

async fn session(stream: TcpStream, audio: Arc<Vec<u8>>, text: Arc<Vec<u8>>) -> Option<()> {
    let mut query = String::new();
    #[allow(clippy::result_large_err)] // The crate's own type.
    let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        query = request.uri().query().unwrap_or_default().to_owned();
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, callback).await.ok()?;
    let (kind, events) = query.strip_prefix("model=")?.split_once('-')?;
    let bytes = if kind == "audio" { &audio } else { &text };
    for _ in 0..events.parse::<usize>().ok()? {
        socket.get_mut().write_all(bytes).await.ok()?;
    }
    if kind == "hold" {
        socket.get_mut().write_all(&frame(r#"{"type":"session.created","session":{"id":"s"}}"#)).await.ok()?;
    } else {
        // The crate knows nothing of this close, and would answer the client's with a second one.
        socket.get_mut().write_all(&[0x88, 2, 3, 232]).await.ok()?;
        socket.get_mut().read_u8().await.ok()?;
        return Some(());
    }
    while socket.next().await?.is_ok() {}
    Some(())
}

async fn connect(base: &str, model: &str) -> Outcome<Session> {
    let client = octopusx::Client::builder().key("sk-bench").base_url(base).build()?;
    Ok(client.realtime().connect(model).await?)
}

async fn octopusx(arguments: &[String]) -> Outcome {
    let mut session = connect(&arguments[0], &arguments[1]).await?;
    let (mut seen, mut samples, mut decoder) = (0, Vec::new(), AudioDecoder::new(AudioEncoding::Pcm16));
    while let Some(event) = session.next().await {
        let event = event?;
        if let Some(audio) = event.added_audio() {
            samples.clear();
            decoder.decode(audio, &mut samples)?;
            seen += std::hint::black_box(&samples).len();
        }
        seen += event.added_text().len();
    }
    println!("seen={seen}");
    Ok(())
}

/// As one writes it by hand.
#[derive(Deserialize)]
#[serde(tag = "type")]
#[allow(dead_code)]
enum Event {
    #[serde(rename = "response.audio.delta")]
    Audio { event_id: String, response_id: String, item_id: String, output_index: i64, content_index: i64, delta: String },
    #[serde(rename = "response.text.delta")]
    Text { event_id: String, response_id: String, item_id: String, output_index: i64, content_index: i64, delta: String },
    #[serde(other)]
    Other,
}

impl Event {
    fn take(text: &str) -> Outcome<usize> {
        Ok(match serde_json::from_str(text)? {
            Self::Audio { delta, .. } => {
                let bytes = STANDARD.decode(delta)?;
                let samples: Vec<i16> = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                std::hint::black_box(&samples).len()
            }
            Self::Text { delta, .. } => std::hint::black_box(&delta).len(),
            Self::Other => 0,
        })
    }
}

fn socket_address(arguments: &[String]) -> (String, String) {
    let host = arguments[0].trim_start_matches("http://").to_owned();
    let uri = format!("ws://{host}/v1/realtime?model={}", arguments[1]);
    (host, uri)
}

async fn tungstenite(arguments: &[String]) -> Outcome {
    let (host, uri) = socket_address(arguments);
    let (mut socket, _) = tokio_tungstenite::client_async(uri, TcpStream::connect(host).await?).await?;
    let mut seen = 0;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() {
            seen += Event::take(message.to_text()?)?;
        }
    }
    println!("seen={seen}");
    Ok(())
}

async fn websockets(arguments: &[String]) -> Outcome {
    let (host, uri) = socket_address(arguments);
    let builder = tokio_websockets::ClientBuilder::from_uri(uri.parse()?);
    let (mut socket, _) = builder.connect_on(TcpStream::connect(host).await?).await?;
    let mut seen = 0;
    while let Some(message) = socket.next().await {
        if let Some(text) = message?.as_text() {
            seen += Event::take(text)?;
        }
    }
    println!("seen={seen}");
    Ok(())
}

/// What a thousand open sessions hold, each with its first event read.
async fn open(arguments: &[String]) -> Outcome {
    process::allow_many_files()?;
    let client = octopusx::Client::builder().key("sk-bench").base_url(&arguments[0]).build()?;
    let (mut sessions, mut before) = (Vec::with_capacity(OPEN), 0.0);
    for number in 0..=OPEN {
        let mut session = client.realtime().connect("hold-0").await?;
        session.next().await.ok_or("no event")??;
        sessions.push(session);
        if number == 0 {
            before = process::resident_kib()?;
        }
    }
    println!("each_kib={}", (process::resident_kib()? - before) / OPEN as f64);
    Ok(())
}

/// How far memory grows over many hours of audio, which come as fast as they are read.
async fn hours(arguments: &[String]) -> Outcome {
    let started = std::time::Instant::now();
    let mut session = connect(&arguments[0], &format!("audio-{HOURS}")).await?;
    let (mut seen, mut samples, mut decoder) = (0, Vec::new(), AudioDecoder::new(AudioEncoding::Pcm16));
    let mut before = 0.0;
    while let Some(event) = session.next().await {
        let event: RealtimeServerEvent = event?;
        let Some(audio) = event.added_audio() else { continue };
        samples.clear();
        decoder.decode(audio, &mut samples)?;
        seen += 1;
        // Half an hour is enough for buffers to find their size.
        if seen == HOURS / 100 {
            before = process::resident_kib()?;
        }
    }
    if seen != HOURS {
        return Err(format!("only {seen} of {HOURS} deltas came").into());
    }
    println!("growth_kib={} seconds={}", process::resident_kib()? - before, started.elapsed().as_secs_f64());
    Ok(())
}
