//! Strings, numbers and free-form JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde_json::Value;

use super::Read;

macro_rules! plain {
    ($($ty:ty),*) => {
        $(impl<'de> Read<'de> for $ty {
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        })*
    };
}

plain!(String, bool, Value, serde_json::Map<String, Value>);

/// Numbers that also read strings: `None` for `null` and for an empty string.
trait Number: Sized {
    const EXPECTED: &'static str;
    fn from_i64(number: i64) -> Option<Self>;
    fn from_u64(number: u64) -> Option<Self>;
    fn from_f64(number: f64) -> Option<Self>;
    fn parse(text: &str) -> Option<Self>;
}

impl Number for i64 {
    const EXPECTED: &'static str = "an integer, or a string that holds one";

    fn from_i64(number: i64) -> Option<Self> {
        Some(number)
    }

    fn from_u64(number: u64) -> Option<Self> {
        number.try_into().ok()
    }

    fn from_f64(number: f64) -> Option<Self> {
        // 2^53: beyond it a float no longer says which integer it means.
        (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as Self)
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| text.parse().ok().and_then(Self::from_f64))
    }
}

impl Number for f64 {
    const EXPECTED: &'static str = "a number, or a string that holds one";

    fn from_i64(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_u64(number: u64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }
}

struct NumberVisitor<T>(std::marker::PhantomData<T>);

impl<T: Number> Visitor<'_> for NumberVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::from_i64(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        T::from_u64(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::from_f64(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(None),
            number => T::parse(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

fn read_number<'de, T: Number, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(NumberVisitor(std::marker::PhantomData))
}

fn must<T: Number, E: Error>(number: Option<T>) -> Result<T, E> {
    number.ok_or_else(|| E::invalid_value(Unexpected::Other("null or an empty string"), &T::EXPECTED))
}

impl<'de> Read<'de> for i64 {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer).and_then(must)
    }

    fn read_optional<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        *place = read_number(deserializer)?;
        Ok(())
    }
}

impl<'de> Read<'de> for f64 {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_number(deserializer).and_then(must)
    }

    fn read_optional<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        *place = read_number(deserializer)?;
        Ok(())
    }

    fn refusal(&self) -> Option<&'static str> {
        (!self.is_finite()).then_some("JSON has no way to write a number that is not finite")
    }
}
