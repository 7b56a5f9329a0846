//! Whole stories against the embedded gateway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::openoctopus::images::ImageGenerationRequest;
use octopusx::openoctopus::videos::VideoGenerationRequest;
use octopusx::tasks::{Task, TaskState};
use octopusx::videos::{KlingVideoRequest, SoraVideoRequest, VeoVideoRequest, Video, VideoRemixRequest, VideoRequest};
use octopusx::{Client, openoctopus};
use octopusx_mock::Gateway;
use serde_json::json;

struct Stage {
    gateway: Gateway,
    client: Client,
    second: openoctopus::Client,
}

/// A gateway without pauses, and a client for each of its systems.
async fn stage() -> Stage {
    crate::watch::begin();
    let gateway = Gateway::builder().task_step(Duration::ZERO).chunk_pause(Duration::ZERO).start().await.unwrap();
    let client = Client::builder().base_url(gateway.url()).key(gateway.key()).build().unwrap();
    let second =
        openoctopus::Client::builder().base_url(gateway.openoctopus_url()).key(gateway.openoctopus_key()).build().unwrap();
    Stage { gateway, client, second }
}

#[tokio::test]
async fn a_video_is_created_awaited_and_saved() {
    let Stage { client, gateway: _gateway, .. } = stage().await;
    let task = client.videos().create(&SoraVideoRequest::new("sora-2", "a cat nods").seconds("10")).await.unwrap();
    assert_eq!(task.state(), TaskState::Waiting);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let done = client
        .wait(&task)
        .deadline(Duration::from_secs(20))
        .poll_every(Duration::from_millis(1))
        .on_progress(move |video: &Video| notes.lock().unwrap().push((video.state(), video.progress_percent())))
        .await
        .unwrap();
    assert_eq!((done.id.as_str(), done.state()), (task.id.as_str(), TaskState::Succeeded));
    assert!(done.media_urls()[0].starts_with("http://127.0.0.1"), "{:?}", done.media_urls());
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.last(), Some(&(TaskState::Succeeded, Some(100.0))));
    assert!(seen.iter().any(|(state, _)| state.is_running()), "{seen:?}");
    let progress: Vec<f64> = seen.iter().filter_map(|(_, percent)| *percent).collect();
    assert!(progress.is_sorted(), "{progress:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cat.mp4");
    let size = client.videos().content(&done.id).await.unwrap().save_to(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
    assert!(size > 0);
    assert!(!folder.path().join("cat.mp4.part").exists());
}

#[tokio::test]
async fn a_bare_answer_can_be_awaited_too() {
    let Stage { client, gateway: _gateway, .. } = stage().await;
    let task = client.videos().create(&VideoRequest::new("sora-2", "x")).await.unwrap().into_inner();
    let done = client.wait(&task).poll_every(Duration::from_millis(1)).await.unwrap();
    let again = client.videos().get(&done.id).await.unwrap();
    assert_eq!(again.status, done.status);
}

#[tokio::test]
async fn the_second_gateway_follows_its_own_tasks() {
    let Stage { second, gateway: _gateway, .. } = stage().await;
    let request = ImageGenerationRequest::new("openoctopus/seedream-4.5").prompt("a mascot").input([("size", "1024x1024")]);
    let queued = second.images().generate(&request).await.unwrap();
    let done = second.wait(&queued).poll_every(Duration::from_millis(1)).await.unwrap();
    assert_eq!(done.id, queued.id);
    assert_eq!(done.media_urls().len(), 1);
    let request =
        VideoGenerationRequest::new("openoctopus/kling-v2.1").prompt("a harbour").input([("durationSeconds", json!(5))]);
    let queued = second.videos().generate(&request).await.unwrap();
    assert!(!second.wait(&queued).poll_every(Duration::from_millis(1)).await.unwrap().media_urls().is_empty());
}

#[tokio::test]
async fn a_task_that_is_not_done_in_time_keeps_its_id() {
    let gateway = Gateway::builder().task_step(Duration::from_secs(60)).start().await.unwrap();
    let client = Client::builder().base_url(gateway.url()).key(gateway.key()).build().unwrap();
    let task = client.videos().create(&VeoVideoRequest::new("veo_3_1", "x")).await.unwrap();
    let wait = client.wait(&task).deadline(Duration::from_millis(200)).poll_every(Duration::from_millis(20));
    let error = wait.await.unwrap_err();
    assert!(error.is_timeout() && !error.is_task_failure());
    assert_eq!(error.task_id(), Some(task.id.as_str()));
    assert!(error.to_string().contains(&task.id), "{error}");
}

