//! Ten thousand waiting tasks, asked about once a second: CPU a poll, connections, memory; beside as many loops on reqwest,
//! and beside the floor: the same requests by bare reqwest, their answers not looked at.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
        ("floor", |arguments| measured(arguments, floor)),
        ("count_wait_all", |arguments| counted(arguments, count_wait_all)),
        ("count_waits", |arguments| counted(arguments, count_waits)),
        ("count_reqwest", |arguments| counted(arguments, count_loops)),
        ("count_floor", |arguments| counted(arguments, count_floor)),
    ],
};

const TASKS: usize = 10_000;
const EVERY: Duration = Duration::from_secs(1);
/// Until every task has been asked about at least once.
const WARM_UP: Duration = Duration::from_secs(4);
const MEASURED: Duration = Duration::from_secs(10);

const ROUNDS: usize = 3;

/// As many lanes as the client has for questions.
const LANES: usize = 32;
/// Tasks and polls of each, for counting instructions.
const COUNTED_TASKS: usize = 500;
const COUNTED_POLLS: [usize; 2] = [2, 8];

/// What the gateway says of a video under way.
const UNDER_WAY: &str = r#"{"id":"video_abc123","task_id":"video_abc123","object":"video","model":"sora-2","status":"in_progress","progress":50,"created_at":1735689600,"completed_at":0,"expires_at":1735776000,"seconds":"10","size":"720x1280","remixed_from_video_id":"","error":{"message":"","code":""},"video_url":""}"#;
const DONE: &str = r#"{"id":"video_abc123","task_id":"video_abc123","object":"video","model":"sora-2","status":"completed","progress":100,"created_at":1735689600,"completed_at":1735689700,"expires_at":1735776000,"seconds":"10","size":"720x1280","remixed_from_video_id":"","error":{"message":"","code":""},"video_url":"https://files.example/v.mp4"}"#;

fn run(results: &mut Results) -> Outcome {
    const ROLES: [&str; 4] = ["wait_all", "waits", "reqwest", "floor"];
    // In turns, because what else the machine does changes.
    let mut rounds: [Vec<Measured>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (role, measured) in ROLES.iter().zip(&mut rounds) {
            measured.push(Measured::of(role)?);
        }
    }
    let mut rows = Vec::new();
    for (role, measured) in ROLES.iter().zip(&rounds) {
        let best = Measured::best(measured).ok_or("nothing was measured")?;
        let instructions = instructions(&format!("count_{role}"))?;
        rows.push(vec![best.cpu_micros, instructions, best.connections, best.grown, best.bytes / 1024.0, best.rate]);
    }
    let [all, each, naive, floor] = rows.as_slice() else { return Err("a row is missing".into()) };
    results.at_most("CPU a poll, `wait_all`", all[0], 22.0, "µs");
    results.at_most("connections, `wait_all`", all[2], 64.0, "");
    results.at_most("connections, a `wait` each", each[2], 64.0, "");
    results.at_most("memory of a waiting task, `wait_all`", all[4], 1.5, "KiB");
    results.at_most("CPU a poll, `wait_all`", all[0] / naive[0], 1.0, "× loops on reqwest");
    results.table(
        &format!("{TASKS} waiting tasks, one poll a second each (least CPU of {ROUNDS}, most connections)"),
        &[
            "CPU a poll, µs",
            "instructions a poll",
            "connections at most",
            "of them new after 4 s",
            "KiB a task",
            "polls a second",
        ],
        &[
            ("octopusx, `wait_all`", all.clone()),
            ("octopusx, a `wait` each", each.clone()),
            ("a loop on reqwest each", naive.clone()),
            ("the floor: bare GETs in 32 lanes", floor.clone()),
        ],
    );
    results.note(&load()?);
    results.note(
        "The bare GETs of the floor came to 16 to 23 µs on this machine, as it was busy or not: half of a poll is the kernel's \
         `writev` and `recvfrom`, and most of the rest is reqwest's and hyper's. What a poll adds, about 20,000 instructions, is \
         the schedule, the key, redirects of our own, the deadline, and reading the answer (callgrind, 2026-11-20).",
    );
    Ok(())
}

/// What one run of a client came to.
#[derive(Clone)]
struct Measured {
    cpu_micros: f64,
    connections: f64,
    grown: f64,
    bytes: f64,
    rate: f64,
}

impl Measured {
    fn of(role: &str) -> Outcome<Self> {
        let server = Server::start(PART.name, "server", &[])?;
        let played: Played = process::run(PART.name, role, &[server.base_url()])?;
        Ok(Self {
            cpu_micros: played.number("cpu_micros")?,
            connections: played.number("connections")?,
            grown: played.number("grown")?,
            bytes: played.number("bytes")?,
            rate: played.number("rate")?,
        })
    }

    /// The run that used least CPU: noise only ever adds. Of connections the most.
    fn best(rounds: &[Self]) -> Option<Self> {
        let best = rounds.iter().min_by(|one, other| one.cpu_micros.total_cmp(&other.cpu_micros))?.clone();
        let most = |number: fn(&Self) -> f64| rounds.iter().map(number).fold(0.0, f64::max);
        Some(Self { connections: most(|round| round.connections), grown: most(|round| round.grown), ..best })
    }
}

/// What one more poll costs in user space.
fn instructions(role: &str) -> Outcome<f64> {
    let mut counts = Vec::new();
    for polls in COUNTED_POLLS {
        let server = Server::start(PART.name, "server", &[])?;
        counts.push(process::instructions(PART.name, role, &[server.base_url(), polls.to_string()])?);
    }
    Ok((counts[1] - counts[0]) / ((COUNTED_POLLS[1] - COUNTED_POLLS[0]) * COUNTED_TASKS) as f64)
}

