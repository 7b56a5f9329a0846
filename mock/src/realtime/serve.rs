//! An open session: what comes goes to the conversation, what it says goes out at its pace.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_websockets::{CloseCode, Limits, Message, ServerBuilder, WebSocketStream};

use super::FOREVER;
use super::script::{SessionFault, SessionScript, Sessions};
use super::talk::Talk;
use crate::document::Document;
use crate::server::Stopped;

/// More than any event of a test.
const LARGEST: usize = 64 * 1024 * 1024;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A session that begins as soon as the connection has changed its protocol.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(super) document: Arc<Document>,
    pub(super) operation: String,
    pub(super) model: Option<String>,
    pub(super) older: bool,
    pub(super) pause: Duration,
    pub(super) sessions: Arc<Sessions>,
    pub(super) script: SessionScript,
}

/// Why a session is over.
struct Over;

impl Opening {
    /// Runs until either side ends it, or the gateway stops.
    pub(crate) async fn run(mut self, upgrade: OnUpgrade, mut stopped: Stopped) {
        let Ok(stream) = upgrade.await else { return };
        let limits = Limits::default().max_payload_len(Some(LARGEST));
        let mut socket = ServerBuilder::new().limits(limits).serve(TokioIo::new(stream));
        tokio::select! {
            // That it is over says all: the client has hung up, or a fault was due.
            Err(Over) = self.talk(&mut socket) => {}
            _ = stopped.changed() => {}
        }
    }

    async fn talk(&mut self, socket: &mut Socket) -> Result<std::convert::Infallible, Over> {
        let document = Arc::clone(&self.document);
        let rules = document.named(&self.operation).and_then(|chosen| chosen.operation.socket.as_ref()).ok_or(Over)?;
        let mut talk = Talk::begin(&document.schemas, rules, self.model.as_deref(), self.older);
        let (mut sent, mut slow) = (0, None);
        loop {
            while let Some(fault) = self.script.due(sent) {
                self.happen(fault, socket, &mut talk, &mut slow).await?;
            }
            let Some(event) = talk.next() else {
                let message = socket.next().await;
                self.hear(message, &mut talk)?;
                continue;
            };
            let pause = slow.or_else(|| event.paced.then_some(self.pause));
            if let Some(pause) = pause.filter(|pause| !pause.is_zero()) {
                // What comes meanwhile may change what is still to be said.
                let deadline = tokio::time::Instant::now() + pause;
                while let Ok(message) = tokio::time::timeout_at(deadline, socket.next()).await {
                    self.hear(message, &mut talk)?;
                }
            }
            if let Some(event) = talk.still(event) {
                socket.send(Message::text(event.to_string())).await.map_err(|_| Over)?;
                sent += 1;
            }
        }
    }

    fn hear(&self, message: Option<Result<Message, tokio_websockets::Error>>, talk: &mut Talk<'_>) -> Result<(), Over> {
        let message = message.and_then(Result::ok).ok_or(Over)?;
        let Some(text) = message.as_text() else { return Ok(()) };
        match serde_json::from_str::<Value>(text) {
            Ok(event) => {
                self.sessions.hear(event.clone());
                talk.hear(&event);
            }
            Err(error) => talk.complain("invalid_json", &format!("it is no JSON: {error}"), None, &Value::Null),
        }
        Ok(())
    }

    async fn happen(
        &self,
        fault: SessionFault,
        socket: &mut Socket,
        talk: &mut Talk<'_>,
        slow: &mut Option<Duration>,
    ) -> Result<(), Over> {
        let mut raw = async |bytes: &[u8]| {
            let stream = socket.get_mut();
            let written = stream.write_all(bytes).await.and(stream.flush().await);
            written.map_err(|_| Over)
        };
        match fault {
            SessionFault::Cut => return Err(Over),
            SessionFault::Bytes(bytes) => raw(&bytes).await?,
            // FIN, RSV1 and RSV3, a text of two letters.
            SessionFault::BadFrame => raw(&[0x80 | 0x40 | 0x10 | 1, 2, b'{', b'}']).await?,
            SessionFault::Close(code, reason) => {
                let code = CloseCode::try_from(code).unwrap_or(CloseCode::INTERNAL_SERVER_ERROR);
                socket.send(Message::close(Some(code), &reason)).await.map_err(|_| Over)?;
                // The client answers; until then the connection stays.
                while let Some(Ok(_)) = socket.next().await {}
                return Err(Over);
            }
            SessionFault::Text(text) => socket.send(Message::text(text)).await.map_err(|_| Over)?,
            SessionFault::Huge(bytes) => {
                let event = json!({"type": "octopusx_mock.huge", "filling": "x".repeat(bytes)}).to_string();
                socket.send(Message::text(event)).await.map_err(|_| Over)?;
            }
            SessionFault::Error(code, message) => talk.complain(&code, &message, None, &Value::Null),
            SessionFault::Slow(pause) => *slow = Some(pause),
            SessionFault::Silence => {
                tokio::time::sleep(FOREVER).await;
                return Err(Over);
            }
        }
        Ok(())
    }
}
