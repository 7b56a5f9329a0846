//! Writes the types of a section: structs, open enums and unions.
//!
//! The declarations are written here; how they read and write JSON is decided once, by the macros of the runtime's
//! `wire` module that each declaration is handed to.

use crate::accessors;
use crate::model::{Api, Branch, Kind, Object, Operation, Property, Schema, Section, Type, Word};
use crate::names;
use crate::text::{Writer, literal, rustdoc};

/// Writes every type of one section.
pub fn write(out: &mut Writer, api: &Api, section: &Section) {
    for schema in api.schemas.values().filter(|schema| schema.section == section.name) {
        match &schema.kind {
            Kind::Object(object) => write_object(out, api, schema, object),
            Kind::Words(words) => write_words(out, schema, words),
            Kind::Tagged { tag, variants } => write_tagged(out, api, schema, tag, variants),
            Kind::ByType(branches) => write_by_type(out, api, schema, branches),
            Kind::AnyOf(branches) => write_any_of(out, api, schema, branches),
            Kind::Alias(ty) => {
                out.doc(&rustdoc(&schema.description));
                out.line(&format!("pub type {} = {};", schema.name, rust_type(api, ty, &schema.section)));
            }
            Kind::External(_) => {}
        }
        if !matches!(schema.kind, Kind::Object(_)) && is_boxed(api, &schema.name) {
            write_boxed(out, &schema.name);
        }
    }
}

/// Whether a struct holds itself through a field of this type.
fn is_boxed(api: &Api, name: &str) -> bool {
    let through = |property: &Property| property.boxed && matches!(&property.ty, Type::Named(target) if target == name);
    api.schemas.values().any(|schema| matches!(&schema.kind, Kind::Object(object) if object.properties.iter().any(through)))
}

/// Objects in a box are read as all objects are; of everything else the runtime can't know that it is local.
fn write_boxed(out: &mut Writer, name: &str) {
    out.open(&format!("impl<'de> crate::wire::Read<'de> for Box<{name}>"));
    out.open("fn read<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>");
    out.line(&format!("<{name} as crate::wire::Read<'de>>::read(deserializer).map(Self::new)"));
    out.close();
    out.close();
}

/// How a type is written inside the module of `section`.
#[must_use]
pub fn rust_type(api: &Api, ty: &Type, section: &str) -> String {
    match ty {
        Type::File => "crate::FilePart".into(),
        Type::String => "String".into(),
        Type::Integer => "i64".into(),
        Type::Number => "f64".into(),
        Type::Boolean => "bool".into(),
        Type::Any => "::serde_json::Value".into(),
        Type::Free => "::serde_json::Map<String, ::serde_json::Value>".into(),
        Type::Map(inner) => format!("::std::collections::BTreeMap<String, {}>", rust_type(api, inner, section)),
        Type::List(inner) => format!("Vec<{}>", rust_type(api, inner, section)),
        Type::Named(name) => match api.schemas.get(name) {
            Some(Schema { kind: Kind::External(external), .. }) => format!("crate::values::{external}"),
            Some(schema) if schema.section != section => format!("super::{}::{name}", schema.section),
            _ => name.clone(),
        },
    }
}

fn field_type(api: &Api, property: &Property, section: &str) -> String {
    let mut ty = rust_type(api, &property.ty, section);
    if property.boxed {
        ty = format!("Box<{ty}>");
    }
    if property.required { ty } else { format!("Option<{ty}>") }
}

