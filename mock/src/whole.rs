//! Tests with the whole real documents: every documented request is accepted, every answer fits its schema, every task
//! comes to its end.
#![allow(clippy::unwrap_used, clippy::panic)]

mod scripts;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::answer::tell_model;
use crate::builder::{DEFAULT_KEY, GatewayBuilder};
use crate::document::{Chosen, Document, Example, Media, Operation, Place, Role, Scheme, TaskRule};
use crate::pointer::Pointer;
use crate::request::RecordedRequest;
use crate::schema::Schema;
use crate::server::System;
use crate::sources;
use crate::tasks::Class;

const URL: &str = "http://127.0.0.1:9";

struct Case {
    root: Value,
    system: System,
}

fn cases() -> Vec<Case> {
    let case = |text: &str, document: Arc<Document>| {
        let builder = GatewayBuilder::default().task_step(Duration::ZERO).chunk_pause(Duration::ZERO);
        let system = builder.system(document, URL, DEFAULT_KEY, &Arc::default(), &Arc::default());
        Case { root: serde_json::from_str(text).unwrap(), system }
    };
    vec![
        case(octopusx::documents::octopusx(), sources::octopusx().unwrap()),
        case(octopusx::documents::openoctopus(), sources::openoctopus().unwrap()),
    ]
}

/// One request to send: a face of an operation, and one of its documented bodies.
#[derive(Clone, Copy)]
struct Plan<'d> {
    chosen: Chosen<'d>,
    body: Option<(&'d Media, &'d Example)>,
}

impl Case {
    fn document(&self) -> &Document {
        &self.system.document
    }