/// How busy the machine is with everything.
fn load() -> Outcome<String> {
    let loads = std::fs::read_to_string("/proc/loadavg")?;
    Ok(format!(
        "CPU includes the kernel's. The machine's load at the end of the part was {}.",
        loads.split(' ').next().unwrap_or("?")
    ))
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
    let ((before, early), cpu) = (asked(http, base).await?, process::cpu_micros()?);
    tokio::time::sleep(MEASURED).await;
    let ((after, most), used) = (asked(http, base).await?, process::cpu_micros()? - cpu);
    let (polls, bytes) = (after - before, (process::resident_kib()? - idle) * 1024.0 / TASKS as f64);
    // One connection is the measurement's own.
    println!(
        "cpu_micros={} connections={} grown={} bytes={bytes} rate={}",
        used / polls,
        most - 1.0,
        most - early,
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

/// As few steps as reqwest needs, in as many lanes as the client has.
async fn floor(base: String) -> Outcome {
    let http = reqwest::Client::new();
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let (http, base) = (http.clone(), base.clone());
        lanes.spawn(async move {
            let mut due = tokio::time::interval(EVERY * LANES as u32 / TASKS as u32);
            for number in (lane..TASKS).step_by(LANES).cycle() {
                due.tick().await;
                bare(&http, format!("{base}/v1/videos/video_{number}")).await?;
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    let done = lanes.join_next().await;
    Err(format!("{done:?}").into())
}

async fn bare(http: &reqwest::Client, address: String) -> Result<bytes::Bytes, reqwest::Error> {
    http.get(address).bearer_auth("sk-bench").send().await?.bytes().await
}

/// Runs on one thread, so that instructions hardly vary.
fn counted<F: Future<Output = Outcome>>(arguments: &[String], work: fn(String, usize) -> F) -> Outcome {
    let [base, polls] = arguments else { return Err("an address and a number of polls".into()) };
    let work = work(base.clone(), polls.parse()?);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The name of a task that is done when it was asked about so often.
fn short_lived(number: usize, polls: usize) -> String {
    format!("video_{number}_{polls}")
}

async fn count_wait_all(base: String, polls: usize) -> Outcome {
    let client = client(&base)?;
    let tasks = (0..COUNTED_TASKS).map(|number| client.tasks().video(short_lived(number, polls)).task_ref());
    client.wait_all(tasks).poll_every(Duration::ZERO).await.into_iter().try_for_each(|done| Ok(done.map(drop)?))
}

async fn count_waits(base: String, polls: usize) -> Outcome {
    let client = client(&base)?;
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..COUNTED_TASKS {
        waiting.spawn(client.tasks().video(short_lived(number, polls)).wait().poll_every(Duration::ZERO).into_future());
    }
    waiting.join_all().await.into_iter().try_for_each(|done| Ok(done.map(drop)?))
}

async fn count_loops(base: String, polls: usize) -> Outcome {
    in_lanes(base, polls, |http, address, _| async move {
        loop {
            let call = http.get(&address).bearer_auth("sk-bench");
            let video: serde_json::Value = call.send().await?.error_for_status()?.json().await?;
            if video["status"] == "completed" {
                return Ok(());
            }
        }
    })
    .await
}

async fn count_floor(base: String, polls: usize) -> Outcome {
    in_lanes(base, polls, |http, address, polls| async move {
        for _ in 0..polls {
            bare(&http, address.clone()).await?;
        }
        Ok(())
    })
    .await
}

/// Shares the tasks among as many lanes as the client has.
async fn in_lanes<F>(
    base: String,
    polls: usize,
    work: impl Fn(reqwest::Client, String, usize) -> F + Copy + Send + 'static,
) -> Outcome
where
    F: Future<Output = Result<(), reqwest::Error>> + Send,
{
    client(&base)?;
    let http = reqwest::Client::new();
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let (http, base) = (http.clone(), base.clone());
        lanes.spawn(async move {
            for number in (lane..COUNTED_TASKS).step_by(LANES) {
                work(http.clone(), format!("{base}/v1/videos/{}", short_lived(number, polls)), polls).await?;
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    lanes.join_all().await.into_iter().try_for_each(|done| Ok(done?))
}

#[derive(Default)]
struct Counts {
    polls: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// How often each short-lived task was asked about.
    short_lived: Mutex<HashMap<String, usize>>,
}

impl Counts {
    /// Whether a request is a short-lived task's last.
    fn was_last(&self, head: &[u8]) -> bool {
        let head = String::from_utf8_lossy(head);
        let Some(name) = head.split(' ').nth(1).and_then(|path| path.rsplit('/').next()) else { return false };
        let Some(polls) = name.splitn(3, '_').nth(2).and_then(|polls| polls.parse::<usize>().ok()) else { return false };
        let mut counts = self.short_lived.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name.to_owned()).or_default();
        *count += 1;
        *count >= polls
    }
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
    let (under_way, done) = (json(UNDER_WAY), json(DONE));
    let mut head = Vec::with_capacity(1024);
    while socket.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let written = if head.starts_with(b"GET /asked") {
            let text = format!("{} {}", counts.polls.load(Ordering::Relaxed), counts.most_open.load(Ordering::Relaxed));
            socket.write_all(json(&text).as_bytes()).await
        } else {
            counts.polls.fetch_add(1, Ordering::Relaxed);
            socket.write_all(if counts.was_last(&head) { done.as_bytes() } else { under_way.as_bytes() }).await
        };
        head.clear();
        if written.is_err() {
            break;
        }
    }
    counts.open.fetch_sub(1, Ordering::Relaxed);
}

fn json(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
