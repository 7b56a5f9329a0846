//! `x-task`, and what can be checked only when all schemas and operations are known.

use serde_json::Value;

use super::Checker;
use crate::load::{escape, unescape};
use crate::model::{Answer, Api, Kind, Place, TaskShape, Type};

impl Checker<'_> {
    pub(super) fn task(&self, at: &str, schema: &Value) -> Option<TaskShape> {
        let value = schema.get("x-task")?;
        let at = format!("{at}/x-task");
        let pointers = |key: &str| self.texts(&at, value, key).unwrap_or_default();
        let task = TaskShape {
            id: pointers("id"),
            status: pointers("status"),
            progress: pointers("progress"),
            urls: pointers("urls"),
            error: pointers("error"),
            query: self.text(&at, Some(value), "query", "name the operationId that asks for the task's state"),
            content: value.get("content").and_then(Value::as_str).map(str::to_owned),
        };
        if task.id.is_empty() || task.status.is_empty() {
            self.problem(
                &at,
                "`id` and `status` must name a place each",
                "write them as JSON pointers, `id: [/id]`, `status: [/status]`",
            );
        }
        let places = [
            ("id", &task.id),
            ("status", &task.status),
            ("progress", &task.progress),
            ("urls", &task.urls),
            ("error", &task.error),
        ];
        for (key, pointer) in places.into_iter().flat_map(|(key, all)| all.iter().map(move |each| (key, each))) {
            if !self.names_property(schema, pointer) {
                let what = format!("`{pointer}` names no property of this schema");
                self.problem(
                    &format!("{at}/{key}"),
                    what,
                    "write a JSON pointer to a property, with `*` for every element of an array",
                );
            }
        }
        Some(task)
    }

    fn names_property(&self, schema: &Value, pointer: &str) -> bool {
        let Some(rest) = pointer.strip_prefix('/') else { return false };
        let mut at = schema;
        for step in rest.split('/').map(unescape) {
            at = self.document.resolve(at);
            while let Some(inner) = at.pointer("/allOf/0") {
                at = self.document.resolve(inner);
            }
            let next = if step == "*" { at.get("items") } else { at.get("properties").and_then(|all| all.get(&step)) };
            match next {
                Some(next) => at = next,
                // A free-form object may hold anything.
                None => return at.get("properties").is_none() && at.get("items").is_none(),
            }
        }
        true
    }

    pub(super) fn unions_and_tasks(&self, api: &Api) {
        for (name, schema) in &api.schemas {
            let at = format!("/components/schemas/{}", escape(name));
            match &schema.kind {
                Kind::Object(object) => {
                    if let Some(task) = &object.task {
                        self.check_query(&format!("{at}/x-task"), api, task);
                    }
                }
                Kind::Tagged { tag, variants } => {
                    for (word, branch) in variants {
                        self.check_branch(api, tag, word, branch);
                    }
                }
                Kind::AnyOf(branches) => {
                    for branch in branches {
                        let object = api.schemas.get(branch).is_some_and(|schema| matches!(schema.kind, Kind::Object(_)));
                        if !object {
                            self.problem(&format!("{at}/anyOf"), format!("branch `{branch}` is no object"), "join objects only");
                        }
                    }
                }
                _ => {}
            }
        }
        for operation in &api.operations {
            let switch = operation.stream.as_ref().map(|stream| stream.switch.as_str());
            for body in operation.faces.iter().filter_map(|face| face.body.as_deref()) {
                self.check_switch(api, &operation.pointer, body, switch);
            }
        }
    }

    fn check_query(&self, at: &str, api: &Api, task: &TaskShape) {
        let at = format!("{at}/query");
        let Some(query) = api.operation(&task.query) else {
            return self.problem(
                &at,
                format!("there is no operation `{}`", task.query),
                "name the operationId that asks for the state",
            );
        };
        let required = query.parameters.iter().filter(|parameter| parameter.required && parameter.constant.is_none());
        if required.filter(|parameter| parameter.place != Place::Header).count() != 1 {
            self.problem(
                &at,
                format!("`{}` must take the id as its one required parameter", task.query),
                "name another operation",
            );
        }
        let answer = query.faces.first().map(|face| &face.answer);
        let is_task = match answer {
            Some(Answer::Json(Type::Named(name))) => {
                matches!(api.schemas.get(name).map(|schema| &schema.kind), Some(Kind::Object(object)) if object.task.is_some())
            }
            _ => false,
        };
        if !is_task {
            self.problem(
                &at,
                format!("the answer of `{}` has no `x-task`", task.query),
                "add `x-task` to the schema that the query answers with",
            );
        }
    }

    fn check_branch(&self, api: &Api, tag: &str, word: &str, branch: &str) {
        let at = format!("/components/schemas/{}", escape(branch));
        let Some(Kind::Object(object)) = api.schemas.get(branch).map(|schema| &schema.kind) else {
            return self.problem(&at, "a branch of a tagged union must be an object", "describe it with `properties`");
        };
        let declared = object.properties.iter().any(|property| property.name == tag && property.required);
        if !declared {
            let what = format!("the branch does not declare its tag `{tag}`");
            self.problem(
                &at,
                what,
                format!("add `{tag}: {{type: string, enum: [{word}], description: …}}` and list it in `required`"),
            );
        }
    }

    fn check_switch(&self, api: &Api, at: &str, body: &str, switch: Option<&str>) {
        let Some(switch) = switch else { return };
        let declared = match api.schemas.get(body).map(|schema| &schema.kind) {
            Some(Kind::Object(object)) => {
                object.properties.iter().any(|property| property.name == switch && property.ty == Type::Boolean)
            }
            _ => true,
        };
        if !declared {
            let what = format!("the body `{body}` has no boolean property `{switch}`");
            self.problem(&format!("{at}/x-stream"), what, "name the property that asks for a stream");
        }
    }
}
