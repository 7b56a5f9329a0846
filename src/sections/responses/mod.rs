//! Small conveniences for responses: messages by role, the text and the calls of an answer, an answer as input.

mod collect;
mod items;
#[cfg(feature = "schemars")]
mod tools;

use crate::generated::octopusx::responses::{
    ModelResponse, ResponseContentPart, ResponseFunctionToolCall, ResponseInputItem, ResponseInputMessage,
    ResponseMessageContent, ResponseOutputItem, ResponseOutputMessage, ResponseStreamEvent,
};

impl ResponseInputMessage {
    /// A message of the user.
    pub fn user(content: impl Into<ResponseMessageContent>) -> Self {
        Self::new("user", content)
    }

    /// Instructions for the whole conversation.
    pub fn system(content: impl Into<ResponseMessageContent>) -> Self {
        Self::new("system", content)
    }

    /// Instructions for the whole conversation, as newer models call them.
    pub fn developer(content: impl Into<ResponseMessageContent>) -> Self {
        Self::new("developer", content)
    }

    /// What the model said before.
    pub fn assistant(content: impl Into<ResponseMessageContent>) -> Self {
        Self::new("assistant", content)
    }
}

impl ResponseOutputMessage {
    /// The text parts joined; empty when there are none, as in a refusal.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.content.iter().flatten();
        parts
            .filter_map(|part| match part {
                ResponseContentPart::OutputText(part) => Some(part.text.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl ModelResponse {
    /// The text of all messages joined, without the reasoning; empty when there is none.
    #[must_use]
    pub fn text(&self) -> String {
        let items = self.output.iter().flatten();
        let text: String = items
            .map(|item| match item {
                ResponseOutputItem::Message(message) => message.text(),
                _ => String::new(),
            })
            .collect();
        // Few upstreams send the member; those that do may leave the messages out.
        if text.is_empty() { self.output_text.clone().unwrap_or_default() } else { text }
    }

    /// The functions that the model asks to have called.
    pub fn function_calls(&self) -> impl Iterator<Item = &ResponseFunctionToolCall> {
        self.output.iter().flatten().filter_map(|item| match item {
            ResponseOutputItem::FunctionCall(call) => Some(call),
            _ => None,
        })
    }

    /// All of the output as it goes into the input of the next request.
    #[must_use]
    pub fn to_input(&self) -> Vec<ResponseInputItem> {
        self.output.iter().flatten().cloned().map(Into::into).collect()
    }
}

impl ResponseStreamEvent {
    /// The text that this event adds; empty when it adds none.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::ResponseOutputTextDelta(event) => event.delta.clone(),
            Self::ResponseContentPartAdded(event) => match &event.part {
                ResponseContentPart::OutputText(part) => part.text.clone(),
                _ => String::new(),
            },
            _ => String::new(),
        }
    }
}

/// What the model said, as a message of the next request.
impl From<ResponseOutputMessage> for ResponseInputMessage {
    fn from(message: ResponseOutputMessage) -> Self {
        let ResponseOutputMessage { type_, id, status, role, content, phase, extra } = message;
        let role = Some(role.as_deref().unwrap_or("assistant").into());
        let content = Some(ResponseMessageContent::Parts(content.unwrap_or_default()));
        Self { type_, role, content, phase, id, status, extra }
    }
}

impl From<ResponseOutputMessage> for ResponseInputItem {
    fn from(message: ResponseOutputMessage) -> Self {
        Self::Message(message.into())
    }
}

/// An item of an answer as it goes into the next request.
impl From<ResponseOutputItem> for ResponseInputItem {
    fn from(item: ResponseOutputItem) -> Self {
        match item {
            ResponseOutputItem::Message(item) => item.into(),
            ResponseOutputItem::FunctionCall(item) => Self::FunctionCall(item),
            ResponseOutputItem::FunctionCallOutput(item) => Self::FunctionCallOutput(item),
            ResponseOutputItem::Reasoning(item) => Self::Reasoning(item),
            ResponseOutputItem::Compaction(item) => Self::Compaction(item),
            ResponseOutputItem::FileSearchCall(item) => Self::FileSearchCall(item),
            ResponseOutputItem::WebSearchCall(item) => Self::WebSearchCall(item),
            ResponseOutputItem::CodeInterpreterCall(item) => Self::CodeInterpreterCall(item),
            ResponseOutputItem::ImageGenerationCall(item) => Self::ImageGenerationCall(item),
            ResponseOutputItem::ComputerCall(item) => Self::ComputerCall(item),
            ResponseOutputItem::ComputerCallOutput(item) => Self::ComputerCallOutput(item),
            ResponseOutputItem::LocalShellCall(item) => Self::LocalShellCall(item),
            ResponseOutputItem::LocalShellCallOutput(item) => Self::LocalShellCallOutput(item),
            ResponseOutputItem::ShellCall(item) => Self::ShellCall(item),
            ResponseOutputItem::ShellCallOutput(item) => Self::ShellCallOutput(item),
            ResponseOutputItem::ApplyPatchCall(item) => Self::ApplyPatchCall(item),
            ResponseOutputItem::ApplyPatchCallOutput(item) => Self::ApplyPatchCallOutput(item),
            ResponseOutputItem::McpListTools(item) => Self::McpListTools(item),
            ResponseOutputItem::McpApprovalRequest(item) => Self::McpApprovalRequest(item),
            ResponseOutputItem::McpApprovalResponse(item) => Self::McpApprovalResponse(item),
            ResponseOutputItem::McpCall(item) => Self::McpCall(item),
            ResponseOutputItem::CustomToolCall(item) => Self::CustomToolCall(item),
            ResponseOutputItem::CustomToolCallOutput(item) => Self::CustomToolCallOutput(item),
            ResponseOutputItem::Unknown(item) => Self::Unknown(item),
        }
    }
}
