//! Sends one request and sorts its answer by status.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{About, Arriving, Head, redirect, within};
use crate::body::Payload;
use crate::client::Core;
use crate::error::{Error, Kind};
use crate::request::{BuildError, Unsent};

/// As much of an error's body as is kept.
const LARGEST_ERROR: usize = 1024 * 1024;

/// Sends a request and returns the head of a 2xx answer.
///
/// This is the seam for retries: all that a policy must know (the operation, the attempt, how it failed, whether the
/// request may have been processed) is known here, and the body can be sent again.
pub(crate) async fn exchange(core: &Core, unsent: Unsent) -> Result<Arriving, Error> {
    let ready = super::ready(core, unsent)?;
    let mut about = About {
        operation: ready.operation,
        method: ready.method.clone(),
        path: ready.url.path().to_owned(),
        started: Instant::now(),
        attempts: 0,
    };
    let deadline = about.started.checked_add(ready.timeout.unwrap_or(core.timeout));
    about.attempts += 1;
    let attempted = about.clone();
    within(deadline, &attempted, attempt(core, &ready, about, deadline)).await
}

async fn attempt(core: &Core, ready: &Unsent, about: About, deadline: Option<Instant>) -> Result<Arriving, Error> {
    tracing::debug!(operation = about.operation.id, method = %about.method, path = about.path, attempt = about.attempts, "send");
    let mut hops = redirect::Hops::new(ready);
    loop {
        let request = to_reqwest(core, ready, &hops).await.map_err(|error| Error::input(error, Some(about.operation)))?;
        let response = core.http.execute(request).await.map_err(|error| broken(error, &about))?;
        tracing::debug!(operation = about.operation.id, status = response.status().as_u16(), "head");
        if hops.follow(core, &response).map_err(|why| redirect_error(why, &about, &response))? {
            continue;
        }
        let head = Head { about, status: response.status(), headers: response.headers().clone() };
        if head.status.is_success() {
            return Ok(Arriving { head, body: response, deadline });
        }
        let body = read_error(response).await;
        return Err(Error::answer(head, body));
    }
}

async fn to_reqwest(core: &Core, ready: &Unsent, hops: &redirect::Hops) -> Result<reqwest::Request, BuildError> {
    let mut request = match &ready.body.0 {
        // The boundary goes into the content type, so reqwest writes that header.
        Payload::Form(form) => {
            let form = form.clone().into_reqwest().await?;
            core.http.request(ready.method.clone(), hops.url().clone()).multipart(form).build()?
        }
        _ => reqwest::Request::new(ready.method.clone(), hops.url().clone()),
    };
    for (name, value) in hops.headers() {
        request.headers_mut().append(name, value.clone());
    }
    if let Payload::Bytes(bytes) = &ready.body.0 {
        *request.body_mut() = Some(bytes.clone().into());
    }
    Ok(request)
}

/// The connection failed before an answer's head came.
fn broken(error: reqwest::Error, about: &About) -> Error {
    let kind = if error.is_connect() {
        Kind::Connect
    } else if error.is_timeout() {
        Kind::Timeout
    } else {
        Kind::Send
    };
    let error = error.without_url();
    let message = match kind {
        Kind::Connect => format!("can't connect: {}", innermost(&error)),
        Kind::Timeout => "no answer in time".to_owned(),
        _ => format!("the connection broke before an answer came: {}", innermost(&error)),
    };
    Error::of(kind, message, about).caused_by(error)
}

fn redirect_error(why: String, about: &About, response: &reqwest::Response) -> Error {
    let head = Head { about: about.clone(), status: response.status(), headers: response.headers().clone() };
    Error::with_answer(Kind::Redirect, why, head, Bytes::new())
}

/// The cause that says most: the last in the chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// The body of an error, as far as it came and no more than is worth keeping.
pub(crate) async fn read_error(mut response: reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LARGEST_ERROR - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= LARGEST_ERROR {
            break;
        }
    }
    body.freeze()
}
