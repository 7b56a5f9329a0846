//! The storage behind the addresses that presigning answers give: it takes one file at each, and serves it under its
//! public address. It speaks like S3.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::document::UploadRule;
use crate::files;
use crate::ids::Ids;
use crate::outgoing::{Content, Outgoing};
use crate::request::Incoming;

const FOLDER: &str = "/mock-storage/";

/// The parameter of an address that lets a file be put there.
const SIGNATURE: &str = "signature";

/// What is said of a file without a type.
const ANY_TYPE: &str = "application/octet-stream";

/// How long an address lasts where the answer does not say it.
const LIFE: Duration = Duration::from_secs(900);

/// All places for files that were given out.
#[derive(Default)]
pub(crate) struct Storage {
    ids: Ids,
    places: Mutex<HashMap<String, Place>>,
}

/// A place for one file.
struct Place {
    signature: String,
    /// None takes any, and is replaced by what comes.
    content_type: Option<String>,
    ends: Instant,
    file: Option<Bytes>,
}

/// What the storage says no with.
struct Refusal(StatusCode, &'static str, String);

impl Refusal {
    fn denied(message: &str) -> Self {
        Self(StatusCode::FORBIDDEN, "AccessDenied", message.to_owned())
    }

    fn respond(self) -> Outgoing {
        let Self(status, code, message) = self;
        let message = message.replace('&', "&amp;").replace('<', "&lt;");
        let text =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        Outgoing::whole(status, "application/xml", text)
    }
}

/// The key of a path in the storage; none when it lies elsewhere.
pub(crate) fn key_of(path: &str) -> Option<String> {
    Some(percent_decode_str(path.strip_prefix(FOLDER)?).decode_utf8_lossy().into_owned())
}

impl Storage {
    fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a place for the file that a request announces, and lets the documented answer lead there.
    pub(crate) fn give_place(&self, base: &str, rule: &UploadRule, request: &Value, answer: &mut Value) {
        let said = |member: &str| request.get(member).and_then(Value::as_str);
        let told = rule.public_url.read(answer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let old = told.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let key = self.key_like(old, said(&rule.file_name).unwrap_or_default());
        let content_type = said(&rule.content_type).map(str::to_owned);
        let signature = self.ids.like(None).trim_start_matches("task_").to_owned();
        rename(answer, old, &key);
        let public = format!("{base}{FOLDER}{key}");
        rule.url.force(answer, format!("{public}?{SIGNATURE}={signature}").into());
        rule.public_url.force(answer, public.into());
        if let (Some(pointer), Some(content_type)) = (&rule.signed_type, &content_type) {
            pointer.force(answer, content_type.as_str().into());
        }
        let mut life = LIFE;
        if let Some(pointer) = &rule.expires_in {
            let wanted = pointer.last_key().and_then(|name| request.get(name)).filter(|wanted| wanted.is_u64());
            wanted.map(|wanted| pointer.force(answer, wanted.clone()));
            life = pointer.read(answer).and_then(Value::as_u64).map_or(LIFE, Duration::from_secs);
        }
        let now = Instant::now();
        let ends = now.checked_add(life).unwrap_or(now);
        self.places().insert(key, Place { signature, content_type, ends, file: None });
    }

    /// A fresh key beside the documented one, with the ending of the file's own name.
    fn key_like(&self, old: &str, file_name: &str) -> String {
        let (folder, name) = old.rsplit_once('/').map_or(("", old), |(folder, name)| (folder, name));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let ending = file_name.rsplit_once('.').map(|(_, ending)| ending);
        let ending = ending.filter(|ending| !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let fresh = self.ids.like(Some(&stem.into()));
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        ending.map_or_else(|| format!("{folder}{fresh}"), |ending| format!("{folder}{fresh}.{ending}"))
    }

    /// Answers whatever is asked of a key.
    pub(crate) fn respond(&self, key: &str, incoming: &Incoming, api_key: &str) -> Outgoing {
        let done = match incoming.method {
            Method::PUT => self.put(key, incoming, api_key),
            Method::GET | Method::HEAD => self.get(key, incoming),
            _ => Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "files are put and got here".to_owned())),
        };
        done.unwrap_or_else(Refusal::respond)
    }

    fn put(&self, key: &str, incoming: &Incoming, api_key: &str) -> Result<Outgoing, Refusal> {
        let mut places = self.places();
        let place = places.get_mut(key).ok_or_else(|| Refusal::denied("no address was made for this key"))?;
        let shown = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains(api_key));
        if incoming.headers.contains_key(header::AUTHORIZATION) || incoming.headers.values().any(shown) {
            let message = "the signature in the address is all that is needed; a key must not come with it".to_owned();
            return Err(Refusal(StatusCode::BAD_REQUEST, "InvalidArgument", message));
        }
        if Instant::now() >= place.ends {
            return Err(Refusal::denied("Request has expired"));
        }
        let content_type = incoming.header("content-type").unwrap_or(ANY_TYPE);
        let wanted = place.content_type.as_deref().unwrap_or(content_type);
        if incoming.query(SIGNATURE) != Some(&place.signature) || content_type != wanted {
            let message = format!("the signature fits a file of type {wanted}, not this request");
            return Err(Refusal(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message));
        }
        if incoming.header("content-length").is_none() {
            let message = "the file's length must be known beforehand".to_owned();
            return Err(Refusal(StatusCode::LENGTH_REQUIRED, "MissingContentLength", message));
        }
        let mut answer = Outgoing::new(StatusCode::OK, Content::Whole(Bytes::new()));
        answer.headers.insert(header::ETAG, tag(&incoming.body));
        (place.file, place.content_type) = (Some(incoming.body.clone()), Some(content_type.to_owned()));
        Ok(answer)
    }

    fn get(&self, key: &str, incoming: &Incoming) -> Result<Outgoing, Refusal> {
        let places = self.places();
        let found = places.get(key).and_then(|place| Some((place, place.file.clone()?)));
        let missing = || Refusal(StatusCode::NOT_FOUND, "NoSuchKey", format!("nothing was put at {key}"));
        let (place, file) = found.ok_or_else(missing)?;
        let tag = tag(&file);
        let mut headers = incoming.headers.clone();
        if headers.get(header::IF_RANGE).is_some_and(|wanted| *wanted != tag) {
            headers.remove(header::RANGE);
        }
        let mut answer = files::part_of(file, place.content_type.as_deref().unwrap_or(ANY_TYPE), &headers);
        answer.headers.insert(header::ETAG, tag);
        Ok(answer)
    }
}

/// What tells a file's bytes from others.
fn tag(file: &Bytes) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Puts the new key wherever the answer names the old one alone.
fn rename(answer: &mut Value, old: &str, new: &str) {
    match answer {
        Value::String(text) if text == old && !old.is_empty() => new.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, old, new)),
        Value::Object(members) => members.values_mut().for_each(|member| rename(member, old, new)),
        _ => {}
    }
}
