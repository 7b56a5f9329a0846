//! The generator's promises: what it refuses, and what it writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod broken;
mod support;
