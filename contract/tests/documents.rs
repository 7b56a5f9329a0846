//! The two documents, and what was generated from them.

use std::sync::LazyLock;

use serde_json::Value;

use crate::method::{Method, Shape};

/// A document, with the methods that the client has for it.
pub struct Document {
    pub name: &'static str,
    pub methods: &'static [Method],
    pub shapes: &'static [Shape],
    /// What the client says it can call.
    pub operations: &'static [octopusx::Operation],
    json: Value,
}

pub static DOCUMENTS: LazyLock<[Document; 2]> = LazyLock::new(|| {
    [
        Document {
            name: "octopusx",
            methods: octopusx_methods::METHODS,
            shapes: octopusx_methods::SHAPES,
            operations: octopusx::OPERATIONS,
            json: parse(include_str!(concat!(env!("OUT_DIR"), "/octopusx.json"))),
        },
        Document {
            name: "openoctopus",
            methods: openoctopus_methods::METHODS,
            shapes: openoctopus_methods::SHAPES,
            operations: octopusx::openoctopus::OPERATIONS,
            json: parse(include_str!(concat!(env!("OUT_DIR"), "/openoctopus.json"))),
        },
    ]
});

impl Document {
    /// The value that a pointer names.
    pub fn at(&self, pointer: &str) -> Result<&Value, String> {
        self.json.pointer(pointer).ok_or_else(|| format!("the document has nothing at {pointer}"))
    }

    /// The same document with another value at a pointer.
    pub fn with(&self, pointer: &str, value: Value) -> Self {
        let mut json = self.json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        Self { json, ..*self }
    }
}

/// Whether a document leaves the members of an object open, so that `extra` is where they belong.
pub fn is_open(schema: &str) -> bool {
    [octopusx_methods::OPEN, openoctopus_methods::OPEN].iter().any(|open| open.contains(&schema))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What generated code refers to.
#[allow(unused_imports)]
mod names {
    pub use std::collections::BTreeMap;

    pub use serde_json::{Map, Value, json};

    pub use crate::json::{Back, back, read};
    pub use crate::method::{Address, Answer, Carries, Credential, Ends, Event, Failure, Holds, Method, Request, Shape, Way};
    pub use crate::site::{Sent, Site, cookie, file, members, send, typed};
}

#[allow(clippy::all, deprecated, unused_imports, unused_mut)]
mod octopusx_methods {
    use super::names::*;

    include!(concat!(env!("OUT_DIR"), "/octopusx.rs"));
}

#[allow(clippy::all, deprecated, unused_imports, unused_mut)]
mod openoctopus_methods {
    use super::names::*;

    include!(concat!(env!("OUT_DIR"), "/openoctopus.rs"));
}
