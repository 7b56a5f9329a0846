//! Events of a message put together: texts, thinking, citations, the input of tools, usage.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::generated::octopusx::messages::{
    Message, MessageContentBlock as Block, MessageContentBlockDelta as Delta, MessageContentBlockDeltaEvent, MessageDelta,
    MessageDeltaEvent, MessageDeltaUsage, MessageStopReason, MessageStreamEvent, MessageTextBlock, MessageThinkingBlock,
    MessageToolInput, MessageToolUseBlock, MessageUsage,
};
use crate::sections::pieces::{append, keep, keep_extra, keep_text};
use crate::stream::{Collect, Collector};

impl Collect for MessageStreamEvent {
    type Whole = Message;
    type Collector = Events;

    fn added_text(&self) -> String {
        self.text()
    }
}

/// The answer so far, and where its blocks stand.
#[derive(Default)]
pub struct Events {
    whole: Message,
    /// The latest block of each index: some upstreams give all blocks the same.
    places: HashMap<i64, usize>,
    /// For each block of the answer.
    states: Vec<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    /// Its input is the text of the JSON pieces that have come.
    Growing,
    Stopped,
}

impl Collector for Events {
    type Event = MessageStreamEvent;
    type Whole = Message;

    fn add(&mut self, event: &MessageStreamEvent) {
        match event {
            MessageStreamEvent::MessageStart(event) => event.message.iter().for_each(|message| self.begin(message)),
            MessageStreamEvent::ContentBlockStart(event) => self.start_block(event.index, &event.content_block),
            MessageStreamEvent::ContentBlockDelta(event) => self.add_delta(event),
            MessageStreamEvent::ContentBlockStop(event) => {
                if let Some(at) = self.place(event.index) {
                    self.stop_block(at);
                }
            }
            MessageStreamEvent::MessageDelta(event) => self.add_facts(event),
            // A block that was not stopped by itself.
            MessageStreamEvent::MessageStop(_) => (0..self.states.len()).for_each(|at| self.stop_block(at)),
            MessageStreamEvent::Ping(_) | MessageStreamEvent::Error(_) | MessageStreamEvent::Unknown(_) => {}
        }
    }

    fn so_far(&self) -> &Message {
        &self.whole
    }

    fn whole(self) -> Message {
        self.whole
    }
}

impl Events {
    fn begin(&mut self, message: &Message) {
        let whole = &mut self.whole;
        keep_text(&mut whole.id, &message.id);
        keep_text(&mut whole.type_, &message.type_);
        keep_text(&mut whole.role, &message.role);
        keep_text(&mut whole.model, &message.model);
        keep_reason(&mut whole.stop_reason, &message.stop_reason);
        keep(&mut whole.stop_sequence, &message.stop_sequence);
        keep(&mut whole.stop_details, &message.stop_details);
        keep(&mut whole.container, &message.container);
        keep(&mut whole.usage, &message.usage);
        keep_extra(&mut whole.extra, &message.extra);
        if let Some(blocks) = &message.content {
            whole.content.get_or_insert_default();
            // A message that begins a second time repeats its blocks.
            if self.states.is_empty() {
                blocks.iter().for_each(|block| self.start_block(None, block));
            }
        }
    }

    /// Where the latest block of an index is; without one the last block.
    fn place(&self, index: Option<i64>) -> Option<usize> {
        match index {
            Some(index) => self.places.get(&index).copied(),
            None => self.states.len().checked_sub(1),
        }
    }

    fn start_block(&mut self, index: Option<i64>, block: &Block) {
        let same = index.and_then(|index| self.place(Some(index))).filter(|at| self.states[*at] == State::Begun);
        // Said twice, and nothing came in between.
        if same.is_some_and(|at| self.whole.content.as_ref().is_some_and(|blocks| blocks.get(at) == Some(block))) {
            return;
        }
        self.push(index, block.clone());
    }

