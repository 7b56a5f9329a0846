//! How far a task is, and the words by which documents say so.

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    /// At so many percent.
    Running(u8),
    Done,
    /// Only scripted tasks come to this.
    Failed,
    /// And to this.
    Cancelled,
}

/// What kind of state a status word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Waiting,
    Running,
    Done,
    Failed,
}

const WAITING: [&str; 8] = ["queued", "submitted", "not_start", "pending", "queueing", "waiting", "created", "not_started"];
const RUNNING: [&str; 5] = ["in_progress", "processing", "running", "generating", "started"];
const DONE: [&str; 8] = ["completed", "succeeded", "success", "complete", "done", "finished", "ready", "active"];
const CANCELLED: [&str; 3] = ["cancelled", "canceled", "cancel"];
const FAILED: [&str; 8] = ["failed", "failure", "error", "cancelled", "canceled", "cancel", "expired", "unknown"];

impl Stage {
    /// Where a task is after so many steps. The steps are the same whatever words an operation has for them: a task may
    /// be asked about in several places, and all have to say the same.
    pub(crate) fn after(steps: usize) -> Self {
        match steps {
            0 => Self::Waiting,
            1 => Self::Running(25),
            2 => Self::Running(50),
            3 => Self::Running(75),
            _ => Self::Done,
        }
    }

    pub(crate) fn class(self) -> Class {
        match self {
            Self::Waiting => Class::Waiting,
            Self::Running(_) => Class::Running,
            Self::Done => Class::Done,
            Self::Failed | Self::Cancelled => Class::Failed,
        }
    }

    /// None where a task ended without a result: gateways tell any number then.
    pub(crate) fn percent(self) -> Option<u8> {
        match self {
            Self::Waiting => Some(0),
            Self::Running(percent) => Some(percent),
            Self::Done => Some(100),
            Self::Failed | Self::Cancelled => None,
        }
    }
}

impl Class {
    pub(crate) fn of(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let classes = [Self::Waiting, Self::Running, Self::Done, Self::Failed];
        classes.into_iter().find(|class| class.words().contains(&word.as_str()))
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Waiting => &WAITING,
            Self::Running => &RUNNING,
            Self::Done => &DONE,
            Self::Failed => &FAILED,
        }
    }
}

/// The words of one status field.
#[derive(Debug, Clone)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// Takes what the document lists. Where it lists nothing that can be placed, what its examples say; and where those
    /// never come to an end, the words of the OpenAI format.
    pub(crate) fn new(listed: Vec<String>, seen: Vec<String>) -> Self {
        let useful = |words: &[String]| words.iter().any(|word| Class::of(word).is_some());
        if useful(&listed) {
            return Self(listed);
        }
        let mut words = seen;
        if !words.iter().any(|word| Class::of(word) == Some(Class::Done)) {
            words.extend(["queued", "in_progress", "completed"].map(str::to_owned));
        }
        Self(words)
    }

    /// The word for a state; see [`Words::word`]. An end without a result may have none in the document.
    pub(crate) fn of_stage(&self, stage: Stage, current: Option<&str>) -> Option<String> {
        if stage != Stage::Failed && stage != Stage::Cancelled {
            return self.word(stage.class(), current).map(str::to_owned);
        }
        let known: &[&str] = if stage == Stage::Failed { &FAILED[..3] } else { &CANCELLED };
        let listed = known.iter().find_map(|known| self.0.iter().find(|word| word.eq_ignore_ascii_case(known)));
        let capitals = self.0.iter().any(|word| word.len() > 1 && word.to_ascii_uppercase() == *word);
        let own = if capitals { known[0].to_ascii_uppercase() } else { known[0].to_owned() };
        Some(listed.cloned().unwrap_or(own))
    }

    /// The word for a class: the one that stands there already if it will do, else the best known of the list. Where a
    /// list does not tell waiting from running, one word stands for both.
    pub(crate) fn word(&self, class: Class, current: Option<&str>) -> Option<&str> {
        let other = match class {
            Class::Waiting => Some(Class::Running),
            Class::Running => Some(Class::Waiting),
            Class::Done | Class::Failed => None,
        };
        self.own_word(class, current).or_else(|| self.own_word(other?, current))
    }

    fn own_word(&self, class: Class, current: Option<&str>) -> Option<&str> {
        let kept = current.filter(|word| Class::of(word) == Some(class));
        let kept = kept.and_then(|word| self.0.iter().find(|known| *known == word));
        let listed = || {
            let by_use = class.words().iter();
            by_use.filter_map(|use_| self.0.iter().find(|known| known.eq_ignore_ascii_case(use_))).next()
        };
        kept.or_else(listed).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(listed: &[&str]) -> Words {
        Words::new(listed.iter().map(|&word| word.to_owned()).collect(), Vec::new())
    }

    #[test]
    fn words_are_found_in_any_case_and_order() {
        let known = words(&["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS", "FAILURE"]);
        assert_eq!(known.word(Class::Waiting, None), Some("SUBMITTED"));
        assert_eq!(known.word(Class::Waiting, Some("NOT_START")), Some("NOT_START"));
        assert_eq!(known.word(Class::Waiting, Some("SUCCESS")), Some("SUBMITTED"));
        assert_eq!(known.word(Class::Done, None), Some("SUCCESS"));
    }

    #[test]
    fn waiting_and_running_may_have_one_word() {
        assert_eq!(words(&["processing", "failed", "completed"]).word(Class::Waiting, None), Some("processing"));
        assert_eq!(words(&["submitted"]).word(Class::Running, None), Some("submitted"));
        assert_eq!(words(&["submitted"]).word(Class::Done, None), None);
    }

    #[test]
    fn the_steps_lead_to_the_end() {
        assert_eq!(Stage::after(0), Stage::Waiting);
        assert_eq!(Stage::after(3), Stage::Running(75));
        assert_eq!(Stage::after(4), Stage::Done);
        assert_eq!(Stage::after(usize::MAX), Stage::Done);
    }

    #[test]
    fn without_a_list_the_examples_speak() {
        let known = Words::new(Vec::new(), vec!["queueing".to_owned(), "success".to_owned()]);
        assert_eq!(known.word(Class::Waiting, None), Some("queueing"));
        assert_eq!(Words::new(Vec::new(), Vec::new()).word(Class::Done, None), Some("completed"));
    }
}
