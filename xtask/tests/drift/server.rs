//! A server for a few pages, which can also serve them badly.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is sent, byte for byte, and when.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    announced: Option<usize>,
    chunked: bool,
    slow: bool,
}

impl Answer {
    pub fn bytes(body: &[u8]) -> Self {
        Self { status: 200, body: body.to_vec(), announced: None, chunked: false, slow: false }
    }

    pub fn text(body: &str) -> Self {
        Self::bytes(body.as_bytes())
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::text("# Sorry\n") }
    }

    pub fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    pub fn announced(self, length: usize) -> Self {
        Self { announced: Some(length), ..self }
    }

    pub fn chunked_without_end(self) -> Self {
        Self { chunked: true, ..self }
    }

    fn send(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let location = if (300..400).contains(&self.status) { "location: /elsewhere\r\n" } else { "" };
        let length = match self.chunked {
            true => "transfer-encoding: chunked\r\n".to_owned(),
            false => format!("content-length: {}\r\n", self.announced.unwrap_or(self.body.len())),
        };
        let head =
            format!("HTTP/1.1 {} X\r\ncontent-type: text/markdown\r\nconnection: close\r\n{location}{length}\r\n", self.status);
        stream.write_all(head.as_bytes())?;
        if self.slow {
            stream.write_all(&self.body[..10])?;
            std::thread::sleep(Duration::from_secs(3));
        }
        if self.chunked {
            stream.write_all(format!("{:x}\r\n", self.body.len()).as_bytes())?;
        }
        stream.write_all(&self.body)
    }
}

type Answers = Arc<Mutex<HashMap<String, Vec<Answer>>>>;

pub struct Server {
    address: SocketAddr,
    answers: Answers,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Answers::default();
        let known = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                std::thread::spawn(move || serve(stream, &known));
            }
        });
        Self { address, answers }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a path is answered with from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), vec![answer]);
    }

    /// What a path is answered with the next time only.
    pub fn once(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().entry(path.to_owned()).or_default().push(answer);
    }
}

fn serve(stream: TcpStream, answers: &Answers) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    while !lines.next()?.ok()?.is_empty() {}
    let answer = {
        let mut answers = answers.lock().unwrap();
        let queue = answers.get_mut(&path);
        queue.map_or_else(|| Answer::status(404), |queue| if queue.len() > 1 { queue.pop().unwrap() } else { queue[0].clone() })
    };
    answer.send(stream).ok()
}
