//! Tests of whole stories with a small made document: what the real ones may come to say, all in one place.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::builder::GatewayBuilder;
use crate::document::Document;
use crate::server::System;

const URL: &str = "http://127.0.0.1:9";

fn content(schema: &str, examples: Value) -> Value {
    json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}, "examples": examples}})
}

fn failures() -> Value {
    json!({"content": content("Error", json!({
        "key": {"x-status": 401, "value": {"code": "no_key", "message": "the key is wrong", "data": null}},
        "other": {"value": {"code": "x", "message": "y", "data": null}}}))})
}

fn operation(id: &str, schema: &str, more: Value, examples: Value) -> Value {
    let responses = json!({"200": {"content": content(schema, examples)}, "default": failures()});
    let mut operation = json!({"operationId": id, "tags": ["jm"], "responses": responses});
    operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    operation
}

fn bytes(kind: &str) -> Value {
    let media = json!({"schema": {"type": "string", "format": "binary"}});
    json!({"200": {"content": {kind: media}}, "default": failures()})
}

fn task_paths() -> Value {
    let body = json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}}}});
    let action = json!([{"name": "Action", "in": "query", "required": false, "schema": {"type": "string"}}]);
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let faces = json!([
        {"method": "submit", "fixed": {"Action": "Submit"}, "body": "Order", "answer": "Submitted"},
        {"method": "result", "fixed": {"Action": "Result"}, "body": "Question", "answer": "Result", "x-idempotent": true}]);
    let success = json!({"at": "/code", "values": [10000]});
    let jm = operation(
        "jm_submit",
        "Either",
        json!({"parameters": action, "requestBody": body, "x-faces": faces, "x-success": success}),
        json!({
            "failed": {"x-schema": "Submitted", "value": {"code": 1, "data": {"task_id": "t"}}},
            "new": {"x-schema": "Submitted", "value": {"code": 10000, "data": {"task_id": "67fb-1", "status": "submitted"}}},
            "working": {"x-schema": "Result", "value": {"code": 10000, "data": {"status": "generating", "image_urls": null}}},
            "done": {"x-schema": "Result", "value": {"code": 10000, "data": {"status": "success",
                "image_urls": ["https://example.com/1.png", "https://example.com/2.png"]}}}}),
    );
    let submit = operation(
        "mj_submit",
        "MjSubmitted",
        json!({"requestBody": body}),
        json!({"one": {"value": {"code": 1, "description": "ok", "result": 17}}}),
    );
    let get = operation(
        "mj_get",
        "MjTask",
        json!({"parameters": id}),
        json!({
            "failed": {"value": {"id": 17, "status": "FAILURE", "progress": "10%", "imageUrl": "", "failReason": "bad"}},
            "done": {"value": {"id": 17, "status": "SUCCESS", "progress": "100%", "imageUrl": "https://example.com/a.png",
                "submitTime": 1_700_000_000_000_i64, "finishTime": 1_700_000_100_000_i64, "failReason": "why"}}}),
    );
    json!({
        "/jm": {"post": jm},
        "/mj/submit": {"post": submit},
        "/mj/{id}": {"get": get},
        "/mj/{id}/file": {"get": {"operationId": "mj_file", "parameters": id, "responses": bytes("image/*")}},
    })
}

fn other_paths() -> Value {
    let body = json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}}}});
    let events = json!({"b": {"value": {"type": "start", "about": {"model": "m"}}}, "a": {"value": {"type": "stop"}}});
    let events = json!({"schema": {"$ref": "#/components/schemas/Event"}, "examples": events});
    let whole_or_events = json!({"200": {"content": {
        "application/json": {"example": {"whole": true}}, "text/event-stream": events}}});
    let unbuilt = json!({"value": {"message": "nobody built it"}});
    let unbuilt = json!({"200": {"description": "?"}, "501": {"content": content("Error", json!({"one": unbuilt}))}});
    let text = json!({"200": {"content": {"text/plain": {"example": "hello"}}}});
    json!({
        "/speech": {"post": {"operationId": "speech", "requestBody": body, "responses": bytes("audio/mpeg")}},
        "/events": {"post": {"operationId": "events", "requestBody": body, "responses": whole_or_events,
            "x-stream": {"switch": "stream", "last": ["stop"]}}},
        "/always": {"post": {"operationId": "always", "requestBody": body, "responses": whole_or_events,
            "x-stream": {"end": "[DONE]"}}},
        "/unbuilt": {"post": {"operationId": "unbuilt", "requestBody": body, "responses": unbuilt}},
        "/text": {"get": {"operationId": "text", "security": [], "responses": text}},
        "/none": {"delete": {"operationId": "none", "responses": {"204": {"description": "gone"}}}},
        "/empty": {"get": {"operationId": "empty", "responses": {"200": {"content": {"application/json": {}}}}}},
        "/socket": {"get": {"operationId": "socket", "responses": {"101": {"description": "switch"}}}},
    })
}

