//! An answer put together from its events: text, transcript, audio, and calls of tools.

use super::*;
use crate::error::Error;
use crate::stream::{Collect, Collector};

/// An answer of the model, whole or so far.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RealtimeAnswer {
    /// The answer as the gateway tells it, its items filled in from their pieces.
    pub response: RealtimeResponse,
    /// The audio in the order in which it came, as pieces of the frames that it came in.
    pub audio: Vec<Audio>,
    done: bool,
}

impl RealtimeAnswer {
    /// All text that the model wrote.
    #[must_use]
    pub fn text(&self) -> String {
        let text = |part: &RealtimeContentPart| match part {
            RealtimeContentPart::Text(part) => part.text.clone(),
            RealtimeContentPart::OutputText(part) => part.text.clone(),
            _ => None,
        };
        self.parts().filter_map(text).collect()
    }

    /// All that the model said, written down.
    #[must_use]
    pub fn transcript(&self) -> String {
        let transcript = |part: &RealtimeContentPart| match part {
            RealtimeContentPart::Audio(part) => part.transcript.clone(),
            RealtimeContentPart::OutputAudio(part) => part.transcript.clone(),
            _ => None,
        };
        self.parts().filter_map(transcript).collect()
    }

    /// The calls of your functions.
    pub fn tool_calls(&self) -> impl Iterator<Item = &RealtimeFunctionCall> {
        self.items().filter_map(|item| match item {
            RealtimeItem::FunctionCall(call) => Some(call),
            _ => None,
        })
    }

    /// All that the model said, as samples.
    ///
    /// # Errors
    /// A piece is no Base64.
    pub fn samples(&self, encoding: AudioEncoding) -> Result<Vec<i16>, Error> {
        let (mut decoder, mut samples) = (AudioDecoder::new(encoding), Vec::new());
        self.audio.iter().try_for_each(|audio| decoder.decode(audio, &mut samples)).map(|()| samples)
    }

    /// All that the model said, as bytes in the form that the session's settings name.
    ///
    /// # Errors
    /// A piece is no Base64.
    pub fn audio_bytes(&self) -> Result<Vec<u8>, Error> {
        self.audio.iter().try_fold(Vec::new(), |mut all, audio| {
            all.extend(audio.to_bytes()?);
            Ok(all)
        })
    }

    /// Whether nothing more comes; [`response.status`](RealtimeResponse::status) says how it ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn items(&self) -> impl Iterator<Item = &RealtimeItem> {
        self.response.output.iter().flatten()
    }

    fn parts(&self) -> impl Iterator<Item = &RealtimeContentPart> {
        let messages = self.items().filter_map(|item| match item {
            RealtimeItem::Message(message) => message.content.as_deref(),
            _ => None,
        });
        messages.flatten()
    }
}

impl Collect for RealtimeServerEvent {
    type Whole = RealtimeAnswer;
    type Collector = ResponseCollector;

    fn added_text(&self) -> String {
        RealtimeServerEvent::added_text(self).to_owned()
    }
}

/// Puts the events of one answer together: of the first that begins after it was made. Other events pass it by.
///
/// ```no_run
/// # async fn example(mut session: octopusx::realtime::Session) -> Result<(), octopusx::Error> {
/// use octopusx::realtime::ResponseCollector;
///
/// let mut collector = ResponseCollector::new();
/// while !collector.answer().is_done() {
///     let Some(event) = session.next().await else { break };
///     collector.add(&event?);
/// }
/// println!("{}", collector.into_answer().text());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseCollector {
    answer: RealtimeAnswer,
    /// The place and the id of each item of the output, in its order.
    places: Vec<(i64, Option<String>)>,
}

/// Which item of which answer an event is about.
struct Place<'e> {
    response: Option<&'e str>,
    item: Option<&'e str>,
    index: i64,
}

/// The place that the members of an event name.
macro_rules! place {
    ($event:ident) => {
        Place {
            response: $event.response_id.as_deref(),
            item: $event.item_id.as_deref(),
            index: $event.output_index.unwrap_or_default(),
        }
    };
}

impl ResponseCollector {
    /// A collector that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The answer so far.
    #[must_use]
    pub fn answer(&self) -> &RealtimeAnswer {
        &self.answer
    }

    /// The answer so far, without what may still come.
    #[must_use]
    pub fn into_answer(self) -> RealtimeAnswer {
        self.answer
    }

