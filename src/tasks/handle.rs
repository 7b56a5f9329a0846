//! A task known by its id alone.

use std::fmt;
use std::marker::PhantomData;

use super::reading::Shape;
use super::{Followed, Kind, Task, TaskRef, Updates, Wait};
use crate::client::System;
use crate::{ByteStream, Call, Response};

/// A task known by its id alone, made by a method of `client.tasks()`. Nothing is sent until something is awaited.
///
/// ```no_run
/// # #[cfg(feature = "videos")]
/// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
/// let task = client.tasks().video("video_abc123");
/// println!("{:?}", task.get().await?.state());
/// println!("{:?}", task.wait().await?.media_urls());
/// # Ok(()) }
/// ```
pub struct TaskHandle<A: Task> {
    client: A::Client,
    id: String,
    answer: PhantomData<fn() -> A>,
}

impl<A: Task<Answer = A> + Followed> TaskHandle<A> {
    pub(crate) fn new(client: &A::Client, id: impl Into<String>) -> Self {
        Self { client: client.clone(), id: id.into(), answer: PhantomData }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What to write down, so that the task can be found again.
    #[must_use]
    pub fn task_ref(&self) -> TaskRef {
        TaskRef::new(A::KIND, &self.id)
    }

    /// Asks once.
    pub fn get(&self) -> Call<Response<A>> {
        (A::KIND.query)(self.client.shared(), &self.id).read_as()
    }

    /// Waits for it.
    pub fn wait(&self) -> Wait<A> {
        Wait::new(self.client.shared(), Ok((A::KIND, self.id.clone())))
    }

    /// Its states as they come.
    pub fn updates(&self) -> Updates<A> {
        self.wait().updates()
    }

    /// The result's bytes, where the gateway serves them by the id.
    #[must_use]
    pub fn content(&self) -> Option<Call<ByteStream>> {
        A::KIND.content.map(|content| content(self.client.shared(), &self.id))
    }
}

/// So that it can be given to `client.wait`. It says nothing of the task's state.
impl<A: Task> Task for TaskHandle<A> {
    type Client = A::Client;
    type Answer = A::Answer;
    const KIND: &'static Kind = A::KIND;
    const SHAPE: Shape = Shape { places: &[], no_media: &[] };

    fn json(&self) -> Vec<u8> {
        Vec::new()
    }

    fn task_id(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

impl<A: Task> Clone for TaskHandle<A> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), id: self.id.clone(), answer: PhantomData }
    }
}

impl<A: Task> fmt::Debug for TaskHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("kind", &A::KIND.name).field("id", &self.id).finish()
    }
}
