//! The macros that generated declarations are handed to: one for each form of schema.

/// An object: named fields, and `extra` for the rest.
macro_rules! object {
    ($name:ident { $($field:ident: $wire:literal $kind:ident),* $(,)? }) => {
        #[allow(deprecated)]
        impl $crate::wire::Object for $name {
            const NAME: &'static str = stringify!($name);

            $crate::wire::object!(@read $($field: $wire $kind),*);

            #[inline]
            fn extra(&self) -> &$crate::wire::Extra {
                &self.extra
            }
        }

        $crate::wire::deserialize_by_read!($name);

        #[allow(deprecated)]
        impl ::serde::Serialize for $name {
            // An object may have no members that are described.
            #[allow(unused_mut)]
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut out = $crate::wire::Writing::new(serializer)?;
                $(out.$kind($wire, &self.$field);)*
                out.end(&self.extra)
            }
        }
    };
    // Without required members each is read to where it stays.
    (@read $($field:ident: $wire:literal optional),*) => {
        fn read_members<'de, A: ::serde::de::MapAccess<'de>>(mut map: A, place: &mut Option<Self>) -> Result<(), A::Error> {
            // Seen to be empty, the place is filled without a copy.
            *place = None;
            let members = place.insert(Self { $($field: None,)* extra: $crate::wire::Extra::new() });
            while let Some(name) = map.next_key_seed($crate::wire::TextSeed)? {
                match &*name {
                    $($wire => $crate::wire::read_field::optional(&mut map, $wire, &mut members.$field),)*
                    _ => $crate::wire::read_extra(&mut map, &mut members.extra, name),
                }?;
            }
            Ok(())
        }
    };
    (@read $($field:ident: $wire:literal $kind:ident),*) => {
        fn read_members<'de, A: ::serde::de::MapAccess<'de>>(mut map: A, place: &mut Option<Self>) -> Result<(), A::Error> {
            $(let mut $field = None;)*
            let mut rest = $crate::wire::Extra::new();
            while let Some(name) = map.next_key_seed($crate::wire::TextSeed)? {
                match &*name {
                    $($wire => $crate::wire::read_field::$kind(&mut map, $wire, &mut $field),)*
                    _ => $crate::wire::read_extra(&mut map, &mut rest, name),
                }?;
            }
            *place = None;
            *place = Some(Self {
                $($field: $crate::wire::object!(@take $kind $field $wire),)*
                extra: rest,
            });
            Ok(())
        }
    };
    (@take required $field:ident $wire:literal) => {
        $crate::wire::needed($field, $wire)?
    };
    (@take optional $field:ident $wire:literal) => {
        $field
    };
}

/// An object that is the JSON body of an operation.
macro_rules! body {
    ($name:ident) => {
        impl $crate::wire::Body for $name {
            #[inline]
            fn payload(
                &self,
                switch: Option<$crate::wire::Switch>,
            ) -> Result<$crate::body::Payload, $crate::request::BuildError> {
                $crate::wire::json_body(self, switch)
            }
        }
    };
}

/// A form with files.
macro_rules! form {
    ($name:ident { $($field:ident: $wire:literal $kind:ident $need:ident),* $(,)? }) => {
        #[allow(deprecated)]
        impl $crate::wire::Body for $name {
            #[inline]
            fn payload(&self, switch: Option<$crate::wire::Switch>) -> Result<$crate::body::Payload, $crate::request::BuildError> {
                let mut form = $crate::multipart::Form::default();
                $($crate::wire::form!(@$need form, $wire, &self.$field, $kind);)*
                $crate::wire::form_body(form, &self.extra, switch)
            }
        }
    };
    (@required $form:ident, $wire:literal, $value:expr, $kind:ident) => {
        $crate::wire::form!(@$kind $form, $wire, $value)
    };
    (@optional $form:ident, $wire:literal, $value:expr, $kind:ident) => {
        if let Some(value) = $value {
            $crate::wire::form!(@$kind $form, $wire, value)
        }
    };
    (@file $form:ident, $wire:literal, $value:expr) => {
        $form.add_file($wire, $value)
    };
    (@files $form:ident, $wire:literal, $value:expr) => {
        $value.iter().for_each(|file| $form.add_file($wire, file))
    };
    (@value $form:ident, $wire:literal, $value:expr) => {
        $form.add_value($wire, $value)?
    };
}

/// `Debug` of an object; of its secret fields it says only that they are hidden.
macro_rules! debug_object {
    ($name:ident { $($field:ident),* $(,)? } hides { $($secret:ident),* }) => {
        #[allow(deprecated)]
        impl ::std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let fields: &[(&str, &dyn ::std::fmt::Debug)] = &[$((stringify!($field), &self.$field)),*];
                $crate::wire::shown::object(f, stringify!($name), fields, &[$(stringify!($secret)),*], &self.extra)
            }
        }
    };
}

/// `Debug` of a union; every variant has a value.
macro_rules! debug_union {
    ($name:ident { $($variant:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let (variant, value): (&str, &dyn ::std::fmt::Debug) = match self {
                    $(Self::$variant(value) => (stringify!($variant), value),)*
                };
                $crate::wire::shown::variant(f, variant, value)
            }
        }
    };
}

