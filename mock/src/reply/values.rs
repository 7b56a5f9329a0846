//! Changes of the values in an answer.

use serde_json::{Map, Value};

use crate::pointer::Pointer;
use crate::schema::Schemas;

/// The member that changes add to objects.
const ADDED: &str = "x_mock";

/// A word that no document has.
const UNKNOWN_WORD: &str = "mock_unknown_word";

/// Where a change is done.
#[derive(Debug, Clone)]
pub(super) enum Place {
    At(Pointer),
    /// Every member of this name.
    Named(String),
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Set(Place, Value),
    Drop(Place),
    Nulls,
    NullObjects,
    NumbersAsStrings,
    UnknownWords,
    Add(Value),
    Huge(usize),
}

impl Change {
    pub(super) fn apply(&self, value: &mut Value, schemas: &Schemas, schema: &Value, first: bool) {
        match self {
            Self::Set(Place::At(pointer), new) => _ = pointer.force(value, new.clone()),
            Self::Set(Place::Named(name), new) => each_object(value, &mut |members| {
                if let Some(old) = members.get_mut(name) {
                    *old = new.clone();
                }
            }),
            Self::Drop(Place::At(pointer)) => pointer.remove_if(value, &|_| true),
            Self::Drop(Place::Named(name)) => each_object(value, &mut |members| _ = members.shift_remove(name)),
            Self::Nulls => null(value, schemas, &schemas.at_root(schema), &|_| true),
            Self::NullObjects => null(value, schemas, &schemas.at_root(schema), &|value| value.is_object() || value.is_array()),
            Self::NumbersAsStrings => numbers_as_strings(value),
            Self::UnknownWords => unknown_words(value, schemas, &schemas.at_root(schema)),
            Self::Add(new) if new.is_object() => {
                each_object(value, &mut |members| _ = members.insert(ADDED.to_owned(), new.clone()))
            }
            Self::Add(new) => add(value, new.clone()),
            Self::Huge(bytes) if first => add(value, Value::from("A".repeat(*bytes))),
            Self::Huge(_) => {}
        }
    }
}

fn add(value: &mut Value, new: Value) {
    if let Value::Object(members) = value {
        members.insert(ADDED.to_owned(), new);
    }
}

fn each_object(value: &mut Value, act: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, act)),
        Value::Object(members) => {
            // First within, so that what is added is left alone.
            members.values_mut().for_each(|member| each_object(member, act));
            act(members);
        }
        _ => {}
    }
}

fn numbers_as_strings(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::from(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(numbers_as_strings),
        Value::Object(members) => members.values_mut().for_each(numbers_as_strings),
        _ => {}
    }
}

/// The schemas of a member, or of the elements of a list.
fn below<'s>(schemas: &'s Schemas, facets: &[&'s Value], pointer: &Pointer) -> Vec<&'s Value> {
    facets.iter().flat_map(|facet| schemas.at(facet, pointer)).collect()
}

fn null(value: &mut Value, schemas: &Schemas, facets: &[&Value], which: &dyn Fn(&Value) -> bool) {
    let required = |name: &str| {
        let lists = facets.iter().filter_map(|facet| facet.get("required")?.as_array()).flatten();
        lists.into_iter().any(|known| known == name)
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if !required(name) && which(member) {
                    *member = Value::Null;
                } else {
                    null(member, schemas, &below(schemas, facets, &Pointer::member(name)), which);
                }
            }
        }
        Value::Array(items) => {
            let facets = below(schemas, facets, &Pointer::each());
            items.iter_mut().for_each(|item| null(item, schemas, &facets, which));
        }
        _ => {}
    }
}

fn unknown_words(value: &mut Value, schemas: &Schemas, facets: &[&Value]) {
    match value {
        // One word alone is a tag: it says what the whole object is.
        Value::String(_) => {
            let lists = facets.iter().flat_map(|facet| ["x-extensible-enum", "enum"].map(|list| facet.get(list)));
            let mut lists = lists.filter_map(|list| list?.as_array());
            if lists.any(|words| words.len() > 1) {
                *value = Value::from(UNKNOWN_WORD);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                unknown_words(member, schemas, &below(schemas, facets, &Pointer::member(name)));
            }
        }
        Value::Array(items) => {
            let facets = below(schemas, facets, &Pointer::each());
            items.iter_mut().for_each(|item| unknown_words(item, schemas, &facets));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn changed(change: &Change) -> Value {
        let components = json!({"Answer": {"type": "object", "required": ["id", "list"], "properties": {
            "id": {"type": "string"}, "usage": {"type": "object"}, "count": {"type": "integer"},
            "kind": {"type": "string", "enum": ["answer"]}, "state": {"type": "string", "x-extensible-enum": ["a", "b"]},
            "list": {"type": "array", "items": {"type": "object", "properties": {"state": {"enum": ["a", "b"]}}}}}}});
        let schemas = Schemas::new(components.as_object().unwrap()).map_err(|error| error.to_string()).unwrap();
        let schema = json!({"$ref": "#/components/schemas/Answer"});
        let mut value =
            json!({"id": "x", "usage": {"n": 1}, "count": 2, "kind": "answer", "state": "a", "list": [{"state": "b"}]});
        change.apply(&mut value, &schemas, &schema, true);
        value
    }

    #[test]
    fn what_is_required_is_never_null() {
        let expected = json!({"id": "x", "usage": null, "count": null, "kind": null, "state": null, "list": [{"state": null}]});
        assert_eq!(changed(&Change::Nulls), expected);
        let value = changed(&Change::NullObjects);
        assert_eq!((&value["usage"], &value["count"], &value["list"]), (&json!(null), &json!(2), &json!([{"state": "b"}])));
    }

    #[test]
    fn listed_words_become_unknown_and_tags_stay() {
        let value = changed(&Change::UnknownWords);
        assert_eq!((&value["kind"], &value["id"]), (&json!("answer"), &json!("x")));
        assert_eq!((&value["state"], &value["list"][0]["state"]), (&json!(UNKNOWN_WORD), &json!(UNKNOWN_WORD)));
    }

    #[test]
    fn places_are_pointers_or_names() {
        let named = || Place::Named("state".to_owned());
        let value = changed(&Change::Set(named(), json!(0)));
        assert_eq!((&value["state"], &value["list"][0]["state"]), (&json!(0), &json!(0)));
        assert_eq!(changed(&Change::Drop(named()))["list"], json!([{}]));
        let place = || Place::At(Pointer::expect("/list/*/new"));
        assert_eq!(changed(&Change::Set(place(), json!(0)))["list"], json!([{"state": "b", "new": 0}]));
        let value = changed(&Change::Add(json!({"a": 1})));
        assert_eq!((&value["x_mock"], &value["list"][0]["x_mock"]), (&json!({"a": 1}), &json!({"a": 1})));
        assert_eq!(changed(&Change::Huge(9))["x_mock"].as_str().unwrap().len(), 9);
        assert_eq!(changed(&Change::NumbersAsStrings)["usage"], json!({"n": "1"}));
    }
}
