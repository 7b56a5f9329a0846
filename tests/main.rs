//! What the crate promises, one module for each area of behaviour. One binary, so that CI links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod answers;
mod cases;
mod certificates;
mod collect;
mod counts;
mod hostile;
mod input;
mod leniency;
mod properties;
mod raw;
mod realtime;
mod recording;
mod requests;
mod retries;
mod secrets;
mod shown;
mod spans;
mod stories;
mod streams;
mod structured;
mod support;
mod tasks;
mod tls;
mod transfer;
mod watch;
