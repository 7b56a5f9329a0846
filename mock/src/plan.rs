//! What a test has ordered: which requests get something else than the documented answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
#[derive(Clone)]
pub(crate) enum Action {
    /// The task that it makes lives by this script.
    Task(Arc<TaskScript>),
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
        let is_task = |action: &Action| matches!(action, Action::Task(_));
        match self.take(operation, request, &is_task)? {
            Action::Task(script) => Some(script),
        }
    }

    /// The action of one kind that is due for a request. Orders for a number of requests go first, in the order that
    /// they were given; of those for all requests the last one counts.
    fn take(&self, operation: &str, request: impl FnOnce() -> RecordedRequest, kind: &dyn Fn(&Action) -> bool) -> Option<Action> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let request = request();
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = None;
        for (at, plan) in plans.iter_mut().enumerate() {
            if !kind(&plan.action) || !plan.which.fits(operation, &request) {
                continue;
            }
            if plan.which.skip > 0 {
                // Every one of them counts, whoever answers it.
                plan.which.skip -= 1;
                continue;
            }
            match (plan.which.times, due) {
                (Some(0), _) => {}
                (Some(_), Some((_, true))) => {}
                (limited, _) => due = Some((at, limited.is_some())),
            }
        }
        let plan = plans.get_mut(due?.0)?;
        plan.which.times = plan.which.times.map(|times| times - 1);
        Some(plan.action.clone())
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

    /// The tasks that they make tell these states.
    pub fn make_task(self, script: impl Into<TaskScript>) {
        let action = Action::Task(Arc::new(script.into()));
        self.plans.add(Plan { which: self.which, action });
    }
}

impl fmt::Debug for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.which).finish()
    }
}
