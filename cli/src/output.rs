//! What is printed: for people, or as JSON for scripts.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::failure::Failure;

#[derive(Debug)]
pub struct Output {
    pub json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// A whole line.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.piece(&format!("{text}\n"))
    }

    /// A part of a line, shown at once.
    pub fn piece(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::local("can't write to standard output", &error),
        })
    }

    /// A value on one line, or in a terminal on many.
    pub fn value(&self, value: &Value) -> Result<(), Failure> {
        let text = if io::stdout().is_terminal() { format!("{value:#}") } else { value.to_string() };
        self.line(&text)
    }

    /// Words that are no result.
    pub fn note(&self, text: &str) {
        if !self.json {
            self.complain(text);
        }
    }

    pub fn complain(&self, text: &str) {
        // Where even this can't be written there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
