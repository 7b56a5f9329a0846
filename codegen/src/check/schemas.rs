//! Named schemas: which form each has, and what each form needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Checker, schema_name};
use crate::load::escape;
use crate::model::{Branch, Kind, Object, Property, Schema, Type, Word};
use crate::names;

/// The hand-written types that `x-rust-type` may name.
pub const EXTERNAL: [&str; 4] = ["Timestamp", "Progress", "Seconds", "Audio"];

impl Checker<'_> {
    pub(super) fn schemas(&self) -> BTreeMap<String, Schema> {
        let all = self.document.at("/components/schemas").and_then(Value::as_object);
        let mut found: BTreeMap<String, Schema> = BTreeMap::new();
        for (name, value) in all.into_iter().flatten() {
            let at = format!("/components/schemas/{}", escape(name));
            if !names::is_type_name(name) {
                let better = Some(names::type_name(name)).filter(|better| names::is_type_name(better));
                let mend = better.map_or_else(|| "choose another".to_owned(), |better| format!("call it `{better}`"));
                self.problem(&at, format!("a schema can't be named `{name}`"), mend);
            }
            let schema = Schema {
                name: name.clone(),
                section: self.document.section_of_schema(name),
                description: self.text(&at, Some(value), "description", "say what it is"),
                deprecated: self.flag(&at, value, "deprecated"),
                kind: self.kind(&at, name, value),
            };
            found.insert(name.clone(), schema);
        }
        mark_boxes(&mut found);
        found
    }

    fn kind(&self, at: &str, name: &str, value: &Value) -> Kind {
        if let Some(external) = value.get("x-rust-type").and_then(Value::as_str) {
            if !EXTERNAL.contains(&external) {
                let mend = format!("use one of {}, or write the type in the runtime first", EXTERNAL.join(", "));
                self.problem(&format!("{at}/x-rust-type"), format!("the runtime has no type `{external}`"), mend);
            }
            return Kind::External(external.to_owned());
        }
        if is_null(value) {
            return Kind::Alias(Type::Any);
        }
        if let Some(words) = self.words(at, value) {
            return Kind::Words(words);
        }
        if let Some(branches) = value.get("anyOf").and_then(Value::as_array) {
            return Kind::AnyOf(self.named_branches(&format!("{at}/anyOf"), branches));
        }
        if let Some(branches) = value.get("oneOf").and_then(Value::as_array) {
            return match value.get("discriminator") {
                Some(discriminator) => self.tagged(at, branches, discriminator),
                None => Kind::ByType(self.by_type(&format!("{at}/oneOf"), name, branches)),
            };
        }
        if value.get("properties").is_some() {
            return Kind::Object(self.object(at, value));
        }
        Kind::Alias(self.ty(at, &without_description(value)))
    }

    fn words(&self, at: &str, value: &Value) -> Option<Vec<Word>> {
        let key = ["enum", "x-extensible-enum"].into_iter().find(|key| value.get(*key).is_some())?;
        let words = self.texts(at, value, key).unwrap_or_default();
        let names_given = self.texts(at, value, "x-enum-varnames");
        if names_given.as_ref().is_some_and(|names| names.len() != words.len()) {
            self.problem(
                &format!("{at}/x-enum-varnames"),
                "there must be one name for each word",
                "list them in the order of the words",
            );
        }
        // `Other` is the variant for words that the document does not know.
        let mut seen = BTreeSet::from(["Other".to_owned()]);
        for name in names_given.iter().flatten().filter(|name| !names::is_variant_name(name)) {
            let what = format!("a variant can't be named `{name}`");
            self.problem(&format!("{at}/x-enum-varnames"), what, "write it in camel case, as `InProgress`");
        }
        let found: Vec<Word> = words
            .into_iter()
            .enumerate()
            .map(|(index, word)| Word {
                variant: names_given
                    .as_ref()
                    .and_then(|names| names.get(index).cloned())
                    .unwrap_or_else(|| names::variant(&word)),
                word,
            })
            .collect();
        for word in &found {
            if !seen.insert(word.variant.clone()) {
                let what = format!("two words become the variant `{}`", word.variant);
                self.problem(&format!("{at}/{key}"), what, "name the variants with `x-enum-varnames`");
            }
        }
        Some(found)
    }

    fn named_branches(&self, at: &str, branches: &[Value]) -> Vec<String> {
        let mut found = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            match branch.get("$ref").and_then(Value::as_str).and_then(schema_name) {
                Some(name) => found.push(name.to_owned()),
                None => self.problem(
                    &format!("{at}/{index}"),
                    "the branch has no name",
                    "move it to `components/schemas` and refer to it with `$ref`",
                ),
            }
        }
        found
    }

    fn tagged(&self, at: &str, branches: &[Value], discriminator: &Value) -> Kind {
        let named = self.named_branches(&format!("{at}/oneOf"), branches);
        let pointer = format!("{at}/discriminator");
        let tag = self.text(&pointer, Some(discriminator), "propertyName", "name the property that tells the branches apart");
        let mapping = discriminator.get("mapping").and_then(Value::as_object);
        let variants: Vec<(String, String)> = mapping
            .into_iter()
            .flatten()
            .filter_map(|(word, target)| Some((word.clone(), schema_name(target.as_str()?)?.to_owned())))
            .collect();
        for name in &named {
            if variants.iter().all(|(_, schema)| schema != name) {
                let what = format!("branch `{name}` has no word in the mapping");
                self.problem(&pointer, what, format!("add `<word>: '#/components/schemas/{name}'` to `discriminator/mapping`"));
            }
        }
        for (word, schema) in variants.iter().filter(|(_, schema)| !named.contains(schema)) {
            let what = format!("the mapping's `{word}` names `{schema}`, which is no branch");
            self.problem(
                &format!("{pointer}/mapping/{}", escape(word)),
                what,
                "add it to `oneOf`, or remove it from the mapping",
            );
        }
        let mut seen = BTreeSet::new();
        for variant in
            variants.iter().map(|(word, _)| names::tagged_variant(word)).filter(|variant| !seen.insert(variant.clone()))
        {
            let what = format!("two words become the variant `{variant}`");
            self.problem(&format!("{pointer}/mapping"), what, "leave the less used one out: its objects are read as `Unknown`");
        }
        Kind::Tagged { tag, variants }
    }

    fn by_type(&self, at: &str, union: &str, branches: &[Value]) -> Vec<Branch> {
        let mut found: Vec<Branch> = Vec::new();
        for (index, value) in branches.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            let json = self.json_type(value).unwrap_or_default();
            if json.is_empty() {
                self.problem(&pointer, "the branch's JSON type is not known", "give it a `type`");
                continue;
            }
            let variant = match value.get("$ref").and_then(Value::as_str).and_then(schema_name) {
                Some(name) => name.strip_prefix(union).filter(|rest| names::is_variant_name(rest)).unwrap_or(name).to_owned(),
                None => self.text(&pointer, Some(value), "title", "give the branch a `title`: it becomes the variant's name"),
            };
            if !variant.is_empty() && !names::is_variant_name(&variant) {
                self.problem(
                    &pointer,
                    format!("a variant can't be named `{variant}`"),
                    "write `title` in camel case, as `PlainText`",
                );
            }
            if variant == "Other" || found.iter().any(|other| other.variant == variant) {
                self.problem(&pointer, format!("the union has a variant `{variant}` already"), "give the branch another `title`");
            }
            let same = |other: &&Branch| kind_of(&other.json) == kind_of(&json);
            if let Some(other) = found.iter().find(same) {
                let what = format!(
                    "branches `{}` and `{variant}` have the same JSON type, so no answer could be told apart",
                    other.variant
                );
                self.problem(&pointer, what, "add a `discriminator`, or join the two");
            }
            found.push(Branch { variant, json, ty: self.ty(&pointer, value) });
        }
        found
    }

    /// `string`, `object`, …, also through a reference.
    fn json_type(&self, value: &Value) -> Option<String> {
        let value = self.document.resolve(value);
        match value.get("type").and_then(Value::as_str) {
            Some(ty) => Some(ty.to_owned()),
            None if value.get("discriminator").is_some() || value.get("properties").is_some() => Some("object".to_owned()),
            None => None,
        }
    }

    fn object(&self, at: &str, value: &Value) -> Object {
        let required = self.texts(at, value, "required").unwrap_or_default();
        let members = value.get("properties").and_then(Value::as_object);
        let properties: Vec<Property> = members
            .into_iter()
            .flatten()
            .map(|(name, member)| self.property(&format!("{at}/properties/{}", escape(name)), name, member, &required))
            .collect();
        let new = self.texts(at, value, "x-new");
        for (key, names) in [("required", Some(&required)), ("x-new", new.as_ref())] {
            for name in names.into_iter().flatten().filter(|name| properties.iter().all(|property| property.name != **name)) {
                self.problem(
                    &format!("{at}/{key}"),
                    format!("there is no property `{name}`"),
                    "check the spelling against `properties`",
                );
            }
        }
        let mut seen = BTreeSet::new();
        for property in &properties {
            let pointer = format!("{at}/properties/{}", escape(&property.name));
            if names::field(&property.rust_name) != property.rust_name {
                let what = format!("a field can't be named `{}`", property.rust_name);
                self.problem(&pointer, what, "write a lower-case name of Rust as `x-rust-name`");
            } else if names::TAKEN_FIELDS.contains(&property.rust_name.as_str()) {
                let what =
                    format!("a field can't be named `{}`: every generated type has something of that name", property.rust_name);
                self.problem(&pointer, what, "add `x-rust-name: …`");
            } else if !seen.insert(property.rust_name.clone()) {
                self.problem(
                    &pointer,
                    format!("two properties become the field `{}`", property.rust_name),
                    "add `x-rust-name: …` to one of them",
                );
            }
        }
        let new = new
            .unwrap_or(required)
            .into_iter()
            .filter(|name| properties.iter().any(|property| property.name == *name && property.constant.is_none()));
        Object { new: new.collect(), task: self.task(at, value).map(Box::new), properties }
    }

    fn property(&self, at: &str, name: &str, value: &Value, required: &[String]) -> Property {
        let constant = match value.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(only)]) => Some(only.clone()),
            _ => None,
        };
        Property {
            name: name.to_owned(),
            rust_name: value.get("x-rust-name").and_then(Value::as_str).map_or_else(|| names::field(name), str::to_owned),
            ty: self.ty(at, value),
            required: required.iter().any(|each| each == name),
            constant,
            secret: self.flag(at, value, "x-secret"),
            deprecated: self.flag(at, value, "deprecated"),
            description: self.text(at, Some(value), "description", "say what it means, with units, limits and known values"),
            boxed: false,
        }
    }

    /// The type of anything that may stand inline.
    pub(super) fn ty(&self, at: &str, value: &Value) -> Type {
        if let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(schema_name) {
            return Type::Named(name.to_owned());
        }
        if let Some([only]) = value.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            return self.ty(&format!("{at}/allOf/0"), only);
        }
        // OpenAPI 3.0 has no other way to say that a reference may be null. Reading takes null as absent anyway.
        if let Some([inner, null]) = value.get("anyOf").and_then(Value::as_array).map(Vec::as_slice)
            && is_null(self.document.resolve(null))
        {
            return self.ty(&format!("{at}/anyOf/0"), inner);
        }
        let inline_enum = value.get("enum").and_then(Value::as_array).is_some_and(|words| words.len() > 1);
        let union = ["oneOf", "anyOf", "allOf"].into_iter().find(|key| value.get(*key).is_some());
        if inline_enum || value.get("x-extensible-enum").is_some() || union.is_some() || value.get("properties").is_some() {
            let what = "an enum, union or object that has no name stands inside another schema";
            self.problem(
                at,
                what,
                "move it to `components/schemas` and refer to it with `$ref` (inside `allOf` where it has a description)",
            );
            return Type::Any;
        }
        let word = value.get("type").map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
        match word.as_deref() {
            Some("string") if value.get("format").and_then(Value::as_str) == Some("binary") => Type::File,
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("array") => {
                let items = value.get("items").map(|items| self.ty(&format!("{at}/items"), items));
                if items.is_none() {
                    self.problem(at, "an array must say what it holds", "add `items`");
                }
                Type::List(Box::new(items.unwrap_or(Type::Any)))
            }
            Some("object") => match value.get("additionalProperties") {
                Some(inner) if inner.is_object() && inner.get("type").or(inner.get("$ref")).is_some() => {
                    Type::Map(Box::new(self.ty(&format!("{at}/additionalProperties"), inner)))
                }
                _ => Type::Free,
            },
            None => Type::Any,
            Some(other) => {
                let mend = "use string, integer, number, boolean, array or object";
                self.problem(&format!("{at}/type"), format!("`{other}` is no type of OpenAPI 3.0"), mend);
                Type::Any
            }
        }
    }
}

