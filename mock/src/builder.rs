//! How gateways are set up and started, and why they may not start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Gateway;
use crate::document::{Document, DocumentError};
use crate::ids::Ids;
use crate::log::Log;
use crate::plan::Plans;
use crate::realtime::Sessions;
use crate::recording::replay::Replay;
use crate::recording::{Kind, Recording};
use crate::server::{self, System};
use crate::sources;
use crate::storage::Storage;
use crate::tasks::Tasks;

/// The key that the OctopusX gateway takes unless the builder names another.
pub const DEFAULT_KEY: &str = "sk-mock-key";

/// The key that the OpenOctopus gateway takes unless the builder names another.
pub const DEFAULT_OPENOCTOPUS_KEY: &str = "ooq_mock_key";

/// Sets up a [`Gateway`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct GatewayBuilder {
    port: u16,
    key: String,
    openoctopus_key: String,
    task_step: Duration,
    chunk_pause: Duration,
    kept_requests: usize,
    recordings: Vec<Recording>,
    real_time: bool,
}

impl Default for GatewayBuilder {
    fn default() -> Self {
        Self {
            port: 0,
            key: DEFAULT_KEY.to_owned(),
            openoctopus_key: DEFAULT_OPENOCTOPUS_KEY.to_owned(),
            task_step: Duration::from_millis(300),
            chunk_pause: Duration::from_millis(20),
            kept_requests: usize::MAX,
            recordings: Vec::new(),
            real_time: false,
        }
    }
}

impl GatewayBuilder {
    /// The port of the OctopusX gateway; OpenOctopus gets the next one. 0, the default, means any two free ports.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The key that the OctopusX gateway takes.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The key that the OpenOctopus gateway takes.
    pub fn openoctopus_key(mut self, key: impl Into<String>) -> Self {
        self.openoctopus_key = key.into();
        self
    }

    /// How long a task stays in each of its states; 300 ms by default. With zero every poll moves it one state on.
    pub fn task_step(mut self, step: Duration) -> Self {
        self.task_step = step;
        self
    }

    /// The pause between two events of a stream; 20 ms by default.
    pub fn chunk_pause(mut self, pause: Duration) -> Self {
        self.chunk_pause = pause;
        self
    }

    /// How many requests are kept for [`Gateway::requests`], the latest ones; all by default. What is counted is counted
    /// in any case.
    pub fn kept_requests(mut self, requests: usize) -> Self {
        self.kept_requests = requests;
        self
    }

    /// The gateway of this recording answers from it, and from nothing else: with what the real one answered to the same
    /// method, path, query and body, each answer once and in the order of the recording. Bodies may differ in their texts and
    /// numbers, not in what they consist of. Any key will do, and orders such as [`Gateway::next`] have no effect there.
    ///
    /// May be called for several recordings.
    pub fn replays(mut self, recording: Recording) -> Self {
        self.recordings.push(recording);
        self
    }

    /// Whether a recording is played with the pauses of the real answers; without them by default.
    pub fn real_time(mut self, real_time: bool) -> Self {
        self.real_time = real_time;
        self
    }

    /// Starts both gateways. They run on the tokio runtime that this is called on.
    ///
    /// # Errors
    /// When a port cannot be opened, or a document is not usable.
    pub async fn start(self) -> Result<Gateway, StartError> {
        let octopusx = sources::octopusx().map_err(|error| StartError::document("OctopusX", error))?;
        let openoctopus = sources::openoctopus().map_err(|error| StartError::document("OpenOctopus", error))?;
        self.start_with(octopusx, openoctopus).await
    }

    /// Starts gateways that answer from any two documents.
    pub(crate) async fn start_with(self, octopusx: Arc<Document>, openoctopus: Arc<Document>) -> Result<Gateway, StartError> {
        let next = match self.port {
            0 => Ok(0),
            port => port.checked_add(1).ok_or_else(StartError::no_next_port),
        };
        let (listener, url) = open(self.port).await?;
        let (openoctopus_listener, openoctopus_url) = open(next?).await?;
        let log = Arc::new(Log::new(self.kept_requests));
        let plans = Arc::<Plans>::default();
        let documents = [Arc::clone(&octopusx), Arc::clone(&openoctopus)];
        let sessions = Arc::<Sessions>::default();
        let (stop, stopped) = watch::channel(());
        let serve = |listener, mut system: System| {
            system.sessions = Arc::clone(&sessions);
            let mut stopped = stopped.clone();
            // The sender sends nothing: that it is gone is the sign.
            let until = async move { while stopped.changed().await.is_ok() {} };
            tokio::spawn(server::serve(listener, Arc::new(system), until))
        };
        let replay = |kind, document| Replay::of(kind, &self.recordings, document, self.real_time);
        let replays = [replay(Kind::OctopusX, &octopusx), replay(Kind::OpenOctopus, &openoctopus)];
        let mut first = self.system(octopusx, &url, &self.key, &log, &plans);
        let mut second = self.system(openoctopus, &openoctopus_url, &self.openoctopus_key, &log, &plans);
        [first.replay, second.replay] = replays.clone();
        let servers = vec![serve(listener, first), serve(openoctopus_listener, second)];
        let Self { key, openoctopus_key, .. } = self;
        Ok(Gateway { url, openoctopus_url, key, openoctopus_key, log, plans, documents, sessions, replays, stop, servers })
    }

    pub(crate) fn system(&self, document: Arc<Document>, url: &str, key: &str, log: &Arc<Log>, plans: &Arc<Plans>) -> System {
        System {
            document,
            url: url.to_owned(),
            key: key.to_owned(),
            chunk_pause: self.chunk_pause,
            tasks: Tasks::new(self.task_step),
            storage: Storage::default(),
            ids: Ids::default(),
            log: Arc::clone(log),
            plans: Arc::clone(plans),
            sessions: Arc::default(),
            replay: None,
        }
    }
}

pub(crate) async fn open(port: u16) -> Result<(TcpListener, String), StartError> {
    server::bind(port).await.map_err(|error| StartError(Reason::Port { port, error }))
}

/// Why no gateway runs.
#[derive(Debug)]
pub struct StartError(Reason);

#[derive(Debug)]
enum Reason {
    Document {
        system: &'static str,
        error: DocumentError,
    },
    Port {
        port: u16,
        error: std::io::Error,
    },
    NoNextPort,
    #[cfg(feature = "record")]
    Recorder(String),
}

impl StartError {
    /// Why nothing can be recorded.
    #[cfg(feature = "record")]
    pub(crate) fn recorder(why: String) -> Self {
        Self(Reason::Recorder(why))
    }

    pub(crate) fn document(system: &'static str, error: DocumentError) -> Self {
        Self(Reason::Document { system, error })
    }

    fn no_next_port() -> Self {
        Self(Reason::NoNextPort)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Document { system, error } => write!(f, "the document of {system} is not usable: {error}"),
            Reason::Port { port: 0, error } => write!(f, "no port of 127.0.0.1 could be opened: {error}"),
            Reason::Port { port, error } => write!(f, "the port {port} of 127.0.0.1 could not be opened: {error}"),
            #[cfg(feature = "record")]
            Reason::Recorder(why) => f.write_str(why),
            Reason::NoNextPort => f.write_str("behind the port 65535 there is none for the second gateway"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Port { error, .. } => Some(error),
            _ => None,
        }
    }
}
