//! Answers without end: what is kept of them is bounded, and so is the time.

use std::time::Duration;

use super::{ALL, Ask, Case, Download, Get, JSON, LARGEST, Post, Stream, ask, builder, case, refused, run, unreadable};
use crate::raw::Step::{Forever, Read, Send};
use crate::raw::{Server, Step, answer, answers, chunk};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

fn endless(head: &str, start: &str, piece: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Read, Send(format!("{head}{start}").into()), Forever(piece.into())]
}

/// Every answer that never ends by itself and must be ended by the client.
fn endless_answers() -> Vec<Case> {
    let chunked = format!("HTTP/1.1 200 OK\r\n{}", "transfer-encoding: chunked\r\n\r\n");
    let too_large = || unreadable("larger than 1048576 bytes");
    let an_event = || unreadable("an event is larger than 1048576 bytes");
    let failing = "HTTP/1.1 500 Oops\r\n\r\n";
    let failed = || refused(500, "retryable").billed();
    let letters = || vec![b'a'; 16 * 1024];
    vec![
        case("a body", JSON, endless("HTTP/1.1 200 OK\r\n\r\n", r#"{"id":""#, letters()), too_large()),
        case("a body in chunks", JSON, endless(&chunked, "", chunk(letters())), too_large()),
        case("a body of blanks", JSON, endless(&chunked, "", chunk(vec![b' '; 16 * 1024])), too_large()),
        case("a body in small chunks", JSON, endless(&chunked, "", chunk([b'a'; 64]).repeat(256)), too_large()),
        case("an event", &[Stream], endless(HEAD, "data: ", letters()), an_event()),
        case(
            "an event of many lines",
            &[Stream],
            endless(HEAD, "", format!("data: {}\n", "a".repeat(100)).repeat(150)),
            an_event(),
        ),
        case("an event's name", &[Stream], endless(HEAD, "event: ", letters()), an_event()),
        case("an event's id", &[Stream], endless(HEAD, "id: ", letters()), an_event()),
        case(
            "one JSON value called a stream",
            &[Stream],
            endless(HEAD, r#"{"id":""#, letters()),
            unreadable("a stream of events was asked for"),
        ),
        case("a web page called a stream", &[Stream], endless(HEAD, "<title>Sign in</title>", letters()), unreadable("Sign in")),
        case("the words of an error", ALL, endless(failing, "", letters()), failed()),
        case("the words of an error in JSON", ALL, endless(failing, r#"{"error":{"message":""#, letters()), failed()),
        case("a title", ALL, endless(failing, "<title>", letters()), failed()),
        case(
            "an answer in place of a file",
            &[Download],
            endless("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n", "<title>Sign in</title>", letters()),
            unreadable("Sign in"),
        ),
    ]
}

#[tokio::test]
async fn an_answer_without_end_is_refused_in_time() {
    // Well below the time that is given to the words of an error that are only slow. A busy machine may need another try.
    for _ in 0..3 {
        if tokio::time::timeout(Duration::from_secs(8), run(endless_answers())).await.is_ok() {
            return;
        }
    }
    panic!("what is long enough is read further");
}

fn padded(length: usize) -> String {
    let spaces = " ".repeat(length - super::GOOD.len());
    format!("{}{spaces}", super::GOOD)
}

#[tokio::test]
async fn the_limits_are_the_callers() {
    let body = format!(r#"{{"id":"v","x":"{}"}}"#, "a".repeat(LARGEST));
    run(vec![
        case(
            "one byte above the limit",
            JSON,
            answers(answer("200 OK", &[], padded(LARGEST + 1))),
            unreadable("larger than 1048576 bytes"),
        ),
        case("the limit itself", JSON, answers(answer("200 OK", &[], padded(LARGEST))), super::Expected::Fine("v")),
    ])
    .await;
    let server = Server::play(answers(answer("200 OK", &[], &body))).await;
    assert_eq!(ask(&builder(&server.url).max_body_bytes(2 * LARGEST).build().unwrap(), Get).await.unwrap(), "v");
    let event = format!("data: {{\"x\":\"{}\"}}\n\n{}", "a".repeat(LARGEST), super::EVENTS);
    let server = Server::play(answers(answer("200 OK", &[], event))).await;
    assert_eq!(ask(&builder(&server.url).max_event_bytes(2 * LARGEST).build().unwrap(), Stream).await.unwrap(), "ok");
}

/// What may last as long as it likes, but must not pile up.
async fn read_for_a_while(script: Vec<Step>, asked: Ask, least: usize) {
    let server = Server::play(script).await;
    let client = builder(&server.url).build().unwrap();
    let reading = async {
        match asked {
            Download => {
                let mut download = client.videos().content("v").await.unwrap();
                while let Some(piece) = download.next().await {
                    piece.unwrap();
                }
            }
            _ => panic!("ended: {:?}", ask(&client, asked).await),
        }
    };
    let enough = async {
        while server.sent() < least {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let race = async {
        tokio::select! {
            () = reading => panic!("what has no end has ended"),
            () = enough => {}
        }
    };
    tokio::time::timeout(super::IN_TIME, race).await.expect("the client stopped reading");
}

const MIB: usize = 1024 * 1024;

async fn long_readings() {
    read_for_a_while(endless("HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\n\r\n", "", vec![0; 64 * 1024]), Download, 64 * MIB)
        .await;
    read_for_a_while(endless(HEAD, "", b": PING\n\n".repeat(2000)), Stream, 16 * MIB).await;
    read_for_a_while(endless(HEAD, ": ", vec![b'a'; 16 * 1024]), Stream, 16 * MIB).await;
}

#[tokio::test]
async fn downloads_and_signs_of_life_may_last_for_ever() {
    long_readings().await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_pile_up() {
    let server = Server::play(endless(HEAD, "", b"data: {\"choices\":[]}\n\n".repeat(500))).await;
    let request = octopusx::chat::ChatCompletionRequest::new("m", [octopusx::chat::ChatMessage::user("x")]);
    let mut stream = builder(&server.url).build().unwrap().chat().create_stream(&request).await.unwrap();
    stream.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let taken = server.sent();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.sent(), taken, "the connection must fill up, not the memory");
    assert!(stream.next().await.unwrap().is_ok());
}

/// Runs every endless answer in a process of its own, where nobody else needs memory.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_without_end_does_not_fill_the_memory() {
    const ALONE: &str = "OCTOPUSX_TEST_ALONE";
    const NAME: &str = "hostile::limits::an_answer_without_end_does_not_fill_the_memory";
    if std::env::var_os(ALONE).is_none() {
        let alone = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(ALONE, "1")
            .output();
        let alone = alone.unwrap();
        let said = String::from_utf8_lossy(&alone.stdout).into_owned() + &String::from_utf8_lossy(&alone.stderr);
        assert!(alone.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // What one good call needs, the roots of TLS among it, is no growth.
        run(vec![case("warm", ALL, answers(answer("500 Oops", &[], "")), refused(500, "retryable").billed())]).await;
        let before = most_memory();
        // One after the other, so that the highest is that of one call.
        for case in endless_answers() {
            let name = case.name;
            run(vec![case]).await;
            let grown = most_memory() - before;
            assert!(grown < 32 * MIB, "{name}: {grown} bytes");
        }
        long_readings().await;
        let grown = most_memory() - before;
        println!("grown by {} KiB", grown / 1024);
        assert!(grown < 32 * MIB, "{grown} bytes");
    });
}

/// The most memory that this process ever held, in bytes.
#[cfg(target_os = "linux")]
fn most_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn an_endless_answer_is_hung_up_on() {
    for (script, asked) in [
        (endless("HTTP/1.1 200 OK\r\n\r\n", "", vec![b'a'; 16 * 1024]), Post),
        (endless(HEAD, super::EVENTS, b": PING\n\n".to_vec()), Stream),
    ] {
        let server = Server::play(script).await;
        let client = builder(&server.url).build().unwrap();
        let _ = ask(&client, asked).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let taken = server.sent();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.sent(), taken, "the client is still taking bytes");
    }
}
