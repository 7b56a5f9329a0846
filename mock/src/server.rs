//! One of the two gateways: its document, its state, and the way of a request through it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer::{self, Exchange};
use crate::auth;
use crate::check::Violation;
use crate::document::{Chosen, Document};
use crate::face;
use crate::failure::{self, Failure};
use crate::files;
use crate::ids::Ids;
use crate::line::{self, Broken, Line};
use crate::log::Log;
use crate::outgoing::Outgoing;
use crate::plan::Plans;
use crate::realtime::{self, Sessions};
use crate::recording::replay::Replay;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::storage::{self, Storage};
use crate::tasks::Tasks;

/// More than any upload of a test; a body that never ends has to stop somewhere.
pub(crate) const BODY_LIMIT: usize = 256 * 1024 * 1024;

/// The name by which files are ordered that tasks have made.
pub(crate) const FILES: &str = "files";

/// The name by which requests to the storage are ordered.
pub(crate) const STORAGE: &str = "storage";

const REQUEST_ID: &str = "x-request-id";

/// What answers on their way get to finish when the gateway stops.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Changes when the gateway stops. Whoever holds one is waited for.
pub(crate) type Stopped = watch::Receiver<()>;

/// Something that answers requests.
pub(crate) trait Serves: Send + Sync + 'static {
    /// `Err` means that the connection is to be dropped.
    fn serve(&self, request: Request) -> impl Future<Output = Result<Response, Broken>> + Send;
}

impl Serves for Arc<System> {
    async fn serve(&self, request: Request) -> Result<Response, Broken> {
        self.handle(request).await
    }
}

/// One gateway.
pub(crate) struct System {
    pub(crate) document: Arc<Document>,
    /// Its own address.
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) chunk_pause: Duration,
    pub(crate) tasks: Tasks,
    pub(crate) storage: Storage,
    pub(crate) ids: Ids,
    pub(crate) log: Arc<Log>,
    pub(crate) plans: Arc<Plans>,
    pub(crate) sessions: Arc<Sessions>,
    /// Real answers, in place of those that the document shows.
    pub(crate) replay: Option<Arc<Replay>>,
}

impl System {
    /// Answers a request, whatever it is. `Err` means that its connection is to be dropped.
    pub(crate) async fn handle(&self, request: Request) -> Result<Response, Broken> {
        let (mut head, body) = request.into_parts();
        let line = head.extensions.remove::<Line>();
        let upgrade = head.extensions.remove::<OnUpgrade>().zip(head.extensions.remove::<Stopped>());
        let mut answer = match to_bytes(body, BODY_LIMIT).await {
            Ok(body) => self.answer(&Incoming::new(head.method, head.uri, head.headers, body)),
            Err(error) => failure::unreadable_body(&error.to_string()),
        };
        let upgrade = upgrade.filter(|_| answer.status == StatusCode::SWITCHING_PROTOCOLS);
        if let (Some(opening), Some((upgrade, stopped))) = (answer.socket.take(), upgrade) {
            tokio::spawn(opening.run(upgrade, stopped));
        }
        let recorded = self.replay.is_some() && answer.headers.contains_key(REQUEST_ID);
        if let (Ok(id), false) = (HeaderValue::try_from(self.ids.request()), recorded) {
            answer.headers.insert(REQUEST_ID, id);
        }
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        match (answer.broken.take(), line) {
            (Some(broken), Some(line)) => Err(line.send(answer, broken).await),
            (Some(_), None) => Err(Broken),
            (None, _) => Ok(answer.into_response()),
        }
    }

