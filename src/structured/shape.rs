//! A type's JSON Schema in the form that a protocol takes, or why there is none.

use serde_json::{Map, Value, json};

use super::definitions::{Definitions, definition};
use super::join::{Lookup, REMARKS, plain};
use super::remarks::{text, types, words};
use super::rules::{Dialect, References, Rules};
use super::{Purpose, Shaped};

/// Where references are written out, a schema that grows beyond this many objects is none that a model could follow.
const MOST_OBJECTS: usize = 5_000;

type Members = Map<String, Value>;

pub(super) fn shaped(name: &str, schema: &Value, rules: &'static Rules, purpose: Purpose) -> Result<Shaped, String> {
    let definitions = Definitions::of(schema);
    let mut shaper =
        Shaper { rules, definitions, place: name.to_owned(), open: vec!["#".to_owned()], defined: Members::new(), objects: 0 };
    match shaper.root(schema, purpose) {
        Ok((description, mut schema)) => {
            if !shaper.defined.is_empty() {
                schema.insert("$defs".to_owned(), shaper.defined.into());
            }
            Ok(Shaped { name: name_of(name), description, schema })
        }
        Err(why) => Err(format!("no schema for {} can be made from `{name}`: `{}` {why}", rules.name, shaper.place)),
    }
}

/// A type's name as protocols take it: letters, digits, `_` and `-`, at most 64.
pub(super) fn name_of(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let name: String = name.chars().map(|letter| if fits(letter) { letter } else { '_' }).take(64).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') { name } else { format!("_{name:.63}") }
}

struct Shaper<'s> {
    rules: &'static Rules,
    definitions: Definitions<'s>,
    /// Where in the type, as `Recipe.steps[].minutes`. After a failure the place of it.
    place: String,
    /// The references that are being written out.
    open: Vec<String>,
    /// `$defs` of the result.
    defined: Members,
    objects: usize,
}

