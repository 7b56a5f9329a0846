//! Why a command ended early, and with which exit code.

use std::process::ExitCode;

use octopusx::Error;
use serde_json::json;

use crate::output::Output;

#[derive(Debug)]
pub enum Failure {
    /// The gateway, the network, a task.
    Call(Box<Error>),
    /// What the caller gave.
    Usage(String),
    /// Files, standard input.
    Local(String),
    Interrupted,
    /// Nobody reads the output any more.
    Closed,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub fn local(what: &str, error: &std::io::Error) -> Self {
        Self::Local(format!("{what}: {error}"))
    }

    pub fn interrupted() -> Self {
        Self::Interrupted
    }

    /// Tells it on standard error.
    pub fn end(&self, output: &Output) -> ExitCode {
        let message = match self {
            Self::Closed => return ExitCode::SUCCESS,
            Self::Call(error) => error.to_string(),
            Self::Usage(message) | Self::Local(message) => message.clone(),
            Self::Interrupted => "interrupted".to_owned(),
        };
        if output.json {
            output.complain(&json!({"error": self.facts(&message)}).to_string());
        } else {
            output.complain(&format!("error: {message}"));
            if let Some(hint) = self.hint() {
                output.complain(&hint);
            }
        }
        ExitCode::from(self.code())
    }

    fn facts(&self, message: &str) -> serde_json::Value {
        let Self::Call(error) = self else { return json!({"message": message}) };
        let api = error.api();
        json!({
            "message": message,
            "operation": error.operation().map(octopusx::Operation::id),
            "status": error.http_status().map(|status| status.as_u16()),
            "type": api.and_then(|api| api.error_type()),
            "code": api.and_then(|api| api.code()),
            "request_id": error.request_id(),
            "retryable": error.is_retryable(),
            "may_have_been_processed": error.may_have_been_processed(),
            "task": error.resume(),
        })
    }

    fn hint(&self) -> Option<String> {
        let Self::Call(error) = self else { return None };
        if let Some(task) = error.resume().filter(|_| !error.is_task_failure()) {
            return Some(format!("The task goes on; come back with: octopusx --system {} task wait {task}", task.system()));
        }
        error.may_have_been_processed().then(|| "It may have been processed and billed nevertheless.".to_owned())
    }

    fn code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Usage(_) => 2,
            Self::Local(_) => 1,
            Self::Interrupted => 130,
            Self::Call(error) if error.is_quota() || error.is_rate_limited() => 4,
            Self::Call(error) if error.is_auth() => 3,
            Self::Call(error) if error.is_task_failure() => 6,
            Self::Call(error) if error.is_not_found() => 5,
            Self::Call(error) if error.is_timeout() => 7,
            Self::Call(error) if error.is_retryable() || error.is_overloaded() => 8,
            Self::Call(error) if error.is_invalid_request() => 2,
            Self::Call(_) => 1,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(Box::new(error))
    }
}
