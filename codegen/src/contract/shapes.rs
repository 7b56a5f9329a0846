//! Values made from schemas alone: for each type one with all its members, for each union one of each branch. Examples
//! show most members but not all; with these none goes untried.

use serde_json::{Map, Value, json};

use crate::model::{Api, Kind, Object, Property, Schema, Type};
use crate::types::switches;

/// Required members can't go round in a circle; this is for lists of lists.
const DEEPEST: usize = 12;

/// A schema's name and a value of it.
pub(super) type Shape<'a> = (&'a Schema, Value);

/// All of them.
pub(super) fn shapes(api: &Api) -> Vec<Shape<'_>> {
    let maker = Maker { api };
    let mut found = Vec::new();
    for schema in api.schemas.values().filter(|schema| !api.is_form(&schema.name)) {
        match &schema.kind {
            Kind::Object(object) => found.push((schema, maker.object(schema, object, |_| true, 0))),
            Kind::Tagged { tag, variants } => {
                found.extend(variants.iter().map(|(word, branch)| (schema, maker.branch(tag, word, branch, 0))));
            }
            Kind::ByType(branches) => found.extend(branches.iter().map(|branch| (schema, maker.value(&branch.ty, 0)))),
            Kind::Words(words) => found.extend(words.iter().map(|word| (schema, json!(word.word)))),
            Kind::AnyOf(_) | Kind::External(_) | Kind::Alias(_) => {}
        }
    }
    found
}

struct Maker<'a> {
    api: &'a Api,
}

impl Maker<'_> {
    fn object(&self, schema: &Schema, object: &Object, wanted: impl Fn(&Property) -> bool, depth: usize) -> Value {
        let hidden = switches(self.api, &schema.name);
        let mut members = Map::new();
        for property in object.properties.iter().filter(|property| wanted(property) && !hidden.contains(&property.name.as_str()))
        {
            let value = property.constant.as_ref().map_or_else(|| self.value(&property.ty, depth + 1), |word| json!(word));
            members.insert(property.name.clone(), value);
        }
        Value::Object(members)
    }

    fn branch(&self, tag: &str, word: &str, branch: &str, depth: usize) -> Value {
        let mut value = self.value(&Type::Named(branch.to_owned()), depth);
        if let Value::Object(members) = &mut value {
            members.insert(tag.to_owned(), json!(word));
        }
        value
    }

    /// Of objects only what they can't do without.
    fn value(&self, ty: &Type, depth: usize) -> Value {
        match ty {
            Type::File | Type::String => json!("some text"),
            Type::Integer => json!(7),
            Type::Number => json!(0.5),
            Type::Boolean => json!(true),
            Type::Any => json!([{"any": "thing"}]),
            Type::Free => json!({"any": {"thing": 1}}),
            Type::Map(inner) => json!({"key": self.value(inner, depth + 1)}),
            Type::List(_) if depth > DEEPEST => json!([]),
            Type::List(inner) => json!([self.value(inner, depth + 1)]),
            Type::Named(name) => self.api.schemas.get(name).map_or(Value::Null, |schema| self.named(schema, depth)),
        }
    }

    fn named(&self, schema: &Schema, depth: usize) -> Value {
        match &schema.kind {
            Kind::Object(object) => self.object(schema, object, |property| property.required, depth),
            Kind::Words(words) => json!(words.first().map_or("a-word", |word| word.word.as_str())),
            Kind::Tagged { tag, variants } => {
                variants.first().map_or(Value::Null, |(word, branch)| self.branch(tag, word, branch, depth))
            }
            Kind::ByType(branches) => branches.first().map_or(Value::Null, |branch| self.value(&branch.ty, depth)),
            Kind::External(name) if name == "Audio" => json!("AAAA"),
            Kind::External(_) => json!(8),
            Kind::Alias(ty) => self.value(ty, depth),
            Kind::AnyOf(_) => Value::Null,
        }
    }
}
