//! The same stream read by five clients. Each takes the base address and the runtime, `current` or `main`, and prints how
//! many bytes of text it saw.

use std::future::Future;
use std::sync::Arc;

use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
use bytes::Bytes;
use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage as GenaiMessage, ChatRequest, ChatStreamEvent};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{ModelIden, ServiceTarget};
use octopusx::chat::{ChatCompletionRequest, ChatContent, ChatMessage};
use serde::Deserialize;
use sse_core::{SseDecoder, SseEvent};

use crate::Outcome;

pub const MODEL: &str = "gpt-4o";
pub const QUESTION: &str = "Name three jobs of an API gateway.";

/// Reads in `main`: on one thread, or on the main thread of a runtime with workers.
pub fn block_on<F: Future<Output = Outcome<usize>>>(arguments: &[String], read: impl FnOnce(String) -> F) -> Outcome {
    let [base, runtime, ..] = arguments else { return Err("an address and a runtime are needed".into()) };
    let runtime = match runtime.as_str() {
        "main" => tokio::runtime::Builder::new_multi_thread().enable_all().build()?,
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    println!("bytes={}", runtime.block_on(read(base.clone()))?);
    Ok(())
}

pub fn octopusx_client(base: &str) -> Outcome<octopusx::Client> {
    // Reading the roots of TLS is no part of any of this.
    Ok(octopusx::Client::builder().key("sk-bench").base_url(base).http(|http| http.tls_certs_only([])).build()?)
}

pub fn raw_client() -> Outcome<reqwest::Client> {
    octopusx_client("http://127.0.0.1:9")?; // installs the TLS provider
    Ok(reqwest::Client::builder().tls_certs_only([]).build()?)
}

pub async fn octopusx_stream(client: &octopusx::Client) -> Outcome<octopusx::EventStream<octopusx::chat::ChatCompletionChunk>> {
    let request = ChatCompletionRequest::new(MODEL, [ChatMessage::user(QUESTION)]);
    Ok(client.chat().create_stream(&request).await?)
}

pub async fn octopusx(base: String) -> Outcome<usize> {
    let mut stream = octopusx_stream(&octopusx_client(&base)?).await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        // Looked at where it stands, as the others do; `text()` would copy it.
        let chunk = chunk?;
        let content = chunk.choices.iter().flatten().next().and_then(|choice| choice.delta.as_ref()?.content.as_ref());
        if let Some(ChatContent::Text(text)) = content {
            bytes += text.len();
        }
    }
    Ok(bytes)
}

/// A chunk as somebody would write it by hand for this one purpose.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Chunk {
    id: Option<String>,
    object: Option<String>,
    created: Option<i64>,
    model: Option<String>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Choice {
    index: Option<i64>,
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Delta {
    role: Option<String>,
    content: Option<String>,
}

async fn raw(base: &str) -> Outcome<reqwest::Response> {
    let body = serde_json::json!({"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "stream": true});
    let call = raw_client()?.post(format!("{base}/v1/chat/completions")).bearer_auth("sk-bench").json(&body);
    Ok(call.send().await?.error_for_status()?)
}

/// reqwest, the framing crate, and serde into a hand-written struct.
pub async fn floor(base: String) -> Outcome<usize> {
    let mut body = raw(&base).await?.bytes_stream();
    let mut decoder = SseDecoder::with_limit(std::num::NonZeroUsize::MAX);
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        let mut piece: Bytes = piece?;
        while let Some(event) = decoder.next(&mut piece) {
            let SseEvent::Message(message) = event? else { continue };
            if message.data == "[DONE]" {
                return Ok(bytes);
            }
            let chunk: Chunk = serde_json::from_str(&message.data)?;
            bytes += chunk.choices.first().and_then(|choice| choice.delta.content.as_ref()).map_or(0, String::len);
        }
    }
    Err("no end".into())
}

/// The body alone, nothing read of it.
pub async fn body(base: String) -> Outcome<usize> {
    let mut body = raw(&base).await?.bytes_stream();
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        bytes += piece?.len();
    }
    Ok(bytes)
}

pub fn async_openai_client(base: &str) -> Outcome<async_openai::Client<OpenAIConfig>> {
    let config = OpenAIConfig::new().with_api_base(format!("{base}/v1")).with_api_key("sk-bench");
    Ok(async_openai::Client::build(raw_client()?, config))
}

pub async fn async_openai(base: String) -> Outcome<usize> {
    let client = async_openai_client(&base)?;
    let question = ChatCompletionRequestUserMessage::from(QUESTION);
    let request = CreateChatCompletionRequestArgs::default().model(MODEL).messages([question.into()]).build()?;
    let mut stream = client.chat().create_stream(request).await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        bytes += chunk.choices.first().and_then(|choice| choice.delta.content.as_ref()).map_or(0, String::len);
    }
    Ok(bytes)
}

pub fn genai_client(base: &str) -> Outcome<genai::Client> {
    let endpoint = Endpoint::from_owned(Arc::<str>::from(format!("{base}/v1/")));
    let target =
        ServiceTargetResolver::from_resolver_fn(move |target: ServiceTarget| -> genai::resolver::Result<ServiceTarget> {
            let model = ModelIden::new(AdapterKind::OpenAI, target.model.model_name);
            Ok(ServiceTarget { endpoint: endpoint.clone(), auth: AuthData::from_single("sk-bench"), model })
        });
    Ok(genai::Client::builder().with_reqwest(raw_client()?).with_service_target_resolver(target).build()?)
}

pub async fn genai(base: String) -> Outcome<usize> {
    let client = genai_client(&base)?;
    let request = ChatRequest::new(vec![GenaiMessage::user(QUESTION)]);
    let mut stream = client.exec_chat_stream(MODEL, request, None).await?.stream;
    let mut bytes = 0;
    while let Some(event) = stream.next().await {
        if let ChatStreamEvent::Chunk(chunk) = event? {
            bytes += chunk.content.len();
        }
    }
    Ok(bytes)
}
