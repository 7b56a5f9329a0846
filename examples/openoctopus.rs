//! The second gateway, OpenOctopus: models, a picture and a video, each followed to its end.
//!
//! `cargo run --example openoctopus` needs no key; with `OPENOCTOPUS_API_KEY` set it talks to the real gateway, which
//! bills what is made.

use std::time::Duration;

use octopusx::openoctopus::Client;
use octopusx::openoctopus::images::ImageGenerationRequest;
use octopusx::openoctopus::videos::VideoGenerationRequest;
use octopusx_mock::Gateway;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let embedded = Gateway::builder().task_step(Duration::from_millis(50)).start().await?;
    let (client, pause) = match Client::from_env() {
        Ok(client) => (client, Duration::from_secs(3)),
        Err(_) => {
            let builder = Client::builder().base_url(embedded.openoctopus_url()).key(embedded.openoctopus_key());
            (builder.build()?, Duration::from_millis(50))
        }
    };

    let models = client.models().list().await?;
    println!("{} models", models.data.iter().flatten().count());

    let request = ImageGenerationRequest::new("openoctopus/seedream-4.5").prompt("an octopus mascot");
    let task = client.images().generate(&request.input([("size", "1024x1024")])).await?;
    let image = client.wait(&task).poll_every(pause).await?;
    println!("image: {}", image.media_urls().join(", "));

    let request = VideoGenerationRequest::new("openoctopus/seedance-2.0").prompt("the octopus waves");
    let task = client.videos().generate(&request).await?;
    let video = client.wait(&task).poll_every(pause).deadline(Duration::from_secs(1200)).await?;
    println!("video: {}", video.media_urls().join(", "));
    Ok(())
}
