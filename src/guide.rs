//! The guide: how to use what this crate does beside calling routes. For reading; programs find nothing here.

#[doc = include_str!("../docs/errors_and_retries.md")]
pub mod errors_and_retries {}

#[doc = include_str!("../docs/streams.md")]
pub mod streams {}

#[doc = include_str!("../docs/tasks.md")]
pub mod tasks {}

#[doc = include_str!("../docs/realtime.md")]
pub mod realtime {}

#[doc = include_str!("../docs/tools_and_answers.md")]
pub mod tools_and_answers {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/features.md")]
pub mod features {}
