//! What can be wrong with the bytes of a whole answer.

use super::{Download, Expected, GOOD, Get, JSON, OK, Post, Stream, case, refused, run, unreadable};
use crate::raw::{Step, answer, answers};

const TYPE: &str = "content-type: application/json";

fn good(body: impl AsRef<[u8]>) -> Vec<Step> {
    answers(answer("200 OK", &[TYPE], body))
}

#[tokio::test]
async fn what_is_not_the_json_that_was_asked_for_is_named() {
    run(vec![
        case("nothing", JSON, good(""), unreadable("the answer is empty")),
        case("blanks", JSON, good(" \r\n\t"), unreadable("the answer is empty")),
        case(
            "204",
            JSON,
            answers(format!("HTTP/1.1 204 No Content\r\n\r\n{GOOD}")),
            unreadable("the answer is empty").status(204),
        ),
        case("half an object", JSON, good(r#"{"id":"#), unreadable("can't be read")),
        case("two objects", JSON, good(format!("{GOOD}{GOOD}")), unreadable("can't be read")),
        case("null", JSON, good("null"), unreadable("can't be read")),
        case("a list", JSON, good("[]"), unreadable("can't be read")),
        case("a number", JSON, good("42"), unreadable("can't be read")),
        case("words", JSON, good("the upstream is busy"), unreadable("can't be read")),
        case("a required member is null", JSON, good(r#"{"id":null}"#), unreadable("at `id`")),
        case("not a number", JSON, good(r#"{"id":"v","n":NaN}"#), unreadable("can't be read")),
        case("a comma too many", JSON, good(r#"{"id":"v",}"#), unreadable("can't be read")),
        case("bytes that are no UTF-8", JSON, good(b"{\"id\":\"v\xff\"}"), unreadable("is not UTF-8 (byte 8)")),
        case("UTF-16", JSON, good(b"\xff\xfe{\0}\0"), unreadable("is not UTF-8")),
        case("half a surrogate", JSON, good(r#"{"id":"\ud800"}"#), unreadable("at `id`")),
        case("a number beyond all numbers", JSON, good(r#"{"id":"v","n":1e999}"#), unreadable("at `n`")),
    ])
    .await;
}

#[tokio::test]
async fn json_that_says_what_it_means_is_read_whatever_surrounds_it() {
    let typed = |media: &str| answers(answer("200 OK", &[&format!("content-type: {media}")], GOOD));
    run(vec![
        case("a byte order mark", JSON, good(format!("\u{feff}{GOOD}")), Expected::Fine("v")),
        case("blanks around it", JSON, good(format!("\r\n {GOOD} \n")), Expected::Fine("v")),
        case("no media type", JSON, answers(answer("200 OK", &[], GOOD)), Expected::Fine("v")),
        case("called a web page", JSON, typed("text/html"), Expected::Fine("v")),
        case("called a stream", JSON, typed("text/event-stream"), Expected::Fine("v")),
        case("called nonsense", JSON, typed("//;;=;"), Expected::Fine("v")),
        case("two media types", JSON, answers(answer("200 OK", &[TYPE, "content-type: text/plain"], GOOD)), Expected::Fine("v")),
        case("201", JSON, answers(answer("201 Created", &[TYPE], GOOD)), Expected::Fine("v")),
        case("the same member twice: the last counts", JSON, good(r#"{"id":"a","id":"v"}"#), Expected::Fine("v")),
        case("a number of thirty digits", JSON, good(r#"{"id":"v","n":123456789012345678901234567890}"#), Expected::Fine("v")),
        case(
            "identity as its compression",
            JSON,
            answers(answer("200 OK", &["content-encoding: identity"], GOOD)),
            Expected::Fine("v"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_compression_that_nobody_asked_for_is_named_and_not_unpacked() {
    let packed = |coding: &str| answers(answer("200 OK", &[&format!("content-encoding: {coding}")], b"\x1f\x8b\x08\0\0\0\0\0"));
    let error = answers(answer("502 Bad Gateway", &["content-encoding: gzip"], b"\x1f\x8b\x08\0\0\x1b[2J\0\0\0"));
    run(vec![
        case("gzip", super::ALL, packed("gzip"), unreadable("compressed with gzip")),
        case("brotli", super::ALL, packed("br"), unreadable("compressed with br")),
        case("gzip twice", super::ALL, packed("gzip, gzip"), unreadable("compressed with gzip, gzip")),
        case("an error in gzip", super::ALL, error, refused(502, "overloaded retryable").says("compressed with gzip").billed()),
    ])
    .await;
}

#[tokio::test]
async fn nesting_without_end_is_refused_and_does_not_end_the_program() {
    const DEEP: usize = 100_000;
    let lists = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP));
    let error = |body: &str| answers(answer("500 Oops", &[TYPE], body));
    run(vec![
        case("lists", JSON, good(&lists), unreadable("can't be read")),
        case("lists in a member", JSON, good(format!(r#"{{"id":"v","x":{lists}}}"#)), unreadable("at `x`")),
        case("objects", JSON, good(&objects), unreadable("can't be read")),
        case("objects that never close", JSON, good(r#"{"a":"#.repeat(DEEP)), unreadable("can't be read")),
        case("lists in an error", JSON, error(&lists), refused(500, "retryable").billed()),
        case("objects in an error", JSON, error(&objects), refused(500, "retryable").billed()),
        case(
            "lists in an event",
            &[Stream],
            answers(answer("200 OK", &["content-type: text/event-stream"], format!("data: {{\"x\":{lists}}}\n\n"))),
            unreadable("an event can't be read"),
        ),
    ])
    .await;
}

/// Unions look into a value before they read it, and each looks into the next.
#[test]
fn unions_inside_unions_without_end_are_refused_too() {
    let nested = |depth: usize| {
        let open = r#"{"type":"tool_result","tool_use_id":"t","content":["#;
        format!(r#"{}{{"type":"text","text":"x"}}{}"#, open.repeat(depth), "]}".repeat(depth))
    };
    let read = |text: &str| serde_json::from_str::<octopusx::messages::MessageContentBlockParam>(text);
    let error = read(&nested(5_000)).unwrap_err().to_string();
    assert!(error.starts_with("more than"), "{error}");
    let sane = read(&nested(20)).unwrap();
    assert_eq!(serde_json::to_string(&sane).unwrap(), nested(20), "the depth of one value is not counted for the next");
}

#[tokio::test]
async fn filters_inside_filters_without_end_are_refused_too() {
    const DEEP: usize = 20_000;
    let nested =
        format!(r#"{}{{"type":"eq","key":"k","value":1}}{}"#, r#"{"type":"and","filters":["#.repeat(DEEP), "]}".repeat(DEEP));
    let search = format!(r#"{{"type":"file_search","vector_store_ids":[],"filters":{nested}}}"#);
    let body = format!(r#"{{"id":"r","object":"response","output":[],"tools":[{search}]}}"#);
    let server = crate::raw::Server::play(good(body)).await;
    let request = octopusx::responses::ResponseCreateRequest::new("m", "x");
    let error = super::builder(&server.url).build().unwrap().responses().create(&request).await.unwrap_err();
    assert!(error.is_decode(), "{error:?}");
    assert!(error.json_path().is_some_and(|path| path.starts_with("tools")), "{:?}", error.json_path());
}

#[tokio::test]
async fn bytes_that_were_asked_for_may_be_anything_but_a_failure() {
    let file = |media: &str, body: &'static [u8]| answers(answer("200 OK", &[&format!("content-type: {media}")], body));
    let failure = br#"{"error":{"message":"no such video","code":"task_not_found"}}"#;
    run(vec![
        case("a video", &[Download], file("video/mp4", b"video"), Expected::Fine("video")),
        case("an empty file", &[Download], file("video/mp4", b""), Expected::Fine("")),
        case("a file called JSON", &[Download], file("application/json", b"\0\x01video"), Expected::Fine("\0\x01video")),
        case("a file called a web page, after a blank", &[Download], file("text/html", b"\nvideo"), Expected::Fine("\nvideo")),
        case(
            "JSON in place of the file",
            &[Download],
            file("application/json", br#"{"status":"queued"}"#),
            unreadable("a file was asked for, but application/json came"),
        ),
        case(
            "half of it",
            &[Download],
            file("application/json", br#"{"status""#),
            unreadable("a file was asked for, but application/json came"),
        ),
        case(
            "a failure in place of the file",
            &[Download],
            file("application/json; charset=utf-8", failure),
            refused(200, "not_found").says("no such video"),
        ),
        case(
            "a web page in place of the file",
            &[Download],
            file("text/html", b"<title>Sign in</title>"),
            unreadable("a web page: Sign in"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_body_where_none_was_announced_changes_nothing() {
    run(vec![
        case(
            "after the head of an error",
            &[Get, Post, Stream],
            answers(format!("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n{GOOD}")),
            refused(404, "not_found").says("not found"),
        ),
        case("after an empty answer", JSON, answers(format!("{OK}content-length: 0\r\n\r\n{GOOD}")), unreadable("empty")),
    ])
    .await;
}
