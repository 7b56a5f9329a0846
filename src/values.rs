//! Values that gateways write in more than one form: each keeps what came and reads it on demand.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::wire::{self, Read};

#[cfg(feature = "realtime")]
pub use crate::realtime::Audio;

/// A number or a text, as it came.
#[derive(Clone, PartialEq)]
enum Loose {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl Loose {
    /// The number, also from a text such as `"50"` or `"50%"`.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.trim().trim_end_matches('%').trim_end().parse().ok(),
        }
        .filter(|number: &f64| number.is_finite())
    }
}

impl fmt::Debug for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => wire::shown::variant(f, "Integer", number),
            Self::Float(number) => wire::shown::variant(f, "Float", number),
            Self::Text(text) => wire::shown::variant(f, "Text", text),
        }
    }
}

struct LooseVisitor(&'static str);

impl Visitor<'_> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number or a string ({})", self.0)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(i64::try_from(number).map_or(Loose::Float(number as f64), Loose::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }
}

macro_rules! loose {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(Loose);

        impl $name {
            /// The value as it came.
            #[must_use]
            pub fn raw(&self) -> serde_json::Value {
                match &self.0 {
                    Loose::Integer(number) => (*number).into(),
                    Loose::Float(number) => (*number).into(),
                    Loose::Text(text) => text.as_str().into(),
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(Loose::Integer(number))
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                Self(Loose::Integer(number.into()))
            }
        }

        impl From<f64> for $name {
            fn from(number: f64) -> Self {
                Self(Loose::Float(number))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Loose::Text(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Loose::Text(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0 {
                    Loose::Integer(number) => write!(f, "{number}"),
                    Loose::Float(number) => write!(f, "{number}"),
                    Loose::Text(text) => f.write_str(text),
                }
            }
        }

        impl<'de> Read<'de> for $name {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(LooseVisitor(stringify!($name))).map(Self)
            }

            fn refusal(&self) -> Option<&'static str> {
                match &self.0 {
                    Loose::Float(number) => number.refusal(),
                    _ => None,
                }
            }
        }

        wire::deserialize_by_read!($name);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match &self.0 {
                    Loose::Integer(number) => serializer.serialize_i64(*number),
                    Loose::Float(number) => serializer.serialize_f64(*number),
                    Loose::Text(text) => serializer.serialize_str(text),
                }
            }
        }

    };
}

loose! {
    /// A moment in Unix seconds. Mostly an integer on the wire; fractions and strings are read and written back too.
    Timestamp
}

loose! {
    /// How far a task is. Seen as `50`, `"50"` and `"50%"`.
    Progress
}

loose! {
    /// A length in seconds. A string on the wire for most vendors, a number for some; written in the form it was set.
    Seconds
}

impl Timestamp {
    /// Whole seconds since 1970, UTC; `None` when the value is no number.
    #[must_use]
    pub fn unix_seconds(&self) -> Option<i64> {
        match self.0 {
            Loose::Integer(seconds) => Some(seconds),
            _ => self.0.number().map(|seconds| seconds.floor() as i64),
        }
    }

    /// The moment; `None` when the value is no number or lies before 1970.
    #[must_use]
    pub fn system_time(&self) -> Option<SystemTime> {
        let seconds = self.0.number().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())?;
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }
}

impl Progress {
    /// 0 to 100; `None` when the value is no number.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        self.0.number()
    }
}

impl Seconds {
    /// Seconds as a number; `None` when the value is none.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.0.number()
    }

    /// The length; `None` when the value is no number or negative.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.0.number().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}
