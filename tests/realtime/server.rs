//! A server of its own, on `tokio-tungstenite`: the second opinion on what the client sends and reads.

use std::future::Future;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The server's end of a session.
pub struct Peer<S = TcpStream> {
    pub socket: WebSocketStream<S>,
    /// The handshake.
    pub request: Request,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Answers a handshake.
    pub async fn accept(stream: S) -> Result<Self, Error> {
        let seen = Arc::new(Mutex::new(Request::new(())));
        let kept = Arc::clone(&seen);
        #[allow(clippy::result_large_err)] // The crate's own type.
        let callback = move |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            *kept.lock().unwrap() = request.clone();
            if request.headers().get("sec-websocket-protocol").is_some() {
                response.headers_mut().insert("sec-websocket-protocol", "realtime".parse().unwrap());
            }
            Ok(response)
        };
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let socket = tokio_tungstenite::accept_hdr_async_with_config(stream, callback, Some(config)).await?;
        let request = seen.lock().unwrap().clone();
        Ok(Self { socket, request })
    }

    pub async fn say(&mut self, event: &Value) {
        self.text(&event.to_string()).await;
    }

    pub async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next event of the client; `None` when it has closed.
    pub async fn hear(&mut self) -> Option<Value> {
        while let Some(message) = self.socket.next().await {
            match message.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
        None
    }
}

/// Serves every connection, the first one with 0; returns the address.
pub async fn serve<F>(session: impl Fn(usize, Peer) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            if let Ok(peer) = Peer::accept(stream).await {
                tokio::spawn(session(number, peer));
                number += 1;
            }
        }
    });
    url
}
