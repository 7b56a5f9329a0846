//! Testing your own program with the embedded gateway: order what it says, look at what it was asked.
//!
//! `cargo run --example mock_gateway`. In a project of yours `octopusx-mock` is a dev-dependency, and each of these
//! functions is a `#[tokio::test]`.

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::{Client, Error};
use octopusx_mock::{Gateway, Reply};
use serde_json::json;

/// The program that is to be tested: it sums a text up, and has a plan for when that fails.
async fn summary(client: &Client, text: &str) -> Result<String, Error> {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::system("Sum it up."), ChatMessage::user(text)]);
    match client.chat().create(&request).await {
        Ok(answer) => Ok(answer.text()),
        Err(error) if error.is_quota() => Ok(text.chars().take(20).collect()),
        Err(error) => Err(error),
    }
}

fn client(gateway: &Gateway) -> Result<Client, Error> {
    Client::builder().base_url(gateway.url()).key(gateway.key()).build()
}

async fn a_text_is_summed_up() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    let message = json!({ "role": "assistant", "content": "Short." });
    gateway.next("chat_create").answers(json!({ "choices": [{ "index": 0, "message": message }] }));
    assert_eq!(summary(&client(&gateway)?, "A long story.").await?, "Short.");
    gateway.expect("chat_create").once().body_has("/messages/1/content", "A long story.");
    Ok(())
}

async fn without_money_the_text_is_cut() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    gateway.next("chat_create").answers(Reply::status(402));
    assert_eq!(summary(&client(&gateway)?, "A very long story without an end.").await?, "A very long story wi");
    Ok(())
}

async fn a_crash_is_paid_once() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    gateway.on("chat_create").answers(Reply::status(500));
    let error = summary(&client(&gateway)?, "A story.").await.err().ok_or("it can't succeed")?;
    assert!(error.may_have_been_processed());
    assert_eq!(gateway.count("chat_create"), 1);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    a_text_is_summed_up().await?;
    without_money_the_text_is_cut().await?;
    a_crash_is_paid_once().await?;
    println!("3 tests passed");
    Ok(())
}
