//! Middleware: a signature on every request, and numbers about every operation.
//!
//! `cargo run --example middleware` needs no key: it talks to an embedded gateway on this machine.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octopusx::bytes::Bytes;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::http::{HeaderMap, HeaderValue, Request, StatusCode};
use octopusx::middleware::{Attempt, Middleware};
use octopusx::{Body, Client, Error};
use octopusx_mock::Gateway;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    let numbers = Numbers::default();
    let client = Client::builder()
        .base_url(gateway.url())
        .key(gateway.key())
        .middleware(Signing { secret: "shared with the proxy" })
        .middleware(numbers.clone())
        .build()?;

    let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("Say hello.")]);
    println!("{}", client.chat().create(&request).await?.text());
    println!("{} models", client.models().list().await?.data.len());
    let missing = client.videos().get("video_nobody_made").await;
    println!("a missing video: {}", missing.map_or_else(|error| error.to_string(), |video| video.id.clone()));

    println!("\n{:<20} {:>5} {:>7} {:>6} {:>10}", "operation", "sent", "failed", "bytes", "slowest");
    for (operation, number) in numbers.all() {
        println!("{operation:<20} {:>5} {:>7} {:>6} {:>10.1?}", number.sent, number.failed, number.bytes, number.slowest);
    }
    Ok(())
}

/// Signs what leaves, for a proxy that lets only signed requests out.
struct Signing {
    secret: &'static str,
}

impl Middleware for Signing {
    fn on_request(&self, _: &Attempt, request: &mut Request<Body>) -> Result<(), String> {
        // A stand-in: in earnest this is an HMAC.
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        request.method().hash(&mut hasher);
        request.uri().path().hash(&mut hasher);
        // A form is put together only when it is sent; it has no bytes here.
        request.body().as_bytes().map(Bytes::as_ref).hash(&mut hasher);
        let mut value = HeaderValue::from_str(&format!("{:016x}", hasher.finish())).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert("x-signature", value);
        Ok(())
    }
}

/// Numbers about each operation; clones count together.
#[derive(Clone, Default)]
struct Numbers(Arc<Mutex<BTreeMap<&'static str, Number>>>);

#[derive(Clone, Copy, Default)]
struct Number {
    sent: u32,
    failed: u32,
    bytes: usize,
    slowest: Duration,
}

impl Numbers {
    fn count(&self, attempt: &Attempt, count: impl FnOnce(&mut Number)) {
        count(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(attempt.operation.id()).or_default());
    }

    fn all(&self) -> BTreeMap<&'static str, Number> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Middleware for Numbers {
    fn on_request(&self, attempt: &Attempt, _: &mut Request<Body>) -> Result<(), String> {
        self.count(attempt, |number| number.sent += 1);
        Ok(())
    }

    fn on_head(&self, attempt: &Attempt, _: StatusCode, _: &mut HeaderMap) {
        self.count(attempt, |number| number.slowest = number.slowest.max(attempt.elapsed));
    }

    fn on_body(&self, attempt: &Attempt, body: Bytes) -> Bytes {
        self.count(attempt, |number| number.bytes += body.len());
        body
    }

    fn on_error(&self, attempt: &Attempt, _: &Error) {
        self.count(attempt, |number| number.failed += 1);
    }
}
