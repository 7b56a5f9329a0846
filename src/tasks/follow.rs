//! Follows one task, whatever it is: when to ask, what an answer means, what an error means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::reading::Reading;
use super::{Batch, Kind, Task, TaskRef, TaskState, state};
use crate::Response;
use crate::client::Core;
use crate::error::{Error, Kind as ErrorKind};
use crate::redact::redact;
use crate::request::Unsent;
use crate::retry::RetryPolicy;
use crate::transport::{self, Answer, Head, Receiving, seconds};
use crate::wire::{Read, Typed};

const DEADLINE: Duration = Duration::from_secs(30 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How much longer each pause is than the one before.
const GROWTH: f64 = 1.3;
/// A question that is not answered by then is asked again.
const POLL_WITHIN: Duration = Duration::from_secs(60);
/// A task is not found everywhere at once after it was created.
const APPEARS_WITHIN: Duration = Duration::from_secs(15);
/// The address of a result may come a little after its success.
const RESULT_WITHIN: Duration = Duration::from_secs(30);
/// The same where the result can be had by the id too.
const ADDRESS_WITHIN: Duration = Duration::from_secs(6);
/// A web page in place of an answer comes and goes; an answer of another form stays.
const UNREADABLE: u32 = 3;

/// What following a task can give. Sealed.
pub trait Followed: Sized + Send + 'static {
    /// The answer with what came with it.
    type Done: Send + 'static;

    #[doc(hidden)]
    fn done(core: &Arc<Core>, kind: &'static Kind, id: &str, polled: Polled) -> Result<Self::Done, Error>;

    #[doc(hidden)]
    fn shown(done: &Self::Done) -> &Self;
}

impl<A: for<'de> Read<'de> + Typed + Send + 'static> Followed for A {
    type Done = Response<A>;

    fn done(_: &Arc<Core>, _: &'static Kind, _: &str, polled: Polled) -> Result<Response<A>, Error> {
        transport::read(polled.head, polled.body)
    }

    fn shown(done: &Response<A>) -> &A {
        done
    }
}

/// An answer that was not read yet.
#[derive(Clone)]
pub struct Polled {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

impl Answer for Polled {
    fn receive(core: Arc<Core>, unsent: Box<Unsent>) -> Receiving<Self> {
        Box::pin(async move {
            let (head, body, _) = transport::whole(&core, unsent).await?;
            Ok(Self { head, body })
        })
    }
}

type Tolerate = Arc<dyn Fn(&Error) -> bool + Send + Sync>;

/// What a caller may set.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) deadline: Duration,
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) appears_within: Duration,
    pub(super) result_within: Option<Duration>,
    pub(super) tolerate: Option<Tolerate>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            deadline: DEADLINE,
            first_pause: FIRST_PAUSE,
            longest_pause: LONGEST_PAUSE,
            appears_within: APPEARS_WITHIN,
            result_within: None,
            tolerate: None,
        }
    }
}

impl Policy {
    /// The pause after so many answers, and so many errors since the last. Random by a tenth, so that tasks which began
    /// together are not asked about together.
    fn pause(&self, answers: u32, errors: u32) -> Duration {
        let growth = GROWTH.powi(answers.saturating_sub(1).min(64).cast_signed()).min(1e6);
        let pause = self.first_pause.mul_f64(growth).min(self.longest_pause.max(self.first_pause));
        let pause = pause.saturating_mul(1 << errors.min(4));
        pause.mul_f64(0.9 + 0.2 * fastrand::f64())
    }
}

/// What is known of a task while it is followed.
pub(super) struct Track {
    pub(super) kind: &'static Kind,
    pub(super) id: Box<str>,
    started: Instant,
    answers: u32,
    /// In a row.
    errors: u32,
    pub(super) state: Option<TaskState>,
    succeeded_at: Option<Instant>,
    last_error: Option<Error>,
}

/// What an answer means.
pub(super) enum Heard {
    GoesOn,
    Done,
    /// It ended in another way, or nothing says where its result is.
    Ended(ErrorKind),
}

impl Track {
    pub(super) fn new(kind: &'static Kind, id: Box<str>) -> Self {
        let started = Instant::now();
        Self { kind, id, started, answers: 0, errors: 0, state: None, succeeded_at: None, last_error: None }
    }

    pub(super) fn task_ref(&self) -> TaskRef {
        TaskRef::new(self.kind, &self.id)
    }

    /// What is left until the deadline; none when it has passed.
    pub(super) fn left(&self, policy: &Policy) -> Option<Duration> {
        policy.deadline.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }

