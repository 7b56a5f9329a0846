//! A real object storage that checks signatures, and a gateway that presigns for it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use serde_json::json;
use tempfile::TempDir;

use super::server::{Reply, Server};

/// Where files end up.
pub struct Storage {
    bucket: Bucket,
    credentials: Credentials,
    folder: TempDir,
}

/// How an address is made.
#[derive(Clone, Copy)]
pub struct Signed {
    /// The media type that the signature covers.
    pub media: Option<&'static str>,
    /// How long ago it was signed, and for how long.
    pub ago: Duration,
    pub life: Duration,
}

impl Default for Signed {
    fn default() -> Self {
        Self { media: None, ago: Duration::ZERO, life: Duration::from_secs(900) }
    }
}

impl Storage {
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("uploads")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("AKTEST", "storage-secret"));
        let service = service.build().into_shared();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let bucket = Bucket::new(address.parse().unwrap(), UrlStyle::Path, "uploads", "us-east-1").unwrap();
        Self { bucket, credentials: Credentials::new("AKTEST", "storage-secret"), folder }
    }

    /// A gateway that answers each question for an address with the next of these.
    pub async fn gateway(&self, addresses: Vec<Signed>, tell_type: bool) -> Server {
        let (bucket, credentials) = (self.bucket.clone(), self.credentials.clone());
        let addresses = Mutex::new(addresses.into_iter());
        Server::start(move |_, number| {
            let Some(signed) = addresses.lock().unwrap().next() else { return Reply::new(500, "asked too often") };
            let mut put = bucket.put_object(Some(&credentials), "file.bin");
            if let Some(media) = signed.media {
                put.headers_mut().insert("content-type", media);
            }
            let at = jiff::Timestamp::now() - jiff::SignedDuration::try_from(signed.ago).unwrap();
            let address = put.sign_with_time(signed.life, &at);
            let mut data = json!({
                "method": "PUT",
                "upload_url": address.as_str(),
                "object_key": "file.bin",
                "public_url": format!("https://files.example/{number}/file.bin"),
                "expires_in": 900,
            });
            if tell_type {
                data["content_type"] = signed.media.into();
            }
            Reply::new(200, json!({"success": true, "message": "", "data": data}).to_string())
                .header("content-type", "application/json")
        })
        .await
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("uploads/file.bin")
    }
}
