//! Pictures: a new one from words, then a change to it, sent as a form with a file.
//!
//! `cargo run --example images` needs no key; see `examples/stage`. A real gateway bills both pictures.

mod stage;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octopusx::FilePart;
use octopusx::images::{GeneratedImage, GptImageEditForm, GptImageRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    // One black pixel, as models send their pictures: the embedded gateway draws no better.
    let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    stage.rehearse("images_generate", [serde_json::json!({ "created": 1735689600, "data": [{ "b64_json": pixel }] })]);

    let request = GptImageRequest::new("gpt-image-1", "an orange and black octopus mascot").size("1024x1024");
    let images = stage.client.images().generate(&request).await?;
    let file = std::env::temp_dir().join("octopus.png");
    for image in &images.data {
        match image {
            GeneratedImage { b64_json: Some(picture), .. } => {
                std::fs::write(&file, STANDARD.decode(picture)?)?;
                println!("saved {}", file.display());
            }
            GeneratedImage { url, .. } => println!("at {}", url.as_deref().unwrap_or("no address")),
        }
    }

    if file.exists() {
        let form = GptImageEditForm::new("gpt-image-1", "the same octopus at night", FilePart::path(&file));
        let edited = stage.client.images().edit(&form).await?;
        println!("{} edited, {:?}", edited.data.len(), edited.data.first().and_then(|image| image.url.as_deref()));
        std::fs::remove_file(&file)?;
    }
    Ok(())
}