#[tokio::test]
async fn a_chat_streams_to_its_end() {
    let Stage { client, gateway: _gateway, .. } = stage().await;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::system("Be brief."), ChatMessage::user("Hello?")]);
    let mut stream = client.chat().create_stream(&request).await.unwrap();
    let (mut text, mut usage) = (String::new(), None);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        text.push_str(&chunk.text());
        usage = usage.or(chunk.usage);
    }
    assert_eq!(text, "API gateway");
    assert_eq!(usage.unwrap().total_tokens, Some(64));
    let whole = client.chat().create(&request).await.unwrap();
    assert!(!whole.text().is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_an_auth_error() {
    let Stage { gateway, .. } = stage().await;
    let client = Client::builder().base_url(gateway.url()).key("sk-wrong").build().unwrap();
    let error = client.models().list().await.unwrap_err();
    assert!(error.is_auth(), "{error:?}");
    assert_eq!(error.api().unwrap().code(), Some("invalid_api_key"));
    assert!(client.models().list_claude().await.unwrap_err().is_auth());
    assert!(client.account().oauth_state().await.is_ok(), "an open route asks for no key");
}

#[tokio::test]
async fn the_gateway_refuses_a_request_that_does_not_fit() {
    let Stage { client, gateway: _gateway, .. } = stage().await;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("x")]).with_extra("max_tokens", "many");
    let error = client.chat().create(&request).await.unwrap_err();
    assert!(error.is_invalid_request() && error.http_status().unwrap() == 422, "{error:?}");
    let body: serde_json::Value = serde_json::from_slice(error.body().unwrap()).unwrap();
    assert!(body["error"]["violations"][0]["pointer"].as_str().unwrap().contains("max_tokens"), "{body}");
    let error = client.models().list().query("colour", "red").await.unwrap_err();
    assert_eq!(error.http_status().unwrap(), 422);
    let error = client.call(http::Method::GET, "/v1/nothing-here").await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}

/// The calls of the concurrency test: each returns what only its own answer can say.
fn one_of_many(client: Client, second: openoctopus::Client, number: usize) -> tokio::task::JoinHandle<(String, String)> {
    tokio::spawn(async move {
        let name = format!("model-{number}");
        let echoed = match number % 8 {
            0 => client.chat().create(&ChatCompletionRequest::new(&name, [ChatMessage::user("x")])).await.unwrap().model.clone(),
            1 => client.videos().create(&VideoRequest::new(&name, "x")).await.unwrap().model.clone(),
            2 => client.videos().create(&KlingVideoRequest::new(&name, "x")).await.unwrap().model.clone(),
            3 => client
                .videos()
                .remix(&format!("video_{number}"), &VideoRemixRequest::new(&name, "x"))
                .await
                .unwrap()
                .model
                .clone(),
            4 => {
                let mut stream =
                    client.chat().create_stream(&ChatCompletionRequest::new(&name, [ChatMessage::user("x")])).await.unwrap();
                let mut chunks = 0;
                while let Some(chunk) = stream.next().await {
                    chunk.unwrap();
                    chunks += 1;
                }
                assert_eq!(chunks, 3);
                Some(name.clone())
            }
            5 => {
                let task = client.videos().create(&SoraVideoRequest::new("sora-2", "x")).await.unwrap();
                let done = client.wait(&task).poll_every(Duration::from_millis(1)).await.unwrap();
                assert_eq!(done.id, task.id, "the answer of another task");
                Some(name.clone())
            }
            6 => {
                assert!(client.models().list_claude().await.unwrap().data.iter().all(|model| !model.id.is_empty()));
                assert_eq!(client.account().token_usage().await.unwrap().message.as_deref(), Some("ok"));
                Some(name.clone())
            }
            _ => {
                let task = second.images().generate(&ImageGenerationRequest::new("openoctopus/seedream-4.5")).await.unwrap();
                assert_eq!(second.tasks().get(&task.id).await.unwrap().id, task.id, "the answer of another task");
                Some(name.clone())
            }
        };
        (name, echoed.unwrap_or_default())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_concurrent_calls_each_get_their_own_answer() {
    let Stage { client, second, gateway } = stage().await;
    let calls: Vec<_> = (0..200).map(|number| one_of_many(client.clone(), second.clone(), number)).collect();
    for call in calls {
        let (name, echoed) = call.await.unwrap();
        assert_eq!(name, echoed);
    }
    let mut operations: BTreeMap<String, usize> = BTreeMap::new();
    for request in gateway.requests() {
        *operations.entry(request.operation.unwrap_or_default()).or_default() += 1;
    }
    assert!(operations.len() >= 8, "{operations:?}");
    assert!(operations.values().sum::<usize>() >= 200);
}

#[tokio::test]
async fn both_documents_can_be_read_by_other_tools() {
    for (text, path) in
        [(octopusx::documents::octopusx(), "/v1/videos/{task_id}"), (octopusx::documents::openoctopus(), "/v1/tasks/{id}")]
    {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(document["openapi"], "3.0.3");
        assert!(document["paths"][path].is_object());
    }
}
