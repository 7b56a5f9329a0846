//! What building one request costs, beside raw reqwest with a hand-written struct. Nothing is sent.

use std::hint::black_box;
use std::time::Instant;

use octopusx::Client;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::videos::VideoRequest;
use serde::Serialize;

use crate::results::Results;
use crate::{Outcome, Part};

pub const PART: Part = Part { name: "request", run, roles: &[] };

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: &'static str,
}

#[derive(Serialize)]
struct Chat {
    model: &'static str,
    messages: Vec<Message>,
    temperature: f64,
}

/// The best of several rounds: noise only ever adds.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    const ROUND: u32 = 20_000;
    (0..15)
        .map(|_| {
            let started = Instant::now();
            (0..ROUND).for_each(|_| work());
            started.elapsed().as_nanos() as f64 / f64::from(ROUND)
        })
        .fold(f64::INFINITY, f64::min)
}

fn run(results: &mut Results) -> Outcome {
    let client = Client::builder().key("sk-bench").base_url("http://127.0.0.1:9").build()?;
    let http = reqwest::Client::new();
    let chat = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Name three jobs of an API gateway.")]).temperature(0.2);
    let plain = Chat {
        model: "gpt-4o",
        messages: vec![Message { role: "user", content: "Name three jobs of an API gateway." }],
        temperature: 0.2,
    };
    let video = VideoRequest::new("sora-2", "a paper plane flies through an office").seconds("5").size("1280x720");

    let ours_get = nanoseconds(|| {
        black_box(client.videos().get(black_box("video_abc123")).request()).ok();
    });
    let raw_get = nanoseconds(|| {
        let url = format!("http://127.0.0.1:9/v1/videos/{}", black_box("video_abc123"));
        black_box(http.get(url).bearer_auth("sk-bench").header("accept", "application/json").build()).ok();
    });
    let ours_chat = nanoseconds(|| {
        black_box(client.chat().create(black_box(&chat)).request()).ok();
    });
    let raw_chat = nanoseconds(|| {
        let call = http.post("http://127.0.0.1:9/v1/chat/completions").bearer_auth("sk-bench");
        black_box(call.header("accept", "application/json").json(black_box(&plain)).build()).ok();
    });
    let ours_video = nanoseconds(|| {
        black_box(client.videos().create(black_box(&video)).request()).ok();
    });
    results.table(
        "building one request, ns",
        &["octopusx", "raw reqwest", "ratio"],
        &[
            ("GET /v1/videos/{id}", vec![ours_get, raw_get, ours_get / raw_get]),
            ("POST /v1/chat/completions", vec![ours_chat, raw_chat, ours_chat / raw_chat]),
            ("POST /v1/videos", vec![ours_video, f64::NAN, f64::NAN]),
        ],
    );
    Ok(())
}
