//! What the later stages know of a document: parsed once by `check`, no JSON behind it.

mod words;

use std::collections::{BTreeMap, BTreeSet};

pub use words::*;

/// One document.
#[derive(Clone, Debug)]
pub struct Api {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// The first server's address.
    pub server: String,
    /// `externalDocs`: where the documentation's pages lie.
    pub docs: Option<String>,
    /// In the document's order.
    pub tags: Vec<Tag>,
    /// In the document's order.
    pub operations: Vec<Operation>,
    /// By name.
    pub schemas: BTreeMap<String, Schema>,
}

/// A group of operations: the facade's accessor.
#[derive(Clone, Debug)]
pub struct Tag {
    /// `videos`.
    pub name: String,
    /// What it groups.
    pub description: String,
    /// Its overview pages.
    pub docs: Vec<String>,
    /// The cargo feature that it is part of.
    pub feature: String,
}

/// A module of the generated client: the types of one folder and the operations of the tags named like its feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The module's name.
    pub name: String,
    /// Its documentation.
    pub doc: String,
}

/// One route, as one or more methods.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `videos_create`.
    pub id: String,
    /// `videos`.
    pub tag: String,
    /// `POST`.
    pub verb: String,
    /// `/v1/videos`.
    pub path: String,
    /// Pages it comes from.
    pub docs: Vec<String>,
    /// Why no page shows it.
    pub unlisted: Option<String>,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// All parameters, path parameters first.
    pub parameters: Vec<Parameter>,
    /// `x-success`.
    pub success: Option<Success>,
    /// `x-stream`.
    pub stream: Option<Stream>,
    /// `x-usage`.
    pub usage: Option<Usage>,
    /// `x-plain-text`: the member of the JSON answer that an answer in plain text stands for.
    pub plain_text: Option<String>,
    /// Whether 409 is among the answers.
    pub lists_conflict: bool,
    /// `x-upload`.
    pub upload: Option<UploadShape>,
    /// `x-websocket`.
    pub websocket: Option<WebSocket>,
    /// What the gateway posts to an address that the request names: a name, and the schema of the body.
    pub callbacks: Vec<(String, String)>,
    /// At least one; more by `x-faces`.
    pub faces: Vec<Face>,
    /// Where it stands.
    pub pointer: String,
}

/// One method of the facade.
#[derive(Clone, Debug)]
pub struct Face {
    /// The method's name, without the tag.
    pub method: String,
    /// One phrase.
    pub summary: String,
    /// The rest.
    pub description: String,
    /// Parameters with their one value.
    pub fixed: BTreeMap<String, String>,
    /// How the key is sent.
    pub auth: Auth,
    /// GET, HEAD and `x-idempotent`.
    pub idempotent: bool,
    /// `x-free`: it changes nothing and is never billed.
    pub free: bool,
    /// The schema of the JSON body.
    pub body: Option<String>,
    /// The schema of the body as a form with files.
    pub form: Option<String>,
    /// What comes back.
    pub answer: Answer,
}

/// How the key travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// In a header of this name.
    Header(String),
    /// Not with a key: a browser's login session.
    Session,
}

/// What a successful answer's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON of this type.
    Json(Type),
    /// Bytes, passed through.
    Bytes,
    /// Nothing.
    Empty,
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query string.
    Query,
    /// As a header.
    Header,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// On the wire.
    pub name: String,
    /// In Rust.
    pub rust_name: String,
    /// Where it travels.
    pub place: Place,
    /// Must be given.
    pub required: bool,
    /// A string, integer, number or boolean.
    pub ty: Type,
    /// The only value it can have.
    pub constant: Option<String>,
    /// Meaning.
    pub description: String,
}

/// A named schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// `Video`.
    pub name: String,
    /// The module it is written to.
    pub section: String,
    /// Meaning.
    pub description: String,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// Its form.
    pub kind: Kind,
}

/// The forms of a schema.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A struct.
    Object(Object),
    /// An open enum of strings.
    Words(Vec<Word>),
    /// A union told apart by a tag property.
    Tagged {
        /// The property.
        tag: String,
        /// Word → schema.
        variants: Vec<(String, String)>,
    },
    /// A union told apart by the JSON type.
    ByType(Vec<Branch>),
    /// Request bodies that differ by vendor, on one path.
    AnyOf(Vec<String>),
    /// A hand-written type of the runtime.
    External(String),
    /// Another name for a type.
    Alias(Type),
}

