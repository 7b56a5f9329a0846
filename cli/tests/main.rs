//! The commands, as a shell runs them, against the embedded gateway.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use octopusx_mock::Gateway;
use serde_json::Value;

async fn gateway() -> Gateway {
    Gateway::builder().task_step(Duration::ZERO).chunk_pause(Duration::ZERO).start().await.unwrap()
}

/// Runs the program, without anything that this machine's environment says about gateways.
async fn run(gateway: &Gateway, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octopusx"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("OCTOPUSX_API_KEY", gateway.key()).env("OCTOPUSX_BASE_URL", gateway.url());
    command.env("OPENOCTOPUS_API_KEY", gateway.openoctopus_key()).env("OPENOCTOPUS_BASE_URL", gateway.openoctopus_url());
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
}

/// A place for one file of five bytes; gives back what came.
fn storage() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let stored = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut came, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let read = socket.read(&mut piece).unwrap();
            came.extend_from_slice(&piece[..read]);
            let body = came.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
            if let Some(body) = body.filter(|body| came.len() >= body + 5) {
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                return String::from_utf8_lossy(&came[body..]).into_owned();
            }
        }
    });
    (address, stored)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn fine(gateway: &Gateway, arguments: &[&str], input: &str) -> String {
    let output = run(gateway, arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output)
}

async fn fails(gateway: &Gateway, arguments: &[&str], code: i32) -> String {
    let output = run(gateway, arguments, "").await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_streams_its_text_and_gives_json_to_scripts() {
    let gateway = gateway().await;
    let said = fine(&gateway, &["chat", "-m", "gpt-4o", "hello", "--set", "temperature=0.2"], "").await;
    assert!(said.trim().len() > 3 && said.ends_with('\n'), "{said:?}");
    let piped = fine(&gateway, &["chat", "-m", "gpt-4o"], "hello from a pipe").await;
    assert_eq!(piped, said);
    let json: Value = serde_json::from_str(&fine(&gateway, &["--json", "chat", "-m", "gpt-4o", "hi"], "").await).unwrap();
    assert!(json["choices"].is_array(), "{json}");
    let sent: Vec<Value> = gateway.requests().iter().filter_map(|request| serde_json::from_slice(&request.body).ok()).collect();
    assert_eq!(sent[0]["temperature"], 0.2);
    assert_eq!(sent[1]["messages"][0]["content"], "hello from a pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_followed_and_saved() {
    let (gateway, folder) = (gateway().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("cat.mp4");
    let file_name = file.to_str().unwrap();
    let said = fine(&gateway, &["video", "-m", "sora-2", "a cat", "-o", file_name, "--set", "seconds=10"], "").await;
    assert_eq!(said.trim(), file_name);
    assert!(std::fs::metadata(&file).unwrap().len() > 0);
    let second = folder.path().join("second.mp4");
    let video = ["--system", "openoctopus", "video", "-m", "sora-2", "a cat", "-o", second.to_str().unwrap()];
    fine(&gateway, &video, "").await;
    assert!(std::fs::metadata(&second).unwrap().len() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_task_is_found_again() {
    let gateway = gateway().await;
    let task = fine(&gateway, &["video", "-m", "sora-2", "a cat", "--detach"], "").await;
    let mut words = task.split_whitespace();
    let (kind, id) = (words.next().unwrap(), words.next().unwrap());
    fine(&gateway, &["task", "get", kind, id], "").await;
    let done = fine(&gateway, &["task", "wait", kind, id], "").await;
    assert!(done.lines().next().unwrap().contains("completed"), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_saved_and_files_uploaded() {
    let (gateway, folder) = (gateway().await, tempfile::tempdir().unwrap());
    let image = serde_json::json!({"data": [{"b64_json": "aGVsbG8="}, {"b64_json": "dGhlcmU="}]});
    gateway.next("images_generate").times(2).answers(image);
    let said = fine(&gateway, &["image", "-m", "gpt-image-1", "a cat", "-o", folder.path().to_str().unwrap()], "").await;
    let held: Vec<String> = said.lines().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    assert_eq!(held, ["hello", "there"]);
    let file = folder.path().join("cat.png");
    fine(&gateway, &["image", "-m", "gpt-image-1", "a cat", "-o", file.to_str().unwrap()], "").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "hello").unwrap();
    let (place, stored) = storage();
    let data =
        serde_json::json!({"upload_url": format!("{place}/notes.txt?signature=1"), "public_url": format!("{place}/notes.txt")});
    gateway.next("uploads_presign").answers(serde_json::json!({"success": true, "data": data}));
    let url = fine(&gateway, &["upload", file.to_str().unwrap()], "").await;
    assert_eq!(url.trim(), format!("{place}/notes.txt"));
    assert_eq!(stored.join().unwrap(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_documented_operation_can_be_called() {
    let gateway = gateway().await;
    let listed = fine(&gateway, &["operations", "embeddings"], "").await;
    assert!(listed.starts_with("embeddings_create "), "{listed}");
    let arguments = ["call", "embeddings_create", "--data", "-"];
    let answer = fine(&gateway, &arguments, r#"{"model": "text-embedding-3-small", "input": "hello"}"#).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(answer["data"].is_array(), "{answer}");
    let data = r#"{"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;
    let events = fine(&gateway, &["call", "chat_create", "--stream", "--data", data], "").await;
    assert!(events.lines().count() > 1 && events.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{events}");
    // Headers that always have the same value are the operation's own.
    let data = r#"{"model": "claude", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}"#;
    fine(&gateway, &["call", "messages_create", "--data", data], "").await;
    assert!(gateway.requests().last().unwrap().headers.contains_key("anthropic-version"));
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_the_balance_are_one_word_away() {
    let gateway = gateway().await;
    assert!(fine(&gateway, &["models"], "").await.lines().count() > 1);
    assert!(fine(&gateway, &["balance"], "").await.contains("left"));
    fine(&gateway, &["--system", "openoctopus", "models"], "").await;
    assert!(fine(&gateway, &["completions", "bash"], "").await.contains("octopusx"));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_scripts_why() {
    let gateway = gateway().await;
    let said = fails(&gateway, &["call", "no_such_thing"], 2).await;
    assert!(said.contains("octopusx operations"), "{said}");
    fails(&gateway, &["call", "videos_create", "--data", "{"], 2).await;
    fails(&gateway, &["--system", "openoctopus", "balance"], 2).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "sk-wrong-key-0123456789\n").unwrap();
    let key = file.path().to_str().unwrap();
    let said = fails(&gateway, &["--key-file", key, "--json", "models"], 3).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"]["status"], 401, "{said}");
    fails(&gateway, &["--base-url", "http://127.0.0.1:9", "models"], 8).await;
    // One look is one question: neither is waited for.
    let started = Instant::now();
    fails(&gateway, &["task", "get", "video", "no_such_task"], 5).await;
    fails(&gateway, &["--base-url", "http://127.0.0.1:9", "task", "get", "video", "x"], 8).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let said = fails(&gateway, &["task", "get", "no_such_kind", "x"], 2).await;
    assert!(said.contains("no_such_kind"), "{said}");
}
