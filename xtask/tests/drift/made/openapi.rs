//! Pages made from an OpenAPI file: one operation's own document in a fence of four backticks.

use serde_json::{Map, Value, json};

use super::super::super::model::Side;
use super::super::super::types::{Kind, Types};
use super::{Item, Spec};

pub fn page(spec: &Spec) -> String {
    let op = &spec.operations[0];
    let parameter = |item: &Item| {
        let place = match item.side {
            Side::Path => "path",
            Side::Query => "query",
            _ => "header",
        };
        json!({"name": item.name, "in": place, "required": item.required == Some(true), "schema": member(item)})
    };
    let mut operation = Map::new();
    operation.insert("summary".to_owned(), spec.title.clone().into());
    operation.insert("parameters".to_owned(), op.parameters.iter().map(parameter).collect());
    let media = if op.is_form { "multipart/form-data" } else { "application/json" };
    let examples = |values: &[&Value]| -> Value {
        values.iter().enumerate().map(|(at, value)| (format!("e{at}"), json!({"value": value}))).collect::<Map<_, _>>().into()
    };
    let mut schemas = Map::new();
    if !op.body.is_empty() {
        schemas.insert("Body".to_owned(), object(&op.body));
        let shown: Vec<&Value> = op.requests.iter().collect();
        let content = json!({media: {"schema": {"$ref": "#/components/schemas/Body"}, "examples": examples(&shown)}});
        operation.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    let mut responses = Map::new();
    let good: Vec<&Value> =
        op.answers.iter().filter(|(status, _)| *status < 400).map(|(_, value)| value).chain(&op.events).collect();
    let bad: Vec<&Value> = op.answers.iter().filter(|(status, _)| *status >= 400).map(|(_, value)| value).collect();
    schemas.insert("Answer".to_owned(), object(&op.answer));
    let answer = json!({"schema": {"$ref": "#/components/schemas/Answer"}, "examples": examples(&good)});
    responses.insert("200".to_owned(), json!({"description": "OK", "content": {"application/json": answer}}));
    if !bad.is_empty() {
        responses.insert(
            "400".to_owned(),
            json!({"description": "Bad", "content": {"application/json": {"examples": examples(&bad)}}}),
        );
    }
    operation.insert("responses".to_owned(), responses.into());
    let root = json!({
        "openapi": "3.1.0",
        "info": {"title": "Made API", "version": "1.0.0"},
        "servers": [{"url": "https://octopusx.ai"}],
        "paths": {&op.path: {op.method.to_lowercase(): operation}},
        "components": {"schemas": schemas},
    });
    let mut text =
        "> ## Documentation Index\n> Fetch the complete documentation index at: https://doc.octopusx.ai/llms.txt\n\n".to_owned();
    text.push_str(&format!("# {}\n\n> {}\n\n", spec.title, spec.description));
    text.push_str("## OpenAPI\n\n");
    text.push_str(&format!("````yaml /openapi.json {} {}\n", op.method.to_lowercase(), op.path));
    yaml(&root, 0, &mut text);
    text.push_str("````\n\n");
    if !spec.models.is_empty() {
        text.push_str("## Supported Models\n\n");
        spec.models.iter().for_each(|model| text.push_str(&format!("* `{model}`\n")));
    }
    text + &spec.prose + "\nBuilt with [Mintlify](https://mintlify.com).\n"
}

fn object(items: &[Item]) -> Value {
    let required: Vec<&String> = items.iter().filter(|item| item.required == Some(true)).map(|item| &item.name).collect();
    let properties: Map<String, Value> = items.iter().map(|item| (item.name.clone(), member(item))).collect();
    json!({"type": "object", "required": required, "properties": properties})
}

fn member(item: &Item) -> Value {
    let mut schema = of(&item.types);
    if !item.inner.is_empty() {
        let inner = object(&item.inner);
        // A list of objects or an object: the members are the same.
        let holder = if item.types.kinds.contains(&Kind::Array) && !item.types.kinds.contains(&Kind::Object) {
            json!({"type": "array", "items": inner})
        } else {
            inner
        };
        schema = json!({"anyOf": [schema, holder]});
    }
    if !item.values.is_empty() {
        let words = json!({"type": "string", "enum": item.values});
        schema = if item.types.kinds.contains(&Kind::String) { json!({"anyOf": [schema, words]}) } else { schema };
    }
    if let (Some(default), Some(members)) = (&item.default, schema.as_object_mut()) {
        members.insert("default".to_owned(), default.clone().into());
    }
    schema
}

fn of(types: &Types) -> Value {
    let word = |kind: &Kind| match kind {
        Kind::Integer => json!({"type": "integer"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Object => json!({"type": "object"}),
        Kind::Null => json!({"type": "null"}),
        Kind::File => json!({"type": "string", "format": "binary"}),
        Kind::Array => match &types.items {
            Some(items) => json!({"type": "array", "items": of(items)}),
            None => json!({"type": "array"}),
        },
        Kind::String => json!({"type": "string"}),
        Kind::Any => json!({}),
    };
    let all: Vec<Value> = types.kinds.iter().map(word).collect();
    match all.as_slice() {
        [one] => one.clone(),
        all => json!({"anyOf": all}),
    }
}

fn yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                text.push_str(&format!("{indent}{}:", json!(key)));
                below(member, depth, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                text.push_str(&format!("{indent}-"));
                below(item, depth, text);
            }
        }
        other => text.push_str(&format!("{indent}{other}\n")),
    }
}

fn below(member: &Value, depth: usize, text: &mut String) {
    match member {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            yaml(member, depth + 1, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            yaml(member, depth + 1, text);
        }
        other => text.push_str(&format!(" {other}\n")),
    }
}
