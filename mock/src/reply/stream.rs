//! How the events of a stream are written.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::event::{Data, Event};
use crate::outgoing::Pieces;

/// What ends a line of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEnd {
    /// `\n`, as nearly everybody does.
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

impl LineEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) line_end: LineEnd,
    pub(super) bom: bool,
    pub(super) comments: bool,
    pub(super) pings: Option<(Duration, Duration)>,
    pub(super) retry_lines: bool,
    pub(super) empty_events: bool,
    pub(super) data_lines: bool,
    pub(super) no_last_newline: bool,
    /// Nothing comes after the last event, not even the end.
    pub(super) stalls: bool,
}

impl Style {
    /// Whether it says anything of a stream.
    pub(super) fn is_usual(&self) -> bool {
        let Self { line_end, bom, comments, pings, retry_lines, empty_events, data_lines, no_last_newline, stalls } = self;
        let said = [bom, comments, retry_lines, empty_events, data_lines, no_last_newline, stalls];
        *line_end == LineEnd::Lf && pings.is_none() && !said.into_iter().any(|said| *said)
    }

    pub(super) fn write(&self, events: &[Event]) -> Pieces {
        let mut queue: VecDeque<(Option<Duration>, Bytes)> = VecDeque::new();
        if let Some((every, length)) = self.pings {
            let count = length.as_nanos().checked_div(every.as_nanos()).unwrap_or_default();
            let ping = Bytes::from(format!(": PING{0}{0}", self.line_end.as_str()));
            queue.extend((0..count).map(|_| (Some(every), ping.clone())));
        }
        let last = events.len().saturating_sub(1);
        let frames = events.iter().enumerate().map(|(at, event)| {
            let mut text = self.frame(event);
            if self.no_last_newline && at == last {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
            }
            let pause = (at == 0).then_some(Duration::ZERO);
            (pause, Bytes::from(text))
        });
        queue.extend(frames);
        if self.bom
            && let Some((_, first)) = queue.front_mut()
        {
            *first = [b"\xEF\xBB\xBF", &first[..]].concat().into();
        }
        Pieces { queue, stalls: self.stalls }
    }

    fn frame(&self, event: &Event) -> String {
        let mut lines = Vec::new();
        if self.retry_lines {
            lines.extend(["retry: 3000".to_owned(), String::new()]);
        }
        if self.empty_events {
            lines.extend(["data:".to_owned(), String::new()]);
        }
        lines.extend(event.name.as_ref().map(|name| format!("event: {name}")));
        let data = match &event.data {
            // Alternate formatting puts line ends between members, never into texts.
            Data::Json(value) if self.data_lines => format!("{value:#}"),
            _ => event.data_text(),
        };
        lines.extend(data.lines().map(|line| format!("data: {line}")));
        lines.push(String::new());
        let end = self.line_end.as_str();
        let comment = if self.comments { format!(": PING{end}") } else { String::new() };
        lines.iter().map(|line| format!("{comment}{line}{end}")).collect()
    }
}
