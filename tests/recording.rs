//! What the mock's recorder kept, read by the typed client: the same answers, byte by byte.

use std::time::Duration;

use octopusx::Client;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::embeddings::EmbeddingRequest;
use octopusx::tasks::Task;
use octopusx::videos::SoraVideoRequest;
use octopusx_mock::{ErrorShape, Gateway, Recorder, Recording, Reply};

use crate::support::{KEY, builder};

/// All that the client was given, each answer in its own bytes.
#[derive(Debug, PartialEq)]
struct Seen {
    whole: Vec<u8>,
    chunks: Vec<String>,
    refused: (Option<u16>, Vec<u8>),
    broken: (Vec<String>, bool),
    video: Vec<u8>,
    file: Vec<u8>,
}

async fn stream(client: &Client) -> (Vec<String>, bool) {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("héllo")]);
    let mut stream = client.chat().create_stream(&request).await.unwrap();
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            Some(Ok(_)) => events.push(stream.last_event().unwrap().data.to_owned()),
            Some(Err(_)) => return (events, false),
            None => return (events, true),
        }
    }
}

async fn use_all(client: &Client, own: &str) -> Seen {
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("hello")]);
    let whole = client.chat().create(&request).await.unwrap().raw().to_vec();
    let (chunks, is_whole) = stream(client).await;
    assert!(is_whole && chunks.len() > 1, "{chunks:?}");
    let error = client.embeddings().create(&EmbeddingRequest::new("m", "x")).await.unwrap_err();
    let refused = (error.http_status().map(|status| status.as_u16()), error.body().unwrap().to_vec());
    let broken = stream(client).await;
    let task = client.videos().create(&SoraVideoRequest::new("sora-2", "a cat nods")).await.unwrap();
    let done = client.wait(&task).poll_every(Duration::from_millis(1)).await.unwrap();
    assert!(done.media_urls()[0].starts_with(own), "{:?}", done.media_urls());
    let video = String::from_utf8(done.raw().to_vec()).unwrap().replace(own, "").into_bytes();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cat.mp4");
    client.download(&*done).to(&path).await.unwrap();
    Seen { whole, chunks, refused, broken, video, file: std::fs::read(&path).unwrap() }
}

#[tokio::test]
async fn a_replayed_answer_is_the_recorded_one_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Gateway::builder().key(KEY).task_step(Duration::ZERO).start().await.unwrap();
    upstream.next("embeddings_create").answers(Reply::status(400));
    upstream.next("chat_create").answers(Reply::usual());
    upstream.next("chat_create").answers(Reply::usual().wide_letters().in_pieces(7));
    upstream.next("chat_create").answers(Reply::usual().error_after(1, ErrorShape::Text));
    let recorder = Recorder::builder(upstream.url(), folder.path()).start().await.unwrap();
    let url = recorder.url().to_owned();
    let first = use_all(&builder(&url).build().unwrap(), &url).await;
    let kept = recorder.finish().await.unwrap();
    assert_eq!(kept, upstream.requests().len());
    drop(upstream);

    let recording = Recording::load(folder.path()).unwrap();
    assert_eq!(recording.len(), kept);
    let gateway = Gateway::builder().replays(recording).start().await.unwrap();
    let again = use_all(&builder(gateway.url()).build().unwrap(), gateway.url()).await;
    assert_eq!(again, first);
    assert!(!first.file.is_empty() && first.refused.0 == Some(400) && !first.broken.1, "{first:?}");
    assert_eq!(gateway.unused_recordings(), [""; 0]);
}