/// The type of an argument that takes a value of `ty`, and the expression that converts it.
fn argument(api: &Api, property: &Property, section: &str) -> (String, String) {
    let name = &property.rust_name;
    let (ty, value) = match &property.ty {
        Type::Integer | Type::Number | Type::Boolean => (rust_type(api, &property.ty, section), name.clone()),
        Type::List(inner) => (
            format!("impl IntoIterator<Item = impl Into<{}>>", rust_type(api, inner, section)),
            format!("{name}.into_iter().map(Into::into).collect()"),
        ),
        Type::Free => (
            "impl IntoIterator<Item = (impl Into<String>, impl Into<::serde_json::Value>)>".into(),
            format!("{name}.into_iter().map(|(key, value)| (key.into(), value.into())).collect()"),
        ),
        Type::Map(inner) => (
            format!("impl IntoIterator<Item = (impl Into<String>, impl Into<{}>)>", rust_type(api, inner, section)),
            format!("{name}.into_iter().map(|(key, value)| (key.into(), value.into())).collect()"),
        ),
        other => (format!("impl Into<{}>", rust_type(api, other, section)), format!("{name}.into()")),
    };
    if property.boxed { (ty, format!("Box::new({value})")) } else { (ty, value) }
}

fn write_object(out: &mut Writer, api: &Api, schema: &Schema, object: &Object) {
    let hidden = switches(api, &schema.name);
    let properties: Vec<&Property> =
        object.properties.iter().filter(|property| !hidden.contains(&property.name.as_str())).collect();
    let form = api.is_form(&schema.name);
    head(out, schema, if form { "Clone" } else { "Clone, PartialEq" });
    out.open(&format!("pub struct {}", schema.name));
    for property in &properties {
        property_doc(out, property);
        out.line(&format!("pub {}: {},", property.rust_name, field_type(api, property, &schema.section)));
    }
    out.doc("Members that the document does not describe, kept as they came and written back.");
    out.line("pub extra: crate::wire::Extra,");
    out.close();
    write_methods(out, api, schema, object, &properties);
    write_debug(out, &schema.name, &properties);
    if form {
        return write_form(out, &schema.name, &properties);
    }
    let fields: Vec<String> = properties
        .iter()
        .map(|property| {
            let kind = if property.required { "required" } else { "optional" };
            format!("{}: {} {kind}", property.rust_name, literal(&property.name))
        })
        .collect();
    let name = &schema.name;
    out.line(&format!("crate::wire::object!({name} {{ {} }});", fields.join(", ")));
    if api.is_json_body(&schema.name) {
        out.line(&format!("crate::wire::body!({name});"));
    }
    accessors::write(out, api, schema, object);
}

fn write_debug(out: &mut Writer, name: &str, properties: &[&Property]) {
    let names = |secret: bool| {
        let named = properties.iter().filter(|property| property.secret || !secret);
        named.map(|property| property.rust_name.as_str()).collect::<Vec<_>>().join(", ")
    };
    out.line(&format!("crate::wire::debug_object!({name} {{ {} }} hides {{ {} }});", names(false), names(true)));
}

/// A body that travels as `multipart/form-data`: it is only sent.
fn write_form(out: &mut Writer, name: &str, properties: &[&Property]) {
    let fields: Vec<String> = properties
        .iter()
        .map(|property| {
            let need = if property.required { "required" } else { "optional" };
            let kind = match &property.ty {
                Type::File => "file",
                Type::List(inner) if **inner == Type::File => "files",
                _ => "value",
            };
            format!("{}: {} {kind} {need}", property.rust_name, literal(&property.name))
        })
        .collect();
    out.line(&format!("crate::wire::form!({name} {{ {} }});", fields.join(", ")));
}

/// The properties that a `_stream` method sets and that are no fields.
pub(crate) fn switches<'a>(api: &'a Api, schema: &str) -> Vec<&'a str> {
    let is_body = |operation: &&Operation| {
        let mut bodies = operation.faces.iter().flat_map(|face| face.bodies());
        bodies.any(|body| api.accepted(body).any(|accepted| accepted == schema))
    };
    api.operations
        .iter()
        .filter(is_body)
        .filter_map(|operation| operation.stream.as_ref().and_then(|stream| stream.switch.as_deref()))
        .collect()
}

fn head(out: &mut Writer, schema: &Schema, derives: &str) {
    out.doc(&rustdoc(&schema.description));
    if schema.deprecated {
        out.line("#[deprecated]");
    }
    out.line(&format!("#[derive({derives})]"));
    out.line("#[non_exhaustive]");
}

