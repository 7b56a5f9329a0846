//! Many tasks at once: mixed kinds, one schedule, few questions.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octopusx::Client;
use octopusx::midjourney::MidjourneyTask;
use octopusx::tasks::{TaskRef, TaskState};
use octopusx::videos::Video;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::raw::{Arrived, answer, read};
use crate::support;

/// A gateway of three kinds, two of which can be asked about together. A task is done when it was asked about four times.
struct Town {
    client: Client,
    /// How often each route was asked.
    asked: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Town {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = support::client(&format!("http://{}", listener.local_addr().unwrap()));
        let asked = Arc::<Mutex<BTreeMap<&'static str, usize>>>::default();
        let (log, polls) = (Arc::clone(&asked), Arc::<Mutex<BTreeMap<String, usize>>>::default());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (log, polls) = (Arc::clone(&log), Arc::clone(&polls));
                tokio::spawn(async move {
                    while let Some(request) = read(&mut socket).await {
                        let (route, body) = told(&request, &mut polls.lock().unwrap());
                        *log.lock().unwrap().entry(route).or_default() += 1;
                        if socket.write_all(&answer("200 OK", &[], body.to_string())).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { client, asked }
    }

    /// A video, four songs, sixty pictures.
    fn tasks(&self) -> Vec<TaskRef> {
        let tasks = self.client.tasks();
        let mut all = vec![tasks.video("v").task_ref()];
        all.extend((0..4).map(|number| tasks.suno(format!("s{number}")).task_ref()));
        all.extend((0..60).map(|number| tasks.midjourney(format!("m{number}")).task_ref()));
        all
    }
}

/// What the town answers, and on which route.
fn told(request: &Arrived, polls: &mut BTreeMap<String, usize>) -> (&'static str, Value) {
    let mut tell = |id: &str| {
        let count = polls.entry(id.to_owned()).or_default();
        *count += 1;
        let (word, url) = if *count > 3 { ("SUCCESS", "https://files.example/f") } else { ("IN_PROGRESS", "") };
        match id.as_bytes()[0] {
            b'v' => json!({"id": id, "status": word, "video_url": url}),
            b's' => json!({"task_id": id, "status": word, "result_url": url}),
            _ => json!({"id": id, "status": word, "imageUrl": url}),
        }
    };
    let path = request.head.split_whitespace().nth(1).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let mut all = || body["ids"].as_array().unwrap().iter().map(|id| tell(id.as_str().unwrap())).collect::<Vec<_>>();
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "v1", "videos", id] => ("video", tell(id)),
        ["", "suno", "fetch"] => ("songs", json!({"code": "success", "data": all()})),
        ["", "suno", "fetch", id] => ("song", json!({"code": "success", "data": tell(id)})),
        ["", "mj", "task", "list-by-condition"] => ("pictures", all().into()),
        ["", "mj", "task", id, "fetch"] => ("picture", tell(id)),
        _ => ("unknown", json!({"error": path})),
    }
}

#[tokio::test]
async fn a_mix_of_kinds_is_waited_for_with_few_questions() {
    let town = Town::new().await;
    let tasks = town.tasks();
    let states = Arc::<Mutex<Vec<(TaskRef, TaskState)>>>::default();
    let notes = Arc::clone(&states);
    let wait = town.client.wait_all(tasks.clone()).poll_every(Duration::from_millis(5));
    let done = wait.on_state(move |task, state| notes.lock().unwrap().push((task.clone(), state))).await;
    assert_eq!(done.len(), tasks.len());
    for (done, task) in done.iter().zip(&tasks) {
        let answer = done.as_ref().unwrap();
        assert_eq!((answer.task(), answer.state(), answer.media_urls().len()), (task, TaskState::Succeeded, 1));
    }
    assert_eq!(done[0].as_ref().unwrap().read::<Video>().unwrap().id, "v");
    assert_eq!(done[5].as_ref().unwrap().read::<MidjourneyTask>().unwrap().id, "m0");
    assert!(done[5].as_ref().unwrap().read::<Video>().is_ok_and(|video| video.video_url.is_none()), "types are lenient");
    let states = states.lock().unwrap();
    for task in &tasks {
        let told: Vec<TaskState> = states.iter().filter(|(other, _)| other == task).map(|(_, state)| *state).collect();
        assert_eq!(told, [TaskState::Running { progress: None }, TaskState::Succeeded], "{task}");
    }
    let asked = town.asked.lock().unwrap().clone();
    // Sixty pictures are two questions, each asked four times; what is done is asked about once more alone.
    let expected = [("picture", 60), ("pictures", 8), ("song", 4), ("songs", 4), ("video", 4)];
    assert_eq!(asked, expected.into_iter().collect());
}

/// A server whose batch route answers this, and whose other route knows every task as done after a poll.
async fn without_batches(batch: Vec<u8>) -> (Client, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (batch, counter) = (batch.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                while let Some(request) = read(&mut socket).await {
                    let bytes = if request.head.starts_with("POST") {
                        counter.fetch_add(1, Ordering::SeqCst);
                        batch.clone()
                    } else {
                        let body = json!({"id": "p", "status": "SUCCESS", "imageUrl": "https://files.example/p.png"});
                        answer("200 OK", &[], body.to_string())
                    };
                    if socket.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (support::client(&url), asked)
}

#[tokio::test]
async fn a_batch_route_that_does_not_answer_costs_no_task() {
    let refusals = [
        answer("404 Not Found", &[], ""),
        answer("501 Not Implemented", &[], "{}"),
        answer("400 Bad Request", &[], r#"{"description": "bind_request_body_failed", "code": 4}"#),
        answer("200 OK", &[], r#"{"description": "no", "code": 4}"#),
        answer("200 OK", &[], "<html></html>"),
        answer("200 OK", &[], "[]"),
    ];
    for refusal in refusals {
        let said = String::from_utf8_lossy(&refusal).into_owned();
        let (client, asked) = without_batches(refusal).await;
        let tasks = (0..7).map(|number| client.tasks().midjourney(format!("p{number}")).task_ref());
        let wait = client.wait_all(tasks).poll_every(Duration::from_millis(2)).appears_within(Duration::from_millis(20));
        for done in wait.await {
            assert_eq!(done.unwrap().state(), TaskState::Succeeded, "{said}");
        }
        assert!(asked.load(Ordering::SeqCst) >= 1, "{said}");
    }
}

#[tokio::test]
async fn a_picture_that_waits_for_its_owner_ends_the_waiting_for_it_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = support::client(&format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                while let Some(request) = read(&mut socket).await {
                    let tell = |id: &str| match id {
                        "m0" => json!({"id": id, "status": "MODAL", "imageUrl": ""}),
                        _ => json!({"id": id, "status": "SUCCESS", "imageUrl": "https://files.example/f"}),
                    };
                    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                    let said: Value = match body["ids"].as_array() {
                        Some(ids) => ids.iter().map(|id| tell(id.as_str().unwrap())).collect(),
                        None => tell(request.head.split('/').nth(3).unwrap()),
                    };
                    if socket.write_all(&answer("200 OK", &[], said.to_string())).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let tasks: Vec<TaskRef> = (0..3).map(|number| client.tasks().midjourney(format!("m{number}")).task_ref()).collect();
    let done = client.wait_all(tasks.clone()).poll_every(Duration::from_millis(2)).await;
    assert!(done[1].is_ok() && done[2].is_ok(), "{done:?}");
    let error = done[0].as_ref().unwrap_err();
    assert!(error.is_input_needed() && error.to_string().contains("`MODAL`"), "{error}");
    assert_eq!((error.resume().as_ref(), error.task_state()), (Some(&tasks[0]), Some(TaskState::InputNeeded)));
    let mut updates = client.tasks().midjourney("m0").updates();
    assert_eq!(updates.next().await.unwrap().unwrap().state(), TaskState::InputNeeded);
    assert!(updates.next().await.is_none());
}

#[tokio::test]
async fn each_comes_as_it_ends_and_what_can_not_be_followed_comes_at_once() {
    let town = Town::new().await;
    let (client, mut tasks) = (town.client.clone(), town.tasks());
    let strange: TaskRef = serde_json::from_value(json!({"system": "octopusx", "kind": "hologram", "id": "h"})).unwrap();
    let foreign: TaskRef = serde_json::from_value(json!({"system": "openoctopus", "kind": "generation", "id": "g"})).unwrap();
    tasks.extend([strange.clone(), foreign.clone()]);
    let count = tasks.len();
    let mut completed = client.wait_all(tasks).poll_every(Duration::from_millis(2)).as_completed();
    for task in [strange, foreign] {
        let error = completed.next().await.unwrap().unwrap_err();
        assert!(error.is_invalid_request() && error.resume() == Some(task), "{error:?}");
    }
    let mut rest = 0;
    while completed.next().await.is_some() {
        rest += 1;
    }
    assert_eq!(rest, count - 2);
    assert!(client.wait_all([]).await.is_empty());
}

/// A server that says "running" for some polls of each task, and counts how many questions are open at a time.
async fn crowd(polls: usize) -> (Client, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (most, asked) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (most_open, all) = (Arc::clone(&most), Arc::clone(&asked));
    let (open, seen) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<BTreeMap<String, usize>>>::default());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (most, all, open, seen) = (Arc::clone(&most_open), Arc::clone(&all), Arc::clone(&open), Arc::clone(&seen));
            tokio::spawn(async move {
                while let Some(request) = read(&mut socket).await {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    all.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    let id = request.head.split_whitespace().nth(1).unwrap().rsplit('/').next().unwrap().to_owned();
                    let count = *seen.lock().unwrap().entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
                    let (word, url) = if count > polls { ("completed", "https://files.example/v") } else { ("processing", "") };
                    let body = json!({"id": id, "status": word, "video_url": url}).to_string();
                    open.fetch_sub(1, Ordering::SeqCst);
                    if socket.write_all(&answer("200 OK", &[], body)).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (support::client(&url), most, asked)
}

#[tokio::test]
async fn questions_are_bounded_by_what_is_asked_for_and_by_the_client() {
    let videos = |client: &Client| -> Vec<TaskRef> {
        (0..300).map(|number| client.tasks().video(format!("v{number}")).task_ref()).collect()
    };
    let (client, most, asked) = crowd(1).await;
    let done = client.wait_all(videos(&client)).poll_every(Duration::from_millis(1)).concurrency(5).await;
    assert!(done.iter().all(Result::is_ok));
    assert!(most.load(Ordering::SeqCst) <= 5, "{most:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 600);

    let (client, most, _) = crowd(1).await;
    let waiting: Vec<_> = (0..300)
        .map(|number| tokio::spawn(client.tasks().video(format!("v{number}")).wait().poll_every(Duration::ZERO).into_future()))
        .collect();
    for wait in waiting {
        wait.await.unwrap().unwrap();
    }
    assert!(most.load(Ordering::SeqCst) <= 64, "{most:?}");
}

#[tokio::test]
async fn dropping_them_stops_all_polling() {
    let (client, _, asked) = crowd(usize::MAX).await;
    let tasks: Vec<TaskRef> = (0..50).map(|number| client.tasks().video(format!("v{number}")).task_ref()).collect();
    let mut completed = client.wait_all(tasks).poll_every(Duration::from_millis(2)).as_completed();
    tokio::time::timeout(Duration::from_millis(300), completed.next()).await.unwrap_err();
    drop(completed);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = asked.load(Ordering::SeqCst);
    assert!(before > 50, "{before}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(asked.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn each_task_has_its_own_deadline_and_error() {
    let (client, _, _) = crowd(usize::MAX).await;
    let tasks: Vec<TaskRef> = (0..20).map(|number| client.tasks().video(format!("v{number}")).task_ref()).collect();
    let done = client.wait_all(tasks.clone()).poll_every(Duration::from_millis(20)).deadline(Duration::from_millis(400)).await;
    for (done, task) in done.into_iter().zip(tasks) {
        let error = done.unwrap_err();
        assert!(error.is_timeout() && error.resume() == Some(task), "{error:?}");
    }
}
