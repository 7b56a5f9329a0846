//! The HTTP client underneath: proxy, addresses, pools, certificates, timeouts, and headers on every request.
//!
//! `cargo run --example http_client` needs no key; see `examples/stage`.

mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use octopusx::Body;
use octopusx::http::{HeaderValue, Request};
use octopusx::middleware::{Attempt, Middleware};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set_with(|builder| {
        builder
            .connect_timeout(Duration::from_secs(5))
            .first_byte_timeout(Duration::from_secs(120))
            .idle_timeout(Duration::from_secs(60))
            .user_agent("my-app/1.0")
            // reqwest's own builder: whatever it can do. Redirects and retries stay with this crate.
            .http(|http| {
                http.pool_max_idle_per_host(8)
                    .pool_idle_timeout(Duration::from_secs(30))
                    .tcp_keepalive(Duration::from_secs(30))
                    .resolve("gateway.internal", SocketAddr::from(([10, 0, 0, 7], 443)))
                    .no_proxy()
            })
            .middleware(Tenant("team-42"))
    })
    .await?;
    let models = stage.client.models().list().header("x-trace", "abc").await?;
    println!("{} models from {}", models.data.len(), stage.client.base_url());
    Ok(())
}

/// A header that a company's proxy wants on every request.
struct Tenant(&'static str);

impl Middleware for Tenant {
    fn on_request(&self, attempt: &Attempt, request: &mut Request<Body>) -> Result<(), String> {
        println!("{} goes out for {}", attempt.operation.id(), self.0);
        request.headers_mut().insert("x-tenant", HeaderValue::from_static(self.0));
        Ok(())
    }
}
