//! One upload under way: presign, put, and presign again where the address has ended.

use std::sync::Arc;
use std::time::Instant;

use http::Method;
use serde_json::Value;

use super::target::Target;
use super::{Upload, Uploaded};
use crate::Call;
use crate::body::{Body, Payload};
use crate::error::{Error, Kind};
use crate::operation::{Auth, Operation};
use crate::outgoing::Watch;
use crate::request::Unsent;
use crate::response::Response;
use crate::transport;

/// New addresses are asked for so often: one that ends while a file is on its way is made for too short a time.
const MOST_ADDRESSES: u32 = 3;

/// The signature in the address is all that the storage wants.
static PUT: Operation = Operation::undocumented("upload", Method::PUT, Auth::None, true);

pub(super) async fn run(mut upload: Upload) -> Result<Uploaded, Error> {
    let watch = Arc::new(Watch::telling(upload.on_progress.take()));
    let mut addresses = 0;
    loop {
        let asked = Instant::now();
        let presigned = presign(&mut upload).await?;
        let media = upload.file.media();
        let target = Target::read(&upload.shape, &presigned, asked, &media);
        let target = target.map_err(|why| Error::input(crate::request::BuildError::message(why), Some(upload.operation)))?;
        addresses += 1;
        match put(&mut upload, &target, &watch).await {
            Ok(()) => {
                let Target { public_url, content_type, .. } = target;
                return Ok(Uploaded { public_url, content_type, size: watch.state().0, presigned: presigned.into_inner() });
            }
            Err(error) if addresses < MOST_ADDRESSES && upload.file.is_replayable() && has_ended(&target, &error) => {
                tracing::info!(%error, "the address for the file has ended");
            }
            Err(error) => return Err(explained(error, &target)),
        }
    }
}

async fn presign(upload: &mut Upload) -> Result<Response<Value>, Error> {
    let mut request = upload.request.clone();
    request.insert(upload.shape.file_name.to_owned(), upload.file.name().into());
    request.insert(upload.shape.content_type.to_owned(), upload.file.media().into());
    let call = Call::of_operation(&upload.core, upload.operation, &[]).json(&Value::Object(request));
    match &upload.options.retry {
        Some(policy) => call.retry(policy.clone()).await,
        None => call.await,
    }
}

async fn put(upload: &mut Upload, target: &Target, watch: &Arc<Watch>) -> Result<(), Error> {
    let unsent = Unsent {
        operation: &PUT,
        method: target.method.clone(),
        url: target.url.clone(),
        headers: target.headers.clone(),
        body: Body(Payload::File(upload.file.clone(), Arc::clone(watch))),
        options: upload.options.clone(),
    };
    let arriving = transport::head(&upload.core, Box::new(unsent)).await?;
    // The head says that the file is there. The words are of no use, but a connection that is read to its end serves again.
    let _ = arriving.body.read_whole(arriving.head, transport::LARGEST_ERROR).await;
    Ok(())
}

/// Whether the storage refused the file because its address has ended.
fn has_ended(target: &Target, error: &Error) -> bool {
    let refused = error.kind() == Kind::Api && error.http_status().is_some_and(|status| status.is_client_error());
    let says = || error.body().is_some_and(|body| String::from_utf8_lossy(body).to_ascii_lowercase().contains("expired"));
    refused && (target.has_ended() || says())
}

fn explained(error: Error, target: &Target) -> Error {
    match error.http_status().map_or(0, |status| status.as_u16()) {
        400 | 401 | 403 => error.explained(&format!("the address was made for a file of type `{}`", target.content_type)),
        _ => error,
    }
}
