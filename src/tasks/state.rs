//! How far a task is, from the words of any vendor.

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// Accepted, not begun.
    Waiting,
    /// Under way. Also every word that nobody knows.
    Running {
        /// How far, from 0 to 100 percent, where the gateway says it.
        progress: Option<f64>,
    },
    /// It goes on only when its owner gives more input.
    InputNeeded,
    /// Done; the results are there.
    Succeeded,
    /// Ended without a result.
    Failed,
    /// Stopped by somebody.
    Cancelled,
}

/// The word for an id that nobody knows, where it is told as a state.
pub(super) const NOT_FOUND: &str = "not_found";

impl TaskState {
    /// The state that a word of any vendor means, in any case. Words that mean something at one vendor only stand in the
    /// document; this knows them as running.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let mut buffer = [0; 16];
        match normal(word, &mut buffer) {
            "not_start" | "not_started" | "submitted" | "queued" | "queueing" | "in_queue" | "pending" | "waiting"
            | "created" | "accepted" | "scheduled" => Self::Waiting,
            "succeeded" | "success" | "successful" | "succeed" | "completed" | "complete" | "done" | "active" | "finished"
            | "ready" => Self::Succeeded,
            "failed" | "failure" | "fail" | "error" | "expired" | "rejected" | "timeout" | "timed_out" | NOT_FOUND => {
                Self::Failed
            }
            "cancelled" | "canceled" | "cancel" | "aborted" => Self::Cancelled,
            _ => Self::Running { progress: None },
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Whether it is under way.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// In small letters with underscores; empty for what is longer than any known word.
fn normal<'b>(word: &str, buffer: &'b mut [u8; 16]) -> &'b str {
    let word = word.trim();
    let Some(buffer) = buffer.get_mut(..word.len()) else { return "" };
    for (to, from) in buffer.iter_mut().zip(word.bytes()) {
        *to = if matches!(from, b'-' | b' ') { b'_' } else { from.to_ascii_lowercase() };
    }
    std::str::from_utf8(buffer).unwrap_or_default()
}

pub(super) fn is_not_found(word: &str) -> bool {
    normal(word, &mut [0; 16]) == NOT_FOUND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_every_vocabulary_and_case() {
        let running = TaskState::Running { progress: None };
        for (words, state) in [
            ("NOT_START SUBMITTED QUEUED queued pending Not-Start", TaskState::Waiting),
            ("processing in_progress IN_PROGRESS running generating unknown UNKNOWN MODAL rendering_on_gpu_number_nine", running),
            ("succeeded SUCCESS success completed Active done", TaskState::Succeeded),
            ("failed FAILURE failure Failed expired not_found", TaskState::Failed),
            ("cancelled CANCEL canceled", TaskState::Cancelled),
        ] {
            for word in words.split(' ') {
                assert_eq!(TaskState::of_word(&format!(" {word} ")), state, "{word}");
            }
        }
        assert_eq!(TaskState::of_word(""), running);
        assert_eq!(TaskState::of_word("完了"), running);
        assert_eq!(TaskState::of_word("in queue"), TaskState::Waiting);
    }
}
