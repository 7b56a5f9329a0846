//! TLS, and HTTP/2 above it: whom the key is shown to, and that both fail as honestly as plain HTTP/1.1 does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Method, Response, StatusCode};
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::videos::VideoRequest;
use octopusx::{Client, Error, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificates::{Authority, For};
use crate::raw::{self, Server, answer, answers};
use crate::watch::hides;

const EVENTS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"}}]}\n\n";
const ATTEMPTS: u32 = 3;

/// A server above TLS, and what it counted.
struct Secure {
    url: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Secure {
    async fn start<F>(acceptor: TlsAcceptor, act: impl Fn(TlsStream<TcpStream>, Arc<AtomicUsize>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (opened, seen) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::Relaxed);
                // The handshake fails where the client does not trust the certificate.
                if let Ok(stream) = acceptor.accept(socket).await {
                    tokio::spawn(act(stream, Arc::clone(&seen)));
                }
            }
        });
        Self { url, connections, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// HTTP/1.1: the same bytes to every request, then the end, with TLS's own goodbye or without.
async fn plainly(acceptor: TlsAcceptor, bytes: Vec<u8>, goodbye: bool) -> Secure {
    Secure::start(acceptor, move |mut stream, seen| {
        let bytes = bytes.clone();
        async move {
            while raw::read(&mut stream).await.is_some() {
                seen.fetch_add(1, Ordering::Relaxed);
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                if !bytes.windows(14).any(|part| part == b"content-length") {
                    break;
                }
            }
            if goodbye {
                let _ = stream.shutdown().await;
            }
        }
    })
    .await
}

/// What an HTTP/2 server does with a request once it has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Refused,
    /// The server closes, and says that it looked at no request.
    Closing,
    InternalError,
    Enhance,
    HangsUp,
    ResetInBody,
    Short,
    TooManyHeaders,
}

use Fault::*;

/// HTTP/2 as the `h2` crate speaks it.
async fn second(authority: &Authority, fault: Fault) -> Secure {
    Secure::start(authority.server(For::ThisMachine, &["h2"]), move |stream, seen| async move {
        if fault == Closing {
            return close(stream, &seen).await;
        }
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((request, respond))) = connection.accept().await {
            seen.fetch_add(1, Ordering::Relaxed);
            if fault == HangsUp {
                return;
            }
            tokio::spawn(respond_with(fault, request.into_body(), respond));
        }
    })
    .await
}

/// SETTINGS and GOAWAY, byte by byte: no server library says what is not true.
async fn close(mut stream: TlsStream<TcpStream>, seen: &AtomicUsize) {
    let mut read = vec![0; 4096];
    // The preface and the request may come in several pieces.
    let mut arrived = 0;
    while arrived < 150 {
        match stream.read(&mut read).await {
            Ok(0) | Err(_) => return,
            Ok(length) => arrived += length,
        }
    }
    seen.fetch_add(1, Ordering::Relaxed);
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let last_stream_and_no_error = [0; 8];
    let goaway = [&[0, 0, 8, 7, 0, 0, 0, 0, 0][..], &last_stream_and_no_error].concat();
    let _ = stream.write_all(&[&settings[..], &goaway].concat()).await;
    let _ = stream.shutdown().await;
}

