//! Follows one task to its end.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::{Task, TaskState};
use crate::error::{Error, Kind};
use crate::transport::{Answer, seconds};
use crate::{Call, Response};

const DEADLINE: Duration = Duration::from_secs(30 * 60);
const POLL_EVERY: Duration = Duration::from_secs(2);
/// A task is not found everywhere at once after it was created.
const APPEARS_WITHIN: Duration = Duration::from_secs(15);

type OnProgress<A> = Box<dyn FnMut(&A) + Send>;

/// Waits for a task when it is awaited; the result is the last answer about it.
///
/// Failures of the network and of the gateway in between do not end it, only the deadline does. Every error carries
/// the task's id ([`Error::task_id`]). Dropping it stops polling; the task itself goes on.
///
/// ```no_run
/// # #[cfg(feature = "videos")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// use octopusx::tasks::Task;
/// use octopusx::videos::SoraVideoRequest;
/// use std::time::Duration;
///
/// let video = client.videos().create(&SoraVideoRequest::new("sora-2", "a cat nods to music")).await?;
/// let done = client
///     .wait(&video)
///     .deadline(Duration::from_secs(600))
///     .on_progress(|video| println!("{:?} {:?} %", video.state(), video.progress_percent()))
///     .await?;
/// println!("{:?}", done.media_urls());
/// # Ok(()) }
/// ```
#[must_use = "nothing is polled until it is awaited"]
pub struct Wait<T: Task> {
    client: T::Client,
    id: Option<String>,
    deadline: Duration,
    poll_every: Duration,
    on_progress: Option<OnProgress<T::Answer>>,
}

impl<T: Task> Wait<T> {
    pub(crate) fn new(client: &T::Client, task: &T) -> Self {
        Self { client: client.clone(), id: task.task_id(), deadline: DEADLINE, poll_every: POLL_EVERY, on_progress: None }
    }

    /// How long to wait at most. Default: 30 minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The pause between two questions. Default: 2 seconds.
    pub fn poll_every(mut self, pause: Duration) -> Self {
        self.poll_every = pause;
        self
    }

    /// Called with every answer about the task, the last included.
    pub fn on_progress(mut self, on_progress: impl FnMut(&T::Answer) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }
}

impl<T: Task + 'static> IntoFuture for Wait<T>
where
    Response<T::Answer>: Answer,
{
    type Output = Result<Response<T::Answer>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, id, deadline, poll_every, on_progress } = self;
        let Some(id) = id else {
            let error = Error::task(Kind::Decode, "the answer names no task, so there is nothing to wait for".to_owned());
            return Box::pin(std::future::ready(Err(error)));
        };
        let query: Query<T::Answer> = {
            let id = id.clone();
            Box::new(move || T::query(&client, &id))
        };
        Box::pin(Follow { id, started: Instant::now(), deadline, poll_every, query, on_progress }.until_done())
    }
}

type Query<A> = Box<dyn Fn() -> Call<Response<A>> + Send>;

struct Follow<A> {
    id: String,
    started: Instant,
    deadline: Duration,
    poll_every: Duration,
    query: Query<A>,
    on_progress: Option<OnProgress<A>>,
}

impl<A: Task + Send + 'static> Follow<A>
where
    Response<A>: Answer,
{
    async fn until_done(mut self) -> Result<Response<A>, Error> {
        let mut last = None;
        loop {
            let Some(left) = self.deadline.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero()) else {
                return Err(self.too_late(last));
            };
            match (self.query)().timeout(left).await {
                Ok(answer) => {
                    if let Some(on_progress) = &mut self.on_progress {
                        on_progress(&answer);
                    }
                    match answer.state() {
                        TaskState::Succeeded => return Ok(answer),
                        TaskState::Failed | TaskState::Cancelled => return Err(self.ended(&answer)),
                        _ => {}
                    }
                }
                Err(error) if self.tolerates(&error) => last = Some(error),
                Err(error) => return Err(error.of_task(&self.id)),
            }
            tokio::time::sleep(self.poll_every.min(left)).await;
        }
    }

    /// Errors that say nothing about the task.
    fn tolerates(&self, error: &Error) -> bool {
        let server = error.http_status().is_some_and(|status| status.is_server_error());
        error.is_retryable() || server || (error.is_not_found() && self.started.elapsed() < APPEARS_WITHIN)
    }

    fn ended(&self, answer: &Response<A>) -> Error {
        let word = answer.state_word().unwrap_or_default();
        let why = answer.failure().map_or_else(String::new, |why| format!(": {}", answer.without_secrets(&why)));
        Error::task(Kind::Task, format!("the task ended as `{word}`{why}")).of_task(&self.id)
    }

    fn too_late(&self, last: Option<Error>) -> Error {
        let error =
            Error::task(Kind::Deadline, format!("the task was not done within {}", seconds(self.deadline))).of_task(&self.id);
        match last {
            Some(last) => error.caused_by(last),
            None => error,
        }
    }
}

impl<T: Task> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("id", &self.id).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
