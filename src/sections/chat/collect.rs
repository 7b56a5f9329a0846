//! Chat chunks put together: text, reasoning, tool calls, usage.

use crate::generated::octopusx::chat::{
    ChatChoice, ChatChunkChoice, ChatCompletion, ChatCompletionChunk, ChatContent, ChatContentPart, ChatDelta, ChatFunctionCall,
    ChatLogprobs, ChatMessage, ChatTextPart, ChatToolArguments, ChatToolCall, ChatToolCallDelta, ChatUsage,
};
use crate::sections::pieces::{append, keep, keep_text};
use crate::stream::{Collect, Collector};

impl Collect for ChatCompletionChunk {
    type Whole = ChatCompletion;
    type Collector = Chunks;

    fn added_text(&self) -> String {
        self.text()
    }
}

/// The answer so far, and how its tool calls are told apart.
#[derive(Default)]
pub struct Chunks {
    whole: ChatCompletion,
    /// For each choice, the `index` of each of its tool calls.
    calls: Vec<Vec<Option<i64>>>,
}

impl Collector for Chunks {
    type Event = ChatCompletionChunk;
    type Whole = ChatCompletion;

    fn add(&mut self, chunk: &ChatCompletionChunk) {
        let whole = &mut self.whole;
        keep_text(&mut whole.id, &chunk.id);
        keep(&mut whole.created, &chunk.created);
        keep_text(&mut whole.model, &chunk.model);
        keep_text(&mut whole.system_fingerprint, &chunk.system_fingerprint);
        keep(&mut whole.service_tier, &chunk.service_tier);
        // Some gateways send an empty usage with every chunk.
        if whole.usage.is_none() || chunk.usage.as_ref().is_some_and(|usage| *usage != ChatUsage::default()) {
            keep(&mut whole.usage, &chunk.usage);
        }
        whole.extra.extend(chunk.extra.clone());
        for choice in chunk.choices.iter().flatten() {
            self.add_choice(choice);
        }
    }

    fn so_far(&self) -> &ChatCompletion {
        &self.whole
    }

    fn whole(self) -> ChatCompletion {
        self.whole
    }
}

impl Chunks {
    fn add_choice(&mut self, piece: &ChatChunkChoice) {
        let index = piece.index.unwrap_or_default();
        let choices = self.whole.choices.get_or_insert_default();
        let at = choices.iter().position(|choice| choice.index == Some(index)).unwrap_or_else(|| {
            let mut choice = ChatChoice::new();
            choice.index = Some(index);
            choices.push(choice);
            self.calls.push(Vec::new());
            choices.len() - 1
        });
        let choice = &mut choices[at];
        if piece.finish_reason.as_ref().is_some_and(|reason| !reason.as_str().is_empty()) {
            choice.finish_reason.clone_from(&piece.finish_reason);
        }
        choice.extra.extend(piece.extra.clone());
        if let Some(logprobs) = &piece.logprobs {
            add_logprobs(choice.logprobs.get_or_insert_default(), logprobs);
        }
        if let Some(delta) = &piece.delta {
            add_delta(choice.message.get_or_insert_with(empty_message), &mut self.calls[at], delta);
        }
    }
}

fn empty_message() -> ChatMessage {
    let mut message = ChatMessage::new("assistant", "");
    message.content = None;
    message
}

fn add_logprobs(kept: &mut ChatLogprobs, came: &ChatLogprobs) {
    for (kept, came) in [(&mut kept.content, &came.content), (&mut kept.refusal, &came.refusal)] {
        if let Some(tokens) = came {
            kept.get_or_insert_default().extend(tokens.iter().cloned());
        }
    }
}

fn add_delta(message: &mut ChatMessage, calls: &mut Vec<Option<i64>>, delta: &ChatDelta) {
    keep(&mut message.role, &delta.role);
    append(&mut message.reasoning_content, &delta.reasoning_content);
    append(&mut message.reasoning, &delta.reasoning);
    append(&mut message.refusal, &delta.refusal);
    message.extra.extend(delta.extra.clone());
    if let Some(content) = &delta.content {
        add_content(&mut message.content, content);
    }
    #[allow(deprecated)]
    if let Some(call) = &delta.function_call {
        let kept = message.function_call.get_or_insert_with(empty_call);
        append(&mut kept.name, &call.name);
        add_arguments(&mut kept.arguments, call.arguments.as_ref());
    }
    let pieces = delta.tool_calls.as_deref().unwrap_or_default();
    for (position, piece) in pieces.iter().enumerate() {
        // A piece that stands alone goes on with the last call.
        let position = (pieces.len() > 1).then_some(position);
        add_tool_call(message.tool_calls.get_or_insert_default(), calls, position, piece);
    }
}

