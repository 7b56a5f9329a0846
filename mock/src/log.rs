//! What arrived.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::request::RecordedRequest;

/// The requests of both gateways, in the order of arrival.
#[derive(Debug)]
pub(crate) struct Log {
    /// So many are kept, the latest ones.
    limit: usize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: VecDeque<RecordedRequest>,
    counts: HashMap<String, u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, seen: Mutex::default() }
    }

    pub(crate) fn add(&self, request: RecordedRequest) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operation) = &request.operation {
            match seen.counts.get_mut(operation) {
                Some(count) => *count += 1,
                None => _ = seen.counts.insert(operation.clone(), 1),
            }
        }
        seen.requests.push_back(request);
        if seen.requests.len() > self.limit {
            seen.requests.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).requests.iter().cloned().collect()
    }

    #[cfg(test)]
    pub(crate) fn last(&self) -> RecordedRequest {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.requests.back().cloned().unwrap_or_else(|| unreachable!("nothing came"))
    }

    /// How many requests of an operation came, kept or not.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).counts.get(operation).copied().unwrap_or_default()
    }
}
