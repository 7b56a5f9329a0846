//! Tools from Rust types: the model asks for the weather, the program looks it up, the model answers.
//!
//! `cargo run --example chat_tools` needs no key; see `examples/stage`. A program of yours needs the feature `schemars`.

mod stage;

use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatTool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Tells the weather of a city for today.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "get_weather")]
struct GetWeather {
    /// The name of the city.
    city: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    let call = json!({ "id": "call_1", "type": "function", "function": {
        "name": "get_weather", "arguments": "{\"city\": \"Bergen\"}",
    } });
    let asks =
        json!({ "choices": [{ "message": { "role": "assistant", "tool_calls": [call] }, "finish_reason": "tool_calls" }] });
    stage.rehearse("chat_create", [asks, stage::chat_says("Yes, it rains.")]);

    let mut messages = vec![ChatMessage::user("Do I need an umbrella in Bergen today?")];
    // A model may ask several times before it answers.
    for _ in 0..5 {
        let request = ChatCompletionRequest::new("gpt-4o", messages.clone()).tools([ChatTool::of::<GetWeather>()?]);
        let answer = stage.client.chat().create(&request).await?;
        if answer.tool_calls().is_empty() {
            println!("{}", answer.text());
            return Ok(());
        }
        messages.extend(answer.message().cloned());
        for call in answer.tool_calls() {
            let result = if call.is::<GetWeather>() {
                // A model can mend what it is told of.
                call.parse_arguments().map_or_else(|error| error.to_string(), weather)
            } else {
                format!("there is no tool named {}", call.name())
            };
            println!("{}: {result}", call.name());
            messages.push(ChatMessage::tool(call.id.as_deref().unwrap_or_default(), result));
        }
    }
    Err("the model does nothing but call tools".into())
}

fn weather(GetWeather { city }: GetWeather) -> String {
    format!("9 degrees and rain in {city}")
}
