//! Forms with files: `multipart/form-data`, put together from parts when it is sent.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::outgoing::{ByteSource, Outgoing};
use crate::request::BuildError;
use crate::wire::{Extra, Read};

/// A file to send: its bytes, a path, or a stream.
///
/// ```
/// use octopusx::FilePart;
///
/// let from_memory = FilePart::bytes("cat.png", vec![0x89, b'P', b'N', b'G']);
/// let from_disk = FilePart::path("cat.png");
/// ```
#[derive(Clone)]
pub struct FilePart {
    source: Source,
    file_name: String,
    content_type: Option<String>,
}

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    Path(PathBuf),
    /// Can be taken once.
    Stream {
        stream: Arc<Mutex<Option<ByteSource>>>,
        length: Option<u64>,
    },
}

impl FilePart {
    /// A file whose bytes are here, under this name.
    pub fn bytes(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::of(Source::Bytes(bytes.into()), file_name.into())
    }

    /// A file on disk. It is opened and read when the call is sent, in pieces.
    pub fn path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
        Self::of(Source::Path(path.to_path_buf()), name)
    }

    /// A file whose bytes come from a stream, with its length in bytes where it is known. It can be sent once.
    pub fn stream(
        file_name: impl Into<String>,
        stream: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        let stream = Arc::new(Mutex::new(Some(Box::pin(stream) as ByteSource)));
        Self::of(Source::Stream { stream, length }, file_name.into())
    }

    fn of(source: Source, file_name: String) -> Self {
        Self { source, file_name, content_type: None }
    }

    /// The name under which it is sent.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// The media type. Default: guessed from the name's ending.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// What [`content_type`](Self::content_type) says.
    pub(crate) fn media(&self) -> String {
        let guess = || mime_guess::from_path(&self.file_name).first_or_octet_stream().to_string();
        self.content_type.clone().unwrap_or_else(guess)
    }

    pub(crate) fn name(&self) -> &str {
        &self.file_name
    }

    /// Whether it can be read a second time.
    pub(crate) fn is_replayable(&self) -> bool {
        !matches!(self.source, Source::Stream { .. })
    }

    /// Its bytes, from the start.
    pub(crate) async fn open(&self) -> Result<Outgoing, BuildError> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Outgoing::bytes(&self.file_name, bytes.clone())),
            Source::Path(path) => Outgoing::file(path).await,
            Source::Stream { stream, length } => {
                let taken = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
                let stream = taken.ok_or_else(|| {
                    BuildError::message(format!("the stream of `{}` was sent before and can't be sent again", self.file_name))
                })?;
                Ok(Outgoing::stream(&self.file_name, stream, *length))
            }
        }
    }

    async fn into_part(self) -> Result<reqwest::multipart::Part, BuildError> {
        let (outgoing, media) = (self.open().await?, self.media());
        let length = outgoing.length();
        let body = reqwest::Body::wrap_stream(outgoing);
        let part = match length {
            Some(length) => reqwest::multipart::Part::stream_with_length(body, length),
            None => reqwest::multipart::Part::stream(body),
        };
        let part = part.file_name(self.file_name);
        part.mime_str(&media).map_err(|_| BuildError::message(format!("`{media}` is no media type")))
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("FilePart");
        out.field("file_name", &self.file_name);
        match &self.source {
            Source::Bytes(bytes) => out.field("bytes", &bytes.len()),
            Source::Path(path) => out.field("path", path),
            Source::Stream { length, .. } => out.field("stream", length),
        };
        out.finish()
    }
}

/// The parts of a form, in the order in which they travel.
#[derive(Clone, Debug, Default)]
pub struct Form {
    parts: Vec<(String, Part)>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    File(FilePart),
}

impl Form {
    /// The names of the parts; those that hold a file are true.
    pub fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.parts.iter().map(|(name, part)| (name.as_str(), matches!(part, Part::File(_))))
    }

    /// The text of the first part of this name, if it is no file.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parts.iter().find_map(|(other, part)| match part {
            Part::Text(text) if other == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// Whether all its files can be read a second time: streams can't.
    pub(crate) fn is_replayable(&self) -> bool {
        self.parts.iter().all(|(_, part)| match part {
            Part::File(file) => file.is_replayable(),
            Part::Text(_) => true,
        })
    }

    pub(crate) fn add_file(&mut self, name: &str, file: &FilePart) {
        self.parts.push((name.to_owned(), Part::File(file.clone())));
    }

    /// A field that is no file: strings as they are, lists part by part, everything else as JSON.
    pub(crate) fn add_value<'de>(&mut self, name: &str, value: &(impl Serialize + Read<'de>)) -> Result<(), BuildError> {
        if let Some(why) = value.refusal() {
            return Err(BuildError::message(format!("`{name}`: {why}")));
        }
        match serde_json::to_value(value).map_err(BuildError::body)? {
            Value::Array(items) => items.into_iter().for_each(|item| self.add_json(name, item)),
            other => self.add_json(name, other),
        }
        Ok(())
    }

    pub(crate) fn add_extra(&mut self, extra: &Extra) {
        extra.iter().for_each(|(name, value)| self.add_json(name, value.clone()));
    }

    fn add_json(&mut self, name: &str, value: Value) {
        let text = match value {
            Value::Null => return,
            Value::String(text) => text,
            other => other.to_string(),
        };
        self.parts.push((name.to_owned(), Part::Text(text)));
    }

    pub(crate) async fn into_reqwest(self) -> Result<reqwest::multipart::Form, BuildError> {
        let mut form = reqwest::multipart::Form::new();
        for (name, part) in self.parts {
            form = match part {
                Part::Text(text) => form.text(name, text),
                Part::File(file) => form.part(name, file.into_part().await?),
            };
        }
        Ok(form)
    }
}
