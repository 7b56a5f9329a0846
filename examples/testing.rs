//! Testing an application: what it does when the gateway misbehaves, and what it sent.
//!
//! `cargo run --example testing` needs no key: it talks to an embedded gateway on this machine. Each scene would be a
//! test of its own in your project, with `octopusx-mock` among the `dev-dependencies`.

use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::tasks::Task;
use octopusx::videos::SoraVideoRequest;
use octopusx::{Client, Error};
use octopusx_mock::{ErrorShape, Gateway, Reply, TaskStep};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::builder().chunk_pause(Duration::ZERO).start().await?;
    let client = Client::builder().base_url(gateway.url()).key(gateway.key()).build()?;

    // The gateway is busy twice: the client waits as long as it is told to, and asks again.
    gateway.next("chat_create").times(2).answers(Reply::status(429).retry_after(0));
    println!("busy, then:     {}", answer(&client).await);
    _ = gateway.expect("chat_create").times(3).body_has("/model", "gpt-4o").body_has("/messages/0/role", "user");

    // The stream ends too early, breaks off, and brings an error: what came before is kept, and the user is told.
    gateway.script(
        "chat_create",
        [
            Reply::usual().truncated_after(1),
            Reply::usual().reset_after(300),
            Reply::usual().error_after(1, ErrorShape::Text),
            Reply::page(502),
        ],
    );
    for scene in ["truncated", "reset", "error", "web page"] {
        println!("{:<15} {}", format!("{scene}:"), answer(&client).await);
    }

    // A video that is not there at first, is reviewed for a while, and fails.
    gateway.next("videos_create").makes_task([
        TaskStep::answers(Reply::status(404)),
        TaskStep::says("REVIEWING"),
        TaskStep::failed("the prompt was refused"),
    ]);
    println!("video:          {}", video(&client).await);
    // It was ordered, and paid, once.
    _ = gateway.expect("videos_create").once().body_has("/seconds", "10");
    assert_eq!(gateway.repeats("videos_create"), 0);
    gateway.shutdown().await;
    Ok(())
}

/// The application: it shows what it has, and says when something is missing.
async fn answer(client: &Client) -> String {
    let mut text = String::new();
    match streamed(client, &mut text).await {
        Ok(()) => text,
        Err(error) if error.is_truncated() => format!("{text} … (cut off)"),
        Err(error) => format!("{text} … ({error})"),
    }
}

async fn streamed(client: &Client, text: &mut String) -> Result<(), Error> {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
    let mut stream = client.chat().create_stream(&request).await?;
    while let Some(chunk) = stream.next().await {
        text.push_str(&chunk?.text());
    }
    Ok(())
}

async fn video(client: &Client) -> String {
    let request = SoraVideoRequest::new("sora-2", "a cat nods").seconds("10");
    let video = async {
        let task = client.videos().create(&request).await?;
        client.wait(&task).poll_every(Duration::from_millis(10)).deadline(Duration::from_secs(20)).await
    };
    match video.await {
        Ok(video) => video.media_urls().join(", "),
        Err(error) => format!("none: {error}"),
    }
}
