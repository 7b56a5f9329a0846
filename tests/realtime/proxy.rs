//! Sessions through a proxy.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::server::{Peer, serve};
use super::{MODEL, next_name};
use crate::certificates::{Authority, For};
use crate::raw;
use crate::support::{KEY, builder};

/// A proxy that passes everything on; returns its address, and the first lines and credentials that it saw.
async fn proxy() -> (String, Arc<Mutex<Vec<(String, Option<String>)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let Some(request) = raw::read(&mut client).await else { return };
                let line = request.head.lines().next().unwrap().to_owned();
                let credentials = request.header("proxy-authorization").map(str::to_owned);
                log.lock().unwrap().push((line.clone(), credentials));
                let (method, rest) = line.split_once(' ').unwrap();
                let address = rest.trim_start_matches("http://").split(['/', ' ']).next().unwrap().to_owned();
                let mut server = TcpStream::connect(address).await.unwrap();
                match method {
                    "CONNECT" => client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap(),
                    _ => server.write_all(request.head.as_bytes()).await.unwrap(),
                }
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, seen)
}

fn through(proxy: &str) -> reqwest::Proxy {
    reqwest::Proxy::all(proxy).unwrap().basic_auth("me", "secret")
}

const CREDENTIALS: &str = "Basic bWU6c2VjcmV0";

#[tokio::test]
async fn a_session_goes_through_the_proxy_of_the_client() {
    let url = serve(|_, mut peer| async move {
        let key = peer.request.headers().get("authorization").unwrap().to_str().unwrap().to_owned();
        peer.say(&json!({"type": key})).await;
        peer.hear().await;
    })
    .await;
    let (address, seen) = proxy().await;
    let client = builder(&url).http(move |http| http.tls_certs_only([]).proxy(through(&address))).build().unwrap();
    let mut session = client.realtime().connect(MODEL).await.unwrap();
    assert_eq!(next_name(&mut session).await, format!("Bearer {KEY}"));
    let line = format!("GET {url}/v1/realtime?model={MODEL} HTTP/1.1");
    assert_eq!(*seen.lock().unwrap(), [(line, Some(CREDENTIALS.to_owned()))]);
}

#[tokio::test]
async fn a_session_over_tls_goes_through_a_tunnel_and_the_proxy_sees_no_key() {
    let authority = Authority::new();
    let acceptor = authority.server(For::ThisMachine, &["h2", "http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let Ok(mut peer) = Peer::accept(stream).await else { continue };
            peer.say(&json!({"type": "hello"})).await;
            peer.hear().await;
        }
    });
    let (address, seen) = proxy().await;
    let trust = authority.trust();
    let client =
        builder(&format!("https://localhost:{port}")).http(move |http| trust(http).proxy(through(&address))).build().unwrap();
    let mut session = client.realtime().connect(MODEL).await.unwrap();
    assert_eq!(next_name(&mut session).await, "hello");
    session.close().await.unwrap();
    let line = format!("CONNECT localhost:{port} HTTP/1.1");
    assert_eq!(*seen.lock().unwrap(), [(line, Some(CREDENTIALS.to_owned()))]);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_apart_from_the_gateway() {
    let refusing = raw::Server::play(raw::answers(raw::answer("407 Proxy Authentication Required", &[], "who are you?"))).await;
    let address = refusing.url.clone();
    let client = builder("https://gateway.example").http(move |http| http.tls_certs_only([]).proxy(through(&address)));
    let error = client.build().unwrap().realtime().connect(MODEL).await.unwrap_err();
    assert!(error.is_connect() && error.api().is_none(), "{error:?}");
    crate::watch::hides(&format!("{error} {error:?}"));
}
