//! Waiting for many tasks of any kinds with one schedule: some lanes take whatever is due next, ask, and put it back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as Order};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::follow::{Heard, Policy, Track, ask, ask_many};
use super::reading::Reading;
use super::wait::known;
use super::{Followed, TaskAnswer, TaskRef, TaskState};
use crate::client::{Core, System};
use crate::error::{Error, Kind as ErrorKind};

const LANES: usize = 32;
/// So many tasks are asked about in one question, where a kind can be. How many a gateway takes is not documented.
const BATCH: usize = 50;

type OnState = Box<dyn FnMut(&TaskRef, TaskState) + Send>;

/// Waits for many tasks of any kinds, made by [`Client::wait_all`](crate::Client::wait_all).
///
/// Awaited, it gives what came of each, in their order; [`as_completed`](Self::as_completed) gives each as it comes. One
/// schedule serves all: each task is asked about at its own pace, spread over time, with a bounded number of questions
/// under way; kinds that can be asked about several at a time are. What is tolerated, and the defaults, are those of
/// [`Wait`](super::Wait).
///
/// ```no_run
/// # #[cfg(all(feature = "videos", feature = "suno"))]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// use octopusx::suno::SunoLyricsRequest;
/// use octopusx::videos::SoraVideoRequest;
///
/// let video = client.videos().create(&SoraVideoRequest::new("sora-2", "a cat nods to music")).await?;
/// let song = client.suno().submit("lyrics", &SunoLyricsRequest::new("a cat")).await?;
/// for done in client.wait_all([video.task_ref()?, song.task_ref()?]).await {
///     match done {
///         Ok(answer) => println!("{}: {:?}", answer.task(), answer.media_urls()),
///         Err(error) => eprintln!("{error}; later: {:?}", error.resume()),
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is polled until it is awaited"]
pub struct WaitAll {
    core: Arc<Core>,
    tasks: Vec<TaskRef>,
    kinds: &'static [&'static super::Kind],
    known: fn(&TaskRef) -> Result<&'static super::Kind, Error>,
    policy: Policy,
    lanes: usize,
    on_state: Option<OnState>,
}

impl WaitAll {
    pub(crate) fn new<C: System>(core: &Arc<Core>, tasks: Vec<TaskRef>) -> Self {
        Self {
            core: Arc::clone(core),
            tasks,
            kinds: C::KINDS,
            known: known::<C>,
            policy: Policy::default(),
            lanes: LANES,
            on_state: None,
        }
    }