    /// Looks at an event.
    pub fn add(&mut self, event: &RealtimeServerEvent) {
        use RealtimeServerEvent as On;
        if self.answer.done {
            return;
        }
        match event {
            On::ResponseCreated(event) if self.is_mine(event.response.id.as_deref()) => {
                let output = self.answer.response.output.take();
                self.answer.response = event.response.clone();
                self.fill_output(output);
            }
            On::ResponseDone(event) if self.is_mine(event.response.id.as_deref()) => {
                let output = self.answer.response.output.take();
                self.answer.response = event.response.clone();
                self.fill_output(output);
                self.answer.done = true;
            }
            On::ResponseOutputItemAdded(RealtimeResponseOutputItemAddedEvent { response_id, output_index, item, .. })
            | On::ResponseOutputItemDone(RealtimeResponseOutputItemDoneEvent { response_id, output_index, item, .. }) => {
                let place =
                    Place { response: response_id.as_deref(), item: id_of(item), index: output_index.unwrap_or_default() };
                self.put(&place, item);
            }
            On::ResponseContentPartAdded(RealtimeResponseContentPartAddedEvent {
                response_id,
                item_id,
                output_index,
                content_index,
                part,
                ..
            })
            | On::ResponseContentPartDone(RealtimeResponseContentPartDoneEvent {
                response_id,
                item_id,
                output_index,
                content_index,
                part,
                ..
            }) => {
                let place =
                    Place { response: response_id.as_deref(), item: item_id.as_deref(), index: output_index.unwrap_or_default() };
                if let Some(known) = self.part(&place, *content_index, || part.clone()) {
                    fill_part(known, part);
                }
            }
            On::ResponseTextDelta(event) | On::ResponseOutputTextDelta(event) => {
                self.write(&place!(event), event.content_index, Kind::Text, |text| text.push_str(&event.delta));
            }
            On::ResponseTextDone(event) | On::ResponseOutputTextDone(event) => {
                self.write(&place!(event), event.content_index, Kind::Text, |text| replace(text, &event.text));
            }
            On::ResponseAudioTranscriptDelta(event) | On::ResponseOutputAudioTranscriptDelta(event) => {
                self.write(&place!(event), event.content_index, Kind::Speech, |text| text.push_str(&event.delta));
            }
            On::ResponseAudioTranscriptDone(event) | On::ResponseOutputAudioTranscriptDone(event) => {
                self.write(&place!(event), event.content_index, Kind::Speech, |text| replace(text, &event.transcript));
            }
            On::ResponseAudioDelta(event) | On::ResponseOutputAudioDelta(event) if self.is_mine(event.response_id.as_deref()) => {
                self.answer.audio.push(event.delta.clone());
            }
            On::ResponseFunctionCallArgumentsDelta(event) => {
                self.arguments(&place!(event), event.call_id.as_deref(), None, |text| text.push_str(&event.delta));
            }
            On::ResponseFunctionCallArgumentsDone(event) => {
                let name = event.name.as_deref();
                self.arguments(&place!(event), event.call_id.as_deref(), name, |text| replace(text, &event.arguments));
            }
            On::ResponseMcpCallArgumentsDelta(event) => self.mcp_arguments(&place!(event), |text| text.push_str(&event.delta)),
            On::ResponseMcpCallArgumentsDone(event) => self.mcp_arguments(&place!(event), |text| replace(text, &event.arguments)),
            _ => {}
        }
    }

    /// Whether an event is about the answer that is collected; the first one decides.
    fn is_mine(&mut self, response: Option<&str>) -> bool {
        match (response, &self.answer.response.id) {
            (None, _) => true,
            (Some(came), Some(mine)) => came == mine,
            (Some(came), None) => {
                self.answer.response.id = Some(came.to_owned());
                true
            }
        }
    }

    /// The item of a place, made where there is none.
    fn item(&mut self, place: &Place<'_>, new: impl FnOnce() -> RealtimeItem) -> Option<&mut RealtimeItem> {
        if !self.is_mine(place.response) {
            return None;
        }
        let by_id = |(_, known): &(i64, Option<String>)| place.item.is_some() && known.as_deref() == place.item;
        let unnamed = |known: &Option<String>| known.is_none() || place.item.is_none();
        let found = self.places.iter().position(by_id);
        let found = found.or_else(|| self.places.iter().position(|(index, id)| *index == place.index && unnamed(id)));
        let at = found.unwrap_or_else(|| {
            let at = self.places.partition_point(|(index, _)| *index <= place.index);
            self.places.insert(at, (place.index, None));
            self.answer.response.output.get_or_insert_default().insert(at, new());
            at
        });
        if let Some(id) = place.item {
            self.places[at].1 = Some(id.to_owned());
        }
        self.answer.response.output.as_mut()?.get_mut(at)
    }

    /// Takes an item; what it leaves out stays as it came in pieces.
    fn put(&mut self, place: &Place<'_>, item: &RealtimeItem) {
        if let Some(known) = self.item(place, || item.clone()) {
            let before = std::mem::replace(known, item.clone());
            fill_item(known, before);
        }
    }

    fn part(
        &mut self,
        place: &Place<'_>,
        content_index: Option<i64>,
        new: impl FnOnce() -> RealtimeContentPart,
    ) -> Option<&mut RealtimeContentPart> {
        let item = self.item(place, || RealtimeMessage::new("assistant", Vec::<RealtimeContentPart>::new()).into())?;
        let RealtimeItem::Message(message) = item else { return None };
        let parts = message.content.get_or_insert_default();
        // Parts come one after the other; an index far out is the next one.
        let at = usize::try_from(content_index.unwrap_or_default()).unwrap_or_default().min(parts.len());
        if at == parts.len() {
            parts.push(new());
        }
        parts.get_mut(at)
    }

