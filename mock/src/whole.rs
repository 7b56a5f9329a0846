//! Tests with the whole real documents: every documented request is accepted, every answer fits its schema, every task
//! comes to its end.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::builder::{DEFAULT_KEY, GatewayBuilder};
use crate::document::{Chosen, Document, Media, Operation, Place, Role, Scheme, TaskRule};
use crate::schema::Schema;
use crate::server::{Log, System};
use crate::sources;

const URL: &str = "http://127.0.0.1:9";

struct Case {
    root: Value,
    system: System,
}

fn cases() -> Vec<Case> {
    let case = |text: &str, document: Arc<Document>| {
        let builder = GatewayBuilder::default().task_step(Duration::ZERO).chunk_pause(Duration::ZERO);
        let system = builder.system(document, URL, DEFAULT_KEY, &Log::default());
        Case { root: serde_json::from_str(text).unwrap(), system }
    };
    vec![
        case(octopusx::documents::octopusx(), sources::octopusx().unwrap()),
        case(octopusx::documents::openoctopus(), sources::openoctopus().unwrap()),
    ]
}

/// One request to send: a face of an operation, and one of its documented bodies.
struct Plan<'d> {
    chosen: Chosen<'d>,
    body: Option<(String, Value)>,
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
            for face in faces {
                let chosen = Chosen { operation, face };
                let media = operation.body.iter().flat_map(|body| &body.media);
                let bodies: Vec<_> = media
                    .filter(|media| media.is_json())
                    .flat_map(|media| {
                        let wanted = face.and_then(|face| face.body.as_ref()?.name());
                        media
                            .examples
                            .iter()
                            .filter(move |example| {
                                wanted.is_none() || example.schema.as_deref().is_none_or(|own| Some(own) == wanted)
                            })
                            .map(|example| Some((media.kind.clone(), example.value.clone())))
                    })
                    .collect();
                let bodies = if bodies.is_empty() { vec![None] } else { bodies };
                plans.extend(bodies.into_iter().map(|body| Plan { chosen, body }));
            }
        }
        plans
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
        let body =
            plan.body.as_ref().map(|(kind, value)| (kind.clone(), id.map_or(value.clone(), |id| with_id(value, id)).to_string()));
        if let Some((kind, _)) = &body {
            request = request.header("content-type", kind);
        }
        request.uri(path).body(body.map_or_else(Body::empty, |(_, text)| Body::from(text))).unwrap()
    }

    async fn send(&self, request: Request) -> (StatusCode, String, Vec<u8>) {
        let response = self.system.handle(request).await;
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert!(response.headers().contains_key("x-request-id"));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, kind.unwrap_or_default(), body.to_vec())
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

/// A body that asks for another task: whatever member holds an id gets this one.
fn with_id(body: &Value, id: &str) -> Value {
    let mut body = body.clone();
    for name in ["task_id", "id"] {
        if let Some(place) = body.get_mut(name) {
            *place = json!(id);
        }
    }
    body
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
            // What asks about a task needs a real one: the other test makes them.
            if case.document().role(plan.chosen.id()).is_some() {
                continue;
            }
            let id = plan.chosen.id();
            let (status, kind, body) = case.send(case.request(&plan, None)).await;
            assert!(status.is_success(), "{id}: {status} {}", String::from_utf8_lossy(&body));
            match kind.as_str() {
                "application/json" => case.check_answer(plan.chosen, &serde_json::from_slice(&body).unwrap()),
                "text/event-stream" => check_events(&case, &plan, &String::from_utf8(body).unwrap()),
                _ => assert!(!body.is_empty(), "{id}: no bytes"),
            }
            let recorded = case.system.log.lock().unwrap().pop().unwrap();
            assert_eq!(recorded.operation.as_deref(), Some(id));
        }
    });
}

