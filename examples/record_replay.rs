//! Tests with real answers: what a gateway said once lies in a folder, and from then on the folder answers.
//!
//! `cargo run --example record_replay` needs no key: it records what the embedded gateway says. With `OCTOPUSX_API_KEY` it
//! records the real one, which bills two short chat completions.

use octopusx::Client;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx_mock::{Gateway, Recorder, Recording};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let embedded = Gateway::start().await?;
    let (upstream, key) = match std::env::var("OCTOPUSX_API_KEY") {
        Ok(key) if !key.trim().is_empty() => {
            (std::env::var("OCTOPUSX_BASE_URL").unwrap_or("https://octopusx.ai".to_owned()), key)
        }
        _ => (embedded.url().to_owned(), embedded.key().to_owned()),
    };

    // Once, by hand: the application talks to the recorder, which talks to the gateway.
    let folder = std::env::temp_dir().join(format!("octopusx-recording-{}", std::process::id()));
    let recorder = Recorder::builder(upstream, &folder).start().await?;
    let client = Client::builder().base_url(recorder.url()).key(&key).build()?;
    let said = application(&client).await?;
    println!("the gateway said:   {said:?}");
    println!("{} answers are kept:", recorder.finish().await?);
    let mut files: Vec<_> = std::fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(|file| file.file_name());
    for file in &files {
        let text = std::fs::read_to_string(file.path())?;
        assert!(!text.contains(&key), "no file holds the key");
        println!("  {} ({} bytes)", file.file_name().display(), text.len());
    }

    // Ever after, in a test: no network, no key, no cost, and the same answers.
    let gateway = Gateway::builder().replays(Recording::load(&folder)?).start().await?;
    let client = Client::builder().base_url(gateway.url()).key("any").build()?;
    let again = application(&client).await?;
    println!("the folder said:    {again:?}");
    assert_eq!(again, said);
    assert_eq!(gateway.unused_recordings(), [""; 0]);

    // What nobody has recorded is refused, and the nearest recordings are named.
    if let Err(error) = client.models().list().await {
        println!("not in the folder:  {error}");
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The application: one answer whole, one in pieces.
async fn application(client: &Client) -> Result<[String; 2], octopusx::Error> {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
    let whole = client.chat().create(&request).await?.text().to_owned();
    let mut stream = client.chat().create_stream(&request).await?.text_stream();
    let mut pieces = String::new();
    while let Some(piece) = stream.next().await {
        pieces.push_str(&piece?);
    }
    Ok([whole, pieces])
}
