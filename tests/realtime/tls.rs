//! Sessions over TLS, beside a gateway that would rather speak HTTP/2.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::net::TcpListener;

use super::server::Peer;
use super::{MODEL, next_name};
use crate::certificates::{Authority, For};

#[tokio::test]
async fn a_session_over_tls_speaks_http_1_whatever_the_gateway_prefers() {
    let authority = Authority::new();
    let acceptor = authority.server(For::ThisMachine, &["h2", "http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let chosen = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&chosen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let protocol = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
            seen.lock().unwrap().push(protocol);
            let Ok(mut peer) = Peer::accept(stream).await else { continue };
            tokio::spawn(async move {
                peer.say(&json!({"type": "hello"})).await;
                while let Some(event) = peer.hear().await {
                    peer.say(&json!({"type": "echo", "event": event})).await;
                }
            });
        }
    });
    let client = authority.client(&url).build().unwrap();
    let mut session = client.realtime().connect(MODEL).await.unwrap();
    assert_eq!(next_name(&mut session).await, "hello");
    session.send_text("through TLS").await.unwrap();
    assert_eq!(next_name(&mut session).await, "echo");
    session.close().await.unwrap();
    assert_eq!(*chosen.lock().unwrap(), [Some("http/1.1".to_owned())]);
    // Another call of the same client still gets what the gateway prefers.
    let _ = client.models().list().timeout(std::time::Duration::from_millis(300)).await;
    assert_eq!(chosen.lock().unwrap()[1].as_deref(), Some("h2"));
}
