//! Ten thousand waiting tasks, asked about once a second: CPU a poll, connections, memory; beside as many loops on reqwest.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use octopusx::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::process::{self, Played, Server};
use crate::results::Results;
use crate::{Outcome, Part};

pub const PART: Part = Part {
    name: "tasks",
    run,
    roles: &[
        ("server", |_| serve()),
        ("wait_all", |arguments| measured(arguments, wait_all)),
        ("waits", |arguments| measured(arguments, waits)),
        ("reqwest", |arguments| measured(arguments, loops)),
    ],
};

const TASKS: usize = 10_000;
const EVERY: Duration = Duration::from_secs(1);
/// Until every task has been asked about at least once.
const WARM_UP: Duration = Duration::from_secs(4);
const MEASURED: Duration = Duration::from_secs(10);

/// What the gateway says of a video under way.
const BODY: &str = r#"{"id":"video_abc123","task_id":"video_abc123","object":"video","model":"sora-2","status":"in_progress","progress":50,"created_at":1735689600,"completed_at":0,"expires_at":1735776000,"seconds":"10","size":"720x1280","remixed_from_video_id":"","error":{"message":"","code":""},"video_url":""}"#;

fn run(results: &mut Results) -> Outcome {
    let client = |role: &str| -> Outcome<Vec<f64>> {
        let server = Server::start(PART.name, "server", &[])?;
        let played: Played = process::run(PART.name, role, &[server.base_url()])?;
        ["cpu_micros", "connections", "bytes", "rate"].into_iter().map(|name| played.number(name)).collect()
    };
    let (all, each, naive) = (client("wait_all")?, client("waits")?, client("reqwest")?);
    results.at_most("CPU a poll, `wait_all`", all[0], 22.0, "µs");
    results.at_most("connections, `wait_all`", all[1], 64.0, "");
    results.at_most("memory of a waiting task, `wait_all`", all[2] / 1024.0, 1.5, "KiB");
    results.at_most("CPU a poll, `wait_all`", all[0] / naive[0], 1.0, "× loops on reqwest");
    let row = |values: Vec<f64>| vec![values[0], values[1], values[2] / 1024.0, values[3]];
    results.table(
        &format!("{TASKS} waiting tasks, one poll a second each"),
        &["CPU a poll, µs", "connections", "KiB a task", "polls a second"],
        &[("octopusx, `wait_all`", row(all)), ("octopusx, a `wait` each", row(each)), ("a loop on reqwest each", row(naive))],
    );
    Ok(())
}

/// Lets the tasks be waited for until the measurement is over.
fn measured<F: Future<Output = Outcome> + Send>(arguments: &[String], wait: fn(String) -> F) -> Outcome {
    process::allow_many_files()?;
    let base = arguments.first().ok_or("no address")?.clone();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        // The first client chooses the TLS provider, for reqwest's own too.
        client(&base)?;
        let http = reqwest::Client::new();
        // The process as it is before anything is waited for.
        asked(&http, &base).await?;
        let idle = process::resident_kib()?;
        tokio::select! {
            done = wait(base.clone()) => done.and(Err("the waiting ended".into())),
            done = measure(&http, &base, idle) => done,
        }
    })
}

async fn measure(http: &reqwest::Client, base: &str, idle: f64) -> Outcome {
    tokio::time::sleep(WARM_UP).await;
    let ((before, _), cpu) = (asked(http, base).await?, process::cpu_micros()?);
    tokio::time::sleep(MEASURED).await;
    let ((after, connections), used) = (asked(http, base).await?, process::cpu_micros()? - cpu);
    let (polls, bytes) = (after - before, (process::resident_kib()? - idle) * 1024.0 / TASKS as f64);
    // One connection is the measurement's own.
    println!(
        "cpu_micros={} connections={} bytes={bytes} rate={}",
        used / polls,
        connections - 1.0,
        polls / MEASURED.as_secs_f64()
    );
    Ok(())
}

/// How many polls the server has answered, and how many connections it has had at most.
async fn asked(http: &reqwest::Client, base: &str) -> Outcome<(f64, f64)> {
    let text = http.get(format!("{base}/asked")).send().await?.text().await?;
    let (polls, connections) = text.split_once(' ').ok_or("no numbers")?;
    Ok((polls.parse()?, connections.parse()?))
}

fn client(base: &str) -> Outcome<Client> {
    Ok(Client::builder().key("sk-bench").base_url(base).build()?)
}

async fn wait_all(base: String) -> Outcome {
    let client = client(&base)?;
    let tasks = (0..TASKS).map(|number| client.tasks().video(format!("video_{number}")).task_ref());
    let done = client.wait_all(tasks).poll_every(EVERY).await;
    Err(format!("{:?}", done.first()).into())
}

async fn waits(base: String) -> Outcome {
    let client = client(&base)?;
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..TASKS {
        waiting.spawn(client.tasks().video(format!("video_{number}")).wait().poll_every(EVERY).into_future());
    }
    let done = waiting.join_next().await;
    Err(format!("{done:?}").into())
}

/// What people write by hand.
async fn loops(base: String) -> Outcome {
    let http = reqwest::Client::new();
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..TASKS {
        let (http, base) = (http.clone(), base.clone());
        waiting.spawn(async move {
            loop {
                let call = http.get(format!("{base}/v1/videos/video_{number}")).bearer_auth("sk-bench");
                let video: serde_json::Value = call.send().await?.error_for_status()?.json().await?;
                if video["status"] == "completed" {
                    return Ok::<_, reqwest::Error>(video);
                }
                tokio::time::sleep(EVERY).await;
            }
        });
    }
    let done = waiting.join_next().await;
    Err(format!("{done:?}").into())
}

#[derive(Default)]
struct Counts {
    polls: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

fn serve() -> Outcome {
    process::allow_many_files()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        process::listening(listener.local_addr()?)?;
        let counts = Arc::<Counts>::default();
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            tokio::spawn(answer(socket, Arc::clone(&counts)));
        }
    })
}

async fn answer(mut socket: TcpStream, counts: Arc<Counts>) {
    let open = counts.open.fetch_add(1, Ordering::Relaxed) + 1;
    counts.most_open.fetch_max(open, Ordering::Relaxed);
    let poll = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    let mut head = Vec::with_capacity(1024);
    while socket.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let written = if head.starts_with(b"GET /asked") {
            let text = format!("{} {}", counts.polls.load(Ordering::Relaxed), counts.most_open.load(Ordering::Relaxed));
            socket.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).as_bytes()).await
        } else {
            counts.polls.fetch_add(1, Ordering::Relaxed);
            socket.write_all(poll.as_bytes()).await
        };
        head.clear();
        if written.is_err() {
            break;
        }
    }
    counts.open.fetch_sub(1, Ordering::Relaxed);
}
