//! Looks at everything that the crate and its HTTP stack show during the whole run, whichever test makes them show it.
//! The run ends as soon as a secret is among it: no test can come last, but none can leak unseen either.

use std::fmt::{self, Debug, Write as _};
use std::io::Write as _;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::KEY;

/// The value of every signature in the tests' addresses.
pub const SIGNATURE: &str = "5167a7e05167a7e0";

/// What stands before a signature in an address.
const MARKS: [&str; 4] = ["x-amz-signature=", "signature=", "sig=", "x-amz-credential="];

static SHOWN: AtomicU64 = AtomicU64::new(0);
static SPANS: AtomicU64 = AtomicU64::new(1);

/// Begins to watch; every client of the tests calls it.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing::subscriber::set_global_default(Watch).unwrap();
        log::set_boxed_logger(Box::new(Watch)).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// How much this crate has shown so far.
pub fn shown() -> u64 {
    SHOWN.load(Ordering::Relaxed)
}

/// The secret that a text shows.
pub fn leak_in(text: &str) -> Option<&'static str> {
    for secret in [KEY, SIGNATURE, octopusx_mock::DEFAULT_KEY, octopusx_mock::DEFAULT_OPENOCTOPUS_KEY] {
        if text.contains(secret) {
            return Some(secret);
        }
    }
    let lower = text.to_ascii_lowercase();
    MARKS.into_iter().find(|mark| {
        lower.match_indices(mark).any(|(at, _)| {
            let value = &lower[at + mark.len()..];
            !(value.is_empty() || value.starts_with("[hidden]"))
        })
    })
}

/// Fails when a text shows a secret.
#[track_caller]
pub fn hides(text: &str) {
    assert_eq!(leak_in(text), None, "{text}");
}

fn look(target: &str, text: &str) {
    if let Some(secret) = leak_in(text) {
        // Not `eprintln!`, which the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "\n{target} shows {secret}: {text}");
        std::process::exit(101);
    }
}

/// The servers of the tests write down what they got, key and all; this crate, its HTTP stack and the rest may not.
fn is_watched(target: &str) -> bool {
    !["httpmock", "octopusx_mock", "axum", "tungstenite", "s3s"].iter().any(|server| target.starts_with(server))
}

struct Watch;

/// The fields of a span or an event, as one text.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{field}={value} ");
    }
}

impl Subscriber for Watch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_watched(metadata.target())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        look(span.metadata().target(), &fields.0);
        Id::from_u64(SPANS.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        look("a span", &fields.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target().starts_with("octopusx") {
            SHOWN.fetch_add(1, Ordering::Relaxed);
        }
        look(event.metadata().target(), &fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Watch {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        is_watched(metadata.target())
    }

    fn log(&self, record: &log::Record<'_>) {
        if is_watched(record.target()) {
            look(record.target(), &fmt::format(*record.args()));
        }
    }

    fn flush(&self) {}
}

#[test]
fn the_watch_would_notice() {
    for text in [
        format!("Bearer {KEY}"),
        format!("https://b.example/f?sig={SIGNATURE}"),
        "put to https://b.example/f?X-Amz-Signature=1&x=2".to_owned(),
        "https://b.example/f?a=1&sig=x".to_owned(),
    ] {
        assert!(leak_in(&text).is_some(), "{text}");
    }
    for text in ["", "sig", "https://b.example/f?[hidden]", "X-Amz-Signature=[hidden]", "sig="] {
        assert_eq!(leak_in(text), None);
    }
}
