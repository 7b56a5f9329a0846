//! Small conveniences for chat: messages by role, and the text of an answer.

mod collect;
mod tool_calls;
#[cfg(feature = "schemars")]
mod tools;

use crate::generated::octopusx::chat::{
    ChatChunkChoice, ChatCompletion, ChatCompletionChunk, ChatContent, ChatDelta, ChatMessage, ChatToolCall,
};
pub use tool_calls::ToolCallStream;

impl ChatMessage {
    /// A message of the user.
    pub fn user(content: impl Into<ChatContent>) -> Self {
        Self::new("user", content)
    }

    /// Instructions for the whole conversation.
    pub fn system(content: impl Into<ChatContent>) -> Self {
        Self::new("system", content)
    }

    /// What the model said before.
    pub fn assistant(content: impl Into<ChatContent>) -> Self {
        Self::new("assistant", content)
    }

    /// The result of a tool that the model called, with the id of that call.
    pub fn tool(tool_call_id: impl Into<String>, content: impl Into<ChatContent>) -> Self {
        Self::new("tool", content).tool_call_id(tool_call_id)
    }

    /// The message's text: its content if that is a string, else the text parts joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.content.as_ref().map(ChatContent::text).unwrap_or_default()
    }
}

impl ChatContent {
    /// The text: the string, or the text parts joined.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    crate::generated::octopusx::chat::ChatContentPart::Text(part) => Some(part.text.as_str()),
                    _ => None,
                })
                .collect(),
            Self::Other(_) => String::new(),
        }
    }
}

impl ChatCompletion {
    /// The text of the first choice; empty when there is none.
    #[must_use]
    pub fn text(&self) -> String {
        let first = self.choices.iter().flatten().next();
        first.and_then(|choice| choice.message.as_ref()).map(ChatMessage::text).unwrap_or_default()
    }

    /// The message of the first choice, as it goes into the next request.
    #[must_use]
    pub fn message(&self) -> Option<&ChatMessage> {
        self.choices.iter().flatten().next()?.message.as_ref()
    }

    /// The tool calls of the first choice, whatever its finish reason says.
    #[must_use]
    pub fn tool_calls(&self) -> &[ChatToolCall] {
        let first = self.choices.iter().flatten().next();
        first.and_then(|choice| choice.message.as_ref()).and_then(|message| message.tool_calls.as_deref()).unwrap_or_default()
    }
}

impl ChatToolCall {
    /// The name of the tool; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.function.as_ref().and_then(|function| function.name.as_deref()).unwrap_or_default()
    }
}

impl ChatCompletionChunk {
    /// The text that this chunk adds to the first choice; empty when it adds none.
    #[must_use]
    pub fn text(&self) -> String {
        let delta = self.first_choice().and_then(|choice| choice.delta.as_ref().or(choice.message.as_ref()));
        delta.map(ChatDelta::text).unwrap_or_default()
    }

    /// Choices without an index stand in order.
    fn first_choice(&self) -> Option<&ChatChunkChoice> {
        let mut choices = (0..).zip(self.choices.iter().flatten());
        choices.find(|(position, choice)| choice.index.unwrap_or(*position) == 0).map(|(_, choice)| choice)
    }
}

impl ChatDelta {
    fn text(&self) -> String {
        self.content.as_ref().map(ChatContent::text).unwrap_or_default()
    }
}