/// A struct.
#[derive(Clone, Debug)]
pub struct Object {
    /// In the document's order.
    pub properties: Vec<Property>,
    /// Arguments of `new`, by name on the wire.
    pub new: Vec<String>,
    /// `x-task`.
    pub task: Option<Box<TaskShape>>,
}

/// One property.
#[derive(Clone, Debug)]
pub struct Property {
    /// On the wire.
    pub name: String,
    /// In Rust.
    pub rust_name: String,
    /// Its type.
    pub ty: Type,
    /// Must be there.
    pub required: bool,
    /// The only value it can have.
    pub constant: Option<String>,
    /// Never shown.
    pub secret: bool,
    /// Marked as deprecated.
    pub deprecated: bool,
    /// Meaning.
    pub description: String,
    /// Points back to its own struct and so needs a box.
    pub boxed: bool,
}

/// A word of an open enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// On the wire.
    pub word: String,
    /// In Rust.
    pub variant: String,
}

/// One branch of a union by JSON type.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The variant.
    pub variant: String,
    /// `string`, `integer`, `number`, `boolean`, `array`, `object`.
    pub json: String,
    /// Its type.
    pub ty: Type,
}

/// The type of a property, an item or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A file in a form.
    File,
    /// `String`.
    String,
    /// `i64`.
    Integer,
    /// `f64`.
    Number,
    /// `bool`.
    Boolean,
    /// Any JSON.
    Any,
    /// A JSON object of any form.
    Free,
    /// A map with values of one type.
    Map(Box<Type>),
    /// A list.
    List(Box<Type>),
    /// A named schema.
    Named(String),
}

impl Type {
    /// The schemas that a type names.
    pub fn names(&self, found: &mut BTreeSet<String>) {
        match self {
            Self::Named(name) => {
                found.insert(name.clone());
            }
            Self::Map(inner) | Self::List(inner) => inner.names(found),
            _ => {}
        }
    }
}

impl Schema {
    /// The schemas that it refers to.
    #[must_use]
    pub fn references(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        match &self.kind {
            Kind::Object(object) => object.properties.iter().for_each(|property| property.ty.names(&mut found)),
            Kind::Tagged { variants, .. } => found.extend(variants.iter().map(|(_, schema)| schema.clone())),
            Kind::ByType(branches) => branches.iter().for_each(|branch| branch.ty.names(&mut found)),
            Kind::AnyOf(branches) => found.extend(branches.iter().cloned()),
            Kind::Alias(ty) => ty.names(&mut found),
            Kind::Words(_) | Kind::External(_) => {}
        }
        found
    }
}

impl Face {
    /// The schemas that its body can have.
    pub fn bodies(&self) -> impl Iterator<Item = &str> {
        self.body.iter().chain(&self.form).map(String::as_str)
    }
}

impl Operation {
    /// The schemas that its bodies and answers name.
    #[must_use]
    pub fn references(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for face in &self.faces {
            found.extend(face.bodies().map(str::to_owned));
            if let Answer::Json(ty) = &face.answer {
                ty.names(&mut found);
            }
        }
        found.extend(self.stream.iter().map(|stream| stream.event.clone()));
        found.extend(self.callbacks.iter().map(|(_, schema)| schema.clone()));
        found.extend(self.websocket.iter().flat_map(|socket| [socket.client.clone(), socket.server.clone()]));
        found
    }

    /// The method that the id names, without the tag.
    #[must_use]
    pub fn method_of_id(&self) -> &str {
        self.id.strip_prefix(&self.tag).and_then(|rest| rest.strip_prefix('_')).unwrap_or(&self.id)
    }
}

