//! The items of an answer that is still coming: which one an event belongs to, and how a done one takes its place.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use serde_json::Value;

use crate::generated::octopusx::responses::{ResponseOutputItem as Item, ResponseToolArguments};

/// What an event says of where it belongs.
#[derive(Clone, Copy)]
pub(super) struct Place<'e> {
    /// The item's place in the output.
    pub(super) index: Option<i64>,
    pub(super) id: Option<&'e str>,
}

impl<'e> Place<'e> {
    pub(super) fn new(index: Option<i64>, id: Option<&'e str>) -> Self {
        Self { index, id: id.filter(|id| !id.is_empty()) }
    }
}

/// How the items of an output are found again.
#[derive(Default)]
pub(super) struct Items {
    /// The latest item of each index: some upstreams give all items the same.
    by_index: HashMap<i64, usize>,
    by_id: HashMap<String, usize>,
    /// For each item, whether it is done.
    done: Vec<bool>,
}

impl Items {
    /// The item of a place that is of the right kind. The id counts most; but some upstreams write another one into each
    /// event, so an index that is still open will do.
    pub(super) fn find(&self, output: &[Item], place: Place<'_>, fits: impl Fn(&Item) -> bool) -> Option<usize> {
        let fits = |at: &usize| output.get(*at).is_some_and(&fits);
        let is_open = |at: &usize| self.done.get(*at) == Some(&false);
        let by_id = place.id.and_then(|id| self.by_id.get(id)).copied().filter(fits);
        by_id.or_else(|| {
            let at = match place {
                Place { index: Some(index), .. } => self.by_index.get(&index).copied(),
                Place { id: Some(_), .. } => None,
                Place { .. } => output.len().checked_sub(1),
            };
            at.filter(is_open).filter(fits)
        })
    }

    /// Begins an item at the end of the output.
    pub(super) fn push(&mut self, output: &mut Vec<Item>, place: Place<'_>, item: Item) -> usize {
        let at = output.len();
        self.register(at, place, &item);
        output.push(item);
        self.done.push(false);
        at
    }

    /// An item begins. One that is known by its id was begun by its first piece, or is begun twice.
    pub(super) fn begin(&mut self, output: &mut Vec<Item>, index: Option<i64>, item: &Item) {
        let known = id(item).and_then(|id| self.by_id.get(id)).copied();
        match known.filter(|at| output.get(*at).is_some_and(|known| discriminant(known) == discriminant(item))) {
            Some(at) if self.done[at] => {}
            Some(at) => put(&mut output[at], item),
            None => {
                self.push(output, Place::new(index, None), item.clone());
            }
        }
    }

    /// Puts a done item where its pieces were gathered.
    pub(super) fn finish(&mut self, output: &mut Vec<Item>, index: Option<i64>, item: &Item) {
        let place = Place::new(index, id(item));
        let kind: Discriminant<Item> = discriminant(item);
        let at = self.find(output, place, |kept| discriminant(kept) == kind);
        let at = at.unwrap_or_else(|| self.push(output, place, item.clone()));
        self.register(at, place, item);
        put(&mut output[at], item);
        self.done[at] = true;
    }

    fn register(&mut self, at: usize, place: Place<'_>, item: &Item) {
        if let Some(index) = place.index {
            self.by_index.insert(index, at);
        }
        for id in place.id.into_iter().chain(id(item)) {
            self.by_id.insert(id.to_owned(), at);
        }
    }
}

/// Puts an item where its pieces were gathered. What it leaves out but the pieces told stays.
fn put(kept: &mut Item, item: &Item) {
    let gathered = std::mem::replace(kept, item.clone());
    match (kept, gathered) {
        (Item::Message(item), Item::Message(gathered)) => fill_list(&mut item.content, gathered.content),
        (Item::Reasoning(item), Item::Reasoning(gathered)) => {
            fill_list(&mut item.summary, gathered.summary);
            fill_list(&mut item.content, gathered.content);
        }
        (Item::FunctionCall(item), Item::FunctionCall(gathered)) => fill_arguments(&mut item.arguments, gathered.arguments),
        (Item::McpCall(item), Item::McpCall(gathered)) => fill_arguments(&mut item.arguments, gathered.arguments),
        (Item::CustomToolCall(item), Item::CustomToolCall(gathered)) => fill_text(&mut item.input, gathered.input),
        (Item::CodeInterpreterCall(item), Item::CodeInterpreterCall(gathered)) => fill_text(&mut item.code, gathered.code),
        (Item::ShellCallOutput(item), Item::ShellCallOutput(gathered)) => fill_list(&mut item.output, gathered.output),
        _ => {}
    }
}

