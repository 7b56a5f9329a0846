//! Typed bindings for two AI gateways: **OctopusX** (chat, images, video tasks and more behind one key) and
//! **OpenOctopus** (image and video tasks).
//!
//! Every route comes from an OpenAPI document that is kept by hand under `openapi/`; this crate is generated from it
//! and adds what a document can't say: streams, long tasks, and errors that tell the truth.
//!
//! ```no_run
//! # #[cfg(feature = "chat")]
//! #[tokio::main]
//! async fn main() -> Result<(), octopusx::Error> {
//!     use octopusx::chat::{ChatCompletionRequest, ChatMessage};
//!
//!     let client = octopusx::Client::from_env()?; // OCTOPUSX_API_KEY, OCTOPUSX_BASE_URL
//!     let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
//!     let answer = client.chat().create(&request).await?;
//!     println!("{}", answer.text());
//!     Ok(())
//! }
//! # #[cfg(not(feature = "chat"))] fn main() {}
//! ```
//!
//! # The guide
//!
//! | page | what it answers |
//! |---|---|
//! | [errors and retries](guide::errors_and_retries) | what went wrong, was it billed, is it sent again, how long may it take |
//! | [streams](guide::streams) | events, whole answers, texts; what a broken stream leaves |
//! | [tasks](guide::tasks) | videos, pictures and songs that take minutes: waiting, going on tomorrow, many at once, files |
//! | [realtime](guide::realtime) | conversations by text and voice |
//! | [tools and answers](guide::tools_and_answers) | Rust types as tools, and as the form of answers |
//! | [testing](guide::testing) | your program against a gateway that misbehaves to order |
//! | [features](guide::features) | what to switch on, and what it costs to build |
//!
//! # Where things are
//!
//! - [`Client`] has one accessor for each section of the documentation (`client.videos()`), and each accessor one
//!   method for each route; the types of a section are in the module of its name (`octopusx::videos`).
//! - A [`Call`] is sent when it is awaited. It gives a [`Response`], an [`EventStream`] or a [`ByteStream`].
//! - [`Client::wait`] follows a long [task](tasks), [`Client::download`] saves what it made.
//! - Everything that can go wrong is an [`Error`].
//! - [`openoctopus`] is the second gateway, with a map of its own.
//! - [`Client::call`] reaches routes that are not here yet, [`Client::call_operation`] all of [`OPERATIONS`] alike.
//!
//! # What is read and written
//!
//! Types are written exactly and read leniently: fields that the document does not know are kept in `extra`, unknown
//! words in `Other`, unknown kinds of objects in `Unknown`; `null` is read as absent, numbers also from strings.
//!
//! # The map
//!
//! Every section that this build has, with its methods and the pages of the documentation that they come from.
//!
#![doc = include_str!(concat!(env!("OUT_DIR"), "/octopusx.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
// What a slice leaves out can't be linked to.
#![cfg_attr(not(all(feature = "all", feature = "documents", feature = "schemars")), allow(rustdoc::broken_intra_doc_links))]
// A slice uses a part of the runtime. With `all`, where all of it is used, nothing may lie idle.
#![cfg_attr(not(feature = "all"), allow(dead_code, unused_imports, unused_macros))]

mod auth;
mod body;
mod call;
mod client;
#[cfg(feature = "documents")]
pub mod documents;
mod downloads;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
#[cfg(any(doc, all(doctest, feature = "all", feature = "schemars")))]
pub mod guide;
pub mod middleware;
mod multipart;
#[cfg(feature = "openoctopus")]
pub mod openoctopus;
mod operation;
mod outgoing;
mod pointer;
#[cfg(feature = "realtime")]
pub mod realtime;
mod redact;
mod request;
mod response;
mod retry;
mod sections;
mod stream;
#[cfg(feature = "schemars")]
mod structured;
pub mod tasks;
mod timeouts;
mod transferred;
mod transport;
mod upload;
pub mod values;
mod wire;

pub use body::Body;
pub use call::Call;
pub use client::{Client, ClientBuilder, System};
pub use downloads::{ByteStream, Download, Downloaded};
pub use error::{ApiError, Error};
pub use generated::octopusx::*;
pub use multipart::{FilePart, Form};
pub use operation::Operation;
pub use response::Response;
pub use retry::RetryPolicy;
#[cfg(feature = "chat")]
pub use sections::ToolCallStream;
pub use stream::{Collect, Collecting, EventStream, RawEvent, TextStream};
pub use transferred::Transferred;
pub use upload::{Upload, Uploaded};
pub use wire::Extra;

/// A text without what opens doors: the queries of addresses, which hold signatures, the names and passwords in them, and
/// what stands behind `signature=` and the like. Errors and logs of this crate are shown like this already.
///
/// ```
/// assert_eq!(octopusx::redact("at https://b.example/f.mp4?sig=5ec2e7"), "at https://b.example/f.mp4?[hidden]");
/// ```
#[must_use]
pub fn redact(text: &str) -> String {
    redact::redact(text, None)
}

/// The crates whose types appear in this one's signatures.
pub use {bytes, http, serde_json};

/// For `derive(JsonSchema)` on the types of tools and answers; feature `schemars`.
#[cfg(feature = "schemars")]
pub use schemars;

/// The programs of the README compile.
#[cfg(all(doctest, feature = "all"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
