//! Members of an object that the document does not describe.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

type Members = serde_json::Map<String, Value>;

/// What an object has of them when it has none.
static NONE: LazyLock<Members> = LazyLock::new(Members::new);

/// Members of a JSON object that the document does not describe, kept as they came and written back.
///
/// It is used as the map it holds. Nearly every object has none, and those are as small as a pointer.
///
/// ```
/// # use octopusx::Extra;
/// let mut extra = Extra::new();
/// assert!(extra.get("provider").is_none());
/// extra.insert("provider".into(), "somebody".into());
/// assert_eq!(extra["provider"], "somebody");
/// ```
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Members>>);

impl Extra {
    /// No members.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The map itself.
    #[must_use]
    pub fn into_inner(self) -> serde_json::Map<String, Value> {
        self.0.map(|members| *members).unwrap_or_default()
    }
}

impl Deref for Extra {
    type Target = serde_json::Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        match &self.0 {
            Some(members) => members,
            None => &NONE,
        }
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        (self.0.is_none() && other.0.is_none()) || **self == **other
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl From<serde_json::Map<String, Value>> for Extra {
    fn from(members: serde_json::Map<String, Value>) -> Self {
        Self((!members.is_empty()).then(|| Box::new(members)))
    }
}

impl<'e> IntoIterator for &'e Extra {
    type Item = (&'e String, &'e Value);
    type IntoIter = serde_json::map::Iter<'e>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Members::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_a_map_that_is_small_while_it_is_empty() {
        assert_eq!(size_of::<Extra>(), size_of::<usize>());
        let mut extra = Extra::new();
        assert!(extra.get("mood").is_none() && (&extra).into_iter().next().is_none());
        extra.insert("mood".into(), json!(1));
        assert_eq!(serde_json::from_value::<Extra>(json!(extra)).unwrap(), extra);
        assert_eq!((format!("{extra:?}"), extra["mood"].clone()), (format!("{:?}", *extra), json!(1)));
        assert_ne!(extra, Extra::new());
        extra.remove("mood");
        assert_eq!(extra, Extra::new());
        assert_eq!(Extra::from(extra.into_inner()), Extra::default());
    }
}
