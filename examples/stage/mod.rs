//! Where the examples run: at the gateway of `OCTOPUSX_API_KEY` if that is set, else at an embedded one on this machine.
//! In a program of your own, `octopusx::Client::from_env()?` stands in its place.
#![allow(dead_code)] // No example needs all of it.

use std::time::Duration;

use octopusx::{Client, ClientBuilder};
use octopusx_mock::{Gateway, Reply};
use serde_json::Value;

/// A client, and the embedded gateway if there is one.
pub struct Stage {
    pub client: Client,
    /// It runs until it is dropped.
    gateway: Option<Gateway>,
}

/// A client with the defaults.
pub async fn set() -> Result<Stage, Box<dyn std::error::Error>> {
    set_with(|builder| builder).await
}

/// A client with settings of its own.
pub async fn set_with(
    settings: impl FnOnce(ClientBuilder<Client>) -> ClientBuilder<Client>,
) -> Result<Stage, Box<dyn std::error::Error>> {
    if std::env::var("OCTOPUSX_API_KEY").is_ok_and(|key| !key.trim().is_empty()) {
        return Ok(Stage { client: settings(Client::builder().env()).build()?, gateway: None });
    }
    let gateway = Gateway::builder().task_step(Duration::from_millis(100)).start().await?;
    let client = settings(Client::builder().base_url(gateway.url()).key(gateway.key())).build()?;
    Ok(Stage { client, gateway: Some(gateway) })
}

impl Stage {
    /// Whether calls cost money.
    pub fn is_real(&self) -> bool {
        self.gateway.is_none()
    }

    /// How long to wait between two questions about a task.
    pub fn pause(&self) -> Duration {
        if self.is_real() { Duration::from_secs(3) } else { Duration::from_millis(50) }
    }

    /// What the embedded gateway answers to the next calls of an operation, in place of the documented examples. A real
    /// gateway takes no orders.
    pub fn rehearse(&self, operation: &str, answers: impl IntoIterator<Item = impl Into<Reply>>) {
        if let Some(gateway) = &self.gateway {
            for answer in answers {
                gateway.next(operation).answers(answer);
            }
        }
    }
}

/// A chat completion that says this.
pub fn chat_says(text: impl Into<Value>) -> Value {
    let message = serde_json::json!({ "role": "assistant", "content": text.into() });
    serde_json::json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] })
}
