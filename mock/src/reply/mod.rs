//! Answers that a test orders: other ones than documented, or the documented ones with something wrong.

mod events;
mod make;
mod stream;
mod values;
mod words;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::answer::Form;
use crate::line::{At, Break, How};
use crate::pointer::Pointer;
use events::Edit;
use values::{Change, Place};

pub use events::ErrorShape;
pub use stream::LineEnd;
pub use words::{BadReply, Word};

/// An answer that a test orders: it begins as one of the functions below and gets wrong by the methods. They can be
/// combined, and each is done in its place whatever the order they are called in: first the values, then the events,
/// then their lines, then the bytes, then the connection.
///
/// ```
/// use octopusx_mock::{ErrorShape, LineEnd, Reply};
/// use serde_json::json;
///
/// let _replies = [
///     Reply::status(503).retry_after(2),
///     Reply::page(502),
///     Reply::json(json!({"success": false, "message": "no"})),
///     Reply::usual().sets("usage", json!(null)).numbers_as_strings(),
///     Reply::usual().error_after(2, ErrorShape::Text),
///     Reply::usual().line_ends(LineEnd::CrLf).in_pieces(1),
///     Reply::usual().cut_after(100),
/// ];
/// ```
///
/// It can also be read from a text, as the program's `--fault` and the header `x-mock-fault` have it:
///
/// ```
/// # fn main() -> Result<(), octopusx_mock::BadReply> {
/// let _reply: octopusx_mock::Reply = "status=503; retry-after=2".parse()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    base: Base,
    form: Form,
    status: Option<StatusCode>,
    headers: HeaderMap,
    label: Option<String>,
    values: Vec<Change>,
    as_event: bool,
    edits: Vec<Edit>,
    style: stream::Style,
    pieces: Option<usize>,
    pause: Option<Duration>,
    delay: Duration,
    broken: Option<Break>,
}

#[derive(Debug, Clone)]
enum Base {
    /// What the gateway would answer.
    Usual,
    /// The documented body of a failure with this status.
    Failure(StatusCode),
    Json(Value),
    Events(Vec<Value>),
    Whole(String, Bytes),
}

/// # What it begins as
impl Reply {
    fn new(base: Base) -> Self {
        Self {
            base,
            form: Form::AsAsked,
            status: None,
            headers: HeaderMap::new(),
            label: None,
            values: Vec::new(),
            as_event: false,
            edits: Vec::new(),
            style: stream::Style::default(),
            pieces: None,
            pause: None,
            delay: Duration::ZERO,
            broken: None,
        }
    }

    /// What the gateway answers by itself. What the request does is done, as when it makes a task.
    pub fn usual() -> Self {
        Self::new(Base::Usual)
    }

    /// A failure with this status, in the words and the shape that the operation documents for it. What the request
    /// asks for is not done.
    ///
    /// # Panics
    /// When the number is no status.
    #[track_caller]
    pub fn status(status: u16) -> Self {
        Self::new(Base::Failure(status_of(status)))
    }

    /// The documented body of a failure, with status 200.
    pub fn error_with_200() -> Self {
        Self::status(500).with_status(200)
    }

    /// A JSON body, with status 200.
    pub fn json(body: impl Into<Value>) -> Self {
        Self::new(Base::Json(body.into()))
    }

    /// These events, named and ended as the operation's protocol does.
    pub fn events(events: impl IntoIterator<Item = Value>) -> Self {
        Self::new(Base::Events(events.into_iter().collect()))
    }

    /// Any body, with status 200.
    pub fn bytes(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Base::Whole(content_type.to_owned(), body.into()))
    }

    /// A text, with status 200.
    pub fn text(body: impl Into<String>) -> Self {
        Self::bytes("text/plain; charset=utf-8", body.into())
    }

    /// A web page with this status, as proxies send it.
    ///
    /// # Panics
    /// When the number is no status.
    #[track_caller]
    pub fn page(status: u16) -> Self {
        let known = status_of(status);
        let title = format!("{status} {}", known.canonical_reason().unwrap_or_default());
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::bytes("text/html", page).with_status(status)
    }

    /// No body, and this status.
    ///
    /// # Panics
    /// When the number is no status.
    #[track_caller]
    pub fn empty(status: u16) -> Self {
        Self::bytes("", Bytes::new()).with_status(status)
    }
}

