//! One request and its answer, and the file that they are written to.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
#[cfg(feature = "record")]
use serde_json::json;
use serde_json::{Map, Value};

use super::{RecordingError, read_json};

/// A request with its answer.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// The file without its ending: `0001-chat_create`.
    pub(crate) name: String,
    pub(crate) request: Asked,
    /// None where the connection broke before any answer.
    pub(crate) answer: Option<Answered>,
}

/// A request, without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) operation: Option<String>,
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    /// The names of the headers and query parameters that brought a key.
    pub(crate) key_in: Vec<String>,
    /// The headers that an answer may depend on.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: AskedBody,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AskedBody {
    None,
    Json(Value),
    Text(String),
    /// The parts of a form, each as JSON; of a file only its length.
    Form(Value),
    /// So many bytes of something else.
    Bytes(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// From the request to the head of the answer.
    pub(crate) after: Duration,
    pub(crate) body: AnsweredBody,
    pub(crate) end: End,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnsweredBody {
    Whole(Bytes),
    /// Events, as they came: the pause before each piece, and its bytes.
    Pieces(Vec<(Duration, Bytes)>),
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// The connection broke.
    Broken,
    /// Whoever asked went away first; what would have come nobody knows.
    Left,
}

const ENDS: [(End, &str); 3] = [(End::Whole, "whole"), (End::Broken, "broken"), (End::Left, "left")];

impl Exchange {
    /// Reads a file, and the bytes that lie beside it.
    pub(crate) fn read(file: &Path) -> Result<Self, RecordingError> {
        let value = read_json(file)?;
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let told = |why: String| RecordingError::new(file, &why);
        let request = value.get("request").ok_or_else(|| told("it has no `request`".to_owned()))?;
        let request = Asked::of_json(request).map_err(|why| told(format!("request: {why}")))?;
        let answer = value.get("answer").filter(|answer| !answer.is_null());
        let beside = file.parent().unwrap_or(Path::new(""));
        let answer = answer.map(|answer| Answered::of_json(answer, beside).map_err(|why| told(format!("answer: {why}"))));
        Ok(Self { name, request, answer: answer.transpose()? })
    }

    /// Writes the files.
    #[cfg(feature = "record")]
    pub(crate) fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        let mut answer = Value::Null;
        if let Some(answered) = &self.answer {
            let (json, beside) = answered.to_json(&self.name);
            answer = json;
            if let Some((name, bytes)) = beside {
                let file = folder.join(name);
                std::fs::write(&file, bytes).map_err(|error| RecordingError::new(&file, &error.to_string()))?;
            }
        }
        let file = folder.join(format!("{}.json", self.name));
        let text = format!("{:#}\n", json!({"request": self.request.to_json(), "answer": answer}));
        std::fs::write(&file, text).map_err(|error| RecordingError::new(&file, &error.to_string()))
    }
}

impl Asked {
    fn of_json(value: &Value) -> Result<Self, String> {
        let method = text(value, "method")?.parse().map_err(|_| "`method` is no method".to_owned())?;
        let key_in = value.get("key_in").and_then(Value::as_array).into_iter().flatten();
        let body = match value.get("body").and_then(Value::as_object).and_then(|body| body.iter().next()) {
            None => AskedBody::None,
            Some((kind, held)) => match (kind.as_str(), held) {
                ("json", json) => AskedBody::Json(json.clone()),
                ("text", Value::String(text)) => AskedBody::Text(text.clone()),
                ("form", parts @ Value::Array(_)) => AskedBody::Form(parts.clone()),
                ("bytes", Value::Number(length)) => {
                    AskedBody::Bytes(length.as_u64().and_then(|it| it.try_into().ok()).unwrap_or(0))
                }
                _ => return Err(format!("a body of the kind `{kind}` is not known")),
            },
        };
        Ok(Self {
            operation: value.get("operation").and_then(Value::as_str).map(str::to_owned),
            method,
            target: text(value, "target")?,
            key_in: key_in.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            headers: headers(value)?,
            body,
        })
    }

    #[cfg(feature = "record")]
    fn to_json(&self) -> Value {
        let mut found = json!({"operation": self.operation, "method": self.method.as_str(), "target": self.target});
        if !self.key_in.is_empty() {
            found["key_in"] = json!(self.key_in);
        }
        if !self.headers.is_empty() {
            found["headers"] = headers_json(&self.headers);
        }
        let body = match &self.body {
            AskedBody::None => return found,
            AskedBody::Json(json) => json!({"json": json}),
            AskedBody::Text(text) => json!({"text": text}),
            AskedBody::Form(parts) => json!({"form": parts}),
            AskedBody::Bytes(length) => json!({"bytes": length}),
        };
        found["body"] = body;
        found
    }
}