    fn plans(&self) -> Vec<Plan<'_>> {
        let mut plans = Vec::new();
        for operation in &self.document().operations {
            let faces: Vec<_> = match operation.faces.is_empty() {
                true => vec![None],
                false => operation.faces.iter().map(Some).collect(),
            };
            plans.extend(faces.into_iter().flat_map(|face| self.plans_of(Chosen { operation, face })));
        }
        plans
    }

    /// One for each documented body, whatever its media type; one without where there is none.
    fn plans_of<'d>(&'d self, chosen: Chosen<'d>) -> Vec<Plan<'d>> {
        let wanted = chosen.face.and_then(|face| face.body.as_ref()?.name());
        let fits = |example: &Example| wanted.is_none() || example.schema.as_deref().is_none_or(|own| Some(own) == wanted);
        let media = chosen.operation.body.iter().flat_map(|body| &body.media);
        let bodies = media.flat_map(|media| media.examples.iter().map(move |example| (media, example)));
        let plans: Vec<_> = bodies.filter(|(_, example)| fits(example)).map(|body| Plan { chosen, body: Some(body) }).collect();
        if plans.is_empty() { vec![Plan { chosen, body: None }] } else { plans }
    }

    /// The documented example of a parameter, or something of its type.
    fn parameter_value(&self, operation: &Operation, name: &str, place: Place) -> String {
        let item = &self.root["paths"][&operation.template];
        let own = item[operation.method.as_str().to_lowercase()]["parameters"].as_array().cloned().unwrap_or_default();
        let all = own.into_iter().chain(item["parameters"].as_array().cloned().unwrap_or_default());
        let found = all.into_iter().find(|one| one["name"] == name && one["in"] == place.as_str()).unwrap_or_default();
        let shown = found.get("example").or_else(|| found.pointer("/schema/enum/0")).cloned();
        match shown.unwrap_or_else(|| panic!("{}: the parameter {name} has no example", operation.id)) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    fn request(&self, plan: &Plan<'_>, id: Option<&str>) -> Request {
        let operation = plan.chosen.operation;
        let mut path = operation.template.clone();
        let mut query = Vec::new();
        let mut request = http::Request::builder().method(operation.method.clone());
        for parameter in &operation.parameters {
            let name = &parameter.name;
            let fixed = plan.chosen.face.and_then(|face| face.fixed.get(name));
            if fixed.is_none() && !parameter.required {
                continue;
            }
            let shown = fixed.cloned().unwrap_or_else(|| self.parameter_value(operation, name, parameter.place));
            let value = match (id, parameter.place) {
                (Some(id), Place::Path | Place::Query) if fixed.is_none() => id.to_owned(),
                _ => shown,
            };
            let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
            match parameter.place {
                Place::Path => path = path.replace(&format!("{{{name}}}"), &encoded),
                Place::Query => query.push(format!("{name}={encoded}")),
                Place::Header => request = request.header(name, value),
                Place::Cookie => request = request.header("cookie", format!("{name}={value}")),
            }
        }
        let security = plan.chosen.face.and_then(|face| face.security.as_ref()).unwrap_or(&operation.security);
        for scheme in security.first().into_iter().flatten() {
            match scheme {
                Scheme::Bearer => request = request.header("authorization", format!("Bearer {DEFAULT_KEY}")),
                Scheme::Key { place: Place::Query, name } => query.push(format!("{name}={DEFAULT_KEY}")),
                Scheme::Key { place: Place::Cookie, name } => request = request.header("cookie", format!("{name}=s")),
                Scheme::Key { name, .. } => request = request.header(name, DEFAULT_KEY),
                Scheme::Other(name) => panic!("{}: unknown security {name}", operation.id),
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let Some((media, example)) = plan.body else { return request.uri(path).body(Body::empty()).unwrap() };
        let mut value = example.value.clone();
        let place = self.document().rule_of_query(plan.chosen.id()).and_then(|rule| rule.query_body.as_ref());
        if let (Some(id), Some(place)) = (id, place) {
            assert!(place.id.change(&mut value, &mut |place| *place = json!(id)), "{}: no id in {value}", plan.chosen.id());
        }
        let (kind, text) = match media.is_form() {
            true => ("multipart/form-data; boundary=mock", self.form(media, example)),
            false => (media.kind.as_str(), value.to_string()),
        };
        request.header("content-type", kind).uri(path).body(Body::from(text)).unwrap()
    }

    /// The parts that a documented form stands for: files by their names, lists part by part, objects as JSON.
    fn form(&self, media: &Media, example: &Example) -> String {
        let schemas = &self.document().schemas;
        let named = example.schema.as_deref().map(Schema::named);
        let schema = named.as_ref().or(media.schema.as_ref()).unwrap().raw();
        let is_file = |pointer: Pointer| schemas.at(schema, &pointer).iter().any(|facet| facet["format"] == "binary");
        let mut out = String::new();
        for (name, value) in example.value.as_object().unwrap() {
            let file = is_file(Pointer::member(name)) || is_file(Pointer::items_of(name));
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for value in values {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let file_name = text.rsplit(['/', '@']).next().unwrap();
                let head = if file { format!("; filename=\"{file_name}\"") } else { String::new() };
                out += &format!("--mock\r\ncontent-disposition: form-data; name=\"{name}\"{head}\r\n\r\n{text}\r\n");
            }
        }
        out + "--mock--\r\n"
    }

    async fn send(&self, request: Request) -> (StatusCode, String, Vec<u8>) {
        let response = self.system.handle(request).await.unwrap();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert!(response.headers().contains_key("x-request-id"));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, kind.unwrap_or_default(), body.to_vec())
    }

    /// The last request, and the method that it was taken for.
    fn recorded(&self) -> (RecordedRequest, Chosen<'_>) {
        let recorded = self.system.log.last();
        let chosen = self.document().named(recorded.operation.as_deref().unwrap()).unwrap();
        (recorded, chosen)
    }

    fn media(&self, chosen: Chosen<'_>, kind: &str) -> &Media {
        let named = self.document().named(chosen.id()).unwrap();
        let mut media = named.operation.answers.iter().flat_map(|answer| &answer.media);
        media.find(|media| media.kind == kind).unwrap_or_else(|| panic!("{}: an answer of {kind}", chosen.id()))
    }

    fn check_answer(&self, chosen: Chosen<'_>, value: &Value) {
        let id = chosen.id();
        let media = self.media(chosen, "application/json");
        let face = chosen.face.and_then(|face| face.answer.as_deref()).map(Schema::named);
        let schema = face.as_ref().or(media.schema.as_ref()).unwrap();
        let complaints = schema.complaints(&self.document().schemas, value).unwrap();
        assert!(complaints.is_empty(), "{id} answers {value}: {complaints:?}");
        if let Some(success) = &chosen.operation.success {
            assert!(success.holds(value), "{id} answers {value}, which is no success");
        }
    }
}

fn run(test: impl AsyncFn(Case)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for case in cases() {
        runtime.block_on(test(case));
    }
}

#[test]
fn every_documented_request_gets_an_answer_that_fits() {
    run(async |case| {
        for plan in case.plans() {
            let (id, operation) = (plan.chosen.id(), plan.chosen.operation);
            // What asks about a task needs a real one: the other test makes them.
            let role = |id: &str| matches!(case.document().role(id), Some(Role::Query | Role::Content));
            if role(id) || operation.faces.iter().any(|face| role(&face.id) && face.fixed.is_empty()) {
                continue;
            }
            let (status, kind, body) = case.send(case.request(&plan, None)).await;
            let text = String::from_utf8_lossy(&body);
            if operation.answers[0].status < 200 {
                assert_eq!(status, StatusCode::UPGRADE_REQUIRED, "{id}: {text}");
                continue;
            }
            assert_eq!(status.as_u16(), operation.answers[0].status, "{id}: {text}");
            let (recorded, taken_for) = case.recorded();
            assert!(told_apart(plan.chosen).is_none_or(|id| taken_for.id() == id), "{id} is taken for {}", taken_for.id());
            match kind.as_str() {
                "application/json" => case.check_answer(taken_for, &serde_json::from_slice(&body).unwrap()),
                "text/event-stream" => check_events(&case, &plan, &text),
                _ => assert!(!body.is_empty() || operation.answers[0].media.is_empty(), "{id}: no bytes"),
            }
            let is_form = plan.body.is_some_and(|(media, _)| media.is_form());
            assert_eq!(is_form, !recorded.parts.is_empty(), "{id}");
        }
    });
}

/// The method that a request is taken for in any case: faces that nothing in the request tells apart may be another.
fn told_apart(chosen: Chosen<'_>) -> Option<&str> {
    let marked = chosen.face.is_none_or(|face| !face.fixed.is_empty() || face.security.is_some());
    marked.then(|| chosen.id())
}

fn check_events(case: &Case, plan: &Plan<'_>, text: &str) {
    let id = plan.chosen.id();
    let media = case.media(plan.chosen, "text/event-stream");
    let rule = plan.chosen.operation.stream.as_ref().unwrap();
    let line = |frame: &str, start: &str| frame.lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned);
    let mut frames: Vec<&str> = text.split_terminator("\n\n").collect();
    let marked = rule.last.is_empty() && rule.finish.is_empty();
    if marked {
        assert_eq!(frames.pop().and_then(|frame| line(frame, "data: ")), rule.end, "{id}");
    }
    let mut documented: Vec<Value> = media.examples.iter().map(|example| example.value.clone()).collect();
    if let Some(model) = plan.body.and_then(|(_, example)| example.value.get("model")) {
        documented.iter_mut().for_each(|event| tell_model(event, model));
    }
    let events: Vec<Value> = frames.iter().map(|frame| serde_json::from_str(&line(frame, "data: ").unwrap()).unwrap()).collect();
    assert_eq!(events, documented, "{id}");
    for (event, frame) in events.iter().zip(&frames) {
        let complaints = media.schema.as_ref().unwrap().complaints(&case.document().schemas, event).unwrap();
        assert!(complaints.is_empty(), "{id} sends {event}: {complaints:?}");
        let name = rule.tag.as_ref().filter(|_| !rule.last.is_empty()).and_then(|tag| event[tag].as_str());
        assert_eq!(line(frame, "event: ").as_deref(), name, "{id}");
    }
    let last = events.last().unwrap();
    let is_last =
        rule.tag.as_ref().and_then(|tag| last[tag].as_str()).is_some_and(|word| rule.last.iter().any(|last| last == word));
    let finished = rule.finish.iter().any(|pointer| pointer.read(last).is_some_and(|value| !value.is_null()));
    assert!(marked || is_last || finished, "{id}: nothing says that the stream is over: {last}");
}

