//! Spans for OpenTelemetry: each call with its model, its tokens and its status, below the work that it is made for.
//!
//! `cargo run --example telemetry` needs no key; see `examples/stage`. The spans are printed as they would be exported; to
//! send them to a collector, put `opentelemetry_otlp`'s exporter in the place of the one that prints.

mod stage;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Instrument;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = SdkTracerProvider::builder().with_simple_exporter(opentelemetry_stdout::SpanExporter::default()).build();
    // This crate tells what OpenTelemetry's conventions for generative AI name: gen_ai.request.model,
    // gen_ai.usage.input_tokens, error.type, … Nothing else has to be set up.
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("my-app"));
    tracing_subscriber::registry().with(layer).with(LevelFilter::INFO).init();

    let client = &stage::set().await?.client;
    let work = async {
        let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
        // A stream's span lives to its last chunk, and knows the time to its first.
        let answer = client.chat().create_stream(&request).await?.collect().await?;
        println!("{}", answer.text());
        client.videos().get("video_nobody_made").await
    };
    let missing = work.instrument(tracing::info_span!("answer_a_customer", customer = 17)).await;
    println!("{}", missing.map_or_else(|error| error.to_string(), |video| video.id.clone()));

    provider.shutdown()?;
    Ok(())
}
