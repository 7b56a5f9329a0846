//! What an answer is, whatever it calls itself: failures that look like successes, and the other way round.

use super::{ALL, Download, EVENTS, Expected, GOOD, JSON, Stream, case, refused, run, unreadable};
use crate::raw::{Step, answer, answers};

const FAILURE: &str = r#"{"error":{"message":"the model is busy","type":"server_error","code":"busy"}}"#;
const FRAME: &str = "event: error\ndata: {\"error\":{\"message\":\"the model is busy\"}}\n\n";
const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>";

fn typed(status: &str, media: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    answers(answer(status, &[&format!("content-type: {media}")], body))
}

#[tokio::test]
async fn a_web_page_is_never_an_answer() {
    let page = |status: &str| typed(status, "text/html; charset=utf-8", PAGE);
    run(vec![
        case("200", JSON, page("200 OK"), unreadable("a web page: Sign in, not JSON; is the base URL right?")),
        case("200, where bytes were asked for", &[Download], page("200 OK"), unreadable("a web page: Sign in")),
        case("200, where events were asked for", &[Stream], page("200 OK"), unreadable("a web page: Sign in")),
        case("200, called a stream", &[Stream], typed("200 OK", "text/event-stream", PAGE), unreadable("a web page: Sign in")),
        case("200, called JSON", JSON, typed("200 OK", "application/json", PAGE), unreadable("a web page: Sign in")),
        case("403", ALL, page("403 Forbidden"), refused(403, "auth").says("a web page: Sign in")),
        case("404", ALL, page("404 Not Found"), refused(404, "not_found")),
        case("429", ALL, page("429 Too Many Requests"), refused(429, "rate_limited retryable")),
        case("502", ALL, page("502 Bad Gateway"), refused(502, "overloaded retryable").billed()),
        case("504", ALL, page("504 Gateway Timeout"), refused(504, "timeout retryable").billed()),
        case("524", ALL, page("524 A Timeout Occurred"), refused(524, "").billed()),
    ])
    .await;
}

