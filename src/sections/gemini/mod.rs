//! Small conveniences for Gemini: contents by role, parts of every kind, the text and the function calls of an answer.

mod collect;
#[cfg(feature = "schemars")]
mod tools;

use crate::generated::octopusx::gemini::{
    GeminiBlob, GeminiCandidate, GeminiContent, GeminiFileData, GeminiFunctionCall, GeminiFunctionResponse,
    GeminiGenerateContentResponse, GeminiPart,
};

impl GeminiContent {
    /// A turn of the user: a text, or another part.
    pub fn user(part: impl Into<GeminiPart>) -> Self {
        Self::new([part]).role("user")
    }

    /// What the model said before.
    pub fn model(part: impl Into<GeminiPart>) -> Self {
        Self::new([part]).role("model")
    }

    /// The same with one more part.
    #[must_use]
    pub fn with_part(mut self, part: impl Into<GeminiPart>) -> Self {
        self.parts.get_or_insert_default().push(part.into());
        self
    }

    /// The text parts joined, without the thinking.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.parts.iter().flatten().filter(|part| !part.thought.unwrap_or_default());
        parts.filter_map(|part| part.text.as_deref()).collect()
    }
}

impl GeminiGenerateContentResponse {
    /// The text of the first candidate, without the thinking; empty when there is none. Of an event, what it adds.
    #[must_use]
    pub fn text(&self) -> String {
        self.first().and_then(|candidate| candidate.content.as_ref()).map(GeminiContent::text).unwrap_or_default()
    }

    /// The functions that the first candidate asks to have called.
    pub fn function_calls(&self) -> impl Iterator<Item = &GeminiFunctionCall> {
        let content = self.first().and_then(|candidate| candidate.content.as_ref());
        let parts = content.into_iter().flat_map(|content| content.parts.iter().flatten());
        parts.filter_map(|part| part.function_call.as_ref())
    }

    /// The first candidate: an event may hold only others.
    fn first(&self) -> Option<&GeminiCandidate> {
        let mut candidates = (0..).zip(self.candidates.iter().flatten());
        candidates.find(|(position, candidate)| candidate.index.unwrap_or(*position) == 0).map(|(_, candidate)| candidate)
    }
}

impl From<&str> for GeminiPart {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

impl From<String> for GeminiPart {
    fn from(text: String) -> Self {
        Self::new().text(text)
    }
}

impl From<GeminiBlob> for GeminiPart {
    fn from(blob: GeminiBlob) -> Self {
        Self::new().inline_data(blob)
    }
}

impl From<GeminiFileData> for GeminiPart {
    fn from(file: GeminiFileData) -> Self {
        Self::new().file_data(file)
    }
}

impl From<GeminiFunctionCall> for GeminiPart {
    fn from(call: GeminiFunctionCall) -> Self {
        Self::new().function_call(call)
    }
}

impl From<GeminiFunctionResponse> for GeminiPart {
    fn from(response: GeminiFunctionResponse) -> Self {
        Self::new().function_response(response)
    }
}
