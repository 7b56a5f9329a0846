//! Renders a list of prompts, one a line, into a folder: `cargo run --example batch_videos PROMPTS.txt FOLDER`, with the
//! key in `OCTOPUSX_API_KEY`. Without arguments it shows itself with three prompts at an embedded gateway.
//!
//! It can be killed at any moment and started again: it goes on where it was, and no prompt is paid for twice. Every step
//! is in the folder's journal before it is taken. The one moment that no journal can cover is that between sending a
//! request and writing down the id in its answer, because the gateway knows no idempotency key and lists no tasks. So a
//! small process of its own does nothing but submit. It outlives the program with the progress bar; should it die itself
//! in that moment, the prompt is told as unknown and never sent again.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use octopusx::Client;
use octopusx::serde_json::{self, Value, json};
use octopusx::tasks::{TaskRef, TaskState};
use octopusx::videos::SoraVideoRequest;

type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--submit", prompts, folder] => submit(Path::new(prompts), Path::new(folder)).await.map(|()| true),
        [prompts, folder] => render(Path::new(prompts), Path::new(folder)).await,
        [] => rehearse().await,
        _ => Err("usage: batch_videos PROMPTS.txt FOLDER; the key is in OCTOPUSX_API_KEY".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs this program with three prompts at a gateway on this machine.
async fn rehearse() -> Outcome<bool> {
    let gateway = octopusx_mock::Gateway::start().await?;
    let folder = std::env::temp_dir().join(format!("batch-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let list = folder.join("prompts.txt");
    std::fs::write(&list, "a cat nods to music\na paper plane flies through an office\nan octopus paints a wall\n")?;
    let mut program = Command::new(std::env::current_exe()?);
    program.arg(list).arg(&folder).env("OCTOPUSX_API_KEY", gateway.key()).env("OCTOPUSX_BASE_URL", gateway.url());
    let done = tokio::task::spawn_blocking(move || program.status()).await??;
    println!("they are in {}", folder.display());
    Ok(done.success())
}

/// How far a prompt is.
#[derive(Clone, Debug)]
enum Step {
    /// The request is on its way.
    Submitting,
    Submitted(TaskRef),
    /// The gateway did nothing; it may be sent again.
    Refused(String),
    /// Nobody knows whether it was taken: sending it again might pay twice.
    Unknown(String),
    Saved,
    Failed(String),
}

/// What was done, one JSON object a line, in the order in which it was done.
struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    fn open(folder: &Path) -> Outcome<Self> {
        let path = folder.join("journal.jsonl");
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Writes a step down; when this returns it is on the disk.
    fn note(&mut self, number: usize, prompt: &str, step: &Step) -> Outcome {
        let (name, detail) = match step {
            Step::Submitting => ("submitting", Value::Null),
            Step::Submitted(task) => ("submitted", serde_json::to_value(task)?),
            Step::Refused(why) => ("refused", json!(why)),
            Step::Unknown(why) => ("unknown", json!(why)),
            Step::Saved => ("saved", Value::Null),
            Step::Failed(why) => ("failed", json!(why)),
        };
        // The line break comes first: should a line be cut off, the next is not glued to it.
        let line = format!("\n{}", json!({"number": number, "prompt": prompt, "step": name, "detail": detail}));
        self.file.write_all(line.as_bytes())?;
        Ok(self.file.sync_data()?)
    }

    /// The last step of each prompt.
    fn read(&self, prompts: &[String]) -> Outcome<BTreeMap<usize, Step>> {
        let text = std::fs::read_to_string(&self.path)?;
        let mut steps = BTreeMap::new();
        for line in text.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let number = line["number"].as_u64().unwrap_or_default() as usize;
            if prompts.get(number).map(String::as_str) != line["prompt"].as_str() {
                return Err(format!("line {} of the prompts is not what it was; give a new folder", number + 1).into());
            }
            let why = line["detail"].as_str().unwrap_or_default().to_owned();
            let step = match line["step"].as_str() {
                Some("submitting") => Step::Submitting,
                Some("submitted") => Step::Submitted(serde_json::from_value(line["detail"].clone())?),
                Some("refused") => Step::Refused(why),
                Some("saved") => Step::Saved,
                Some("failed") => Step::Failed(why),
                _ => Step::Unknown(why),
            };
            steps.insert(number, step);
        }
        Ok(steps)
    }
}

fn read_prompts(path: &Path) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// A file that one process at a time can hold; whoever dies lets go.
fn lock_file(folder: &Path, name: &str) -> Outcome<File> {
    Ok(OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(name))?)
}

/// Submits what was not submitted yet, in a process that does nothing else.
async fn submit(prompts: &Path, folder: &Path) -> Outcome {
    let mut lock = lock_file(folder, "submit.lock")?;
    // One that an earlier run started may still be at work.
    lock.lock()?;
    lock.set_len(0)?;
    lock.write_all(std::process::id().to_string().as_bytes())?;
    let prompts = read_prompts(prompts)?;
    let mut journal = Journal::open(folder)?;
    let client = Client::from_env()?;
    let mut steps = journal.read(&prompts)?;
    for (number, prompt) in prompts.iter().enumerate() {
        match steps.remove(&number) {
            None | Some(Step::Refused(_)) => {}
            Some(Step::Submitting) => {
                journal.note(number, prompt, &Step::Unknown("the program died while it was on its way".to_owned()))?;
                continue;
            }
            Some(_) => continue,
        }
        journal.note(number, prompt, &Step::Submitting)?;
        let request = SoraVideoRequest::new("sora-2", prompt);
        let step = match client.videos().create(&request).await.and_then(|video| video.task_ref()) {
            Ok(task) => Step::Submitted(task),
            Err(error) if error.may_have_been_processed() => Step::Unknown(error.to_string()),
            Err(error) => Step::Refused(error.to_string()),
        };
        journal.note(number, prompt, &step)?;
    }
    Ok(())
}

/// Starts the submitting process so that it outlives this one.
fn start_submitting(prompts: &Path, folder: &Path) -> Outcome<Child> {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("submit.log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--submit").arg(prompts).arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command.spawn()?)
}