    fn answer(&self, incoming: &Incoming) -> Outgoing {
        if let Some(replay) = &self.replay {
            let operation = self.document.route(&incoming.method, incoming.path()).map(|(operation, _)| operation.id.as_str());
            self.record(incoming, operation);
            return replay.answer(incoming, &self.url);
        }
        if let Some((id, kind)) = files::named(incoming.path()) {
            return self.answer_file(FILES, incoming, &|| match self.tasks.find(&id) {
                Some(_) if files::is_expired(incoming.uri.query()) => files::expired(),
                Some(_) => files::respond(kind, kind.media_type(), &incoming.headers),
                None => failure::no_file(incoming.path()),
            });
        }
        if let Some(key) = storage::key_of(incoming.path()) {
            return self.answer_file(STORAGE, incoming, &|| self.storage.respond(&key, incoming, &self.key));
        }
        let Some((operation, path)) = self.document.route(&incoming.method, incoming.path()) else {
            self.record(incoming, None);
            return failure::no_route(&incoming.method, incoming.path());
        };
        let task = if operation.faces.is_empty() { None } else { self.tasks.named_in(&path, incoming) };
        let face = face::choose(&self.document, operation, incoming, &self.key, task.as_deref());
        let chosen = Chosen { operation, face: face.as_ref().ok().copied().flatten() };
        self.record(incoming, Some(chosen.id()));
        let shown =
            auth::allowed(&operation.security, incoming, &self.key) || realtime::shows_key(operation, incoming, &self.key);
        if !shown {
            return Failure::KEY.respond(&self.document, Some(operation));
        }
        let mut misfits: Vec<Violation> = Vec::new();
        let exchange = Exchange::begin(self, chosen, &path, incoming, &mut misfits);
        misfits.extend(face.err().map(|faces| Violation::no_face(&faces)));
        if !misfits.is_empty() {
            return failure::unfit(&misfits);
        }
        let answer = exchange.and_then(|mut exchange| match self.reply(chosen.id(), incoming) {
            Ok(Some(reply)) => {
                exchange.form = reply.form();
                reply.respond(&exchange, &|| answer::respond(&exchange))
            }
            Ok(None) => answer::respond(&exchange),
            Err(problem) => Ok(failure::bad_order(&problem)),
        });
        answer.unwrap_or_else(|problem| failure::internal(&problem))
    }

    /// What lies beside the documented routes, unless something else was ordered.
    fn answer_file(&self, name: &str, incoming: &Incoming, usual: &dyn Fn() -> Outgoing) -> Outgoing {
        self.record(incoming, Some(name));
        match self.reply(name, incoming) {
            Ok(Some(reply)) => reply.respond_to_file(&self.document, usual),
            Ok(None) => usual(),
            Err(problem) => failure::bad_order(&problem),
        }
    }

    /// What was ordered for a request: by itself, or by the test.
    fn reply(&self, operation: &str, incoming: &Incoming) -> Result<Option<Arc<Reply>>, String> {
        let by_itself = Reply::of_headers(&incoming.headers)?.map(Arc::new);
        Ok(by_itself.or_else(|| self.plans.reply(operation, || incoming.record(Some(operation)))))
    }

    fn record(&self, incoming: &Incoming, operation: Option<&str>) {
        self.log.add(incoming.record(operation));
    }
}

/// Opens a port of this machine that no other machine can reach.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Serves until `stop` is over; then what is on its way gets a moment.
pub(crate) async fn serve<S: Serves + Clone>(listener: TcpListener, system: S, stop: impl Future<Output = ()> + Send + 'static) {
    let mut stop = pin!(stop);
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of files, most likely: others have to end first.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        // Without this an event waits for the acknowledgement of the one before it.
        _ = stream.set_nodelay(true);
        let (connection, line) = line::split(stream);
        let (system, to_sessions) = (system.clone(), stopped.clone());
        let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(line.clone());
            request.extensions_mut().insert(to_sessions.clone());
            let system = system.clone();
            async move { system.serve(request.map(Body::new)).await }
        });
        let http = http1::Builder::new();
        let served = http.serve_connection(TokioIo::new(connection), service).with_upgrades();
        let mut stopped = stopped.clone();
        connections.spawn(async move {
            let mut served = pin!(served);
            // Errors of single connections are the connections' own.
            tokio::select! {
                _ = &mut served => return,
                _ = stopped.changed() => served.as_mut().graceful_shutdown(),
            }
            _ = served.await;
        });
    }
    drop((listener, stopped));
    _ = stopping.send(());
    let finish = async {
        while connections.join_next().await.is_some() {}
        // Sessions hold a receiver each.
        stopping.closed().await;
    };
    _ = tokio::time::timeout(LAST_MOMENT, finish).await;
    connections.shutdown().await;
}
