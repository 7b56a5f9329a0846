//! A task's result is found wherever it is, and the key goes nowhere else.

use octopusx::tasks::Task;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

use super::server::{Reply, Server};
use crate::support::{KEY, client};
use crate::watch::SIGNATURE;

fn answer(body: &Value) -> Reply {
    Reply::new(200, body.to_string()).header("content-type", "application/json")
}

fn mp4(text: &str) -> Reply {
    Reply::new(200, text).header("content-type", "video/mp4")
}

/// A gateway that knows one video: what it answers to each query, and whether it serves the content itself.
async fn gateway(answers: Vec<Value>, content: bool) -> Server {
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    Server::start(move |asked, _| {
        if asked.path.ends_with("/content") {
            return if content { mp4("from the gateway") } else { Reply::new(404, r#"{"error": {"message": "no content"}}"#) };
        }
        answers.lock().unwrap().next().map_or_else(|| Reply::new(500, "asked too often"), |body| answer(&body))
    })
    .await
}

fn video(url: Option<&str>) -> Value {
    json!({"id": "video_1", "status": "completed", "video_url": url})
}

/// Serves what has not ended.
async fn storage() -> Server {
    Server::start(|asked, _| {
        if asked.path.contains("ended") {
            Reply::new(403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
        } else {
            mp4("from the storage")
        }
    })
    .await
}

#[tokio::test]
async fn the_way_to_a_result_is_found() {
    let storage = storage().await;
    let good = storage.at(&format!("/cat.mp4?sig={SIGNATURE}"));
    let ended = storage.at(&format!("/ended.mp4?sig={SIGNATURE}"));
    let (good, ended) = (Some(good.as_str()), Some(ended.as_str()));
    const STORAGE: Option<&str> = Some("from the storage");
    const GATEWAY: Option<&str> = Some("from the gateway");
    // What the gateway answers, whether it serves the content, what is saved, and how often it is asked for the task.
    for (case, answers, content, saved, queries) in [
        ("a link", vec![video(good)], true, STORAGE, 1),
        ("no link", vec![video(None)], true, GATEWAY, 1),
        ("an empty link", vec![video(Some(""))], true, GATEWAY, 1),
        ("an ended link", vec![video(ended), video(good)], true, STORAGE, 2),
        ("a link that stays ended", vec![video(ended), video(ended)], true, GATEWAY, 2),
        ("a link that ends and goes", vec![video(ended), video(None)], true, GATEWAY, 2),
        ("an ended link and no query", vec![video(ended)], true, GATEWAY, 2),
        ("an ended link and nothing else", vec![video(ended), video(ended)], false, None, 2),
        ("nothing", vec![video(None)], false, None, 1),
    ] {
        let server = gateway(answers, content).await;
        let client = client(&server.url);
        let task = client.videos().get("video_1").await.unwrap();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cat.mp4");
        let downloaded = client.download(&task).to(&path).await;
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), saved, "{case}: {downloaded:?}");
        assert_eq!(downloaded.is_ok(), saved.is_some(), "{case}");
        assert_eq!(server.asked().iter().filter(|asked| !asked.path.ends_with("/content")).count(), queries, "{case}");
        if saved.is_none() {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{case}");
        }
    }
    for asked in storage.asked() {
        assert!(asked.headers.values().all(|value| !value.contains(KEY)), "{asked:?}");
    }
}

#[tokio::test]
async fn the_key_goes_to_the_gateways_own_host_alone() {
    let server = Server::start(|asked, _| match asked.header("authorization") {
        Some(_) => mp4("own"),
        None => Reply::new(401, "no key"),
    })
    .await;
    let folder = TempDir::new().unwrap();
    let client = client(&server.url);
    for address in [server.at("/files/a.mp4"), "/files/b.mp4".to_owned()] {
        client.download_url(&address).to(folder.path()).await.unwrap();
    }
    for (address, why) in [
        ("data:video/mp4;base64,AAAA", "begins with data:"),
        ("file:///etc/passwd", "begins with file:"),
        ("https://", "empty host"),
    ] {
        let error = client.download_url(address).to(folder.path()).await.unwrap_err();
        assert!(error.is_invalid_request() && error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn each_of_several_results_can_be_had() {
    let storage = Server::start(|asked, _| mp4(&asked.path)).await;
    let base = storage.url.clone();
    let server = Server::start(move |_, _| {
        answer(&json!({"code": "success", "data": {"task_id": "song", "status": "SUCCESS", "data": [
            {"audio_url": format!("{base}/one.mp3")}, {"audio_url": format!("{base}/two.mp3")},
        ]}}))
    })
    .await;
    let client = client(&server.url);
    let songs = client.suno().fetch("song").await.unwrap();
    let folder = TempDir::new().unwrap();
    for number in 0..Task::media_urls(&songs).len() {
        client.download(&songs).result(number).to(folder.path()).await.unwrap();
    }
    for name in ["one.mp3", "two.mp3"] {
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), format!("/{name}"));
    }
    let error = client.download(&songs).result(2).to(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("the task has 2 results, there is no number 2"), "{error}");
}

#[tokio::test]
async fn a_task_without_a_result_says_why() {
    for (status, why) in
        [("failed", "ended without a result: too odd"), ("processing", "not done"), ("completed", "no answer says where")]
    {
        let reason = if status == "failed" { "too odd" } else { "" };
        let body = json!({"code": "success", "data": {"task_id": "t", "status": status, "fail_reason": reason}});
        let server = Server::start(move |_, _| answer(&body)).await;
        let client = client(&server.url);
        let task = client.suno().fetch("t").await.unwrap();
        let error = client.download(&task).to("nowhere/").await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!std::path::Path::new("nowhere").exists());
    }
}