/// An open enum of strings.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// The word as it travels.
            #[inline]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            #[inline]
            fn from(word: String) -> Self {
                match Self::from(word.as_str()) {
                    Self::Other(_) => Self::Other(word),
                    known => known,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(stringify!($variant)),)*
                    Self::Other(word) => $crate::wire::shown::variant(f, "Other", word),
                }
            }
        }

        $crate::wire::read_by!($name, deserialize_str, WordVisitor);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

    };
}

/// A union told apart by a tag.
macro_rules! tagged {
    ($name:ident by $tag:literal { $($word:literal => $variant:ident($ty:ty)),* $(,)? }) => {
        $crate::wire::debug_union!($name { $($variant,)* Unknown });

        impl $crate::wire::Union for $name {
            #[inline]
            fn choose(text: &str) -> Result<Self, ::serde_json::Error> {
                match $crate::wire::tag_of(text, $tag, concat!("\"", $tag, "\"")).as_deref() {
                    $(Some($word) => $crate::wire::branch(text, Self::$variant),)*
                    _ => $crate::wire::branch(text, Self::Unknown),
                }
            }
        }

        $crate::wire::read_union!($name);
        $crate::wire::deserialize_by_read!($name);

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize(serializer),)*
                    Self::Unknown(value) => value.serialize(serializer),
                }
            }
        }

        impl $crate::wire::Typed for $name {
            const TAG: Option<&'static str> = Some($tag);

            #[inline]
            fn extra(&self) -> Option<&::serde_json::Map<String, ::serde_json::Value>> {
                match self {
                    $(Self::$variant(value) => $crate::wire::Typed::extra(value),)*
                    Self::Unknown(value) => value.as_object(),
                }
            }

            #[inline]
            fn tag(&self) -> Option<&str> {
                match self {
                    $(Self::$variant(_) => Some($word),)*
                    Self::Unknown(value) => value.get($tag).and_then(::serde_json::Value::as_str),
                }
            }
        }
    };
}

/// A union told apart by the JSON type.
macro_rules! by_type {
    ($name:ident $branches:tt) => {
        $crate::wire::read_branches!($name $branches);
        $crate::wire::deserialize_by_read!($name);
        $crate::wire::write_branches!($name $branches);
    };
}

macro_rules! read_branches {
    ($name:ident { string => $text:ident(String), array => $list:ident($ty:ty) }) => {
        impl<'de> $crate::wire::TextOrList<'de> for $name {
            type List = $ty;

            #[inline]
            fn of_text(text: String) -> Self {
                Self::$text(text)
            }

            #[inline]
            fn of_list(list: $ty) -> Self {
                Self::$list(list)
            }

            #[inline]
            fn of_other(value: ::serde_json::Value) -> Self {
                Self::Other(value)
            }
        }

        impl<'de> $crate::wire::Read<'de> for $name {
            fn read<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::wire::TextOrListVisitor::<Self>::default())
            }
        }
    };
    ($name:ident { $($json:ident => $variant:ident($ty:ty)),* $(,)? }) => {
        impl $crate::wire::Union for $name {
            #[inline]
            fn choose(text: &str) -> Result<Self, ::serde_json::Error> {
                match $crate::wire::json_type(text) {
                    $(stringify!($json) => $crate::wire::branch(text, Self::$variant),)*
                    _ => $crate::wire::branch(text, Self::Other),
                }
            }
        }

        $crate::wire::read_union!($name);
    };
}

macro_rules! write_branches {
    ($name:ident { $($json:ident => $variant:ident($ty:ty)),* $(,)? }) => {
        $crate::wire::debug_union!($name { $($variant,)* Other });

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize(serializer),)*
                    Self::Other(value) => value.serialize(serializer),
                }
            }
        }

    };
}

/// A request body that differs by vendor. It is only sent: its branches can't be told apart from outside.
macro_rules! any_of {
    ($name:ident { $($variant:ident),* $(,)? }) => {
        $crate::wire::debug_union!($name { $($variant),* });

        impl $crate::wire::Body for $name {
            #[inline]
            fn payload(&self, switch: Option<$crate::wire::Switch>) -> Result<$crate::body::Payload, $crate::request::BuildError> {
                match self {
                    $(Self::$variant(value) => $crate::wire::Body::payload(value, switch),)*
                }
            }
        }
    };
}

/// Reads a union, also straight from its text.
macro_rules! read_union {
    ($name:ident) => {
        impl<'de> $crate::wire::Read<'de> for $name {
            fn read<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::read_union(deserializer)
            }

            #[inline]
            fn read_text(text: &'de str, place: &mut Option<Self>) -> Result<(), ::serde_json::Error> {
                *place = Some(<Self as $crate::wire::Union>::choose(text)?);
                Ok(())
            }
        }
    };
}

/// Reads with a visitor that all types of one form share: one less for the compiler to read for each of hundreds.
macro_rules! read_by {
    ($name:ident, $method:ident, $visitor:ident) => {
        impl<'de> $crate::wire::Read<'de> for $name {
            fn read<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.$method($crate::wire::$visitor::<Self>::default())
            }
        }

        $crate::wire::deserialize_by_read!($name);
    };
}

macro_rules! deserialize_by_read {
    ($name:ident) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Self as $crate::wire::Read>::read(deserializer)
            }
        }
    };
}

pub(crate) use {
    any_of, body, by_type, debug_object, debug_union, deserialize_by_read, form, object, read_branches, read_by, read_union,
    tagged, words, write_branches,
};
