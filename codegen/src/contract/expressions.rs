//! Rust expressions for the examples of a document: what a user would write to build the same value.
//!
//! Only constructors, setters, variants and conversions are used. What they can't say is a misfit: then a documented
//! member could be sent through `extra` alone.

use serde_json::{Map, Value};

use crate::load::{Document, escape};
use crate::model::{Api, Branch, Kind, Object, Property, Schema, Type};
use crate::names;
use crate::text::literal;
use crate::types::switches;

/// Why an example can't be written through the typed API.
#[derive(Debug)]
pub(super) struct Misfit {
    /// Where in the document.
    pub(super) pointer: String,
    pub(super) what: String,
}

type Written = Result<String, Misfit>;

fn misfit<T>(at: &str, what: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { pointer: at.to_owned(), what: what.into() })
}

/// Writes expressions for the types of one document.
pub(super) struct Expressions<'a> {
    document: &'a Document,
    api: &'a Api,
}

impl<'a> Expressions<'a> {
    pub(super) fn new(document: &'a Document, api: &'a Api) -> Self {
        Self { document, api }
    }

    /// Whether the document itself leaves the members of an object open; then `extra` is their place.
    pub(super) fn is_open(&self, schema: &str) -> bool {
        self.document.at(&format!("/components/schemas/{}/additionalProperties", escape(schema))) == Some(&Value::Bool(true))
    }

    /// How the type of a schema is called from outside of the crate; `api` is the module of the document.
    pub(super) fn path(&self, ty: &Type) -> String {
        match ty {
            Type::File => "::octopusx::FilePart".into(),
            Type::String => "String".into(),
            Type::Integer => "i64".into(),
            Type::Number => "f64".into(),
            Type::Boolean => "bool".into(),
            Type::Any => "Value".into(),
            Type::Free => "Map<String, Value>".into(),
            Type::Map(inner) => format!("BTreeMap<String, {}>", self.path(inner)),
            Type::List(inner) => format!("Vec<{}>", self.path(inner)),
            Type::Named(name) => match self.api.schemas.get(name) {
                Some(Schema { kind: Kind::External(external), .. }) => format!("::octopusx::values::{external}"),
                Some(schema) => format!("api::{}::{name}", schema.section),
                None => name.clone(),
            },
        }
    }

    /// A value of a named schema.
    pub(super) fn value(&self, schema: &str, value: &Value, at: &str) -> Written {
        self.exact(&Type::Named(schema.to_owned()), value, at)
    }

    /// A value of just this type.
    fn exact(&self, ty: &Type, value: &Value, at: &str) -> Written {
        match (ty, value) {
            (Type::File, Value::String(text)) => Ok(format!("file({})", literal(text))),
            (Type::String, Value::String(text)) => Ok(format!("{}.to_owned()", literal(text))),
            (Type::Integer, Value::Number(_)) => self.integer(value, at).map(|number| format!("{number}_i64")),
            (Type::Number, Value::Number(number)) => Ok(format!("{:?}_f64", number.as_f64().unwrap_or_default())),
            (Type::Boolean, Value::Bool(flag)) => Ok(flag.to_string()),
            (Type::Any, _) => Ok(format!("json!({})", json(value))),
            (Type::Free, Value::Object(_)) => Ok(format!("members(json!({}))", json(value))),
            (Type::Map(inner), Value::Object(members)) => {
                Ok(format!("BTreeMap::from([{}])", self.pairs(inner, members, at, ".to_owned()")?))
            }
            (Type::List(inner), Value::Array(items)) => {
                self.list(inner, items, at, |inner, item, at| self.exact(inner, item, at))
            }
            (Type::Named(name), _) => self.named(name, value, at, false),
            _ => misfit(at, format!("{} is not written as {}", self.path(ty), shown(value))),
        }
    }

    /// What is passed to a constructor or a setter for a property of this type: where one converts, what it converts.
    fn argument(&self, ty: &Type, value: &Value, at: &str) -> Written {
        match (ty, value) {
            (Type::String, Value::String(text)) => Ok(literal(text)),
            (Type::Integer, Value::Number(_)) => self.integer(value, at).map(|number| number.to_string()),
            (Type::Number, Value::Number(number)) => Ok(format!("{:?}", number.as_f64().unwrap_or_default())),
            (Type::Map(inner), Value::Object(members)) if members.is_empty() => {
                Ok(format!("Vec::<(String, {})>::new()", self.path(inner)))
            }
            (Type::Map(inner), Value::Object(members)) => Ok(format!("vec![{}]", self.pairs(inner, members, at, "")?)),
            (Type::List(inner), Value::Array(items)) => self.list(inner, items, at, |inner, item, at| match inner {
                Type::String => self.argument(inner, item, at),
                Type::Named(name) if self.is_words(name) => self.argument(inner, item, at),
                _ => self.exact(inner, item, at),
            }),
            (Type::Named(name), _) => self.named(name, value, at, true),
            _ => self.exact(ty, value, at),
        }
    }

