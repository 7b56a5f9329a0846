//! Spans after the OpenTelemetry conventions for generative AI, for whatever listens to `tracing`.
//!
//! `cargo run --example telemetry` needs no key; see `examples/stage`. Here a subscriber prints each span as it ends. To
//! send them to a collector, put `tracing_opentelemetry::layer().with_tracer(tracer)` in its place: names, kinds and
//! fields (`otel.name`, `gen_ai.request.model`, `gen_ai.usage.input_tokens`, …) are those that it looks for.

mod stage;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::stdout)
        .without_time()
        .with_ansi(false)
        .init();

    let client = &stage::set().await?.client;
    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
    // Calls are children of the span that they are made in.
    let work = tracing::info_span!("answer_a_customer", customer = 17);
    let answer = {
        use tracing::Instrument;
        client.chat().create(&request).into_future().instrument(work).await?
    };
    println!("{}", answer.text());

    let failed = client.videos().get("video_nobody_made").await;
    println!("{}", failed.map_or_else(|error| error.to_string(), |video| video.id.clone()));
    Ok(())
}
