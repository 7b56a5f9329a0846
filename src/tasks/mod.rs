//! Long tasks: what an answer says about one, and how to follow it.
//!
//! What a creating call answered can be waited for, and so can a bare id ([`TaskHandle`]), and what was written down
//! yesterday ([`TaskRef`]). No vendor is named here: the document says where each answer keeps its task's id, state and
//! results.
//!
//! ```no_run
//! # #[cfg(all(feature = "videos", feature = "suno"))]
//! # async fn example(client: octopusx::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use octopusx::tasks::TaskRef;
//! use std::time::Duration;
//!
//! let video = client.tasks().video("video_abc123").wait().deadline(Duration::from_secs(600)).await?;
//! println!("{:?}", video.media_urls());
//!
//! // A program can stop and go on tomorrow.
//! let written = serde_json::to_string(&client.tasks().suno("7c1e9a54").task_ref())?;
//! let task: TaskRef = serde_json::from_str(&written)?;
//! let song = client.resume(&task).await?;
//! println!("{:?}", song.media_urls());
//! # Ok(()) }
//! ```

mod any;
mod follow;
mod handle;
mod many;
mod reading;
mod state;
mod task_ref;
mod updates;
mod wait;

use std::sync::Arc;

use crate::client::{Core, System};
use crate::error::{Error, Kind as ErrorKind};
use crate::transport::{Checked, decode_text};
use crate::wire::Read;
use crate::{ByteStream, Call, Response};

pub use any::TaskAnswer;
pub use follow::Followed;
pub(crate) use follow::{Polled, results};
pub use handle::TaskHandle;
pub use many::{Completed, WaitAll};
#[doc(hidden)]
pub use reading::{Shape, What};
pub use state::TaskState;
pub use task_ref::TaskRef;
pub use updates::{TaskUpdate, Updates};
pub use wait::Wait;

use reading::Reading;

/// Asks for something by a task's id.
type AskFor<T> = fn(&Arc<Core>, &str) -> Call<T>;

/// How tasks of one kind are followed, as the document says. Made by generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Kind {
    pub system: &'static str,
    pub name: &'static str,
    /// The places of the query's answer.
    pub shape: Shape,
    pub query: AskFor<Polled>,
    /// Whether a 2xx answer is what it should be, or which error.
    pub check: Checked,
    pub content: Option<AskFor<ByteStream>>,
    /// Words of an error that say that nobody knows the id.
    pub not_found: &'static [&'static str],
    /// Words of the state that say that the task waits for its owner.
    pub input: &'static [&'static str],
    pub batch: Option<Batch>,
}

/// How several tasks of a kind are asked about at once.
#[doc(hidden)]
#[derive(Debug)]
pub struct Batch {
    pub query: fn(&Arc<Core>, &[&str]) -> Call<Polled>,
    pub check: Checked,
    /// Where the answer lists them.
    pub items: &'static [&'static str],
    /// The places of an element.
    pub shape: Shape,
}

/// An answer that names a long task. Implemented by generated types.
pub trait Task {
    /// The client that can ask about it.
    type Client: System + Clone + Send + Sync + 'static;
    /// What asking about it answers.
    type Answer: Task<Client = Self::Client, Answer = Self::Answer> + Send + 'static;

    #[doc(hidden)]
    const KIND: &'static Kind;
    #[doc(hidden)]
    const SHAPE: Shape;

    #[doc(hidden)]
    fn json(&self) -> Vec<u8>;

    /// Asks for the state of a task by its id.
    fn query(client: &Self::Client, id: &str) -> Call<Response<Self::Answer>> {
        (Self::KIND.query)(client.shared(), id).read_as()
    }

    /// The result's bytes by the task's id, where the gateway serves them.
    #[must_use]
    fn content(client: &Self::Client, id: &str) -> Option<Call<ByteStream>> {
        Self::KIND.content.map(|content| content(client.shared(), id))
    }

    /// The id to ask with.
    #[must_use]
    fn task_id(&self) -> Option<String> {
        Reading::of(Self::SHAPE, &self.json()).id().map(str::to_owned)
    }

    /// What to write down, so that the task can be found again.
    ///
    /// # Errors
    /// The answer names no task.
    fn task_ref(&self) -> Result<TaskRef, Error> {
        self.task_id().map(|id| TaskRef::new(Self::KIND, &id)).ok_or_else(no_task)
    }

    /// The state's word as it came.
    #[must_use]
    fn state_word(&self) -> Option<String> {
        Reading::of(Self::SHAPE, &self.json()).state_word().map(str::to_owned)
    }

    /// How far it is.
    #[must_use]
    fn state(&self) -> TaskState {
        Reading::of(Self::SHAPE, &self.json()).state(Self::KIND.input)
    }

    /// How far it is, 0 to 100, where the gateway says it.
    #[must_use]
    fn progress_percent(&self) -> Option<f64> {
        Reading::of(Self::SHAPE, &self.json()).progress_percent()
    }

    /// The addresses of the results, each once; empty until it has succeeded.
    #[must_use]
    fn media_urls(&self) -> Vec<String> {
        Reading::of(Self::SHAPE, &self.json()).urls().into_iter().map(str::to_owned).collect()
    }

    /// Why it failed, where the answer says it.
    #[must_use]
    fn failure(&self) -> Option<String> {
        Reading::of(Self::SHAPE, &self.json()).failure()
    }
}

impl<T: Task> Task for Response<T> {
    type Client = T::Client;
    type Answer = T::Answer;
    const KIND: &'static Kind = T::KIND;
    const SHAPE: Shape = T::SHAPE;

    fn json(&self) -> Vec<u8> {
        self.raw().to_vec()
    }

    fn task_id(&self) -> Option<String> {
        (**self).task_id()
    }
}

/// Reads what a gateway posted to an address of the caller's.
pub(crate) fn parse_posted<T: for<'de> Read<'de>>(body: &[u8]) -> Result<T, Error> {
    let unreadable = |why: String| Error::task(ErrorKind::Decode, format!("what was posted can't be read: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
    decode_text(text.trim_start_matches('\u{feff}')).map_err(|failure| {
        let place = if failure.path.is_empty() { String::new() } else { format!("at `{}`: ", failure.path) };
        unreadable(format!("{place}{}", failure.error)).at_json_path(failure.path)
    })
}

fn no_task() -> Error {
    Error::task(ErrorKind::Decode, "the answer names no task, so there is nothing to wait for".to_owned())
}
