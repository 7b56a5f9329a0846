//! A server of files that does as it is told: honours ranges or not, breaks off, lies about lengths.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HashMap<String, String>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte of the range that is asked for.
    pub fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Said in place of the body's length; `Some(None)` sends chunks.
    pub length: Option<Option<usize>>,
    /// How much of the body is sent before the connection breaks.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn cut(self, at: usize) -> Self {
        Self { cut: Some(at), ..self }
    }

    /// A file as a good server has it: the part from `from` on where `validator` fits `tag`.
    pub fn file(asked: &Asked, bytes: &[u8], tag: &str) -> Self {
        let fits = asked.header("if-range").is_none_or(|validator| validator == tag);
        let reply = match asked.from().filter(|_| fits) {
            Some(from) if from >= bytes.len() => Self::new(416, "").header("content-range", format!("bytes */{}", bytes.len())),
            Some(from) => Self::new(206, &bytes[from..])
                .header("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())),
            None => Self::new(200, bytes),
        };
        reply.header("etag", tag).header("content-type", "video/mp4")
    }
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `answer` gets what is asked for and how often something was asked for before.
    pub async fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let _ = serve(stream, &seen, &*answer).await;
                });
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Asked>>,
    answer: &(dyn Fn(&Asked, usize) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let text = String::from_utf8(head).unwrap();
        let mut lines = text.lines();
        let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let asked = Asked { path, headers: headers.collect() };
        let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        stream.read_exact(&mut vec![0; length]).await?;
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(asked.clone());
            seen.len() - 1
        };
        let reply = answer(&asked, number);
        let mut out = format!("HTTP/1.1 {} Said\r\n", reply.status);
        for (name, value) in &reply.headers {
            out += &format!("{name}: {value}\r\n");
        }
        let chunked = reply.length == Some(None);
        match reply.length {
            Some(None) => out += "transfer-encoding: chunked\r\n\r\n",
            Some(Some(length)) => out += &format!("content-length: {length}\r\n\r\n"),
            None => out += &format!("content-length: {}\r\n\r\n", reply.body.len()),
        }
        stream.write_all(out.as_bytes()).await?;
        let sent = reply.cut.unwrap_or(reply.body.len()).min(reply.body.len());
        if chunked && sent > 0 {
            stream.write_all(format!("{sent:x}\r\n").as_bytes()).await?;
        }
        stream.write_all(&reply.body[..sent]).await?;
        if reply.cut.is_some() || reply.length.is_some_and(|length| length.is_some_and(|length| length > sent)) {
            return stream.shutdown().await;
        }
        if chunked {
            stream.write_all(if sent > 0 { b"\r\n0\r\n\r\n" } else { b"0\r\n\r\n" }).await?;
        }
    }
}
