//! One idea, filmed by each family of video models: submitted one after another, waited for together, saved as they end.
//!
//! `cargo run --example videos` needs no key; see `examples/stage`. A real gateway bills each video, so there the families
//! have to be named: `cargo run --example videos -- kling seedance`.

mod stage;

use octopusx::tasks::TaskRef;
use octopusx::unified_videos::UnifiedVeoVideoRequest;
use octopusx::video_generations::{SeedanceTextContent, SeedanceVideoRequest, VideoGenerationRequest};
use octopusx::videos::{
    AigcVideoRequest, GrokImagineVideoRequest, JimengVideoForm, KlingVideoRequest, OmniVideoRequest, SoraVideoRequest,
    VeoVideoRequest,
};
use octopusx::vidu::ViduTextToVideoRequest;
use octopusx::{Client, Error};

const FAMILIES: [&str; 11] = ["sora", "veo", "kling", "grok", "omni", "jimeng", "aigc", "unified", "general", "seedance", "vidu"];
const IDEA: &str = "a paper boat crosses a puddle in the rain";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    let named: Vec<String> = std::env::args().skip(1).collect();
    let families = match named.is_empty() {
        true if stage.is_real() => return Err(format!("name the families to pay for: {}", FAMILIES.join(", ")).into()),
        true => FAMILIES.map(str::to_owned).to_vec(),
        false => named,
    };
    if let Some(unknown) = families.iter().find(|family| !FAMILIES.contains(&family.as_str())) {
        return Err(format!("there is no family {unknown}; there are {}", FAMILIES.join(", ")).into());
    }

    let mut tasks = Vec::new();
    for family in &families {
        match submit(&stage.client, family).await {
            Ok(task) => tasks.push(task),
            Err(error) => println!("{family}: {error}"),
        }
    }

    // Whatever the family: what was written down is waited for, told apart by its state, and downloaded in one way.
    let folder = std::env::temp_dir().join("paper-boats");
    std::fs::create_dir_all(&folder)?;
    let mut completed = stage.client.wait_all(tasks).poll_every(stage.pause()).as_completed();
    while let Some(done) = completed.next().await {
        match done {
            Ok(video) => {
                let saved = video.download().to(&folder).await?;
                println!("{}: {} bytes", video.task(), saved.size_bytes());
            }
            Err(error) => println!("{error}; to go on later: {:?}", error.resume()),
        }
    }
    println!("all in {}", folder.display());
    Ok(())
}

async fn submit(client: &Client, family: &str) -> Result<TaskRef, Error> {
    let videos = client.videos();
    match family {
        // The OpenAI format: one route, a type for each vendor, so that none gets a field of another.
        "sora" => videos.create(&SoraVideoRequest::new("sora-2", IDEA).seconds("10").size("720x1280")).await?.task_ref(),
        "veo" => videos.create(&VeoVideoRequest::new("veo_3_1-fast", IDEA).seconds("8").size("720x1280")).await?.task_ref(),
        "kling" => videos.create(&KlingVideoRequest::new("Kling-3.0-Omni", IDEA).seconds("5")).await?.task_ref(),
        "grok" => videos.create(&GrokImagineVideoRequest::new("grok-imagine-video", IDEA).seconds("6")).await?.task_ref(),
        "omni" => videos.create(&OmniVideoRequest::new("omni-fast", IDEA).seconds("8").resolution("720p")).await?.task_ref(),
        "jimeng" => videos.create(&JimengVideoForm::new("jimeng-video-3.0", IDEA).seconds("5")).await?.task_ref(),
        "aigc" => videos.create(&AigcVideoRequest::new("viduq3-pro", IDEA).seconds("5")).await?.task_ref(),
        // The unified format.
        "unified" => {
            let request = UnifiedVeoVideoRequest::new("veo3.1-fast-components", IDEA);
            client.unified_videos().create(&request).await?.task_ref()
        }
        // The general entry, which is Seedance 2's too.
        "general" => {
            let request = VideoGenerationRequest::new("kling-v1").prompt(IDEA).seconds("5");
            client.video_generations().create(&request).await?.task_ref()
        }
        "seedance" => {
            let request = SeedanceVideoRequest::new("doubao-seedance-2-0-260128", [SeedanceTextContent::new(IDEA)]);
            client.video_generations().create(&request).await?.task_ref()
        }
        // Vidu's own format.
        _ => client.vidu().text_to_video(&ViduTextToVideoRequest::new("viduq3-pro", IDEA)).await?.task_ref(),
    }
}
