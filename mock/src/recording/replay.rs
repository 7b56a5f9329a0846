//! Finds the recorded answer to a request.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
#[cfg(feature = "record")]
use http::HeaderMap;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::exchange::{Answered, AnsweredBody, Asked, AskedBody, End, Exchange};
use super::secrets::Secrets;
use super::{GATEWAY, Kind, Recording};
use crate::document::{Document, Place};
use crate::failure;
use crate::line::{At, Break, How};
use crate::outgoing::{Content, Outgoing, Pieces};
use crate::pointer::escape;
use crate::request::{Incoming, Payload};

/// So many recordings are named where none fits.
const NEAREST: usize = 3;

/// The recordings of one gateway, each for one request.
pub(crate) struct Replay {
    exchanges: Vec<Exchange>,
    used: Mutex<Vec<bool>>,
    secrets: Secrets,
    document: Arc<Document>,
    real_time: bool,
}

impl Replay {
    /// Those of one gateway, in the order in which they were given; none where no recording is of it.
    pub(crate) fn of(kind: Kind, recordings: &[Recording], document: &Arc<Document>, real_time: bool) -> Option<Arc<Self>> {
        let own = || recordings.iter().filter(|recording| recording.kind == kind);
        own().next()?;
        let exchanges: Vec<Exchange> = own().flat_map(|recording| recording.exchanges.iter().cloned()).collect();
        let used = Mutex::new(vec![false; exchanges.len()]);
        let document = Arc::clone(document);
        Some(Arc::new(Self { exchanges, used, secrets: Secrets::of(&document), document, real_time }))
    }

    /// The names of those that no request asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchanges.iter().zip(used.iter()).filter(|(_, used)| !**used).map(|(exchange, _)| exchange.name.clone()).collect()
    }

    /// The answer, with `url` where the gateway's address stood.
    pub(crate) fn answer(&self, incoming: &Incoming, url: &str) -> Outgoing {
        let asked = asked(&self.document, &self.secrets, incoming);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = self.exchanges.iter().enumerate().filter(|(at, exchange)| !used[*at] && fits(&exchange.request, &asked));
        // Of several the one that is most alike; of equals the first.
        let alike = |exchange: &Exchange| {
            let known = &exchange.request;
            (known.key_in == asked.key_in, known.headers == asked.headers, known.body == asked.body)
        };
        let found = fitting.rev().max_by_key(|(_, exchange)| alike(exchange));
        match found {
            Some((at, exchange)) => {
                used[at] = true;
                self.outgoing(exchange, url)
            }
            None => self.miss(&asked, &used),
        }
    }

    fn outgoing(&self, exchange: &Exchange, url: &str) -> Outgoing {
        let Some(answer) = &exchange.answer else {
            let mut nothing = Outgoing::new(StatusCode::OK, Content::Whole(Bytes::new()));
            nothing.broken = Some(Break { at: At::BeforeHead, how: How::Closed });
            return nothing;
        };
        let Ok(status) = StatusCode::from_u16(answer.status) else {
            return failure::internal(&format!("{}: {} is no status", exchange.name, answer.status));
        };
        let mut outgoing = Outgoing::new(status, self.content(answer, url));
        for (name, value) in &answer.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.replace(GATEWAY, url))) {
                outgoing.headers.append(name, value);
            }
        }
        if self.real_time {
            outgoing.delay = answer.after;
        }
        if answer.end == End::Broken {
            outgoing.broken = Some(Break { at: At::Body(usize::MAX), how: How::Closed });
        }
        outgoing
    }

    fn content(&self, answer: &Answered, url: &str) -> Content {
        let pause = |pause: Duration| Some(if self.real_time { pause } else { Duration::ZERO });
        let mut pieces = match &answer.body {
            AnsweredBody::Whole(bytes) if answer.end == End::Whole => return Content::Whole(placed(bytes, url)),
            AnsweredBody::Whole(bytes) => Pieces::one(placed(bytes, url)),
            AnsweredBody::Pieces(all) => {
                let queue = all.iter().map(|(after, bytes)| (pause(*after), placed(bytes, url))).collect();
                Pieces { queue, stalls: false }
            }
        };
        pieces.stalls = answer.end == End::Left;
        Content::Pieces(pieces)
    }

    /// No recording is left for a request.
    fn miss(&self, asked: &Asked, used: &[bool]) -> Outgoing {
        let mut near: Vec<(usize, usize, String)> = Vec::new();
        for (at, exchange) in self.exchanges.iter().enumerate() {
            let (distance, why) = difference(&exchange.request, asked, used[at]);
            near.push((
                distance,
                at,
                format!("{} ({} {}): {why}", exchange.name, exchange.request.method, exchange.request.target),
            ));
        }
        near.sort();
        let near: Vec<String> = near.into_iter().take(NEAREST).map(|(_, _, text)| text).collect();
        let nearest = if near.is_empty() { "the recording is empty".to_owned() } else { format!("nearest: {}", near.join("; ")) };
        let message = format!("octopusx-mock: no recording is left for {} {}; {nearest}", asked.method, asked.target);
        let error = json!({"message": message, "type": "mock_error", "code": "no_recording", "nearest": near});
        Outgoing::json(StatusCode::UNPROCESSABLE_ENTITY, json!({"error": error}))
    }
}

