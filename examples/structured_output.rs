//! Answers that are Rust types, in four protocols, and what an answer says that is none.
//!
//! `cargo run --example structured_output` needs no key; see `examples/stage`. A program of yours needs the feature
//! `schemars`.

mod stage;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::gemini::{GeminiContent, GeminiGenerateContentRequest};
use octopusx::messages::{MessageCreateRequest, MessageParam};
use octopusx::responses::ResponseCreateRequest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Somebody, as a text tells of them.
#[derive(Debug, Deserialize, JsonSchema)]
struct Person {
    name: String,
    /// In years.
    age: Option<u32>,
    known_for: Vec<String>,
}

const TEXT: &str = "Who is this? Ada Lovelace was 27 when she wrote the first program.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    rehearse(&stage);
    let client = &stage.client;

    let chat = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user(TEXT)]).answer_as::<Person>()?;
    let person: Person = client.chat().create(&chat).await?.parse()?;
    println!("chat:      {}, {:?}, known for {:?}", person.name, person.age, person.known_for);

    let response = ResponseCreateRequest::new("gpt-4o", TEXT).answer_as::<Person>()?;
    println!("responses: {:?}", client.responses().create(&response).await?.parse::<Person>()?);

    let message = MessageCreateRequest::new("claude-sonnet-4-20250514", 1024, [MessageParam::user(TEXT)]);
    let answer = client.messages().create(&message.answer_as::<Person>()?).await?;
    println!("claude:    {:?}", answer.parse::<Person>()?);

    let gemini = GeminiGenerateContentRequest::new([GeminiContent::user(TEXT)]).answer_as::<Person>()?;
    let answer = client.gemini().generate_content("gemini-2.0-flash", &gemini).await?;
    println!("gemini:    {:?}", answer.parse::<Person>()?);

    // Models that don't know schemas may write anything.
    match client.chat().create(&chat).await?.parse::<Person>() {
        Ok(person) => println!("again:     {person:?}"),
        Err(error) if error.is_refused() => println!("refused:   {}", error.text().unwrap_or_default()),
        Err(error) if error.is_truncated() => println!("cut off:   ask again with more max_tokens"),
        Err(error) => println!("again:     {error}\n           in {}", error.text().unwrap_or_default()),
    }
    Ok(())
}

/// What the embedded gateway says in place of models.
fn rehearse(stage: &stage::Stage) {
    let ada = json!({ "name": "Ada Lovelace", "age": 27, "known_for": ["the first program"] });
    let text = ada.to_string();
    stage.rehearse(
        "chat_create",
        [stage::chat_says(text.as_str()), stage::chat_says("```json\n{\"name\": \"Ada\", \"age\": \"27 years\"}\n```")],
    );
    let output = json!([{ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] }]);
    stage.rehearse("responses_create", [json!({ "id": "resp_1", "status": "completed", "output": output })]);
    let input = json!([{ "type": "tool_use", "id": "toolu_1", "name": "answer", "input": ada }]);
    stage.rehearse("messages_create", [json!({ "role": "assistant", "content": input, "stop_reason": "tool_use" })]);
    let content = json!({ "role": "model", "parts": [{ "text": text }] });
    stage.rehearse("gemini_generate_content", [json!({ "candidates": [{ "content": content, "finishReason": "STOP" }] })]);
}
