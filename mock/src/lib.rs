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
mod pointer;
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
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::{DEFAULT_KEY, DEFAULT_OPENOCTOPUS_KEY, GatewayBuilder, StartError};
pub use form::RecordedPart;
pub use request::RecordedRequest;

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
