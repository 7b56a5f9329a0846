//! What a scripted task says, poll by poll.

use std::str::FromStr;

use serde_json::Value;

use super::stage::Stage;
use crate::pointer::Pointer;
use crate::reply::{BadReply, Reply};

/// What one poll of a scripted task finds: a state, told in the words and members of whatever family the task is of, or
/// an answer in its place.
///
/// ```
/// use octopusx_mock::{Reply, TaskStep};
/// use serde_json::json;
///
/// let _states = [
///     TaskStep::answers(Reply::status(404)),
///     TaskStep::waiting(),
///     TaskStep::running(25).with_progress(json!("25%")).times(3),
///     TaskStep::says("REVIEWING"),
///     TaskStep::done().in_upper_case().without_urls(),
///     TaskStep::done(),
/// ];
/// ```
#[derive(Debug, Clone)]
pub struct TaskStep {
    pub(super) told: Told,
    pub(super) word: Word,
    pub(super) progress: Option<Value>,
    pub(super) urls: Urls,
    pub(super) error: Option<Value>,
    pub(super) edits: Vec<(Pointer, Option<Value>)>,
    times: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Told {
    State(Stage, Option<String>),
    Reply(Box<Reply>),
}

/// How the state's word is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// As the family does.
    Usual,
    Upper,
    Lower,
    Exactly(String),
}

/// The addresses of what came of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urls {
    Usual,
    Missing,
    Empty,
    /// They lead to a refusal.
    Expired,
}

impl TaskStep {
    fn new(told: Told) -> Self {
        Self { told, word: Word::Usual, progress: None, urls: Urls::Usual, error: None, edits: Vec::new(), times: 1 }
    }

    fn state(stage: Stage, reason: Option<String>) -> Self {
        Self::new(Told::State(stage, reason))
    }

    /// Taken, not begun.
    pub fn waiting() -> Self {
        Self::state(Stage::Waiting, None)
    }

    /// Under way, at so many percent.
    pub fn running(percent: u8) -> Self {
        Self::state(Stage::Running(percent), None)
    }

    /// Finished, with addresses that lead back to the gateway.
    pub fn done() -> Self {
        Self::state(Stage::Done, None)
    }

    /// Failed, for a reason that is told where the document says.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::state(Stage::Failed, Some(reason.into()))
    }

    /// Stopped by somebody.
    pub fn cancelled() -> Self {
        Self::state(Stage::Cancelled, None)
    }

    /// A state of any name, told without a result: `"REVIEWING"`, `""`.
    pub fn says(word: impl Into<String>) -> Self {
        Self::running(50).with_word(word)
    }

    /// No state at all: the poll gets this answer.
    pub fn answers(reply: impl Into<Reply>) -> Self {
        Self::new(Told::Reply(Box::new(reply.into())))
    }

    /// Tells the state by this word.
    #[must_use]
    pub fn with_word(mut self, word: impl Into<String>) -> Self {
        self.word = Word::Exactly(word.into());
        self
    }

    /// Tells the family's word for the state in capitals.
    #[must_use]
    pub fn in_upper_case(mut self) -> Self {
        self.word = Word::Upper;
        self
    }

    /// Tells the family's word for the state in small letters.
    #[must_use]
    pub fn in_lower_case(mut self) -> Self {
        self.word = Word::Lower;
        self
    }

    /// Tells the progress by this value, whatever form the family has for it: `50`, `"50"`, `"50%"`, `null`.
    #[must_use]
    pub fn with_progress(mut self, progress: impl Into<Value>) -> Self {
        self.progress = Some(progress.into());
        self
    }

    /// Leaves out the addresses of the results: they come with a later poll.
    #[must_use]
    pub fn without_urls(mut self) -> Self {
        self.urls = Urls::Missing;
        self
    }

    /// Tells `""` for each address of a result.
    #[must_use]
    pub fn with_empty_urls(mut self) -> Self {
        self.urls = Urls::Empty;
        self
    }

    /// Tells addresses that answer 403, as signed ones do after their time.
    #[must_use]
    pub fn with_expired_urls(mut self) -> Self {
        self.urls = Urls::Expired;
        self
    }

    /// Puts this where the family tells errors, whatever the state: a healthy task may carry
    /// `{"message": "", "code": ""}`. Where a family has no place for one, nothing happens.
    #[must_use]
    pub fn with_error(mut self, error: impl Into<Value>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Writes a value at a JSON pointer of the answer, `*` being every element; what is missing on the way is made.
    ///
    /// # Panics
    /// When the text is no JSON pointer.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        self.edits.push((Pointer::expect(pointer), Some(value.into())));
        self
    }

    /// Takes out what a JSON pointer leads to.
    ///
    /// # Panics
    /// When the text is no JSON pointer.
    #[must_use]
    #[track_caller]
    pub fn without(mut self, pointer: &str) -> Self {
        self.edits.push((Pointer::expect(pointer), None));
        self
    }

    /// Finds the same at so many polls one after another.
    #[must_use]
    pub fn times(mut self, polls: usize) -> Self {
        self.times = polls;
        self
    }

    /// How far the task is. Nobody knows while an answer stands in place of the state.
    pub(super) fn stage(&self) -> Stage {
        match self.told {
            Told::State(stage, _) => stage,
            Told::Reply(_) => Stage::Running(0),
        }
    }
}

