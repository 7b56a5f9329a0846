//! What a whole call costs, from the request's struct to the answer's, beside raw reqwest and other clients.

use std::future::Future;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
use genai::chat::{ChatMessage as GenaiMessage, ChatRequest};
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use serde::{Deserialize, Serialize};

use crate::http::request;
use crate::results::Results;
use crate::stream::clients::{self, MODEL, QUESTION};
use crate::{Outcome, Part, process};

pub const PART: Part = Part {
    name: "request",
    run,
    roles: &[
        ("server", serve),
        ("octopusx", |arguments| block_on(arguments, octopusx)),
        ("reqwest", |arguments| block_on(arguments, raw)),
        ("async-openai", |arguments| block_on(arguments, async_openai)),
        ("genai", |arguments| block_on(arguments, genai)),
        ("first", first),
    ],
};

const TEXT: &str = "It routes requests, limits their rate and keeps the keys.";

fn run(results: &mut Results) -> Outcome {
    const FEW: usize = 50;
    const MANY: usize = 550;
    let server = process::Server::start(PART.name, "server", &[])?;
    let base = server.base_url();
    let cost = |role: &str| -> Outcome<Vec<f64>> {
        let arguments = |calls: usize| [base.clone(), calls.to_string()];
        let count = |calls: usize| process::instructions(PART.name, role, &arguments(calls));
        let instructions = (count(MANY)? - count(FEW)?) / (MANY - FEW) as f64;
        let cpu =
            |calls: usize| Ok::<_, Box<dyn std::error::Error>>(process::run(PART.name, role, &arguments(calls))?.cpu_micros());
        let mut rounds =
            (0..5).map(|_| Ok((cpu(20 * MANY)? - cpu(FEW)?) / (20 * MANY - FEW) as f64)).collect::<Outcome<Vec<f64>>>()?;
        rounds.sort_by(f64::total_cmp);
        Ok(vec![instructions, rounds[rounds.len() / 2]])
    };
    let (ours, raw, openai, genai) = (cost("octopusx")?, cost("reqwest")?, cost("async-openai")?, cost("genai")?);
    results.at_most("a chat call, instructions", ours[0] / raw[0], 1.05, "× reqwest and serde");
    let mut firsts = (0..9)
        .map(|_| Ok(process::run(PART.name, "first", std::slice::from_ref(&base))?.cpu_micros() / 1000.0))
        .collect::<Outcome<Vec<f64>>>()?;
    firsts.sort_by(f64::total_cmp);
    results.at_most("a process that makes a client and its first call, CPU (median of 9)", firsts[4], 5.0, "ms");
    let ratio = |mut of: Vec<f64>| {
        of.push(of[0] / raw[0]);
        of
    };
    results.table(
        "a chat call, connection kept",
        &["instructions", "CPU µs, kernel included", "instructions ×"],
        &[
            ("octopusx", ratio(ours)),
            ("reqwest and serde", ratio(raw.clone())),
            ("async-openai", ratio(openai)),
            ("genai", ratio(genai)),
        ],
    );
    results.note(
        "What a call costs above reqwest by hand: a third is moving larger futures and results, a ninth a map of headers that \
         outlives the attempt; the rest is spread over the key, the deadline's timer, retry accounting, spans, and every member \
         of the answer instead of the few that a struct by hand names (callgrind, 2026-11-20).",
    );
    Ok(())
}

fn serve(_: &[String]) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    process::listening(listener.local_addr()?)?;
    for socket in listener.incoming() {
        let socket = socket?;
        // A client that hangs up is no failure of the server.
        thread::spawn(move || answer(socket).is_ok());
    }
    Ok(())
}

