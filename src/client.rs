//! Clients: what they are made from, and what all clones share.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use crate::Error;
use crate::auth::{Key, KeySource};
use crate::middleware::Middleware;
use crate::redact::HIDDEN;
use crate::request::{Begin, BuildError};
use crate::retry::{Budget, RetryPolicy};
use crate::tasks::Kind;
use crate::timeouts::Timeouts;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_BUDGET: u32 = 50;
/// So many questions about tasks are under way at a time, however many tasks are waited for.
const POLLS: usize = 32;
const MAX_BODY: NonZeroUsize = NonZeroUsize::new(64 * 1024 * 1024).unwrap();

/// What all clones of a client share.
pub struct Core {
    /// The system that is talked to.
    pub(crate) system: &'static str,
    pub(crate) key: KeySource,
    base: Url,
    /// The base without a trailing slash, as the generated requests want it.
    base_text: String,
    pub(crate) http: reqwest::Client,
    inner: Inner,
    /// Made when the first call needs it.
    http1: OnceLock<reqwest::Client>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) middleware: Vec<Box<dyn Middleware>>,
    pub(crate) max_body: usize,
    pub(crate) max_event: NonZeroUsize,
    pub(crate) allow_http: bool,
    pub(crate) polls: Semaphore,
}

impl Core {
    pub(crate) fn base_url(&self) -> &str {
        &self.base_text
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// The client for what HTTP/2 can't do: a change of protocol.
    pub(crate) fn http1(&self) -> Result<&reqwest::Client, Error> {
        if let Some(made) = self.http1.get() {
            return Ok(made);
        }
        let made = self.inner.client(|builder| builder.http1_only())?;
        Ok(self.http1.get_or_init(|| made))
    }

    /// What the generated requests begin with.
    pub(crate) fn begin(&self) -> Begin<'_> {
        Begin { http: &self.http, base: &self.base, base_text: &self.base_text }
    }

    /// The client that unsent requests are built with.
    pub(crate) fn builder(&self) -> &reqwest::Client {
        &self.http
    }
}

/// A system that a client talks to: where it is found by default. Implemented by the two clients.
pub trait System: Sized + fmt::Debug {
    #[doc(hidden)]
    const BASE_URL: &'static str;
    #[doc(hidden)]
    const KEY_VARIABLE: &'static str;
    #[doc(hidden)]
    const BASE_VARIABLE: &'static str;
    #[doc(hidden)]
    const NAME: &'static str;
    /// The kinds of tasks that this build can follow.
    #[doc(hidden)]
    const KINDS: &'static [&'static Kind];
    #[doc(hidden)]
    fn from_core(core: Arc<Core>) -> Self;
    #[doc(hidden)]
    fn shared(&self) -> &Arc<Core>;
}

/// A client of the OctopusX gateway. Cheap to clone; clones share connections.
///
/// ```no_run
/// # async fn example() -> Result<(), octopusx::Error> {
/// let client = octopusx::Client::from_env()?;
/// let models = client.models().list().await?;
/// println!("{} models", models.data.len());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

impl System for Client {
    const BASE_URL: &'static str = crate::BASE_URL;
    const KEY_VARIABLE: &'static str = "OCTOPUSX_API_KEY";
    const BASE_VARIABLE: &'static str = "OCTOPUSX_BASE_URL";
    const NAME: &'static str = "octopusx";
    const KINDS: &'static [&'static Kind] = crate::generated::octopusx::TASK_KINDS;

    fn from_core(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn shared(&self) -> &Arc<Core> {
        &self.core
    }
}

