//! When a request may be sent again, how long to wait before, and when to stop.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;

use crate::error::{Error, Kind};
use crate::operation::Operation;

/// What one retry takes from the budget, and what one success gives back.
const COST: u32 = 10;
const GAIN: u32 = 1;

/// When and how often a call is sent again.
///
/// GET, HEAD and the operations that the document marks as idempotent are sent again after failures of the network,
/// answers that broke off, and the statuses 408, 425, 429, 500, 502, 503, 504 and 529 (and 409 where the document lists
/// it). Every other request is sent again only when it surely was not processed: no connection came about, HTTP/2 handed
/// it back, or the gateway refused it (429, or 503 with `Retry-After`). Quota errors are never retried. The pause is
/// random between zero and a bound that doubles
/// (full jitter); a `Retry-After` is waited out.
///
/// ```
/// use octopusx::RetryPolicy;
/// use std::time::Duration;
///
/// let patient = RetryPolicy::default().max_attempts(6).max_retry_after(Duration::from_secs(120));
/// let once = RetryPolicy::none();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Every request is sent once.
    #[must_use]
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// How often a request is sent at most, the first time included. Default: 3.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The bound of the first pause; it doubles with each further one. Default: 500 ms.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The highest bound of a pause. Default: 8 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest `Retry-After` that is waited out. Default: 60 s; a longer one returns the error at once, with the
    /// hint in [`Error::retry_after`].
    #[must_use]
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.max_attempts
    }

    /// A random pause before the attempt after `attempts` attempts.
    pub(crate) fn pause(&self, attempts: u32) -> Duration {
        let bound = self.base_delay.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
        bound.min(self.max_delay).mul_f64(fastrand::f64())
    }
}

/// What all clones of a client may spend on retries, so that an outage does not become a storm.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: AtomicU32,
    most: u32,
}

impl Budget {
    /// Enough for this many retries in a row without a success between them.
    pub(crate) fn new(retries: u32) -> Self {
        let most = retries.saturating_mul(COST);
        Self { tokens: AtomicU32::new(most), most }
    }

    fn spend(&self) -> bool {
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| tokens.checked_sub(COST)).is_ok()
    }

    fn earn(&self) {
        let _ = self
            .tokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| (tokens < self.most).then_some(tokens + GAIN));
    }
}

/// The retries of one call.
pub(crate) struct Retries<'c> {
    policy: RetryPolicy,
    budget: &'c Budget,
    operation: &'static Operation,
    /// Whether the body can be sent a second time.
    replayable: bool,
    deadline: Option<Instant>,
    attempts: u32,
}

impl<'c> Retries<'c> {
    pub(crate) fn new(
        policy: RetryPolicy,
        budget: &'c Budget,
        operation: &'static Operation,
        replayable: bool,
        deadline: Option<Instant>,
    ) -> Self {
        Self { policy, budget, operation, replayable, deadline, attempts: 0 }
    }

    /// Counts an attempt and returns its number, from 1.
    pub(crate) fn attempt(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    /// After an attempt that came further than any before: those before it count no more.
    pub(crate) fn progressed(&mut self) {
        self.attempts = 1;
    }

    pub(crate) fn succeeded(&self) {
        self.budget.earn();
    }

    /// Pauses before the next attempt.
    ///
    /// # Errors
    /// The error itself, when there is to be no next attempt.
    pub(crate) async fn pause_after(&self, error: Error) -> Result<(), Error> {
        let Some(pause) = self.pause_before_next(&error) else { return Err(error) };
        let too_late = self.deadline.is_some_and(|deadline| Instant::now() + pause >= deadline);
        if too_late || !self.budget.spend() {
            return Err(error);
        }
        tracing::info!(
            operation = self.operation.id,
            attempt = self.attempts,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            %error,
            "retry"
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn pause_before_next(&self, error: &Error) -> Option<Duration> {
        if self.attempts >= self.policy.max_attempts || !self.replayable || !may_resend(self.operation, error) {
            return None;
        }
        let pause = self.policy.pause(self.attempts);
        match error.retry_after() {
            Some(wait) if wait > self.policy.max_retry_after => None,
            // The jitter on top keeps many clients from coming back in the same moment.
            Some(wait) => Some(wait + pause.min(wait / 10)),
            None => Some(pause),
        }
    }
}

/// Whether sending it again may help and can do no harm.
fn may_resend(operation: &Operation, error: &Error) -> bool {
    let status = error.http_status().map(|status| status.as_u16());
    if !(error.is_retryable() || status == Some(409) && operation.lists_conflict) {
        return false;
    }
    if operation.is_idempotent() || matches!(error.kind(), Kind::Connect | Kind::Unsent) {
        return true;
    }
    // The gateway says that it did nothing.
    match status {
        Some(429) => error.kind() == Kind::Api,
        Some(503) => error.kind() == Kind::Api && error.retry_after().is_some(),
        _ => false,
    }
}

/// `Retry-After` in seconds or as a date, and `Retry-After-Ms`.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return duration(millis / 1000.0);
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return duration(seconds);
    }
    // A date that has passed means now.
    httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

/// Nothing for what is no time: negative, endless, not a number.
fn duration(seconds: f64) -> Option<Duration> {
    // More than a century can't be added to a clock everywhere.
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| wait.as_secs() <= u32::MAX.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(of("retry-after", "7"), seconds(7));
        assert_eq!(of("retry-after", " 7 "), seconds(7));
        assert_eq!(of("retry-after", "0"), seconds(0));
        assert_eq!(of("retry-after", "1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(of("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(of("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), seconds(10));
        assert_eq!(of("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), seconds(0));
        for odd in ["-1", "", "soon", "NaN", "inf", "1e99", "Sun, 99 Nov 1994"] {
            assert_eq!(of("retry-after", odd), None, "{odd}");
        }
    }

    fn refused(status: u16, idempotent: bool, lists_conflict: bool) -> bool {
        let mut operation = Operation::undocumented("test", http::Method::POST, crate::operation::Auth::None, idempotent);
        operation.lists_conflict = lists_conflict;
        let operation: &'static Operation = Box::leak(Box::new(operation));
        let about = crate::transport::About {
            operation,
            method: http::Method::POST,
            path: String::new(),
            started: Instant::now(),
            attempts: 1,
            key: crate::auth::Key::new("sk-test").unwrap(),
        };
        let status = http::StatusCode::from_u16(status).unwrap();
        let head = crate::transport::Head { about, status, headers: HeaderMap::new() };
        may_resend(operation, &Error::answer(head, bytes::Bytes::new()))
    }

    #[test]
    fn a_conflict_is_waited_out_only_where_the_document_lists_it_and_nothing_is_paid_twice() {
        assert!(refused(409, true, true));
        assert!(!refused(409, true, false));
        assert!(!refused(409, false, true));
        assert!(refused(500, true, false) && !refused(500, false, false) && !refused(400, true, true));
    }

    #[test]
    fn a_pause_stays_below_its_bound() {
        let policy = RetryPolicy::default();
        for attempts in 1..80 {
            assert!(policy.pause(attempts) <= Duration::from_secs(8));
        }
        assert!(policy.pause(1) <= Duration::from_millis(500));
        assert_eq!(RetryPolicy::default().base_delay(Duration::ZERO).pause(3), Duration::ZERO);
    }

    #[test]
    fn the_budget_runs_out_and_successes_fill_it_again() {
        let budget = Budget::new(2);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        (0..COST).for_each(|_| budget.earn());
        assert!(budget.spend() && !budget.spend());
        (0..1000).for_each(|_| budget.earn());
        assert!(budget.spend() && budget.spend() && !budget.spend());
    }
}