fn answer(mut socket: TcpStream) -> Outcome {
    socket.set_nodelay(true)?;
    let body = serde_json::json!({
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "created": 1741569952, "model": "gpt-4o-2024-08-06",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": TEXT, "refusal": null, "annotations": []},
            "logprobs": null, "finish_reason": "stop"
        }],
        "usage": {
            "prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
            }
        },
        "service_tier": "default", "system_fingerprint": "fp_44709d6fcb"
    })
    .to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    while request(&mut socket)?.is_some() {
        socket.write_all(format!("{head}{body}").as_bytes())?;
    }
    Ok(())
}

/// Runs so many calls on one thread; each gives the length of the text that came.
fn block_on<F: Future<Output = Outcome<usize>>>(arguments: &[String], calls: impl FnOnce(String, usize) -> F) -> Outcome {
    let [base, count, ..] = arguments else { return Err("an address and a count are needed".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let count = count.parse()?;
    let bytes = runtime.block_on(calls(base.clone(), count))?;
    if bytes == count * TEXT.len() { Ok(()) } else { Err(format!("{bytes} bytes of text in {count} answers").into()) }
}

async fn octopusx(base: String, count: usize) -> Outcome<usize> {
    let client = clients::octopusx_client(&base)?;
    let request = ChatCompletionRequest::new(MODEL, [ChatMessage::user(QUESTION)]).temperature(0.2);
    let mut bytes = 0;
    for _ in 0..count {
        bytes += client.chat().create(&request).await?.text().len();
    }
    Ok(bytes)
}

/// A client as everybody makes it, with the system's roots, and one call.
fn first(arguments: &[String]) -> Outcome {
    let base = arguments.first().ok_or("an address is needed")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = octopusx::Client::builder().key("sk-bench").base_url(base).build()?;
    let request = ChatCompletionRequest::new(MODEL, [ChatMessage::user(QUESTION)]);
    let answer = runtime.block_on(async { client.chat().create(&request).await })?;
    if answer.text() == TEXT { Ok(()) } else { Err("another answer".into()) }
}

#[derive(Serialize)]
struct Question<'q> {
    model: &'q str,
    messages: [Message<'q>; 1],
    temperature: f64,
}

#[derive(Serialize)]
struct Message<'q> {
    role: &'q str,
    content: &'q str,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Answer {
    id: String,
    object: String,
    created: i64,
    model: String,
    choices: Vec<Choice>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Choice {
    index: i64,
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Said {
    role: String,
    content: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
    total_tokens: i64,
}

async fn raw(base: String, count: usize) -> Outcome<usize> {
    let client = clients::raw_client()?;
    let messages = [Message { role: "user", content: QUESTION }];
    let question = Question { model: MODEL, messages, temperature: 0.2 };
    let mut bytes = 0;
    for _ in 0..count {
        let call = client.post(format!("{base}/v1/chat/completions")).bearer_auth("sk-bench").json(&question);
        let answer: Answer = call.send().await?.error_for_status()?.json().await?;
        bytes += answer.choices.first().and_then(|choice| choice.message.content.as_ref()).map_or(0, String::len);
    }
    Ok(bytes)
}

async fn async_openai(base: String, count: usize) -> Outcome<usize> {
    let client = clients::async_openai_client(&base)?;
    let question = ChatCompletionRequestUserMessage::from(QUESTION);
    let request = CreateChatCompletionRequestArgs::default().model(MODEL).messages([question.into()]).temperature(0.2).build()?;
    let mut bytes = 0;
    for _ in 0..count {
        let answer = client.chat().create(request.clone()).await?;
        bytes += answer.choices.first().and_then(|choice| choice.message.content.as_ref()).map_or(0, String::len);
    }
    Ok(bytes)
}

async fn genai(base: String, count: usize) -> Outcome<usize> {
    let client = clients::genai_client(&base)?;
    let request = ChatRequest::new(vec![GenaiMessage::user(QUESTION)]);
    let options = genai::chat::ChatOptions::default().with_temperature(0.2);
    let mut bytes = 0;
    for _ in 0..count {
        bytes += client.exec_chat(MODEL, request.clone(), Some(&options)).await?.first_text().map_or(0, str::len);
    }
    Ok(bytes)
}
