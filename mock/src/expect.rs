//! What a test demands of the requests that came.
#![allow(clippy::panic, reason = "an assertion that does not hold ends the test")]

use std::fmt::Write as _;

use serde_json::Value;

use crate::pointer::Pointer;
use crate::request::RecordedRequest;

/// Demands on the requests of one operation, made by [`Gateway::expect`](crate::Gateway::expect). Each method panics
/// with what came where it does not hold, and gives the demands back for the next.
#[derive(Debug, Clone)]
#[must_use = "nothing is demanded yet"]
pub struct Expected {
    operation: String,
    requests: Vec<RecordedRequest>,
    /// Those of other operations, to be told.
    others: Vec<String>,
}

impl Expected {
    pub(crate) fn new(operation: &str, all: Vec<RecordedRequest>) -> Self {
        let is_own = |request: &RecordedRequest| request.operation.as_deref() == Some(operation);
        let (requests, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_own);
        let others = others.iter().map(line).collect();
        Self { operation: operation.to_owned(), requests, others }
    }

    /// Exactly one came.
    #[track_caller]
    #[must_use = "this is checked; drop it, or demand more"]
    pub fn once(self) -> Checked {
        self.times(1)
    }

    /// None came.
    #[track_caller]
    pub fn never(self) {
        _ = self.times(0);
    }

    /// So many came.
    #[track_caller]
    pub fn times(self, times: usize) -> Checked {
        if self.requests.len() != times {
            panic!(
                "{} was to be called {}, and was called {}{}",
                self.operation,
                told(times),
                told(self.requests.len()),
                self.came()
            );
        }
        Checked(self)
    }

    /// So many came, or more.
    #[track_caller]
    pub fn at_least(self, times: usize) -> Checked {
        if self.requests.len() < times {
            panic!(
                "{} was to be called {} at least, and was called {}{}",
                self.operation,
                told(times),
                told(self.requests.len()),
                self.came()
            );
        }
        Checked(self)
    }

    /// The requests, to be told in a message.
    fn came(&self) -> String {
        let mut text = String::new();
        for request in &self.requests {
            _ = write!(text, "\n  {}", line(request));
        }
        if self.requests.is_empty() {
            let others = self.others.iter().rev().take(10).rev();
            text = match self.others.len() {
                0 => "; no other operation was either".to_owned(),
                _ => others.fold("; what came instead:".to_owned(), |text, line| format!("{text}\n  {line}")),
            };
        }
        text
    }
}

/// Demands on requests that came in the number that was demanded.
#[derive(Debug, Clone)]
pub struct Checked(Expected);

impl Checked {
    #[track_caller]
    fn each(self, demand: impl Fn(&RecordedRequest) -> Result<(), String>) -> Self {
        for (at, request) in self.0.requests.iter().enumerate() {
            if let Err(problem) = demand(request) {
                let which = if self.0.requests.len() == 1 { String::new() } else { format!(" (request {})", at + 1) };
                panic!("{}{which}: {problem}\n  {}", self.0.operation, line(request));
            }
        }
        self
    }

    /// The JSON body of each has this value at a pointer; `*` stands for every element of a list.
    #[track_caller]
    pub fn body_has(self, pointer: &str, value: impl Into<Value>) -> Self {
        let (path, wanted) = (Pointer::expect(pointer), value.into());
        self.each(|request| {
            let body = json(request)?;
            let found = path.read_all(&body);
            if found.is_empty() {
                return Err(format!("the body was to have {wanted} at {pointer}, and has nothing there"));
            }
            let other = found.into_iter().find(|found| **found != wanted);
            other.map_or(Ok(()), |other| Err(format!("the body was to have {wanted} at {pointer}, and has {other}")))
        })
    }

    /// The JSON body of each has nothing at a pointer.
    #[track_caller]
    pub fn body_lacks(self, pointer: &str) -> Self {
        let path = Pointer::expect(pointer);
        self.each(|request| match path.read(&json(request)?) {
            Some(found) => Err(format!("the body was to have nothing at {pointer}, and has {found}")),
            None => Ok(()),
        })
    }

    /// The JSON body of each is this value.
    #[track_caller]
    pub fn body_is(self, value: impl Into<Value>) -> Self {
        self.body_has("", value)
    }

    /// The form of each has a text of this name.
    #[track_caller]
    pub fn form_has(self, name: &str, text: &str) -> Self {
        self.each(|request| {
            let found: Vec<_> = request.parts.iter().filter(|part| part.name == name).map(|part| part.text()).collect();
            let holds = found.contains(&Some(text));
            if holds { Ok(()) } else { Err(format!("the form was to have {text:?} as {name}, and has {found:?}")) }
        })
    }

    /// Each has a header of this name and value.
    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.each(|request| {
            let found: Vec<&str> = request.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
            if found.contains(&value) { Ok(()) } else { Err(format!("the header {name} was to be {value:?}, and is {found:?}")) }
        })
    }

    /// Each has this path and query.
    #[track_caller]
    pub fn path(self, path_and_query: &str) -> Self {
        self.each(|request| {
            let holds = request.path_and_query == path_and_query;
            if holds { Ok(()) } else { Err(format!("the path was to be {path_and_query}")) }
        })
    }

    /// This holds for each.
    #[track_caller]
    pub fn satisfies(self, what: &str, test: impl Fn(&RecordedRequest) -> bool) -> Self {
        self.each(|request| if test(request) { Ok(()) } else { Err(format!("{what} does not hold")) })
    }

    /// No two have the same body.
    #[track_caller]
    pub fn all_different(self) -> Self {
        for (at, request) in self.0.requests.iter().enumerate() {
            if let Some(first) = self.0.requests[..at].iter().position(|other| other.body == request.body) {
                panic!("{}: the requests {} and {} are the same\n  {}", self.0.operation, first + 1, at + 1, line(request));
            }
        }
        self
    }

    /// The requests themselves.
    pub fn requests(&self) -> &[RecordedRequest] {
        &self.0.requests
    }
}

fn told(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

fn json(request: &RecordedRequest) -> Result<Value, String> {
    serde_json::from_slice(&request.body).map_err(|error| format!("the body is no JSON: {error}"))
}

/// A request in one line. Its headers stay out: they hold the key.
fn line(request: &RecordedRequest) -> String {
    let operation = request.operation.as_deref().unwrap_or("no operation");
    let text = String::from_utf8_lossy(&request.body);
    let short: String = text.chars().take(300).collect();
    let dots = if short.len() < text.len() { " …" } else { "" };
    format!("{operation}: {} {} {short}{dots}", request.method, request.path_and_query)
}
