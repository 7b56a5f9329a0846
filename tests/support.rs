//! Clients for servers of the tests.

use octopusx::{Client, ClientBuilder, RetryPolicy};

use crate::watch;

pub const KEY: &str = "sk-test-0123456789";

/// A client for a test server's address, which sends everything once.
pub fn client(base: &str) -> Client {
    builder(base).build().unwrap()
}

/// The same, with more to be set.
pub fn builder(base: &str) -> ClientBuilder<Client> {
    watch::begin();
    // Reading the roots of TLS takes longer than all the rest of a test that speaks plain HTTP.
    Client::builder().key(KEY).base_url(base).retry(RetryPolicy::none()).http(|http| http.tls_certs_only([]))
}

/// A client that is never awaited.
pub fn offline() -> Client {
    client("https://gateway.example")
}
