//! Midjourney: a drawing of four pictures, then one of them enlarged, as a file.
//!
//! `cargo run --example midjourney` needs no key; see `examples/stage`. A real gateway bills both tasks.

mod stage;

use octopusx::midjourney::{MidjourneyActionRequest, MidjourneyImagineRequest, MidjourneyMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    let client = &stage.client;

    let request = MidjourneyImagineRequest::new(MidjourneyMode::Relax, "a lighthouse in the fog, oil on canvas --ar 16:9");
    let task = client.midjourney().imagine(&request).await?;
    let shown = |percent: Option<f64>| println!("drawing: {:>3.0} %", percent.unwrap_or_default());
    let drawing = client.wait(&task).poll_every(stage.pause()).on_progress(move |task| shown(task.progress_percent())).await?;
    println!("all four: {}", drawing.media_urls().join(", "));

    // What can be done with a drawing stands on its buttons: U1 to U4 enlarge one of its pictures, V1 to V4 vary it.
    let button = drawing.buttons.iter().flatten().find(|button| button.label.as_deref() == Some("U1"));
    let press = button.and_then(|button| button.custom_id.as_deref()).ok_or("the drawing can't be enlarged")?;
    let task = client.midjourney().action(&MidjourneyActionRequest::new(&drawing.id, press)).await?;
    let picture = client.wait(&task).poll_every(stage.pause()).await?;

    let file = std::env::temp_dir().join("lighthouse.png");
    let saved = client.download(&picture).to(&file).await?;
    println!("enlarged: {} ({} bytes)", saved.path().display(), saved.size_bytes());
    std::fs::remove_file(&file)?;
    Ok(())
}
