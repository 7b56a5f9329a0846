//! A tour of the crate: quota, models, a chat that streams, a Realtime exchange, a video task with a progress bar, a picture
//! by Midjourney that is saved, uploaded and edited, and an image of the second gateway.
//!
//! `cargo run --example tour` needs no key: it starts an embedded gateway on this machine. With `OCTOPUSX_API_KEY` set it
//! talks to the real one, and a video and pictures then cost real money.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::images::{GeneratedImage, GptImageEditForm};
use octopusx::midjourney::{MidjourneyImagineRequest, MidjourneyMode};
use octopusx::openoctopus::{self, images::ImageGenerationRequest};
use octopusx::tasks::Task;
use octopusx::videos::SoraVideoRequest;
use octopusx::{Client, Error, FilePart, Transferred};
use octopusx_mock::Gateway;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = Stage::set().await?;
    quota(&stage.client).await?;
    models(&stage.client).await?;
    chat(&stage.client).await?;
    realtime(&stage.client).await?;
    let file = video(&stage.client).await?;
    println!("saved: {}", file.display());
    let picture = imagine(&stage.client).await?;
    upload(&stage.client, &picture).await?;
    edit(&stage.client, &picture).await?;
    match &stage.openoctopus {
        Some(client) => image(client).await?,
        None => println!("image: skipped, OPENOCTOPUS_API_KEY is not set"),
    }
    Ok(())
}

/// The clients, and the embedded gateway when there is no key.
struct Stage {
    client: Client,
    openoctopus: Option<openoctopus::Client>,
    _gateway: Option<Gateway>,
}

impl Stage {
    async fn set() -> Result<Self, Box<dyn std::error::Error>> {
        if std::env::var("OCTOPUSX_API_KEY").is_ok_and(|key| !key.trim().is_empty()) {
            let client = Client::from_env()?;
            println!("gateway: {} (real, with your key)", client.base_url());
            return Ok(Self { client, openoctopus: openoctopus::Client::from_env().ok(), _gateway: None });
        }
        let gateway = Gateway::start().await?;
        println!("gateway: {} (embedded; set OCTOPUSX_API_KEY to talk to the real one)", gateway.url());
        let client = Client::builder().base_url(gateway.url()).key(gateway.key()).build()?;
        let second = openoctopus::Client::builder().base_url(gateway.openoctopus_url()).key(gateway.openoctopus_key()).build()?;
        Ok(Self { client, openoctopus: Some(second), _gateway: Some(gateway) })
    }
}

async fn quota(client: &Client) -> Result<(), Error> {
    let usage = client.account().token_usage().await?;
    let key = usage.data.name.as_deref().unwrap_or("this key");
    println!("quota: {key} has {} of {} left", shown(usage.data.total_available), shown(usage.data.total_granted));
    Ok(())
}

fn shown(amount: Option<i64>) -> String {
    amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string())
}

async fn models(client: &Client) -> Result<(), Error> {
    let models = client.models().list().await?;
    let names: Vec<&str> = models.data.iter().take(3).map(|model| model.id.as_str()).collect();
    println!("models: {}, among them {}", models.data.len(), names.join(", "));
    Ok(())
}

async fn chat(client: &Client) -> Result<(), Error> {
    let question = "Name three jobs of an API gateway.";
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user(question)]);
    let mut stream = client.chat().create_stream(&request).await?;
    print!("chat: ");
    while let Some(chunk) = stream.next().await {
        print!("{}", chunk?.text());
        // Without this the terminal would show whole lines only.
        let _ = std::io::stdout().flush();
    }
    println!();
    Ok(())
}

async fn realtime(client: &Client) -> Result<(), Error> {
    let mut session = client.realtime().connect("gpt-4o-realtime").await?;
    session.send_text("Say hello over a WebSocket.").await?;
    session.create_response().await?;
    let answer = session.collect_response().await?;
    println!("realtime: {}", answer.text());
    session.close().await
}

/// Between two questions about a task.
fn pause(client: &Client) -> Duration {
    Duration::from_millis(if client.base_url().contains("127.0.0.1") { 100 } else { 3000 })
}

async fn video(client: &Client) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let request = SoraVideoRequest::new("sora-2", "a cat nods to music in heavy rain").seconds("10").size("1280x720");
    let task = client.videos().create(&request).await?;
    println!("video: task {} is {}", task.id, task.state_word().unwrap_or_default());
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stdout());
    bar.set_style(ProgressStyle::with_template("video: [{bar:40}] {pos:>3} % {msg}")?.progress_chars("=> "));
    let shown = bar.clone();
    let done = client
        .wait(&task)
        .deadline(Duration::from_secs(20 * 60))
        .poll_every(pause(client))
        .on_progress(move |video| {
            let percent = video.progress_percent().unwrap_or_default() as u64;
            let word = video.state_word().unwrap_or_default();
            // Where the output is no terminal there is no bar, but lines when something changed.
            if shown.is_hidden() && (percent, &word) != (shown.position(), &shown.message()) {
                println!("video: {percent:>3} % {word}");
            }
            shown.set_message(word);
            shown.set_position(percent);
        })
        .await?;
    bar.finish();
    if !bar.is_hidden() {
        println!();
    }
    let file = std::env::temp_dir().join(format!("{}.mp4", done.id));
    let size = client.videos().content(&done.id).await?.save_to(&file).await?;
    println!("video: {size} bytes");
    Ok(file)
}

async fn imagine(client: &Client) -> Result<PathBuf, Error> {
    let request = MidjourneyImagineRequest::new(MidjourneyMode::Fast, "an orange and black octopus mascot --ar 1:1");
    let task = client.midjourney().imagine(&request).await?;
    println!("imagine: task {}", task.task_id().unwrap_or_default());
    let done = client.wait(&task).poll_every(pause(client)).await?;
    let saved = client.download(&done).to(std::env::temp_dir().join(format!("{}.png", done.id))).await?;
    println!("imagine: {} bytes in {}", saved.size_bytes(), saved.path().display());
    Ok(saved.path().to_owned())
}

/// Gives a file an address that the gateway's other routes can fetch.
async fn upload(client: &Client, file: &Path) -> Result<(), Error> {
    let told = |sent: Transferred| println!("upload: {:>3.0} %", sent.percent().unwrap_or(100.0));
    let uploaded = client.uploads().file(file).on_progress(told).await?;
    println!("upload: {} as {}", uploaded.public_url(), uploaded.content_type());
    Ok(())
}

async fn edit(client: &Client, picture: &Path) -> Result<(), Error> {
    let form = GptImageEditForm::new("gpt-image-1", "the same octopus at night", FilePart::path(picture));
    let edited = client.images().edit(&form).await?;
    match edited.data.first() {
        Some(GeneratedImage { url: Some(url), .. }) => println!("edit: {url}"),
        Some(GeneratedImage { b64_json: Some(picture), .. }) => println!("edit: {} characters of Base64", picture.len()),
        _ => println!("edit: no picture came"),
    }
    Ok(())
}

async fn image(client: &openoctopus::Client) -> Result<(), Error> {
    let request = ImageGenerationRequest::new("openoctopus/seedream-4.5")
        .prompt("an orange and black octopus mascot")
        .input([("size", "1024x1024")]);
    let task = client.images().generate(&request).await?;
    let done = client.wait(&task).poll_every(Duration::from_millis(500)).await?;
    println!("image: {}", done.media_urls().join(", "));
    Ok(())
}
