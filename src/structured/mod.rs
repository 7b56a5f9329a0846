//! Tools and answers from Rust types: a type's JSON Schema brought into the form that a protocol takes, and the model's
//! JSON read back into the type. What a protocol takes is data ([`rules`]); the rest knows none.

mod definitions;
mod join;
mod read;
mod remarks;
pub(crate) mod rules;
mod shape;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::Error;
pub(crate) use read::{Answer, Arguments, Unfit, arguments, parse};
pub(crate) use rules::Rules;

/// What a schema is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What a tool takes.
    Tool,
    /// What an answer looks like.
    Answer,
}

/// A type as a protocol can be told of it.
pub(crate) struct Shaped {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) schema: Map<String, Value>,
}

impl Shaped {
    /// The schema with the description inside, where the protocol has no other place for it.
    pub(crate) fn described(self) -> Map<String, Value> {
        let mut schema = self.schema;
        if let Some(description) = self.description {
            schema.insert("description".to_owned(), description.into());
        }
        schema
    }
}

pub(crate) fn shaped<T: JsonSchema>(rules: &'static Rules, purpose: Purpose) -> Result<Shaped, Error> {
    let schema = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>();
    shape::shaped(&T::schema_name(), schema.as_value(), rules, purpose).map_err(Error::bad_input)
}

/// The name of the tool that a type makes.
pub(crate) fn name<T: JsonSchema>() -> String {
    shape::name_of(&T::schema_name())
}
