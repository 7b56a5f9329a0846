//! What can be set on a session before it is opened.

use std::time::Duration;

use super::{Item, Session, SessionEvent};
use crate::call::Call;
use crate::retry::RetryPolicy;

/// How many events may wait to be sent.
const QUEUE: usize = 64;

/// A quiet gateway is asked this often whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(20);

/// What a session has of its own. Set by the methods of [`Call`].
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) key_in_protocol: bool,
    /// `None`: never.
    pub(super) ping_every: Option<Duration>,
    pub(super) largest: Option<usize>,
    pub(super) queue: usize,
    pub(super) reconnect: Option<RetryPolicy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { key_in_protocol: false, ping_every: Some(PING_EVERY), largest: None, queue: QUEUE, reconnect: None }
    }
}

/// Options of a session that is about to be opened. [`timeout`](Self::timeout) bounds the handshake, 30 seconds by
/// default; [`idle_timeout`](Self::idle_timeout) bounds how long the open session may be silent, pings and their answers
/// included.
impl<E: Item, P> Call<Session<E>, P> {
    /// Sends the key in `Sec-WebSocket-Protocol` in place of a header, as browsers have to. So it passes proxies that
    /// drop headers, but some servers write sub-protocols into their logs.
    pub fn key_in_protocol(self) -> Self {
        self.setting(|settings| settings.key_in_protocol = true)
    }

    /// After how long a silence the gateway is asked whether it still lives. Default: 20 seconds; zero: never.
    pub fn ping_every(self, silence: Duration) -> Self {
        self.setting(|settings| settings.ping_every = Some(silence).filter(|silence| !silence.is_zero()))
    }

    /// The largest message that is read, in bytes. Default: the client's
    /// [`max_event_bytes`](crate::ClientBuilder::max_event_bytes).
    pub fn max_message_bytes(self, most: usize) -> Self {
        self.setting(|settings| settings.largest = Some(most))
    }

    /// How many events may wait to be sent; at least one. Default: 64. When they are full, sending waits.
    pub fn queue_events(self, most: usize) -> Self {
        self.setting(|settings| settings.queue = most.max(1))
    }

    /// Opens the session anew when it breaks: after a broken connection, a silence, or the close codes 1001 and 1011 to
    /// 1014. The policy says how often it is tried in a row, and with which pauses.
    ///
    /// The session's settings are sent again first, then the events that wait; what was sent before may be lost, and the
    /// conversation begins anew. Then [`SessionEvent::Reconnected`] comes. When it gives up, the error comes, and
    /// [`take_unsent`](crate::realtime::Sender::take_unsent) hands back what was not sent.
    ///
    /// ```no_run
    /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
    /// use octopusx::RetryPolicy;
    /// use octopusx::realtime::SessionEvent;
    ///
    /// let policy = RetryPolicy::default().max_attempts(8);
    /// let mut session = client.realtime().connect("gpt-4o-realtime").reconnect(policy).await?;
    /// while let Some(event) = session.next().await {
    ///     match event? {
    ///         SessionEvent::Server(event) => println!("{event:?}"),
    ///         SessionEvent::Reconnected(again) => println!("began anew after: {}", again.cause()),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn reconnect(self, policy: RetryPolicy) -> Call<Session<SessionEvent>, P> {
        self.setting(|settings| settings.reconnect = Some(policy)).read_as()
    }

    fn setting(self, set: impl FnOnce(&mut Settings)) -> Self {
        self.option(|options| set(options.websocket.get_or_insert_default()))
    }
}
