//! `octopusx image`, `video` and `upload`: files in and out.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octopusx::Client;
use octopusx::images::{GeneratedImage, GptImageRequest};
use octopusx::openoctopus::{images::ImageGenerationRequest, videos::VideoGenerationRequest};
use octopusx::tasks::{Task, TaskRef};
use octopusx::videos::VideoRequest;
use serde_json::json;

use crate::args::{Media, Session, Video};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::text_of;
use crate::tasks::Gateway;

/// How long images are waited for where they are tasks, in seconds.
const IMAGE_DEADLINE: u64 = 900;

pub async fn image(session: &Session, image: &Media, output: &Output) -> Result<(), Failure> {
    let prompt = text_of(&image.prompt)?;
    let gateway = Gateway::of(session)?;
    match &gateway {
        Gateway::OctopusX(client) => {
            // The vendors' requests differ in what `--set` can say; these two members all of them have.
            let request = GptImageRequest::new(&image.model, prompt);
            let request = image.settings.iter().fold(request, |request, (name, value)| request.with_extra(name, value.clone()));
            let answer = client.images().generate(&request).await?;
            for (number, made) in answer.data.iter().enumerate() {
                save_image(client, made, number, &image.output, output).await?;
            }
            if answer.data.is_empty() { Err(Failure::Local("the gateway made no image".to_owned())) } else { Ok(()) }
        }
        Gateway::OpenOctopus(client) => {
            let request = ImageGenerationRequest::new(&image.model).prompt(prompt);
            let request = image.settings.iter().fold(request, |request, (name, value)| request.with_extra(name, value.clone()));
            let task = client.images().generate(&request).await?.task_ref()?;
            let done = gateway.wait(&task, IMAGE_DEADLINE, output).await?;
            gateway.save(&done, &image.output, output).await
        }
    }
}

async fn save_image(client: &Client, image: &GeneratedImage, number: usize, path: &Path, output: &Output) -> Result<(), Failure> {
    let file = if let Some(url) = &image.url {
        client.download_url(url).to(if number == 0 { path } else { folder_of(path) }).await?.path().to_owned()
    } else if let Some(data) = &image.b64_json {
        let bytes = STANDARD.decode(data).map_err(|error| Failure::Local(format!("the image is no base64: {error}")))?;
        let file = place(path, number);
        std::fs::write(&file, bytes).map_err(|error| Failure::local(&format!("can't write {}", file.display()), &error))?;
        file
    } else {
        return Err(Failure::Local("the answer holds neither an address nor the image".to_owned()));
    };
    let file = file.display().to_string();
    output.line(&if output.json { json!({"file": file}).to_string() } else { file })
}

fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

/// Where an image without a name comes: the file that was asked for, or a name that is free.
fn place(path: &Path, number: usize) -> PathBuf {
    if !path.is_dir() && number == 0 {
        return path.to_owned();
    }
    let free = (1..).map(|at| folder_of(path).join(format!("image-{at}.png"))).find(|file| !file.exists());
    free.unwrap_or_else(|| path.to_owned())
}

pub async fn video(session: &Session, video: &Video, output: &Output) -> Result<(), Failure> {
    let media = &video.media;
    let prompt = text_of(&media.prompt)?;
    let gateway = Gateway::of(session)?;
    let task: TaskRef = match &gateway {
        Gateway::OctopusX(client) => {
            let request = VideoRequest::new(&media.model, prompt);
            let request = media.settings.iter().fold(request, |request, (name, value)| request.with_extra(name, value.clone()));
            client.videos().create(&request).await?.task_ref()?
        }
        Gateway::OpenOctopus(client) => {
            let request = VideoGenerationRequest::new(&media.model).prompt(prompt);
            let request = media.settings.iter().fold(request, |request, (name, value)| request.with_extra(name, value.clone()));
            client.videos().generate(&request).await?.task_ref()?
        }
    };
    if video.detach {
        return if output.json { output.value(&json!(task)) } else { output.line(&task.to_string()) };
    }
    // It is paid for: whatever happens from here on, its id is on the screen.
    output.note(&format!("task {task}"));
    let done = gateway.wait(&task, video.deadline, output).await?;
    gateway.save(&done, &media.output, output).await
}

pub async fn upload(session: &Session, file: &Path, output: &Output) -> Result<(), Failure> {
    let uploaded = session.octopusx("uploads")?.uploads().file(file).await?;
    let url = uploaded.public_url();
    if output.json { output.value(&json!({"url": url})) } else { output.line(url) }
}