/// Waits for every task that the journal knows and saves what comes of it. True when every prompt has its file.
async fn render(list: &Path, folder: &Path) -> Outcome<bool> {
    std::fs::create_dir_all(folder)?;
    let lock = lock_file(folder, "run.lock")?;
    lock.try_lock().map_err(|_| "another run is at work in this folder")?;
    let prompts = read_prompts(list)?;
    let mut journal = Journal::open(folder)?;
    let client = Client::from_env()?;
    let mut submitting = start_submitting(list, folder)?;
    let bar = ProgressBar::new(prompts.len() as u64);
    bar.set_style(ProgressStyle::with_template("[{bar:40}] {pos}/{len} {msg}")?.progress_chars("=> "));
    let mut waiting = tokio::task::JoinSet::new();
    let mut taken = vec![false; prompts.len()];
    loop {
        // Asked for before the journal is read, so that nothing is written after the last reading.
        let all_submitted = submitting.try_wait()?.is_some();
        for (number, step) in journal.read(&prompts)? {
            if let (Step::Submitted(task), false) = (step, taken[number]) {
                taken[number] = true;
                waiting.spawn(save(client.clone(), task, number, folder.join(format!("{number:03}.mp4")), bar.clone()));
            }
        }
        tokio::select! {
            Some(saved) = waiting.join_next() => {
                let (number, step) = saved?;
                journal.note(number, &prompts[number], &step)?;
            }
            () = tokio::time::sleep(Duration::from_millis(100)), if !all_submitted => {}
            else => break,
        }
        bar.set_position(journal.read(&prompts)?.values().filter(|step| matches!(step, Step::Saved)).count() as u64);
    }
    bar.finish_with_message("");
    tell(&prompts, &journal.read(&prompts)?)
}

/// Waits for one task and saves its video.
async fn save(client: Client, task: TaskRef, number: usize, file: PathBuf, bar: ProgressBar) -> (usize, Step) {
    let pause = Duration::from_millis(if client.base_url().contains("127.0.0.1") { 50 } else { 3000 });
    let wait = client.resume(&task).poll_every(pause).deadline(Duration::from_secs(6 * 3600));
    let wait = wait.on_progress(move |answer| {
        if let TaskState::Running { progress: Some(percent) } = answer.state() {
            bar.set_message(format!("{}: {percent:.0} %", answer.task()));
        }
    });
    let saved = async {
        let done = wait.await?;
        match done.content() {
            Some(content) => content.await?.save_to(&file).await,
            None => client.videos().content(task.id()).await?.save_to(&file).await,
        }
    };
    match saved.await {
        Ok(_) => (number, Step::Saved),
        Err(error) if error.is_task_failure() => (number, Step::Failed(error.to_string())),
        // Waiting can go on another time.
        Err(error) => {
            eprintln!("{error}");
            (number, Step::Submitted(task))
        }
    }
}

fn tell(prompts: &[String], steps: &BTreeMap<usize, Step>) -> Outcome<bool> {
    let mut all = true;
    for (number, prompt) in prompts.iter().enumerate() {
        let said = match steps.get(&number) {
            Some(Step::Saved) => continue,
            Some(Step::Failed(why)) => format!("failed: {why}"),
            Some(Step::Unknown(why)) => format!("unknown, and not sent again, since it may be paid for already: {why}"),
            Some(Step::Refused(why)) => format!("refused; start again to submit it: {why}"),
            Some(Step::Submitted(task)) => format!("not done yet; start again to go on with {task}"),
            Some(Step::Submitting) | None => "not submitted; start again".to_owned(),
        };
        println!("{:>4} {prompt}: {said}", number + 1);
        all = false;
    }
    println!("{} of {} videos are there", steps.values().filter(|step| matches!(step, Step::Saved)).count(), prompts.len());
    Ok(all)
}