    fn integer(&self, value: &Value, at: &str) -> Result<i64, Misfit> {
        match (value.as_i64(), value.as_f64()) {
            (Some(number), _) => Ok(number),
            // 2^53: beyond it a float no longer says which integer it means.
            (None, Some(number)) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => Ok(number as i64),
            _ => misfit(at, format!("{value} is no integer of 64 bits")),
        }
    }

    fn list(&self, inner: &Type, items: &[Value], at: &str, write: impl Fn(&Type, &Value, &str) -> Written) -> Written {
        if items.is_empty() {
            return Ok(format!("Vec::<{}>::new()", self.path(inner)));
        }
        let items: Result<Vec<String>, Misfit> =
            items.iter().enumerate().map(|(index, item)| write(inner, item, &format!("{at}/{index}"))).collect();
        Ok(format!("vec![{}]", items?.join(", ")))
    }

    fn pairs(&self, inner: &Type, members: &Map<String, Value>, at: &str, owned: &str) -> Written {
        let pairs: Result<Vec<String>, Misfit> = members
            .iter()
            .map(|(name, value)| {
                let value = self.exact(inner, value, &format!("{at}/{}", escape(name)))?;
                Ok(format!("({}{owned}, {value})", literal(name)))
            })
            .collect();
        Ok(pairs?.join(", "))
    }

    fn is_words(&self, name: &str) -> bool {
        matches!(self.api.schemas.get(name).map(|schema| &schema.kind), Some(Kind::Words(_)))
    }

    fn named(&self, name: &str, value: &Value, at: &str, converts: bool) -> Written {
        let path = self.path(&Type::Named(name.to_owned()));
        let from = |text: String| if converts { text } else { format!("{path}::from({text})") };
        let Some(schema) = self.api.schemas.get(name) else { return misfit(at, format!("there is no schema `{name}`")) };
        match (&schema.kind, value) {
            (Kind::Object(object), _) => self.object(schema, object, value, at),
            (Kind::Words(_) | Kind::External(_), Value::String(word)) => Ok(from(literal(word))),
            (Kind::External(_), Value::Number(number)) => Ok(from(match number.as_i64() {
                Some(number) => format!("{number}_i64"),
                None => format!("{:?}_f64", number.as_f64().unwrap_or_default()),
            })),
            (Kind::Tagged { tag, variants }, _) => {
                let word = value.get(tag).and_then(Value::as_str).unwrap_or_default();
                let Some((_, branch)) = variants.iter().find(|(known, _)| known == word) else {
                    return misfit(at, format!("`{name}` has no branch for the `{tag}` {word:?}"));
                };
                let inner = self.value(branch, value, at)?;
                // The conversion leads to the first word of a branch that has several.
                let first = variants.iter().find(|(_, schema)| schema == branch).is_some_and(|(first, _)| first == word);
                Ok(if converts && first { inner } else { format!("{path}::{}({inner})", names::tagged_variant(word)) })
            }
            (Kind::ByType(branches), _) => {
                let Some(branch) = branches.iter().find(|branch| is_of(branch, value)) else {
                    return misfit(at, format!("`{name}` has no branch for {}", shown(value)));
                };
                let text = matches!(&branch.ty, Type::String) || matches!(&branch.ty, Type::Named(inner) if self.is_words(inner));
                if converts && text {
                    return self.argument(&branch.ty, value, at);
                }
                let inner = self.exact(&branch.ty, value, at)?;
                Ok(if converts { inner } else { format!("{path}::{}({inner})", branch.variant) })
            }
            (Kind::Alias(ty), _) if converts => self.argument(ty, value, at),
            (Kind::Alias(ty), _) => self.exact(ty, value, at),
            _ => misfit(at, format!("`{name}` is not written as {}", shown(value))),
        }
    }

