//! Events of a response put together. The last event carries the whole answer; until it comes, the answer is gathered
//! from the pieces, so that a stream that breaks off leaves what it told.

use std::mem::discriminant;

use super::items::{Items, Place, slot};
use crate::generated::octopusx::responses::{
    ModelResponse, ResponseCodeInterpreterCall, ResponseContentPart as Part, ResponseCustomToolCall, ResponseFunctionToolCall,
    ResponseMcpCall, ResponseOutputItem as Item, ResponseOutputMessage, ResponseOutputRefusal, ResponseOutputText,
    ResponseReasoningItem, ResponseReasoningSummary, ResponseReasoningText, ResponseShellOutput, ResponseStreamEvent as Event,
    ResponseTokenLogprob, ResponseToolArguments,
};
use crate::sections::pieces::append;
use crate::stream::{Collect, Collector, Shown};
use crate::wire::Extra;

impl Collect for Event {
    type Whole = ModelResponse;
    type Collector = Events;

    fn added_text(&self) -> String {
        self.text()
    }

    fn text_after(&self, shown: &mut Shown) -> String {
        match self {
            Self::ResponseOutputTextDelta(event) => shown.piece(event.output_index, event.content_index, event.delta.clone()),
            Self::ResponseOutputTextDone(event) => shown.rest(event.output_index, event.content_index, &event.text),
            Self::ResponseContentPartAdded(event) => match &event.part {
                Part::OutputText(part) => shown.piece(event.output_index, event.content_index, part.text.clone()),
                _ => String::new(),
            },
            Self::ResponseContentPartDone(event) => match &event.part {
                Part::OutputText(part) => shown.rest(event.output_index, event.content_index, &part.text),
                _ => String::new(),
            },
            Self::ResponseOutputItemDone(event) => match &event.item {
                Item::Message(message) => shown.item(message.text()),
                _ => String::new(),
            },
            Self::ResponseCompleted(event) => shown.whole(event.response.text()),
            Self::ResponseIncomplete(event) => shown.whole(event.response.text()),
            Self::ResponseFailed(event) => shown.whole(event.response.text()),
            _ => String::new(),
        }
    }
}

/// The answer so far, and how its items are found again.
pub struct Events {
    whole: ModelResponse,
    items: Items,
}

impl Default for Events {
    fn default() -> Self {
        Self { whole: ModelResponse::new(""), items: Items::default() }
    }
}

impl Collector for Events {
    type Event = Event;
    type Whole = ModelResponse;

    fn add(&mut self, event: &Event) {
        match event {
            Event::ResponseCreated(event) => self.begin(&event.response),
            Event::ResponseQueued(event) => self.begin(&event.response),
            Event::ResponseInProgress(event) => self.begin(&event.response),
            Event::ResponseCompleted(event) => self.end(&event.response),
            Event::ResponseIncomplete(event) => self.end(&event.response),
            Event::ResponseFailed(event) => self.end(&event.response),
            Event::ResponseOutputItemAdded(event) => {
                let output = self.whole.output.get_or_insert_default();
                self.items.begin(output, event.output_index, &event.item);
            }
            Event::ResponseOutputItemDone(event) => {
                let output = self.whole.output.get_or_insert_default();
                self.items.finish(output, event.output_index, &event.item);
            }
            event => self.add_to_item(event),
        }
    }

    fn so_far(&self) -> &ModelResponse {
        &self.whole
    }

    fn whole(self) -> ModelResponse {
        self.whole
    }
}

impl Events {
    /// What is known of the answer before its pieces come.
    fn begin(&mut self, response: &ModelResponse) {
        let gathered = self.whole.output.take();
        self.whole = response.clone();
        if gathered.as_ref().is_some_and(|items| !items.is_empty()) {
            self.whole.output = gathered;
        } else if let Some(items) = self.whole.output.take() {
            let output = self.whole.output.insert(Vec::with_capacity(items.len()));
            for (index, item) in (0..).zip(items) {
                self.items.push(output, Place::new(Some(index), None), item);
            }
        }
    }

    /// The whole answer. Some upstreams leave its output empty, since all of it came before.
    fn end(&mut self, response: &ModelResponse) {
        let gathered = self.whole.output.take();
        self.whole = response.clone();
        if self.whole.output.as_ref().is_none_or(Vec::is_empty) && gathered.is_some() {
            self.whole.output = gathered;
        }
    }

