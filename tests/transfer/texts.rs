//! Answers that are held in memory: bytes up to a bound, and texts where JSON is documented too.

use httpmock::prelude::*;
use octopusx::audio::{TranscriptionForm, TranscriptionFormat};
use octopusx::{FilePart, audio::TranslationForm};

use crate::support::{builder, client};

const SRT: &str = "1\n00:00:00,000 --> 00:00:01,400\n[Music] The tide turns.\n";

fn form() -> TranscriptionForm {
    TranscriptionForm::new(FilePart::bytes("a.mp3", vec![0_u8; 4]), "whisper-1").response_format(TranscriptionFormat::Srt)
}

/// What came, in which media type, and the text that it must be read as.
#[tokio::test]
async fn a_text_is_read_as_a_transcription_and_nothing_else_is() {
    for (media, body, text) in [
        ("text/plain; charset=utf-8", SRT, Some(SRT)),
        ("text/plain", "", Some("")),
        ("text/vtt", "WEBVTT\n\n", Some("WEBVTT\n\n")),
        ("", "[Music]", Some("[Music]")),
        ("text/plain", r#"{"text": "hello"}"#, Some("hello")),
        ("application/json", r#"{"text": "hello"}"#, Some("hello")),
        ("text/plain", r#"{"text": "hel"#, None),
        ("application/json", SRT, None),
        ("application/json", r#"{"text": "hel"#, None),
        ("text/html", "<html><title>Busy</title></html>", None),
        ("text/plain", "<!DOCTYPE html><title>Busy</title>", None),
        ("text/plain", r#"{"error": {"message": "no"}}"#, None),
        ("video/mp4", "ftyp", None),
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.method(POST);
                let then = then.status(200).body(body);
                if !media.is_empty() {
                    then.header("content-type", media);
                }
            })
            .await;
        let client = client(&server.base_url());
        let read = client.audio().transcriptions(&form()).await;
        assert_eq!(read.as_ref().ok().map(|answer| answer.text.as_str()), text, "{media} {body}: {read:?}");
        match read {
            Ok(answer) => assert_eq!(answer.raw(), body),
            Err(error) => assert_eq!(error.body().unwrap(), body, "{error}"),
        }
        let file = FilePart::bytes("a.mp3", vec![0_u8; 4]);
        let read = client.audio().translations(&TranslationForm::new(file, "whisper-1")).await;
        assert_eq!(read.ok().map(|answer| answer.text.clone()).as_deref(), text, "{media} {body}");
    }
}

#[tokio::test]
async fn bytes_are_held_up_to_the_bound_alone() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.method(GET);
            then.status(200).header("content-type", "video/mp4").body(vec![7_u8; 1000]);
        })
        .await;
    let client = builder(&server.base_url()).max_body_bytes(999).build().unwrap();
    let content = || async { client.videos().content("v").await.unwrap() };
    let error = content().await.bytes().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("larger than 999 bytes"), "{error}");
    assert_eq!(content().await.max_body_bytes(1000).bytes().await.unwrap().len(), 1000);
    // A bound says nothing about reading in pieces.
    let mut pieces = content().await;
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        size += piece.unwrap().len();
    }
    assert_eq!(size, 1000);
}