    fn object(&self, schema: &Schema, object: &Object, value: &Value, at: &str) -> Written {
        let Value::Object(members) = value else {
            return misfit(at, format!("`{}` is not written as {}", schema.name, shown(value)));
        };
        let hidden = switches(self.api, &schema.name);
        let property = |name: &str| object.properties.iter().find(|property| property.name == name);
        let visible: Vec<&Property> =
            object.properties.iter().filter(|property| !hidden.contains(&property.name.as_str())).collect();
        let undeclared: Vec<&String> = members.keys().filter(|name| property(name).is_none()).collect();
        if let Some(lost) = undeclared.first().filter(|_| !self.is_open(&schema.name)) {
            let what = format!("`{}` does not declare `{lost}`, so it could be sent through `extra` alone", schema.name);
            return misfit(&format!("{at}/{}", escape(lost)), what);
        }
        let given = |property: &Property| members.get(&property.name).filter(|value| !value.is_null());
        // What the constructor sets although the example leaves it out.
        let mut unset = Vec::new();
        let mut arguments = Vec::new();
        for property in object.new.iter().filter_map(|name| visible.iter().find(|property| property.name == *name)) {
            let at = format!("{at}/{}", escape(&property.name));
            match given(property) {
                Some(value) => arguments.push(self.argument(&property.ty, value, &at)?),
                None if property.required => return misfit(&at, format!("`{}` can't do without it", schema.name)),
                None => {
                    arguments.push(self.placeholder(&property.ty));
                    unset.push(&property.rust_name);
                }
            }
        }
        let mut setters = String::new();
        for name in members.keys() {
            let Some(property) = visible.iter().find(|property| property.name == *name) else { continue };
            let Some(value) = given(property).filter(|_| property.constant.is_none() && !object.new.contains(name)) else {
                continue;
            };
            let value = self.argument(&property.ty, value, &format!("{at}/{}", escape(name)))?;
            setters.push_str(&format!(".{}({value})", property.rust_name));
        }
        for name in undeclared.into_iter().filter(|name| !members[*name].is_null()) {
            setters.push_str(&format!(".with_extra({}, json!({}))", literal(name), json(&members[name])));
        }
        for property in &visible {
            let Some(constant) = &property.constant else { continue };
            match given(property) {
                Some(value) if value.as_str() == Some(constant) => {}
                None if !property.required => unset.push(&property.rust_name),
                other => {
                    let found = other.map_or_else(|| "missing".to_owned(), shown);
                    let what = format!("`{}` is always {constant:?}, here it is {found}", property.name);
                    return misfit(&format!("{at}/{}", escape(&property.name)), what);
                }
            }
        }
        let built = format!("{}::new({}){setters}", self.path(&Type::Named(schema.name.clone())), arguments.join(", "));
        if unset.is_empty() {
            return Ok(built);
        }
        let cleared: String = unset.iter().map(|name| format!("it.{name} = None; ")).collect();
        Ok(format!("{{ let mut it = {built}; {cleared}it }}"))
    }

    /// An argument that is taken back at once: the constructor wants one, and the example has none.
    fn placeholder(&self, ty: &Type) -> String {
        let path = self.path(ty);
        match ty {
            Type::String => literal(""),
            Type::Integer => "0".into(),
            Type::Number => "0.0".into(),
            Type::Boolean => "false".into(),
            Type::Any => "json!(null)".into(),
            Type::Free => "members(json!({}))".into(),
            Type::File => format!("file({})", literal("@")),
            Type::List(_) => format!("{path}::new()").replacen("Vec<", "Vec::<", 1),
            Type::Map(_) => format!("{path}::new()").replacen("BTreeMap<", "BTreeMap::<", 1),
            Type::Named(name) => match self.api.schemas.get(name).map(|schema| &schema.kind) {
                Some(Kind::Object(object)) => {
                    let property = |name: &String| object.properties.iter().find(|property| property.name == *name);
                    let arguments: Vec<String> =
                        object.new.iter().filter_map(property).map(|property| self.placeholder(&property.ty)).collect();
                    format!("{path}::new({})", arguments.join(", "))
                }
                Some(Kind::Tagged { .. }) => format!("{path}::Unknown(json!(null))"),
                Some(Kind::ByType(_)) => format!("{path}::Other(json!(null))"),
                Some(Kind::Alias(inner)) => self.placeholder(inner),
                _ => literal(""),
            },
        }
    }
}

/// Whether a branch of a union by JSON type is meant.
fn is_of(branch: &Branch, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) => branch.json == "boolean",
        Value::Number(_) => matches!(branch.json.as_str(), "number" | "integer"),
        Value::String(_) => branch.json == "string",
        Value::Array(_) => branch.json == "array",
        Value::Object(_) => branch.json == "object",
    }
}

/// What stands inside of `json!(…)`.
fn json(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) if i32::try_from(small).is_ok() => small.to_string(),
            (Some(large), _) => format!("{large}_i64"),
            (None, Some(large)) => format!("{large}_u64"),
            (None, None) => format!("{:?}", number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => literal(text),
        Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}: {}", literal(name), json(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A value in a sentence.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
