//! Responses: a conversation that goes on from what came, and is squeezed when it grows long.
//!
//! `cargo run --example responses_compaction` needs no key; see `examples/stage`.

mod stage;

use octopusx::responses::{ResponseCompactRequest, ResponseCreateRequest, ResponseInputItem, ResponseInputMessage};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = &stage::set().await?.client;
    let model = "gpt-4o";
    let mut items: Vec<ResponseInputItem> = Vec::new();

    for question in ["When is the Responses API a good fit?", "And when is it not?"] {
        items.push(ResponseInputMessage::user(question).into());
        let request = ResponseCreateRequest::new(model, items.clone()).instructions("Answer briefly.");
        let response = client.responses().create(&request).await?;
        println!("{question}\n  {}", response.text());
        items.extend(response.to_input());
    }

    // What comes back takes the place of all that was sent.
    let before = items.len();
    let compacted = client.responses().compact(&ResponseCompactRequest::new(model, items)).await?;
    let mut items = compacted.output.clone().unwrap_or_default();
    println!("{before} items became {}", items.len());

    items.push(ResponseInputMessage::user("Sum it up.").into());
    let response = client.responses().create(&ResponseCreateRequest::new(model, items)).await?;
    println!("Sum it up.\n  {}", response.text());
    Ok(())
}
