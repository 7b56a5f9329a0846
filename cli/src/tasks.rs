//! `octopusx task`: looking at a task, waiting for it, and saving what it made.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use octopusx::tasks::{TaskAnswer, TaskRef, Wait};
use octopusx::{Client, openoctopus};
use serde_json::json;

use crate::args::{Session, System, Task, Which};
use crate::failure::Failure;
use crate::output::Output;

/// The client of one of the gateways.
pub enum Gateway {
    OctopusX(Client),
    OpenOctopus(openoctopus::Client),
}

impl Gateway {
    pub fn of(session: &Session) -> Result<Self, Failure> {
        Ok(match session.system {
            System::Octopusx => Self::OctopusX(session.octopusx("tasks")?),
            System::Openoctopus => Self::OpenOctopus(session.openoctopus()?),
        })
    }

    fn resume(&self, task: &TaskRef) -> Wait<TaskAnswer> {
        match self {
            Self::OctopusX(client) => client.resume(task),
            Self::OpenOctopus(client) => client.resume(task),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::OctopusX(_) => "octopusx",
            Self::OpenOctopus(_) => "openoctopus",
        }
    }

    fn task(&self, which: &Which) -> Result<TaskRef, Failure> {
        let task = json!({"system": self.name(), "kind": which.kind, "id": which.id});
        serde_json::from_value(task).map_err(|error| Failure::usage(error.to_string()))
    }

    /// Waits for the end, with a bar in a terminal.
    pub async fn wait(&self, task: &TaskRef, deadline: u64, output: &Output) -> Result<TaskAnswer, Failure> {
        let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(100) };
        if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {pos:>3} % {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        let shown = bar.clone();
        let wait = self.resume(task).deadline(Duration::from_secs(deadline)).on_progress(move |answer| {
            shown.set_message(answer.state_word().unwrap_or_default());
            if let Some(percent) = answer.progress_percent() {
                shown.set_position(percent as u64);
            }
        });
        let done = wait.await;
        bar.finish_and_clear();
        Ok(done?)
    }

    /// Saves every result, and prints where.
    pub async fn save(&self, answer: &TaskAnswer, path: &Path, output: &Output) -> Result<(), Failure> {
        let urls = answer.media_urls();
        let mut saved = Vec::new();
        for url in &urls {
            let download = match self {
                Self::OctopusX(client) => client.download_url(url),
                Self::OpenOctopus(client) => client.download_url(url),
            };
            // A file holds one result only; the others come beside it.
            let path = if saved.is_empty() { path } else { path.parent().filter(|_| !path.is_dir()).unwrap_or(path) };
            saved.push(download.to(path).await?);
        }
        if let (true, Some(content)) = (urls.is_empty(), answer.content()) {
            saved.push(content.save_to(path).await?);
        }
        if saved.is_empty() {
            return Err(Failure::Local(format!("the task {} has made no file", answer.task())));
        }
        for file in saved {
            let path = file.path().display().to_string();
            let line = if output.json { json!({"file": path, "bytes": file.size_bytes()}).to_string() } else { path };
            output.line(&line)?;
        }
        Ok(())
    }
}

pub async fn run(session: &Session, task: &Task, output: &Output) -> Result<(), Failure> {
    let gateway = Gateway::of(session)?;
    match task {
        Task::Get { task } => {
            let now = gateway.resume(&gateway.task(task)?).once().await?;
            show(&now, output)
        }
        Task::Wait { task, output: path, deadline } => {
            let done = gateway.wait(&gateway.task(task)?, *deadline, output).await?;
            match path {
                Some(path) => gateway.save(&done, path, output).await,
                None => show(&done, output),
            }
        }
    }
}

fn show(answer: &TaskAnswer, output: &Output) -> Result<(), Failure> {
    if output.json {
        return output.line(&String::from_utf8_lossy(answer.raw()));
    }
    let progress = answer.progress_percent().map(|percent| format!(", {percent} %")).unwrap_or_default();
    output.line(&format!("{}{progress}", answer.state_word().unwrap_or_else(|| "unknown".to_owned())))?;
    if let Some(why) = answer.failure() {
        output.line(&why)?;
    }
    answer.media_urls().iter().try_for_each(|url| output.line(url))
}
