//! Waiting for one task: a builder and a future.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::follow::{Follow, Policy, Track, ask, target};
use super::{Followed, Kind, Task, TaskAnswer, TaskRef, Updates};
use crate::client::{Core, System};
use crate::error::Error;

type OnProgress<A> = Box<dyn FnMut(&A) + Send>;

/// Waits for a task when it is awaited; the result is the last answer about it.
///
/// Failures of the network and of the gateway in between do not end it, only the deadline does: transport errors, 429,
/// 5xx (with `Retry-After` waited out), and in the first seconds also that the task is not known yet. Every error carries
/// the task ([`Error::resume`], [`Error::task_id`], [`Error::task_kind`]). Dropping it stops polling at once; the task
/// itself goes on. All tasks that a client waits for share 32 questions at a time.
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
pub struct Wait<A: Followed> {
    core: Arc<Core>,
    target: Result<(&'static Kind, String), Error>,
    policy: Policy,
    on_progress: Option<OnProgress<A>>,
}

impl<A: Followed> Wait<A> {
    pub(super) fn new(core: &Arc<Core>, target: Result<(&'static Kind, String), Error>) -> Self {
        Self { core: Arc::clone(core), target, policy: Policy::default(), on_progress: None }
    }

    pub(crate) fn of<T: Task<Answer = A>>(core: &Arc<Core>, task: &T) -> Self {
        Self::new(core, target(task))
    }

    /// How long to wait at most. Default: 30 minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.policy.deadline = deadline;
        self
    }

    /// The pause between two questions, always the same but for a random tenth. Default: see
    /// [`backoff`](Self::backoff).
    pub fn poll_every(self, pause: Duration) -> Self {
        self.backoff(pause, pause)
    }

    /// Pauses that grow by a third each time, from `first` to `longest`. Default: from 2 to 10 seconds. After an error
    /// they are doubled up to four times.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.policy.first_pause, self.policy.longest_pause) = (first, longest);
        self
    }

    /// How long an id that the gateway does not know may still be about to appear. Default: 15 seconds.
    pub fn appears_within(mut self, time: Duration) -> Self {
        self.policy.appears_within = time;
        self
    }

    /// How long after the task's success the address of its result may still be missing. Default: 30 seconds; 6 where
    /// the result can be had by the task's id, which then is a success.
    pub fn result_within(mut self, time: Duration) -> Self {
        self.policy.result_within = Some(time);
        self
    }

    /// Further errors that do not end it, beside those that never do.
    ///
    /// ```no_run
    /// # #[cfg(feature = "videos")]
    /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
    /// // The key is changed while we wait.
    /// let video = client.tasks().video("video_abc123").wait().tolerate(|error| error.is_auth()).await?;
    /// # Ok(()) }
    /// ```
    pub fn tolerate(mut self, tolerate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.policy.tolerate = Some(Arc::new(tolerate));
        self
    }

    /// Called with every answer about the task, the last included.
    pub fn on_progress(mut self, on_progress: impl FnMut(&A) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Asks once and does not wait: what the gateway says now, whatever it is.
    ///
    /// # Errors
    /// Any failure: none is tolerated.
    pub async fn once(self) -> Result<A::Done, Error> {
        let (kind, id) = self.target?;
        let mut track = Track::new(kind, id.into());
        let answer = ask(&self.core, &self.policy, &mut track, self.policy.deadline).await;
        let (polled, _) = answer.map_err(|error| track.name(error))?;
        A::done(&self.core, kind, &track.id, polled).map_err(|error| track.name(error))
    }

    /// The task's states as they come, instead of the last alone.
    pub fn updates(self) -> Updates<A> {
        Updates::new(self.target.map(|(kind, id)| Follow::new(self.core, self.policy, kind, id)))
    }
}

impl Wait<TaskAnswer> {
    pub(crate) fn resumed<C: System>(core: &Arc<Core>, task: &TaskRef) -> Self {
        Self::new(core, known::<C>(task).map(|kind| (kind, task.id().to_owned())))
    }
}

/// The kind of a task that was written down.
pub(super) fn known<C: System>(task: &TaskRef) -> Result<&'static Kind, Error> {
    let found = C::KINDS.iter().find(|kind| kind.name == task.kind()).filter(|_| task.system() == C::NAME);
    found.copied().ok_or_else(|| {
        let why = if task.system() == C::NAME {
            "this build knows no such kind of task; is its cargo feature on?".to_owned()
        } else {
            format!("this client talks to {}", C::NAME)
        };
        Error::bad_input(format!("a task of {} of the kind `{}` can't be followed: {why}", task.system(), task.kind()))
            .of_task(task.clone(), None)
    })
}

impl<A: Followed> IntoFuture for Wait<A> {
    type Output = Result<A::Done, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { core, target, policy, mut on_progress } = self;
        Box::pin(async move {
            let (kind, id) = target?;
            let mut follow = Follow::new(core, policy, kind, id);
            loop {
                let step = follow.step().await?;
                let done = |polled| {
                    let done = A::done(&follow.core, kind, &follow.track.id, polled);
                    done.map_err(|error| follow.track.name(error))
                };
                if let Some(on_progress) = &mut on_progress
                    && let Ok(done) = done(step.polled.clone())
                {
                    on_progress(A::shown(&done));
                }
                match step.end {
                    None => {}
                    Some(Ok(())) => return done(step.polled),
                    Some(Err(kind)) => return Err(follow.track.ended(kind, step.polled)),
                }
            }
        })
    }
}

impl<A: Followed> fmt::Debug for Wait<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.target.as_ref().ok().map(|(kind, id)| TaskRef::new(kind, id));
        f.debug_struct("Wait").field("task", &task).field("policy", &self.policy).finish_non_exhaustive()
    }
}
