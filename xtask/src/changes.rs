//! `cargo xtask changes OLD NEW`: what became different between two bundles, and what of it breaks users.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::args::Args;
use crate::{Command, Outcome, say};

/// The command.
pub(crate) const COMMAND: Command = Command {
    name: "changes",
    summary: "tells in Markdown what changed between two bundles",
    help: "\
  cargo xtask changes OLD NEW

Both are bundles as `cargo xtask bundle` writes them, such as openapi/octopusx.json of a tag and of today. Prints lists of
what breaks users, what was added, and what changed otherwise; texts and examples are left out. A new required member, another
type, a name that is gone: these break users. A new word of a list or a new branch of a union does not, both are open.

Exit code 1 means that something breaks users.",
    run,
};

fn run(mut args: Args) -> Result<Outcome, String> {
    let (Some(old), Some(new)) = (args.command(), args.command()) else {
        return Err("two bundles are needed: OLD NEW".to_owned());
    };
    args.finish()?;
    let read = |file: &str| {
        let text = std::fs::read_to_string(Path::new(file)).map_err(|error| format!("{file}: {error}"))?;
        serde_json::from_str::<Value>(&text).map_err(|error| format!("{file}: {error}"))
    };
    let changes = Changes::between(&read(&old)?, &read(&new)?);
    say(&changes.markdown().trim_end());
    Ok(if changes.breaking.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

/// What changed, a line each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    breaking: Vec<String>,
    added: Vec<String>,
    other: Vec<String>,
}

impl Changes {
    fn between(old: &Value, new: &Value) -> Self {
        let mut changes = Self::default();
        changes.operations(&operations(old), &operations(new));
        let none = Map::new();
        let schemas =
            |root: &'_ Value| root.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, after) = (schemas(old), schemas(new));
        for name in names(&before, &after) {
            match (before.get(name), after.get(name)) {
                (Some(before), Some(after)) => changes.schema(name, before, after, &none),
                (Some(_), None) => changes.breaking.push(format!("the type `{name}` is gone")),
                _ => changes.added.push(format!("the type `{name}`")),
            }
        }
        changes
    }

    fn operations(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        for id in names(old, new) {
            let (before, after) = match (old.get(id), new.get(id)) {
                (Some(before), Some(after)) => (before, after),
                (Some(before), None) => {
                    self.breaking.push(format!("the operation `{id}` (`{}`) is gone", route(before)));
                    continue;
                }
                (_, after) => {
                    self.added.push(format!("the operation `{id}` (`{}`)", after.map(route).unwrap_or_default()));
                    continue;
                }
            };
            if route(before) != route(after) {
                self.other.push(format!("`{id}` is sent to `{}`, not to `{}`", route(after), route(before)));
            }
            let (had, has) = (parameters(before), parameters(after));
            for name in names(&had, &has) {
                match (had.get(name), has.get(name)) {
                    (Some(_), None) => self.breaking.push(format!("`{id}` has no parameter `{name}` any more")),
                    (None, Some(parameter)) if is_required(parameter) => {
                        self.breaking.push(format!("`{id}` requires the new parameter `{name}`"));
                    }
                    (None, _) => self.added.push(format!("the parameter `{name}` of `{id}`")),
                    (Some(before), Some(after)) => {
                        if is_required(before) != is_required(after) {
                            let now = if is_required(after) { "requires" } else { "no longer requires" };
                            self.breaking.push(format!("`{id}` {now} the parameter `{name}`"));
                        }
                        if bare(&before["schema"]) != bare(&after["schema"]) {
                            self.breaking.push(format!("the parameter `{name}` of `{id}` has another type"));
                        }
                    }
                }
            }
            for (key, what) in [("requestBody", "body"), ("responses", "answers")] {
                if bare(&before["operation"][key]) != bare(&after["operation"][key]) {
                    self.breaking.push(format!("the {what} of `{id}` changed: another type, media or status"));
                }
            }
        }
    }

    fn schema(&mut self, name: &str, before: &Value, after: &Value, none: &Map<String, Value>) {
        let members = |schema: &'_ Value| schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let (had, has) = (members(before), members(after));
        let (must, musts) = (texts(before, "required"), texts(after, "required"));
        for member in names(&had, &has) {
            match (had.get(member), has.get(member)) {
                (Some(_), None) => self.breaking.push(format!("`{name}.{member}` is gone")),
                (None, _) if musts.contains(member) => self.breaking.push(format!("`{name}.{member}` is new and required")),
                (None, _) => self.added.push(format!("`{name}.{member}`")),
                (Some(before), Some(after)) => {
                    if bare(before) != bare(after) {
                        self.breaking.push(format!("`{name}.{member}` has another type"));
                    }
                    match (must.contains(member), musts.contains(member)) {
                        (false, true) => self.breaking.push(format!("`{name}.{member}` is required now")),
                        (true, false) => self.breaking.push(format!("`{name}.{member}` is optional now")),
                        _ => {}
                    }
                }
            }
        }
        let listed = |schema: &Value, keys: &[&str]| keys.iter().flat_map(|key| texts(schema, key)).collect::<BTreeSet<String>>();
        for keys in [&["enum", "x-extensible-enum"][..], &["anyOf"], &["oneOf"]] {
            let (had, has) = (listed(before, keys), listed(after, keys));
            self.breaking.extend(had.difference(&has).map(|word| format!("`{name}` no longer knows `{word}`")));
            self.added.extend(has.difference(&had).map(|word| format!("`{word}` in `{name}`")));
        }
        let rest = |schema: &Value| {
            let mut rest = bare(schema).as_object().cloned().unwrap_or_else(|| none.clone());
            for key in [
                "properties",
                "required",
                "enum",
                "x-extensible-enum",
                "x-enum-varnames",
                "anyOf",
                "oneOf",
                "discriminator",
                "x-task",
            ] {
                rest.remove(key);
            }
            rest
        };
        if before.get("x-task") != after.get("x-task") {
            self.other.push(format!("the task that `{name}` names is followed in another way"));
        }
        if rest(before) != rest(after) {
            self.breaking.push(format!("`{name}` has another form"));
        }
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        for (title, lines) in [("Breaks users", &self.breaking), ("Added", &self.added), ("Changed otherwise", &self.other)] {
            if !lines.is_empty() {
                text.push_str(&format!("### {title}\n\n"));
                lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
                text.push('\n');
            }
        }
        if text.is_empty() { "Nothing that a user could see has changed.\n".to_owned() } else { text }
    }
}

fn names<'a>(old: &'a Map<String, Value>, new: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    old.keys().chain(new.keys()).collect()
}

