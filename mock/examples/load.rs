//! How much one gateway bears: polls of a task over connections that are kept, and streams that are open at once.
//!
//! `cargo run --release -p octopusx-mock --example load`

use std::error::Error;
use std::time::{Duration, Instant};

use octopusx_mock::{Gateway, TaskStep};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

const POLLS: usize = 50_000;
const POLLERS: usize = 16;
const STREAMS: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    // The callers run on a thread of their own: what they cost is not the gateway's.
    let gateway = Gateway::builder().chunk_pause(Duration::from_millis(300)).kept_requests(1_000).start().await?;
    let (address, key) = (gateway.url().trim_start_matches("http://").to_owned(), gateway.key().to_owned());
    gateway.next_task([TaskStep::running(50)]);
    let callers = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            polls(&address, &key).await?;
            streams(&address, &key).await
        })
    });
    while !callers.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopped = Instant::now();
    gateway.shutdown().await;
    println!("shutdown: {:.0?}", stopped.elapsed());
    callers.join().map_err(|_| "the callers panicked")?
}

fn request(method: &str, path: &str, key: &str, body: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer {key}\r\n");
    match body {
        "" => format!("{head}\r\n"),
        body => format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
    }
}

/// Sends one request on a connection that is kept, and reads the answer, which has a length.
async fn call(stream: &mut TcpStream, request: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    stream.write_all(request.as_bytes()).await?;
    let mut seen = Vec::new();
    loop {
        if stream.read_buf(&mut seen).await? == 0 {
            return Err("the gateway hung up".into());
        }
        let text = String::from_utf8_lossy(&seen);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).ok_or("no length")?;
        if body.len() >= length.parse()? {
            return if head.starts_with("HTTP/1.1 200") { Ok(body.to_owned()) } else { Err(text.into()) };
        }
    }
}

async fn polls(address: &str, key: &str) -> Done {
    let mut first = TcpStream::connect(address).await?;
    let made = call(&mut first, &request("POST", "/v1/videos", key, r#"{"model": "m", "prompt": "p"}"#)).await?;
    let id = made.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).ok_or("no id")?.to_owned();
    let started = Instant::now();
    let mut pollers = JoinSet::new();
    for _ in 0..POLLERS {
        let (address, poll) = (address.to_owned(), request("GET", &format!("/v1/videos/{id}"), key, ""));
        pollers.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            for _ in 0..POLLS / POLLERS {
                call(&mut stream, &poll).await?;
            }
            Done::Ok(())
        });
    }
    while let Some(done) = pollers.join_next().await {
        done??;
    }
    println!("polls: {:.0} a second over {POLLERS} connections", POLLS as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

async fn streams(address: &str, key: &str) -> Done {
    let body = r#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;
    let started = Instant::now();
    let mut open = JoinSet::new();
    for _ in 0..STREAMS {
        let (address, order) = (address.to_owned(), request("POST", "/v1/chat/completions", key, body));
        open.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(order.as_bytes()).await?;
            let mut seen = Vec::new();
            while !seen.ends_with(b"0\r\n\r\n") {
                if stream.read_buf(&mut seen).await? == 0 {
                    return Err("the gateway hung up".into());
                }
            }
            let whole = String::from_utf8_lossy(&seen).contains("data: [DONE]");
            if whole { Done::Ok(()) } else { Err("a stream has no end".into()) }
        });
    }
    while let Some(done) = open.join_next().await {
        done??;
    }
    println!("streams: {STREAMS} at once, of three pauses of 300 ms each, in {:.1?}", started.elapsed());
    Ok(())
}
