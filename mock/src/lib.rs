#![doc = include_str!("../README.md")]

mod answer;
mod auth;
mod builder;
mod check;
mod document;
mod face;
mod failure;
mod family;
mod files;
mod form;
mod ids;
mod plan;
mod pointer;
mod reply;
mod request;
mod route;
mod schema;
mod server;
mod sources;
#[cfg(test)]
mod stories;
mod stream;
mod tasks;
mod text;
#[cfg(test)]
mod whole;

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::{DEFAULT_KEY, DEFAULT_OPENOCTOPUS_KEY, GatewayBuilder, StartError};
pub use form::RecordedPart;
pub use plan::Calls;
pub use reply::Reply;
pub use request::RecordedRequest;
pub use tasks::{TaskScript, TaskStep};

use document::Document;
use plan::Plans;
use server::Log;

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
    log: Log,
    plans: Arc<Plans>,
    documents: [Arc<Document>; 2],
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
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next request of an operation: what it is to get follows. Several such orders are met one after another.
    ///
    /// ```no_run
    /// # fn example(gateway: &octopusx_mock::Gateway) {
    /// use octopusx_mock::TaskStep;
    ///
    /// gateway.next("videos_create").make_task([TaskStep::running(50), TaskStep::failed("the prompt was refused")]);
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
        Calls::new(&self.plans, None, Some(1)).make_task(script);
    }

    #[allow(clippy::panic, reason = "a wrong test should say so at once")]
    #[track_caller]
    fn must_know(&self, operation: &str) {
        if self.documents.iter().all(|document| document.named(operation).is_none()) {
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

    /// Stops both gateways, and comes back when their ports are free. Answers on their way get a second to finish.
    pub async fn shutdown(self) {
        let Self { stop, servers, .. } = self;
        drop(stop);
        for mut server in servers {
            if tokio::time::timeout(Duration::from_secs(1), &mut server).await.is_err() {
                server.abort();
            }
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Gateway");
        out.field("url", &self.url).field("openoctopus_url", &self.openoctopus_url).finish_non_exhaustive()
    }
}
