//! Small hand-written conveniences on generated types, one folder a section.

mod pieces;

#[cfg(feature = "chat")]
mod chat;
#[cfg(feature = "completions")]
mod completions;
#[cfg(feature = "gemini")]
mod gemini;
#[cfg(feature = "messages")]
mod messages;
#[cfg(feature = "responses")]
mod responses;

#[cfg(feature = "chat")]
pub use chat::ToolCallStream;