    fn write(&mut self, place: &Place<'_>, content_index: Option<i64>, kind: Kind, change: impl FnOnce(&mut String)) {
        let new = || match kind {
            Kind::Text => RealtimeOutputTextPart::new("").into(),
            Kind::Speech => RealtimeOutputAudioPart::new("").into(),
        };
        let text = match self.part(place, content_index, new) {
            Some(RealtimeContentPart::Text(part)) => &mut part.text,
            Some(RealtimeContentPart::OutputText(part)) => &mut part.text,
            Some(RealtimeContentPart::Audio(part)) => &mut part.transcript,
            Some(RealtimeContentPart::OutputAudio(part)) => &mut part.transcript,
            _ => return,
        };
        change(text.get_or_insert_default());
    }

    fn arguments(&mut self, place: &Place<'_>, call_id: Option<&str>, name: Option<&str>, change: impl FnOnce(&mut String)) {
        let new = || RealtimeFunctionCall::new(call_id.unwrap_or_default(), name.unwrap_or_default(), "").into();
        if let Some(RealtimeItem::FunctionCall(call)) = self.item(place, new) {
            change(call.arguments.get_or_insert_default());
        }
    }

    fn mcp_arguments(&mut self, place: &Place<'_>, change: impl FnOnce(&mut String)) {
        let new = || RealtimeMcpCall::new(place.item.unwrap_or_default(), "", "", "").into();
        if let Some(RealtimeItem::McpCall(call)) = self.item(place, new) {
            change(call.arguments.get_or_insert_default());
        }
    }

    /// Puts the items that came in pieces where the answer leaves them out.
    fn fill_output(&mut self, before: Option<Vec<RealtimeItem>>) {
        let Some(before) = before else { return };
        let output = self.answer.response.output.get_or_insert_default();
        if output.is_empty() {
            *output = before;
            return;
        }
        for (at, item) in output.iter_mut().enumerate() {
            let same = |known: &&RealtimeItem| id_of(known).is_some() && id_of(known) == id_of(item);
            if let Some(known) = before.iter().find(same).or(before.get(at)).cloned() {
                fill_item(item, known);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Speech,
}

impl Collector for ResponseCollector {
    type Event = RealtimeServerEvent;
    type Whole = RealtimeAnswer;

    fn add(&mut self, event: &RealtimeServerEvent) {
        Self::add(self, event);
    }

    fn so_far(&self) -> &RealtimeAnswer {
        &self.answer
    }

    fn whole(self) -> RealtimeAnswer {
        self.answer
    }
}

fn id_of(item: &RealtimeItem) -> Option<&str> {
    match item {
        RealtimeItem::Message(item) => item.id.as_deref(),
        RealtimeItem::FunctionCall(item) => item.id.as_deref(),
        RealtimeItem::FunctionCallOutput(item) => item.id.as_deref(),
        RealtimeItem::McpCall(item) => item.id.as_deref(),
        _ => None,
    }
}

/// What a repetition leaves empty takes nothing away.
fn replace(text: &mut String, whole: &str) {
    if !whole.is_empty() {
        text.clear();
        text.push_str(whole);
    }
}

fn fill_text(text: &mut Option<String>, before: Option<String>) {
    if text.as_ref().is_none_or(String::is_empty) {
        *text = before.or(text.take());
    }
}

fn fill_item(item: &mut RealtimeItem, before: RealtimeItem) {
    match (item, before) {
        (RealtimeItem::Message(item), RealtimeItem::Message(before)) => {
            let parts = item.content.get_or_insert_default();
            for (at, before) in before.content.into_iter().flatten().enumerate() {
                match parts.get_mut(at) {
                    Some(part) => fill_part_from(part, before),
                    None => parts.push(before),
                }
            }
        }
        (RealtimeItem::FunctionCall(item), RealtimeItem::FunctionCall(before)) => {
            fill_text(&mut item.arguments, before.arguments)
        }
        (RealtimeItem::McpCall(item), RealtimeItem::McpCall(before)) => fill_text(&mut item.arguments, before.arguments),
        _ => {}
    }
}

fn fill_part_from(part: &mut RealtimeContentPart, before: RealtimeContentPart) {
    use RealtimeContentPart as Part;
    match (part, before) {
        (Part::Text(part), Part::Text(before)) => fill_text(&mut part.text, before.text),
        (Part::OutputText(part), Part::OutputText(before)) => fill_text(&mut part.text, before.text),
        (Part::Audio(part), Part::Audio(before)) => fill_text(&mut part.transcript, before.transcript),
        (Part::OutputAudio(part), Part::OutputAudio(before)) => fill_text(&mut part.transcript, before.transcript),
        _ => {}
    }
}

/// Takes a part that came as a whole.
fn fill_part(known: &mut RealtimeContentPart, part: &RealtimeContentPart) {
    let before = std::mem::replace(known, part.clone());
    fill_part_from(known, before);
}