/// A request as it is kept and compared.
pub(crate) fn asked(document: &Document, secrets: &Secrets, incoming: &Incoming) -> Asked {
    let key_in = secrets.learn(incoming);
    let operation = document.route(&incoming.method, incoming.path()).map(|(operation, _)| operation);
    let mut names = vec!["range"];
    for parameter in operation.into_iter().flat_map(|operation| &operation.parameters) {
        if parameter.place == Place::Header && !secrets.is_header(&parameter.name.to_lowercase()) {
            names.push(&parameter.name);
        }
    }
    let header = |name: &str| Some((name.to_lowercase(), secrets.hide(incoming.header(name)?)));
    let kind = incoming.content_type().map(|kind| ("content-type".to_owned(), kind));
    let whole = incoming.uri.path_and_query().map_or_else(|| incoming.uri.to_string(), ToString::to_string);
    Asked {
        operation: operation.map(|operation| operation.id.clone()),
        method: incoming.method.clone(),
        target: secrets.hide_target(&whole),
        key_in,
        headers: kind.into_iter().chain(names.into_iter().filter_map(header)).collect(),
        body: asked_body(secrets, incoming),
    }
}

fn asked_body(secrets: &Secrets, incoming: &Incoming) -> AskedBody {
    match &incoming.payload {
        _ if incoming.body.is_empty() => AskedBody::None,
        Payload::Json(Ok(value)) => AskedBody::Json(secrets.hide_json(value)),
        Payload::Form(Ok(parts)) => {
            let part = |part: &crate::RecordedPart| {
                let mut found = json!({"name": part.name});
                match (&part.file_name, part.text()) {
                    (None, Some(text)) => found["text"] = secrets.hide(text).into(),
                    (name, _) => {
                        found["file_name"] = json!(name.as_deref().map(|name| secrets.hide(name)));
                        found["bytes"] = part.bytes.len().into();
                    }
                }
                if let Some(kind) = &part.content_type {
                    found["content_type"] = kind.as_str().into();
                }
                found
            };
            AskedBody::Form(parts.iter().map(part).collect())
        }
        _ => match std::str::from_utf8(&incoming.body) {
            Ok(text) => AskedBody::Text(secrets.hide(text)),
            Err(_) => AskedBody::Bytes(incoming.body.len()),
        },
    }
}

/// Whether a recording can answer a request.
fn fits(known: &Asked, asked: &Asked) -> bool {
    known.method == asked.method && same_target(&known.target, &asked.target) && shape(&known.body) == shape(&asked.body)
}

/// The same path, and the same query but for what was taken out of it.
fn same_target(known: &str, asked: &str) -> bool {
    let parts = |target: &str| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
        pairs.sort();
        (path.to_owned(), pairs)
    };
    let (known, asked) = (parts(known), parts(asked));
    let hidden = |pairs: &[String]| pairs.len() == 1 && matches!(pairs[0].as_str(), "[hidden]" | "%5Bhidden%5D");
    known.0 == asked.0 && (known.1 == asked.1 || hidden(&known.1) || hidden(&asked.1))
}

