//! Clients for servers of the tests.

use octopusx::Client;

pub const KEY: &str = "sk-test-0123456789";

/// A client for a test server's address.
pub fn client(base: &str) -> Client {
    Client::builder().key(KEY).base_url(base).build().unwrap()
}

/// A client that is never awaited.
pub fn offline() -> Client {
    client("https://gateway.example")
}
