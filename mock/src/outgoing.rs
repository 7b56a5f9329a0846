//! An answer on its way out, from the gateway's words to bytes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::event::Event;
use crate::line::Break;
use crate::realtime::Opening;

/// An answer.
pub(crate) struct Outgoing {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    /// The pause between two pieces.
    pub(crate) pause: Duration,
    /// Before anything is sent.
    pub(crate) delay: Duration,
    /// Where the connection breaks.
    pub(crate) broken: Option<Break>,
    /// The conversation that follows a change of protocol.
    pub(crate) socket: Option<Box<Opening>>,
}

/// What an answer holds. A fault may need it before it is bytes.
pub(crate) enum Content {
    Whole(Bytes),
    Json(Value),
    Events(Vec<Event>),
    Pieces(Pieces),
}

/// A body that comes bit by bit.
#[derive(Default)]
pub(crate) struct Pieces {
    /// Each with a pause of its own before it, where it differs.
    pub(crate) queue: VecDeque<(Option<Duration>, Bytes)>,
    /// Nothing more comes then, not even an end.
    pub(crate) stalls: bool,
}

impl Outgoing {
    pub(crate) fn new(status: StatusCode, content: Content) -> Self {
        let headers = HeaderMap::new();
        Self { status, headers, content, pause: Duration::ZERO, delay: Duration::ZERO, broken: None, socket: None }
    }

    /// A whole JSON answer.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self::new(status, Content::Json(body)).labelled("application/json")
    }

    /// An answer of another kind.
    pub(crate) fn whole(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(status, Content::Whole(body.into())).labelled(content_type)
    }

    /// An answer of events.
    pub(crate) fn events(status: StatusCode, events: Vec<Event>) -> Self {
        let mut answer = Self::new(status, Content::Events(events)).labelled("text/event-stream");
        answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer
    }

    pub(crate) fn labelled(mut self, content_type: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(content_type) {
            self.headers.insert(header::CONTENT_TYPE, value);
        }
        self
    }

    /// The body as bytes: at once, or piece by piece.
    pub(crate) fn into_bytes(self) -> (StatusCode, HeaderMap, Result<Bytes, Pieces>, Duration) {
        let content = match self.content {
            Content::Whole(bytes) => Ok(bytes),
            Content::Json(value) => Ok(Bytes::from(value.to_string())),
            Content::Events(events) => Err(Pieces::new(events.iter().map(Event::frame))),
            Content::Pieces(pieces) => Err(pieces),
        };
        (self.status, self.headers, content, self.pause)
    }

    /// The answer for a server that speaks HTTP properly.
    pub(crate) fn into_response(self) -> Response {
        let (status, headers, content, pause) = self.into_bytes();
        let mut response = Response::new(match content {
            Ok(bytes) => Body::from(bytes),
            Err(pieces) => body(pieces, pause),
        });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

impl Pieces {
    /// The first piece has no pause before it.
    pub(crate) fn new(pieces: impl Iterator<Item = Bytes>) -> Self {
        let queue = pieces.enumerate().map(|(at, piece)| ((at == 0).then_some(Duration::ZERO), piece));
        Self { queue: queue.collect(), stalls: false }
    }

    /// A body that comes at once.
    pub(crate) fn one(bytes: Bytes) -> Self {
        Self { queue: VecDeque::from([(Some(Duration::ZERO), bytes)]), stalls: false }
    }

    /// The next piece when its time has come; none after the last. Where nothing more is to come, it waits for ever.
    pub(crate) async fn next(&mut self, pause: Duration) -> Option<Bytes> {
        let Some((own, bytes)) = self.queue.pop_front() else {
            if self.stalls {
                std::future::pending::<()>().await;
            }
            return None;
        };
        let pause = own.unwrap_or(pause);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some(bytes)
    }
}

fn body(pieces: Pieces, pause: Duration) -> Body {
    let stream = unfold(pieces, move |mut pieces| async move {
        let piece = pieces.next(pause).await?;
        Some((Ok::<_, Infallible>(piece), pieces))
    });
    Body::from_stream(stream)
}
