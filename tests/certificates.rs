//! Certificates for servers of the tests, and clients that trust them.

use std::sync::Arc;

use octopusx::{Client, ClientBuilder};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support;

/// One that signs others.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

/// Whom a certificate is for, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// `localhost` and 127.0.0.1.
    ThisMachine,
    AnotherHost,
    /// This machine, in the last century.
    ThePast,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// What a server does TLS with; `alpn` are the protocols it speaks, the best first.
    pub fn server(&self, whom: For, alpn: &[&str]) -> TlsAcceptor {
        let names = match whom {
            For::ThisMachine | For::ThePast => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            For::AnotherHost => vec!["another.example".to_owned()],
        };
        let mut params = CertificateParams::new(names).unwrap();
        if whom == For::ThePast {
            params.not_before = date_time_ymd(1998, 1, 1);
            params.not_after = date_time_ymd(1999, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client that trusts what this one signed, and nothing else.
    pub fn client(&self, url: &str) -> ClientBuilder<Client> {
        support::builder(url).http(self.trust())
    }

    /// What makes an HTTP client such a one.
    pub fn trust(&self) -> impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static {
        let root = reqwest::Certificate::from_der(&self.root).unwrap();
        move |http| http.tls_certs_only([root.clone()])
    }
}