fn empty_call() -> ChatFunctionCall {
    let mut call = ChatFunctionCall::new("", "");
    (call.name, call.arguments) = (None, None);
    call
}

/// Texts are joined; as soon as another kind of part comes, the whole is a list of parts.
fn add_content(kept: &mut Option<ChatContent>, came: &ChatContent) {
    match (kept, came) {
        (kept @ None, came) => *kept = Some(came.clone()),
        (Some(ChatContent::Text(text)), ChatContent::Text(piece)) => text.push_str(piece),
        (Some(kept), came) => {
            let mut parts = into_parts(std::mem::replace(kept, ChatContent::Parts(Vec::new())));
            for part in into_parts(came.clone()) {
                match (parts.last_mut(), part) {
                    (Some(ChatContentPart::Text(text)), ChatContentPart::Text(piece)) => text.text.push_str(&piece.text),
                    (_, part) => parts.push(part),
                }
            }
            *kept = ChatContent::Parts(parts);
        }
    }
}

fn into_parts(content: ChatContent) -> Vec<ChatContentPart> {
    match content {
        ChatContent::Text(text) => vec![ChatTextPart::new(text).into()],
        ChatContent::Parts(parts) => parts,
        ChatContent::Other(other) => vec![ChatContentPart::Unknown(other)],
    }
}

/// A piece belongs to the call of the same index, else of the same id, else at the same position.
fn add_tool_call(
    kept: &mut Vec<ChatToolCall>,
    indexes: &mut Vec<Option<i64>>,
    position: Option<usize>,
    piece: &ChatToolCallDelta,
) {
    let index = piece.index.filter(|index| *index >= 0);
    let id = piece.id.as_deref().filter(|id| !id.is_empty());
    let at = match (index, id) {
        (Some(index), _) => indexes.iter().position(|known| *known == Some(index)),
        (None, Some(id)) => kept.iter().position(|call| call.id.as_deref() == Some(id)),
        // Gateways that send neither send whole calls, or one after the other: a new one begins with its name.
        (None, None) if starts_anew(piece) => None,
        (None, None) => position.filter(|at| *at < kept.len()).or(kept.len().checked_sub(1)),
    };
    let at = at.unwrap_or_else(|| {
        let mut call = ChatToolCall::new("", empty_call());
        (call.id, call.type_, call.function) = (None, None, None);
        kept.push(call);
        indexes.push(index);
        kept.len() - 1
    });
    let call = &mut kept[at];
    if let Some(id) = id {
        call.id = Some(id.to_owned());
    }
    keep(&mut call.type_, &piece.type_);
    call.extra.extend(piece.extra.clone());
    if let Some(function) = &piece.function {
        let kept = call.function.get_or_insert_with(empty_call);
        append(&mut kept.name, &function.name);
        add_arguments(&mut kept.arguments, function.arguments.as_ref());
        kept.extra.extend(function.extra.clone());
    }
}

fn starts_anew(piece: &ChatToolCallDelta) -> bool {
    piece.function.as_ref().is_some_and(|function| function.name.as_ref().is_some_and(|name| !name.is_empty()))
}

/// Pieces of text are joined; an object is whole already.
fn add_arguments(kept: &mut Option<ChatToolArguments>, came: Option<&ChatToolArguments>) {
    match (kept, came) {
        (_, None) => {}
        (Some(ChatToolArguments::Text(text)), Some(ChatToolArguments::Text(piece))) => text.push_str(piece),
        // An empty text after an object takes nothing away.
        (Some(ChatToolArguments::Object(_)), Some(ChatToolArguments::Text(piece))) if piece.is_empty() => {}
        (kept, Some(came)) => *kept = Some(came.clone()),
    }
}