/// The whole life of a scripted task: what each poll finds, the last for ever after.
#[derive(Debug, Clone)]
pub struct TaskScript {
    created: Option<TaskStep>,
    polls: Vec<TaskStep>,
}

impl TaskScript {
    /// A task that tells these states, one a poll, and stays at the last. Without any it stays unbegun.
    pub fn new(polls: impl IntoIterator<Item = TaskStep>) -> Self {
        Self { created: None, polls: polls.into_iter().collect() }
    }

    /// What the answer that makes the task says of it, where that names a state; unbegun otherwise.
    #[must_use]
    pub fn created(mut self, step: TaskStep) -> Self {
        self.created = Some(step);
        self
    }

    pub(super) fn creation(&self) -> Option<&TaskStep> {
        self.created.as_ref()
    }

    /// What the poll after so many others finds.
    pub(super) fn poll(&self, before: u64) -> Option<&TaskStep> {
        let mut left = before;
        let due = self.polls.iter().find(|step| {
            let times = u64::try_from(step.times).unwrap_or(u64::MAX);
            let due = left < times;
            left = left.saturating_sub(times);
            due
        });
        due.or(self.polls.last())
    }
}

impl FromStr for TaskScript {
    type Err = BadReply;

    /// Reads states with commas between them: `404, waiting, 3*running=50, done`.
    fn from_str(text: &str) -> Result<Self, BadReply> {
        let steps = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(read_step);
        steps.collect::<Result<Vec<_>, _>>().map(Self::new).map_err(BadReply::new)
    }
}

fn read_step(text: &str) -> Result<TaskStep, String> {
    let (times, state) = match text.split_once('*') {
        Some((times, state)) => (times.trim().parse().map_err(|_| format!("{text}: {times} is no number"))?, state.trim()),
        None => (1, text),
    };
    let (name, value) = state.split_once('=').unwrap_or((state, ""));
    let step = match (name, value) {
        ("waiting", "") => TaskStep::waiting(),
        ("running", percent) => TaskStep::running(percent.parse().map_err(|_| format!("{text}: it is no percent"))?),
        ("done", "") => TaskStep::done(),
        ("done-without-urls", "") => TaskStep::done().without_urls(),
        ("done-with-empty-urls", "") => TaskStep::done().with_empty_urls(),
        ("done-with-expired-urls", "") => TaskStep::done().with_expired_urls(),
        ("failed", reason) => TaskStep::failed(if reason.is_empty() { "it failed" } else { reason }),
        ("cancelled", "") => TaskStep::cancelled(),
        ("says", word) => TaskStep::says(word),
        (status, "") if (100..1000).contains(&status.parse::<u16>().unwrap_or_default()) => {
            TaskStep::answers(format!("status={status}").parse::<Reply>().map_err(|error| error.to_string())?)
        }
        _ => return Err(format!("{text:?} is no state of a task")),
    };
    Ok(step.times(times))
}

impl<I: IntoIterator<Item = TaskStep>> From<I> for TaskScript {
    fn from(polls: I) -> Self {
        Self::new(polls)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_poll_finds_its_step_and_the_last_stays() {
        let script = TaskScript::new([TaskStep::waiting(), TaskStep::running(10).times(2), TaskStep::done()]);
        let stages: Vec<Stage> = (0..6).map(|before| script.poll(before).unwrap().stage()).collect();
        let [waiting, running, done] = [Stage::Waiting, Stage::Running(10), Stage::Done];
        assert_eq!(stages, [waiting, running, running, done, done, done]);
        assert!(TaskScript::new([]).poll(0).is_none());
        let read: TaskScript = "waiting, 2*running=10, done".parse().unwrap();
        assert_eq!((0..6).map(|before| read.poll(before).unwrap().stage()).collect::<Vec<_>>(), stages);
        for wrong in ["nearly", "x*done", "running", "done=1", "7"] {
            assert!(wrong.parse::<TaskScript>().is_err(), "{wrong}");
        }
    }
}
