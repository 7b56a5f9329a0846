//! A conversation by text over a WebSocket: every line that is typed is answered as it is written.
//!
//! `cargo run --example realtime_text` needs no key: it starts an embedded gateway on this machine, which repeats what it
//! hears. With `OCTOPUSX_API_KEY` set it talks to the real one. Lines can be piped in; without any it asks a question of
//! its own.

mod stage;

use std::io::{IsTerminal, Write};

use octopusx::realtime::{RealtimeServerEvent, RealtimeSession};
use octopusx::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    talk(&stage.client).await?;
    Ok(())
}

async fn talk(client: &Client) -> Result<(), Error> {
    let mut session = client.realtime().connect("gpt-4o-realtime").await?;
    println!("connected, request {}", session.request_id().unwrap_or_default());
    session.update_session(RealtimeSession::new().instructions("Answer in one sentence.")).await?;
    for line in lines() {
        session.send_text(line).await?;
        session.create_response().await?;
        loop {
            match session.next().await {
                Some(Ok(RealtimeServerEvent::ResponseDone(done))) => {
                    let tokens = done.response.usage.and_then(|usage| usage.total_tokens);
                    println!(" ({} tokens)", tokens.unwrap_or_default());
                    break;
                }
                Some(Ok(RealtimeServerEvent::Error(event))) => {
                    println!("the gateway says: {}", event.error.message.unwrap_or_default());
                    break;
                }
                Some(Ok(event)) => show(event.added_text()),
                // The session goes on after an event that can't be read.
                Some(Err(error)) if error.is_decode() => eprintln!("{error}"),
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            }
        }
    }
    session.close().await
}

fn show(text: &str) {
    print!("{text}");
    // Without this a terminal would show whole lines only.
    let _ = std::io::stdout().flush();
}

/// What the user says: the lines of the input, or one question where nobody types.
fn lines() -> Box<dyn Iterator<Item = String>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        println!("Type a line, or end the input to leave.");
    }
    let mut typed = input.lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()).peekable();
    match typed.peek() {
        Some(_) => Box::new(typed),
        None => Box::new(["What is an API gateway?".to_owned()].into_iter()),
    }
}
