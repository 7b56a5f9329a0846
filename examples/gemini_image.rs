//! Gemini looks at a picture: a file from disk, sent inside the request.
//!
//! `cargo run --example gemini_image -- photo.png` needs no key; see `examples/stage`.

mod stage;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octopusx::gemini::{GeminiBlob, GeminiContent, GeminiGenerateContentRequest, GeminiGenerationConfig};

/// One black pixel, where no file is named.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = &stage::set().await?.client;
    let picture = match std::env::args().nth(1) {
        Some(path) => STANDARD.encode(std::fs::read(path)?),
        None => PIXEL.to_owned(),
    };

    let question = GeminiContent::user("What does this picture show?").with_part(GeminiBlob::new("image/png", picture));
    let request = GeminiGenerateContentRequest::new([question])
        .system_instruction(GeminiContent::user("Answer in one sentence."))
        .generation_config(GeminiGenerationConfig::new().max_output_tokens(300));
    let answer = client.gemini().generate_content("gemini-2.0-flash", &request).await?;
    println!("{}", answer.text());
    let tokens = answer.usage_metadata.as_ref().and_then(|usage| usage.total_token_count);
    println!("{} tokens", tokens.unwrap_or_default());
    Ok(())
}
