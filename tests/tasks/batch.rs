//! The batch example, killed again and again: every prompt is paid for once, and every file is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use octopusx_mock::Gateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::read;

const PROMPTS: usize = 14;

/// The example as a program, built as the tests are.
fn program() -> PathBuf {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        // Without cargo, whoever runs the tests has built it.
        let Some(cargo) = std::env::var_os("CARGO") else { return };
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--example", "batch_videos"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    });
    let tests = std::env::current_exe().unwrap();
    let name = format!("batch_videos{}", std::env::consts::EXE_SUFFIX);
    tests.parent().unwrap().parent().unwrap().join("examples").join(name)
}

/// A gateway behind a line that lets a submission take its time.
struct Stage {
    gateway: Gateway,
    url: String,
    /// How long a submission takes, in milliseconds.
    slow: Arc<AtomicU64>,
    /// Submissions that came to the line.
    came: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn new(slow: u64) -> Self {
        let gateway = Gateway::builder().task_step(Duration::from_millis(60)).start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (slow, came) = (Arc::new(AtomicU64::new(slow)), Arc::<AtomicUsize>::default());
        let to = gateway.url().trim_start_matches("http://").to_owned();
        let (pause, counter) = (Arc::clone(&slow), Arc::clone(&came));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(pass_on(socket, to.clone(), Arc::clone(&pause), Arc::clone(&counter)));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let prompts: String = (0..PROMPTS).map(|number| format!("a cat, number {number}\n")).collect();
        std::fs::write(folder.path().join("prompts.txt"), prompts).unwrap();
        Self { gateway, url, slow, came, folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg(self.folder.path().join("prompts.txt")).arg(self.out());
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
}

/// One request of a connection, handed on to the gateway; then both hang up.
async fn pass_on(mut socket: TcpStream, to: String, slow: Arc<AtomicU64>, came: Arc<AtomicUsize>) -> Option<()> {
    let request = read(&mut socket).await?;
    if request.head.starts_with("POST /v1/videos ") {
        came.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(slow.load(Ordering::SeqCst))).await;
    }
    let mut gateway = TcpStream::connect(to).await.ok()?;
    let head = request.head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    gateway.write_all(&[head.as_bytes(), &request.body].concat()).await.ok()?;
    let mut bytes = Vec::new();
    gateway.read_to_end(&mut bytes).await.ok()?;
    socket.write_all(&bytes).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_twenty_times_the_batch_pays_for_every_prompt_once_and_has_every_file() {
    let stage = Stage::new(120).await;
    for _ in 0..20 {
        let mut child = stage.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(10..350))).await;
        // SIGKILL: nothing of the program runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        for number in 0..PROMPTS {
            assert!(std::fs::metadata(stage.file(number)).map_or(true, |file| file.len() > 0), "half a file has the final name");
        }
    }
    let (all, said) = stage.run().await;
    assert!(all, "{said}");
    let submitted = stage.submitted();
    assert!(submitted.len() == PROMPTS && submitted.values().all(|times| *times == 1), "{submitted:?}");
    for number in 0..PROMPTS {
        assert!(std::fs::metadata(stage.file(number)).unwrap().len() > 0);
    }
    let before = stage.gateway.requests().len();
    assert!(stage.run().await.0, "what is done stays done");
    assert_eq!(stage.gateway.requests().len(), before, "and is not asked about again");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_that_died_on_its_way_is_told_and_never_sent_again() {
    let stage = Stage::new(60_000).await;
    let mut child = stage.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| stage.came.load(Ordering::SeqCst) == 1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let submitter = std::fs::read_to_string(stage.out().join("submit.lock")).unwrap();
    assert!(Command::new("kill").args(["-9", submitter.trim()]).status().unwrap().success());
    stage.slow.store(0, Ordering::SeqCst);

    let (all, said) = stage.run().await;
    assert!(!all && said.contains("a cat, number 0: unknown, and not sent again"), "{said}");
    assert!(said.contains(&format!("{} of {PROMPTS} videos are there", PROMPTS - 1)), "{said}");
    assert_eq!(stage.came.load(Ordering::SeqCst), PROMPTS, "the unknown one came once, and so did the others");
    let (_, again) = stage.run().await;
    assert!(again.contains("number 0: unknown"), "{again}");
    assert_eq!(stage.came.load(Ordering::SeqCst), PROMPTS);
    assert!(!Path::new(&stage.file(0)).exists());
}

async fn until(mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