fn schemas() -> Value {
    let words =
        |words: Value| json!({"type": "object", "properties": {"status": {"type": "string", "x-extensible-enum": words}}});
    let mut task = words(json!(["NOT_START", "IN_PROGRESS", "FAILURE", "SUCCESS"]));
    task["x-task"] = json!({"id": ["/id"], "status": ["/status"], "progress": ["/progress"], "error": ["/failReason"],
        "urls": ["/imageUrl", "/videoUrl"], "query": "mj_get", "content": "mj_file"});
    let body = json!({"schema": "Question", "id": "/about/task_id"});
    let submitted = json!({"id": ["/data/task_id"], "query": "jm_result", "query_body": body});
    let result = json!({"status": ["/data/status"], "urls": ["/data/image_urls/*"], "query": "jm_result", "query_body": body});
    json!({
        "Error": {"type": "object"},
        "Event": {"type": "object", "discriminator": {"propertyName": "type"}},
        "Order": {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}},
        "Question": {"type": "object", "required": ["about"], "properties": {"about": {"type": "object"}}},
        "Either": {"anyOf": [{"$ref": "#/components/schemas/Submitted"}, {"$ref": "#/components/schemas/Result"}]},
        "Submitted": {"type": "object", "x-task": submitted,
            "properties": {"data": {"allOf": [{"$ref": "#/components/schemas/SubmittedData"}]}}},
        "SubmittedData": words(json!(["submitted"])),
        "Result": {"type": "object", "x-task": result, "properties": {"data": {"$ref": "#/components/schemas/ResultData"}}},
        "ResultData": words(json!(["generating", "success", "failed"])),
        "MjSubmitted": {"type": "object", "x-task": {"id": ["/result"], "query": "mj_get"}},
        "MjTask": task,
    })
}

fn document() -> Value {
    let mut paths = task_paths();
    paths.as_object_mut().unwrap().extend(other_paths().as_object().unwrap().clone());
    let schemes = json!({"bearer": {"type": "http", "scheme": "bearer"}});
    let components = json!({"securitySchemes": schemes, "schemas": schemas()});
    json!({"openapi": "3.0.3", "security": [{"bearer": []}], "paths": paths, "components": components})
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// Two vendors on one path. Nothing but the task tells in which of two shapes it is answered.
fn films() -> Value {
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let orders = json!({
        "short": {"x-schema": "ShortOrder", "x-docs": "en/films/make", "value": {"prompt": "x"}},
        "rich": {"x-schema": "RichOrder", "x-docs": "en/films/rich/make", "value": {"scenes": []}}});
    let order = json!({"required": true, "content": {
        "application/json": {"schema": reference("Order"), "examples": orders},
        "multipart/form-data": {"schema": reference("Form")}}});
    let made = json!({
        "short": {"x-docs": "en/films/make", "value": {"id": "film_1", "size": "s"}},
        "rich": {"x-docs": "en/films/rich/make", "value": {"id": "rich_1"}}});
    let rich = json!({"data": {"id": "rich_1", "state": "QUEUED"}});
    let told = json!({
        "waiting": {"x-schema": "Short", "value": {"id": "film_1", "state": "queued"}},
        "record": {"x-schema": "Rich", "x-docs": "en/films/rich/query", "value": rich}});
    let faces = json!([{"method": "get", "answer": "Short"}, {"method": "get_rich", "answer": "Rich"}]);
    let get = json!({"tags": ["films"], "parameters": id, "x-faces": faces});
    let any = json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}}}});
    let old = json!({"old": {"x-schema": "Old", "value": {"old_id": "old_1", "state": "queued"}}});
    let both = json!({"short": told["waiting"], "old": old["old"]});
    let faces = json!([{"method": "more", "answer": "Short"}, {"method": "more_old", "answer": "Old"}]);
    let more = json!({"tags": ["films"], "requestBody": any, "x-faces": faces});
    let paths = json!({
        "/films": {"post": operation("films_make", "Made", json!({"requestBody": order}), made)},
        "/films/{id}": {"get": operation("films_get", "Film", get, told)},
        "/more": {"post": operation("films_more", "More", more, both)},
        "/begin": {"post": operation("films_begin", "Old", json!({"requestBody": any}), old.clone())},
        "/old/{id}": {"get": operation("films_old", "Old", json!({"parameters": id}), old)}});
    let schemes = json!({"bearer": {"type": "http", "scheme": "bearer"}});
    let components = json!({"securitySchemes": schemes, "schemas": film_schemas()});
    json!({"openapi": "3.0.3", "security": [{"bearer": []}], "paths": paths, "components": components})
}

