//! Pages made from an OpenAPI file: the document of one operation stands in them.

use octopusx_codegen::load::escape;
use serde_json::Value;

use super::super::model::{Example, Field, Page, Route, Side};
use super::super::types::{Kind, Types};
use super::routes::path_of;

/// Deeper members are not documented by name on any page.
const DEEPEST: usize = 5;

/// The operation that a fence such as `/openapi.json post /v1/x` names.
pub(super) fn operation(meta: &str) -> Option<Route> {
    let words: Vec<&str> = meta.split_whitespace().collect();
    let at = words.iter().position(|word| super::routes::is_method(&word.to_uppercase()))?;
    Some(Route::new(words[at], &path_of(words.get(at + 1)?)?))
}

pub(super) fn read(yaml: &str, route: &Route) -> Result<Page, String> {
    let options = serde_saphyr::options! { budget: None };
    let root: Value = serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|why| format!("its OpenAPI document can't be parsed: {why}"))?;
    let pointer = format!("/paths/{}/{}", escape(&route.paths[0]), route.method.to_lowercase());
    let operation = root.pointer(&pointer).ok_or_else(|| format!("its OpenAPI document holds no `{route}`"))?;
    let mut file = File { root: &root, page: Page { routes: vec![route.clone()], ..Page::default() } };
    file.parameters(operation);
    let body = file.resolve(operation.get("requestBody").unwrap_or(&Value::Null));
    let before = file.page.fields.len();
    file.content(body, Side::Body, false);
    if body.get("content").is_some() && file.page.fields.len() == before && file.page.examples.is_empty() {
        return Err("its OpenAPI document has a body, but no field was found".to_owned());
    }
    for (status, answer) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        file.content(file.resolve(answer), Side::Answer, !status.starts_with('2'));
    }
    let mut page = file.page;
    let mut seen: Vec<(Side, Vec<String>)> = Vec::new();
    page.fields.retain(|field| {
        let key = (field.side, field.path.clone());
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
    Ok(page)
}

struct File<'a> {
    root: &'a Value,
    page: Page,
}

impl<'a> File<'a> {
    fn resolve(&self, value: &'a Value) -> &'a Value {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(value)
    }

    fn parameters(&mut self, operation: &'a Value) {
        for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let parameter = self.resolve(parameter);
            let text = |key: &str| parameter.get(key).and_then(Value::as_str);
            let side = match text("in") {
                Some("path") => Side::Path,
                Some("query") => Side::Query,
                Some("header") => Side::Header,
                _ => continue,
            };
            let Some(name) = text("name") else { continue };
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(side == Side::Path);
            let field = self.field(side, vec![name.to_owned()], schema, Some(required));
            self.page.fields.push(field);
        }
    }

    fn content(&mut self, holder: &'a Value, side: Side, failed: bool) {
        for media in holder.get("content").and_then(Value::as_object).into_iter().flat_map(|all| all.values()) {
            if let (Some(schema), false) = (media.get("schema"), failed) {
                self.members(side, &[], schema, &mut Vec::new());
            }
            let named = media.get("examples").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
            let named = named.filter_map(|example| self.resolve(example).get("value"));
            for value in named.chain(media.get("example")).cloned().collect::<Vec<_>>() {
                let routes = Vec::new();
                self.page.examples.push(Example { side: Some(side), failed, route: None, routes, value, is_form: false });
            }
        }
    }

    fn members(&mut self, side: Side, path: &[String], schema: &'a Value, stack: &mut Vec<&'a Value>) {
        let schema = self.resolve(schema);
        if path.len() >= DEEPEST || stack.iter().any(|seen| std::ptr::eq(*seen, schema)) {
            return;
        }
        stack.push(schema);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = [path, std::slice::from_ref(name)].concat();
            let is_required = required.contains(&name.as_str());
            let required = (side == Side::Body || is_required).then_some(is_required);
            let field = self.field(side, path.clone(), property, required);
            self.page.fields.push(field);
            self.members(side, &path, property, stack);
        }
        let inner = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
        for schema in inner.chain(schema.get("items")) {
            self.members(side, path, schema, stack);
        }
        stack.pop();
    }

    fn field(&self, side: Side, path: Vec<String>, schema: &'a Value, required: Option<bool>) -> Field {
        let mut values = Vec::new();
        let types = self.types(schema, &mut values, 0);
        let default = schema.get("default").map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let types = (!types.kinds.is_empty()).then_some(types);
        Field { side, path, types, required, default, values, routes: Vec::new() }
    }

    fn types(&self, schema: &'a Value, values: &mut Vec<String>, depth: usize) -> Types {
        let schema = self.resolve(schema);
        let mut found = Types::default();
        if depth > DEEPEST {
            return found;
        }
        let listed = schema.get("enum").or_else(|| schema.get("x-extensible-enum")).and_then(Value::as_array);
        values.extend(listed.into_iter().flatten().filter_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }));
        let words = match schema.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for word in words {
            if let Some(mut types) = Types::parse(word) {
                if schema.get("format").and_then(Value::as_str) == Some("binary") {
                    types = Types::of(Kind::File);
                }
                found.join(types);
            }
        }
        if schema.get("nullable") == Some(&Value::Bool(true)) && !found.kinds.is_empty() {
            found.kinds.insert(Kind::Null);
        }
        if let (true, Some(items)) = (found.kinds.contains(&Kind::Array), schema.get("items")) {
            let items = self.types(items, values, depth + 1);
            found.items = (!items.kinds.is_empty()).then(|| Box::new(items));
        }
        for inner in ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten() {
            found.join(self.types(inner, values, depth + 1));
        }
        if found.kinds.is_empty() && schema.get("properties").is_some() {
            found = Types::of(Kind::Object);
        }
        found
    }
}
