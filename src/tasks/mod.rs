//! Long tasks: what an answer says about one, and how to follow it. No vendor is named here: the document says where
//! each answer keeps its id, its state, its progress and its results.

mod wait;

use serde_json::Value;

use crate::pointer::values;
use crate::{ByteStream, Call, Response};

pub use wait::Wait;

/// Where an answer keeps what is known of its task, as JSON pointers in order of preference; `*` is every element.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub id: &'static [&'static str],
    pub status: &'static [&'static str],
    pub progress: &'static [&'static str],
    pub urls: &'static [&'static str],
    pub error: &'static [&'static str],
}

/// How far a task is, from the words of any vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// Accepted, not begun.
    Waiting,
    /// Under way. Also every word that nobody knows.
    Running,
    /// Done; the results are there.
    Succeeded,
    /// Ended without a result.
    Failed,
    /// Stopped by somebody.
    Cancelled,
}

impl TaskState {
    /// The state that a word of any vendor means, in any case.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
            "not_start" | "not_started" | "submitted" | "queued" | "pending" | "waiting" | "created" => Self::Waiting,
            "succeeded" | "success" | "completed" | "complete" | "done" | "active" | "finished" => Self::Succeeded,
            "failed" | "failure" | "fail" | "error" | "expired" | "rejected" | "not_found" => Self::Failed,
            "cancelled" | "canceled" | "cancel" => Self::Cancelled,
            _ => Self::Running,
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// An answer that names a long task. Implemented by generated types.
pub trait Task {
    /// The client that can ask about it.
    type Client: Clone + Send + Sync + 'static;
    /// What asking about it answers.
    type Answer: Task<Client = Self::Client, Answer = Self::Answer> + Send + 'static;

    #[doc(hidden)]
    const SHAPE: Shape;

    #[doc(hidden)]
    fn json(&self) -> Value;

    /// Asks for the state of a task by its id.
    fn query(client: &Self::Client, id: &str) -> Call<Response<Self::Answer>>;

    /// The result's bytes by the task's id, where the gateway serves them.
    #[must_use]
    fn content(_client: &Self::Client, _id: &str) -> Option<Call<ByteStream>> {
        None
    }

    /// The id to ask with.
    #[must_use]
    fn task_id(&self) -> Option<String> {
        first_text(&self.json(), Self::SHAPE.id)
    }

    /// The state's word as it came.
    #[must_use]
    fn state_word(&self) -> Option<String> {
        first_text(&self.json(), Self::SHAPE.status)
    }

    /// How far it is.
    #[must_use]
    fn state(&self) -> TaskState {
        self.state_word().map_or(TaskState::Running, |word| TaskState::of_word(&word))
    }

    /// How far it is, 0 to 100, where the gateway says it.
    #[must_use]
    fn progress_percent(&self) -> Option<f64> {
        let text = first_text(&self.json(), Self::SHAPE.progress)?;
        text.trim().trim_end_matches('%').trim_end().parse().ok().filter(|percent: &f64| percent.is_finite())
    }

    /// The addresses of the results, each once; empty until it has succeeded.
    #[must_use]
    fn media_urls(&self) -> Vec<String> {
        let json = self.json();
        let mut urls = Vec::new();
        for url in Self::SHAPE.urls.iter().flat_map(|pointer| texts(&json, pointer)) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        urls
    }

    /// Why it failed, where the answer says it.
    #[must_use]
    fn failure(&self) -> Option<String> {
        let json = self.json();
        Self::SHAPE.error.iter().find_map(|pointer| values(&json, pointer).into_iter().find_map(words))
    }
}

impl<T: Task> Task for Response<T> {
    type Client = T::Client;
    type Answer = T::Answer;
    const SHAPE: Shape = T::SHAPE;

    fn json(&self) -> Value {
        (**self).json()
    }

    fn query(client: &Self::Client, id: &str) -> Call<Response<Self::Answer>> {
        T::query(client, id)
    }

    fn content(client: &Self::Client, id: &str) -> Option<Call<ByteStream>> {
        T::content(client, id)
    }
}

/// Non-empty strings and numbers, as text.
fn texts(json: &Value, pointer: &str) -> Vec<String> {
    values(json, pointer)
        .into_iter()
        .filter_map(|value| match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

fn first_text(json: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| texts(json, pointer).into_iter().next())
}

/// The words of an error: a text, or the texts of an object's message and code. Healthy tasks carry empty ones.
fn words(error: &Value) -> Option<String> {
    match error {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Object(members) => {
            let word = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
            match (word("message"), word("code")) {
                (Some(message), Some(code)) => Some(format!("{message} ({code})")),
                (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
                (None, None) => None,
            }
        }
        _ => None,
    }
}
