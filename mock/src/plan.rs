//! What a test has ordered: which requests get something else than the documented answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::reply::Reply;
use crate::request::RecordedRequest;
use crate::tasks::TaskScript;

type Test = Arc<dyn Fn(&RecordedRequest) -> bool + Send + Sync>;

/// All orders for both gateways.
#[derive(Default)]
pub(crate) struct Plans {
    /// How many there are, so that a request without any takes no lock.
    count: AtomicUsize,
    plans: Mutex<Vec<Plan>>,
}

/// One order.
pub(crate) struct Plan {
    pub(crate) which: Which,
    pub(crate) action: Action,
}

/// The requests that an order is for.
#[derive(Clone, Default)]
pub(crate) struct Which {
    /// Any, where none is named.
    pub(crate) operation: Option<String>,
    pub(crate) test: Option<Test>,
    /// So many go by first.
    pub(crate) skip: u64,
    /// So many get it; all, where nothing is said.
    pub(crate) times: Option<u64>,
}

/// What such a request gets.
pub(crate) enum Action {
    /// The task that it makes lives by this script.
    Task(Arc<TaskScript>),
    /// It is answered by this.
    Reply(Arc<Reply>),
}

impl Plans {
    pub(crate) fn add(&self, plan: Plan) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.push(plan);
        self.count.store(plans.len(), Ordering::Release);
    }

    /// Forgets all orders.
    pub(crate) fn clear(&self) {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.clear();
        self.count.store(0, Ordering::Release);
    }

    /// The script of the task that a request makes.
    pub(crate) fn task(&self, operation: &str, request: impl FnOnce() -> RecordedRequest) -> Option<Arc<TaskScript>> {
        self.take(operation, request, |action| match action {
            Action::Task(script) => Some(Arc::clone(script)),
            Action::Reply(_) => None,
        })
    }

    /// The answer that was ordered for a request.
    pub(crate) fn reply(&self, operation: &str, request: impl FnOnce() -> RecordedRequest) -> Option<Arc<Reply>> {
        self.take(operation, request, |action| match action {
            Action::Reply(reply) => Some(Arc::clone(reply)),
            Action::Task(_) => None,
        })
    }

    /// What is due for a request. Orders for a number of requests go first, in the order that they were given; of those
    /// for all requests the last one counts.
    fn take<T>(
        &self,
        operation: &str,
        request: impl FnOnce() -> RecordedRequest,
        act: impl Fn(&Action) -> Option<T>,
    ) -> Option<T> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let request = request();
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken: Option<T> = None;
        let (limited, others): (Vec<_>, Vec<_>) = plans.iter_mut().partition(|plan| plan.which.times.is_some());
        for plan in limited.into_iter().chain(others.into_iter().rev()) {
            if plan.which.times == Some(0) || !plan.which.fits(operation, &request) {
                continue;
            }
            let Some(found) = act(&plan.action) else { continue };
            if plan.which.skip > 0 {
                // Every one of them counts, whoever answers it.
                plan.which.skip -= 1;
            } else if taken.is_none() {
                taken = Some(found);
                plan.which.times = plan.which.times.map(|times| times - 1);
            }
        }
        plans.retain(|plan| plan.which.times != Some(0));
        self.count.store(plans.len(), Ordering::Release);
        taken
    }
}

impl Which {
    fn fits(&self, operation: &str, request: &RecordedRequest) -> bool {
        let named = self.operation.as_deref().is_none_or(|name| name == operation);
        named && self.test.as_ref().is_none_or(|test| test(request))
    }
}

impl fmt::Debug for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Which");
        out.field("operation", &self.operation).field("skip", &self.skip).field("times", &self.times).finish_non_exhaustive()
    }
}

/// Requests that are to get something else than the documented answer; made by [`Gateway::next`](crate::Gateway::next)
/// and [`Gateway::on`](crate::Gateway::on).
#[must_use = "nothing is ordered before it is said what they get"]
pub struct Calls<'g> {
    plans: &'g Plans,
    which: Which,
}

impl<'g> Calls<'g> {
    pub(crate) fn new(plans: &'g Plans, operation: Option<&str>, times: Option<u64>) -> Self {
        Self { plans, which: Which { operation: operation.map(str::to_owned), times, ..Which::default() } }
    }

    /// So many of them.
    pub fn times(mut self, times: u64) -> Self {
        self.which.times = Some(times);
        self
    }

    /// Only the nth from now on, counted from 1.
    pub fn nth(mut self, nth: u64) -> Self {
        self.which.skip = nth.saturating_sub(1);
        self.which.times = Some(1);
        self
    }

    /// Only those for which this holds.
    pub fn when(mut self, test: impl Fn(&RecordedRequest) -> bool + Send + Sync + 'static) -> Self {
        self.which.test = Some(Arc::new(test));
        self
    }

    /// They are answered by this.
    pub fn answers(self, reply: impl Into<Reply>) {
        let action = Action::Reply(Arc::new(reply.into()));
        self.plans.add(Plan { which: self.which, action });
    }

    /// The tasks that they make tell these states.
    pub fn makes_task(self, script: impl Into<TaskScript>) {
        let action = Action::Task(Arc::new(script.into()));
        self.plans.add(Plan { which: self.which, action });
    }
}

impl fmt::Debug for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.which).finish()
    }
}