    fn push(&mut self, index: Option<i64>, block: Block) -> usize {
        let at = self.states.len();
        self.whole.content.get_or_insert_default().push(block);
        self.states.push(State::Begun);
        self.places.insert(index.unwrap_or_else(|| i64::try_from(at).unwrap_or(i64::MAX)), at);
        at
    }

    /// The block that a piece belongs to. A piece that fits no block that was begun begins one: its text is not lost.
    fn block(
        &mut self,
        index: Option<i64>,
        fits: impl Fn(&Block, State) -> bool,
        make: impl FnOnce() -> Block,
    ) -> Option<&mut Block> {
        let blocks = self.whole.content.as_deref().unwrap_or_default();
        let at = self.place(index).filter(|at| blocks.get(*at).is_some_and(|block| fits(block, self.states[*at])));
        let at = at.unwrap_or_else(|| self.push(index, make()));
        self.whole.content.as_mut().and_then(|blocks| blocks.get_mut(at))
    }

    fn add_delta(&mut self, event: &MessageContentBlockDeltaEvent) {
        let index = event.index;
        match &event.delta {
            Delta::TextDelta(delta) => match self.block(index, |block, _| takes_text(block), || MessageTextBlock::new("").into())
            {
                Some(Block::Text(block)) => {
                    block.text.push_str(&delta.text);
                    keep_extra(&mut block.extra, &delta.extra);
                }
                Some(Block::Unknown(block)) => append_member(block, "text", &delta.text),
                _ => {}
            },
            Delta::ThinkingDelta(delta) => match self.block(index, |block, _| takes_thinking(block), empty_thinking) {
                Some(Block::Thinking(block)) => {
                    block.thinking.push_str(&delta.thinking);
                    keep_extra(&mut block.extra, &delta.extra);
                }
                Some(Block::Unknown(block)) => append_member(block, "thinking", &delta.thinking),
                _ => {}
            },
            Delta::SignatureDelta(delta) => match self.block(index, |block, _| takes_thinking(block), empty_thinking) {
                Some(Block::Thinking(block)) => {
                    append(&mut block.signature, &Some(delta.signature.clone()));
                    keep_extra(&mut block.extra, &delta.extra);
                }
                Some(Block::Unknown(block)) => append_member(block, "signature", &delta.signature),
                _ => {}
            },
            Delta::CitationsDelta(delta) => {
                let Some(citation) = &delta.citation else { return };
                let text = self.block(index, |block, _| matches!(block, Block::Text(_)), || MessageTextBlock::new("").into());
                if let Some(Block::Text(block)) = text {
                    block.citations.get_or_insert_default().push(citation.clone());
                }
            }
            Delta::InputJsonDelta(delta) => self.add_input(index, &delta.partial_json),
            Delta::Unknown(_) => {}
        }
    }

    /// The pieces are gathered as they are; they are JSON only all together.
    fn add_input(&mut self, index: Option<i64>, piece: &str) {
        let is_open = |block: &Block, state| state != State::Stopped && takes_input(block);
        let place = self.place(index);
        let grows = place.is_some_and(|at| self.states[at] == State::Growing);
        // Nothing but space before the JSON is no input: a whole one may have come with the block's start.
        if !grows && piece.trim().is_empty() {
            return;
        }
        let block = self.block(index, is_open, || MessageToolUseBlock::new("", "", Map::new()).into());
        match block {
            Some(Block::ToolUse(block)) => grow(&mut block.input, grows, piece),
            Some(Block::ServerToolUse(block)) => grow(&mut block.input, grows, piece),
            Some(Block::Unknown(block)) => {
                if !grows && let Some(members) = block.as_object_mut() {
                    members.insert("input".to_owned(), "".into());
                }
                append_member(block, "input", piece);
            }
            _ => {}
        }
        if let Some(at) = self.place(index) {
            self.states[at] = State::Growing;
        }
    }

