//! An upload puts the whole file where the gateway says, without the key, or says why not.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use octopusx::{Client, Error, RetryPolicy, Uploaded};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::server::{Reply, Server};
use super::storage::{Signed, Storage};
use crate::support::{KEY, builder, client};
use crate::watch::{SIGNATURE, hides};

/// So many pieces of one length.
struct Pieces(usize, Bytes);

impl Stream for Pieces {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        Poll::Ready(Some(Ok(self.1.clone())))
    }
}

fn patient(server: &Server) -> Client {
    builder(&server.url).retry(RetryPolicy::default().base_delay(Duration::ZERO)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_checks_signatures_gets_files_of_any_size() {
    let storage = Storage::start().await;
    let folder = TempDir::new().unwrap();
    for bytes in [Vec::new(), vec![7], vec![9; 1_000_003]] {
        let signed = Signed { media: Some("image/png"), ..Signed::default() };
        let gateway = storage.gateway(vec![signed; 3], true).await;
        let client = client(&gateway.url);
        let path = folder.path().join("cat.png");
        std::fs::write(&path, &bytes).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let uploaded = client.uploads().file(&path).on_progress(move |sent| told.lock().unwrap().push(sent)).await.unwrap();
        assert_eq!((uploaded.public_url(), uploaded.content_type()), ("https://files.example/0/file.bin", "image/png"));
        assert_eq!(uploaded.size_bytes(), bytes.len() as u64);
        assert!(std::fs::read(storage.path()).unwrap() == bytes);
        let seen = seen.lock().unwrap().clone();
        assert!(seen.windows(2).all(|pair| pair[0].bytes < pair[1].bytes), "{seen:?}");
        assert_eq!(seen.last().unwrap().percent(), Some(100.0));
        let (length, whole) = (bytes.len() as u64, Bytes::from(bytes.clone()));
        std::fs::remove_file(storage.path()).unwrap();
        client.uploads().bytes("cat.png", bytes.clone()).await.unwrap();
        assert!(std::fs::read(storage.path()).unwrap() == bytes);
        std::fs::remove_file(storage.path()).unwrap();
        client.uploads().stream("cat.png", Pieces(1, whole), length).await.unwrap();
        assert!(std::fs::read(storage.path()).unwrap() == bytes);
        hides(&format!("{uploaded:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_64_mib_arrives_whole() {
    let storage = Storage::start().await;
    let gateway = storage.gateway(vec![Signed::default()], true).await;
    let piece = Bytes::from((0..=255).cycle().take(1 << 16).collect::<Vec<u8>>());
    let pieces = Pieces(1024, piece.clone());
    let uploaded = client(&gateway.url).uploads().stream("film.mp4", pieces, 64 << 20).await.unwrap();
    assert_eq!((uploaded.size_bytes(), uploaded.content_type()), (64 << 20, "video/mp4"));
    let mut sum = Sha256::new();
    (0..1024).for_each(|_| sum.update(&piece));
    assert!(Sha256::digest(std::fs::read(storage.path()).unwrap()) == sum.finalize());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_content_type_is_refused_and_named() {
    let storage = Storage::start().await;
    let signed = Signed { media: Some("image/png"), ..Signed::default() };
    for (told, refused) in [(false, true), (true, false)] {
        let gateway = storage.gateway(vec![signed], told).await;
        let upload = client(&gateway.url).uploads().bytes("cat.mp4", vec![0; 100_000]);
        match upload.await {
            Ok(uploaded) => assert!(!refused && uploaded.content_type() == "image/png"),
            Err(error) => {
                let text = error.to_string();
                assert!(refused && text.contains("403") && text.contains("for a file of type `video/mp4`"), "{text}");
                assert_eq!(error.api().unwrap().code(), Some("SignatureDoesNotMatch"));
                assert!(!error.is_auth() && !error.may_have_been_processed());
                hides(&format!("{error} {error:?}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_ended_is_asked_for_anew() {
    let storage = Storage::start().await;
    let ended = Signed { ago: Duration::from_secs(120), life: Duration::from_secs(60), ..Signed::default() };
    let gateway = storage.gateway(vec![ended, Signed::default()], true).await;
    let uploaded = client(&gateway.url).uploads().bytes("a.bin", "hello").await.unwrap();
    assert_eq!(uploaded.public_url(), "https://files.example/1/file.bin");
    assert_eq!(std::fs::read(storage.path()).unwrap(), b"hello");
    // One that ends again and again is an error, and so is one of a stream, which can't be read twice.
    let gateway = storage.gateway(vec![ended; 9], true).await;
    let error = client(&gateway.url).uploads().bytes("a.bin", "hello").await.unwrap_err();
    assert!(error.to_string().contains("Request has expired"), "{error}");
    assert_eq!(gateway.asked().len(), 3);
    let gateway = storage.gateway(vec![ended; 9], true).await;
    let error = client(&gateway.url).uploads().stream("a.bin", Pieces(1, "hello".into()), 5).await.unwrap_err();
    assert!(error.to_string().contains("Request has expired"), "{error}");
    assert_eq!(gateway.asked().len(), 1);
}

/// A gateway and a storage in one that answers each PUT with the next of these.
async fn answering(answers: Vec<Reply>) -> (Server, Server) {
    let next = AtomicUsize::new(0);
    let storage = Server::start(move |_, _| {
        let reply = answers.get(next.fetch_add(1, Ordering::Relaxed)).or(answers.last());
        reply.unwrap().clone()
    })
    .await;
    let address = storage.at(&format!("/put?sig={SIGNATURE}"));
    let gateway = Server::start(move |_, _| {
        let data = json!({"upload_url": address, "public_url": "https://files.example/f"});
        Reply::new(200, json!({"success": true, "data": data}).to_string()).header("content-type", "application/json")
    })
    .await;
    (gateway, storage)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_passing_is_sent_again_and_a_stream_is_not() {
    let broken = Reply { length: Some(Some(10)), ..Reply::new(200, "") };
    for failure in [Reply::new(503, "busy"), Reply::new(500, ""), broken] {
        let (gateway, storage) = answering(vec![failure.clone(), failure.clone(), Reply::new(200, "")]).await;
        let bytes = vec![1; 600_000];
        let uploaded = patient(&gateway).uploads().bytes("a.bin", bytes).await.unwrap();
        assert_eq!(uploaded.size_bytes(), 600_000);
        let asked = storage.asked();
        assert!(asked.iter().all(|asked| asked.header("content-length") == Some("600000")), "{asked:?}");
        assert!(asked.iter().all(|asked| asked.headers.values().all(|value| !value.contains(KEY))), "{asked:?}");
        let (gateway, storage) = answering(vec![failure, Reply::new(200, "")]).await;
        let result = patient(&gateway).uploads().stream("a.bin", Pieces(2, "abc".into()), 6).await;
        if let Err(error) = result {
            assert!(!error.may_have_been_processed(), "{error}");
        }
        assert_eq!(storage.asked().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_length_than_announced_is_never_taken() {
    let error_of = |result: Result<Uploaded, Error>| result.unwrap_err().to_string();
    for (pieces, length, why) in [
        (Pieces(3, "abc".into()), 8, "holds more than the 8 bytes"),
        (Pieces(3, "abc".into()), 6, "holds more than the 6 bytes"),
        (Pieces(2, "abc".into()), 9, "ended after 6 of 9 bytes"),
        (Pieces(0, Bytes::new()), 1, "ended after 0 of 1 bytes"),
    ] {
        let (gateway, _storage) = answering(vec![Reply::new(200, "")]).await;
        let error = error_of(patient(&gateway).uploads().stream("a.bin", pieces, length).await);
        assert!(error.contains(why), "{error}");
    }
    let (gateway, storage) = answering(vec![Reply::new(200, "")]).await;
    let folder = TempDir::new().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing")] {
        let error = patient(&gateway).uploads().file(path).await.unwrap_err();
        assert!(!error.may_have_been_processed() && storage.asked().is_empty(), "{error}");
    }
}

#[tokio::test]
async fn what_the_gateway_answers_must_lead_somewhere() {
    for (answer, why) in [
        (json!({"success": false, "message": "no quota"}), "no quota"),
        (json!({"success": true, "data": {}}), "no address for the file"),
        (json!({"success": true, "data": {"upload_url": "https://b.example/f"}}), "no address for the file"),
        (json!({"success": true, "data": {"upload_url": "ftp://b.example/f", "public_url": "p"}}), "begins with ftp:"),
    ] {
        let server =
            Server::start(move |_, _| Reply::new(200, answer.to_string()).header("content-type", "application/json")).await;
        let error = client(&server.url).uploads().bytes("a.png", "x").prefix("takes").expires_in(60).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