/// The tasks that an operation makes.
fn made<'c>(case: &'c Case, chosen: Chosen<'_>) -> Option<&'c TaskRule> {
    let makes = !chosen.reads() && case.document().role(chosen.id()).is_none();
    let media = chosen.operation.answers.iter().flat_map(|answer| &answer.media).find(|media| media.is_json());
    let wanted = chosen.face.and_then(|face| face.answer.as_deref());
    let example = media?.examples.iter().find(|example| wanted.is_none() || example.schema.as_deref() == wanted);
    case.document().task_rule(media?, chosen.face, example).filter(|rule| makes && !rule.id.is_empty())
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_task_is_followed_to_its_end() {
    run(async |case| {
        let mut queries = std::collections::BTreeSet::new();
        for plan in case.plans() {
            let Some(rule) = made(&case, plan.chosen) else { continue };
            let id = plan.chosen.id();
            let (_, _, body) = case.send(case.request(&plan, None)).await;
            let created: Value = serde_json::from_slice(&body).unwrap();
            let task = rule.id.iter().find_map(|pointer| pointer.read(&created));
            let task = task.unwrap_or_else(|| panic!("{id} answers {created} without an id"));
            let task = text_of(task);
            let query = rule.query.as_deref().unwrap_or_else(|| panic!("{id} makes tasks that nobody can ask about"));
            follow(&case, rule, case.document().named(query).unwrap(), &task).await;
            queries.insert(query);
        }
        let rules = case.document().rules().filter_map(|rule| rule.query.as_deref());
        assert_eq!(queries, rules.collect(), "some tasks can be asked about, but nothing makes them");
    });
}

async fn follow(case: &Case, rule: &TaskRule, query: Chosen<'_>, task: &str) {
    let plans = case.plans_of(query);
    let content = rule.content.as_deref().and_then(|content| case.document().named(content));
    let mut states = Vec::new();
    for poll in 0..6 {
        if let Some(chosen) = content.filter(|_| poll == 0) {
            let (status, ..) = case.send(case.request(&Plan { chosen, body: None }, Some(task))).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{}: a task that waits has no content", chosen.id());
        }
        let (status, _, answer) = case.send(case.request(&plans[poll % plans.len()], Some(task))).await;
        assert_eq!(status, StatusCode::OK, "{}: {}", query.id(), String::from_utf8_lossy(&answer));
        let last: Value = serde_json::from_slice(&answer).unwrap();
        let (_, taken_for) = case.recorded();
        case.check_answer(taken_for, &last);
        let media = case.media(taken_for, "application/json");
        let own = case.document().task_rule(media, taken_for.face, None).unwrap_or(rule);
        let state = own.status.iter().find_map(|pointer| pointer.read(&last)?.as_str()).and_then(Class::of);
        states.push(state.unwrap_or_else(|| panic!("{} answers {last} without a state", query.id())));
        let told = own.id.is_empty() || own.id.iter().filter_map(|pointer| pointer.read(&last)).any(|id| text_of(id) == task);
        assert!(told, "{} answers {last} for the task {task}", query.id());
        let urls = own.urls.iter().flat_map(|pointer| pointer.read_all(&last)).filter_map(Value::as_str);
        let urls: Vec<&str> = urls.filter(|url| !url.is_empty()).collect();
        let done = state == Some(Class::Done);
        assert_eq!(done && !own.urls.is_empty(), !urls.is_empty(), "{}: {last}", query.id());
        assert!(urls.iter().all(|url| url.starts_with(&format!("{URL}/mock-files/"))), "{}: {urls:?}", query.id());
    }
    states.dedup();
    assert!(
        matches!(states.as_slice(), [.., Class::Running, Class::Done] | [Class::Waiting, Class::Done]),
        "{}: {states:?}",
        query.id()
    );
    if let Some(chosen) = content {
        let (status, _, bytes) = case.send(case.request(&Plan { chosen, body: None }, Some(task))).await;
        assert!(status.is_success() && !bytes.is_empty(), "{}: {status}", chosen.id());
    }
    let (status, _, body) = case.send(case.request(&plans[0], Some("nobody-made-this"))).await;
    let text = String::from_utf8_lossy(&body);
    assert!([StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&status), "{}: {text}", query.id());
}

#[test]
fn a_missing_key_is_refused_wherever_one_is_needed() {
    run(async |case| {
        for plan in case.plans().into_iter().filter(|plan| !plan.chosen.operation.security.is_empty()) {
            let mut request = case.request(&plan, None);
            for name in ["authorization", "cookie", "x-api-key", "x-goog-api-key"] {
                request.headers_mut().remove(name);
            }
            let (status, kind, body) = case.send(request).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", plan.chosen.id());
            assert_eq!(kind, "application/json");
            assert!(serde_json::from_slice::<Value>(&body).unwrap().is_object());
        }
    });
}

#[test]
fn what_nobody_documented_is_not_found() {
    run(async |case| {
        let request = http::Request::builder().method(Method::PATCH).uri("/v1/nothing?a=b").body(Body::empty()).unwrap();
        let (status, _, body) = case.send(request).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let expected = json!({"error": {"message": "Invalid URL (PATCH /v1/nothing)",
            "type": "invalid_request_error", "param": "", "code": ""}});
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        assert!(matches!(case.system.log.all().as_slice(), [only] if only.operation.is_none()));
    });
}

#[test]
fn roles_belong_to_operations_that_can_play_them() {
    run(async |case| {
        for operation in &case.document().operations {
            if case.document().role(&operation.id) == Some(Role::Content) {
                let media = operation.answers.iter().flat_map(|answer| &answer.media);
                assert!(media.into_iter().any(Media::is_binary), "{} hands out no bytes", operation.id);
            }
        }
    });
}