fn film_schemas() -> Value {
    let task = |id: &str, state: Option<&str>, query: &str| {
        let words = json!({"id": [id], "status": state.into_iter().collect::<Vec<_>>(), "query": query});
        json!({"type": "object", "x-task": words})
    };
    let either = |names: [&str; 2]| json!({"anyOf": names.map(reference)});
    let picture = json!({"type": "string", "format": "binary"});
    json!({
        "Error": {"type": "object"},
        "Order": either(["ShortOrder", "RichOrder"]),
        "ShortOrder": {"type": "object", "required": ["prompt"]},
        "RichOrder": {"type": "object", "required": ["scenes"]},
        "Form": {"type": "object", "required": ["image"], "properties": {"image": picture, "size": {"type": "string"}}},
        "Made": task("/id", None, "films_get"),
        "Film": either(["Short", "Rich"]),
        "Short": task("/id", Some("/state"), "films_get"),
        "Rich": task("/data/id", Some("/data/state"), "films_get"),
        "More": either(["Short", "Old"]),
        "Old": task("/old_id", Some("/state"), "films_old"),
    })
}

struct Story {
    system: System,
}

impl Story {
    fn new(step: Duration) -> Self {
        Self::of(document(), step)
    }

    fn of(document: Value, step: Duration) -> Self {
        let document = Document::parse(&document.to_string()).map_err(|error| error.to_string()).unwrap();
        let builder = GatewayBuilder::default().task_step(step).chunk_pause(Duration::ZERO);
        Self { system: builder.system(Arc::new(document), URL, "k", &Arc::default(), &Arc::default()) }
    }