    /// How long to wait for each task at most. Default: 30 minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.policy.deadline = deadline;
        self
    }

    /// The pause between two questions about a task; see [`Wait::poll_every`](super::Wait::poll_every).
    pub fn poll_every(self, pause: Duration) -> Self {
        self.backoff(pause, pause)
    }

    /// Pauses that grow; see [`Wait::backoff`](super::Wait::backoff). Default: from 2 to 10 seconds.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.policy.first_pause, self.policy.longest_pause) = (first, longest);
        self
    }

    /// How long an unknown id may still be about to appear. Default: 15 seconds.
    pub fn appears_within(mut self, time: Duration) -> Self {
        self.policy.appears_within = time;
        self
    }

    /// How long after a success its result may be missing; see [`Wait::result_within`](super::Wait::result_within).
    pub fn result_within(mut self, time: Duration) -> Self {
        self.policy.result_within = Some(time);
        self
    }

    /// Further errors that do not end a task's waiting.
    pub fn tolerate(mut self, tolerate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.policy.tolerate = Some(Arc::new(tolerate));
        self
    }

    /// How many questions are under way at a time, at most 32, the default: as many as all of a client's waiting has.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.lanes = most.clamp(1, LANES);
        self
    }

    /// Called when a task's state has changed.
    pub fn on_state(mut self, on_state: impl FnMut(&TaskRef, TaskState) + Send + 'static) -> Self {
        self.on_state = Some(Box::new(on_state));
        self
    }

    /// What came of each task, in the order in which they end. Polling begins with the first
    /// [`next`](Completed::next) and stops when it is dropped.
    pub fn as_completed(self) -> Completed {
        Completed { begins: Some(self), comes: None, _lanes: JoinSet::new() }
    }

    /// Sorts the tasks into the schedule; what can't be followed is told at once.
    fn begin(self) -> (mpsc::Receiver<(usize, Outcome)>, JoinSet<()>) {
        let Self { core, tasks, kinds, known, policy, lanes, on_state } = self;
        // Every outcome has room, so that no lane waits for the reader while tasks are due.
        let (tell, comes) = mpsc::channel(tasks.len().max(1));
        let mut due = BinaryHeap::with_capacity(tasks.len());
        let mut batches: Vec<(&'static super::Kind, Vec<Member>)> = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
        let spread = |pause: Duration| Instant::now() + pause.mul_f64(fastrand::f64());
        for (place, task) in tasks.into_iter().enumerate() {
            match known(&task) {
                Err(error) => drop(tell.try_send((place, Err(error)))),
                Ok(kind) => {
                    let member = Member { place, track: Track::new(kind, task.into_id()) };
                    match batches.iter_mut().find(|(other, _)| kind.batch.is_some() && std::ptr::eq(*other, kind)) {
                        Some((_, batch)) => batch.push(member),
                        None => due.push(Entry { due: spread(policy.first_pause), asked: Asked::One(Box::new(member)) }),
                    }
                }
            }
        }
        for (_, mut members) in batches {
            while !members.is_empty() {
                let rest = members.split_off(members.len().min(BATCH));
                due.push(Entry { due: spread(policy.first_pause), asked: Asked::of(members) });
                members = rest;
            }
        }
        due.shrink_to_fit();
        let live: usize = due.iter().map(|entry| entry.asked.len()).sum();
        let lanes = lanes.min(live);
        let schedule = Arc::new(Schedule {
            core,
            policy,
            due: Mutex::new(due),
            live: AtomicUsize::new(live),
            broken: AtomicBool::new(false),
            spare: Notify::new(),
            on_state: on_state.map(Mutex::new),
            tell,
        });
        let mut running = JoinSet::new();
        for _ in 0..lanes {
            running.spawn(Arc::clone(&schedule).serve());
        }
        (comes, running)
    }
}

/// What came of a task.
type Outcome = Result<TaskAnswer, Error>;

/// A task and its place among all.
struct Member {
    place: usize,
    track: Track,
}

/// What is asked about together. Small, because the schedule moves its entries often.
enum Asked {
    One(Box<Member>),
    Many(Vec<Member>),
}

impl Asked {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(members) => members.len(),
        }
    }

    fn of(mut members: Vec<Member>) -> Self {
        match (members.len(), members.pop()) {
            (1, Some(member)) => Self::One(Box::new(member)),
            (_, last) => {
                members.extend(last);
                Self::Many(members)
            }
        }
    }
}

struct Entry {
    due: Instant,
    asked: Asked,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The heap gives its largest first: the one that is due first.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

struct Schedule {
    core: Arc<Core>,
    policy: Policy,
    due: Mutex<BinaryHeap<Entry>>,
    /// Tasks that have not ended.
    live: AtomicUsize,
    /// The caller's own function has panicked.
    broken: AtomicBool,
    /// Wakes lanes that found nothing.
    spare: Notify,
    on_state: Option<Mutex<OnState>>,
    tell: mpsc::Sender<(usize, Outcome)>,
}

impl Schedule {
    /// One lane: asks about whatever is due next, until all tasks have ended.
    ///
    /// A lane that puts an entry back takes the first of all, so that what is due never waits longer than for one
    /// question.
    async fn serve(self: Arc<Self>) {
        let _guard = Guard(&self);
        let mut back = Vec::new();
        loop {
            let spare = self.spare.notified();
            match self.swap(std::mem::take(&mut back)) {
                Some(Entry { due, asked }) => {
                    tokio::time::sleep_until(due).await;
                    match asked {
                        Asked::One(member) => back.extend(self.one(member).await),
                        Asked::Many(members) => back = self.many(members).await,
                    }
                }
                None if self.live.load(Order::Acquire) == 0 || self.broken.load(Order::Acquire) => return,
                None => spare.await,
            }
        }
    }

