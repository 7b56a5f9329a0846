#![doc = include_str!("../README.md")]

mod answer;
mod auth;
mod builder;
mod check;
mod document;
mod event;
mod expect;
mod face;
mod failure;
mod family;
mod files;
mod form;
mod ids;
mod line;
mod log;
mod outgoing;
mod plan;
mod pointer;
mod realtime;
mod recording;
mod reply;
mod request;
mod route;
mod schema;
mod server;
mod sources;
mod storage;
#[cfg(test)]
mod stories;
mod stream;
mod tasks;
mod text;
#[cfg(test)]
mod whole;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::{DEFAULT_KEY, DEFAULT_OPENOCTOPUS_KEY, GatewayBuilder, StartError};
pub use expect::{Checked, Expected};
pub use form::RecordedPart;
pub use plan::Calls;
pub use realtime::{SessionFault, SessionScript};
#[cfg(feature = "record")]
pub use recording::recorder::{Recorder, RecorderBuilder};
pub use recording::{Recording, RecordingError};
pub use reply::{BadReply, ErrorShape, LineEnd, Reply, Word};
pub use request::RecordedRequest;
pub use tasks::{TaskScript, TaskStep};

use document::Document;
use log::Log;
use plan::Plans;
use realtime::Sessions;
use recording::replay::Replay;
use server::{FILES, STORAGE};

/// Both gateways, running in this process until this value is dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = octopusx_mock::Gateway::start().await?;
/// println!("{} takes the key {}", gateway.url(), gateway.key());
/// // … call it …
/// assert_eq!(gateway.requests().len(), 0);
/// gateway.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "the gateways stop when this is dropped"]
pub struct Gateway {
    url: String,
    openoctopus_url: String,
    key: String,
    openoctopus_key: String,
    log: Arc<Log>,
    plans: Arc<Plans>,
    documents: [Arc<Document>; 2],
    sessions: Arc<Sessions>,
    replays: [Option<Arc<Replay>>; 2],
    /// The servers stop when this goes.
    stop: watch::Sender<()>,
    servers: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Starts both gateways on any two free ports of this machine, with the default keys and paces.
    ///
    /// # Errors
    /// When no port can be opened, or a document is not usable.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// For other ports, keys and paces.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// The address of the OctopusX gateway: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the OpenOctopus gateway, in the same form.
    pub fn openoctopus_url(&self) -> &str {
        &self.openoctopus_url
    }

    /// The key that the OctopusX gateway takes.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key that the OpenOctopus gateway takes.
    pub fn openoctopus_key(&self) -> &str {
        &self.openoctopus_key
    }

