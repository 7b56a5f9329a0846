//! The batch example, killed again and again: every prompt is paid for once, and every file is there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use octopusx_mock::{Gateway, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::read;

#[path = "../../examples/batch/mod.rs"]
mod example;

const PROMPTS: usize = 30;

/// What is always in the file of a video.
const VIDEO: &[u8] = include_bytes!("../../mock/src/files/sample.mp4");

/// Which part of the example a process plays.
const PART: &str = "BATCH_PART";

/// The example, in this program started once more.
fn program(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tasks::batch::is_the_example_where_the_environment_says_so", "--nocapture", "--quiet"]);
    command.env(PART, part);
    command
}

/// Tests nothing itself: the others start it as a program of its own, to kill it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_the_example_where_the_environment_says_so() {
    let Ok(part) = std::env::var(PART) else { return };
    let [prompts, folder] = ["BATCH_PROMPTS", "BATCH_FOLDER"].map(|name| PathBuf::from(std::env::var_os(name).unwrap()));
    let done = match part.as_str() {
        "submit" => example::submit(&prompts, &folder).await.map(|()| true),
        _ => example::render(&prompts, &folder, program("submit")).await,
    };
    std::process::exit(match done {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("{error}");
            2
        }
    })
}

/// A gateway behind a line that lets a submission take its time.
struct Stage {
    gateway: Gateway,
    url: String,
    /// How long a submission takes, in milliseconds.
    slow: Arc<AtomicU64>,
    /// Submissions that came to the line.
    came: Arc<AtomicUsize>,
    /// From this one on they wait until it is said otherwise.
    held: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn new(slow: u64) -> Self {
        let gateway = Gateway::builder().task_step(Duration::from_millis(60)).start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (slow, came) = (Arc::new(AtomicU64::new(slow)), Arc::<AtomicUsize>::default());
        let held = Arc::new(AtomicUsize::new(usize::MAX));
        let to = gateway.url().trim_start_matches("http://").to_owned();
        let line = (Arc::clone(&slow), Arc::clone(&came), Arc::clone(&held));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(pass_on(socket, to.clone(), line.clone()));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let prompts: String = (0..PROMPTS).map(|number| format!("a cat, number {number}\n")).collect();
        std::fs::write(folder.path().join("prompts.txt"), prompts).unwrap();
        Self { gateway, url, slow, came, held, folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self) -> Command {
        let mut command = program("render");
        command.env("BATCH_PROMPTS", self.folder.path().join("prompts.txt")).env("BATCH_FOLDER", self.out());
        command.env("OCTOPUSX_API_KEY", self.gateway.key()).env("OCTOPUSX_BASE_URL", &self.url).env("NO_PROXY", "127.0.0.1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    async fn run(&self) -> (bool, String) {
        let mut command = self.command();
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    }

    /// How often the gateway was asked for each prompt.
    fn submitted(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.gateway.requests() {
            if request.operation.as_deref() == Some("videos_create") {
                let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                *counts.entry(body["prompt"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        counts
    }

    fn file(&self, number: usize) -> PathBuf {
        self.out().join(format!("{number:03}.mp4"))
    }

    /// The process that submits, if one is at work.
    fn submitter(&self) -> Option<String> {
        let path = self.out().join("submit.lock");
        let lock = std::fs::File::open(&path).ok()?;
        if lock.try_lock().is_ok() {
            return None;
        }
        std::fs::read_to_string(path).ok().filter(|pid| !pid.is_empty())
    }

    /// How many files are there under their names, each of them whole.
    fn whole_files(&self) -> usize {
        let found: Vec<Vec<u8>> = (0..PROMPTS).filter_map(|number| std::fs::read(self.file(number)).ok()).collect();
        assert!(found.iter().all(|file| file == VIDEO), "half a file has the final name");
        found.len()
    }
}

#[cfg(unix)]
fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

/// One request of a connection, handed on to the gateway; then both hang up.
async fn pass_on(
    mut socket: TcpStream,
    to: String,
    (slow, came, held): (Arc<AtomicU64>, Arc<AtomicUsize>, Arc<AtomicUsize>),
) -> Option<()> {
    let request = read(&mut socket).await?;
    if request.head.starts_with("POST /v1/videos ") {
        let (number, arrived) = (came.fetch_add(1, Ordering::SeqCst) + 1, Instant::now());
        let is_slow = || arrived.elapsed() < Duration::from_millis(slow.load(Ordering::SeqCst));
        while is_slow() || number >= held.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let mut gateway = TcpStream::connect(to).await.ok()?;
    let head = request.head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    gateway.write_all(&[head.as_bytes(), &request.body].concat()).await.ok()?;
    let mut bytes = Vec::new();
    gateway.read_to_end(&mut bytes).await.ok()?;
    socket.write_all(&bytes).await.ok()
}

/// The program with the progress bar gets SIGKILL each time; every other time the process that submits is asked to end,
/// as a shutdown asks all.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_the_batch_pays_for_every_prompt_once_and_has_every_file() {
    let stage = Stage::new(120).await;
    // So that there is something to be lost to the last.
    stage.held.store(PROMPTS, Ordering::SeqCst);
    stage.gateway.on("files").answers(Reply::usual().in_pieces(400).paced(Duration::from_millis(20)));
    for round in 0..20 {
        let mut child = stage.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(10..350))).await;
        if round % 2 == 1
            && let Some(pid) = stage.submitter()
        {
            // It may have ended by itself in between.
            let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        }
        // SIGKILL: nothing of the program runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        let files = stage.whole_files();
        println!("killed {} times, {files} files", round + 1);
        assert!(files < PROMPTS);
    }
    stage.held.store(usize::MAX, Ordering::SeqCst);
    let (all, said) = stage.run().await;
    assert!(all && said.contains(&format!("{PROMPTS} of {PROMPTS} videos are there")), "{said}");
    let submitted = stage.submitted();
    assert!(submitted.len() == PROMPTS && submitted.values().all(|times| *times == 1), "{submitted:?}");
    assert_eq!(stage.whole_files(), PROMPTS);
    let before = stage.gateway.requests().len();
    assert!(stage.run().await.0, "what is done stays done");
    assert_eq!(stage.gateway.requests().len(), before, "and is not asked about again");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_on_its_way_is_written_down_before_the_program_ends_as_it_was_asked_to() {
    let stage = Stage::new(0).await;
    for round in 1..=3 {
        stage.slow.store(60_000, Ordering::SeqCst);
        let mut child = stage.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until(|| stage.came.load(Ordering::SeqCst) == round).await;
        let submitter = stage.submitter().unwrap();
        for name in ["-INT", "-TERM", "-HUP"] {
            signal(name, &submitter);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        stage.slow.store(0, Ordering::SeqCst);
        until(|| stage.submitter().is_none()).await;
        assert_eq!(stage.came.load(Ordering::SeqCst), round, "nothing new was begun");
        let journal = std::fs::read_to_string(stage.out().join("journal.jsonl")).unwrap();
        assert_eq!(journal.matches(r#""step":"submitted""#).count(), round, "{journal}");
    }
    let (all, said) = stage.run().await;
    assert!(all, "{said}");
    assert!(stage.submitted().len() == PROMPTS && stage.came.load(Ordering::SeqCst) == PROMPTS);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_that_died_on_its_way_is_told_and_never_sent_again() {
    let stage = Stage::new(60_000).await;
    let mut child = stage.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| stage.came.load(Ordering::SeqCst) == 1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    signal("-KILL", &stage.submitter().unwrap());
    stage.slow.store(0, Ordering::SeqCst);

    let (all, said) = stage.run().await;
    assert!(!all && said.contains("a cat, number 0: unknown, and not sent again"), "{said}");
    assert!(said.contains(&format!("{} of {PROMPTS} videos are there", PROMPTS - 1)), "{said}");
    assert_eq!(stage.came.load(Ordering::SeqCst), PROMPTS, "the unknown one came once, and so did the others");
    let (_, again) = stage.run().await;
    assert!(again.contains("number 0: unknown"), "{again}");
    assert_eq!(stage.came.load(Ordering::SeqCst), PROMPTS);
    assert_eq!(stage.whole_files(), PROMPTS - 1);
}

async fn until(mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
