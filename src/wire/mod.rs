//! How generated types read and write JSON: every rule of leniency is decided here, once.
//!
//! - `null` and absent both read as none; a required array reads `null` as empty.
//! - Numbers also read strings; a string that is no number is an error, an empty one reads as none.
//! - Unknown members of an object are kept in `extra` and written back.
//! - Unknown words, tags and JSON forms are kept; a known tag with a bad body is an error with its path.
//!
//! The path of an error is collected while the error travels outwards ([`trail`]), so that reading costs nothing more
//! and the path is right below unions too.

mod bodies;
mod macros;
mod scalars;
pub(crate) mod shown;
pub(crate) mod trail;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

pub use bodies::{Body, Switch};
pub(crate) use bodies::{form as form_body, json as json_body};
pub(crate) use macros::{
    any_of, body, by_type, debug_object, debug_union, deserialize_by_read, form, object, read_branches, read_by, tagged, words,
    write_branches,
};
use trail::Step;

/// Members of a JSON object that the document does not describe.
pub type Extra = serde_json::Map<String, Value>;

/// Reads leniently. Every generated type and every type inside one implements it.
pub trait Read<'de>: Sized {
    /// Reads a value that must be there.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Reads into a place: objects are large, and each way out of a function would copy them.
    fn read_into<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        *place = Some(Self::read(deserializer)?);
        Ok(())
    }

    /// Reads a value that may be `null`.
    fn read_optional<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        deserializer.deserialize_option(OptionVisitor(place))
    }

    /// Why the value can't be written as JSON.
    fn refusal(&self) -> Option<&'static str> {
        None
    }
}

/// What the transport needs to know of an answer's type. Sealed: implemented by generated types only.
pub trait Typed: Serialize {
    /// The member that tells the kinds of a union apart.
    const TAG: Option<&'static str> = None;

    /// The members that the document does not describe.
    fn extra(&self) -> Option<&Extra> {
        None
    }

    /// The tag of a union that is told apart by one.
    fn tag(&self) -> Option<&str> {
        None
    }
}

impl Typed for Value {
    fn extra(&self) -> Option<&Extra> {
        self.as_object()
    }

    fn tag(&self) -> Option<&str> {
        self.get("type").and_then(Self::as_str)
    }
}

impl<T: Typed> Typed for Vec<T> {}

/// An object, member by member.
pub trait Object<'de>: Sized {
    /// For messages.
    const NAME: &'static str;

    /// Reads all members.
    fn read_members<A: MapAccess<'de>>(map: A, place: &mut Option<Self>) -> Result<(), A::Error>;
}

/// Reads any [`Object`].
pub(crate) struct ObjectVisitor<'p, T>(pub(crate) &'p mut Option<T>);

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        T::read_members(map, self.0)
    }
}

/// Reads any open enum of strings.
pub(crate) struct WordVisitor<T>(PhantomData<T>);

impl<T> Default for WordVisitor<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: for<'w> From<&'w str>> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, word: &str) -> Result<T, E> {
        Ok(word.into())
    }
}

struct OptionVisitor<'p, T>(&'p mut Option<T>);

impl<'de, T: Read<'de>> Visitor<'de> for OptionVisitor<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        T::read_into(deserializer, self.0)
    }
}

/// Reads a `T` that must be there.
struct Required<'p, T>(&'p mut Option<T>);

impl<'de, T: Read<'de>> DeserializeSeed<'de> for Required<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        T::read_into(deserializer, self.0)
    }
}

struct Optional<'p, T>(&'p mut Option<T>);

impl<'de, T: Read<'de>> DeserializeSeed<'de> for Optional<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        T::read_optional(deserializer, self.0)
    }
}

/// The name of a member, borrowed where the input allows it.
pub(crate) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name))
    }
}

/// Reads one member of an object.
pub(crate) mod read_field {
    use super::{DeserializeSeed, MapAccess, Optional, Read, Required, Step, trail};

    pub(crate) fn required<'de, T: Read<'de>, A: MapAccess<'de>>(
        map: &mut A,
        name: &'static str,
        field: &mut Option<T>,
    ) -> Result<(), A::Error> {
        value(map, name, Required(field))
    }

    pub(crate) fn optional<'de, T: Read<'de>, A: MapAccess<'de>>(
        map: &mut A,
        name: &'static str,
        field: &mut Option<T>,
    ) -> Result<(), A::Error> {
        value(map, name, Optional(field))
    }

    fn value<'de, S: DeserializeSeed<'de, Value = ()>, A: MapAccess<'de>>(
        map: &mut A,
        name: &'static str,
        seed: S,
    ) -> Result<(), A::Error> {
        map.next_value_seed(seed).inspect_err(|_| trail::push(Step::Field(name)))
    }
}

/// What was read of a required member, once the object has ended.
pub(crate) fn needed<T, E: serde::de::Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::missing_field(name))
}

/// Writes an object. It keeps its first error to the end: a way out after each member would cost the compiler more than
/// everything else that generated types do.
pub(crate) struct Writing<M: SerializeMap> {
    map: M,
    failed: Option<M::Error>,
}

