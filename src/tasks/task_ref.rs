//! A task as it can be written down.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

use super::Kind;

/// Where a task is found again: enough to write down, stop the program, and go on tomorrow with
/// [`Client::resume`](crate::Client::resume).
///
/// It is an object of three strings in every serde format. It holds no key.
///
/// ```
/// # #[cfg(feature = "videos")] {
/// use octopusx::tasks::TaskRef;
///
/// let task: TaskRef = serde_json::from_str(r#"{"system": "octopusx", "kind": "video", "id": "video_abc123"}"#).unwrap();
/// assert_eq!((task.kind(), task.id()), ("video", "video_abc123"));
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskRef {
    system: Box<str>,
    kind: Box<str>,
    id: Box<str>,
}

impl TaskRef {
    pub(crate) fn new(kind: &Kind, id: &str) -> Self {
        Self { system: kind.system.into(), kind: kind.name.into(), id: id.into() }
    }

    pub(super) fn into_id(self) -> Box<str> {
        self.id
    }

    /// The gateway that knows it: `octopusx` or `openoctopus`.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What it is, by the name of its method of `client.tasks()`: `video`, `suno`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The id to ask with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Serialize for TaskRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("TaskRef", 3)?;
        members.serialize_field("system", &self.system)?;
        members.serialize_field("kind", &self.kind)?;
        members.serialize_field("id", &self.id)?;
        members.end()
    }
}

impl<'de> Deserialize<'de> for TaskRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::<String, Value>::deserialize(deserializer)?;
        let text = |name: &'static str| {
            members.get(name).and_then(|value| value.as_str()).map(Into::into).ok_or_else(|| D::Error::missing_field(name))
        };
        Ok(Self { system: text("system")?, kind: text("kind")?, id: text("id")? })
    }
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskRef({} {} {})", self.system, self.kind, self.id)
    }
}