/// # Head
impl Reply {
    /// Another status.
    ///
    /// # Panics
    /// When the number is no status.
    #[track_caller]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status_of(status));
        self
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When name or value cannot stand in a header.
    #[allow(clippy::panic, reason = "a wrong test should say so at once")]
    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.try_header(name, value).unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn try_header(mut self, name: &str, value: &str) -> Result<Self, String> {
        let header = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = header.ok_or_else(|| format!("{name}: {value} is no header"))?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// Adds `Retry-After`: seconds, or a date.
    ///
    /// # Panics
    /// When the value cannot stand in a header.
    #[track_caller]
    pub fn retry_after(self, value: impl ToString) -> Self {
        self.header("retry-after", &value.to_string())
    }

    /// Says that the body is of this media type, whatever it is; nothing of it where the text is empty.
    pub fn labelled(mut self, content_type: &str) -> Self {
        self.label = Some(content_type.to_owned());
        self
    }

    /// Waits before anything is sent.
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// # Values, in a whole answer and in every event
impl Reply {
    fn change(mut self, change: Change) -> Self {
        self.values.push(change);
        self
    }

    /// Writes a value at a JSON pointer (`/choices/*/index`; what is missing on the way is made), or in place of every
    /// member of a name, at any depth.
    ///
    /// # Panics
    /// When the text begins as a pointer and is none.
    #[track_caller]
    pub fn sets(self, place: &str, value: impl Into<Value>) -> Self {
        self.change(Change::Set(Place::expect(place), value.into()))
    }

    /// Takes out what is at a JSON pointer, or every member of a name.
    ///
    /// # Panics
    /// When the text begins as a pointer and is none.
    #[track_caller]
    pub fn drops(self, place: &str) -> Self {
        self.change(Change::Drop(Place::expect(place)))
    }

    /// `null` for each member that the document does not require.
    pub fn nulls(self) -> Self {
        self.change(Change::Nulls)
    }

    /// `null` for each object and list that the document does not require.
    pub fn null_objects(self) -> Self {
        self.change(Change::NullObjects)
    }

    /// Each number as a text.
    pub fn numbers_as_strings(self) -> Self {
        self.change(Change::NumbersAsStrings)
    }

    /// A member that nobody documented, in every object.
    pub fn unknown_members(self) -> Self {
        self.change(Change::Add(json!({ "nested": [1, null, "é"] })))
    }

    /// A word that nobody documented, wherever the document lists words.
    pub fn unknown_words(self) -> Self {
        self.change(Change::UnknownWords)
    }

    /// A text of several bytes a letter, in a member `x_mock` of each whole value: with [`in_pieces`](Self::in_pieces)
    /// a letter is cut in two.
    pub fn wide_letters(self) -> Self {
        self.change(Change::Add(Value::from("é漢🐙")))
    }

    /// Bytes that are no UTF-8, in a text `x_mock` of each whole value.
    pub fn invalid_utf8(self) -> Self {
        self.change(Change::Add(Value::from(make::INVALID)))
    }

    /// A text of so many bytes in a member `x_mock` of the first event, or of the whole answer.
    pub fn huge(self, bytes: usize) -> Self {
        self.change(Change::Huge(bytes))
    }
}

/// # Events
impl Reply {
    fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// The documented events, although a whole answer was asked for.
    pub fn as_stream(mut self) -> Self {
        self.form = Form::Events;
        self
    }

    /// The documented whole answer, although events were asked for.
    pub fn as_whole(mut self) -> Self {
        self.form = Form::Whole;
        self
    }

    /// The whole answer as the data of one event.
    pub fn as_event(mut self) -> Self {
        self.as_event = true;
        self
    }

    /// The stream ends after so many events, as if that were all.
    pub fn truncated_after(self, events: usize) -> Self {
        self.edit(Edit::Truncate(events))
    }

    /// After so many events nothing comes any more, and the connection stays open.
    pub fn stalled_after(mut self, events: usize) -> Self {
        self.style.stalls = true;
        self.edit(Edit::Truncate(events))
    }

    /// After so many events comes half of one, and then the end.
    pub fn json_cut_after(self, events: usize) -> Self {
        self.edit(Edit::CutJson(events))
    }

    /// After so many events comes an error, and then the end.
    pub fn error_after(self, events: usize, shape: ErrorShape) -> Self {
        self.edit(Edit::Error(events, shape))
    }

    /// One more event after so many; without a name where that is empty.
    pub fn event_after(self, events: usize, name: &str, data: impl Into<Value>) -> Self {
        self.edit(Edit::Insert(events, name.to_owned(), data.into()))
    }

    /// An event that nobody documented before each, `keepalive`.
    pub fn unknown_events(self) -> Self {
        self.edit(Edit::KeepAlive)
    }

    /// Leaves out the mark or the event by which the protocol ends, and what says that nothing follows.
    pub fn without_end(self) -> Self {
        self.edit(Edit::NoEnd)
    }

    /// The mark or the event by which the protocol ends, twice.
    pub fn end_twice(self) -> Self {
        self.edit(Edit::EndTwice)
    }

    /// Another pause between events, or between pieces.
    pub fn paced(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }
}

/// # Lines of a stream
impl Reply {
    /// A byte order mark before the first event.
    pub fn bom(mut self) -> Self {
        self.style.bom = true;
        self
    }

    /// What ends each line.
    pub fn line_ends(mut self, end: LineEnd) -> Self {
        self.style.line_end = end;
        self
    }

    /// A comment before each line.
    pub fn comments(mut self) -> Self {
        self.style.comments = true;
        self
    }

    /// Before the first event nothing but a comment every so often, for so long.
    pub fn pings(mut self, every: Duration, for_: Duration) -> Self {
        self.style.pings = Some((every, for_));
        self
    }

    /// A block of nothing but `retry:` before each event.
    pub fn retry_lines(mut self) -> Self {
        self.style.retry_lines = true;
        self
    }

    /// A block of nothing but an empty `data:` before each event.
    pub fn empty_events(mut self) -> Self {
        self.style.empty_events = true;
        self
    }

    /// The JSON of each event over several `data:` lines.
    pub fn data_lines(mut self) -> Self {
        self.style.data_lines = true;
        self
    }

    /// The last event without an empty line behind it, and without the end of its own line.
    pub fn no_last_newline(mut self) -> Self {
        self.style.no_last_newline = true;
        self
    }
}

/// # Bytes and the connection
impl Reply {
    fn broken(mut self, at: At, how: How) -> Self {
        self.broken = Some(Break { at, how });
        self
    }

    /// The body in pieces of so many bytes, each a chunk of its own.
    pub fn in_pieces(mut self, bytes: usize) -> Self {
        self.pieces = Some(bytes.max(1));
        self
    }

    /// The connection is closed when the request has been read.
    pub fn closed_before_head(self) -> Self {
        self.broken(At::BeforeHead, How::Closed)
    }

    /// The connection is reset when the request has been read.
    pub fn reset_before_head(self) -> Self {
        self.broken(At::BeforeHead, How::Reset)
    }

    /// When the request has been read, nothing comes, and the connection stays open.
    pub fn stalled_before_head(self) -> Self {
        self.broken(At::BeforeHead, How::Stalled)
    }

    /// The connection is closed in the middle of the head.
    pub fn cut_in_head(self) -> Self {
        self.broken(At::InHead, How::Closed)
    }

    /// The connection is reset in the middle of the head.
    pub fn reset_in_head(self) -> Self {
        self.broken(At::InHead, How::Reset)
    }

    /// The connection is closed after so many bytes of the body.
    pub fn cut_after(self, bytes: usize) -> Self {
        self.broken(At::Body(bytes), How::Closed)
    }

    /// The connection is reset after so many bytes of the body.
    pub fn reset_after(self, bytes: usize) -> Self {
        self.broken(At::Body(bytes), How::Reset)
    }

    /// After so many bytes of the body nothing comes any more, and the connection stays open.
    pub fn stalled_after_bytes(self, bytes: usize) -> Self {
        self.broken(At::Body(bytes), How::Stalled)
    }

    /// The head tells this length of the body, whatever it is; then the connection is closed.
    pub fn content_length(self, bytes: usize) -> Self {
        self.broken(At::Claimed(bytes), How::Closed)
    }

    /// Something that is no HTTP at all.
    pub fn garbage(self) -> Self {
        self.broken(At::Garbage(Bytes::from_static(b"\x15\x03\x01\0\x02\x02\x16 this is no HTTP\r\n")), How::Closed)
    }
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::json(body)
    }
}

#[allow(clippy::panic, reason = "a wrong test should say so at once")]
#[track_caller]
fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or_else(|_| panic!("{status} is no HTTP status"))
}

impl Place {
    /// Reads a place of a test.
    #[track_caller]
    fn expect(text: &str) -> Self {
        if text.starts_with('/') { Self::At(Pointer::expect(text)) } else { Self::Named(text.to_owned()) }
    }
}
