//! The generator's promises: what it refuses, and what it writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod adding_a_route;
mod broken;
mod contract;
mod documents;
mod facade;
mod map;
mod prepare;
mod requests;
mod slice;
mod support;
mod types;
mod vocabulary;