    /// Takes what an answer says.
    pub(super) fn hear(&mut self, policy: &Policy, reading: &Reading<'_>) -> Heard {
        (self.answers, self.errors, self.last_error) = (self.answers.saturating_add(1), 0, None);
        let state = reading.state(self.kind.input);
        self.state = Some(state);
        match state {
            TaskState::Succeeded => self.succeeded(policy, reading),
            TaskState::Failed if reading.state_word().is_some_and(state::is_not_found) && self.is_new(policy) => Heard::GoesOn,
            TaskState::Failed | TaskState::Cancelled => Heard::Ended(ErrorKind::Task),
            TaskState::InputNeeded => Heard::Ended(ErrorKind::InputNeeded),
            TaskState::Waiting | TaskState::Running { .. } => Heard::GoesOn,
        }
    }

    fn succeeded(&mut self, policy: &Policy, reading: &Reading<'_>) -> Heard {
        let by_id = self.kind.content.is_some();
        let since = self.succeeded_at.get_or_insert_with(Instant::now).elapsed();
        if reading.has_results() {
            return Heard::Done;
        }
        match policy.result_within.unwrap_or(if by_id { ADDRESS_WITHIN } else { RESULT_WITHIN }) {
            within if since < within => Heard::GoesOn,
            _ if by_id => Heard::Done,
            _ => Heard::Ended(ErrorKind::NoResult),
        }
    }

    /// Keeps an error that says nothing about the task.
    ///
    /// # Errors
    /// The error, when it does.
    pub(super) fn bear(&mut self, policy: &Policy, error: Error) -> Result<(), Error> {
        self.errors = self.errors.saturating_add(1);
        let server = error.http_status().is_some_and(|status| status.is_server_error() && status.as_u16() != 501);
        let bearable = error.is_retryable()
            || server
            || (error.is_decode() && self.errors < UNREADABLE)
            || (self.is_new(policy) && self.is_unknown(&error))
            || policy.tolerate.as_ref().is_some_and(|tolerate| tolerate(&error));
        if !bearable {
            return Err(self.name(error));
        }
        self.last_error = Some(error);
        Ok(())
    }

    /// An error with the task's name on it.
    pub(super) fn name(&self, error: Error) -> Error {
        error.of_task(self.task_ref(), self.state)
    }

    fn is_new(&self, policy: &Policy) -> bool {
        self.started.elapsed() < policy.appears_within
    }

    /// Whether the gateway does not know the id, in the words that the document lists where its status does not say it.
    fn is_unknown(&self, error: &Error) -> bool {
        error.is_not_found()
            || error.api().is_some_and(|api| {
                let said = [api.code().unwrap_or_default(), api.message().split_whitespace().next().unwrap_or_default()];
                self.kind.not_found.iter().any(|word| said.contains(word))
            })
    }

    /// How long to wait before the next question.
    ///
    /// # Errors
    /// The gateway does not want to be asked before the deadline.
    pub(super) fn pause(&mut self, policy: &Policy) -> Result<Duration, Error> {
        let pause = policy.pause(self.answers, self.errors);
        let Some(wanted) = self.last_error.as_ref().and_then(Error::retry_after) else { return Ok(pause) };
        if self.left(policy).is_none_or(|left| wanted > left) {
            return Err(self.too_late(policy));
        }
        Ok(pause.max(wanted.mul_f64(1.0 + 0.1 * fastrand::f64())))
    }

    pub(super) fn too_late(&mut self, policy: &Policy) -> Error {
        let message = format!("the task was not done within {}", seconds(policy.deadline));
        let error = Error::task(ErrorKind::Deadline, message).of_task(self.task_ref(), self.state);
        match self.last_error.take() {
            Some(last) => error.caused_by(last),
            None => error,
        }
    }

    /// The error of a task that ended without a result that could be had.
    pub(super) fn ended(&self, kind: ErrorKind, polled: Polled) -> Error {
        let reading = Reading::of(self.kind.shape, &polled.body);
        let word = reading.state_word().unwrap_or_default();
        let message = match (kind, reading.failure()) {
            (ErrorKind::NoResult, _) => format!("the task ended as `{word}`, but nothing says where its result is"),
            (ErrorKind::InputNeeded, _) => format!("the task waits for input (`{word}`) and goes on when it has it"),
            (_, Some(why)) => format!("the task ended as `{word}`: {why}"),
            (_, None) => format!("the task ended as `{word}`"),
        };
        self.name(Error::with_answer(kind, message, polled.head, polled.body))
    }
}