async fn respond_with(fault: Fault, mut body: h2::RecvStream, mut respond: h2::server::SendResponse<Bytes>) {
    while let Some(Ok(bytes)) = body.data().await {
        let _ = body.flow_control().release_capacity(bytes.len());
    }
    let head = |headers: &[(&str, &str)]| {
        headers.iter().fold(Response::builder().status(StatusCode::OK), |head, (name, value)| head.header(*name, *value))
    };
    let whole = Bytes::from_static(br#"{"id":"v","choices":[]}"#);
    match fault {
        Refused => respond.send_reset(Reason::REFUSED_STREAM),
        InternalError => respond.send_reset(Reason::INTERNAL_ERROR),
        Enhance => respond.send_reset(Reason::ENHANCE_YOUR_CALM),
        ResetInBody => {
            let head = head(&[("content-type", "text/event-stream")]).body(()).unwrap();
            let mut stream = respond.send_response(head, false).unwrap();
            stream.send_data(Bytes::from_static(EVENTS.as_bytes()), false).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        Short => {
            let mut stream = respond.send_response(head(&[("content-length", "99")]).body(()).unwrap(), false).unwrap();
            stream.send_data(whole, true).unwrap();
        }
        TooManyHeaders => {
            let mut head = head(&[]).body(()).unwrap();
            let flood = HeaderMap::from_iter((0..2000).map(|at| {
                (http::HeaderName::try_from(format!("x-{at}")).unwrap(), http::HeaderValue::from_static("0123456789012345"))
            }));
            head.headers_mut().extend(flood);
            let _ = respond.send_response(head, true);
        }
        None | Closing | HangsUp => {
            let mut stream = respond.send_response(head(&[]).body(()).unwrap(), false).unwrap();
            stream.send_data(whole, true).unwrap();
        }
    }
}

fn retrying(authority: &Authority, url: &str) -> Client {
    let policy = RetryPolicy::default().max_attempts(ATTEMPTS).base_delay(Duration::from_millis(1));
    authority.client(url).retry(policy).build().unwrap()
}

async fn post(client: &Client) -> Result<(), Error> {
    client.videos().create(&VideoRequest::new("m", "p")).await.map(drop)
}

async fn failure(client: &Client) -> Error {
    let error = post(client).await.unwrap_err();
    hides(&format!("{error} {error:?}"));
    error
}

#[tokio::test]
async fn the_key_is_shown_to_nobody_whose_certificate_is_not_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (acceptor, why) in [
        (stranger.server(For::ThisMachine, &[]), "a stranger signed it"),
        (authority.server(For::AnotherHost, &[]), "it is another host's"),
        (authority.server(For::ThePast, &[]), "it has expired"),
    ] {
        let server = plainly(acceptor, answer("200 OK", &[], r#"{"id":"v"}"#), true).await;
        let error = failure(&retrying(&authority, &server.url)).await;
        assert!(error.is_connect() && !error.may_have_been_processed(), "{why}: {error:?}");
        assert!(error.to_string().contains("certificate"), "{why}: {error}");
        assert_eq!(server.requests(), 0, "{why}");
    }
    let server = plainly(authority.server(For::ThisMachine, &[]), answer("200 OK", &[], r#"{"id":"v"}"#), true).await;
    post(&authority.client(&server.url).build().unwrap()).await.unwrap();
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_no_connection() {
    let authority = Authority::new();
    for script in [answers(answer("200 OK", &[], r#"{"id":"v"}"#)), vec![raw::Step::Send(vec![0; 64])], vec![raw::Step::Reset]] {
        let server = Server::play(script).await;
        let url = server.url.replace("http://127.0.0.1", "https://localhost");
        let error = failure(&authority.client(&url).build().unwrap()).await;
        assert!(error.is_connect() && !error.may_have_been_processed(), "{error:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_bounded_by_the_time_for_connecting() {
    let authority = Authority::new();
    let server = Server::play(vec![raw::Step::Silence]).await;
    let url = server.url.replace("http://127.0.0.1", "https://localhost");
    let client = authority.client(&url).connect_timeout(Duration::from_millis(200)).build().unwrap();
    let error = tokio::time::timeout(Duration::from_secs(10), failure(&client)).await.expect("hangs");
    assert!((error.is_connect() || error.is_timeout()) && error.is_retryable(), "{error:?}");
    assert!(!error.may_have_been_processed(), "nothing was sent: {error:?}");
}

#[tokio::test]
async fn a_body_that_tls_did_not_finish_is_truncated() {
    let authority = Authority::new();
    let acceptor = || authority.server(For::ThisMachine, &["http/1.1"]);
    // Without a length only TLS's goodbye tells a whole body from one that somebody cut.
    let bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":\"v\"}".to_vec();
    let server = plainly(acceptor(), bytes.clone(), true).await;
    post(&authority.client(&server.url).build().unwrap()).await.unwrap();
    let server = plainly(acceptor(), bytes, false).await;
    let error = failure(&retrying(&authority, &server.url)).await;
    assert!(error.is_truncated() && error.may_have_been_processed(), "{error:?}");
    assert_eq!(server.requests(), 1, "it is not sent again");
}

#[tokio::test]
async fn http_2_says_which_requests_nobody_looked_at_and_only_those_are_sent_again() {
    let authority = Authority::new();
    for (fault, times, processed, is) in [
        (Refused, ATTEMPTS, false, "without looking at the request"),
        (Closing, ATTEMPTS, false, "without looking at the request"),
        (InternalError, 1, true, "broke before an answer came"),
        (Enhance, 1, true, "broke before an answer came"),
        (HangsUp, 1, true, "broke before an answer came"),
        (Short, 1, true, "broke off"),
        (TooManyHeaders, 1, true, "broke before an answer came"),
    ] {
        let server = second(&authority, fault).await;
        let error = failure(&retrying(&authority, &server.url)).await;
        let found = (error.attempts(), server.requests(), error.may_have_been_processed());
        assert_eq!(found, (times, times as usize, processed), "{fault:?}: {error:?}");
        assert!(error.to_string().contains(is) && error.is_retryable(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn many_calls_share_one_connection_of_http_2() {
    let authority = Authority::new();
    let server = second(&authority, None).await;
    let client = authority.client(&server.url).build().unwrap();
    post(&client).await.unwrap();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { post(&client).await }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((server.requests(), server.connections()), (51, 1));
    let models = client.call(Method::GET, "/v1/x").await.unwrap();
    assert_eq!(models["id"], "v");
}

#[tokio::test]
async fn a_stream_that_http_2_resets_is_truncated_after_what_came() {
    let authority = Authority::new();
    let server = second(&authority, ResetInBody).await;
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut stream = retrying(&authority, &server.url).chat().create_stream(&request).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "ok");
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(error.is_truncated() && error.may_have_been_processed(), "{error:?}");
    assert!(stream.next().await.is_none());
    assert_eq!(server.requests(), 1);
}
