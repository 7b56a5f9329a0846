//! What can be wrong before and inside an answer's head.

use super::{ALL, EVENTS, Expected, GOOD, JSON, OK, Stream, breaks, case, fails, refused, run};
use crate::raw::Step::{Forever, Read, Reset, Send, Silence};
use crate::raw::{answer, answers};

#[tokio::test]
async fn a_connection_that_dies_before_the_head_may_have_been_billed() {
    run(vec![
        case("reset before the request is read", ALL, vec![Reset], breaks()),
        case("hangs up before the request is read", ALL, vec![], breaks()),
        case("reset after the request is read", ALL, vec![Read, Reset], breaks()),
        case("hangs up after the request is read", ALL, vec![Read], breaks()),
        case("hangs up inside the status line", ALL, answers("HTTP/1.1 20"), breaks()),
        case("hangs up inside a header", ALL, answers("HTTP/1.1 200 OK\r\ncontent-ty"), breaks()),
        case("reset inside the head", ALL, vec![Read, Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), Reset], breaks()),
        case("continue, and then nothing more", ALL, answers("HTTP/1.1 100 Continue\r\n\r\n"), breaks()),
    ])
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_http_are_named() {
    run(vec![
        case("garbage in place of a status line", ALL, answers("what do you want?\r\n\r\n"), breaks()),
        case("HTTP/0.9: a body and nothing else", ALL, answers(GOOD), breaks()),
        case("the greeting of another protocol", ALL, answers("SSH-2.0-OpenSSH_9.6\r\n"), breaks()),
        case("TLS where plain text was spoken", ALL, answers(b"\x15\x03\x01\x00\x02\x02\x28".to_vec()), breaks()),
        case("a status that is no number", ALL, answers("HTTP/1.1 abc OK\r\n\r\n"), breaks()),
        case("a status of two digits", ALL, answers("HTTP/1.1 20 OK\r\n\r\n"), breaks()),
        case("a version of the future", ALL, answers("HTTP/7.0 200 OK\r\n\r\n"), breaks()),
        case("a zero byte in a header's name", ALL, answers("HTTP/1.1 200 OK\r\nx\0y: 1\r\n\r\n"), breaks()),
        case("a zero byte in a header's value", ALL, answers("HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n"), breaks()),
        case("a header without a colon", ALL, answers("HTTP/1.1 200 OK\r\nnothing\r\n\r\n"), breaks()),
    ])
    .await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let header = format!("x-long: {}\r\n", "a".repeat(4096)).into_bytes();
    run(vec![
        case("silence", ALL, vec![Read, Silence], fails("timeout retryable").says("no answer within")),
        case("headers without end", ALL, vec![Read, Send(OK.into()), Forever(header)], breaks()),
        case(
            "one header without end",
            ALL,
            vec![Read, Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec()), Forever(vec![b'a'; 4096])],
            breaks(),
        ),
        case("a reason without end", ALL, vec![Read, Send(b"HTTP/1.1 200 ".to_vec()), Forever(vec![b'a'; 4096])], breaks()),
        case("a thousand headers", ALL, answers(answer("200 OK", &["x: 1"; 1000], GOOD)), breaks()),
        case(
            "early hints without end",
            ALL,
            vec![Read, Forever(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(50))],
            fails("timeout retryable"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn odd_heads_that_still_say_what_they_mean_are_understood() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(20);
    let after_hints = |body: &str| vec![Read, Send(hints.clone()), Send(answer("200 OK", &[], body))];
    run(vec![
        case("early hints before the answer", JSON, after_hints(GOOD), Expected::Fine("v")),
        case("early hints before a stream", &[Stream], after_hints(EVENTS), Expected::Fine("ok")),
        case(
            "no reason after the status",
            JSON,
            answers("HTTP/1.1 200\r\ncontent-length: 10\r\n\r\n{\"id\":\"v\"}"),
            Expected::Fine("v"),
        ),
        case("HTTP/1.0, ended by hanging up", JSON, answers("HTTP/1.0 200 OK\r\n\r\n{\"id\":\"v\"}"), Expected::Fine("v")),
        case(
            "line ends without a carriage return",
            JSON,
            answers("HTTP/1.1 200 OK\ncontent-length: 10\n\n{\"id\":\"v\"}"),
            Expected::Fine("v"),
        ),
        case(
            "a header's value in Latin 1",
            JSON,
            answers([b"HTTP/1.1 200 OK\r\nx-who: Jos\xe9\r\ncontent-length: 10\r\n\r\n".as_slice(), GOOD.as_bytes()].concat()),
            Expected::Fine("v"),
        ),
        case(
            "a header of 64 KiB",
            JSON,
            answers(answer("200 OK", &[&format!("x: {}", "a".repeat(65536))], GOOD)),
            Expected::Fine("v"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_no_success() {
    run(vec![
        case("999", ALL, answers(answer("999 Odd", &[], GOOD)), refused(999, "").billed()),
        case("600", ALL, answers(answer("600 Odd", &[], "")), refused(600, "").billed()),
        case("300 with choices", ALL, answers(answer("300 Multiple Choices", &[], "")), refused(300, "")),
        case("304 although nothing was cached", ALL, answers("HTTP/1.1 304 Not Modified\r\n\r\n"), refused(304, "")),
        case("304 with a body", ALL, answers(answer("304 Not Modified", &[], GOOD)), refused(304, "")),
        case(
            "another protocol, unasked",
            ALL,
            answers("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
            refused(101, ""),
        ),
    ])
    .await;
}
