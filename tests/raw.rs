//! Servers made of bare sockets: every byte is the test's own, and everything that arrives is kept.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server does with a connection, one step after the other; then it hangs up.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request to its end.
    Read,
    Send(Vec<u8>),
    /// Byte by byte, with a pause before each.
    Drip(Vec<u8>, Duration),
    /// Again and again, until nobody reads any more.
    Forever(Vec<u8>),
    /// Nothing, until the client hangs up.
    Silence,
    /// Hangs up without the courtesy of saying so.
    Reset,
}

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    pub head: String,
    pub body: Vec<u8>,
}

impl Arrived {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// A server that plays one script to every connection, until it is dropped.
pub struct Server {
    pub url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    sent: Arc<AtomicUsize>,
    accepting: tokio::task::AbortHandle,
}

impl Server {
    pub async fn play(script: Vec<Step>) -> Self {
        Self::play_each(move |_| script.clone()).await
    }

    /// The script depends on the number of the connection, from 0.
    pub async fn play_each(script: impl Fn(usize) -> Vec<Step> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, sent) = (Arc::<Mutex<Vec<Arrived>>>::default(), Arc::<AtomicUsize>::default());
        let (log, counter) = (Arc::clone(&arrived), Arc::clone(&sent));
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            for number in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                let _ = socket.set_nodelay(true);
                connections.spawn(perform(socket, script(number), Arc::clone(&log), Arc::clone(&counter)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { url, arrived, sent, accepting: accepting.abort_handle() }
    }

    /// Every request that was read to its end.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// How many bytes the clients took.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn perform(mut socket: TcpStream, script: Vec<Step>, log: Arc<Mutex<Vec<Arrived>>>, sent: Arc<AtomicUsize>) {
    for step in script {
        match step {
            Step::Read => {
                let Some(request) = read(&mut socket).await else { return };
                log.lock().unwrap().push(request);
            }
            Step::Send(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
                sent.fetch_add(bytes.len(), Ordering::Relaxed);
            }
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    if socket.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
            }
            Step::Forever(bytes) => {
                while socket.write_all(&bytes).await.is_ok() {
                    sent.fetch_add(bytes.len(), Ordering::Relaxed);
                }
                return;
            }
            Step::Silence => while socket.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {},
            Step::Reset => {
                let _ = socket.set_zero_linger();
                return;
            }
        }
    }
}

/// One request, whole; `None` when the client hung up before its end.
pub async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Option<Arrived> {
    let mut bytes = Vec::new();
    let body_at = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(socket, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..body_at]).into_owned();
    let mut request = Arrived { head, body: bytes.split_off(body_at) };
    if request.header("transfer-encoding").is_some() {
        while !request.body.ends_with(b"0\r\n\r\n") {
            more(socket, &mut request.body).await?;
        }
    }
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while request.body.len() < length {
        more(socket, &mut request.body).await?;
    }
    Some(request)
}

async fn more(socket: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<()> {
    match socket.read_buf(bytes).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}

/// A script that reads a request, writes an answer and hangs up.
pub fn answers(bytes: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Read, Step::Send(bytes.into())]
}

/// An answer with its length: a status line without the version, further headers, and the body.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The bytes as one chunk of a chunked body.
pub fn chunk(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// An address where nobody listens, and nobody else will: the port stays taken.
pub fn nobody() -> String {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    std::mem::forget(socket);
    url
}