    fn add_to_item(&mut self, event: &Event) {
        match event {
            Event::ResponseContentPartAdded(event) => {
                self.begin_part(place(event.output_index, &event.item_id), event.content_index, &event.part);
            }
            Event::ResponseContentPartDone(event) => {
                self.end_part(place(event.output_index, &event.item_id), event.content_index, &event.part);
            }
            Event::ResponseOutputTextDelta(event) => {
                let text = self.text(place(event.output_index, &event.item_id), event.content_index);
                if let Some(text) = text {
                    text.text.push_str(&event.delta);
                    add_logprobs(text, event.logprobs.as_deref());
                }
            }
            Event::ResponseOutputTextDone(event) => {
                let text = self.text(place(event.output_index, &event.item_id), event.content_index);
                if let Some(text) = text {
                    replace(&mut text.text, &event.text);
                    // They came with the pieces, or only now.
                    if text.logprobs.is_none() {
                        add_logprobs(text, event.logprobs.as_deref());
                    }
                }
            }
            Event::ResponseOutputTextAnnotationAdded(event) => {
                let text = self.text(place(event.output_index, &event.item_id), event.content_index);
                if let (Some(text), Some(annotation)) = (text, &event.annotation) {
                    text.annotations.get_or_insert_default().push(annotation.clone());
                }
            }
            Event::ResponseRefusalDelta(event) => {
                if let Some(part) = self.refusal(place(event.output_index, &event.item_id), event.content_index) {
                    part.refusal.push_str(&event.delta);
                }
            }
            Event::ResponseRefusalDone(event) => {
                if let Some(part) = self.refusal(place(event.output_index, &event.item_id), event.content_index) {
                    replace(&mut part.refusal, &event.refusal);
                }
            }
            event => self.add_to_reasoning(event),
        }
    }

