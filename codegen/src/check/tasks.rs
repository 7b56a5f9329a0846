//! `x-task`, and what can be checked only when all schemas and operations are known.

use serde_json::Value;

use super::Checker;
use crate::load::{escape, unescape};
use crate::model::{Answer, Api, Face, Kind, QueryBody, TaskShape, Type};
use crate::names;

/// The runtime keeps the places of an answer as the bits of one number; an error takes three.
const MOST_PLACES: usize = 40;

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
            query_body: self.query_body(&format!("{at}/query_body"), value.get("query_body")),
            content: value.get("content").and_then(Value::as_str).map(str::to_owned),
            kind: value.get("kind").and_then(Value::as_str).map(str::to_owned),
            not_found: pointers("not_found"),
            input: pointers("input"),
            inline: pointers("inline"),
            no_media: value.get("no_media").map(|value| {
                let at = format!("{at}/no_media");
                let place = self.text(&at, Some(value), "at", "write where the word stands, as `/action`");
                (place, self.texts(&at, value, "values").unwrap_or_default())
            }),
            batch: value.get("batch").and_then(Value::as_str).map(str::to_owned),
        };
        if task.id.is_empty() && task.status.is_empty() {
            self.problem(
                &at,
                "neither `id` nor `status` names a place",
                "write them as JSON pointers, `id: [/id]`, `status: [/status]`",
            );
        }
        let places = [
            ("id", &task.id),
            ("status", &task.status),
            ("progress", &task.progress),
            ("urls", &task.urls),
            ("error", &task.error),
            ("inline", &task.inline),
        ];
        if places.iter().map(|(_, pointers)| pointers.len()).sum::<usize>() > MOST_PLACES {
            self.problem(&at, format!("more than {MOST_PLACES} places"), "name fewer");
        }
        let no_media = task.no_media.iter().map(|(place, _)| ("no_media", place));
        for (key, pointer) in no_media.chain(places.into_iter().flat_map(|(key, all)| all.iter().map(move |each| (key, each)))) {
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

    fn query_body(&self, at: &str, value: Option<&Value>) -> Option<QueryBody> {
        let value = value?;
        let id = self.text(at, Some(value), "id", "name the body's property that holds the id, as `/task_id`");
        Some(QueryBody {
            schema: self.text(at, Some(value), "schema", "name the schema of the query's body"),
            id: id.trim_start_matches('/').to_owned(),
            fixed: value
                .get("fixed")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    /// Whether a pointer names a property, in one of its branches where the schema has several.
    pub(super) fn names_property(&self, schema: &Value, pointer: &str) -> bool {
        let steps: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
        pointer.starts_with('/') && self.leads(schema, &steps)
    }

    fn leads(&self, schema: &Value, steps: &[String]) -> bool {
        let at = self.document.resolve(schema);
        let Some((step, rest)) = steps.split_first() else { return true };
        let branches = ["allOf", "oneOf", "anyOf"].iter().find_map(|key| at.get(*key)?.as_array());
        if let Some(branches) = branches {
            return branches.iter().any(|branch| self.leads(branch, steps));
        }
        let next = if step == "*" { at.get("items") } else { at.get("properties").and_then(|all| all.get(step)) };
        match next {
            Some(next) => self.leads(next, rest),
            // A free-form object may hold anything.
            None => ["properties", "items", "enum"].iter().all(|key| at.get(*key).is_none()),
        }
    }

    pub(super) fn unions_and_tasks(&self, api: &Api) {
        for (name, schema) in &api.schemas {
            let at = format!("/components/schemas/{}", escape(name));
            match &schema.kind {
                Kind::Object(object) => {
                    if let Some(task) = &object.task {
                        self.check_query(&format!("{at}/x-task"), api, name, task);
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
            let switch = operation.stream.as_ref().and_then(|stream| stream.switch.as_deref());
            for face in &operation.faces {
                for body in face.bodies() {
                    self.check_body(api, &operation.pointer, body);
                    self.check_switch(api, &operation.pointer, body, switch);
                }
                match face.bodies().next() {
                    None if switch.is_some() => self.problem(
                        &format!("{}/x-stream", operation.pointer),
                        format!("`{}` has no body that could ask for a stream", face.method),
                        "describe its JSON body",
                    ),
                    _ => {}
                }
            }
        }
        self.check_any_of(api);
        self.check_forms(api);
    }

    /// Files travel in forms only, and a form is nothing else.
    fn check_forms(&self, api: &Api) {
        for (name, schema) in &api.schemas {
            let at = format!("/components/schemas/{}", escape(name));
            let (form, json) = (api.is_form(name), api.is_json_body(name));
            if form && json {
                self.problem(&at, "the schema is a form and a JSON body", "describe the form as a schema of its own");
            }
            let Kind::Object(object) = &schema.kind else { continue };
            for property in &object.properties {
                let file = match &property.ty {
                    Type::List(inner) => **inner == Type::File,
                    other => *other == Type::File,
                };
                if file && !form {
                    let mend = "use the schema as the body of `multipart/form-data`, or describe the property as a string";
                    self.problem(&format!("{at}/properties/{}", escape(&property.name)), "a file can stand in a form only", mend);
                }
            }
        }
    }

    fn check_body(&self, api: &Api, at: &str, body: &str) {
        let kind = api.schemas.get(body).map(|schema| &schema.kind);
        if !matches!(kind, None | Some(Kind::Object(_) | Kind::AnyOf(_))) {
            let what = format!("the body `{body}` is no object");
            self.problem(&format!("{at}/requestBody"), what, "describe it with `properties`, or with `anyOf` of objects");
        }
    }

    /// `anyOf` joins bodies, or the answers of faces; nothing could read it anywhere else.
    fn check_any_of(&self, api: &Api) {
        let any_of = |name: &String| matches!(api.schemas.get(name).map(|schema| &schema.kind), Some(Kind::AnyOf(_)));
        let what = |name: &str| format!("`{name}` is an `anyOf`: no answer could be told apart by it");
        for (name, schema) in api.schemas.iter().filter(|(_, schema)| !matches!(schema.kind, Kind::AnyOf(_))) {
            if let Some(union) = schema.references().into_iter().find(any_of) {
                let at = format!("/components/schemas/{}", escape(name));
                self.problem(&at, what(&union), "join the schemas with `oneOf` and a `discriminator`");
            }
        }
        for operation in &api.operations {
            let answers = operation.faces.iter().filter_map(|face| match &face.answer {
                Answer::Json(Type::Named(name)) => Some(name),
                _ => None,
            });
            let mut answers = answers.chain(operation.stream.iter().map(|stream| &stream.event));
            if let Some(union) = answers.find(|name| any_of(name)) {
                let mend = "give each of its branches a method with `x-faces`, or join them with `oneOf` and a `discriminator`";
                self.problem(&operation.pointer, what(union), mend);
            }
        }
    }

    fn check_query(&self, at: &str, api: &Api, schema: &str, task: &TaskShape) {
        if let Some(id) = &task.content {
            let at = format!("{at}/content");
            let face = self.task_route(&at, api, id, None);
            if face.is_some_and(|face| face.answer != Answer::Bytes) {
                self.problem(&at, format!("`{id}` does not answer with bytes"), "name the operationId that serves the result");
            }
        }
        let at = format!("{at}/query");
        let Some(face) = self.task_route(&at, api, &task.query, task.query_body.as_ref()) else { return };
        let own = |name: &String| match api.schemas.get(name).map(|schema| &schema.kind) {
            Some(Kind::Object(object)) => object.task.as_deref(),
            _ => None,
        };
        let answer = match &face.answer {
            Answer::Json(Type::Named(name)) => own(name),
            _ => None,
        };
        let is_the_answer = face.answer == Answer::Json(Type::Named(schema.to_owned()));
        self.check_kind(at.trim_end_matches("/query"), api, task, is_the_answer);
        if task.id.is_empty() && !is_the_answer {
            self.problem(&at, "an answer that begins a task must name its id", "add `id: [/…]`");
        }
        if task.status.is_empty() && is_the_answer {
            self.problem(&at, "the answer to the query must say the state", "add `status: [/…]`");
        }
        match answer {
            None => self.problem(
                &at,
                format!("the answer of `{}` has no `x-task`", task.query),
                "add `x-task` to the schema that the query answers with",
            ),
            Some(own) if own.query != task.query => self.problem(
                &at,
                format!("the answer of `{}` is to be asked for with `{}`", task.query, own.query),
                "name the same query in both",
            ),
            Some(_) => {}
        }
    }

    /// What holds for all tasks of a query stands once: where the query's answer is described.
    fn check_kind(&self, at: &str, api: &Api, task: &TaskShape, is_the_answer: bool) {
        let name = task.kind.as_deref().unwrap_or_default();
        match (is_the_answer, name) {
            (true, "") => self.problem(at, "the kind of these tasks has no name", "add `kind: …`, a word such as `video`"),
            (true, name) if names::field(name) != name || names::TAKEN_KINDS.contains(&name) => {
                self.problem(
                    &format!("{at}/kind"),
                    format!("`{name}` can't name a method"),
                    "write another word in small letters",
                );
            }
            (true, name) if api.method(&format!("tasks_{name}")).is_some() => {
                self.problem(&format!("{at}/kind"), format!("`tasks_{name}` is an operation"), "write another word");
            }
            (true, name) if api.task_kinds().filter(|(_, other, _)| *other == name).count() > 1 => {
                self.problem(&format!("{at}/kind"), format!("two kinds of tasks are called `{name}`"), "rename one");
            }
            _ => {}
        }
        let elsewhere = [
            ("kind", task.kind.is_some()),
            ("not_found", !task.not_found.is_empty()),
            ("input", !task.input.is_empty()),
            ("inline", !task.inline.is_empty()),
            ("no_media", task.no_media.is_some()),
            ("batch", task.batch.is_some()),
        ];
        for (key, _) in elsewhere.into_iter().filter(|(_, given)| *given && !is_the_answer) {
            let mend = "write it at the schema that the query answers with";
            self.problem(&format!("{at}/{key}"), format!("`{key}` holds for all tasks of the query"), mend);
        }
        if let Some(id) = &task.batch {
            match api.batch(id) {
                Some(batch) if !batch.face.idempotent => {
                    self.problem(
                        &format!("{at}/batch"),
                        format!("`{id}` is not marked as idempotent"),
                        "add `x-idempotent: true`",
                    );
                }
                Some(batch) if !batch.shape.id.is_empty() && !batch.shape.status.is_empty() => {}
                _ => self.problem(
                    &format!("{at}/batch"),
                    format!("`{id}` does not take a list of ids alone and answer with a list of tasks"),
                    "name a method whose body's constructor takes the ids, and whose answer lists schemas with `x-task`",
                ),
            }
        }
    }

    /// The method that can be called with nothing but a task's id, in the address or in a body made of it.
    fn task_route<'a>(&self, at: &str, api: &'a Api, id: &str, body: Option<&QueryBody>) -> Option<&'a Face> {
        let Some((operation, face)) = api.method(id) else {
            self.problem(at, format!("there is no operation `{id}`"), "check the spelling against the operationIds");
            return None;
        };
        let open = operation.parameters.iter().filter(|parameter| {
            let sent_unasked = parameter.required && parameter.constant.is_some();
            !sent_unasked && !face.fixed.contains_key(&parameter.name)
        });
        let open: Vec<_> = open.map(|parameter| (parameter.required, &parameter.ty)).collect();
        if let Some(body) = body {
            if !open.is_empty() || !takes_only_the_id(api, face, body) {
                let what = format!("`{id}` can't be asked with a `{}` made of the id alone", body.schema);
                self.problem(
                    at,
                    what,
                    "let the body's constructor (`x-new`) take the id and nothing else, and name the body's schema",
                );
            }
        } else if open != [(true, &Type::String)] || face.body.is_some() {
            let what = format!("`{id}` must take the id as its one parameter, a string, and no body");
            self.problem(at, what, "name another operation, or fix its other parameters with `x-faces`");
        }
        Some(face)
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

fn takes_only_the_id(api: &Api, face: &Face, body: &QueryBody) -> bool {
    let Some(Kind::Object(object)) = api.schemas.get(&body.schema).map(|schema| &schema.kind) else { return false };
    let known = |name: &String| object.properties.iter().any(|property| property.name == *name);
    face.body.as_ref() == Some(&body.schema) && object.new == [body.id.clone()] && body.fixed.iter().all(|(name, _)| known(name))
}
