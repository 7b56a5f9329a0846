//! The tool calls of a chat stream, each when it is whole.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::IgnoredAny;

use crate::generated::octopusx::chat::{ChatCompletionChunk, ChatToolArguments, ChatToolCall};
use crate::{Collecting, Error, EventStream};

impl EventStream<ChatCompletionChunk> {
    /// Only the tool calls of the first choice, each once it is whole; everything else is passed over.
    ///
    /// A call is whole when the choice has a finish reason, or when another call began and its own arguments are a whole
    /// JSON object.
    ///
    /// ```no_run
    /// # async fn example(client: octopusx::Client, request: octopusx::chat::ChatCompletionRequest) -> Result<(), octopusx::Error> {
    /// let mut calls = client.chat().create_stream(&request).await?.tool_calls();
    /// while let Some(call) = calls.next().await {
    ///     println!("{:?}", call?.function);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn tool_calls(self) -> ToolCallStream {
        ToolCallStream { chunks: self.collecting(), given: 0, ended: false }
    }
}

/// The tool calls of a chat stream.
#[derive(Debug)]
pub struct ToolCallStream {
    chunks: Collecting<ChatCompletionChunk>,
    /// How many were given out; more than there can be after an error.
    given: usize,
    /// Whether the stream ended.
    ended: bool,
}

impl ToolCallStream {
    /// The next tool call; `None` after the end.
    ///
    /// # Errors
    /// As [`EventStream::next`]. Calls that were not whole by then are not given.
    pub async fn next(&mut self) -> Option<Result<ChatToolCall, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn next_whole(&self) -> Option<&ChatToolCall> {
        let answer = self.chunks.snapshot();
        let calls = answer.tool_calls();
        let call = calls.get(self.given)?;
        let finished = self.ended || answer.choices.iter().flatten().next().is_some_and(|choice| choice.finish_reason.is_some());
        (finished || (self.given + 1 < calls.len() && has_whole_arguments(call))).then_some(call)
    }
}

impl Stream for ToolCallStream {
    type Item = Result<ChatToolCall, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(call) = this.next_whole().cloned() {
                this.given += 1;
                return Poll::Ready(Some(Ok(call)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.chunks).poll_next(context)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    (this.ended, this.given) = (true, usize::MAX);
                    return Poll::Ready(Some(Err(error)));
                }
                None => this.ended = true,
            }
        }
    }
}

fn has_whole_arguments(call: &ChatToolCall) -> bool {
    match call.function.as_ref().and_then(|function| function.arguments.as_ref()) {
        Some(ChatToolArguments::Text(text)) => text.trim_end().ends_with('}') && serde_json::from_str::<IgnoredAny>(text).is_ok(),
        Some(ChatToolArguments::Object(_)) => true,
        _ => false,
    }
}