fn property_doc(out: &mut Writer, property: &Property) {
    out.doc(&rustdoc(&property.description));
    if let Some(constant) = &property.constant {
        out.line("///");
        out.doc(&format!("Always `{constant}`."));
    }
    if property.deprecated {
        out.line("#[deprecated]");
    }
}

fn write_methods(out: &mut Writer, api: &Api, schema: &Schema, object: &Object, properties: &[&Property]) {
    out.line("#[allow(deprecated)]");
    out.open(&format!("impl {}", schema.name));
    let arguments: Vec<&&Property> =
        object.new.iter().filter_map(|name| properties.iter().find(|property| property.name == *name)).collect();
    let list: Vec<String> = arguments
        .iter()
        .map(|property| format!("{}: {}", property.rust_name, argument(api, property, &schema.section).0))
        .collect();
    out.doc(&format!("A `{}` with what it can't do without.", schema.name));
    if list.is_empty() {
        out.line("#[must_use]");
    }
    out.line("#[inline]");
    out.open(&format!("pub fn new({}) -> Self", list.join(", ")));
    out.open("Self");
    for property in properties {
        let value = initial(api, schema, object, property);
        let line = if value == property.rust_name { value } else { format!("{}: {value}", property.rust_name) };
        out.line(&format!("{line},"));
    }
    out.line("extra: crate::wire::Extra::new(),");
    out.close();
    out.close();
    let sent = api.sent();
    let settable = properties.iter().filter(|property| property.constant.is_none() && sent.contains(&schema.name));
    for property in settable {
        let (ty, value) = argument(api, property, &schema.section);
        let value = if property.required { value } else { format!("Some({value})") };
        out.doc(&format!("Sets [`{0}`](Self#structfield.{0}).", property.rust_name));
        if property.deprecated {
            out.line("#[deprecated]");
        }
        out.line("#[must_use]");
        out.open(&format!("pub fn {0}(mut self, {0}: {ty}) -> Self", property.rust_name));
        out.line(&format!("self.{} = {value};", property.rust_name));
        out.line("self");
        out.close();
    }
    if sent.contains(&schema.name) {
        out.doc("Adds a member that the document does not describe.");
        out.line("#[must_use]");
        out.open("pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<::serde_json::Value>) -> Self");
        out.line("self.extra.insert(name.into(), value.into());");
        out.line("self");
        out.close();
    }
    out.close();
    if list.is_empty() {
        out.open(&format!("impl Default for {}", schema.name));
        out.line("#[inline]");
        out.open("fn default() -> Self");
        out.line("Self::new()");
        out.close();
        out.close();
    }
}

/// The value of a field in `new`.
fn initial(api: &Api, schema: &Schema, object: &Object, property: &Property) -> String {
    let some = |value: String| if property.required { value } else { format!("Some({value})") };
    if let Some(constant) = &property.constant {
        some(format!("{}.to_owned()", literal(constant)))
    } else if object.new.contains(&property.name) {
        some(argument(api, property, &schema.section).1)
    } else {
        "None".to_owned()
    }
}

fn write_words(out: &mut Writer, schema: &Schema, words: &[Word]) {
    head(out, schema, "Clone, PartialEq, Eq, Hash");
    out.open(&format!("pub enum {}", schema.name));
    for word in words {
        out.doc(&format!("`{}`", word.word));
        out.line(&format!("{},", word.variant));
    }
    out.doc("A word that the document does not know, as it came.");
    out.line("Other(String),");
    out.close();
    let list: Vec<String> = words.iter().map(|word| format!("{} = {}", word.variant, literal(&word.word))).collect();
    out.line(&format!("crate::wire::words!({} {{ {} }});", schema.name, list.join(", ")));
}