    /// Puts entries back and takes the first of all.
    fn swap(&self, back: Vec<Entry>) -> Option<Entry> {
        let more = back.len() > 1;
        let mut due = lock(&self.due);
        due.extend(back);
        let first = due.pop();
        drop(due);
        if more {
            self.spare.notify_waiters();
        }
        first
    }

    /// Asks about one task; gives it back where it goes on.
    async fn one(&self, mut member: Box<Member>) -> Option<Entry> {
        let Some(left) = member.track.left(&self.policy) else {
            let error = member.track.too_late(&self.policy);
            return self.end(&member, Err(error));
        };
        let (before, kind) = (member.track.state, member.track.kind);
        match ask(&self.core, &self.policy, &mut member.track, left).await {
            Err(error) => {
                if let Err(error) = member.track.bear(&self.policy, error) {
                    return self.end(&member, Err(error));
                }
            }
            Ok((polled, heard)) => {
                self.tell_state(&member.track, before);
                match heard {
                    Heard::GoesOn => {}
                    Heard::Done => {
                        let done = TaskAnswer::done(&self.core, kind, &member.track.id, polled);
                        return self.end(&member, done);
                    }
                    Heard::Ended(why) => {
                        let error = member.track.ended(why, polled);
                        return self.end(&member, Err(error));
                    }
                }
            }
        }
        self.again(member)
    }

    /// When a task is due again.
    fn again(&self, mut member: Box<Member>) -> Option<Entry> {
        match member.track.pause(&self.policy) {
            Ok(pause) => {
                let pause = pause.min(member.track.left(&self.policy).unwrap_or_default());
                Some(Entry { due: Instant::now() + pause, asked: Asked::One(member) })
            }
            Err(error) => self.end(&member, Err(error)),
        }
    }

    /// Asks about several tasks. Those that ended are asked about once more alone, for the whole answer.
    async fn many(&self, members: Vec<Member>) -> Vec<Entry> {
        let (members, late): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| member.track.left(&self.policy).is_some());
        late.into_iter().for_each(|member| self.end_late(member));
        let left = members.iter().filter_map(|member| member.track.left(&self.policy)).min();
        let (Some(left), Some(first)) = (left, members.first()) else { return Vec::new() };
        let kind = first.track.kind;
        let Some(batch) = &kind.batch else { return self.apart(members) };
        let ids: Vec<&str> = members.iter().map(|member| &*member.track.id).collect();
        let polled = match ask_many(&self.core, batch, &ids, left).await {
            Ok(polled) => polled,
            Err(error) => return self.batch_failed(members, error),
        };
        let readings = Reading::each(batch.shape, batch.items, &polled.body).unwrap_or_default();
        let of = |member: &Member| readings.iter().find(|reading| reading.id() == Some(&*member.track.id));
        if members.iter().any(|member| of(member).is_none())
            && let Err(error) = (batch.check)(&polled.head, &polled.body)
        {
            return self.batch_failed(members, error);
        }
        let (mut together, mut back) = (Vec::new(), Vec::new());
        for mut member in members {
            let state = of(&member).map(|reading| reading.state(kind.input));
            match (of(&member), state) {
                (Some(reading), Some(TaskState::Waiting | TaskState::Running { .. })) => {
                    let before = member.track.state;
                    member.track.hear(&self.policy, reading);
                    self.tell_state(&member.track, before);
                    together.push(member);
                }
                // Ended, or left out, whether because nobody knows it or because such questions are answered late: its
                // own route says what there is to say.
                _ => back.push(Entry { due: Instant::now(), asked: Asked::One(Box::new(member)) }),
            }
        }
        back.extend(self.again_together(together));
        back
    }

