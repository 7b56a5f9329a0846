//! Stands before a real gateway, passes everything on, and keeps what came.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::exchange::{Answered, AnsweredBody, Asked, End, Exchange};
use super::replay::{asked, kept_headers};
use super::secrets::Secrets;
use super::{GATEWAY, INDEX, Kind, RecordingError, index};
use crate::builder::StartError;
use crate::document::Document;
use crate::failure;
use crate::line::Broken;
use crate::request::{Incoming, is_json};
use crate::server::{self, BODY_LIMIT, Serves};
use crate::sources;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Headers of one connection, which the next has of its own.
const OWN: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Long enough for what came before a break to be written.
const BEFORE_BREAK: Duration = Duration::from_millis(20);

type Passing = BoxStream<'static, Result<Bytes, BoxError>>;

/// Sets up a [`Recorder`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct RecorderBuilder {
    upstream: String,
    folder: PathBuf,
    kind: Kind,
    port: u16,
}

impl RecorderBuilder {
    /// The port of this machine that it listens on. 0, the default, means any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The upstream is an OpenOctopus gateway, and not one of OctopusX.
    pub fn openoctopus(mut self) -> Self {
        self.kind = Kind::OpenOctopus;
        self
    }

    /// Makes the folder, and listens. It runs on the tokio runtime that this is called on.
    ///
    /// # Errors
    /// When the address of the gateway can't be understood, the folder can't be made or holds a recording, or the port can't
    /// be opened.
    pub async fn start(self) -> Result<Recorder, StartError> {
        let upstream = base(&self.upstream).map_err(StartError::recorder)?;
        let document = match self.kind {
            Kind::OctopusX => sources::octopusx().map_err(|error| StartError::document("OctopusX", error))?,
            Kind::OpenOctopus => sources::openoctopus().map_err(|error| StartError::document("OpenOctopus", error))?,
        };
        let told = |error: RecordingError| StartError::recorder(error.to_string());
        begin(&self.folder, self.kind, &upstream).map_err(told)?;
        let (listener, url) = crate::builder::open(self.port).await?;
        let relay = Arc::new(Relay {
            secrets: Secrets::of(&document),
            document,
            client: client().map_err(|error| StartError::recorder(error.to_string()))?,
            upstream,
            url: url.clone(),
            folder: self.folder,
            count: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            failed: Mutex::new(None),
        });
        let (stop, mut stopped) = watch::channel(());
        let until = async move { while stopped.changed().await.is_ok() {} };
        let server = tokio::spawn(server::serve(listener, Arc::clone(&relay), until));
        Ok(Recorder { url, relay, stop, server })
    }
}

/// Stands between a client and a real gateway and writes each request with its answer to a folder, without secrets.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = octopusx_mock::Recorder::builder("https://octopusx.ai", "tests/recordings/chat").start().await?;
/// // Give a client `recorder.url()` and the real key, let it do its work, and then:
/// println!("{} answers are kept", recorder.finish().await?);
/// # Ok(())
/// # }
/// ```
///
/// What it keeps, and in which form, stands in the crate's README.
#[must_use = "it stops when this is dropped"]
pub struct Recorder {
    url: String,
    relay: Arc<Relay>,
    stop: watch::Sender<()>,
    server: JoinHandle<()>,
}

impl Recorder {
    /// For the gateway at an address, and a folder that holds no recording yet.
    pub fn builder(upstream: impl Into<String>, folder: impl Into<PathBuf>) -> RecorderBuilder {
        RecorderBuilder { upstream: upstream.into(), folder: folder.into(), kind: Kind::OctopusX, port: 0 }
    }

    /// The address to give to a client in place of the gateway's: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops, and says how many answers were kept. Answers on their way get a second to finish.
    ///
    /// # Errors
    /// When a file could not be written; the first one is named.
    pub async fn finish(self) -> Result<usize, RecordingError> {
        let Self { relay, stop, server, .. } = self;
        drop(stop);
        // It ends in any case; only a panic of its own could be told here.
        _ = server.await;
        let failed = relay.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or_else(|| Ok(relay.kept.load(Ordering::SeqCst)), Err)
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("url", &self.url).field("folder", &self.relay.folder).finish_non_exhaustive()
    }
}

/// What passes requests on.
struct Relay {
    document: Arc<Document>,
    secrets: Secrets,
    client: reqwest::Client,
    upstream: String,
    url: String,
    folder: PathBuf,
    count: AtomicUsize,
    kept: AtomicUsize,
    /// The first file that could not be written.
    failed: Mutex<Option<RecordingError>>,
}

