//! Claude thinks aloud: thinking and text of a stream, told apart, and the answer as a part of the next request.
//!
//! `cargo run --example claude_thinking` needs no key; see `examples/stage`.

mod stage;

use octopusx::messages::{
    MessageContentBlock, MessageContentBlockDelta, MessageCreateRequest, MessageParam, MessageStreamEvent, MessageThinkingEnabled,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = &stage::set().await?.client;
    let mut conversation = vec![MessageParam::user("Is the museum open today, and do I need an umbrella?")];

    // The budget is a part of max_tokens, which has to be larger.
    let request = MessageCreateRequest::new("claude-sonnet-4-20250514", 4096, conversation.clone());
    let request = request.thinking(MessageThinkingEnabled::new(2048));
    let mut stream = client.messages().create_stream(&request).await?.collecting();
    while let Some(event) = stream.next().await {
        if let MessageStreamEvent::ContentBlockDelta(event) = event? {
            match event.delta {
                MessageContentBlockDelta::ThinkingDelta(delta) => println!("thinks: {}", delta.thinking),
                MessageContentBlockDelta::TextDelta(delta) => println!("says:   {}", delta.text),
                _ => {}
            }
        }
    }
    let message = stream.into_whole();
    let thoughts = message.content.iter().flatten().filter(|block| matches!(block, MessageContentBlock::Thinking(_))).count();
    let tokens = message.usage.as_ref().and_then(|usage| usage.output_tokens).unwrap_or_default();
    println!("{thoughts} block(s) of thinking, {tokens} tokens written");

    // Thinking goes back with its signature, as it came.
    conversation.push(message.into());
    conversation.push(MessageParam::user("And tomorrow?"));
    println!("the next request has {} messages", conversation.len());
    Ok(())
}
