//! Assertions on what came, and what they say when they do not hold.

use crate::wire::{CHAT, call, chat};
use octopusx_mock::Gateway;

async fn called(times: usize) -> Gateway {
    let gateway = Gateway::start().await.unwrap();
    for _ in 0..times {
        _ = call(&gateway, &chat(CHAT)).await;
    }
    gateway
}

#[tokio::test]
async fn what_holds_is_passed_over_in_silence() {
    let gateway = called(2).await;
    let seen = gateway.expect("chat_create").times(2);
    let seen = seen.body_has("/model", "my-model").body_has("/messages/*/role", "user").body_lacks("/temperature");
    let seen = seen.header("content-type", "application/json").path("/v1/chat/completions");
    assert_eq!(seen.satisfies("it has a body", |request| !request.body.is_empty()).requests().len(), 2);
    gateway.expect("videos_create").never();
    gateway.expect("chat_create").at_least(1);
}

#[tokio::test]
#[should_panic(
    expected = "chat_create was to be called once, and was called 2 times\n  chat_create: POST /v1/chat/completions {"
)]
async fn too_many_are_listed() {
    _ = called(2).await.expect("chat_create").once();
}

#[tokio::test]
#[should_panic(expected = "videos_create was to be called once, and was called never; what came instead:\n  chat_create: POST")]
async fn what_came_instead_is_told() {
    _ = called(1).await.expect("videos_create").once();
}

#[tokio::test]
#[should_panic(expected = "chat_create: the body was to have \"other\" at /model, and has \"my-model\"")]
async fn another_value_is_told() {
    _ = called(1).await.expect("chat_create").once().body_has("/model", "other");
}

#[tokio::test]
#[should_panic(expected = "chat_create (request 1): the body was to have nothing at /messages/0/role, and has \"user\"")]
async fn a_value_too_many_is_told() {
    _ = called(2).await.expect("chat_create").times(2).body_lacks("/messages/0/role");
}

#[tokio::test]
#[should_panic(expected = "chat_create: the requests 1 and 2 are the same")]
async fn a_repeated_request_is_told() {
    _ = called(2).await.expect("chat_create").times(2).all_different();
}