impl Serves for Arc<Relay> {
    async fn serve(&self, request: Request) -> Result<Response, Broken> {
        let (head, body) = request.into_parts();
        if head.headers.contains_key(header::UPGRADE) {
            return Ok(failure::bad_order("sessions over WebSocket are not recorded").into_response());
        }
        match to_bytes(body, BODY_LIMIT).await {
            Ok(body) => self.pass(Incoming::new(head.method, head.uri, head.headers, body)).await,
            Err(error) => Ok(failure::unreadable_body(&error.to_string()).into_response()),
        }
    }
}

impl Relay {
    async fn pass(self: &Arc<Self>, incoming: Incoming) -> Result<Response, Broken> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let asked = asked(&self.document, &self.secrets, &incoming);
        let name = format!("{number:04}-{}", asked.operation.as_deref().unwrap_or("other"));
        let mut tape =
            Tape { relay: Arc::clone(self), name, asked: Some(asked), answer: None, last: Instant::now(), end: End::Left };
        let answer = match self.send(&incoming).await {
            Ok(answer) => answer,
            Err(_) => {
                tape.end = End::Broken;
                return Err(Broken);
            }
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        tape.head(status, &headers);
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let whole = is_json(kind.split(';').next().unwrap_or_default().trim());
        let pieces = answer.bytes_stream().map(|piece| piece.map_err(BoxError::from)).boxed();
        let mut response = Response::new(if incoming.method == Method::HEAD {
            tape.end = End::Whole;
            Body::empty()
        } else {
            Body::from_stream(passed(pieces, tape, whole).then(flushed))
        });
        *response.status_mut() = status;
        for (name, value) in headers.iter().filter(|(name, _)| !OWN.contains(name) || incoming.method == Method::HEAD) {
            response.headers_mut().append(name, value.clone());
        }
        Ok(response)
    }

    async fn send(&self, incoming: &Incoming) -> Result<reqwest::Response, reqwest::Error> {
        let target = incoming.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut headers = incoming.headers.clone();
        OWN.iter().chain([&header::ACCEPT_ENCODING]).for_each(|name| _ = headers.remove(name));
        let body = match std::str::from_utf8(&incoming.body) {
            Ok(text) if text.contains(&self.url) => moved(text, &self.url, &self.upstream).into(),
            _ => incoming.body.clone(),
        };
        let request = self.client.request(incoming.method.clone(), format!("{}{target}", self.upstream));
        request.headers(headers).body(body).send().await
    }

    /// What may be kept of a text.
    fn kept_text(&self, text: &str) -> String {
        self.secrets.hide(&moved(&moved(text, &self.upstream, GATEWAY), &self.url, GATEWAY))
    }

    fn keep(&self, exchange: &Exchange) {
        match exchange.write(&self.folder) {
            Ok(()) => _ = self.kept.fetch_add(1, Ordering::SeqCst),
            Err(error) => _ = self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error),
        }
    }
}

/// Passes pieces on and keeps them. A whole JSON answer goes on at once, with the gateway's address made the recorder's, so
/// that what it names is asked for here, too.
fn passed(pieces: Passing, tape: Tape, whole: bool) -> Passing {
    if !whole {
        let pass = |(mut pieces, mut tape): (Passing, Tape)| async move {
            match pieces.next().await {
                Some(piece) => {
                    tape.piece(&piece);
                    Some((piece, (pieces, tape)))
                }
                None => {
                    tape.ended();
                    None
                }
            }
        };
        return unfold((pieces, tape), pass).boxed();
    }
    let gather = |state: Option<(Passing, Tape)>| async move {
        let (mut pieces, mut tape) = state?;
        let mut gathered = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            tape.piece(&piece);
            match piece {
                Ok(bytes) => gathered.extend_from_slice(&bytes),
                Err(error) => return Some((vec![Ok(gathered.freeze()), Err(error)], None)),
            }
        }
        tape.end = End::Whole;
        let relay = &tape.relay;
        let answer = match std::str::from_utf8(&gathered) {
            Ok(text) => Bytes::from(moved(text, &relay.upstream, &relay.url)),
            Err(_) => gathered.freeze(),
        };
        Some((vec![Ok(answer)], None))
    };
    unfold(Some((pieces, tape)), gather).flat_map(futures_util::stream::iter).boxed()
}

/// A break would overtake what was written before it.
async fn flushed(piece: Result<Bytes, BoxError>) -> Result<Bytes, BoxError> {
    if piece.is_err() {
        tokio::time::sleep(BEFORE_BREAK).await;
    }
    piece
}

/// Addresses that stand as texts of JSON and begin with one base, with another in its place.
fn moved(text: &str, from: &str, to: &str) -> String {
    let escaped = |base: &str| base.replace('/', "\\/");
    let text = text.replace(&format!("\"{from}/"), &format!("\"{to}/"));
    text.replace(&format!("\"{}\\/", escaped(from)), &format!("\"{}\\/", escaped(to)))
}

