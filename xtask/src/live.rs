//! How this program talks to live sites: every answer as it came, no redirect followed on its own.

use std::time::Duration;

use ureq::config::{AutoHeaderValue, ConfigBuilder};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// The agent's settings; `name` is what it calls itself.
pub(crate) fn config(name: &str, timeout: Duration) -> ConfigBuilder<AgentScope> {
    ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(AutoHeaderValue::from(name))
}
