//! The JSON path of a reading error, collected from the inside out.

use std::cell::RefCell;
use std::fmt::Write as _;

/// One step of a path.
#[derive(Debug)]
pub(crate) enum Step {
    Field(&'static str),
    Key(String),
    Index(usize),
}

/// Deeper paths are cut: JSON deeper than this is refused by the parser anyway.
const LONGEST: usize = 128;

thread_local! {
    static TRAIL: RefCell<Vec<Step>> = const { RefCell::new(Vec::new()) };
}

/// Notes the step through which an error leaves.
pub(crate) fn push(step: Step) {
    TRAIL.with_borrow_mut(|trail| {
        if trail.len() >= LONGEST {
            trail.clear();
        }
        trail.push(step);
    });
}

/// Forgets the steps of errors that nobody asked about.
pub(crate) fn clear() {
    TRAIL.with_borrow_mut(Vec::clear);
}

/// The path of the last error, as `choices[0].message.content`; empty at the top.
pub(crate) fn take() -> String {
    let steps = TRAIL.with_borrow_mut(std::mem::take);
    let mut path = String::new();
    for step in steps.iter().rev() {
        if !path.is_empty() && !matches!(step, Step::Index(_)) {
            path.push('.');
        }
        match step {
            Step::Field(name) => path.push_str(name),
            Step::Key(name) => path.push_str(name),
            Step::Index(at) => {
                let _ = write!(path, "[{at}]");
            }
        }
    }
    path
}
