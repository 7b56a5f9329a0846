//! The commands as they are called, one module each.

#![allow(clippy::unwrap_used)]

mod api;
mod bundle;
mod coverage;
mod drift;
mod lint;
mod mutations;
mod support;
mod verify;