#[tokio::test]
async fn a_failure_with_status_200_is_a_failure_for_every_kind_of_call() {
    run(vec![
        case(
            "an error object",
            ALL,
            typed("200 OK", "application/json", FAILURE),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "a bare error",
            ALL,
            typed("200 OK", "application/json", r#"{"error":"the model is busy"}"#),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "no success",
            ALL,
            typed("200 OK", "application/json", r#"{"success":false,"message":"the model is busy"}"#),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "no success, for want of a key",
            ALL,
            typed("200 OK", "application/json", r#"{"error":{"message":"who?","code":"invalid_api_key"}}"#),
            refused(200, "auth").says("who?"),
        ),
        case(
            "no success, for want of money",
            ALL,
            typed("200 OK", "application/json", r#"{"error":{"message":"pay","code":"insufficient_user_quota"}}"#),
            refused(200, "quota").says("pay"),
        ),
        case(
            "called a stream",
            ALL,
            typed("200 OK", "text/event-stream", FAILURE),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "without a media type",
            ALL,
            answers(answer("200 OK", &[], FAILURE)),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "called plain text",
            ALL,
            typed("200 OK", "text/plain", FAILURE),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "called a problem",
            ALL,
            typed("200 OK", "application/problem+json", FAILURE),
            refused(200, "").says("the model is busy").billed(),
        ),
        case(
            "in the frame of an event",
            ALL,
            typed("200 OK", "text/event-stream", FRAME),
            refused(200, "").says("the model is busy").billed(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_words_of_an_error_are_found_in_every_wrapping() {
    run(vec![
        case(
            "the frame of an event",
            ALL,
            typed("500 Oops", "text/event-stream", FRAME),
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
        case(
            "a frame after comments",
            ALL,
            typed("500 Oops", "text/event-stream", format!(": PING\n\n{FRAME}")),
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
        case(
            "called a web page",
            ALL,
            typed("500 Oops", "text/html", FAILURE),
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
        case(
            "a byte order mark",
            ALL,
            typed("500 Oops", "application/json", format!("\u{feff}{FAILURE}")),
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
        case(
            "bytes that are no UTF-8",
            ALL,
            typed("500 Oops", "application/json", b"{\"message\":\"bus\xff\"}"),
            refused(500, "retryable").says("500 bus\u{fffd}").billed(),
        ),
        case(
            "lines and bells",
            ALL,
            typed("400 Bad Request", "application/json", r#"{"message":"one\r\ntwo\u0007\u001b[2Jthree"}"#),
            refused(400, "invalid_request").says("one two"),
        ),
        case(
            "nothing",
            ALL,
            answers(answer("500 Oops", &[], "")),
            refused(500, "retryable").says("500 internal server error").billed(),
        ),
        case(
            "an empty object",
            ALL,
            typed("401 Unauthorized", "application/json", "{}"),
            refused(401, "auth").says("401 unauthorized"),
        ),
        case(
            "an empty error",
            ALL,
            typed("402 Payment Required", "application/json", r#"{"error":{"message":"","code":""}}"#),
            refused(402, "quota").says("402 payment required"),
        ),
        case(
            "a list with an error",
            ALL,
            typed(
                "400 Bad Request",
                "application/json",
                r#"[{"error":{"code":400,"message":"no such model","status":"INVALID_ARGUMENT"}}]"#,
            ),
            refused(400, "invalid_request").says("400 no such model"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn one_kind_of_answer_in_place_of_another_is_named() {
    let text = |body: &str| answers(answer("200 OK", &["content-type: text/event-stream"], body));
    run(vec![
        case(
            "events where JSON was asked for",
            JSON,
            text(EVENTS),
            unreadable("a stream of events came, but one JSON answer was asked for"),
        ),
        case(
            "events called JSON, where JSON was asked for",
            JSON,
            typed("200 OK", "application/json", EVENTS),
            unreadable("a stream of events came"),
        ),
        case(
            "JSON where events were asked for",
            &[Stream],
            typed("200 OK", "application/json", GOOD),
            unreadable("a stream of events was asked for"),
        ),
        case(
            "JSON called events",
            &[Stream],
            text(r#"{"choices":[{"message":{"content":"hi"}}]}"#),
            unreadable("a stream of events was asked for"),
        ),
        case(
            "JSON called events, after a byte order mark and blanks",
            &[Stream],
            text("\u{feff}\r\n {\"choices\":[]}"),
            unreadable("a stream of events was asked for"),
        ),
        case(
            "events called JSON, where events were asked for",
            &[Stream],
            typed("200 OK", "application/json", EVENTS),
            Expected::Fine("ok"),
        ),
        case(
            "events called a web page, where events were asked for",
            &[Stream],
            typed("200 OK", "text/html", format!(": hello\n\n{EVENTS}")),
            Expected::Fine("ok"),
        ),
        case("events without a media type", &[Stream], answers(answer("200 OK", &[], EVENTS)), Expected::Fine("ok")),
    ])
    .await;
}

#[tokio::test]
async fn a_hint_when_to_come_back_is_read_or_ignored_but_never_in_the_way() {
    let with = |status: &str, hint: &str| answers(answer(status, &[hint], r#"{"error":{"message":"slow down"}}"#));
    let limited = refused(429, "rate_limited retryable").says("slow down");
    let down = refused(503, "overloaded retryable").says("slow down");
    run(vec![
        case("429, nothing", ALL, with("429 Too Many Requests", "x: y"), limited),
        case("429, an hour", ALL, with("429 Too Many Requests", "retry-after: 3600"), limited),
        case("429, a date", ALL, with("429 Too Many Requests", "retry-after: Fri, 31 Dec 2100 23:59:59 GMT"), limited),
        case("429, negative", ALL, with("429 Too Many Requests", "retry-after: -5"), limited),
        case("429, words", ALL, with("429 Too Many Requests", "retry-after: soon"), limited),
        case("429, beyond all numbers", ALL, with("429 Too Many Requests", "retry-after: 1e999"), limited),
        case("429, milliseconds", ALL, with("429 Too Many Requests", "retry-after-ms: 1500"), limited),
        case("503, nothing", ALL, with("503 Service Unavailable", "x: y"), down.billed()),
        case("503, negative", ALL, with("503 Service Unavailable", "retry-after: -5"), down.billed()),
        case("503, a second", ALL, with("503 Service Unavailable", "retry-after: 1"), down),
    ])
    .await;
}
