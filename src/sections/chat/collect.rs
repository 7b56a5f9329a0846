//! Chat chunks put together: text, reasoning, tool calls, usage.

use std::collections::HashMap;

use crate::generated::octopusx::chat::{
    ChatChoice, ChatChunkChoice, ChatCompletion, ChatCompletionChunk, ChatContent, ChatContentPart, ChatDelta, ChatFunctionCall,
    ChatLogprobs, ChatMessage, ChatTextPart, ChatToolArguments, ChatToolCall, ChatToolCallDelta, ChatUsage,
};
use crate::sections::pieces::{append, at_index, join_extra, keep, keep_count, keep_extra, keep_text};
use crate::stream::{Collect, Collector, Shown};

impl Collect for ChatCompletionChunk {
    type Whole = ChatCompletion;
    type Collector = Chunks;

    fn added_text(&self) -> String {
        self.text()
    }

    fn text_after(&self, shown: &mut Shown) -> String {
        let choice = self.first_choice();
        let text = |delta: Option<&ChatDelta>| delta.map(ChatDelta::text).unwrap_or_default();
        match choice.map(|choice| text(choice.delta.as_ref())).filter(|text| !text.is_empty()) {
            Some(text) => shown.piece(None, None, text),
            None => shown.whole(text(choice.and_then(|choice| choice.message.as_ref()))),
        }
    }
}

/// The answer so far, and how its tool calls are told apart.
#[derive(Default)]
pub struct Chunks {
    whole: ChatCompletion,
    /// The tool calls of each choice.
    calls: HashMap<i64, Calls>,
}

/// Where the tool calls of a choice stand, the latest of each index and id.
#[derive(Default)]
struct Calls {
    by_index: HashMap<i64, usize>,
    by_id: HashMap<String, usize>,
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
        if let Some(usage) = &chunk.usage {
            add_usage(whole.usage.get_or_insert_default(), usage);
        }
        keep_extra(&mut whole.extra, &chunk.extra);
        // Choices without an index stand in order.
        for (position, choice) in (0..).zip(chunk.choices.iter().flatten()) {
            self.add_choice(choice.index.unwrap_or(position), choice);
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
    fn add_choice(&mut self, index: i64, piece: &ChatChunkChoice) {
        let choice = at_index(self.whole.choices.get_or_insert_default(), index, |choice| choice.index, empty_choice);
        if piece.finish_reason.as_ref().is_some_and(|reason| !reason.as_str().is_empty()) {
            choice.finish_reason.clone_from(&piece.finish_reason);
        }
        keep_extra(&mut choice.extra, &piece.extra);
        if let Some(logprobs) = &piece.logprobs {
            add_logprobs(choice.logprobs.get_or_insert_default(), logprobs);
        }
        if let Some(delta) = &piece.delta {
            add_delta(choice.message.get_or_insert_with(empty_message), self.calls.entry(index).or_default(), delta);
        }
        // The whole message repeats the pieces, unless it comes alone.
        let says_nothing = |message: &ChatMessage| message.content.is_none() && message.tool_calls.is_none();
        if let Some(whole) = piece.message.as_ref().filter(|_| choice.message.as_ref().is_none_or(says_nothing)) {
            add_delta(choice.message.get_or_insert_with(empty_message), self.calls.entry(index).or_default(), whole);
        }
    }
}

fn empty_choice(index: i64) -> ChatChoice {
    let mut choice = ChatChoice::new();
    choice.index = Some(index);
    choice
}

/// Counters one by one: a chunk may bring only some of them.
fn add_usage(kept: &mut ChatUsage, came: &ChatUsage) {
    keep_count(&mut kept.prompt_tokens, &came.prompt_tokens);
    keep_count(&mut kept.completion_tokens, &came.completion_tokens);
    keep_count(&mut kept.total_tokens, &came.total_tokens);
    keep_count(&mut kept.input_tokens, &came.input_tokens);
    keep_count(&mut kept.output_tokens, &came.output_tokens);
    keep(&mut kept.prompt_tokens_details, &came.prompt_tokens_details);
    keep(&mut kept.completion_tokens_details, &came.completion_tokens_details);
    keep_extra(&mut kept.extra, &came.extra);
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

fn add_delta(message: &mut ChatMessage, calls: &mut Calls, delta: &ChatDelta) {
    keep(&mut message.role, &delta.role);
    append(&mut message.reasoning_content, &delta.reasoning_content);
    append(&mut message.reasoning, &delta.reasoning);
    append(&mut message.refusal, &delta.refusal);
    join_extra(&mut message.extra, &delta.extra);
    if let Some(content) = &delta.content {
        add_content(&mut message.content, content);
    }
    #[allow(deprecated)]
    if let Some(call) = &delta.function_call {
        let kept = message.function_call.get_or_insert_with(empty_call);
        add_name(&mut kept.name, &call.name);
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
fn add_tool_call(kept: &mut Vec<ChatToolCall>, calls: &mut Calls, position: Option<usize>, piece: &ChatToolCallDelta) {
    let index = piece.index.filter(|index| *index >= 0);
    let id = piece.id.as_deref().filter(|id| !id.is_empty());
    let at = match (index, id) {
        // Some upstreams give all calls the same index.
        (Some(index), _) => calls.by_index.get(&index).copied().filter(|at| !is_another(&kept[*at], id, piece)),
        (None, Some(id)) => calls.by_id.get(id).copied(),
        // Gateways that send neither send whole calls, or one after the other: a new one begins with its name.
        (None, None) if has_name(piece) && kept.last().is_some_and(is_named) => None,
        (None, None) => position.filter(|at| *at < kept.len()).or(kept.len().checked_sub(1)),
    };
    let at = at.unwrap_or_else(|| {
        let mut call = ChatToolCall::new("", empty_call());
        (call.id, call.type_, call.function) = (None, None, None);
        kept.push(call);
        kept.len() - 1
    });
    if let Some(index) = index {
        calls.by_index.insert(index, at);
    }
    let call = &mut kept[at];
    if let Some(id) = id.filter(|id| call.id.as_deref() != Some(id)) {
        calls.by_id.insert(id.to_owned(), at);
        call.id = Some(id.to_owned());
    }
    keep_text(&mut call.type_, &piece.type_);
    join_extra(&mut call.extra, &piece.extra);
    if let Some(function) = &piece.function {
        let kept = call.function.get_or_insert_with(empty_call);
        add_name(&mut kept.name, &function.name);
        add_arguments(&mut kept.arguments, function.arguments.as_ref());
        join_extra(&mut kept.extra, &function.extra);
    }
}

/// Whether a piece with a call's index begins another call.
fn is_another(call: &ChatToolCall, id: Option<&str>, piece: &ChatToolCallDelta) -> bool {
    id.is_some() && call.id.is_some() && call.id.as_deref() != id && has_name(piece) && is_named(call)
}

fn has_name(piece: &ChatToolCallDelta) -> bool {
    piece.function.as_ref().is_some_and(|function| function.name.as_ref().is_some_and(|name| !name.is_empty()))
}

fn is_named(call: &ChatToolCall) -> bool {
    call.function.as_ref().is_some_and(|function| function.name.is_some())
}

/// Some upstreams say the name with each piece.
fn add_name(kept: &mut Option<String>, came: &Option<String>) {
    if kept != came {
        append(kept, came);
    }
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
