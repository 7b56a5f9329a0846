//! What can be wrong with the frame around a body: lengths, chunks, and the lack of either.

use super::{
    ALL, Download, EVENTS, Expected, GOOD, Get, JSON, OK, Post, Stream, breaks, case, fails, run, truncated, unreadable,
};
use crate::raw::Step::{Forever, Read, Reset, Send};
use crate::raw::{Step, answers, chunk};

fn headed(headers: &str, body: &str) -> Vec<Step> {
    answers(format!("{OK}{headers}\r\n\r\n{body}"))
}

fn chunked(chunks: &[u8]) -> Vec<Step> {
    answers([format!("{OK}transfer-encoding: chunked\r\n\r\n").as_bytes(), chunks].concat())
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_truncated_and_never_a_shorter_answer() {
    let cut = |end: Option<Step>| {
        let mut script = headed("content-length: 500", GOOD);
        script.extend(end);
        script
    };
    run(vec![
        case("shorter than its length", &[Get, Post, Download], cut(None), truncated()),
        case("shorter than its length, as a stream", &[Stream], headed("content-length: 500", &EVENTS[..40]), truncated()),
        case("reset inside the body", &[Get, Post, Download], cut(Some(Reset)), truncated()),
        case("no last chunk", &[Get, Post, Download], chunked(&chunk(GOOD)), truncated()),
        case("no last chunk, as a stream", &[Stream], chunked(&chunk(&EVENTS[..40])), truncated()),
        case("cut inside a chunk", &[Get, Post, Download], chunked(b"ff\r\n{\"id\":\"v\"}"), truncated()),
        case("cut inside a chunk's size", &[Get, Post, Download], chunked(b"a\r\n{\"id\":\"v\"}\r\n1"), truncated()),
        case("a length of nine exabytes", &[Get, Post], headed("content-length: 9223372036854775807", GOOD), truncated()),
        case(
            "the same, as a file that is to be held in memory",
            &[Download],
            headed("content-length: 9223372036854775807", GOOD),
            unreadable("larger than 1048576 bytes"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn chunks_that_make_no_sense_are_a_broken_answer() {
    let endless =
        |bytes: &[u8]| vec![Read, Send(format!("{OK}transfer-encoding: chunked\r\n\r\n").into()), Forever(bytes.to_vec())];
    let not_events: &[_] = &[Get, Post, Download];
    run(vec![
        case("a size that is no number", ALL, chunked(b"zz\r\n{\"id\":\"v\"}\r\n0\r\n\r\n"), truncated()),
        case("a negative size", ALL, chunked(b"-5\r\n{\"id\":\"v\"}\r\n0\r\n\r\n"), truncated()),
        case("a size beyond all numbers", ALL, chunked(b"fffffffffffffffff1\r\n{\"id\":\"v\"}\r\n0\r\n\r\n"), truncated()),
        case("no line break after a chunk", not_events, chunked(b"a\r\n{\"id\":\"v\"}0\r\n\r\n"), truncated()),
        case(
            "an extension without end",
            ALL,
            vec![Read, Send(format!("{OK}transfer-encoding: chunked\r\n\r\n5;").into()), Forever(vec![b'x'; 4096])],
            truncated(),
        ),
        case(
            "a size of zeros without end",
            ALL,
            endless(&[b'0'; 4096]),
            fails("timeout retryable").status(200).says("nothing came"),
        ),
        case("a size of ones without end", ALL, endless(&[b'1'; 4096]), truncated()),
        case(
            "trailers without end",
            not_events,
            {
                let mut start = format!("{OK}transfer-encoding: chunked\r\n\r\n").into_bytes();
                start.extend(chunk(GOOD));
                start.extend(b"0\r\n");
                vec![Read, Send(start), Forever(b"x-trailer: 1\r\n".repeat(100))]
            },
            truncated(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_refused() {
    run(vec![
        case("two lengths that differ", ALL, headed("content-length: 10\r\ncontent-length: 9", GOOD), breaks()),
        case("a list of lengths that differ", ALL, headed("content-length: 10, 9", GOOD), breaks()),
        case("a negative length", ALL, headed("content-length: -10", GOOD), breaks()),
        case("a length that is no number", ALL, headed("content-length: ten", GOOD), breaks()),
        case("a length beyond all numbers", ALL, headed("content-length: 99999999999999999999999", GOOD), breaks()),
        case("the largest length there is", ALL, headed("content-length: 18446744073709551615", GOOD), breaks()),
    ])
    .await;
}

#[tokio::test]
async fn frames_that_are_odd_but_clear_are_understood() {
    run(vec![
        case("two lengths that agree", JSON, headed("content-length: 10\r\ncontent-length: 10", GOOD), Expected::Fine("v")),
        case(
            "longer than its length",
            JSON,
            headed("content-length: 10", "{\"id\":\"v\"}{\"id\":\"evil\"}"),
            Expected::Fine("v"),
        ),
        case("neither length nor chunks", JSON, headed("connection: close", GOOD), Expected::Fine("v")),
        case("bytes without length or chunks", &[Download], headed("connection: close", "video"), Expected::Fine("video")),
        case(
            "chunks win over a length",
            JSON,
            headed("transfer-encoding: chunked\r\ncontent-length: 3", "a\r\n{\"id\":\"v\"}\r\n0\r\n\r\n"),
            Expected::Fine("v"),
        ),
        case(
            "chunks with extensions and trailers",
            JSON,
            chunked(b"5;a=b\r\n{\"id\"\r\n5\r\n:\"v\"}\r\n0\r\nx: 1\r\n\r\n"),
            Expected::Fine("v"),
        ),
        case(
            "a chunk for each byte",
            &[Stream],
            {
                let chunks: Vec<u8> = EVENTS.bytes().flat_map(|byte| chunk([byte])).chain(*b"0\r\n\r\n").collect();
                chunked(&chunks)
            },
            Expected::Fine("ok"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_length_that_cuts_the_json_is_no_shorter_answer() {
    run(vec![
        case("a length too small", JSON, headed("content-length: 9", GOOD), unreadable("can't be read")),
        case("a length of zero", JSON, headed("content-length: 0", GOOD), unreadable("the answer is empty")),
    ])
    .await;
}
