//! One of the two gateways: its document, its state, and the way of a request through it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::ListenerExt;
use http::HeaderValue;
use tokio::net::TcpListener;

use crate::answer::{self, Exchange};
use crate::auth;
use crate::check::Violation;
use crate::document::{Chosen, Document};
use crate::face;
use crate::failure::{self, Failure};
use crate::files;
use crate::ids::Ids;
use crate::plan::Plans;
use crate::request::{Incoming, RecordedRequest};
use crate::tasks::Tasks;

/// More than any upload of a test; a body that never ends has to stop somewhere.
const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// The requests of both gateways, in the order of arrival.
pub(crate) type Log = Arc<Mutex<Vec<RecordedRequest>>>;

/// One gateway.
pub(crate) struct System {
    pub(crate) document: Arc<Document>,
    /// Its own address.
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) chunk_pause: Duration,
    pub(crate) tasks: Tasks,
    pub(crate) ids: Ids,
    pub(crate) log: Log,
    pub(crate) plans: Arc<Plans>,
}

impl System {
    /// Answers a request, whatever it is.
    pub(crate) async fn handle(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let mut response = match to_bytes(body, BODY_LIMIT).await {
            Ok(body) => self.answer(&Incoming::new(head.method, head.uri, head.headers, body)),
            Err(error) => failure::unreadable_body(&error.to_string()),
        };
        if let Ok(id) = HeaderValue::try_from(self.ids.request()) {
            response.headers_mut().insert("x-request-id", id);
        }
        response
    }

    fn answer(&self, incoming: &Incoming) -> Response {
        if let Some((id, kind)) = files::named(incoming.path()) {
            self.record(incoming, None);
            return match self.tasks.find(&id) {
                Some(_) if files::is_expired(incoming.uri.query()) => files::expired(),
                Some(_) => files::respond(kind, kind.media_type(), &incoming.headers),
                None => failure::no_file(incoming.path()),
            };
        }
        let Some((operation, path)) = self.document.route(&incoming.method, incoming.path()) else {
            self.record(incoming, None);
            return failure::no_route(&incoming.method, incoming.path());
        };
        let task = if operation.faces.is_empty() { None } else { self.tasks.named_in(&path, incoming) };
        let face = face::choose(&self.document, operation, incoming, &self.key, task.as_deref());
        let chosen = Chosen { operation, face: face.as_ref().ok().copied().flatten() };
        self.record(incoming, Some(chosen.id()));
        if !auth::allowed(&operation.security, incoming, &self.key) {
            return Failure::KEY.respond(&self.document, operation);
        }
        let mut misfits: Vec<Violation> = Vec::new();
        let exchange = Exchange::begin(self, chosen, &path, incoming, &mut misfits);
        misfits.extend(face.err().map(|faces| Violation::no_face(&faces)));
        if !misfits.is_empty() {
            return failure::unfit(&misfits);
        }
        let answer = exchange.and_then(|exchange| answer::respond(&exchange));
        answer.unwrap_or_else(|problem| failure::internal(&problem))
    }

    fn record(&self, incoming: &Incoming, operation: Option<&str>) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(incoming.record(operation));
    }
}

/// Opens a port of this machine that no other machine can reach.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Serves until `stop` is over.
pub(crate) async fn serve(listener: TcpListener, system: Arc<System>, stop: impl Future<Output = ()> + Send + 'static) {
    let handler = move |request: Request| {
        let system = Arc::clone(&system);
        async move { system.handle(request).await }
    };
    let router = Router::new().fallback(handler);
    // Without this an event waits for the acknowledgement of the one before it.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    // It only ends by `stop`: errors of single connections are the connections' own.
    let _ = axum::serve(listener, router).with_graceful_shutdown(stop).await;
}
