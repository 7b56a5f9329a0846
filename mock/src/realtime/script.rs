//! What goes wrong in a session, on demand.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// One thing that goes wrong in a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SessionFault {
    /// The connection is cut without a word.
    Cut,
    /// The session is closed with this code and reason.
    Close(u16, String),
    /// These bytes go out as they are, whatever WebSocket thinks of them.
    Bytes(Vec<u8>),
    /// A frame with reserved bits, which nobody agreed on.
    BadFrame,
    /// A text message, which need be neither an event nor JSON.
    Text(String),
    /// An event of this many bytes that nobody knows.
    Huge(usize),
    /// An `error` event with this code and message.
    Error(String, String),
    /// From now on a pause before each event.
    Slow(Duration),
    /// Nothing comes any more, no answer to a ping either.
    Silence,
}

/// How a session goes wrong, step by step. Without one nothing does.
///
/// ```no_run
/// # fn example(gateway: &octopusx_mock::Gateway) {
/// use octopusx_mock::{SessionFault, SessionScript};
///
/// // The next session sends two events and then breaks; the one after it gets a bad frame at once.
/// gateway.next_session(SessionScript::new().after(2, SessionFault::Cut));
/// gateway.next_session(SessionScript::new().after(0, SessionFault::BadFrame));
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it does nothing before `Gateway::next_session`"]
pub struct SessionScript {
    steps: VecDeque<(usize, SessionFault)>,
}

impl SessionScript {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something goes wrong once so many events were sent. Faults come in the order in which they were added.
    pub fn after(mut self, events: usize, fault: SessionFault) -> Self {
        self.steps.push_back((events, fault));
        self
    }

    /// The fault that is due after so many events.
    pub(super) fn due(&mut self, sent: usize) -> Option<SessionFault> {
        self.steps.front().filter(|(events, _)| *events <= sent)?;
        self.steps.pop_front().map(|(_, fault)| fault)
    }
}

/// The scripts of sessions to come, and what all clients have said.
#[derive(Default)]
pub(crate) struct Sessions {
    scripts: Mutex<VecDeque<SessionScript>>,
    heard: Mutex<Vec<Value>>,
}

impl Sessions {
    pub(crate) fn plan(&self, script: SessionScript) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).push_back(script);
    }

    pub(super) fn script(&self) -> SessionScript {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default()
    }

    pub(super) fn hear(&self, event: Value) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    pub(crate) fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
