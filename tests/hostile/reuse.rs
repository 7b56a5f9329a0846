//! Connections that are used a second time: an answer belongs to one request only.

use std::time::Duration;

use super::{Get, Post, ask, builder};
use crate::raw::Step::{Read, Reset, Send};
use crate::raw::{Server, answer};

fn named(id: &str) -> Vec<u8> {
    answer("200 OK", &[], format!(r#"{{"id":"{id}"}}"#))
}

#[tokio::test]
async fn a_second_answer_to_one_request_is_never_the_next_calls() {
    for evil in [named("evil"), b"{\"id\":\"evil\"}".to_vec(), b"HTTP/1.1 200 OK\r\n".to_vec()] {
        let server = Server::play_each(move |number| {
            let first = [named(&format!("first-{number}")), evil.clone()].concat();
            vec![Read, Send(first), Read, Send(named(&format!("second-{number}")))]
        })
        .await;
        let client = builder(&server.url).build().unwrap();
        assert_eq!(ask(&client, Get).await.unwrap(), "first-0");
        for number in 1..3 {
            let id = ask(&client, Get).await.unwrap();
            assert_eq!(id, format!("first-{number}"), "a connection with bytes left over is of no use");
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_gateway_closed_meanwhile_costs_no_call() {
    for end in [None, Some(Reset)] {
        let script = move |number: usize| {
            let mut script = vec![Read, Send(named(&format!("v{number}")))];
            script.extend(end.clone());
            script
        };
        let server = Server::play_each(script).await;
        let client = builder(&server.url).build().unwrap();
        for number in 0..3 {
            assert_eq!(ask(&client, Post).await.unwrap(), format!("v{number}"));
            // The news that the connection is gone needs a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(server.arrived().len(), 3, "each was sent once");
    }
}

#[tokio::test]
async fn a_second_call_that_dies_on_a_kept_connection_is_sent_once() {
    let server = Server::play(vec![Read, Send(named("v")), Read, Reset]).await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(ask(&client, Post).await.unwrap(), "v");
    let error = ask(&client, Post).await.unwrap_err();
    assert!(error.may_have_been_processed(), "{error:?}");
    assert_eq!(server.arrived().len(), 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing_for_the_next() {
    let server = Server::play_each(|number| match number {
        0 => vec![Read, crate::raw::Step::Drip(named("late"), Duration::from_millis(20))],
        _ => vec![Read, Send(named("v"))],
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    let late = tokio::time::timeout(Duration::from_millis(200), ask(&client, Get)).await;
    assert!(late.is_err());
    assert_eq!(ask(&client, Get).await.unwrap(), "v");
}

#[tokio::test]
async fn an_answer_before_the_request_was_read_is_the_answer_or_a_broken_call_but_never_a_hang() {
    let early = vec![Send(answer("413 Content Too Large", &["connection: close"], r#"{"error":{"message":"too large"}}"#))];
    let server = Server::play(early).await;
    let client = builder(&server.url).build().unwrap();
    let request = octopusx::videos::VideoRequest::new("m", "x".repeat(16 * 1024 * 1024));
    let sending = tokio::time::timeout(super::IN_TIME, async { client.videos().create(&request).await });
    let error = sending.await.expect("hangs").unwrap_err();
    let refused = error.http_status().is_some_and(|status| status == 413) && error.is_invalid_request();
    assert!(refused || error.may_have_been_processed(), "{error:?}");
}