    /// Every request that either gateway got so far, in the order of arrival, those that were refused included.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.log.all()
    }

    /// The names of all operations of both documents, of the files that tasks have made, and of the storage for uploads.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.documents.iter().flat_map(|document| document.ids()).chain([FILES, STORAGE])
    }

    /// How many requests of an operation came so far, those included that were refused or broken off.
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn count(&self, operation: &str) -> u64 {
        self.must_know(operation);
        self.log.count(operation)
    }

    /// How many requests of an operation said the same as one before: same method, path, query and body. A client that
    /// pays twice shows here.
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn repeats(&self, operation: &str) -> usize {
        self.must_know(operation);
        let mut seen = HashSet::new();
        let all = self.requests().into_iter().filter(|request| request.operation.as_deref() == Some(operation));
        all.filter(|request| !seen.insert((request.method.clone(), request.path_and_query.clone(), request.body.clone()))).count()
    }

    /// Demands on the requests of an operation that came so far.
    ///
    /// ```no_run
    /// # fn example(gateway: &octopusx_mock::Gateway) {
    /// gateway.expect("chat_create").once().body_has("/model", "gpt-4o").body_lacks("/temperature");
    /// gateway.expect("videos_create").never();
    /// # }
    /// ```
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn expect(&self, operation: &str) -> Expected {
        self.must_know(operation);
        Expected::new(operation, self.requests())
    }

    /// The next request of an operation: what it is to get follows. Several such orders are met one after another. The
    /// files that tasks have made go by the name `files`, uploads by `storage`. Only requests that fit the document get what was ordered.
    ///
    /// ```no_run
    /// # fn example(gateway: &octopusx_mock::Gateway) {
    /// use octopusx_mock::{Reply, TaskStep};
    ///
    /// gateway.next("chat_create").times(2).answers(Reply::status(503).retry_after(1));
    /// gateway.next("chat_create").answers(Reply::usual().truncated_after(3));
    /// gateway.next("videos_create").makes_task([TaskStep::running(50), TaskStep::failed("the prompt was refused")]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn next(&self, operation: &str) -> Calls<'_> {
        self.must_know(operation);
        Calls::new(&self.plans, Some(operation), Some(1))
    }

    /// All requests of an operation: what they are to get follows. Orders made by [`next`](Self::next) go first; of
    /// several for all requests the last one counts.
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn on(&self, operation: &str) -> Calls<'_> {
        self.must_know(operation);
        Calls::new(&self.plans, Some(operation), None)
    }

    /// The next requests of an operation are answered by these, one after another; those that follow as usual.
    ///
    /// ```no_run
    /// # fn example(gateway: &octopusx_mock::Gateway) {
    /// use octopusx_mock::Reply;
    /// use serde_json::json;
    ///
    /// gateway.script("videos_get", [Reply::json(json!({"id": "v", "status": "queued"})), Reply::status(502), Reply::usual()]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When neither document knows such an operation.
    #[track_caller]
    pub fn script(&self, operation: &str, replies: impl IntoIterator<Item = impl Into<Reply>>) {
        self.must_know(operation);
        replies.into_iter().for_each(|reply| Calls::new(&self.plans, Some(operation), Some(1)).answers(reply));
    }

    /// The next request of any operation: what it is to get follows.
    pub fn next_any(&self) -> Calls<'_> {
        Calls::new(&self.plans, None, Some(1))
    }

    /// All requests of any operation: what they are to get follows.
    pub fn on_any(&self) -> Calls<'_> {
        Calls::new(&self.plans, None, None)
    }

    /// The next task, whatever operation of either gateway makes it, tells these states: one a poll, the last for ever
    /// after. Scripted tasks move by polls only, whatever [`task_step`](GatewayBuilder::task_step) says.
    ///
    /// ```no_run
    /// # fn example(gateway: &octopusx_mock::Gateway) {
    /// use octopusx_mock::{Reply, TaskStep};
    ///
    /// gateway.next_task([TaskStep::answers(Reply::status(404)), TaskStep::done().without_urls(), TaskStep::done()]);
    /// # }
    /// ```
    pub fn next_task(&self, script: impl Into<TaskScript>) {
        Calls::new(&self.plans, None, Some(1)).makes_task(script);
    }

    #[allow(clippy::panic, reason = "a wrong test should say so at once")]
    #[track_caller]
    fn must_know(&self, operation: &str) {
        if ![FILES, STORAGE].contains(&operation) && self.documents.iter().all(|document| document.named(operation).is_none()) {
            let tag = operation.split('_').next().unwrap_or_default();
            let all = self.documents.iter().flat_map(|document| document.ids());
            let near: Vec<&str> = all.filter(|id| id.split('_').next() == Some(tag)).collect();
            let near = if near.is_empty() { String::new() } else { format!("; there are {}", near.join(", ")) };
            panic!("no document has an operation {operation:?}{near}");
        }
    }

    /// Forgets all that was ordered and has not come yet. Tasks that live by a script keep it.
    pub fn clear(&self) {
        self.plans.clear();
    }

    /// The recordings that no request has asked for so far, by the names of their files without `.json`. Empty when all were
    /// used, and where nothing is replayed.
    pub fn unused_recordings(&self) -> Vec<String> {
        self.replays.iter().flatten().flat_map(|replay| replay.unused()).collect()
    }

    /// How the next WebSocket session goes wrong. Several scripts are for several sessions, one after another.
    pub fn next_session(&self, script: SessionScript) {
        self.sessions.plan(script);
    }

    /// Every event that a client has sent in any session so far, in the order of arrival.
    pub fn session_events(&self) -> Vec<serde_json::Value> {
        self.sessions.heard()
    }

    /// Stops both gateways, and comes back when their ports are free. Answers on their way get a second to finish.
    pub async fn shutdown(self) {
        let Self { stop, servers, .. } = self;
        drop(stop);
        for server in servers {
            // It ends in any case; only a panic of its own could be told here.
            _ = server.await;
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Gateway");
        out.field("url", &self.url).field("openoctopus_url", &self.openoctopus_url).finish_non_exhaustive()
    }
}
