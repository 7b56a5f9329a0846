//! Several schemas that hold at once, as one: what `flatten` and inner tags lead to, and most protocols can't read.

use serde_json::{Map, Value};

/// Keywords that say something to people and change nothing.
pub(super) const REMARKS: [&str; 7] = ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];

/// More alternatives than this are no schema that a model could follow.
const MOST_ALTERNATIVES: usize = 256;

/// Circles of `allOf` alone describe nothing.
const DEEPEST: usize = 64;

/// Finds the schema that a `$ref` means.
pub(super) trait Lookup {
    fn target(&self, reference: &str) -> Result<&Value, String>;
}

/// A schema without `allOf` and `oneOf`, in which `$ref` and `anyOf` have nothing but remarks beside them.
pub(super) fn plain(schema: &Value, lookup: &dyn Lookup) -> Result<Map<String, Value>, String> {
    plain_at(schema, lookup, 0)
}

fn plain_at(schema: &Value, lookup: &dyn Lookup, depth: usize) -> Result<Map<String, Value>, String> {
    if depth > DEEPEST {
        return Err("contains itself in a way that leaves nothing to describe".to_owned());
    }
    let mut whole = match schema {
        Value::Object(members) => members.clone(),
        Value::Bool(true) => Map::new(),
        _ => return Err("can have no value at all".to_owned()),
    };
    let mut parts = Vec::new();
    if let Some(Value::Array(all)) = whole.remove("allOf") {
        parts.extend(all);
    }
    if let Some(one) = whole.remove("oneOf") {
        // With a second choice beside it, both hold.
        match whole.contains_key("anyOf") {
            true => parts.push(Map::from_iter([("anyOf".to_owned(), one)]).into()),
            false => drop(whole.insert("anyOf".to_owned(), one)),
        }
    }
    let says_more = whole.keys().any(|keyword| keyword != "$ref" && !REMARKS.contains(&keyword.as_str()));
    if (says_more || !parts.is_empty())
        && let Some(Value::String(reference)) = whole.remove("$ref")
    {
        parts.push(lookup.target(&reference)?.clone());
    }
    let mut whole = spread(whole, lookup, depth)?;
    for part in &parts {
        let part = plain_at(part, lookup, depth + 1)?;
        // What a part says of itself is no description of the whole.
        let part = part.into_iter().filter(|(keyword, _)| !REMARKS.contains(&keyword.as_str())).collect();
        whole = both(whole, part, lookup, depth)?;
    }
    Ok(whole)
}

/// Takes what stands beside `anyOf` into each of its alternatives.
fn spread(mut schema: Map<String, Value>, lookup: &dyn Lookup, depth: usize) -> Result<Map<String, Value>, String> {
    let says_more = schema.keys().any(|keyword| keyword != "anyOf" && !REMARKS.contains(&keyword.as_str()));
    if !says_more {
        return Ok(schema);
    }
    let Some(Value::Array(alternatives)) = schema.remove("anyOf") else { return Ok(schema) };
    let (remarks, rest): (Map<_, _>, Map<_, _>) =
        schema.into_iter().partition(|(keyword, _)| REMARKS.contains(&keyword.as_str()));
    let mut spread = remarks;
    let alternatives = alternatives.iter().map(|alternative| {
        let alternative = plain_at(alternative, lookup, depth + 1)?;
        both(rest.clone(), alternative, lookup, depth).map(Value::Object)
    });
    spread.insert("anyOf".to_owned(), alternatives.collect::<Result<Vec<_>, String>>()?.into());
    Ok(spread)
}

/// The schema of values that fit two plain schemas.
fn both(
    one: Map<String, Value>,
    other: Map<String, Value>,
    lookup: &dyn Lookup,
    depth: usize,
) -> Result<Map<String, Value>, String> {
    if depth > DEEPEST {
        return Err("contains itself in a way that leaves nothing to describe".to_owned());
    }
    for (choice, rest) in [(&one, &other), (&other, &one)] {
        let Some(Value::Array(alternatives)) = choice.get("anyOf") else { continue };
        let mut joined = choice.clone();
        let mut all = Vec::new();
        for alternative in alternatives {
            let alternative = plain_at(alternative, lookup, depth + 1)?;
            let mut joined = both(alternative, rest.clone(), lookup, depth + 1)?;
            // A choice inside a choice is one choice.
            match joined.keys().eq(["anyOf"]).then(|| joined.remove("anyOf")).flatten() {
                Some(Value::Array(nested)) => all.extend(nested),
                _ => all.push(joined.into()),
            }
            if all.len() > MOST_ALTERNATIVES {
                return Err(format!("has more than {MOST_ALTERNATIVES} alternatives"));
            }
        }
        joined.insert("anyOf".to_owned(), all.into());
        return Ok(joined);
    }
    for (reference, rest) in [(&one, &other), (&other, &one)] {
        if let Some(Value::String(name)) = reference.get("$ref") {
            let target = plain_at(lookup.target(name)?, lookup, depth + 1)?;
            return both(target, rest.clone(), lookup, depth + 1);
        }
    }
    let mut joined = one;
    for (keyword, value) in other {
        let Some(known) = joined.get(&keyword).filter(|known| **known != value) else {
            joined.insert(keyword, value);
            continue;
        };
        let value = match keyword.as_str() {
            "properties" => members(known, &value, lookup, depth)?,
            "required" => union(known, &value),
            "type" => common_types(known, &value)?,
            // Each part sees its own members alone.
            "additionalProperties" | "unevaluatedProperties" => match (known, &value) {
                (Value::Bool(false), open) | (open, Value::Bool(false)) => open.clone(),
                (Value::Bool(true), schema) | (schema, Value::Bool(true)) => schema.clone(),
                _ => return Err("has two maps for its other members".to_owned()),
            },
            remark if REMARKS.contains(&remark) => known.clone(),
            other => return Err(format!("is under two different rules for `{other}`")),
        };
        joined.insert(keyword, value);
    }
    Ok(joined)
}

fn members(one: &Value, other: &Value, lookup: &dyn Lookup, depth: usize) -> Result<Value, String> {
    let mut all = one.as_object().cloned().unwrap_or_default();
    for (name, schema) in other.as_object().into_iter().flatten() {
        let schema = match all.get(name) {
            Some(known) if known != schema => {
                let (known, schema) = (plain_at(known, lookup, depth + 1)?, plain_at(schema, lookup, depth + 1)?);
                both(known, schema, lookup, depth + 1)
                    .map_err(|why| format!("has two members `{name}`, and the member {why}"))?
                    .into()
            }
            _ => schema.clone(),
        };
        all.insert(name.clone(), schema);
    }
    Ok(all.into())
}

fn union(one: &Value, other: &Value) -> Value {
    let mut all = one.as_array().cloned().unwrap_or_default();
    for name in other.as_array().into_iter().flatten() {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all.into()
}

fn common_types(one: &Value, other: &Value) -> Result<Value, String> {
    let list = |value: &Value| match value {
        Value::Array(types) => types.clone(),
        single => vec![single.clone()],
    };
    let other = list(other);
    let mut common = list(one);
    common.retain(|word| other.contains(word));
    match common.len() {
        0 => Err("would have to be of two types at once".to_owned()),
        1 => Ok(common.remove(0)),
        _ => Ok(common.into()),
    }
}