    /// When several tasks are due again.
    fn again_together(&self, mut members: Vec<Member>) -> Option<Entry> {
        let Ok(pause) = members.first_mut()?.track.pause(&self.policy) else {
            members.into_iter().for_each(|member| self.end_late(member));
            return None;
        };
        let left = members.iter().filter_map(|member| member.track.left(&self.policy)).min().unwrap_or_default();
        Some(Entry { due: Instant::now() + pause.min(left), asked: Asked::of(members) })
    }

    /// A question about several that failed: it passes, or the gateway does not answer such questions.
    fn batch_failed(&self, mut members: Vec<Member>, error: Error) -> Vec<Entry> {
        match members.first_mut().map(|first| first.track.bear(&self.policy, error)) {
            Some(Ok(())) => self.again_together(members).into_iter().collect(),
            _ => self.apart(members),
        }
    }

    /// Each by itself from now on.
    fn apart(&self, members: Vec<Member>) -> Vec<Entry> {
        let due = |_: &Member| Instant::now() + self.policy.first_pause.mul_f64(fastrand::f64() * 0.1);
        members.into_iter().map(|member| Entry { due: due(&member), asked: Asked::One(Box::new(member)) }).collect()
    }

    fn end(&self, member: &Member, outcome: Outcome) -> Option<Entry> {
        // There is room for each; where nobody listens any more, nobody wants to know.
        drop(self.tell.try_send((member.place, outcome)));
        if self.live.fetch_sub(1, Order::AcqRel) == 1 {
            self.spare.notify_waiters();
        }
        None
    }

    fn end_late(&self, mut member: Member) {
        let error = member.track.too_late(&self.policy);
        self.end(&member, Err(error));
    }

    fn tell_state(&self, track: &Track, before: Option<TaskState>) {
        if let (Some(on_state), Some(state)) = (&self.on_state, track.state)
            && before != Some(state)
        {
            lock(on_state)(&track.task_ref(), state);
        }
    }
}

/// Lets the other lanes go when this one panics.
struct Guard<'s>(&'s Schedule);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Order::Release);
            self.0.spare.notify_waiters();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of the caller's own function leaves nothing half done here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of many tasks, in the order in which they end, made by [`WaitAll::as_completed`].
#[must_use = "nothing is polled until it is asked for the next"]
pub struct Completed {
    begins: Option<WaitAll>,
    comes: Option<mpsc::Receiver<(usize, Outcome)>>,
    /// Ended when this is dropped.
    _lanes: JoinSet<()>,
}

impl Completed {
    /// What came of the task that ended next; `None` when all have. The error names the task.
    pub async fn next(&mut self) -> Option<Result<TaskAnswer, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, Outcome)>> {
        if let Some(all) = self.begins.take() {
            let (comes, lanes) = all.begin();
            (self.comes, self._lanes) = (Some(comes), lanes);
        }
        match &mut self.comes {
            Some(comes) => comes.poll_recv(context),
            None => Poll::Ready(None),
        }
    }
}

impl Stream for Completed {
    type Item = Result<TaskAnswer, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context).map(|next| next.map(|(_, outcome)| outcome))
    }
}

impl IntoFuture for WaitAll {
    type Output = Vec<Result<TaskAnswer, Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut outcomes: Vec<Option<Outcome>> = self.tasks.iter().map(|_| None).collect();
            let tasks = self.tasks.clone();
            let mut completed = self.as_completed();
            while let Some((place, outcome)) = std::future::poll_fn(|context| completed.poll(context)).await {
                outcomes[place] = Some(outcome);
            }
            // A lane that is gone without a word can only be one that panicked in the caller's own function.
            let lost =
                |task: TaskRef| Err(Error::task(ErrorKind::Decode, "its waiting broke off".to_owned()).of_task(task, None));
            outcomes.into_iter().zip(tasks).map(|(outcome, task)| outcome.unwrap_or_else(|| lost(task))).collect()
        })
    }
}

impl fmt::Debug for WaitAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitAll").field("tasks", &self.tasks.len()).field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl fmt::Debug for Completed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").finish_non_exhaustive()
    }
}