    /// Reads the JSON of a block's input, once. What is no JSON stays a text.
    fn stop_block(&mut self, at: usize) {
        if std::mem::replace(&mut self.states[at], State::Stopped) != State::Growing {
            return;
        }
        let block = self.whole.content.as_mut().and_then(|blocks| blocks.get_mut(at));
        match block {
            Some(Block::ToolUse(block)) => settle(&mut block.input),
            Some(Block::ServerToolUse(block)) => settle(&mut block.input),
            Some(Block::Unknown(block)) => {
                if let Some(input) = block.get_mut("input")
                    && let Some(read) = input.as_str().and_then(|json| serde_json::from_str(json).ok())
                {
                    *input = read;
                }
            }
            _ => {}
        }
    }

    fn add_facts(&mut self, event: &MessageDeltaEvent) {
        let whole = &mut self.whole;
        if let Some(MessageDelta { stop_reason, stop_sequence, stop_details, container, extra }) = &event.delta {
            keep_reason(&mut whole.stop_reason, stop_reason);
            keep(&mut whole.stop_sequence, stop_sequence);
            keep(&mut whole.stop_details, stop_details);
            keep(&mut whole.container, container);
            keep_extra(&mut whole.extra, extra);
        }
        keep_extra(&mut whole.extra, &event.extra);
        if let Some(usage) = &event.usage {
            add_usage(whole.usage.get_or_insert_default(), usage);
        }
    }
}

fn takes_text(block: &Block) -> bool {
    matches!(block, Block::Text(_) | Block::Unknown(_))
}

fn takes_thinking(block: &Block) -> bool {
    matches!(block, Block::Thinking(_) | Block::Unknown(_))
}

fn takes_input(block: &Block) -> bool {
    matches!(block, Block::ToolUse(_) | Block::ServerToolUse(_) | Block::Unknown(_))
}

fn empty_thinking() -> Block {
    let mut block = MessageThinkingBlock::new("", "");
    block.signature = None;
    block.into()
}

/// An empty reason says nothing.
fn keep_reason(kept: &mut Option<MessageStopReason>, came: &Option<MessageStopReason>) {
    if !matches!(came, Some(MessageStopReason::Other(word)) if word.is_empty()) {
        keep(kept, came);
    }
}

/// A block of an unknown kind keeps its pieces under the names that known kinds use.
fn append_member(block: &mut Value, name: &str, piece: &str) {
    let Some(members) = block.as_object_mut() else { return };
    match members.get_mut(name) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => {
            members.insert(name.to_owned(), piece.into());
        }
    }
}

fn grow(input: &mut Option<MessageToolInput>, grows: bool, piece: &str) {
    match input {
        Some(MessageToolInput::Text(json)) if grows => json.push_str(piece),
        _ => *input = Some(piece.into()),
    }
}

fn settle(input: &mut Option<MessageToolInput>) {
    let Some(MessageToolInput::Text(json)) = input else { return };
    let Ok(read) = serde_json::from_str(json) else { return };
    *input = Some(match read {
        Value::Object(members) => MessageToolInput::Object(members),
        Value::String(text) => MessageToolInput::Text(text),
        other => MessageToolInput::Other(other),
    });
}

/// The counters of the last event hold for the whole answer, but some upstreams send 0 there for what they told at the
/// start, or the other way round.
fn add_usage(kept: &mut MessageUsage, came: &MessageDeltaUsage) {
    if kept.output_tokens.is_none() || came.output_tokens.is_some_and(|count| count > 0) {
        keep(&mut kept.output_tokens, &came.output_tokens);
    }
    kept.input_tokens = kept.input_tokens.max(came.input_tokens);
    kept.cache_creation_input_tokens = kept.cache_creation_input_tokens.max(came.cache_creation_input_tokens);
    kept.cache_read_input_tokens = kept.cache_read_input_tokens.max(came.cache_read_input_tokens);
    keep(&mut kept.server_tool_use, &came.server_tool_use);
    keep_extra(&mut kept.extra, &came.extra);
}
