//! Small conveniences for completions: the text of an answer.

mod collect;

use crate::generated::octopusx::completions::{Completion, CompletionChunk};

impl Completion {
    /// The text of the first choice; empty when there is none.
    #[must_use]
    pub fn text(&self) -> String {
        let first = self.choices.iter().flatten().next();
        first.and_then(|choice| choice.text.clone()).unwrap_or_default()
    }
}

impl CompletionChunk {
    /// The text that this chunk adds to the first choice; empty when it adds none.
    #[must_use]
    pub fn text(&self) -> String {
        let mut choices = (0..).zip(self.choices.iter().flatten());
        let first = choices.find(|(position, choice)| choice.index.unwrap_or(*position) == 0);
        first.and_then(|(_, choice)| choice.text.clone()).unwrap_or_default()
    }
}