    fn add_to_reasoning(&mut self, event: &Event) {
        match event {
            Event::ResponseReasoningSummaryPartAdded(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    begin(item.summary.get_or_insert_default(), event.summary_index, &event.part);
                }
            }
            Event::ResponseReasoningSummaryPartDone(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    replace(&mut paragraph(item, event.summary_index).text, &event.part.text);
                }
            }
            Event::ResponseReasoningSummaryTextDelta(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    paragraph(item, event.summary_index).text.push_str(&event.delta);
                }
            }
            Event::ResponseReasoningSummaryTextDone(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    replace(&mut paragraph(item, event.summary_index).text, &event.text);
                }
            }
            Event::ResponseReasoningTextDelta(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    thought(item, event.content_index).text.push_str(&event.delta);
                }
            }
            Event::ResponseReasoningTextDone(event) => {
                if let Some(item) = self.reasoning(place(event.output_index, &event.item_id)) {
                    replace(&mut thought(item, event.content_index).text, &event.text);
                }
            }
            event => self.add_to_call(event),
        }
    }

    /// Calls of tools. What has no place in an answer (audio, unfinished images, states) is passed over.
    fn add_to_call(&mut self, event: &Event) {
        match event {
            Event::ResponseFunctionCallArgumentsDelta(event) => {
                if let Some(call) = self.function_call(place(event.output_index, &event.item_id)) {
                    grow(&mut call.arguments, &event.delta);
                }
            }
            Event::ResponseFunctionCallArgumentsDone(event) => {
                if let Some(call) = self.function_call(place(event.output_index, &event.item_id)) {
                    settle(&mut call.arguments, &event.arguments);
                    if let Some(name) = event.name.as_ref().filter(|_| call.name.is_empty()) {
                        call.name.clone_from(name);
                    }
                }
            }
            Event::ResponseMcpCallArgumentsDelta(event) => {
                if let Some(call) = self.mcp_call(place(event.output_index, &event.item_id)) {
                    grow(&mut call.arguments, &event.delta);
                }
            }
            Event::ResponseMcpCallArgumentsDone(event) => {
                if let Some(call) = self.mcp_call(place(event.output_index, &event.item_id)) {
                    settle(&mut call.arguments, &event.arguments);
                }
            }
            Event::ResponseCustomToolCallInputDelta(event) => {
                if let Some(call) = self.custom_call(place(event.output_index, &event.item_id)) {
                    call.input.get_or_insert_default().push_str(&event.delta);
                }
            }
            Event::ResponseCustomToolCallInputDone(event) => {
                if let Some(call) = self.custom_call(place(event.output_index, &event.item_id)) {
                    replace(call.input.get_or_insert_default(), &event.input);
                }
            }
            Event::ResponseCodeInterpreterCallCodeDelta(event) => {
                if let Some(call) = self.code_call(place(event.output_index, &event.item_id)) {
                    call.code.get_or_insert_default().push_str(&event.delta);
                }
            }
            Event::ResponseCodeInterpreterCallCodeDone(event) => {
                if let Some(call) = self.code_call(place(event.output_index, &event.item_id)) {
                    replace(call.code.get_or_insert_default(), &event.code);
                }
            }
            event => self.add_to_shell(event),
        }
    }

    /// A shell's commands and what they print. Without the item itself nobody knows which call it is: the event is passed
    /// over.
    fn add_to_shell(&mut self, event: &Event) {
        match event {
            Event::ResponseShellCallCommandAdded(event) => {
                if let Some(command) = self.command(event.output_index, event.command_index) {
                    replace(command, &event.command);
                }
            }
            Event::ResponseShellCallCommandDelta(event) => {
                if let Some(command) = self.command(event.output_index, event.command_index) {
                    command.push_str(&event.delta);
                }
            }
            Event::ResponseShellCallCommandDone(event) => {
                if let Some(command) = self.command(event.output_index, event.command_index) {
                    replace(command, &event.command);
                }
            }
            Event::ResponseShellCallOutputContentDelta(event) => {
                let place = place(event.output_index, &event.item_id);
                if let Some(Item::ShellCallOutput(item)) = self.known(place, |item| matches!(item, Item::ShellCallOutput(_))) {
                    let printed = slot(item.output.get_or_insert_default(), event.command_index, |_| true, empty_shell_output);
                    append(&mut printed.stdout, &event.delta.stdout);
                    append(&mut printed.stderr, &event.delta.stderr);
                }
            }
            _ => {}
        }
    }

    fn known(&mut self, place: Place<'_>, fits: impl Fn(&Item) -> bool) -> Option<&mut Item> {
        let output = self.whole.output.as_mut()?;
        let at = self.items.find(output, place, fits)?;
        output.get_mut(at)
    }

    /// The item that a piece belongs to. A piece of an item that was never begun begins it: its text is not lost.
    fn item(&mut self, place: Place<'_>, fits: impl Fn(&Item) -> bool, make: impl FnOnce(String) -> Item) -> &mut Item {
        let output = self.whole.output.get_or_insert_default();
        let at = self.items.find(output, place, fits);
        let at = at.unwrap_or_else(|| self.items.push(output, place, make(place.id.unwrap_or_default().to_owned())));
        &mut output[at]
    }

    fn message(&mut self, place: Place<'_>) -> Option<&mut ResponseOutputMessage> {
        let item = self.item(
            place,
            |item| matches!(item, Item::Message(_)),
            |id| {
                let mut message = ResponseOutputMessage::new(id, Vec::<Part>::new());
                message.id = message.id.filter(|id| !id.is_empty());
                message.into()
            },
        );
        if let Item::Message(message) = item { Some(message) } else { None }
    }

    fn reasoning(&mut self, place: Place<'_>) -> Option<&mut ResponseReasoningItem> {
        let item = self.item(
            place,
            |item| matches!(item, Item::Reasoning(_)),
            |id| {
                let mut reasoning = ResponseReasoningItem::new(id, Vec::<ResponseReasoningSummary>::new());
                reasoning.id = reasoning.id.filter(|id| !id.is_empty());
                reasoning.into()
            },
        );
        if let Item::Reasoning(reasoning) = item { Some(reasoning) } else { None }
    }

    fn function_call(&mut self, place: Place<'_>) -> Option<&mut ResponseFunctionToolCall> {
        let item = self.item(
            place,
            |item| matches!(item, Item::FunctionCall(_)),
            |id| {
                let mut call = ResponseFunctionToolCall::new("", "", "");
                call.id = Some(id).filter(|id| !id.is_empty());
                call.into()
            },
        );
        if let Item::FunctionCall(call) = item { Some(call) } else { None }
    }

    fn mcp_call(&mut self, place: Place<'_>) -> Option<&mut ResponseMcpCall> {
        let item = self.item(
            place,
            |item| matches!(item, Item::McpCall(_)),
            |id| {
                let mut call = ResponseMcpCall::new(id, "", "", "");
                call.id = call.id.filter(|id| !id.is_empty());
                (call.server_label, call.name) = (None, None);
                call.into()
            },
        );
        if let Item::McpCall(call) = item { Some(call) } else { None }
    }

    fn custom_call(&mut self, place: Place<'_>) -> Option<&mut ResponseCustomToolCall> {
        let item = self.item(
            place,
            |item| matches!(item, Item::CustomToolCall(_)),
            |id| {
                let mut call = ResponseCustomToolCall::new("", "", "");
                call.id = Some(id).filter(|id| !id.is_empty());
                call.into()
            },
        );
        if let Item::CustomToolCall(call) = item { Some(call) } else { None }
    }

    fn code_call(&mut self, place: Place<'_>) -> Option<&mut ResponseCodeInterpreterCall> {
        let item = self.item(
            place,
            |item| matches!(item, Item::CodeInterpreterCall(_)),
            |id| {
                let mut call = ResponseCodeInterpreterCall::new(id, "in_progress", "", "");
                call.id = call.id.filter(|id| !id.is_empty());
                call.container_id = None;
                call.into()
            },
        );
        if let Item::CodeInterpreterCall(call) = item { Some(call) } else { None }
    }

    fn command(&mut self, index: Option<i64>, command: Option<i64>) -> Option<&mut String> {
        let place = Place::new(index, None);
        let Some(Item::ShellCall(call)) = self.known(place, |item| matches!(item, Item::ShellCall(_))) else { return None };
        let commands = call.action.as_mut()?.commands.get_or_insert_default();
        Some(slot(commands, command, |_| true, String::new))
    }

    fn text(&mut self, place: Place<'_>, index: Option<i64>) -> Option<&mut ResponseOutputText> {
        let parts = self.message(place)?.content.get_or_insert_default();
        let part = slot(parts, index, |part| matches!(part, Part::OutputText(_)), || ResponseOutputText::new("").into());
        if let Part::OutputText(text) = part { Some(text) } else { None }
    }

    fn refusal(&mut self, place: Place<'_>, index: Option<i64>) -> Option<&mut ResponseOutputRefusal> {
        let parts = self.message(place)?.content.get_or_insert_default();
        let part = slot(parts, index, |part| matches!(part, Part::Refusal(_)), || ResponseOutputRefusal::new("").into());
        if let Part::Refusal(refusal) = part { Some(refusal) } else { None }
    }

    fn begin_part(&mut self, place: Place<'_>, index: Option<i64>, part: &Part) {
        if let Part::ReasoningText(part) = part {
            if let Some(item) = self.reasoning(place) {
                begin(item.content.get_or_insert_default(), index, part);
            }
        } else if let Some(message) = self.message(place) {
            begin(message.content.get_or_insert_default(), index, part);
        }
    }

    fn end_part(&mut self, place: Place<'_>, index: Option<i64>, part: &Part) {
        if let Part::ReasoningText(part) = part {
            if let Some(item) = self.reasoning(place) {
                replace(&mut thought(item, index).text, &part.text);
            }
        } else if let Some(message) = self.message(place) {
            let kind = discriminant(part);
            let parts = message.content.get_or_insert_default();
            let kept = slot(parts, index, |kept| discriminant(kept) == kind, || part.clone());
            // An empty one takes away nothing that its pieces told.
            if !is_empty(part) {
                kept.clone_from(part);
            }
        }
    }
}

