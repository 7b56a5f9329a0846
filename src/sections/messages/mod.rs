//! Small conveniences for messages: messages by role, the text and the tool calls of an answer, an answer as input.

mod collect;
#[cfg(feature = "schemars")]
mod tools;

use crate::generated::octopusx::messages::{
    Message, MessageContent, MessageContentBlock, MessageContentBlockDelta, MessageContentBlockParam, MessageParam,
    MessageStreamEvent, MessageToolUseBlock,
};

impl MessageParam {
    /// A message of the user.
    pub fn user(content: impl Into<MessageContent>) -> Self {
        Self::new("user", content)
    }

    /// What the model said before, or the beginning of what it is to say.
    pub fn assistant(content: impl Into<MessageContent>) -> Self {
        Self::new("assistant", content)
    }

    /// The message's text: its content if that is a string, else the text blocks joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.content.text()
    }
}

impl MessageContent {
    /// The text: the string, or the text blocks joined.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Blocks(blocks) => blocks
                .iter()
                .filter_map(|block| match block {
                    MessageContentBlockParam::Text(block) => Some(block.text.as_str()),
                    _ => None,
                })
                .collect(),
            Self::Other(_) => String::new(),
        }
    }
}

impl Message {
    /// The text blocks joined, without the thinking; empty when there are none.
    #[must_use]
    pub fn text(&self) -> String {
        let blocks = self.content.iter().flatten();
        blocks
            .filter_map(|block| match block {
                MessageContentBlock::Text(block) => Some(block.text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The tools that the model asks to have called, whatever the stop reason says.
    pub fn tool_uses(&self) -> impl Iterator<Item = &MessageToolUseBlock> {
        self.content.iter().flatten().filter_map(|block| match block {
            MessageContentBlock::ToolUse(block) => Some(block),
            _ => None,
        })
    }
}

impl MessageStreamEvent {
    /// The text that this event adds; empty when it adds none.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::MessageStart(event) => event.message.as_ref().map(Message::text).unwrap_or_default(),
            Self::ContentBlockStart(event) => match &event.content_block {
                MessageContentBlock::Text(block) => block.text.clone(),
                _ => String::new(),
            },
            Self::ContentBlockDelta(event) => match &event.delta {
                MessageContentBlockDelta::TextDelta(delta) => delta.text.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }
}

/// An answer as a message of the next request.
impl From<Message> for MessageParam {
    fn from(message: Message) -> Self {
        let blocks = message.content.into_iter().flatten().map(Into::into).collect::<Vec<_>>();
        Self::new(message.role.as_deref().unwrap_or("assistant"), blocks)
    }
}

/// A block of an answer as it goes into the next request.
impl From<MessageContentBlock> for MessageContentBlockParam {
    fn from(block: MessageContentBlock) -> Self {
        match block {
            MessageContentBlock::Text(block) => Self::Text(block),
            MessageContentBlock::Thinking(block) => Self::Thinking(block),
            MessageContentBlock::RedactedThinking(block) => Self::RedactedThinking(block),
            MessageContentBlock::ToolUse(block) => Self::ToolUse(block),
            MessageContentBlock::ServerToolUse(block) => Self::ServerToolUse(block),
            MessageContentBlock::WebSearchToolResult(block) => Self::WebSearchToolResult(block),
            MessageContentBlock::WebFetchToolResult(block) => Self::WebFetchToolResult(block),
            MessageContentBlock::CodeExecutionToolResult(block) => Self::CodeExecutionToolResult(block),
            MessageContentBlock::BashCodeExecutionToolResult(block) => Self::BashCodeExecutionToolResult(block),
            MessageContentBlock::TextEditorCodeExecutionToolResult(block) => Self::TextEditorCodeExecutionToolResult(block),
            MessageContentBlock::ToolSearchToolResult(block) => Self::ToolSearchToolResult(block),
            MessageContentBlock::ContainerUpload(block) => Self::ContainerUpload(block),
            MessageContentBlock::Unknown(block) => Self::Unknown(block),
        }
    }
}
