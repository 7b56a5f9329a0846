//! Real answers kept in a folder, and answered again from there.
//!
//! [`exchange`] is one request with its answer, as a file; [`secrets`] is what none of them may hold; [`recorder`] stands
//! before a gateway and writes; [`replay`] finds the answer to a request.

mod exchange;
#[cfg(feature = "record")]
pub(crate) mod recorder;
pub(crate) mod replay;
pub(crate) mod secrets;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use exchange::Exchange;

/// The file that says what a folder holds.
const INDEX: &str = "recording.json";

/// The form of the files. A later one may be another.
const FORMAT: u64 = 1;

/// Stands for the gateway's own address.
const GATEWAY: &str = "{gateway-url}";

/// Stands for what was taken out.
const HIDDEN: &str = "[hidden]";

/// Which of the two gateways is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    OctopusX,
    OpenOctopus,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::OctopusX => "octopusx",
            Self::OpenOctopus => "openoctopus",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::OctopusX, Self::OpenOctopus].into_iter().find(|kind| kind.word() == word)
    }
}

/// What a real gateway answered, read from the folder that a recorder wrote.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use octopusx_mock::{Gateway, Recording};
///
/// let recording = Recording::load("tests/recordings/chat")?;
/// let gateway = Gateway::builder().replays(recording).start().await?;
/// // … call `gateway.url()` as the real gateway was called …
/// assert_eq!(gateway.unused_recordings(), [""; 0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Recording {
    kind: Kind,
    exchanges: Vec<Exchange>,
}

impl Recording {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it holds no recording, or a file in it can't be read; the error names the file.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let folder = folder.as_ref();
        let index = folder.join(INDEX);
        let about = read_json(&index)?;
        let wrong = |why: &str| RecordingError::new(&index, why);
        if about["format"] != FORMAT {
            return Err(wrong(&format!("its format is {}, this reads {FORMAT}", about["format"])));
        }
        let kind = about["gateway"].as_str().and_then(Kind::parse).ok_or_else(|| wrong("it names no gateway"))?;
        let entries = std::fs::read_dir(folder).map_err(|error| RecordingError::new(folder, &error.to_string()))?;
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| RecordingError::new(folder, &error.to_string()))?.path();
            let is_exchange = path.extension().is_some_and(|ending| ending == "json") && path != index;
            files.extend(is_exchange.then_some(path));
        }
        files.sort();
        let exchanges = files.iter().map(|file| Exchange::read(file)).collect::<Result<_, _>>()?;
        Ok(Self { kind, exchanges })
    }

    /// How many requests it holds, with their answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }
}

/// What the index of a new folder says.
#[cfg(feature = "record")]
fn index(kind: Kind, upstream: &str) -> Value {
    serde_json::json!({"format": FORMAT, "gateway": kind.word(), "upstream": upstream})
}

fn read_json(file: &Path) -> Result<Value, RecordingError> {
    let text = std::fs::read_to_string(file).map_err(|error| RecordingError::new(file, &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| RecordingError::new(file, &error.to_string()))
}

/// Why a recording can't be written or read: the file, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct RecordingError {
    place: PathBuf,
    why: String,
}

impl RecordingError {
    fn new(place: &Path, why: &str) -> Self {
        Self { place: place.to_owned(), why: why.to_owned() }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place.display(), self.why)
    }
}

impl std::error::Error for RecordingError {}