/// One exchange on its way to its file, which is written when this is dropped.
struct Tape {
    relay: Arc<Relay>,
    name: String,
    asked: Option<Asked>,
    answer: Option<Head>,
    /// The time of what came last.
    last: Instant,
    end: End,
}

struct Head {
    status: StatusCode,
    headers: HeaderMap,
    after: Duration,
    pieces: Vec<(Duration, Bytes)>,
}

impl Tape {
    /// All came.
    fn ended(mut self) {
        self.end = End::Whole;
    }

    fn pause(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.last, now))
    }

    fn head(&mut self, status: StatusCode, headers: &HeaderMap) {
        let after = self.pause();
        self.answer = Some(Head { status, headers: headers.clone(), after, pieces: Vec::new() });
    }

    fn piece(&mut self, piece: &Result<Bytes, BoxError>) {
        let pause = self.pause();
        match (piece, &mut self.answer) {
            (Ok(bytes), Some(head)) => head.pieces.push((pause, bytes.clone())),
            _ => self.end = End::Broken,
        }
    }

    fn answered(&mut self) -> Option<Answered> {
        let Head { status, headers, after, pieces } = self.answer.take()?;
        let whole: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
        let of_head = self.asked.as_ref().is_some_and(|asked| asked.method == Method::HEAD);
        let headers = kept_headers(&self.relay.secrets, &headers, of_head);
        let is_events = headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/event-stream"));
        let body = match std::str::from_utf8(&whole) {
            Ok(text) if is_events => AnsweredBody::Pieces(self.kept_pieces(text, &pieces)),
            Ok(text) => AnsweredBody::Whole(self.relay.kept_text(text).into()),
            Err(_) => AnsweredBody::Whole(self.relay.secrets.hide_bytes(&whole).into()),
        };
        Some(Answered { status: status.as_u16(), headers, after, body, end: self.end })
    }

    /// Pieces as they came, but for letters that were cut, and for lines with a secret, which stand in the piece in which they
    /// begin.
    fn kept_pieces(&self, whole: &str, pieces: &[(Duration, Bytes)]) -> Vec<(Duration, Bytes)> {
        let mut ends = Vec::new();
        let mut at = 0;
        for (_, bytes) in pieces {
            at += bytes.len();
            ends.push((0..=at).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(at));
        }
        let mut found: Vec<String> = vec![String::new(); pieces.len()];
        let mut from = 0;
        for line in whole.split_inclusive('\n') {
            let kept = self.relay.kept_text(line);
            let piece_of = |at: usize| ends.partition_point(|end| *end <= at).min(ends.len().saturating_sub(1));
            if kept != line {
                found[piece_of(from)].push_str(&kept);
            } else {
                let mut at = from;
                while at < from + line.len() {
                    let piece = piece_of(at);
                    let end = ends[piece].clamp(at + 1, from + line.len());
                    let end = if piece + 1 == ends.len() { from + line.len() } else { end };
                    found[piece].push_str(&whole[at..end]);
                    at = end;
                }
            }
            from += line.len();
        }
        pieces.iter().zip(found).map(|((pause, _), text)| (*pause, Bytes::from(text))).collect()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        let answer = self.answered();
        if let Some(request) = self.asked.take() {
            let exchange = Exchange { name: std::mem::take(&mut self.name), request, answer };
            self.relay.keep(&exchange);
        }
    }
}

/// Makes the folder and its index. A folder that holds a recording is left alone.
fn begin(folder: &Path, kind: Kind, upstream: &str) -> Result<(), RecordingError> {
    let file = folder.join(INDEX);
    if file.exists() {
        return Err(RecordingError::new(folder, "it holds a recording already; choose another folder, or remove it"));
    }
    let told = |error: std::io::Error| RecordingError::new(folder, &error.to_string());
    std::fs::create_dir_all(folder).map_err(told)?;
    std::fs::write(&file, format!("{:#}\n", index(kind, upstream))).map_err(told)
}

/// An address as the client takes it: with or without `/v1` or `/` at its end.
fn base(text: &str) -> Result<String, String> {
    let url: reqwest::Url = text.trim().parse().map_err(|error| format!("the address of the gateway: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.query().is_some() {
        return Err("the address of the gateway must look like https://octopusx.ai".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address of the gateway holds a user name or password; the client sends the key".to_owned());
    }
    let text = url.as_str().trim_end_matches('/');
    Ok(text.strip_suffix("/v1").unwrap_or(text).trim_end_matches('/').to_owned())
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    // Fails only where the program has chosen a provider.
    _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).referer(false);
    builder.retry(reqwest::retry::never()).build()
}