fn fill_list<T>(list: &mut Option<Vec<T>>, gathered: Option<Vec<T>>) {
    if list.as_ref().is_none_or(Vec::is_empty) && gathered.as_ref().is_some_and(|gathered| !gathered.is_empty()) {
        *list = gathered;
    }
}

fn fill_text(text: &mut Option<String>, gathered: Option<String>) {
    if text.as_ref().is_none_or(String::is_empty) && gathered.is_some() {
        *text = gathered;
    }
}

fn fill_arguments(arguments: &mut Option<ResponseToolArguments>, gathered: Option<ResponseToolArguments>) {
    let is_empty = match arguments {
        None => true,
        Some(ResponseToolArguments::Text(text)) => text.is_empty(),
        Some(ResponseToolArguments::Object(members)) => members.is_empty(),
        Some(ResponseToolArguments::Other(_)) => false,
    };
    let says_something = match &gathered {
        Some(ResponseToolArguments::Text(text)) => !text.is_empty(),
        gathered => gathered.is_some(),
    };
    if is_empty && says_something {
        *arguments = gathered;
    }
}

/// The id of an item, unless it is empty.
fn id(item: &Item) -> Option<&str> {
    let id = match item {
        Item::Message(item) => item.id.as_deref(),
        Item::FunctionCall(item) => item.id.as_deref(),
        Item::FunctionCallOutput(item) => item.id.as_deref(),
        Item::Reasoning(item) => item.id.as_deref(),
        Item::Compaction(item) => item.id.as_deref(),
        Item::FileSearchCall(item) => item.id.as_deref(),
        Item::WebSearchCall(item) => item.id.as_deref(),
        Item::CodeInterpreterCall(item) => item.id.as_deref(),
        Item::ImageGenerationCall(item) => item.id.as_deref(),
        Item::ComputerCall(item) => item.id.as_deref(),
        Item::ComputerCallOutput(item) => item.id.as_deref(),
        Item::LocalShellCall(item) => item.id.as_deref(),
        Item::LocalShellCallOutput(item) => item.id.as_deref(),
        Item::ShellCall(item) => item.id.as_deref(),
        Item::ShellCallOutput(item) => item.id.as_deref(),
        Item::ApplyPatchCall(item) => item.id.as_deref(),
        Item::ApplyPatchCallOutput(item) => item.id.as_deref(),
        Item::McpListTools(item) => item.id.as_deref(),
        Item::McpApprovalRequest(item) => Some(item.id.as_str()),
        Item::McpApprovalResponse(item) => item.id.as_deref(),
        Item::McpCall(item) => item.id.as_deref(),
        Item::CustomToolCall(item) => item.id.as_deref(),
        Item::CustomToolCallOutput(item) => item.id.as_deref(),
        Item::Unknown(item) => item.get("id").and_then(Value::as_str),
    };
    id.filter(|id| !id.is_empty())
}

/// The element of a place in a list if it is of the right kind, else the last if it is, else a new one. A place that is
/// far out makes no gap.
pub(super) fn slot<T>(list: &mut Vec<T>, place: Option<i64>, fits: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> &mut T {
    let end = list.len();
    let place = place.and_then(|place| usize::try_from(place).ok());
    let last = end.checked_sub(1).filter(|_| place != Some(end));
    let at = place.into_iter().chain(last).find(|at| list.get(*at).is_some_and(&fits));
    let at = at.unwrap_or_else(|| {
        list.push(make());
        end
    });
    &mut list[at]
}
