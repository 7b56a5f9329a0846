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
mod extra;
mod macros;
mod scalars;
pub(crate) mod shown;
pub(crate) mod trail;
mod unions;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::Value;

pub use bodies::{Body, Switch};
pub(crate) use bodies::{form as form_body, json as json_body};
pub use extra::Extra;
pub(crate) use macros::{
    any_of, body, by_type, debug_object, debug_union, deserialize_by_read, form, object, read_branches, read_by, read_union,
    tagged, words, write_branches,
};
use trail::Step;
pub(crate) use unions::{TextOrList, TextOrListVisitor, Union, branch, json_type, read_union, tag_of};

/// Reads leniently. Every generated type and every type inside one implements it.
pub trait Read<'de>: Sized {
    /// Reads a value that must be there.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Reads into a place: objects are large, and each way out of a function would copy them.
    fn read_into<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        *place = Some(Self::read(deserializer)?);
        Ok(())
    }

    /// Reads the text of one value: unions look into it for their branch.
    fn read_text(text: &'de str, place: &mut Option<Self>) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Self::read_into(&mut deserializer, place)?;
        deserializer.end()
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
    fn extra(&self) -> Option<&serde_json::Map<String, Value>> {
        None
    }

    /// The tag of a union that is told apart by one.
    fn tag(&self) -> Option<&str> {
        None
    }
}

impl Typed for Value {
    fn extra(&self) -> Option<&serde_json::Map<String, Value>> {
        self.as_object()
    }

    fn tag(&self) -> Option<&str> {
        self.get("type").and_then(Self::as_str)
    }
}

impl<T: Typed> Typed for Vec<T> {}

/// An object, member by member.
pub trait Object: Serialize + Sized {
    /// For messages.
    const NAME: &'static str;

    /// Reads all members.
    fn read_members<'de, A: MapAccess<'de>>(map: A, place: &mut Option<Self>) -> Result<(), A::Error>;

    /// The members that the document does not describe.
    fn extra(&self) -> &Extra;
}

impl<'de, T: Object> Read<'de> for T {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut place = None;
        Self::read_into(deserializer, &mut place)?;
        needed(place, T::NAME)
    }

    fn read_into<D: Deserializer<'de>>(deserializer: D, place: &mut Option<Self>) -> Result<(), D::Error> {
        deserializer.deserialize_map(ObjectVisitor(place))
    }
}

impl<T: Object> Typed for T {
    #[inline]
    fn extra(&self) -> Option<&serde_json::Map<String, Value>> {
        Some(Object::extra(self))
    }
}

/// Reads any [`Object`].
struct ObjectVisitor<'p, T>(&'p mut Option<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<'_, T> {
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

/// A text such as the name of a member, borrowed where the input allows it.
pub(crate) struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
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
        let read = map.next_value_seed(seed);
        if read.is_err() {
            trail::push(Step::Field(name));
        }
        read
    }
}

/// What was read of a required member, once the object has ended.
pub(crate) fn needed<T, E: serde::de::Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    match value {
        Some(value) => Ok(value),
        None => Err(E::missing_field(name)),
    }
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

/// A type that holds itself.
impl<T: Object> Object for Box<T> {
    const NAME: &'static str = T::NAME;

    fn read_members<'de, A: MapAccess<'de>>(map: A, place: &mut Option<Self>) -> Result<(), A::Error> {
        let mut inner = None;
        T::read_members(map, &mut inner)?;
        *place = inner.map(Self::new);
        Ok(())
    }

    fn extra(&self) -> &Extra {
        T::extra(self)
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
