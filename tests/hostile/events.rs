//! What can be wrong inside a stream of events.

use super::{EVENTS, Expected, Failure, Stream, case, fails, refused, run, unreadable};
use crate::raw::{Step, answer, answers};

const ONLY: &[super::Ask] = &[Stream];
const DONE: &str = "data: [DONE]\n\n";

fn events(body: impl AsRef<[u8]>) -> Vec<Step> {
    answers(answer("200 OK", &["content-type: text/event-stream"], body))
}

fn said(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// One event around what it carries.
fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// The body came to its end, but the stream did not.
fn unfinished() -> Failure {
    fails("truncated retryable").status(200).says("ended before its own end")
}

#[tokio::test]
async fn a_stream_without_its_own_end_is_truncated() {
    run(vec![
        case("nothing at all", ONLY, events(""), unfinished()),
        case("blanks", ONLY, events("\n\n\r\n  \n"), unfinished()),
        case("comments alone", ONLY, events(": PING\n\n: PING\n\n"), unfinished()),
        case("no mark at the end", ONLY, events(said("ok")), unfinished()),
        case("half a mark", ONLY, events(format!("{}data: [DON", said("ok"))), unfinished()),
        case("an event cut in the middle", ONLY, events(format!("{}data: {{\"choices\":[{{", said("ok"))), unfinished()),
        case("204", ONLY, answers("HTTP/1.1 204 No Content\r\n\r\n"), unfinished().status(204)),
    ])
    .await;
}

#[tokio::test]
async fn events_that_are_no_chunks_are_named() {
    let bad = || unreadable("an event can't be read");
    run(vec![
        case("words", ONLY, events(format!("data: hello\n\n{DONE}")), bad()),
        case("a number", ONLY, events(format!("data: 42\n\n{DONE}")), bad()),
        case("a list", ONLY, events(format!("data: [1]\n\n{DONE}")), bad()),
        case(
            "JSON cut in the middle, and then more events",
            ONLY,
            events(format!("data: {{\"choices\":[{{\n\n{}{DONE}", said("ok"))),
            bad(),
        ),
        case(
            "a member of the wrong type",
            ONLY,
            events("data: {\"choices\":[{\"delta\":{\"role\":5}}]}\n\n"),
            bad().says("at `choices[0].delta.role`"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_failure_in_mid_stream_has_the_gateways_words() {
    let failed = || refused(200, "").says("the model is busy").billed();
    run(vec![
        case("as the first event", ONLY, events("data: {\"error\":{\"message\":\"the model is busy\"}}\n\n"), failed()),
        case(
            "after some text",
            ONLY,
            events(format!("{}data: {{\"error\":{{\"message\":\"the model is busy\"}}}}\n\n", said("so far"))),
            failed(),
        ),
        case(
            "with a number as its code",
            ONLY,
            events("data: {\"error\":{\"message\":\"the model is busy\",\"code\":503}}\n\n"),
            failed(),
        ),
        case("as a bare text", ONLY, events("data: {\"error\":\"the model is busy\"}\n\n"), failed()),
        case("named by its event", ONLY, events("event: error\ndata: the model is busy\n\n"), failed()),
        case(
            "without a blank line after it",
            ONLY,
            events(format!("{}data: {{\"error\":{{\"message\":\"the model is busy\"}}}}", said("so far"))),
            failed(),
        ),
        case("no success", ONLY, events("data: {\"success\":false,\"message\":\"the model is busy\"}\n\n"), failed()),
        case(
            "for want of money",
            ONLY,
            events("data: {\"error\":{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}\n\n"),
            refused(200, "quota").says("pay"),
        ),
        case(
            "for want of money, after some text",
            ONLY,
            events(format!("{}data: {{\"error\":{{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}}}\n\n", said("so far"))),
            refused(200, "quota").says("pay").billed(),
        ),
        case(
            "the frame of an error with its own status",
            ONLY,
            answers(answer(
                "429 Too Many Requests",
                &["content-type: text/event-stream"],
                "event: error\ndata: {\"error\":{\"message\":\"the model is busy\"}}\n\n",
            )),
            refused(429, "rate_limited retryable").says("the model is busy"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn odd_streams_that_still_say_what_they_mean_are_read() {
    let tail = "{}\n".repeat(1000);
    let start = br#"data: {"choices":[{"delta":{"content":"a"#;
    let no_utf8 = [start.as_slice(), b"\xff", br#"b"}}]}"#, b"\n\n", DONE.as_bytes()].concat();
    let in_lines = format!("data: {{\"choices\":\ndata: [{{\"delta\":{{\"content\":\"ok\"}}}}]}}\n\n{DONE}");
    let unknown_fields = format!("id: 7\nx: y\nretry: 99999999999999999999\n\n{EVENTS}");
    let unknown_events = format!("event: keepalive\ndata: {{}}\n\nevent: ping\ndata:\n\n{EVENTS}");
    let no_error = event(r#"{"error":null,"choices":[]}"#) + &event(r#"{"error":{"message":"","code":0},"choices":[]}"#) + EVENTS;
    let large = event(&format!(r#"{{"x":"{}"}}"#, "a".repeat(512 * 1024))) + EVENTS;
    let fine = |name, body: Vec<u8>, text| case(name, ONLY, events(body), Expected::Fine(text));
    run(vec![
        fine("bytes that are no UTF-8", no_utf8, "a\u{fffd}b"),
        fine("a byte order mark", format!("\u{feff}{EVENTS}").into(), "ok"),
        fine("an event over several lines", in_lines.into(), "ok"),
        fine("more after the end", format!("{EVENTS}{tail}").into(), "ok"),
        fine("the end twice", format!("{EVENTS}{DONE}").into(), "ok"),
        fine("fields that nobody knows", unknown_fields.into(), "ok"),
        fine("events that nobody knows", unknown_events.into(), "ok"),
        fine("an error that is none", no_error.into(), "ok"),
        fine("one event of half a mebibyte", large.into(), "ok"),
    ])
    .await;
}
