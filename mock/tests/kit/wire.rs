//! Requests over real sockets, and what comes back byte by byte.

use std::time::{Duration, Instant};

use octopusx_mock::Gateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Closed,
    Reset,
    /// Nothing came for as long as it was waited for.
    Silent,
}

/// All that came on a connection.
#[derive(Debug)]
pub struct Came {
    pub bytes: Vec<u8>,
    pub end: End,
    /// Until the first byte.
    pub waited: Duration,
}

pub struct Order {
    pub method: &'static str,
    pub path: String,
    pub body: String,
    pub headers: String,
}

pub const CHAT: &str = r#"{"model": "my-model", "messages": [{"role": "user", "content": "hi"}]}"#;
pub const CHAT_STREAM: &str = r#"{"model": "my-model", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;

pub fn chat(body: &str) -> Order {
    Order { method: "POST", path: "/v1/chat/completions".to_owned(), body: body.to_owned(), headers: String::new() }
}

/// Calls, and waits as long as a busy machine may need.
pub async fn call(gateway: &Gateway, order: &Order) -> Came {
    call_within(gateway, order, Duration::from_secs(30)).await
}

/// Calls, and takes the silence of a second for the end.
pub async fn call_until_silence(gateway: &Gateway, order: &Order) -> Came {
    call_within(gateway, order, Duration::from_secs(1)).await
}

async fn call_within(gateway: &Gateway, order: &Order, patience: Duration) -> Came {
    let key = format!("authorization: Bearer {}\r\n", gateway.key());
    let Order { method, path, body, headers } = order;
    let order = Order { method, path: path.clone(), body: body.clone(), headers: format!("{key}{headers}") };
    call_at(gateway.url(), &order, patience).await
}

/// Calls any address, with no other headers than those of the order.
pub async fn call_at(url: &str, order: &Order, patience: Duration) -> Came {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let Order { method, path, body, headers } = order;
    let sent = match body.as_str() {
        "" => String::new(),
        body => format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()),
    };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    stream.write_all(format!("{head}{headers}{sent}\r\n{body}").as_bytes()).await.unwrap();
    let started = Instant::now();
    let mut came = Came { bytes: Vec::new(), end: End::Closed, waited: Duration::ZERO };
    let mut buffer = vec![0; 65536];
    loop {
        let read = tokio::time::timeout(patience, stream.read(&mut buffer)).await;
        if came.bytes.is_empty() {
            came.waited = started.elapsed();
        }
        match read {
            Err(_) => came.end = End::Silent,
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => {
                came.bytes.extend_from_slice(&buffer[..count]);
                continue;
            }
            Ok(Err(error)) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                came.end = End::Reset;
            }
        }
        return came;
    }
}

impl Came {
    fn split(&self) -> Option<usize> {
        self.bytes.windows(4).position(|window| window == b"\r\n\r\n")
    }

    pub fn head(&self) -> String {
        let end = self.split().unwrap_or(self.bytes.len());
        String::from_utf8_lossy(&self.bytes[..end]).to_lowercase()
    }

    pub fn status(&self) -> u16 {
        self.head()[9..12].parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.head().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    }

    /// The chunks of the body, or the body as one.
    pub fn chunks(&self) -> Vec<Vec<u8>> {
        let Some(at) = self.split() else { return Vec::new() };
        let mut rest = &self.bytes[at + 4..];
        if self.header("transfer-encoding").as_deref() != Some("chunked") {
            return vec![rest.to_vec()];
        }
        let mut chunks = Vec::new();
        while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            let data = &rest[end + 2..];
            chunks.push(data[..size.min(data.len())].to_vec());
            rest = data.get(size + 2..).unwrap_or_default();
        }
        chunks
    }

    /// Whether the body came to the end that its head promises.
    pub fn is_whole(&self) -> bool {
        match self.header("content-length") {
            Some(length) => self.body().len() == length.parse::<usize>().unwrap(),
            None => self.chunks().last().is_some_and(Vec::is_empty),
        }
    }

    pub fn body(&self) -> Vec<u8> {
        self.chunks().concat()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The data of the events, where lines end as usual.
    pub fn data(&self) -> Vec<String> {
        let text = self.text();
        text.split("\n\n")
            .filter_map(|block| block.lines().find_map(|line| line.strip_prefix("data: ")))
            .map(str::to_owned)
            .collect()
    }

    pub fn events(&self) -> Vec<serde_json::Value> {
        let data = self.data();
        let json = data.iter().filter(|data| *data != "[DONE]");
        json.map(|data| serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))).collect()
    }
}
