//! What was done so far, on the disk before anything is done on the strength of it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use octopusx::serde_json::{self, Value, json};
use octopusx::tasks::TaskRef;

use super::Outcome;

/// How far a prompt is.
#[derive(Clone, Debug)]
pub enum Step {
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
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    pub fn open(folder: &Path) -> Outcome<Self> {
        let path = folder.join("journal.jsonl");
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self { path, file })
    }

    /// Writes a step down; when this returns it is on the disk.
    pub fn note(&mut self, number: usize, prompt: &str, step: &Step) -> Outcome {
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
    pub fn read(&self, prompts: &[String]) -> Outcome<BTreeMap<usize, Step>> {
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
