//! Small hand-written conveniences on generated types, one file a section.

#[cfg(feature = "chat")]
mod chat;
