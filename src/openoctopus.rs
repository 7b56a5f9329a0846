//! OpenOctopus: the second gateway, with its own host, its own keys and a client of its own.
//!
//! ```no_run
//! # async fn example() -> Result<(), octopusx::Error> {
//! use octopusx::openoctopus::{Client, images::ImageGenerationRequest};
//! use octopusx::tasks::Task;
//!
//! let client = Client::from_env()?; // OPENOCTOPUS_API_KEY, OPENOCTOPUS_BASE_URL
//! let request = ImageGenerationRequest::new("openoctopus/seedream-4.5").prompt("an orange and black octopus mascot");
//! let task = client.images().generate(&request).await?;
//! println!("{:?}", client.wait(&task).await?.media_urls());
//! # Ok(()) }
//! ```
//!
//! # The map
//!
#![doc = include_str!(concat!(env!("OUT_DIR"), "/openoctopus.md"))]

use std::sync::Arc;

use crate::client::{Core, System, client_methods};
use crate::tasks::Kind;

pub use crate::generated::openoctopus::*;

/// A client of the OpenOctopus gateway. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

impl System for Client {
    const BASE_URL: &'static str = BASE_URL;
    const KEY_VARIABLE: &'static str = "OPENOCTOPUS_API_KEY";
    const BASE_VARIABLE: &'static str = "OPENOCTOPUS_BASE_URL";
    const NAME: &'static str = "openoctopus";
    const KINDS: &'static [&'static Kind] = TASK_KINDS;

    fn from_core(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn shared(&self) -> &Arc<Core> {
        &self.core
    }
}

client_methods!(Client, "octopusx::openoctopus::Client");