/// Whether nothing but null fits a schema.
fn is_null(value: &Value) -> bool {
    matches!(value.get("enum").and_then(Value::as_array).map(Vec::as_slice), Some([Value::Null]))
}

fn kind_of(json: &str) -> &str {
    if json == "integer" { "number" } else { json }
}

fn without_description(value: &Value) -> Value {
    let mut copy = value.clone();
    if let Some(members) = copy.as_object_mut() {
        members.remove("description");
    }
    copy
}

/// Boxes the properties through which a struct holds itself.
fn mark_boxes(schemas: &mut BTreeMap<String, Schema>) {
    let direct: BTreeMap<String, BTreeSet<String>> =
        schemas.iter().map(|(name, schema)| (name.clone(), direct_references(schema))).collect();
    for (name, schema) in schemas.iter_mut() {
        let Kind::Object(object) = &mut schema.kind else { continue };
        for property in &mut object.properties {
            if let Type::Named(target) = &property.ty {
                property.boxed = reaches(&direct, target, name);
            }
        }
    }
}

fn direct_references(schema: &Schema) -> BTreeSet<String> {
    match &schema.kind {
        Kind::Object(object) => object
            .properties
            .iter()
            .filter_map(|property| match &property.ty {
                Type::Named(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
        Kind::ByType(branches) => branches
            .iter()
            .filter_map(|branch| match &branch.ty {
                Type::Named(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
        _ => schema.references(),
    }
}

fn reaches(direct: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(direct.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
