//! A server of streams on threads. What it sends stands in the path of the base address:
//! `/each/<events>` one HTTP chunk an event, `/blocks/<events>` chunks of 16 KiB, `/line/<bytes>/<chunk>` one event with so
//! much text, `/flood` events without end, `/hold` one event and then silence.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::http::request;
use crate::{Outcome, process};

/// What each chunk says.
pub const TEXT: &str = " gateways";

const BLOCK: usize = 16 * 1024;

pub fn serve(_: &[String]) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    process::listening(listener.local_addr()?)?;
    for socket in listener.incoming() {
        let socket = socket?;
        // A client that hangs up is no failure of the server.
        thread::Builder::new().stack_size(128 * 1024).spawn(move || answer(socket).is_ok())?;
    }
    Ok(())
}

/// One event of 290 bytes with its framing.
pub fn event(text: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcTfK3mQ0\",\"object\":\"chat.completion.chunk\",\
         \"created\":1741569952,\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\",\
         \"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\
         \"logprobs\":null,\"finish_reason\":null}}]}}\n\n"
    )
}

fn answer(mut socket: TcpStream) -> Outcome {
    socket.set_nodelay(true)?;
    loop {
        let Some(path) = request(&mut socket)? else { return Ok(()) };
        let mut words = path.split('/').skip(1);
        let mut number = || words.next().unwrap_or_default().parse::<usize>();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let chunk = event(TEXT);
        match path.split('/').nth(1).unwrap_or_default() {
            "each" => {
                number().ok();
                // Many at a time: the cost of this process is not what is measured.
                let few = framed(chunk.as_bytes()).repeat(64);
                let count = number()?;
                (0..count / 64).try_for_each(|_| socket.write_all(&few))?;
                (0..count % 64).try_for_each(|_| socket.write_all(&framed(chunk.as_bytes())))?;
            }
            "blocks" => {
                number().ok();
                let all = chunk.repeat(number()?);
                all.as_bytes().chunks(BLOCK).try_for_each(|block| socket.write_all(&framed(block)))?;
            }
            "line" => {
                number().ok();
                socket.write_all(&line(number()?, number()?))?;
            }
            "flood" => {
                let few = framed(chunk.repeat(32).as_bytes());
                loop {
                    socket.write_all(&few)?;
                }
            }
            _ => {
                socket.write_all(&framed(chunk.as_bytes()))?;
                thread::sleep(Duration::from_secs(3600));
            }
        }
        socket.write_all(&framed(b"data: [DONE]\n\n"))?;
        socket.write_all(b"0\r\n\r\n")?;
    }
}

/// One event of so many bytes of text, in HTTP chunks of this size; made once.
fn line(text: usize, chunk: usize) -> Arc<Vec<u8>> {
    type Lines = BTreeMap<(usize, usize), Arc<Vec<u8>>>;
    static LINES: Mutex<Lines> = Mutex::new(Lines::new());
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let made = || Arc::new(event(&"x".repeat(text)).as_bytes().chunks(chunk).flat_map(framed).collect());
    Arc::clone(lines.entry((text, chunk)).or_insert_with(made))
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