impl Api {
    /// A method by `<tag>_<method>`.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<(&Operation, &Face)> {
        self.operations.iter().find_map(|operation| {
            let method = name.strip_prefix(&operation.tag)?.strip_prefix('_')?;
            operation.faces.iter().find(|face| face.method == method).map(|face| (operation, face))
        })
    }

    /// What a schema says of a task.
    #[must_use]
    pub fn task(&self, schema: &str) -> Option<&TaskShape> {
        match &self.schemas.get(schema)?.kind {
            Kind::Object(object) => object.task.as_deref(),
            _ => None,
        }
    }

    /// The kinds of tasks: the schema that a query answers with, and what it says.
    pub fn task_kinds(&self) -> impl Iterator<Item = (&Schema, &str, &TaskShape)> {
        self.schemas.values().filter_map(|schema| {
            let task = self.task(&schema.name)?;
            Some((schema, task.kind.as_deref()?, task))
        })
    }

    /// The schema that a query answers with.
    #[must_use]
    pub fn query_answer(&self, query: &str) -> Option<&str> {
        match &self.method(query)?.1.answer {
            Answer::Json(Type::Named(name)) => Some(name),
            _ => None,
        }
    }

    /// How several tasks of a kind are asked about at once: with a body made of their ids, answered by a list of them.
    #[must_use]
    pub fn batch(&self, id: &str) -> Option<Batch<'_>> {
        let (operation, face) = self.method(id)?;
        let body = face.body.as_deref()?;
        let Kind::Object(object) = &self.schemas.get(body)?.kind else { return None };
        let [ids] = object.new.as_slice() else { return None };
        let is_ids = |property: &&Property| property.name == *ids && property.ty == Type::List(Box::new(Type::String));
        object.properties.iter().find(is_ids)?;
        let Answer::Json(answer) = &face.answer else { return None };
        let listed = |ty: &Type| match ty {
            Type::List(item) => match &**item {
                Type::Named(name) => self.task(name),
                _ => None,
            },
            _ => None,
        };
        let (items, shape) = match answer {
            Type::Named(name) => match &self.schemas.get(name)?.kind {
                Kind::Object(object) => {
                    object.properties.iter().find_map(|property| Some((format!("/{}", property.name), listed(&property.ty)?)))?
                }
                Kind::Alias(ty) => (String::new(), listed(ty)?),
                _ => return None,
            },
            ty => (String::new(), listed(ty)?),
        };
        Some(Batch { operation, face, body, items, shape })
    }

    /// Every face of every operation.
    pub fn faces(&self) -> impl Iterator<Item = &Face> {
        self.operations.iter().flat_map(|operation| &operation.faces)
    }

    /// Whether a schema is the JSON body of an operation, or a branch of one.
    #[must_use]
    pub fn is_json_body(&self, schema: &str) -> bool {
        self.faces().filter_map(|face| face.body.as_deref()).any(|body| self.accepted(body).any(|each| each == schema))
    }

    /// Whether a schema is the form of an operation, or a branch of one.
    #[must_use]
    pub fn is_form(&self, schema: &str) -> bool {
        self.faces().filter_map(|face| face.form.as_deref()).any(|form| self.accepted(form).any(|each| each == schema))
    }

    /// The schemas that travel to the gateway: bodies and all that they hold.
    #[must_use]
    pub fn sent(&self) -> BTreeSet<String> {
        let events =
            self.operations.iter().filter_map(|operation| operation.websocket.as_ref()).map(|socket| socket.client.as_str());
        let mut open: Vec<String> = self.faces().flat_map(|face| face.bodies()).chain(events).map(str::to_owned).collect();
        let mut sent = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(schema) = self.schemas.get(&name)
                && sent.insert(name)
            {
                open.extend(schema.references());
            }
        }
        sent
    }

    /// What may be passed where a body of this schema is wanted: itself and, where it differs by vendor, its branches.
    pub fn accepted<'a>(&'a self, body: &'a str) -> impl Iterator<Item = &'a str> {
        let branches = match self.schemas.get(body).map(|schema| &schema.kind) {
            Some(Kind::AnyOf(branches)) => branches.as_slice(),
            _ => &[],
        };
        std::iter::once(body).chain(branches.iter().map(String::as_str))
    }

    /// A tag by name.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.name == name)
    }

    /// An operation by id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The modules to write: one for each tag, and one for each further folder that holds schemas.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> =
            self.tags.iter().map(|tag| Section { name: tag.name.clone(), doc: self.section_doc(tag) }).collect();
        for schema in self.schemas.values() {
            if sections.iter().all(|section| section.name != schema.section) {
                sections.push(Section { name: schema.section.clone(), doc: format!("Types of `{}`.", schema.section) });
            }
        }
        sections
    }

    fn section_doc(&self, tag: &Tag) -> String {
        let description = crate::text::rustdoc(&tag.description);
        if tag.docs.is_empty() { description } else { format!("{description}\n\nDocumentation: {}.", self.pages(&tag.docs)) }
    }

    /// Pages of the documentation for doc comments, as links where the document says where they lie.
    pub(crate) fn pages(&self, pages: &[String]) -> String {
        let shown = pages.iter().map(|page| match &self.docs {
            Some(site) => format!("[`{page}`]({site}/{page})"),
            None => format!("`{page}`"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}