/// Asks about one task, when there is room for a question, and takes what the answer says.
pub(super) async fn ask(core: &Arc<Core>, policy: &Policy, track: &mut Track, left: Duration) -> Result<(Polled, Heard), Error> {
    let _turn = turn(core, left).await;
    let kind = track.kind;
    let question = (kind.query)(core, &track.id).timeout(left.min(POLL_WITHIN)).retry(RetryPolicy::none());
    let polled: Polled = question.await?;
    // What is under way says so; everything else is read whole, because it may be a failure that looks like an answer.
    let reading = Reading::of(kind.shape, &polled.body);
    let under_way = || matches!(reading.state(kind.input), TaskState::Waiting | TaskState::Running { .. });
    if reading.state_word().is_none() || !under_way() {
        (kind.check)(&polled.head, &polled.body)?;
    }
    let heard = track.hear(policy, &reading);
    drop(reading);
    Ok((polled, heard))
}

/// What came of a task, for who wants to have it.
pub(crate) struct Results {
    pub(crate) urls: Vec<String>,
    pub(crate) state: TaskState,
    pub(crate) why: Option<String>,
}

/// Asks once what came of a task.
pub(crate) async fn results(core: &Arc<Core>, kind: &Kind, id: &str) -> Result<Results, Error> {
    let polled: Polled = (kind.query)(core, id).await?;
    let reading = Reading::of(kind.shape, &polled.body);
    let state = reading.state(kind.input);
    if reading.state_word().is_none() || state == TaskState::Succeeded {
        (kind.check)(&polled.head, &polled.body)?;
    }
    let why = reading.failure().map(|why| redact(&why, Some(&polled.head.about.key)));
    Ok(Results { urls: reading.urls().into_iter().map(str::to_owned).collect(), state, why })
}

/// Asks about several tasks of a kind in one question.
pub(super) async fn ask_many(core: &Arc<Core>, batch: &Batch, ids: &[&str], left: Duration) -> Result<Polled, Error> {
    let _turn = turn(core, left).await;
    (batch.query)(core, ids).timeout(left.min(POLL_WITHIN)).retry(RetryPolicy::none()).await
}

/// Waits until fewer questions are under way than may be at a time, but not for ever.
async fn turn(core: &Core, left: Duration) -> Option<tokio::sync::SemaphorePermit<'_>> {
    match core.polls.try_acquire() {
        Ok(turn) => Some(turn),
        Err(_) => tokio::time::timeout(left, core.polls.acquire()).await.ok()?.ok(),
    }
}

/// One task on its way.
pub(super) struct Follow {
    pub(super) core: Arc<Core>,
    pub(super) policy: Policy,
    pub(super) track: Track,
    /// Before the next question.
    pause: Option<Duration>,
    /// What was told last: the state and its word.
    told: Option<(TaskState, String)>,
}

/// An answer about a task.
pub(super) struct Step {
    pub(super) polled: Polled,
    pub(super) state: TaskState,
    /// That it was the last, and what came of it.
    pub(super) end: Option<ErrorOrDone>,
}

/// How it ended: with a result, or so.
pub(super) type ErrorOrDone = Result<(), ErrorKind>;

impl Follow {
    pub(super) fn new(core: Arc<Core>, policy: Policy, kind: &'static Kind, id: String) -> Self {
        Self { core, policy, track: Track::new(kind, id.into()), pause: None, told: None }
    }

    /// The next answer, however often it takes to get one.
    pub(super) async fn step(&mut self) -> Result<Step, Error> {
        loop {
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause.min(self.track.left(&self.policy).unwrap_or_default())).await;
            }
            let Some(left) = self.track.left(&self.policy) else { return Err(self.track.too_late(&self.policy)) };
            let (polled, heard) = match ask(&self.core, &self.policy, &mut self.track, left).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.track.bear(&self.policy, error)?;
                    self.pause = Some(self.track.pause(&self.policy)?);
                    continue;
                }
            };
            self.pause = Some(self.track.pause(&self.policy)?);
            let end = match heard {
                Heard::GoesOn => None,
                Heard::Done => Some(Ok(())),
                Heard::Ended(kind) => Some(Err(kind)),
            };
            let state = self.track.state.unwrap_or(TaskState::Running { progress: None });
            return Ok(Step { polled, state, end });
        }
    }

    /// The next answer that says something new, or is the last.
    pub(super) async fn change(&mut self) -> Result<Step, Error> {
        loop {
            let step = self.step().await?;
            let word = Reading::of(self.track.kind.shape, &step.polled.body).state_word().unwrap_or_default().to_owned();
            let told = Some((step.state, word));
            if step.end.is_some() || told != self.told {
                self.told = told;
                return Ok(step);
            }
        }
    }
}

/// The task that an answer names.
pub(super) fn target<T: Task>(task: &T) -> Result<(&'static Kind, String), Error> {
    task.task_id().map(|id| (T::KIND, id)).ok_or_else(super::no_task)
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("deadline", &self.deadline).field("pause", &self.first_pause).finish_non_exhaustive()
    }
}
