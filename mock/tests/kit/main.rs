//! The testing kit: ordered answers and demands on what came, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic)]

mod expect;
mod faults;
mod protocols;
#[cfg(feature = "record")]
mod recording;
mod wire;