/// Every operation by its id, with its method and path.
fn operations(root: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    for (path, item) in root.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (verb, operation) in item.as_object().into_iter().flatten() {
            if let Some(id) = operation.get("operationId").and_then(Value::as_str) {
                let route = format!("{} {path}", verb.to_uppercase());
                found.insert(id.to_owned(), serde_json::json!({"route": route, "operation": operation}));
            }
        }
    }
    found
}

fn route(operation: &Value) -> &str {
    operation["route"].as_str().unwrap_or_default()
}

fn parameters(operation: &Value) -> Map<String, Value> {
    let listed = operation["operation"]["parameters"].as_array().into_iter().flatten();
    let name =
        |parameter: &Value| parameter.get("name").or_else(|| parameter.get("$ref")).and_then(Value::as_str).map(str::to_owned);
    listed.filter_map(|parameter| Some((name(parameter)?, parameter.clone()))).collect()
}

fn is_required(parameter: &Value) -> bool {
    parameter.get("required") == Some(&Value::Bool(true))
}

/// The texts of a list; references by the name they lead to.
fn texts(schema: &Value, key: &str) -> BTreeSet<String> {
    let listed = schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value| match value.get("$ref").and_then(Value::as_str) {
        Some(target) => target.rsplit('/').next().unwrap_or(target).to_owned(),
        None => value.as_str().map_or_else(|| bare(value).to_string(), str::to_owned),
    };
    listed.map(text).collect()
}