fn place(index: Option<i64>, id: &Option<String>) -> Place<'_> {
    Place::new(index, id.as_deref())
}

/// Puts what begins at the end of its list, unless its place is taken: some upstreams say it twice.
fn begin<T: Clone>(list: &mut Vec<T>, place: Option<i64>, came: &T) {
    let is_taken = place.and_then(|place| usize::try_from(place).ok()).is_some_and(|place| place < list.len());
    if !is_taken {
        list.push(came.clone());
    }
}

fn is_empty(part: &Part) -> bool {
    match part {
        Part::OutputText(part) => part.text.is_empty(),
        Part::Refusal(part) => part.refusal.is_empty(),
        _ => false,
    }
}

fn paragraph(item: &mut ResponseReasoningItem, index: Option<i64>) -> &mut ResponseReasoningSummary {
    slot(item.summary.get_or_insert_default(), index, |_| true, || ResponseReasoningSummary::new(""))
}

fn thought(item: &mut ResponseReasoningItem, index: Option<i64>) -> &mut ResponseReasoningText {
    slot(item.content.get_or_insert_default(), index, |_| true, || ResponseReasoningText::new(""))
}

fn empty_shell_output() -> ResponseShellOutput {
    ResponseShellOutput { stdout: None, stderr: None, outcome: None, created_by: None, extra: Extra::new() }
}

/// The whole text, said once more at its end; where it is left out, the pieces stay.
fn replace(kept: &mut String, came: &str) {
    if !came.is_empty() {
        came.clone_into(kept);
    }
}

fn add_logprobs(text: &mut ResponseOutputText, came: Option<&[ResponseTokenLogprob]>) {
    if let Some(came) = came.filter(|came| !came.is_empty()) {
        text.logprobs.get_or_insert_default().extend_from_slice(came);
    }
}

/// Pieces of text are joined. What came with the item's start and is no text gives way to the first piece.
fn grow(arguments: &mut Option<ResponseToolArguments>, piece: &str) {
    match arguments {
        Some(ResponseToolArguments::Text(text)) => text.push_str(piece),
        Some(_) if piece.is_empty() => {}
        _ => *arguments = Some(piece.into()),
    }
}

fn settle(arguments: &mut Option<ResponseToolArguments>, whole: &ResponseToolArguments) {
    if !matches!(whole, ResponseToolArguments::Text(text) if text.is_empty()) {
        *arguments = Some(whole.clone());
    }
}
