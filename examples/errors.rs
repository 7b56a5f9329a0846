//! What can go wrong, how to tell it apart, and when a call is sent again.
//!
//! `cargo run --example errors` needs no key; see `examples/stage`.

mod stage;

use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::{Error, RetryPolicy};
use octopusx_mock::Reply;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = RetryPolicy::default().max_attempts(4).base_delay(Duration::from_millis(50));
    let stage = stage::set_with(|builder| builder.retry(policy).timeout(Duration::from_secs(60))).await?;
    stage.rehearse(
        "chat_create",
        [
            Reply::status(429), // refused, so it is sent again
            Reply::usual(),
            Reply::status(500), // may have been billed, so it is not
            Reply::usual().truncated_after(2),
        ],
    );
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);

    for _ in 0..2 {
        match stage.client.chat().create(&request).await {
            Ok(answer) => println!("{}", answer.text()),
            Err(error) => tell(&error),
        }
    }

    // What came before a stream broke is not lost.
    let mut stream = stage.client.chat().create_stream(&request).await?.collecting();
    while let Some(chunk) = stream.next().await {
        chunk.map_or_else(|error| tell(&error), |_| {});
    }
    println!("so far: {:?}", stream.snapshot().text());

    // A single call can have rules of its own.
    let key = octopusx::Client::builder().base_url(stage.client.base_url()).key("sk-wrong").build()?;
    let denied = key.models().list().retry(RetryPolicy::none()).timeout(Duration::from_secs(5)).await;
    denied.map_or_else(|error| tell(&error), |models| println!("{} models", models.data.len()));
    Ok(())
}

fn tell(error: &Error) {
    let what = match error {
        error if error.is_auth() => "the key is wrong",
        error if error.is_quota() => "nobody pays for it",
        error if error.is_rate_limited() => "too fast",
        error if error.is_truncated() => "it broke off",
        error if error.is_timeout() => "it took too long",
        error if error.is_retryable() => "it may work later",
        _ => "it does not work like this",
    };
    let billed = if error.may_have_been_processed() { "may have been billed" } else { "was not billed" };
    println!("{what}, sent {} times, {billed}: {error} ({:?})", error.attempts(), error.request_id());
}