/// A part of a document without what is only told: texts, examples, pages.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = ["description", "summary", "example", "examples", "x-docs", "x-secret", "title"];
            let kept = members
                .iter()
                .filter(|(key, member)| !told.contains(&key.as_str()) || (*key == "description" && member.is_object()));
            kept.map(|(key, member)| (key.clone(), bare(member))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": {"/v1/a": {"post": {
                "operationId": "a_create", "summary": "S",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                "responses": {"200": {"description": "D"}},
            }}},
            "components": {"schemas": {
                "A": {"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}, "c": {"type": "integer"}}},
                "W": {"type": "string", "enum": ["x", "y"]},
                "U": {"anyOf": [{"$ref": "#/components/schemas/A"}]},
            }},
        })
    }

    #[test]
    fn every_change_is_told_as_what_it_is() {
        let a = "/components/schemas/A";
        for (pointer, value, breaking, added) in [
            ("/paths/~1v1~1a/post/summary".to_owned(), json!("T"), &[][..], &[][..]),
            (format!("{a}/properties/b/description"), json!("words"), &[], &[]),
            (format!("{a}/properties/d"), json!({"type": "string"}), &[], &["`A.d`"]),
            (format!("{a}/properties/c"), json!({"type": "string"}), &["`A.c` has another type"], &[]),
            (format!("{a}/required"), json!(["b", "c"]), &["`A.c` is required now"], &[]),
            (format!("{a}/required"), json!([]), &["`A.b` is optional now"], &[]),
            (format!("{a}/properties"), json!({"b": {"type": "string"}}), &["`A.c` is gone"], &[]),
            ("/components/schemas/W/enum".to_owned(), json!(["x", "z"]), &["`W` no longer knows `y`"], &["`z` in `W`"]),
            ("/components/schemas/U/anyOf".to_owned(), json!([]), &["`U` no longer knows `A`"], &[]),
            ("/components/schemas/N".to_owned(), json!({"type": "object"}), &[], &["the type `N`"]),
            ("/components/schemas/W".to_owned(), json!({"type": "integer", "enum": ["x", "y"]}), &["`W` has another form"], &[]),
            ("/paths/~1v1~1a".to_owned(), json!({}), &["the operation `a_create` (`POST /v1/a`) is gone"], &[]),
            ("/paths/~1v1~1a/post/parameters".to_owned(), json!([]), &["`a_create` has no parameter `q` any more"], &[]),
            (
                "/paths/~1v1~1a/post/parameters/0/required".to_owned(),
                json!(true),
                &["`a_create` requires the parameter `q`"],
                &[],
            ),
            (
                "/paths/~1v1~1a/post/requestBody/content".to_owned(),
                json!({}),
                &["the body of `a_create` changed: another type, media or status"],
                &[],
            ),
        ] {
            let mut new = document();
            let (holder, key) = pointer.rsplit_once('/').unwrap();
            match new.pointer_mut(holder).unwrap() {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
                holder => holder[key.replace("~1", "/")] = value,
            }
            let found = Changes::between(&document(), &new);
            assert_eq!(
                (found.breaking.as_slice(), found.added.as_slice()),
                (strings(breaking).as_slice(), strings(added).as_slice()),
                "{pointer}"
            );
        }
    }

    #[test]
    fn a_route_that_moved_breaks_nobody_and_is_told() {
        let mut new = document();
        let item = new["paths"]["/v1/a"].take();
        new["paths"] = json!({"/v2/a": item});
        let found = Changes::between(&document(), &new);
        assert_eq!(found.other, ["`a_create` is sent to `POST /v2/a`, not to `POST /v1/a`"]);
        assert!(found.markdown().starts_with("### Changed otherwise\n\n- "));
        assert_eq!(Changes::between(&new, &new), Changes::default());
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }
}