/// What a body consists of, whatever its texts and numbers: yes and no are a part of it, since they choose the form of the
/// answer, and how long a list is is none.
fn shape(body: &AskedBody) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match body {
        AskedBody::None => {}
        AskedBody::Json(value) => add_shape("", value, &mut found),
        AskedBody::Text(_) => _ = found.insert("text".to_owned()),
        AskedBody::Bytes(_) => _ = found.insert("bytes".to_owned()),
        AskedBody::Form(parts) => {
            let names = parts.as_array().into_iter().flatten().filter_map(|part| part["name"].as_str());
            found.extend(names.map(|name| format!("part {name}")));
        }
    }
    found
}

fn add_shape(at: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.insert(format!("{at} object"));
            members.iter().for_each(|(name, member)| add_shape(&format!("{at}/{}", escape(name)), member, found));
        }
        Value::Array(items) => {
            found.insert(format!("{at} array"));
            items.iter().for_each(|item| add_shape(&format!("{at}/*"), item, found));
        }
        Value::Bool(is) => _ = found.insert(format!("{at} {is}")),
        Value::Null => _ = found.insert(format!("{at} null")),
        Value::Number(_) => _ = found.insert(format!("{at} number")),
        Value::String(_) => _ = found.insert(format!("{at} text")),
    }
}

/// How far a recording is from a request, and in what.
fn difference(known: &Asked, asked: &Asked, used: bool) -> (usize, String) {
    let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
    let (own, other) = (path(&known.target), path(&asked.target));
    if own != other {
        let common = own.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count();
        let operation = usize::from(known.operation.is_none() || known.operation != asked.operation);
        return (1_000 * (1 + operation) - common.min(900), "it has another path".to_owned());
    }
    if known.method != asked.method {
        return (500, format!("it is a {}", known.method));
    }
    if !same_target(&known.target, &asked.target) {
        return (400, "it has another query".to_owned());
    }
    let (shown, wanted) = (shape(&known.body), shape(&asked.body));
    let lacks: Vec<&String> = wanted.difference(&shown).collect();
    let more: Vec<&String> = shown.difference(&wanted).collect();
    if lacks.is_empty() && more.is_empty() {
        debug_assert!(used, "a recording that fits and is free answers");
        return (0, "it fits, and was used".to_owned());
    }
    let told = |what: &str, all: &[&String]| match all {
        [] => None,
        _ => Some(format!(
            "its body {what} {}",
            all.iter().take(4).map(|one| format!("`{}`", one.trim())).collect::<Vec<_>>().join(", ")
        )),
    };
    let why = [told("lacks", &lacks), told("also has", &more)].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    (1 + (lacks.len() + more.len()).min(300), why)
}

/// Bytes with the gateway's address in its place.
fn placed(bytes: &Bytes, url: &str) -> Bytes {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains(GATEWAY) => text.replace(GATEWAY, url).into(),
        _ => bytes.clone(),
    }
}

/// The headers that say which answer this is. None of them can hold a key. The length is a body's own, unless there is none.
#[cfg(feature = "record")]
pub(crate) fn kept_headers(secrets: &Secrets, headers: &HeaderMap, of_head: bool) -> Vec<(String, String)> {
    const KEPT: [&str; 14] = [
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-range",
        "content-type",
        "date",
        "etag",
        "last-modified",
        "location",
        "openai-processing-ms",
        "retry-after",
        "retry-after-ms",
        "vary",
    ];
    let is_length = |name: &str| of_head && name == "content-length";
    let is_kept =
        |name: &str| KEPT.contains(&name) || is_length(name) || name.contains("ratelimit") || name.ends_with("request-id");
    let kept = headers.iter().filter(|(name, _)| is_kept(name.as_str()));
    kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), secrets.hide(value.to_str().ok()?)))).collect()
}
