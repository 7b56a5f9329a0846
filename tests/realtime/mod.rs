//! Sessions: against the embedded gateway, and against a second server that is written on another WebSocket crate.

mod again;
mod answers;
mod forms;
mod frames;
mod health;
mod hostile;
mod many;
mod names;
mod proxy;
mod refusals;
mod server;
mod stories;
mod tls;

use octopusx::realtime::{Item, RealtimeServerEvent, Session};
use octopusx::{Client, Error};
use octopusx_mock::Gateway;

use crate::support;

pub const MODEL: &str = "gpt-4o-realtime";

/// A client of an embedded gateway.
pub fn client_of(gateway: &Gateway) -> Client {
    support::builder(gateway.url()).key(gateway.key()).build().unwrap()
}

/// The next item, which has to come.
pub async fn next<E: Item>(session: &mut Session<E>) -> Result<E, Error> {
    let next = tokio::time::timeout(std::time::Duration::from_secs(10), session.next()).await;
    next.expect("nothing came").expect("the session ended")
}

/// The next event's name.
pub async fn next_name(session: &mut Session) -> String {
    name(&next(session).await.unwrap())
}

/// All names up to the end of an answer.
pub async fn names_to_done(session: &mut Session) -> Vec<String> {
    let mut names = Vec::new();
    while names.last().map(String::as_str) != Some("response.done") {
        names.push(next_name(session).await);
    }
    names
}

pub fn name(event: &RealtimeServerEvent) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}
