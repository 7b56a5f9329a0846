//! Chunks of a completion put together: texts, log probabilities, usage.

use crate::generated::octopusx::completions::{
    Completion, CompletionChoice, CompletionChunk, CompletionFinishReason, CompletionLogprobs, CompletionUsage,
};
use crate::sections::pieces::{append, at_index, extend, keep, keep_count, keep_extra, keep_text};
use crate::stream::{Collect, Collector};

impl Collect for CompletionChunk {
    type Whole = Completion;
    type Collector = Chunks;

    fn added_text(&self) -> String {
        self.text()
    }
}

/// The answer so far.
#[derive(Default)]
pub struct Chunks {
    whole: Completion,
}

impl Collector for Chunks {
    type Event = CompletionChunk;
    type Whole = Completion;

    fn add(&mut self, chunk: &CompletionChunk) {
        let whole = &mut self.whole;
        keep_text(&mut whole.id, &chunk.id);
        keep(&mut whole.created, &chunk.created);
        keep_text(&mut whole.model, &chunk.model);
        keep_extra(&mut whole.extra, &chunk.extra);
        if let Some(usage) = &chunk.usage {
            add_usage(whole.usage.get_or_insert_default(), usage);
        }
        // Choices without an index stand in order.
        for (position, choice) in (0..).zip(chunk.choices.iter().flatten()) {
            let choices = whole.choices.get_or_insert_default();
            add_choice(at_index(choices, choice.index.unwrap_or(position), |choice| choice.index, empty_choice), choice);
        }
    }

    fn so_far(&self) -> &Completion {
        &self.whole
    }

    fn whole(self) -> Completion {
        self.whole
    }
}

fn empty_choice(index: i64) -> CompletionChoice {
    let mut choice = CompletionChoice::new();
    choice.index = Some(index);
    choice
}

fn add_choice(kept: &mut CompletionChoice, piece: &CompletionChoice) {
    append(&mut kept.text, &piece.text);
    keep_extra(&mut kept.extra, &piece.extra);
    // An empty reason says nothing: the model has not stopped, or it was said before.
    if !matches!(&piece.finish_reason, Some(CompletionFinishReason::Other(word)) if word.is_empty()) {
        keep(&mut kept.finish_reason, &piece.finish_reason);
    }
    if let Some(logprobs) = &piece.logprobs {
        add_logprobs(kept.logprobs.get_or_insert_default(), logprobs);
    }
}

fn add_logprobs(kept: &mut CompletionLogprobs, piece: &CompletionLogprobs) {
    extend(&mut kept.tokens, &piece.tokens);
    extend(&mut kept.token_logprobs, &piece.token_logprobs);
    extend(&mut kept.top_logprobs, &piece.top_logprobs);
    extend(&mut kept.text_offset, &piece.text_offset);
    keep_extra(&mut kept.extra, &piece.extra);
}

/// Counters one by one: the last chunk may bring only some of them.
fn add_usage(kept: &mut CompletionUsage, came: &CompletionUsage) {
    keep_count(&mut kept.prompt_tokens, &came.prompt_tokens);
    keep_count(&mut kept.completion_tokens, &came.completion_tokens);
    keep_count(&mut kept.total_tokens, &came.total_tokens);
    keep_extra(&mut kept.extra, &came.extra);
}
