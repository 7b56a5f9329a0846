//! Realtime: a conversation by text and voice over a WebSocket, as a sink and a stream of typed events.
//!
//! ```no_run
//! # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
//! use octopusx::realtime::{RealtimeServerEvent, RealtimeSession};
//!
//! let mut session = client.realtime().connect("gpt-4o-realtime").await?;
//! session.update_session(RealtimeSession::new().instructions("Answer in one sentence.")).await?;
//! session.send_text("What is an API gateway?").await?;
//! session.create_response().await?;
//! while let Some(event) = session.next().await {
//!     match event? {
//!         RealtimeServerEvent::ResponseDone(_) => break,
//!         event => print!("{}", event.added_text()),
//!     }
//! }
//! session.close().await?;
//! # Ok(()) }
//! ```
//!
//! # What a session promises
//!
//! - The handshake goes through the same transport as every call: address, key, proxy, TLS, timeouts, retries, errors. A
//!   gateway that refuses is an [`Error`](crate::Error) with its status and its words.
//! - Events have an older (beta) and a newer form, with partly different names. Both are read; of an event with two names
//!   both lead to the same type. An event that nobody knows comes whole, as `Unknown`. One that can't be read is an error
//!   after which the session goes on; after any other error nothing more comes.
//! - Settings are written in the form that the session speaks, in whichever form they are given: `voice` becomes
//!   `audio.output.voice`, `pcm16` becomes `{type: audio/pcm, rate: 24000}`, and the other way round. What that form can't
//!   say is an error that names the setting, and nothing is sent. An event given as JSON
//!   ([`RealtimeClientEvent::Unknown`]) goes out as it is.
//! - Hardly anything is read ahead and nothing is queued without bound: who does not read lets the gateway wait, and who
//!   sends waits for the gateway. Pings are answered and sent while the session is polled.
//! - [`split`](Session::split) gives two halves for two tasks.
//! - [`reconnect`](crate::Call::reconnect) opens a broken session anew, with its settings, and says so.

mod audio;
mod collect;
mod events;
mod forms;
mod frame;
mod g711;
mod halves;
mod handshake;
mod link;
mod send;
mod session;
mod settings;
mod state;

pub use crate::generated::octopusx::realtime::*;
pub use audio::{Audio, AudioDecoder, AudioEncoding};
pub use collect::{RealtimeAnswer, ResponseCollector};
pub use halves::{Receiver, Sender};
pub use send::Sending;
pub use session::{Item, Reconnected, Session, SessionEvent};
pub use settings::Settings;

pub(crate) use handshake::{prepare, renew};
