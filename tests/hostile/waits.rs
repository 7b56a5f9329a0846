//! Answers that take their time: what is too long ends with a timeout, what is only slow does not.

use std::time::Duration;

use super::{ALL, Case, Download, EVENTS, Expected, GOOD, Get, JSON, Post, Stream, case, fails, refused, run};
use crate::raw::Step::{Drip, Read, Send, Silence};
use crate::raw::{Step, chunk};

const LONG: Duration = Duration::from_secs(3);
const SHORT: Duration = Duration::from_millis(5);

fn started(body: &str, rest: Step) -> Vec<Step> {
    vec![Read, Send(format!("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{body}").into()), rest]
}

#[tokio::test]
async fn silence_inside_a_body_is_a_timeout() {
    let silent = fails("timeout retryable").status(200).says("nothing came for 1 s");
    run(vec![
        case("after the head", ALL, started("", Silence), silent),
        case("after some bytes", &[Get, Post, Download], started(r#"{"id":"#, Silence), silent),
        case("inside an event", &[Stream], started("data: {\"choices\":", Silence), silent),
        case("between two events", &[Stream], started(&EVENTS[..60], Silence), silent),
        case("a byte now and then", ALL, started("", Drip(GOOD.into(), LONG)), silent),
    ])
    .await;
}

#[tokio::test]
async fn a_drip_that_would_last_for_ever_ends_with_the_calls_own_time() {
    let drip = || Drip(vec![b' '; 400], Duration::from_millis(50));
    let cases = vec![
        case("an answer", JSON, started("", drip()), fails("timeout retryable").says("no whole answer within 1.5 s")),
        case(
            "the words of an error: what came of them is kept",
            JSON,
            vec![Read, Send(b"HTTP/1.1 500 Oops\r\ncontent-length: 500\r\n\r\nthe model is busy\n".to_vec()), drip()],
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
        case(
            "the words of an error, and then silence",
            ALL,
            vec![Read, Send(b"HTTP/1.1 500 Oops\r\ncontent-length: 500\r\n\r\nthe model is busy\n".to_vec()), Silence],
            refused(500, "retryable").says("500 the model is busy").billed(),
        ),
    ];
    run(cases.into_iter().map(|case| Case { within: Duration::from_millis(1500), ..case }).collect()).await;
}

#[tokio::test]
async fn an_answer_that_is_only_slow_is_an_answer() {
    let slow = |body: &str| {
        vec![Read, Send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into()), Drip(body.into(), SHORT)]
    };
    let mut chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    chunks.extend(chunk(GOOD));
    chunks.extend(b"0\r\n\r\n");
    run(vec![
        case("byte by byte", JSON, slow(GOOD), Expected::Fine("v")),
        case("bytes byte by byte", &[Download], slow("video"), Expected::Fine("video")),
        case("head and body byte by byte", JSON, vec![Read, Drip(chunks, SHORT)], Expected::Fine("v")),
        case(
            "comments as the only sign of life",
            &[Stream],
            slow(&format!("{}{EVENTS}", ": PING\n\n".repeat(5))),
            Expected::Fine("ok"),
        ),
    ])
    .await;
}
