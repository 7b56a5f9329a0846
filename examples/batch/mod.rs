//! A batch of videos in a folder that remembers all: one process submits, another waits and saves.

mod journal;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use octopusx::Client;
use octopusx::tasks::{TaskRef, TaskState};
use octopusx::videos::SoraVideoRequest;
use tokio::sync::watch;

use journal::{Journal, Step};

pub type Outcome<T = ()> = Result<T, Box<dyn StdError + Send + Sync>>;

fn read_prompts(path: &Path) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// A file that one process at a time can hold; whoever dies lets go.
fn lock_file(folder: &Path, name: &str) -> Outcome<File> {
    Ok(OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(name))?)
}

/// Submits what was not submitted yet. For a process that does nothing else: asked to end, it first writes down what
/// came of the request that is on its way.
pub async fn submit(prompts: &Path, folder: &Path) -> Outcome {
    let stopped = stop_signals()?;
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
        if *stopped.borrow() {
            break;
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

/// Turns true when the system or the user asks this process to end, which from now on ends by itself alone.
#[cfg(unix)]
fn stop_signals() -> Outcome<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (stop, stopped) = watch::channel(false);
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        let (mut signals, stop) = (signal(kind)?, stop.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                stop.send_replace(true);
            }
        });
    }
    Ok(stopped)
}

#[cfg(not(unix))]
fn stop_signals() -> Outcome<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            stop.send_replace(true);
        }
    });
    Ok(stopped)
}

/// Starts the submitting process so that it outlives this one.
fn start(mut submitter: Command, folder: &Path) -> Outcome<Child> {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("submit.log"))?;
    submitter.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    // What is typed at the terminal is for the program with the progress bar.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut submitter, 0);
    Ok(submitter.spawn()?)
}

/// Starts `submitter`, which has to call [`submit`], waits for every task that the journal knows, and saves what comes of
/// it. True when every prompt has its file.
pub async fn render(list: &Path, folder: &Path, submitter: Command) -> Outcome<bool> {
    std::fs::create_dir_all(folder)?;
    let lock = lock_file(folder, "run.lock")?;
    lock.try_lock().map_err(|_| "another run is at work in this folder")?;
    let prompts = read_prompts(list)?;
    let mut journal = Journal::open(folder)?;
    let client = Client::from_env()?;
    let mut submitting = start(submitter, folder)?;
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
    // A download that was cut off goes on where it was.
    let saved = async { wait.await?.download().to(&file).await };
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
