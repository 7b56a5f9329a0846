//! The families of tasks, as the documents describe them: a new one is tested because it is there.

use std::fmt::Debug;

use octopusx::tasks::{TaskAnswer, TaskRef, Wait, WaitAll};
use octopusx::{Client, documents, openoctopus};
use serde_json::{Value, json};

use crate::support;

pub const ID: &str = "task-7:ä/1";

/// One kind of task of one gateway.
#[derive(Clone)]
pub struct Family {
    pub system: &'static str,
    pub kind: String,
    /// The schema of its answers.
    form: String,
    word: Value,
    /// An answer of the query, without what the test says of the task.
    blank: Value,
    /// Whether the place of the error holds an object.
    error_is_object: bool,
}

/// What an answer says of the task.
#[derive(Clone, Debug, Default)]
pub struct Say {
    pub word: &'static str,
    pub progress: Option<Value>,
    pub url: Option<&'static str>,
    pub inline: Option<&'static str>,
    /// The words of the error; empty for an error of empty words.
    pub error: Option<&'static str>,
    pub action: Option<String>,
}

/// Every family of both documents.
pub fn families() -> Vec<Family> {
    let documents = [("octopusx", documents::octopusx()), ("openoctopus", documents::openoctopus())];
    documents.into_iter().flat_map(|(system, text)| of_document(system, &serde_json::from_str(text).unwrap())).collect()
}

fn of_document(system: &'static str, document: &Value) -> Vec<Family> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let kinds = schemas.iter().filter(|(_, schema)| schema["x-task"]["kind"].is_string());
    let forms = kinds.flat_map(|(name, kind)| {
        let query = kind["x-task"]["query"].as_str().unwrap();
        let others = schemas.iter().filter(move |(other, schema)| {
            // The same route may answer in another form, which the client reads as the first.
            let word = &schema["x-task"];
            *other != name && word["query"] == query && word["urls"].is_array() && answers_with(document, query, other)
        });
        std::iter::once((name, kind)).chain(others).map(|(form, schema)| family(system, document, kind, form, schema))
    });
    forms.collect()
}

/// A family by its answer's schema, `form`; `kind` is the schema that the client knows it by.
fn family(system: &'static str, document: &Value, kind: &Value, form: &str, schema: &Value) -> Family {
    let mut word = kind["x-task"].clone();
    word.as_object_mut().unwrap().extend(schema["x-task"].as_object().unwrap().clone());
    let operation = operation(document, word["query"].as_str().unwrap());
    let mut blank = example(document, operation, form);
    for key in ["urls", "error", "progress", "inline"] {
        pointers(&word, key).iter().for_each(|pointer| clear(&mut blank, pointer));
    }
    if let Some(pointer) = word["no_media"]["at"].as_str() {
        clear(&mut blank, pointer);
    }
    let error = pointers(&word, "error").first().map(|pointer| type_at(document, schema, pointer));
    let name = word["kind"].as_str().unwrap().to_owned();
    Family {
        system,
        kind: name,
        form: form.to_owned(),
        word,
        blank,
        error_is_object: error.is_some_and(|error| error == "object"),
    }
}

/// The examples of an operation's answer: the schema that each belongs to, and its value.
fn examples<'d>(document: &'d Value, operation: &'d Value) -> impl Iterator<Item = (Option<&'d str>, &'d Value)> {
    let examples = operation["responses"]["200"]["content"]["application/json"]["examples"].as_object().unwrap();
    examples.values().map(|example| {
        let example = example["$ref"].as_str().map_or(example, |reference| document.pointer(&reference[1..]).unwrap());
        (example["x-schema"].as_str(), &example["value"])
    })
}

/// Whether an operation shows an answer of this schema.
fn answers_with(document: &Value, method: &str, schema: &str) -> bool {
    examples(document, operation(document, method)).any(|(own, _)| own == Some(schema))
}

/// The operation that has a method, `<tag>_<method>`.
fn operation<'d>(document: &'d Value, method: &str) -> &'d Value {
    let all = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let mut found = all.filter(|operation| {
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        let faces = operation["x-faces"].as_array().into_iter().flatten();
        operation["operationId"] == method
            || faces.filter_map(|face| face["method"].as_str()).any(|face| method == format!("{tag}_{face}"))
    });
    found.next().unwrap_or_else(|| panic!("no operation has the method {method}"))
}

/// The answer's first example of a form that names a task's state.
fn example(document: &Value, operation: &Value, form: &str) -> Value {
    let of_form = || examples(document, operation).filter(|(own, _)| own.is_none_or(|own| own == form)).map(|(_, value)| value);
    let states = ["/status", "/data/status", "/data/Status"];
    let mut telling = of_form().filter(|value| states.iter().any(|state| value.pointer(state).is_some_and(Value::is_string)));
    telling.next().unwrap().clone()
}

fn pointers(word: &Value, key: &str) -> Vec<String> {
    word[key].as_array().into_iter().flatten().map(|pointer| pointer.as_str().unwrap().to_owned()).collect()
}

