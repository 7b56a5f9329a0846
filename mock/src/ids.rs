//! Fresh names for requests and tasks.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// Makes names that no other gateway of this process, nor of one that ran before, has made.
#[derive(Default)]
pub(crate) struct Ids {
    seed: RandomState,
    count: AtomicU64,
}

impl Ids {
    fn number(&self) -> u64 {
        self.seed.hash_one(self.count.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn request(&self) -> String {
        format!("req_{:016x}", self.number())
    }

    /// A name of the example's form: its beginning up to the last separator, digits where it has only digits.
    pub(crate) fn like(&self, example: Option<&Value>) -> String {
        let number = self.number();
        let text = match example {
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Number(_)) => "0",
            _ => "task_",
        };
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Fifteen digits are the most that every JSON reader keeps.
            return format!("{}", 100_000_000_000_000 + number % 900_000_000_000_000);
        }
        let start = text.rfind(['_', '-', ':']).map_or(0, |at| at + 1);
        let length = (text.len() - start).clamp(12, 16);
        format!("{}{}", &text[..start], &format!("{number:016x}")[..length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_looks_like_its_example() {
        let ids = Ids::default();
        assert!(ids.like(Some(&json!("video_abc123"))).starts_with("video_"));
        assert!(ids.like(Some(&json!("sora-2:task_01k9"))).starts_with("sora-2:task_"));
        assert_eq!(ids.like(Some(&json!("7c47ef1f-5e69-43d2-9f66-b4a1f2f0e7fd"))).len(), 36);
        assert!(ids.like(Some(&json!(17))).parse::<u64>().is_ok());
        assert!(ids.like(Some(&json!("14001934816969359"))).parse::<u64>().is_ok());
        assert_ne!(ids.like(None), ids.like(None));
    }
}