fn check_events(case: &Case, plan: &Plan<'_>, text: &str) {
    let media = case.media(plan.chosen, "text/event-stream");
    let frames: Vec<&str> = text.split_terminator("\n\n").collect();
    let data = frames.iter().map(|frame| frame.lines().find_map(|line| line.strip_prefix("data: ")).unwrap());
    let end = plan.chosen.operation.stream.as_ref().and_then(|rule| rule.end.as_deref());
    let mut events: Vec<&str> = data.collect();
    if end.is_some() {
        assert_eq!(events.pop(), end);
    }
    let events: Vec<Value> = events.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let documented: Vec<Value> = media.examples.iter().map(|example| example.value.clone()).collect();
    assert_eq!(events, documented);
}

/// The tasks that an operation makes.
fn made<'c>(case: &'c Case, chosen: Chosen<'_>) -> Option<&'c TaskRule> {
    let makes = !chosen.operation.reads && case.document().role(chosen.id()).is_none();
    let media = chosen.operation.answers.iter().flat_map(|answer| &answer.media).find(|media| media.is_json());
    let wanted = chosen.face.and_then(|face| face.answer.as_deref());
    let example = media?.examples.iter().find(|example| wanted.is_none() || example.schema.as_deref() == wanted);
    case.document().task_rule(media?, chosen.face, example).filter(|_| makes)
}

#[test]
fn every_task_is_followed_to_its_end() {
    run(async |case| {
        let mut followed = 0;
        for plan in case.plans() {
            let Some(rule) = made(&case, plan.chosen) else { continue };
            let id = plan.chosen.id();
            let (_, _, body) = case.send(case.request(&plan, None)).await;
            let created: Value = serde_json::from_slice(&body).unwrap();
            let task = rule.id[0].read(&created).unwrap_or_else(|| panic!("{id} answers {created} without an id"));
            let task = task.as_str().map_or_else(|| task.to_string(), str::to_owned);
            let Some(query) = rule.query.as_deref().and_then(|query| case.document().named(query)) else { continue };
            follow(&case, rule, query, &task).await;
            followed += 1;
        }
        assert!(followed > 0);
    });
}

async fn follow(case: &Case, rule: &TaskRule, query: Chosen<'_>, task: &str) {
    let body = || {
        let media = query.operation.body.iter().flat_map(|body| &body.media).next()?;
        let wanted = query.face.and_then(|face| face.body.as_ref()?.name());
        let mut fitting = media.examples.iter().filter(|one| wanted.is_none() || one.schema.as_deref() == wanted);
        Some((media.kind.clone(), fitting.next()?.value.clone()))
    };
    let content = rule.content.as_deref().and_then(|content| case.document().named(content));
    let mut states = Vec::new();
    let mut last = Value::Null;
    for poll in 0..6 {
        if let Some(chosen) = content.filter(|_| poll == 0) {
            let (status, ..) = case.send(case.request(&Plan { chosen, body: None }, Some(task))).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{}: a task that waits has no content", chosen.id());
        }
        let plan = Plan { chosen: query, body: body() };
        let (status, _, answer) = case.send(case.request(&plan, Some(task))).await;
        assert_eq!(status, StatusCode::OK, "{}: {}", query.id(), String::from_utf8_lossy(&answer));
        last = serde_json::from_slice(&answer).unwrap();
        case.check_answer(query, &last);
        let media = case.media(query, "application/json");
        let own = case.document().task_rule(media, query.face, None).unwrap_or(rule);
        states.push(own.status.iter().find_map(|pointer| pointer.read(&last)).cloned().unwrap_or_default());
    }
    states.dedup();
    let text = last.to_string();
    assert!(rule.urls.is_empty() || text.contains(&format!("{URL}/mock-files/")), "{}: {states:?} {text}", query.id());
    if let Some(chosen) = content {
        let (status, _, bytes) = case.send(case.request(&Plan { chosen, body: None }, Some(task))).await;
        assert!(status.is_success() && !bytes.is_empty(), "{}: {status}", chosen.id());
    }
    let plan = Plan { chosen: query, body: body() };
    let (status, ..) = case.send(case.request(&plan, Some("nobody-made-this"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{}", query.id());
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
        assert!(matches!(case.system.log.lock().unwrap().as_slice(), [only] if only.operation.is_none()));
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
