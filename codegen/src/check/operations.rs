//! Operations: ids, tags, pages, parameters, security, streams and faces.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Checker;
use crate::load::escape;
use crate::model::{Answer, Auth, Face, Operation, Parameter, Place, Stream, Success, Tag, Type, Usage, WebSocket};
use crate::names;

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Checker<'_> {
    pub(super) fn operations(&self, tags: &[Tag]) -> Vec<Operation> {
        let mut found: Vec<Operation> = Vec::new();
        let paths = self.document.at("/paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            let pointer = format!("/paths/{}", escape(path));
            if !path.starts_with('/') {
                self.problem(&pointer, "a path must begin with `/`", "write it as the documentation does");
            }
            for (verb, operation) in item.as_object().into_iter().flatten() {
                let at = format!("{pointer}/{verb}");
                if !VERBS.contains(&verb.as_str()) {
                    self.problem(
                        &at,
                        format!("`{verb}` is no method that is known here"),
                        format!("use one of {}", VERBS.join(", ")),
                    );
                    continue;
                }
                let operation = self.operation(&at, path, verb, operation, tags);
                if let Some(other) = found.iter().find(|other| other.id == operation.id && !operation.id.is_empty()) {
                    let what = format!("operationId `{}` is used by `{} {}` too", operation.id, other.verb, other.path);
                    self.problem(&format!("{at}/operationId"), what, "give each operation an id of its own");
                }
                found.push(operation);
            }
        }
        found
    }

    fn operation(&self, at: &str, path: &str, verb: &str, value: &Value, tags: &[Tag]) -> Operation {
        let tag = self.tag_of(at, value, tags);
        let id = self.text(at, Some(value), "operationId", "name it `<tag>_<method>`, as `videos_create`");
        if !id.is_empty() && !tag.is_empty() && !id.strip_prefix(&tag).is_some_and(|rest| rest.starts_with('_') && rest.len() > 1)
        {
            let what = format!("operationId `{id}` does not begin with its tag");
            self.problem(&format!("{at}/operationId"), what, format!("name it `{tag}_<method>`"));
        }
        let docs = self.texts(at, value, "x-docs").unwrap_or_default();
        let unlisted = value.get("x-unlisted").and_then(Value::as_str).map(str::to_owned);
        if docs.is_empty() && unlisted.is_none() {
            self.problem(
                at,
                "no documentation page is named",
                "add `x-docs: [en/…]`, or `x-unlisted: why` where no page shows the route",
            );
        }
        self.check_errors(at, value);
        let stream = self.stream(at, value);
        let parameters = self.parameters(at, path, value);
        let mut operation = Operation {
            success: self.success(at, value),
            usage: self.usage(at, value),
            deprecated: self.flag(at, value, "deprecated"),
            verb: verb.to_uppercase(),
            path: path.to_owned(),
            pointer: at.to_owned(),
            callbacks: self.callbacks(at, value),
            faces: Vec::new(),
            id,
            tag,
            docs,
            unlisted,
            parameters,
            stream,
            plain_text: self.plain_text(at, value),
            lists_conflict: value.pointer("/responses/409").is_some(),
            upload: self.upload(at, value),
            websocket: self.websocket(at, value),
        };
        operation.faces = self.faces(at, value, &operation);
        operation
    }

    fn tag_of(&self, at: &str, value: &Value, tags: &[Tag]) -> String {
        let named = self.texts(at, value, "tags").unwrap_or_default();
        let [tag] = named.as_slice() else {
            self.problem(at, format!("an operation has exactly one tag, this one has {}", named.len()), "write `tags: [videos]`");
            return String::new();
        };
        if tags.iter().all(|known| known.name != *tag) {
            let known: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
            let mend = format!("use one of {}, or add the tag to root.yaml", known.join(", "));
            self.problem(&format!("{at}/tags/0"), format!("root.yaml has no tag `{tag}`"), mend);
        }
        tag.clone()
    }

    /// What the gateway posts to an address that a property of the body names.
    fn callbacks(&self, at: &str, value: &Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (name, addresses) in value.get("callbacks").and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{at}/callbacks/{}", escape(name));
            if names::field(name) != *name {
                self.problem(
                    &at,
                    format!("`{name}` can't name a function"),
                    "write a word in small letters, as `task_notification`",
                );
            }
            for (address, item) in addresses.as_object().into_iter().flatten() {
                let at = format!("{at}/{}", escape(address));
                let place = address.strip_prefix("{$request.body#/").and_then(|rest| rest.strip_suffix('}'));
                if place.is_none_or(|place| !self.body_has(value, place)) {
                    let mend = "write `{$request.body#/property}` with a property of the request's body";
                    self.problem(&at, "the address is no property of the body", mend);
                }
                let body = item.pointer("/post/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str);
                match body.and_then(super::schema_name) {
                    Some(schema) => found.push((name.clone(), schema.to_owned())),
                    None => self.problem(&at, "what is posted has no schema", "describe the JSON body of `post` by a `$ref`"),
                }
            }
        }
        found
    }

    /// Whether a request's body, or a branch of it, has a property.
    fn body_has(&self, operation: &Value, property: &str) -> bool {
        let schema =
            operation.pointer("/requestBody/content/application~1json/schema").map(|schema| self.document.resolve(schema));
        let branches = schema.and_then(|schema| schema.get("anyOf")).and_then(Value::as_array).into_iter().flatten();
        let mut all = schema.into_iter().chain(branches.map(|branch| self.document.resolve(branch)));
        all.any(|schema| schema.get("properties").is_some_and(|properties| properties.get(property).is_some()))
    }

    fn success(&self, at: &str, value: &Value) -> Option<Success> {
        let success = value.get("x-success")?;
        let pointer = success.get("at").and_then(Value::as_str).filter(|pointer| pointer.starts_with('/'));
        let values = success.get("values").and_then(Value::as_array).filter(|values| !values.is_empty());
        if let (Some(pointer), Some(values)) = (pointer, values) {
            return Some(Success { at: pointer.to_owned(), values: values.clone() });
        }
        self.problem(&format!("{at}/x-success"), "`x-success` is not complete", "write it as `{at: /code, values: [true]}`");
        None
    }

    fn usage(&self, at: &str, value: &Value) -> Option<Usage> {
        let places = value.get("x-usage")?;
        let at = format!("{at}/x-usage");
        let media = value.pointer("/responses/200/content").and_then(Value::as_object);
        let answers: Vec<&Value> =
            media.into_iter().flat_map(|media| media.values()).filter_map(|one| one.get("schema")).collect();
        let pointers = |key: &str| {
            let all = self.texts(&at, places, key).unwrap_or_default();
            for pointer in all.iter().filter(|pointer| !answers.iter().any(|schema| self.names_property(schema, pointer))) {
                let what = format!("`{pointer}` names no property of an answer or an event");
                self.problem(&format!("{at}/{key}"), what, "write a JSON pointer to a property, as `/usage/input_tokens`");
            }
            all
        };
        let usage = Usage { model: pointers("model"), input: pointers("input"), output: pointers("output") };
        if usage.model.is_empty() && usage.input.is_empty() && usage.output.is_empty() {
            self.problem(&at, "it names no place", "write it as `{model: [/model], input: [/usage/input_tokens], output: […]}`");
        }
        Some(usage)
    }

    fn stream(&self, at: &str, value: &Value) -> Option<Stream> {
        let event = value.pointer("/responses/200/content/text~1event-stream/schema/$ref").and_then(Value::as_str);
        let Some(words) = value.get("x-stream") else {
            if event.is_some() {
                self.problem(
                    at,
                    "the answer can be an event stream, but `x-stream` is missing",
                    "add `x-stream: {switch: stream, end: '[DONE]'}`",
                );
            }
            return None;
        };
        let pointer = format!("{at}/x-stream");
        let Some(event) = event.and_then(super::schema_name) else {
            self.problem(
                &pointer,
                "there is no event schema",
                "describe one event as the schema of `text/event-stream` in the 200 answer",
            );
            return None;
        };
        let word = |key: &str| words.get(key).and_then(Value::as_str).map(str::to_owned);
        let stream = Stream {
            switch: word("switch"),
            end: word("end"),
            last: self.texts(&pointer, words, "last").unwrap_or_default(),
            finish: self.texts(&pointer, words, "finish").unwrap_or_default(),
            enough: self.texts(&pointer, words, "enough").unwrap_or_default(),
            failure: self.texts(&pointer, words, "failure").unwrap_or_default(),
            event: event.to_owned(),
        };
        if stream.end.is_none() && stream.last.is_empty() && stream.finish.is_empty() {
            self.problem(
                &pointer,
                "nothing says how the stream ends, so a broken one could not be told from a whole one",
                "add `end` (data of the last event), `last` (tags of last events) or `finish` (pointer to a finish reason)",
            );
        }
        Some(stream)
    }

    fn websocket(&self, at: &str, value: &Value) -> Option<WebSocket> {
        let words = value.get("x-websocket")?;
        let pointer = format!("{at}/x-websocket");
        let side = |key: &str| {
            let name = self.text(&pointer, Some(words), key, "name the schema of that side's events");
            if !name.is_empty() && self.document.at(&format!("/components/schemas/{}", escape(&name))).is_none() {
                self.problem(
                    &format!("{pointer}/{key}"),
                    format!("there is no schema `{name}`"),
                    "name a schema of this document",
                );
            }
            name
        };
        let (client, server) = (side("client"), side("server"));
        if let Some(examples) = words.get("examples") {
            ["client", "server"].iter().for_each(|side| self.event_names(&format!("{pointer}/examples"), examples, side));
        }
        let protocols = self.texts(&pointer, words, "protocols").unwrap_or_default();
        if !protocols.is_empty() && !protocols.iter().any(|word| word.contains("{key}")) {
            let mend = "write `{key}` where the key stands, or leave `protocols` out";
            self.problem(&format!("{pointer}/protocols"), "none of them carries the key", mend);
        }
        let older = words.get("older").map(|words| self.older(&format!("{pointer}/older"), words, &client, &server));
        Some(WebSocket { client, server, protocols, older })
    }

    /// The examples of events are listed by name, where no reference is followed.
    fn event_names(&self, at: &str, examples: &Value, side: &str) {
        for (index, name) in self.texts(at, examples, side).into_iter().flatten().enumerate() {
            if self.document.at(&format!("/components/examples/{}", escape(&name))).is_none() {
                let what = format!("there is no example `{name}`");
                self.problem(&format!("{at}/{side}/{index}"), what, "list names of `components/examples`");
            }
        }
    }

    fn parameters(&self, at: &str, path: &str, value: &Value) -> Vec<Parameter> {
        let listed = value.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<Parameter> = listed
            .iter()
            .enumerate()
            .filter_map(|(index, parameter)| {
                self.parameter(&format!("{at}/parameters/{index}"), self.document.resolve(parameter))
            })
            .collect();
        let in_template: Vec<&str> = path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        for name in &in_template {
            if !found.iter().any(|parameter| parameter.place == Place::Path && parameter.name == *name) {
                self.problem(
                    at,
                    format!("the path holds `{{{name}}}`, but no parameter describes it"),
                    "add it under `parameters` with `in: path`",
                );
            }
        }
        for parameter in found.iter().filter(|parameter| parameter.place == Place::Path) {
            if !in_template.contains(&parameter.name.as_str()) {
                let what = format!("path parameter `{}` does not stand in the path", parameter.name);
                self.problem(at, what, format!("put `{{{}}}` into the path, or remove the parameter", parameter.name));
            }
        }
        self.argument_names(at, &found);
        found.sort_by_key(|parameter| match parameter.place {
            Place::Path => in_template.iter().position(|name| *name == parameter.name).unwrap_or_default(),
            Place::Query => 100,
            Place::Header => 101,
        });
        found
    }

    fn parameter(&self, at: &str, value: &Value) -> Option<Parameter> {
        let name = self.text(at, Some(value), "name", "name the parameter as it travels");
        let place = match value.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            other => {
                let what = format!("a parameter can't travel in `{}`", other.unwrap_or("nothing"));
                self.problem(&format!("{at}/in"), what, "use path, query or header");
                return None;
            }
        };
        let schema = value.get("schema").unwrap_or(&Value::Null);
        let ty = match schema.get("type").and_then(Value::as_str) {
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            _ => {
                self.problem(
                    &format!("{at}/schema"),
                    "a parameter is a string, integer, number or boolean",
                    "write `schema: {type: string}`",
                );
                Type::String
            }
        };
        let required = self.flag(at, value, "required");
        if place == Place::Path && !required {
            self.problem(at, "a path parameter is always required", "add `required: true`");
        }
        let constant = match schema.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(only)]) => Some(only.clone()),
            _ => None,
        };
        Some(Parameter {
            rust_name: value.get("x-rust-name").and_then(Value::as_str).map_or_else(|| names::field(&name), str::to_owned),
            description: self.text(at, Some(value), "description", "say what it means, with units and limits"),
            name,
            place,
            required,
            ty,
            constant,
        })
    }

    fn faces(&self, at: &str, value: &Value, operation: &Operation) -> Vec<Face> {
        let auth = match value.get("security") {
            Some(own) => self.auth(&format!("{at}/security"), Some(own)),
            None => self.auth("/security", self.document.at("/security")),
        };
        let plain = Face {
            method: operation.method_of_id().to_owned(),
            summary: self.text(at, Some(value), "summary", "say in one phrase what it does"),
            description: self.text(
                at,
                Some(value),
                "description",
                "say what it does, what it costs in time, and what is special about it",
            ),
            fixed: BTreeMap::new(),
            auth,
            idempotent: operation.verb == "GET" || self.flag(at, value, "x-idempotent"),
            free: self.flag(at, value, "x-free"),
            body: self.body(at, value, "application/json"),
            form: self.body(at, value, "multipart/form-data"),
            answer: self.answer(at, value),
        };
        let Some(listed) = value.get("x-faces") else {
            self.check_free(at, &plain, operation);
            return vec![plain];
        };
        let faces: Vec<Face> = listed
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, face)| self.face(&format!("{at}/x-faces/{index}"), face, &plain, operation))
            .collect();
        for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
            let fixing = faces.iter().filter(|face| face.fixed.contains_key(&parameter.name)).count();
            if fixing != 0 && fixing != faces.len() {
                let what = format!("`{}` is required, but only some faces fix it", parameter.name);
                self.problem(&format!("{at}/x-faces"), what, "fix it in every face, or declare it with `required: false`");
            }
        }
        if faces.first().is_none_or(|first| first.method != operation.method_of_id()) {
            let mend = "let operationId name the first face, so that both ways lead to the same method";
            self.problem(&format!("{at}/x-faces"), "the first face and operationId name different methods", mend);
        }
        faces
    }

    fn face(&self, at: &str, value: &Value, plain: &Face, operation: &Operation) -> Face {
        let mut face = plain.clone();
        face.method = self.text(at, Some(value), "method", "name the method");
        face.summary = self.text(at, Some(value), "summary", "say in one phrase what it does");
        if let Some(description) = value.get("description").and_then(Value::as_str) {
            face.description = description.trim().to_owned();
        }
        face.idempotent = face.idempotent || self.flag(at, value, "x-idempotent");
        face.free = face.free || self.flag(at, value, "x-free");
        self.check_free(at, &face, operation);
        if let Some(security) = value.get("security") {
            face.auth = self.auth(&format!("{at}/security"), Some(security));
        }
        for (key, target) in [("body", true), ("answer", false)] {
            let Some(name) = value.get(key).and_then(Value::as_str) else { continue };
            if self.document.at(&format!("/components/schemas/{}", escape(name))).is_none() {
                self.problem(&format!("{at}/{key}"), format!("there is no schema `{name}`"), "name a schema of this document");
            } else if target {
                face.body = Some(name.to_owned());
            } else {
                face.answer = Answer::Json(Type::Named(name.to_owned()));
            }
        }
        for (name, fixed) in value.get("fixed").and_then(Value::as_object).into_iter().flatten() {
            if operation.parameters.iter().all(|parameter| parameter.name != *name) {
                let what = format!("`{name}` is no parameter of this operation");
                self.problem(
                    &format!("{at}/fixed/{}", escape(name)),
                    what,
                    "declare it under `parameters` with `required: false`",
                );
            }
            face.fixed.insert(name.clone(), fixed.as_str().map_or_else(|| fixed.to_string(), str::to_owned));
        }
        face
    }

    /// What changes nothing may be sent twice.
    fn check_free(&self, at: &str, face: &Face, operation: &Operation) {
        if face.free && (!face.idempotent || operation.websocket.is_some()) {
            let what = "`x-free` says that it changes nothing and is not billed, but it can't be repeated";
            self.problem(&format!("{at}/x-free"), what, "add `x-idempotent: true`, or leave `x-free` out");
        }
    }

    /// The first alternative that a key can satisfy.
    fn auth(&self, at: &str, security: Option<&Value>) -> Auth {
        let listed = security.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut session = false;
        let mut none = listed.is_empty();
        for name in listed.iter().filter_map(Value::as_object).map(|entry| entry.keys().next()) {
            let Some(name) = name else {
                none = true;
                continue;
            };
            let Some(scheme) = self.document.at(&format!("/components/securitySchemes/{}", escape(name))) else {
                self.problem(
                    at,
                    format!("there is no security scheme `{name}`"),
                    "declare it in root.yaml under components/securitySchemes",
                );
                none = true;
                continue;
            };
            let word = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
            match (word("type"), word("scheme"), word("in")) {
                ("http", "bearer", _) => return Auth::Bearer,
                ("apiKey", _, "header") => return Auth::Header(word("name").to_lowercase()),
                ("apiKey", _, "cookie") => session = true,
                _ => {}
            }
        }
        if !session && !none {
            let mend = "list a scheme that sends the key in a header or a session as a cookie; write `security: []` for neither";
            self.problem(at, "no key can satisfy any of these schemes", mend);
        }
        if session { Auth::Session } else { Auth::None }
    }
}
