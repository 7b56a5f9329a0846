//! Events of a Gemini answer put together: parts, finish reasons, what goes with them, usage.

use serde_json::{Map, Value};

use crate::generated::octopusx::gemini::{
    GeminiCandidate, GeminiContent, GeminiFinishReason, GeminiGenerateContentResponse, GeminiPart, GeminiUsageMetadata,
};
use crate::sections::pieces::{at_index, keep, keep_extra, keep_list, keep_text};
use crate::stream::{Collect, Collector};

impl Collect for GeminiGenerateContentResponse {
    type Whole = Self;
    type Collector = Events;

    fn added_text(&self) -> String {
        self.text()
    }
}

/// The answer so far.
#[derive(Default)]
pub struct Events {
    whole: GeminiGenerateContentResponse,
}

impl Collector for Events {
    type Event = GeminiGenerateContentResponse;
    type Whole = GeminiGenerateContentResponse;

    fn add(&mut self, event: &GeminiGenerateContentResponse) {
        let whole = &mut self.whole;
        keep(&mut whole.prompt_feedback, &event.prompt_feedback);
        keep_text(&mut whole.model_version, &event.model_version);
        keep_text(&mut whole.response_id, &event.response_id);
        keep_text(&mut whole.create_time, &event.create_time);
        keep_extra(&mut whole.extra, &event.extra);
        if let Some(usage) = &event.usage_metadata {
            add_usage(whole.usage_metadata.get_or_insert_default(), usage);
        }
        // Candidates without an index stand in order.
        for (position, candidate) in (0..).zip(event.candidates.iter().flatten()) {
            let candidates = whole.candidates.get_or_insert_default();
            let index = candidate.index.unwrap_or(position);
            add_candidate(at_index(candidates, index, |candidate| candidate.index, empty_candidate), candidate);
        }
    }

    fn so_far(&self) -> &GeminiGenerateContentResponse {
        &self.whole
    }

    fn whole(self) -> GeminiGenerateContentResponse {
        self.whole
    }
}

fn empty_candidate(index: i64) -> GeminiCandidate {
    let mut candidate = GeminiCandidate::new();
    candidate.index = Some(index);
    candidate
}

fn add_candidate(kept: &mut GeminiCandidate, piece: &GeminiCandidate) {
    if let Some(content) = &piece.content {
        let kept = kept.content.get_or_insert_with(empty_content);
        keep(&mut kept.role, &content.role);
        keep_extra(&mut kept.extra, &content.extra);
        if let Some(parts) = &content.parts {
            let kept = kept.parts.get_or_insert_default();
            parts.iter().for_each(|part| add_part(kept, part));
        }
    }
    // An empty reason says nothing.
    if !matches!(&piece.finish_reason, Some(GeminiFinishReason::Other(word)) if word.is_empty()) {
        keep(&mut kept.finish_reason, &piece.finish_reason);
    }
    keep(&mut kept.finish_message, &piece.finish_message);
    keep_list(&mut kept.safety_ratings, &piece.safety_ratings);
    keep(&mut kept.avg_logprobs, &piece.avg_logprobs);
    keep(&mut kept.token_count, &piece.token_count);
    merge(&mut kept.citation_metadata, &piece.citation_metadata, add_citations);
    merge(&mut kept.grounding_metadata, &piece.grounding_metadata, Value::clone_from);
    merge(&mut kept.url_context_metadata, &piece.url_context_metadata, Value::clone_from);
    merge(&mut kept.logprobs_result, &piece.logprobs_result, add_tokens);
    keep_extra(&mut kept.extra, &piece.extra);
}

fn empty_content() -> GeminiContent {
    let mut content = GeminiContent::new(Vec::<GeminiPart>::new());
    content.parts = None;
    content
}

/// Texts that follow each other are joined while they are both thinking or both not; everything else stands by itself.
fn add_part(kept: &mut Vec<GeminiPart>, came: &GeminiPart) {
    let Some(piece) = plain_text(came) else { return kept.push(came.clone()) };
    let last = kept.last_mut().filter(|last| plain_text(last).is_some() && is_thought(last) == is_thought(came));
    match last.and_then(|last| last.text.as_mut()) {
        Some(text) => text.push_str(piece),
        // The last event often holds an empty text.
        None if piece.is_empty() => {}
        None => kept.push(came.clone()),
    }
}

fn is_thought(part: &GeminiPart) -> bool {
    part.thought.unwrap_or_default()
}

/// The text of a part that is nothing but text. One with a signature is more: the signature stands for this part alone,
/// and both have to go back as they came.
fn plain_text(part: &GeminiPart) -> Option<&str> {
    match part {
        GeminiPart {
            text: Some(text),
            inline_data: None,
            file_data: None,
            function_call: None,
            function_response: None,
            thought: _,
            thought_signature: None,
            executable_code: None,
            code_execution_result: None,
            video_metadata: None,
            media_resolution: None,
            extra,
        } if extra.is_empty() => Some(text),
        _ => None,
    }
}

/// Objects whose form is not documented, member by member.
fn merge(kept: &mut Option<Map<String, Value>>, came: &Option<Map<String, Value>>, add: impl Fn(&mut Value, &Value)) {
    let Some(came) = came else { return };
    let kept = kept.get_or_insert_default();
    for (name, value) in came {
        match kept.get_mut(name) {
            Some(kept) => add(kept, value),
            None => {
                kept.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Some upstreams send only new citations, some all of them again.
fn add_citations(kept: &mut Value, came: &Value) {
    match (kept, came) {
        (Value::Array(kept), Value::Array(came)) if !came.starts_with(kept) => kept.extend_from_slice(came),
        (kept, came) => kept.clone_from(came),
    }
}

/// Each event tells of its own tokens.
fn add_tokens(kept: &mut Value, came: &Value) {
    match (kept, came) {
        (Value::Array(kept), Value::Array(came)) => kept.extend_from_slice(came),
        (kept, came) => kept.clone_from(came),
    }
}

/// The last counters win, one by one: an event may bring only some of them.
fn add_usage(kept: &mut GeminiUsageMetadata, came: &GeminiUsageMetadata) {
    keep(&mut kept.prompt_token_count, &came.prompt_token_count);
    keep(&mut kept.candidates_token_count, &came.candidates_token_count);
    keep(&mut kept.total_token_count, &came.total_token_count);
    keep(&mut kept.thoughts_token_count, &came.thoughts_token_count);
    keep(&mut kept.cached_content_token_count, &came.cached_content_token_count);
    keep(&mut kept.tool_use_prompt_token_count, &came.tool_use_prompt_token_count);
    keep_list(&mut kept.prompt_tokens_details, &came.prompt_tokens_details);
    keep_list(&mut kept.candidates_tokens_details, &came.candidates_tokens_details);
    keep_list(&mut kept.cache_tokens_details, &came.cache_tokens_details);
    keep_list(&mut kept.tool_use_prompt_tokens_details, &came.tool_use_prompt_tokens_details);
    keep(&mut kept.traffic_type, &came.traffic_type);
    keep_extra(&mut kept.extra, &came.extra);
}
