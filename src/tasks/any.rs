//! The answer about a task whose kind is known only when the program runs.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::reading::Reading;
use super::{Followed, Kind, Polled, TaskRef, TaskState};
use crate::client::Core;
use crate::error::{Error, request_id};
use crate::{ByteStream, Call, Download, Response};

/// An answer about a task of any kind: what [`Client::resume`](crate::Client::resume) and
/// [`Client::wait_all`](crate::Client::wait_all) give. [`read`](Self::read) makes it the typed one.
#[derive(Clone)]
pub struct TaskAnswer {
    core: Arc<Core>,
    kind: &'static Kind,
    task: TaskRef,
    polled: Polled,
}

impl TaskAnswer {
    /// The task.
    #[must_use]
    pub fn task(&self) -> &TaskRef {
        &self.task
    }

    fn reading(&self) -> Reading<'_> {
        Reading::of(self.kind.shape, &self.polled.body)
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.reading().state(self.kind.input)
    }

    /// The state's word as it came.
    #[must_use]
    pub fn state_word(&self) -> Option<String> {
        self.reading().state_word().map(str::to_owned)
    }

    /// How far it is, 0 to 100, where the gateway says it.
    #[must_use]
    pub fn progress_percent(&self) -> Option<f64> {
        self.reading().progress_percent()
    }

    /// The addresses of the results, each once; empty until it has succeeded.
    #[must_use]
    pub fn media_urls(&self) -> Vec<String> {
        self.reading().urls().into_iter().map(str::to_owned).collect()
    }

    /// Why it failed, where the answer says it.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.reading().failure()
    }

    /// The result's bytes by the task's id, where the gateway serves them.
    #[must_use]
    pub fn content(&self) -> Option<Call<ByteStream>> {
        self.kind.content.map(|content| content(&self.core, self.task.id()))
    }

    /// Downloads what the task has made. See [`Download`](crate::Download).
    pub fn download(&self) -> Download {
        Download::of_task(&self.core, self.kind, Some(self.task.id().to_owned()), self.media_urls())
    }

    /// The answer in its type: `octopusx::videos::Video` for a `video`.
    ///
    /// # Errors
    /// It is not of this type.
    pub fn read<A: Followed<Done = Response<A>>>(&self) -> Result<Response<A>, Error> {
        A::done(&self.core, self.kind, self.task.id(), self.polled.clone())
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> Result<Value, Error> {
        self.read::<Value>().map(Response::into_inner)
    }

    /// The body as it came.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.polled.body
    }

    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.polled.head.status
    }

    /// The HTTP headers.
    #[must_use]
    pub fn http_headers(&self) -> &HeaderMap {
        &self.polled.head.headers
    }

    /// The gateway's id of the request, from whichever header it uses.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.polled.head.headers)
    }
}

impl Followed for TaskAnswer {
    type Done = Self;

    fn done(core: &Arc<Core>, kind: &'static Kind, id: &str, polled: Polled) -> Result<Self, Error> {
        Ok(Self { core: Arc::clone(core), kind, task: TaskRef::new(kind, id), polled })
    }

    fn shown(done: &Self) -> &Self {
        done
    }
}

impl fmt::Debug for TaskAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskAnswer").field("task", &self.task).field("state", &self.state()).finish_non_exhaustive()
    }
}