impl<M: SerializeMap> Writing<M> {
    pub(crate) fn new<S: Serializer<SerializeMap = M, Error = M::Error, Ok = M::Ok>>(serializer: S) -> Result<Self, M::Error> {
        Ok(Self { map: serializer.serialize_map(None)?, failed: None })
    }

    pub(crate) fn required<'de, T: Serialize + Read<'de>>(&mut self, name: &'static str, value: &T) {
        if self.failed.is_none() {
            self.failed = self.entry(name, value).err();
        }
    }

    pub(crate) fn optional<'de, T: Serialize + Read<'de>>(&mut self, name: &'static str, value: &Option<T>) {
        if let Some(value) = value {
            self.required(name, value);
        }
    }

    fn entry<'de, T: Serialize + Read<'de>>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        match value.refusal() {
            Some(why) => Err(M::Error::custom(format_args!("`{name}`: {why}"))),
            None => self.map.serialize_entry(name, value),
        }
    }

    pub(crate) fn end(mut self, extra: &Extra) -> Result<M::Ok, M::Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        extra.iter().try_for_each(|(name, value)| self.map.serialize_entry(name, value))?;
        self.map.end()
    }
}

pub(crate) fn read_extra<'de, A: MapAccess<'de>>(map: &mut A, extra: &mut Extra, name: Cow<'de, str>) -> Result<(), A::Error> {
    match map.next_value() {
        Ok(value) => {
            extra.insert(name.into_owned(), value);
            Ok(())
        }
        Err(error) => {
            trail::push(Step::Key(name.into_owned()));
            Err(error)
        }
    }
}

impl<'de, T: Read<'de>> Read<'de> for Box<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self::new)
    }
}

impl<'de, T: Read<'de>> Read<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Read<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let mut place = None;
            match items.next_element_seed(Required(&mut place)) {
                Ok(Some(())) => {
                    if list.capacity() == 0 {
                        // Most lists have one element, and a vector begins with room for four.
                        list.reserve_exact(1);
                    }
                    if let Some(item) = place {
                        list.push(item);
                    }
                }
                Ok(None) => return Ok(list),
                Err(error) => {
                    trail::push(Step::Index(list.len()));
                    return Err(error);
                }
            }
        }
    }
}

impl<'de, T: Read<'de>> Read<'de> for BTreeMap<String, T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Read<'de>> Visitor<'de> for MapVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let mut place = None;
            match map.next_value_seed(Optional(&mut place)) {
                Ok(()) => members.extend(place.map(|value| (name, value))),
                Err(error) => {
                    trail::push(Step::Key(name));
                    return Err(error);
                }
            }
        }
        Ok(members)
    }
}

/// A union of a text and a list, without a copy of the text: it comes in every piece of a stream.
pub(crate) trait TextOrList<'de>: Sized {
    type List: Read<'de>;

    fn of_text(text: String) -> Self;
    fn of_list(list: Self::List) -> Self;
    fn of_other(value: Value) -> Self;
}

pub(crate) struct TextOrListVisitor<T>(PhantomData<T>);

impl<T> Default for TextOrListVisitor<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: TextOrList<'de>> Visitor<'de> for TextOrListVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::List::read(SeqAccessDeserializer::new(items)).map(T::of_list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(T::of_other)
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::of_other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::of_other(Value::Null))
    }
}

/// The text of a value whose type is chosen by looking into it.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    serde::Deserialize::deserialize(deserializer)
}

/// Each union is read by a deserializer of its own, which knows nothing of the depth around it.
const DEEPEST: u32 = 64;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Reads a `T` from the text of a value.
pub(crate) fn from_raw<'de, T: Read<'de>, E: serde::de::Error>(raw: &'de RawValue) -> Result<T, E> {
    let depth = DEPTH.get();
    if depth >= DEEPEST {
        return Err(E::custom(format_args!("more than {DEEPEST} unions inside each other")));
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    DEPTH.set(depth + 1);
    let read = T::read(&mut deserializer);
    DEPTH.set(depth);
    read.map_err(|error| {
        // The line and column count from the start of this value and would mislead.
        let text = error.to_string();
        E::custom(text.split(" at line ").next().unwrap_or(&text))
    })
}

pub(crate) fn value_of<E: serde::de::Error>(raw: &RawValue) -> Result<Value, E> {
    serde_json::from_str(raw.get()).map_err(E::custom)
}

/// The JSON type of a value, by its first byte.
pub(crate) fn json_type(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') | None => "null",
        Some(_) => "number",
    }
}

/// The string in member `tag` of an object; `None` when there is none. Of several the last counts, as it does for every
/// other member.
pub(crate) fn tag_of(raw: &RawValue, tag: &'static str) -> Option<String> {
    struct TagVisitor(&'static str);

    impl<'de> Visitor<'de> for TagVisitor {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(name) = map.next_key_seed(KeySeed)? {
                if name == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    if json_type(raw) != "object" {
        return None;
    }
    serde_json::Deserializer::from_str(raw.get()).deserialize_map(TagVisitor(tag)).ok().flatten()
}