fn write_tagged(out: &mut Writer, api: &Api, schema: &Schema, tag: &str, variants: &[(String, String)]) {
    head(out, schema, "Clone, PartialEq");
    out.open(&format!("pub enum {}", schema.name));
    for (word, branch) in variants {
        out.doc(&format!("`{tag}` is `{word}`."));
        out.line(&format!("{}({}),", names::tagged_variant(word), branch_type(api, schema, branch)));
    }
    out.doc("A tag that the document does not know; the whole object, as it came.");
    out.line("Unknown(::serde_json::Value),");
    out.close();
    let list: Vec<String> = variants
        .iter()
        .map(|(word, branch)| {
            format!("{} => {}({})", literal(word), names::tagged_variant(word), branch_type(api, schema, branch))
        })
        .collect();
    out.line(&format!("crate::wire::tagged!({} by {} {{ {} }});", schema.name, literal(tag), list.join(", ")));
    let mut seen = Vec::new();
    for (word, branch) in variants {
        if !seen.contains(&branch) {
            seen.push(branch);
            write_from(out, &schema.name, &names::tagged_variant(word), &branch_type(api, schema, branch), "value");
        }
    }
}

fn branch_type(api: &Api, schema: &Schema, branch: &str) -> String {
    rust_type(api, &Type::Named(branch.to_owned()), &schema.section)
}

fn write_from(out: &mut Writer, union: &str, variant: &str, source: &str, value: &str) {
    out.open(&format!("impl From<{source}> for {union}"));
    out.line("#[inline]");
    out.open(&format!("fn from(value: {source}) -> Self"));
    out.line(&format!("Self::{variant}({value})"));
    out.close();
    out.close();
}

fn write_by_type(out: &mut Writer, api: &Api, schema: &Schema, branches: &[Branch]) {
    head(out, schema, "Clone, PartialEq");
    out.open(&format!("pub enum {}", schema.name));
    for branch in branches {
        let article = if matches!(branch.json.as_str(), "array" | "integer" | "object") { "An" } else { "A" };
        out.doc(&format!("{article} {}.", branch.json));
        out.line(&format!("{}({}),", branch.variant, rust_type(api, &branch.ty, &schema.section)));
    }
    out.doc("A form that the document does not know, as it came.");
    out.line("Other(::serde_json::Value),");
    out.close();
    let list: Vec<String> = branches
        .iter()
        .map(|branch| {
            let kind = if branch.json == "integer" { "number" } else { &branch.json };
            format!("{kind} => {}({})", branch.variant, rust_type(api, &branch.ty, &schema.section))
        })
        .collect();
    out.line(&format!("crate::wire::by_type!({} {{ {} }});", schema.name, list.join(", ")));
    for branch in branches {
        let ty = rust_type(api, &branch.ty, &schema.section);
        write_from(out, &schema.name, &branch.variant, &ty, "value");
        if ty == "String" || is_words(api, &branch.ty) {
            write_from(out, &schema.name, &branch.variant, "&str", "value.into()");
        }
    }
}

fn is_words(api: &Api, ty: &Type) -> bool {
    match ty {
        Type::Named(name) => matches!(api.schemas.get(name).map(|schema| &schema.kind), Some(Kind::Words(_))),
        _ => false,
    }
}

fn write_any_of(out: &mut Writer, api: &Api, schema: &Schema, branches: &[String]) {
    // A union of answers is what the faces of one path give; each face has its own type.
    let (json, form) = (api.is_json_body(&schema.name), api.is_form(&schema.name));
    if !json && !form {
        return;
    }
    head(out, schema, if form { "Clone" } else { "Clone, PartialEq" });
    out.open(&format!("pub enum {}", schema.name));
    for branch in branches {
        out.doc(&format!("A [`{branch}`]."));
        out.line(&format!("{branch}({}),", branch_type(api, schema, branch)));
    }
    out.close();
    out.line(&format!("crate::wire::any_of!({} {{ {} }});", schema.name, branches.join(", ")));
    for branch in branches {
        write_from(out, &schema.name, branch, &branch_type(api, schema, branch), "value");
    }
}