    async fn raw(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, HeaderMap, String) {
        let mut request = http::Request::builder().method(method).uri(path).header("authorization", "Bearer k");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.system.handle(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (head.status, head.headers, String::from_utf8_lossy(&body).into_owned())
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, _, text) = self.raw(method, path, body).await;
        (status.as_u16(), serde_json::from_str(&text).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.json(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.json(Method::POST, path, Some(body)).await
    }
}

#[tokio::test]
async fn a_task_behind_faces_is_asked_for_in_the_body() {
    let story = Story::new(Duration::ZERO);
    let (status, made) = story.post("/jm?Action=Submit", json!({"prompt": "x"})).await;
    let id = made["data"]["task_id"].as_str().unwrap().to_owned();
    assert_eq!((status, &made["code"]), (200, &json!(10000)));
    assert!(id.starts_with("67fb-") && id != "67fb-1");
    let mut states = Vec::new();
    let mut last = Value::Null;
    for _ in 0..5 {
        last = story.post("/jm?Action=Result", json!({"about": {"task_id": id}})).await.1;
        states.push(last["data"]["status"].clone());
    }
    assert_eq!(states, ["generating", "generating", "generating", "success", "success"]);
    let url = format!("{URL}/mock-files/{id}.png");
    assert_eq!(last["data"]["image_urls"], json!([url, url]));
    assert_eq!(last["data"]["task_id"], Value::Null, "the answer names no id, and none is put into it");
    let (status, unknown) = story.post("/jm?Action=Result", json!({"about": {"task_id": "zzz"}})).await;
    let expected = json!({"code": "task_not_exist", "message": "no task has the id zzz", "data": null});
    assert_eq!((status, unknown), (404, expected));
    let (status, refused) = story.post("/jm?Action=Other", json!({})).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(status == 422 && message.ends_with("expected Action=Submit, or Action=Result"), "{message}");
    let (status, refused) = story.post("/jm?Action=Submit", json!({})).await;
    assert_eq!((status, &refused["error"]["violations"][0]["message"]), (422, &json!("\"prompt\" is a required property")));
}

#[tokio::test]
async fn numbers_percents_and_ends_keep_their_form() {
    let story = Story::new(Duration::ZERO);
    let (_, made) = story.post("/mj/submit", json!({})).await;
    let id = made["result"].as_u64().unwrap();
    let (status, refused) = story.json(Method::GET, &format!("/mj/{id}/file"), None).await;
    assert_eq!((status, &refused["code"]), (400, &json!("task_not_finished")));
    let (_, first) = story.get(&format!("/mj/{id}")).await;
    assert_eq!(
        first,
        json!({"id": id, "status": "IN_PROGRESS", "progress": "25%", "submitTime": 1_700_000_000_000_i64, "failReason": ""})
    );
    for _ in 0..3 {
        story.get(&format!("/mj/{id}")).await;
    }
    let (_, done) = story.get(&format!("/mj/{id}")).await;
    assert_eq!(done["imageUrl"], format!("{URL}/mock-files/{id}.png"));
    assert_eq!(done["videoUrl"], Value::Null);
    assert_eq!((&done["progress"], &done["status"]), (&json!("100%"), &json!("SUCCESS")));
    let (status, headers, _) = story.raw(Method::GET, &format!("/mj/{id}/file"), None).await;
    assert_eq!((status.as_u16(), headers["content-type"].to_str().unwrap()), (200, "image/png"));
    let (status, refused) = story.get("/mj/5/file").await;
    assert_eq!((status, &refused["code"]), (404, &json!("task_not_exist")));
}

#[tokio::test]
async fn a_task_moves_with_time() {
    let story = Story::new(Duration::from_secs(3600));
    let (_, made) = story.post("/mj/submit", json!({})).await;
    for _ in 0..3 {
        let (_, state) = story.get(&format!("/mj/{}", made["result"])).await;
        assert_eq!((&state["status"], &state["progress"]), (&json!("NOT_START"), &json!("0%")));
    }
}

#[tokio::test]
async fn events_come_in_order_and_only_when_asked_for() {
    let story = Story::new(Duration::ZERO);
    assert_eq!(story.post("/events", json!({})).await, (200, json!({"whole": true})));
    let (_, headers, text) = story.raw(Method::POST, "/events", Some(json!({"stream": true}))).await;
    assert_eq!(headers["content-type"], "text/event-stream");
    let start = r#"{"type":"start","about":{"model":"m"}}"#;
    assert_eq!(text, format!("event: start\ndata: {start}\n\nevent: stop\ndata: {{\"type\":\"stop\"}}\n\n"));
    let (_, _, text) = story.raw(Method::POST, "/always", Some(json!({"model": "m-2"}))).await;
    let start = start.replace("\"m\"", "\"m-2\"");
    assert_eq!(text, format!("data: {start}\n\ndata: {{\"type\":\"stop\"}}\n\ndata: [DONE]\n\n"));
}

#[tokio::test]
async fn other_kinds_of_answers_are_served_too() {
    let story = Story::new(Duration::ZERO);
    let (status, headers, body) = story.raw(Method::POST, "/speech", Some(json!({}))).await;
    assert_eq!((status.as_u16(), headers["content-type"].to_str().unwrap()), (200, "audio/mpeg"));
    assert!(!body.is_empty());
    let (status, headers, body) = story.raw(Method::GET, "/text", None).await;
    assert_eq!((status.as_u16(), headers["content-type"].to_str().unwrap(), body.as_str()), (200, "text/plain", "hello"));
    let (status, _, body) = story.raw(Method::DELETE, "/none", None).await;
    assert_eq!((status.as_u16(), body.as_str()), (204, ""));
    let (status, headers, _) = story.raw(Method::GET, "/socket", None).await;
    assert_eq!((status, headers["upgrade"].to_str().unwrap()), (StatusCode::UPGRADE_REQUIRED, "websocket"));
    let (status, refused) = story.post("/unbuilt", json!({})).await;
    assert_eq!((status, &refused["message"]), (501, &json!("nobody built it")));
    let (status, failed) = story.get("/empty").await;
    assert_eq!((status, &failed["error"]["type"]), (500, &json!("mock_error")));
}

#[tokio::test]
async fn a_wrong_key_gets_the_example_of_its_status() {
    let story = Story::new(Duration::ZERO);
    let request = http::Request::builder().uri("/mj/17").header("authorization", "Bearer other");
    let response = story.system.handle(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap();
    assert_eq!(body["message"], "the key is wrong");
}

#[tokio::test]
async fn a_task_is_told_in_the_shape_of_the_vendor_that_made_it() {
    let story = Story::of(films(), Duration::from_secs(3600));
    let made = story.post("/films", json!({"prompt": "x"})).await.1;
    let short = story.get(&format!("/films/{}", made["id"].as_str().unwrap())).await.1;
    assert_eq!(short, json!({"id": made["id"], "state": "queued"}));
    let made = story.post("/films", json!({"scenes": []})).await.1;
    assert!(made["id"].as_str().unwrap().starts_with("rich_"), "{made}");
    let rich = story.get(&format!("/films/{}", made["id"].as_str().unwrap())).await.1;
    assert_eq!(rich, json!({"data": {"id": made["id"], "state": "QUEUED"}}));
    let taken_for = story.system.log.last().operation.clone();
    assert_eq!(taken_for.as_deref(), Some("films_get_rich"));
    assert_eq!(story.get("/films/nobody").await.0, 404);
}

#[tokio::test]
async fn what_follows_a_task_is_followed_as_the_task_is() {
    let story = Story::of(films(), Duration::ZERO);
    let old = story.post("/begin", json!({})).await.1;
    let made = story.post("/more", json!({"source": [{"url": old["old_id"]}]})).await.1;
    assert_eq!(story.get(&format!("/old/{}", made["old_id"].as_str().unwrap())).await.0, 200);
    let made = story.post("/more", json!({"source": "somewhere"})).await.1;
    assert_eq!(story.get(&format!("/films/{}", made["id"].as_str().unwrap())).await.0, 200);
}

#[tokio::test]
async fn a_form_is_read_checked_and_recorded() {
    let story = Story::of(films(), Duration::ZERO);
    let send = async |body: &str| {
        let request = http::Request::builder().method("POST").uri("/films").header("authorization", "Bearer k");
        let request = request.header("content-type", "multipart/form-data; boundary=b").body(Body::from(body.to_owned()));
        let response = story.system.handle(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let head = "content-disposition: form-data; name=";
    let (status, made) = send(&format!(
        "--b\r\n{head}size\r\n\r\nl\r\n--b\r\n{head}image; filename=a.png\r\ncontent-type: image/png\r\n\r\nPNG\r\n--b--\r\n"
    ))
    .await;
    assert_eq!((status, &made["size"]), (200, &json!("l")));
    let parts = story.system.log.last().parts.clone();
    assert_eq!((parts[0].name.as_str(), parts[0].text(), &parts[0].file_name), ("size", Some("l"), &None));
    let file = (parts[1].file_name.as_deref(), parts[1].content_type.as_deref(), &parts[1].bytes[..]);
    assert_eq!(file, (Some("a.png"), Some("image/png"), &b"PNG"[..]));
    let (status, refused) = send(&format!("--b\r\n{head}image\r\n\r\n@a.png\r\n--b--\r\n")).await;
    assert_eq!((status, &refused["error"]["violations"][0]["pointer"]), (422, &json!("/image")));
    let (status, refused) = send("--c--").await;
    assert!(status == 422 && refused["error"]["message"].as_str().unwrap().contains("it is no form"), "{refused}");
}