/// What every client has, whatever the gateway.
macro_rules! client_methods {
    ($name:ident, $path:literal) => {
        impl $name {
            /// A client for this key, with the gateway's public address and defaults.
            ///
            /// # Errors
            /// A key that can't be one: empty, with a space or a line break.
            pub fn new(key: &str) -> Result<Self, $crate::Error> {
                Self::builder().key(key).build()
            }

            /// A client for the key, and where it is set the base URL, that the environment names.
            ///
            /// # Errors
            /// The variable is not set, or its value can't be a key; the base URL's variable holds no address.
            pub fn from_env() -> Result<Self, $crate::Error> {
                Self::builder().env().build()
            }

            /// Everything that can be set.
            pub fn builder() -> $crate::ClientBuilder<Self> {
                $crate::ClientBuilder::new()
            }

            /// The address that calls go to.
            #[must_use]
            pub fn base_url(&self) -> &str {
                self.core.base_url()
            }

            /// Calls a route that this version of the client does not know, with the same transport, key and errors.
            ///
            /// ```no_run
            #[doc = concat!("# async fn example(client: ", $path, ") -> Result<(), octopusx::Error> {")]
            /// use octopusx::http::Method;
            ///
            /// let answer = client.call(Method::POST, "/v1/new-thing").json(&serde_json::json!({"a": 1})).await?;
            /// println!("{}", answer["id"]);
            /// # Ok(()) }
            /// ```
            pub fn call(&self, method: ::http::Method, path: &str) -> $crate::Call<$crate::Response<::serde_json::Value>> {
                $crate::Call::unlisted(&self.core, method, path)
            }

            /// Calls a documented operation by its entry in `OPERATIONS`, with JSON in place of types: for tools that
            /// serve all routes alike.
            ///
            /// Path arguments come in the order of the path's places. It is sent, retried and classified as the
            /// operation's own method would, its constant headers and query parameters included. [`Call::json`]($crate::Call::json) sets the body;
            /// [`into_events`]($crate::Call::into_events) and [`into_bytes`]($crate::Call::into_bytes) read other
            /// answers than JSON. Without the answer's type nobody knows whether an `error` belongs to it: a non-empty
            /// one is a failure.
            ///
            /// ```no_run
            #[doc = concat!("# async fn example(client: ", $path, ") -> Result<(), octopusx::Error> {")]
            /// # let operations = octopusx::OPERATIONS;
            /// for operation in operations.iter().filter(|operation| operation.id().ends_with("_get")) {
            ///     println!("{}: {:?}", operation.id(), client.call_operation(operation, &["task_1"]).await?.http_status());
            /// }
            /// # Ok(()) }
            /// ```
            pub fn call_operation(
                &self,
                operation: &'static $crate::Operation,
                path_arguments: &[&str],
            ) -> $crate::Call<$crate::Response<::serde_json::Value>> {
                $crate::Call::of_operation(&self.core, operation, path_arguments)
            }

            /// Waits for a task: give it what the creating call answered.
            ///
            /// The result is the last answer about the task. See [`Wait`]($crate::tasks::Wait) for deadline, pace and
            /// progress.
            pub fn wait<T>(&self, task: &T) -> $crate::tasks::Wait<T::Answer>
            where
                T: $crate::tasks::Task<Client = Self>,
                T::Answer: $crate::tasks::Followed,
            {
                $crate::tasks::Wait::of(&self.core, task)
            }

            /// Goes on waiting for a task that was written down, or that an error names
            /// ([`Error::resume`]($crate::Error::resume)), whatever its kind. Nothing is submitted again.
            ///
            /// That the task belongs to another gateway, or to a part of this one that is not built, comes out of
            /// `await`.
            pub fn resume(&self, task: &$crate::tasks::TaskRef) -> $crate::tasks::Wait<$crate::tasks::TaskAnswer> {
                $crate::tasks::Wait::resumed::<Self>(&self.core, task)
            }

            /// Waits for many tasks of any kinds at once, each as it was written down by `task_ref()`.
            pub fn wait_all(&self, tasks: impl IntoIterator<Item = $crate::tasks::TaskRef>) -> $crate::tasks::WaitAll {
                $crate::tasks::WaitAll::new::<Self>(&self.core, tasks.into_iter().collect())
            }

            /// Downloads what a task has made: give it any answer about the task.
            ///
            /// ```no_run
            /// # #[cfg(feature = "suno")]
            /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
            /// let songs = client.suno().fetch("7c1e9a54").await?;
            /// for number in 0..songs.media_urls().len() {
            ///     client.download(&songs).result(number).to("songs/").await?;
            /// }
            /// # Ok(()) }
            /// ```
            pub fn download<T: $crate::tasks::Task<Client = Self>>(&self, task: &T) -> $crate::Download {
                $crate::Download::of_task(&self.core, T::KIND, task.task_id(), task.media_urls())
            }

            /// Downloads from an address, one of a task's `media_urls()` for example. The key goes along to the
            /// gateway's own host alone.
            pub fn download_url(&self, address: &str) -> $crate::Download {
                $crate::Download::of_address(&self.core, address)
            }

            pub(crate) fn core(&self) -> &::std::sync::Arc<$crate::client::Core> {
                &self.core
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name)).field("base_url", &self.core.base_url()).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use client_methods;

type HttpOptions = Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

/// Everything that can be set on a client.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder<C> {
    key: Option<SecretString>,
    provider: Option<KeySource>,
    base_url: Option<String>,
    env: bool,
    timeouts: Timeouts,
    connect_timeout: Duration,
    retry: RetryPolicy,
    retry_budget: u32,
    middleware: Vec<Box<dyn Middleware>>,
    max_body: usize,
    max_event: NonZeroUsize,
    allow_http: bool,
    user_agent: Option<String>,
    http: Option<HttpOptions>,
    client: PhantomData<fn() -> C>,
}

impl<C: System> ClientBuilder<C> {
    pub(crate) fn new() -> Self {
        Self {
            key: None,
            provider: None,
            base_url: None,
            env: false,
            timeouts: Timeouts::default(),
            connect_timeout: CONNECT_TIMEOUT,
            retry: RetryPolicy::default(),
            retry_budget: RETRY_BUDGET,
            middleware: Vec::new(),
            max_body: MAX_BODY.get(),
            max_event: MAX_BODY,
            allow_http: false,
            user_agent: None,
            http: None,
            client: PhantomData,
        }
    }

    /// The API key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into().into());
        self
    }

    /// Asks for the key before each call, for keys that change. Wins over [`key`](Self::key).
    ///
    /// ```
    /// # fn main() -> Result<(), octopusx::Error> {
    /// let client = octopusx::Client::builder().key_provider(|| async { std::fs::read_to_string("/run/secrets/key") }).build()?;
    /// # Ok(()) }
    /// ```
    pub fn key_provider<F, E>(mut self, provide: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.provider = Some(KeySource::provider(provide));
        self
    }

    /// Another address than the gateway's public one. A `/v1` or `/` at its end is understood.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Takes the key and the base URL from the environment where they are not set here.
    pub fn env(mut self) -> Self {
        self.env = true;
        self
    }

    /// How long a call may take, retries included, to the last byte of a JSON answer. Default: 10 minutes. Streams and
    /// downloads have no such limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.whole = timeout;
        self
    }

    /// How long an attempt may wait for the answer's head. Default: 10 minutes: a model that thinks sends nothing.
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.first_byte = timeout;
        self
    }

    /// How long an answer's body may be silent between two pieces, streams and downloads included. Default: 2 minutes.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// When and how often a call is sent again. Default: see [`RetryPolicy`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all clones of the client may make in a row without a success between them; each success gives a
    /// tenth of one back. Default: 50.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Watches and changes requests and answers.
    pub fn middleware(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Box::new(middleware));
        self
    }

    /// The largest answer that is held in memory, in bytes: JSON, and what [`bytes`](crate::ByteStream::bytes) collects.
    /// Default: 64 MiB.
    pub fn max_body_bytes(mut self, most: usize) -> Self {
        self.max_body = most;
        self
    }

    /// The largest event of a stream that is read, in bytes; zero counts as one. Default: 64 MiB.
    pub fn max_event_bytes(mut self, most: usize) -> Self {
        self.max_event = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How long connecting may take. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Allows plain `http://` to hosts beyond this machine. Default: refused, because the key would travel in the open.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The `User-Agent`. Default: the crate's name and version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Changes the inner HTTP client: proxy, roots, interfaces and everything else that reqwest can do. Called once more
    /// when the first WebSocket is opened, for a client that speaks HTTP/1.1 only.
    ///
    /// Redirects, referers and retries stay this crate's own, whatever is set here.
    pub fn http(mut self, change: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static) -> Self {
        self.http = Some(Arc::new(change));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// No key, a key or an address that can't be one, plain HTTP to a foreign host, TLS that can't be set up.
    pub fn build(self) -> Result<C, Error> {
        let variable =
            |name: &str| if self.env { std::env::var(name).ok().filter(|value| !value.trim().is_empty()) } else { None };
        let key = match self.provider.clone() {
            Some(provider) => provider,
            None => {
                let key =
                    self.key.clone().or_else(|| variable(C::KEY_VARIABLE).map(Into::into)).ok_or_else(|| {
                        Error::bad_input(format!("no API key: give it to the client, or set {}", C::KEY_VARIABLE))
                    })?;
                KeySource::Fixed(Key::new(key.expose_secret()).map_err(Error::bad_input)?)
            }
        };
        let base = self.base_url.clone().or_else(|| variable(C::BASE_VARIABLE)).unwrap_or_else(|| C::BASE_URL.to_owned());
        let base = parse_base(&base, self.allow_http)?;
        let agent = self.user_agent.unwrap_or_else(|| concat!("octopusx/", env!("CARGO_PKG_VERSION")).to_owned());
        let inner = Inner { agent, connect_timeout: self.connect_timeout, change: self.http };
        let core = Core {
            system: C::NAME,
            key,
            base_text: base.as_str().trim_end_matches('/').to_owned(),
            base,
            http: inner.client(|builder| builder)?,
            inner,
            http1: OnceLock::new(),
            timeouts: self.timeouts,
            retry: self.retry,
            budget: Budget::new(self.retry_budget),
            middleware: self.middleware,
            max_body: self.max_body,
            max_event: self.max_event,
            allow_http: self.allow_http,
            polls: Semaphore::new(POLLS),
        };
        Ok(C::from_core(Arc::new(core)))
    }
}

/// What the inner clients are made from.
struct Inner {
    agent: String,
    connect_timeout: Duration,
    change: Option<HttpOptions>,
}

impl Inner {
    /// No redirects, no referer, no retries: the transport does these itself.
    fn client(&self, version: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
        install_tls_provider();
        let mut builder = reqwest::Client::builder().connect_timeout(self.connect_timeout).user_agent(&self.agent);
        if let Some(change) = &self.change {
            builder = change(builder);
        }
        version(builder)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| Error::input(BuildError::from(error), None))
    }
}

impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url.as_deref().map(shown_base))
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// An address as it may be shown: people paste names, passwords and keys into it.
fn shown_base(text: &str) -> String {
    let text = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"));
    match text.split_once('?') {
        Some((place, _)) => format!("{place}?{HIDDEN}"),
        None => text,
    }
}

fn parse_base(text: &str, allow_http: bool) -> Result<Url, Error> {
    let bad = |why: &str| Error::bad_input(format!("bad base URL {:?}: {why}", shown_base(text)));
    let mut url = Url::parse(text.trim()).map_err(|error| bad(&format!("{error}; it must look like https://octopusx.ai")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::bad_input("bad base URL: it holds a user name or password; give the key with `key`"));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad("it must begin with https:// and name a host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it can't have a query or a fragment"));
    }
    if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
        return Err(bad("plain http would send the key in the open; use https, or `allow_http(true)`"));
    }
    // People copy the address out of other clients' settings, where it ends in the version.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// reqwest is built without a provider of its own; a provider that the program chose is left alone.
fn install_tls_provider() {
    #[cfg(any(feature = "tls", feature = "aws-lc-rs"))]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        #[cfg(feature = "tls")]
        let provider = rustls::crypto::ring::default_provider();
        #[cfg(not(feature = "tls"))]
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        // Fails only when another thread was faster.
        let _ = provider.install_default();
    }
}

client_methods!(Client, "octopusx::Client");