fn type_at(document: &Value, schema: &Value, pointer: &str) -> String {
    let mut at = schema;
    for step in pointer.split('/').skip(1) {
        at = resolve(document, &resolve(document, at)["properties"][step]);
    }
    at["type"].as_str().unwrap_or_default().to_owned()
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let inner = schema["allOf"].as_array().or(schema["anyOf"].as_array()).map(|all| &all[0]);
    match schema["$ref"].as_str().or_else(|| inner?["$ref"].as_str()) {
        Some(reference) => resolve(document, document.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

fn clear(value: &mut Value, pointer: &str) {
    let (holder, name) = pointer.rsplit_once('/').unwrap();
    if name == "*" {
        return clear(value, holder);
    }
    if holder.contains('*') {
        return clear(value, &holder[..holder.find("/*").unwrap()]);
    }
    if let Some(Value::Object(members)) = value.pointer_mut(holder) {
        members.remove(name);
    }
}

/// Writes a value at a pointer, with what is missing on the way.
fn write(value: &mut Value, pointer: &str, new: Value) {
    let mut at = value;
    for step in pointer.split('/').skip(1) {
        at = match step {
            "*" => {
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut().unwrap();
                if items.is_empty() {
                    items.push(Value::Null);
                }
                &mut items[0]
            }
            name => {
                if !at.is_object() {
                    *at = json!({});
                }
                at.as_object_mut().unwrap().entry(name).or_insert(Value::Null)
            }
        };
    }
    *at = new;
}

impl Family {
    /// The first place of a thing.
    fn place(&self, key: &str) -> Option<String> {
        pointers(&self.word, key).into_iter().next()
    }

    /// The body that says so.
    pub fn body(&self, say: &Say) -> String {
        let mut body = self.blank.clone();
        let mut put = |key: &str, value: Value| {
            if let Some(place) = self.place(key) {
                write(&mut body, &place, value);
            }
        };
        put("id", ID.into());
        put("status", say.word.into());
        if let Some(progress) = &say.progress {
            put("progress", progress.clone());
        }
        if let Some(url) = say.url {
            put("urls", url.into());
        }
        if let Some(inline) = say.inline {
            put("inline", inline.into());
        }
        if let Some(words) = say.error {
            put("error", if self.error_is_object { json!({"message": words, "code": ""}) } else { words.into() });
        }
        if let (Some(action), Some(place)) = (&say.action, self.word["no_media"]["at"].as_str()) {
            write(&mut body, place, action.as_str().into());
        }
        body.to_string()
    }

    pub fn has(&self, key: &str) -> bool {
        !self.word[key].is_null()
    }

    /// The first of a list of words that the document has for the family.
    pub fn first(&self, key: &str) -> Option<String> {
        pointers(&self.word, key).into_iter().next()
    }

    /// A word of a kind of work whose result has no address.
    pub fn without_media(&self) -> Option<String> {
        self.word["no_media"]["values"][0].as_str().map(str::to_owned)
    }

    pub fn task(&self) -> TaskRef {
        serde_json::from_value(json!({"system": self.system, "kind": self.kind, "id": ID})).unwrap()
    }

    /// Waiting for its task at a server, as one of many.
    pub fn wait_all(&self, base: &str) -> WaitAll {
        match self.system {
            "octopusx" => support::client(base).wait_all([self.task()]),
            _ => second(base).wait_all([self.task()]),
        }
    }

    /// Waiting for its task at a server.
    pub fn wait(&self, base: &str) -> Wait<TaskAnswer> {
        match self.system {
            "octopusx" => support::client(base).resume(&self.task()),
            _ => second(base).resume(&self.task()),
        }
    }
}

/// A client of the second gateway for a server of the test.
fn second(base: &str) -> openoctopus::Client {
    let builder = openoctopus::Client::builder().key(support::KEY).base_url(base);
    builder.http(|http| http.tls_certs_only([])).build().unwrap()
}

impl Debug for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.system, self.kind, self.form)
    }
}

/// The kinds that both clients can follow are those of the documents.
#[test]
fn every_family_has_a_handle_and_is_known_by_its_name() {
    let mut kinds: Vec<String> = families().into_iter().map(|family| family.kind).collect();
    assert_eq!(kinds.len(), 10, "nine kinds, one of which is answered about in two forms: {kinds:?}");
    kinds.dedup();
    let client: Client = support::offline();
    let handles = [
        client.tasks().video("v").task_ref(),
        client.tasks().unified_video("v").task_ref(),
        client.tasks().video_generation("v").task_ref(),
        client.tasks().vidu("v").task_ref(),
        client.tasks().jimeng_image("v").task_ref(),
        client.tasks().seedance_asset("v").task_ref(),
        client.tasks().midjourney("v").task_ref(),
        client.tasks().suno("v").task_ref(),
        second("http://127.0.0.1:9").tasks().generation("v").task_ref(),
    ];
    for handle in &handles {
        assert!(kinds.iter().any(|kind| kind == handle.kind()), "{handle:?}");
    }
    assert_eq!(handles.len(), kinds.len(), "a family of the documents is missing here: {kinds:?}");
}