impl Answered {
    fn of_json(value: &Value, beside: &Path) -> Result<Self, String> {
        let status = value.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let end = value.get("end").and_then(Value::as_str).unwrap_or("whole");
        let known = ENDS.iter().find(|(_, word)| *word == end);
        Ok(Self {
            status: status.ok_or("it has no `status`")?,
            headers: headers(value)?,
            after: milliseconds(value.get("after_ms")),
            body: AnsweredBody::of_json(value.get("body"), beside)?,
            end: known.map(|(end, _)| *end).ok_or_else(|| format!("an end `{end}` is not known"))?,
        })
    }

    /// The answer, and the file that it needs beside it.
    #[cfg(feature = "record")]
    fn to_json(&self, name: &str) -> (Value, Option<(String, Bytes)>) {
        let end = ENDS.iter().find(|(end, _)| *end == self.end).map_or("", |(_, word)| word);
        let mut found = json!({
            "status": self.status, "headers": headers_json(&self.headers),
            "after_ms": u64::try_from(self.after.as_millis()).unwrap_or(u64::MAX),
        });
        let mut beside = None;
        match &self.body {
            AnsweredBody::Whole(bytes) if bytes.is_empty() => {}
            AnsweredBody::Whole(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => found["body"] = text_json(text),
                Err(_) => {
                    let file = format!("{name}.{}", self.ending());
                    found["body"] = json!({"file": file});
                    beside = Some((file, bytes.clone()));
                }
            },
            AnsweredBody::Pieces(pieces) => {
                let piece = |(pause, bytes): &(Duration, Bytes)| {
                    json!([u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), String::from_utf8_lossy(bytes)])
                };
                found["body"] = json!({"pieces": pieces.iter().map(piece).collect::<Vec<_>>()});
            }
        }
        if self.end != End::Whole {
            found["end"] = end.into();
        }
        (found, beside)
    }

    /// The ending of a file of this media type.
    #[cfg(feature = "record")]
    fn ending(&self) -> String {
        let kind = self.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
        let kind = kind.split(';').next().unwrap_or_default();
        let word = kind.rsplit('/').next().unwrap_or_default().trim();
        let plain = (1..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if plain && word != "json" { word.to_owned() } else { "bin".to_owned() }
    }
}

impl AnsweredBody {
    fn of_json(value: Option<&Value>, beside: &Path) -> Result<Self, String> {
        let Some((kind, held)) = value.and_then(Value::as_object).and_then(|body| body.iter().next()) else {
            return Ok(Self::Whole(Bytes::new()));
        };
        match (kind.as_str(), held) {
            ("json", json) => Ok(Self::Whole(json.to_string().into())),
            ("text", Value::String(text)) => Ok(Self::Whole(text.clone().into())),
            ("file", Value::String(name)) if !name.contains(['/', '\\']) => match std::fs::read(beside.join(name)) {
                Ok(bytes) => Ok(Self::Whole(bytes.into())),
                Err(error) => Err(format!("{name}: {error}")),
            },
            ("pieces", Value::Array(pieces)) => {
                let piece = |piece: &Value| match (piece.get(0), piece.get(1).and_then(Value::as_str)) {
                    (pause @ Some(Value::Number(_)), Some(text)) => Ok((milliseconds(pause), Bytes::from(text.to_owned()))),
                    _ => Err("a piece is no [milliseconds, text]".to_owned()),
                };
                Ok(Self::Pieces(pieces.iter().map(piece).collect::<Result<_, _>>()?))
            }
            _ => Err(format!("a body of the kind `{kind}` is not known")),
        }
    }
}

/// JSON where its text comes out byte by byte the same, else the text.
#[cfg(feature = "record")]
fn text_json(text: &str) -> Value {
    let value = serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string());
    let written = value.as_ref().map(Value::to_string);
    if written.as_deref() == Some(text) { json!({"json": value}) } else { json!({"text": text}) }
}

fn milliseconds(value: Option<&Value>) -> Duration {
    Duration::from_millis(value.and_then(Value::as_u64).unwrap_or_default())
}

fn text(value: &Value, name: &str) -> Result<String, String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("it has no `{name}`"))
}

fn headers(value: &Value) -> Result<Vec<(String, String)>, String> {
    let empty = Map::new();
    let all = value.get("headers").and_then(Value::as_object).unwrap_or(&empty).iter();
    let header = |(name, value): (&String, &Value)| match value {
        Value::String(value) => Ok((name.clone(), value.clone())),
        _ => Err(format!("the header `{name}` is no text")),
    };
    all.map(header).collect()
}

#[cfg(feature = "record")]
fn headers_json(headers: &[(String, String)]) -> Value {
    headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}