impl Shaper<'_> {
    fn root(&mut self, schema: &Value, purpose: Purpose) -> Result<(Option<String>, Members), String> {
        let mut schema = schema.clone();
        if let Some(members) = schema.as_object_mut() {
            for keyword in ["$schema", "$defs", "title"] {
                members.remove(keyword);
            }
        }
        let mut members = plain(&schema, &self.definitions)?;
        let mut description = None;
        // A type that only wraps another one is that one.
        while let Some(Value::String(reference)) = members.get("$ref") {
            description = description.or_else(|| text(&members, "description"));
            self.open.push(reference.clone());
            members = plain(self.definitions.target(reference)?, &self.definitions)?;
        }
        let has_members = members.get("properties").and_then(Value::as_object).is_some_and(|members| !members.is_empty());
        let is_object = members.get("type").is_some_and(|word| word == "object");
        if !is_object && (purpose == Purpose::Tool || self.rules.answers_are_objects) {
            let what = match (members.get("anyOf"), members.get("type").and_then(Value::as_str)) {
                (Some(_), _) => "is an enum",
                (None, Some("array")) => "is a list",
                (None, Some("null")) => "is a unit struct",
                _ => "is a single value",
            };
            return Err(format!("{what}, where an object has to be; put it into a struct with one field"));
        }
        // A tool that takes nothing.
        let takes_nothing = is_object && !has_members && purpose == Purpose::Tool && self.rules.dialect == Dialect::Google;
        if takes_nothing && !self.has_free_members(&members) {
            return Ok((description.or_else(|| text(&members, "description")), Members::new()));
        }
        let mut shaped = self.of_plain(members)?;
        let own = shaped.shift_remove("description").and_then(|text| text.as_str().map(str::to_owned));
        Ok((description.or(own), shaped))
    }

    fn schema(&mut self, schema: &Value) -> Result<Members, String> {
        self.objects += 1;
        if self.objects > MOST_OBJECTS {
            return Err(format!("is too large: more than {MOST_OBJECTS} schemas when all references are written out"));
        }
        self.of_plain(plain(schema, &self.definitions)?)
    }

    /// The same one step further inside; the place is kept when it fails.
    fn inside(&mut self, step: &str, schema: &Value) -> Result<Members, String> {
        let outside = self.place.len();
        self.place.push_str(step);
        let shaped = self.schema(schema)?;
        self.place.truncate(outside);
        Ok(shaped)
    }

    fn of_plain(&mut self, schema: Members) -> Result<Members, String> {
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let reference = reference.clone();
            return self.reference(&reference, &schema);
        }
        match schema.get("anyOf") {
            Some(Value::Array(alternatives)) => self.choice(alternatives, &schema),
            _ => self.value(&schema),
        }
    }

    fn reference(&mut self, reference: &str, schema: &Members) -> Result<Members, String> {
        let remark = self.rules.remark(schema);
        let name = definition(reference);
        let is_circular = reference == "#" || self.definitions.is_circular(&name);
        let stays = match self.rules.references {
            References::Free => true,
            References::Alone => remark.is_none() || is_circular,
            References::None => false,
        };
        if !stays {
            if self.open.iter().any(|open| open == reference) {
                let name = if reference == "#" { "the whole type" } else { &name };
                return Err(format!(
                    "contains {name} again, and this form of schema knows no recursion; \
                     nest a fixed number of types, or take a String that holds JSON"
                ));
            }
            self.open.push(reference.to_owned());
            let mut shaped = self.schema(&self.definitions.target(reference)?.clone())?;
            self.open.pop();
            self.describe(&mut shaped, remark.as_deref());
            return Ok(shaped);
        }
        if reference != "#" && !self.defined.contains_key(&name) {
            self.defined.insert(name.clone(), Value::Null);
            let shaped = self.schema(&self.definitions.target(reference)?.clone())?;
            self.defined.insert(name, shaped.into());
        }
        let mut shaped = Members::from_iter([("$ref".to_owned(), reference.into())]);
        match remark {
            Some(remark) if self.rules.references == References::Free => self.describe(&mut shaped, Some(&remark)),
            Some(remark) => shaped = as_members(json!({ "description": remark, "anyOf": [shaped] })),
            None => {}
        }
        self.keep_remarks(schema, &mut shaped);
        Ok(shaped)
    }

    /// What else is said beside a reference or a choice, where everything may be said.
    fn keep_remarks(&self, schema: &Members, shaped: &mut Members) {
        for keyword in ["title", "default", "examples"] {
            if let (true, Some(value)) = (self.rules.is_open(), schema.get(keyword)) {
                shaped.insert(keyword.to_owned(), value.clone());
            }
        }
    }

    fn choice(&mut self, alternatives: &[Value], schema: &Members) -> Result<Members, String> {
        let is_google = self.rules.dialect == Dialect::Google;
        let (mut shaped, mut nullable) = (Vec::<Members>::new(), false);
        for alternative in alternatives {
            if is_google && alternative.get("type").is_some_and(|word| word == "null") {
                nullable = true;
                continue;
            }
            let mut alternative = self.schema(alternative)?;
            let nested = match alternative.remove("anyOf") {
                Some(Value::Array(nested)) if alternative.is_empty() => nested.into_iter().map(as_members).collect(),
                Some(nested) => {
                    alternative.insert("anyOf".to_owned(), nested);
                    vec![alternative]
                }
                None => vec![alternative],
            };
            for alternative in nested {
                if !shaped.contains(&alternative) {
                    shaped.push(alternative);
                }
            }
        }
        if nullable {
            shaped.iter_mut().for_each(|alternative| drop(alternative.insert("nullable".to_owned(), true.into())));
        }
        let remark = self.rules.remark(schema);
        let mut whole = match shaped.len() {
            0 if nullable => as_members(json!({ "type": "NULL" })),
            0 => return Err("can have no value at all".to_owned()),
            1 => shaped.remove(0),
            _ => Members::from_iter([("anyOf".to_owned(), shaped.into())]),
        };
        if whole.contains_key("$ref") && remark.is_some() && self.rules.references == References::Alone {
            whole = Members::from_iter([("anyOf".to_owned(), vec![whole].into())]);
        }
        self.describe(&mut whole, remark.as_deref());
        self.keep_remarks(schema, &mut whole);
        Ok(whole)
    }

    /// Puts a description in front of the one that is there.
    fn describe(&self, schema: &mut Members, remark: Option<&str>) {
        let Some(remark) = remark else { return };
        if self.rules.dialect == Dialect::Google
            && let Some(Value::Array(alternatives)) = schema.get_mut("anyOf")
        {
            for alternative in alternatives.iter_mut().filter_map(Value::as_object_mut) {
                self.describe(alternative, Some(remark));
            }
            return;
        }
        let whole = match text(schema, "description") {
            Some(own) if own != remark => format!("{remark}\n{own}"),
            _ => remark.to_owned(),
        };
        schema.shift_insert(0, "description".to_owned(), whole.into());
    }

    fn value(&mut self, schema: &Members) -> Result<Members, String> {
        let mut types = types(schema);
        if types.is_empty() && !self.rules.is_open() {
            return Err("may be anything, which this form of schema can't say; take a String that holds JSON".to_owned());
        }
        let mut shaped = Members::new();
        if self.rules.dialect == Dialect::Google {
            let nullable = types.len() > 1 && types.contains(&"null");
            types.retain(|word| !nullable || *word != "null");
            if types.len() > 1 {
                let one = |word: &&str| {
                    let mut one = schema.clone();
                    one.retain(|keyword, _| !REMARKS.contains(&keyword.as_str()));
                    one.insert("type".to_owned(), (*word).into());
                    Value::Object(one)
                };
                let null = nullable.then(|| json!({ "type": "null" }));
                let alternatives: Vec<Value> = types.iter().map(one).chain(null).collect();
                let remarks = schema.iter().filter(|(keyword, _)| REMARKS.contains(&keyword.as_str()));
                let remarks = remarks.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
                return self.choice(&alternatives, &remarks);
            }
            let word = types.first().copied().unwrap_or_default();
            shaped.insert("type".to_owned(), word.to_uppercase().into());
            if nullable {
                shaped.insert("nullable".to_owned(), true.into());
            }
            if let Some(words) = words(schema) {
                shaped.insert("enum".to_owned(), words.into());
            }
        } else {
            for keyword in ["type", "enum", "const"] {
                if let Some(value) = schema.get(keyword) {
                    shaped.insert(keyword.to_owned(), value.clone());
                }
            }
            if let ([word], None) = (types.as_slice(), schema.get("type")) {
                shaped.insert("type".to_owned(), (*word).into());
            }
        }
        if types.contains(&"object") {
            self.members(schema, &mut shaped)?;
        }
        if types.contains(&"array") {
            self.items(schema, &mut shaped)?;
        }
        self.rules.copy(schema, &mut shaped);
        let remark = self.rules.remark(schema);
        self.describe(&mut shaped, remark.as_deref());
        Ok(shaped)
    }

    fn has_free_members(&self, schema: &Members) -> bool {
        let is_free = |value: &Value| *value != Value::Bool(false);
        schema.get("additionalProperties").is_some_and(is_free)
            || schema.get("unevaluatedProperties").is_some_and(is_free)
            || schema.get("patternProperties").and_then(Value::as_object).is_some_and(|patterns| !patterns.is_empty())
    }

    fn members(&mut self, schema: &Members, shaped: &mut Members) -> Result<(), String> {
        if self.rules.closed && self.has_free_members(schema) {
            return Err("is a map with free keys, which this form of schema can't say; \
                        take a list of structs with a key and a value, or a String that holds JSON"
                .to_owned());
        }
        let mut properties = Members::new();
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            properties.insert(name.clone(), self.inside(&format!(".{name}"), member)?.into());
        }
        let is_google = self.rules.dialect == Dialect::Google;
        if is_google && properties.is_empty() {
            return Err("is an object without members, which this form of schema can't say; give it a field".to_owned());
        }
        let names: Vec<String> = properties.keys().cloned().collect();
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let required: Vec<&String> = match self.rules.all_required {
            true => names.iter().collect(),
            false => names.iter().filter(|name| required.iter().any(|required| required == *name)).collect(),
        };
        if !required.is_empty() || self.rules.all_required {
            shaped.insert("required".to_owned(), json!(required));
        }
        shaped.insert("properties".to_owned(), properties.into());
        if is_google {
            shaped.insert("propertyOrdering".to_owned(), names.into());
        } else if self.rules.closed {
            shaped.insert("additionalProperties".to_owned(), false.into());
        } else {
            self.free_members(schema, shaped)?;
        }
        Ok(())
    }

    fn free_members(&mut self, schema: &Members, shaped: &mut Members) -> Result<(), String> {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            let value = match schema.get(keyword) {
                None => continue,
                Some(Value::Bool(open)) => (*open).into(),
                Some(members) => self.inside(".*", members)?.into(),
            };
            shaped.insert(keyword.to_owned(), value);
        }
        if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
            let mut shaped_patterns = Members::new();
            for (pattern, members) in patterns {
                shaped_patterns.insert(pattern.clone(), self.inside(".*", members)?.into());
            }
            shaped.insert("patternProperties".to_owned(), shaped_patterns.into());
        }
        Ok(())
    }

    fn items(&mut self, schema: &Members, shaped: &mut Members) -> Result<(), String> {
        let Some(Value::Array(first)) = schema.get("prefixItems") else {
            let items = match schema.get("items") {
                Some(items) => self.inside("[]", items)?,
                None => self.inside("[]", &Value::Bool(true))?,
            };
            shaped.insert("items".to_owned(), items.into());
            return Ok(());
        };
        if !self.rules.is_open() {
            // All places of a tuple at once; which is which stands in the description.
            let any = json!({ "anyOf": first });
            shaped.insert("items".to_owned(), self.inside("[]", &any)?.into());
            return Ok(());
        }
        let mut places = Vec::new();
        for (at, item) in first.iter().enumerate() {
            places.push(self.inside(&format!("[{at}]"), item)?);
        }
        shaped.insert("prefixItems".to_owned(), places.into());
        if let Some(items) = schema.get("items") {
            shaped.insert("items".to_owned(), self.inside("[]", items)?.into());
        }
        Ok(())
    }
}

fn as_members(value: Value) -> Members {
    match value {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}
