//! A task's states as a stream.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::follow::{Follow, Step};
use super::{Followed, TaskState};
use crate::error::{Error, Kind as ErrorKind};

type Stepping = Pin<Box<dyn Future<Output = (Follow, Result<Step, Error>)> + Send>>;

/// The states of a task as they come, made by [`Wait::updates`](super::Wait::updates).
///
/// An answer that says the same as the one before is left out. After the last state it ends; that the task failed, was
/// cancelled or waits for its owner is a state. An error ends it too: the deadline, an answer that says no, or that nothing says where the
/// result is.
///
/// ```no_run
/// # #[cfg(feature = "videos")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// use octopusx::tasks::TaskState;
///
/// let mut updates = client.tasks().video("video_abc123").updates();
/// while let Some(update) = updates.next().await {
///     match update?.state() {
///         TaskState::Running { progress: Some(percent) } => println!("{percent} %"),
///         state => println!("{state:?}"),
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is polled until it is asked for the next state"]
pub struct Updates<A: Followed> {
    at: At,
    answer: std::marker::PhantomData<fn() -> A>,
}

enum At {
    Between(Box<Follow>),
    Asking(Stepping),
    /// The last thing to say.
    Last(Option<Error>),
}

/// A state of a task, with the answer that told it. Derefs to the answer.
pub struct TaskUpdate<A: Followed> {
    state: TaskState,
    answer: A::Done,
}

impl<A: Followed> TaskUpdate<A> {
    /// How far the task is.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// The answer, with what came with it.
    #[must_use]
    pub fn into_answer(self) -> A::Done {
        self.answer
    }
}

impl<A: Followed> Deref for TaskUpdate<A> {
    type Target = A;

    fn deref(&self) -> &A {
        A::shown(&self.answer)
    }
}

impl<A: Followed> fmt::Debug for TaskUpdate<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskUpdate").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<A: Followed> Updates<A> {
    pub(super) fn new(follow: Result<Follow, Error>) -> Self {
        let at = match follow {
            Ok(follow) => At::Between(Box::new(follow)),
            Err(error) => At::Last(Some(error)),
        };
        Self { at, answer: std::marker::PhantomData }
    }

    /// The next state; `None` after the last.
    ///
    /// # Errors
    /// The deadline, an error that is not tolerated, or a success without a result.
    pub async fn next(&mut self) -> Option<Result<TaskUpdate<A>, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<A: Followed> Stream for Updates<A> {
    type Item = Result<TaskUpdate<A>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.at, At::Last(None)) {
                At::Last(error) => return Poll::Ready(error.map(Err)),
                At::Between(mut follow) => {
                    self.at = At::Asking(Box::pin(async move {
                        let step = follow.change().await;
                        (*follow, step)
                    }));
                }
                At::Asking(mut stepping) => {
                    let Poll::Ready((follow, step)) = stepping.as_mut().poll(context) else {
                        self.at = At::Asking(stepping);
                        return Poll::Pending;
                    };
                    let Step { polled, state, end } = match step {
                        Ok(step) => step,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    let last = match end {
                        Some(Err(kind)) if kind == ErrorKind::NoResult => Some(follow.track.ended(kind, polled.clone())),
                        _ => None,
                    };
                    let answer = A::done(&follow.core, follow.track.kind, &follow.track.id, polled);
                    let answer = answer.map_err(|error| follow.track.name(error));
                    self.at = match end {
                        None if answer.is_ok() => At::Between(Box::new(follow)),
                        _ => At::Last(last),
                    };
                    return Poll::Ready(Some(answer.map(|answer| TaskUpdate { state, answer })));
                }
            }
        }
    }
}

impl<A: Followed> fmt::Debug for Updates<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updates").finish_non_exhaustive()
    }
}
