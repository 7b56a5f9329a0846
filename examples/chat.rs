//! A chat: one whole answer, then a streamed one with its cost, and the conversation goes on.
//!
//! `cargo run --example chat` needs no key; see `examples/stage`.

mod stage;

use std::io::Write;

use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatStreamOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = &stage::set().await?.client;
    let mut messages =
        vec![ChatMessage::system("You help with API documentation."), ChatMessage::user("Write a short summary of this API.")];

    let request = ChatCompletionRequest::new("gpt-4o", messages.clone()).temperature(0.2).max_tokens(200);
    let answer = client.chat().create(&request).await?;
    println!("{} (request {})", answer.text(), answer.request_id().unwrap_or("without an id"));

    // What was said becomes a part of the next request.
    messages.extend(answer.message().cloned());
    messages.push(ChatMessage::user("Now in one word."));
    let request = ChatCompletionRequest::new("gpt-4o", messages);
    let request = request.stream_options(ChatStreamOptions::new().include_usage(true));
    let mut stream = client.chat().create_stream(&request).await?.collecting();
    while let Some(chunk) = stream.next().await {
        print!("{}", chunk?.text());
        std::io::stdout().flush()?;
    }
    let whole = stream.into_whole();
    println!("\n{} tokens", whole.usage.and_then(|usage| usage.total_tokens).unwrap_or_default());
    Ok(())
}
