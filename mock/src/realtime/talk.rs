//! A conversation: what each event of the client leads to, in the documented events and the form that the client asked
//! for.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::Socket;
use super::forms::Settings;
use crate::schema::Schemas;

/// An event on its way.
pub(super) struct Event {
    value: Value,
    /// The number of the answer that it is a piece of.
    answer: Option<u64>,
    /// There is a pause before it.
    pub(super) paced: bool,
}

/// One session's conversation.
pub(super) struct Talk<'d> {
    schemas: &'d Schemas,
    rules: &'d Socket,
    older: bool,
    session: Value,
    outbox: VecDeque<Event>,
    items: Vec<Value>,
    /// Audio that was sent and not yet made a message.
    audio: Vec<String>,
    /// The audio of the last message.
    said: Vec<String>,
    /// The answer that is being given, and its first event as far as it says how the answer is.
    answering: Option<(u64, Value)>,
    count: u64,
}

impl<'d> Talk<'d> {
    pub(super) fn begin(schemas: &'d Schemas, rules: &'d Socket, model: Option<&str>, older: bool) -> Self {
        let mut talk = Self {
            schemas,
            rules,
            older,
            session: Value::Null,
            outbox: VecDeque::new(),
            items: Vec::new(),
            audio: Vec::new(),
            said: Vec::new(),
            answering: None,
            count: 0,
        };
        let mut event = talk.event("session.created", json!({}));
        event["session"]["id"] = json!(talk.id("sess"));
        if let Some(model) = model {
            event["session"]["model"] = json!(model);
        }
        talk.session = event["session"].clone();
        talk.say(event);
        if older {
            let conversation = json!({"id": "conv_001", "object": "realtime.conversation"});
            let event = talk.event("conversation.created", json!({"conversation": conversation}));
            talk.say(event);
        }
        talk
    }

    /// The next event to be said.
    pub(super) fn next(&mut self) -> Option<Event> {
        self.outbox.pop_front()
    }

    /// The event, unless its answer was broken off meanwhile.
    pub(super) fn still(&mut self, event: Event) -> Option<Value> {
        let current = self.answering.as_ref().map(|(number, _)| *number);
        if event.answer.is_some() && event.answer != current {
            return None;
        }
        if event.value["type"] == "response.done" {
            self.answering = None;
        }
        Some(event.value)
    }

    fn id(&mut self, start: &str) -> String {
        self.count += 1;
        format!("{start}_{:03}", self.count)
    }

    /// The documented event of a (newer) name, in the form of the session, with other members.
    fn event(&mut self, name: &str, members: Value) -> Value {
        let name = self.rules.older.names.get(name).filter(|_| self.older).map_or(name, String::as_str);
        let named = || self.rules.server.iter().filter(|example| example["type"] == name);
        // Of an event with two examples, one for each form, the settings tell which is which.
        let newer = |example: &&Value| example["session"].get("type").is_some();
        let found = named().find(|example| example["session"].is_object() && newer(example) != self.older).or(named().next());
        let mut event = found.cloned().unwrap_or_else(|| json!({"type": name}));
        event["event_id"] = json!(self.id("event"));
        if let (Value::Object(event), Value::Object(members)) = (&mut event, members) {
            event.extend(members);
        }
        event
    }

    fn say(&mut self, value: Value) {
        self.outbox.push_back(Event { value, answer: None, paced: false });
    }

    /// Says that something is wrong with an event.
    pub(super) fn complain(&mut self, code: &str, message: &str, param: Option<&str>, event: &Value) {
        let error = json!({"type": "invalid_request_error", "code": code, "message": message, "param": param,
            "event_id": event["event_id"]});
        let event = self.event("error", json!({"error": error}));
        self.say(event);
    }

    /// What an event of the client leads to.
    pub(super) fn hear(&mut self, event: &Value) {
        let name = event["type"].as_str().unwrap_or_default().to_owned();
        let Some(schema) = self.rules.client.get(&name) else {
            return self.complain("unknown_event", &format!("no event is named {name:?}"), Some("type"), event);
        };
        match schema.complaints(self.schemas, event).map(|complaints| complaints.into_iter().next()) {
            Ok(None) => {}
            Ok(Some(first)) => {
                let param = first.pointer.trim_start_matches('/').replace('/', ".");
                return self.complain("invalid_value", &first.message, Some(&param), event);
            }
            Err(problem) => return self.complain("mock_failure", &problem, None, event),
        }
        if let Some(wrong) = Settings::complaint(&self.rules.older.settings, event, self.older) {
            return self.complain(wrong.code, &wrong.message, Some(&wrong.param), event);
        }
        match name.as_str() {
            "session.update" => self.update(event),
            "conversation.item.create" => self.create(event["item"].clone()),
            "conversation.item.delete" => self.on_item(event, "conversation.item.deleted"),
            "conversation.item.truncate" => self.on_item(event, "conversation.item.truncated"),
            "conversation.item.retrieve" => self.on_item(event, "conversation.item.retrieved"),
            "input_audio_buffer.append" => self.audio.push(event["audio"].as_str().unwrap_or_default().to_owned()),
            "input_audio_buffer.clear" => {
                self.audio.clear();
                let event = self.event("input_audio_buffer.cleared", json!({}));
                self.say(event);
            }
            "input_audio_buffer.commit" => self.commit(event),
            "response.create" => self.answer(event),
            "response.cancel" => self.cancel(event),
            other => {
                // The reply that is named like the request: `….update` leads to `….updated`.
                let reply = ["d", "ed"].map(|end| format!("{other}{end}"));
                let known = reply.iter().find(|name| self.rules.server.iter().any(|example| example["type"] == **name));
                if let Some(name) = known {
                    let event = self.event(name, json!({}));
                    self.say(event);
                }
            }
        }
    }

    fn update(&mut self, event: &Value) {
        merge(&mut self.session, &event["session"]);
        let event = self.event("session.updated", json!({"session": self.session}));
        self.say(event);
    }

    fn create(&mut self, mut item: Value) {
        if item.get("id").is_none() {
            item["id"] = json!(self.id("item"));
        }
        item["object"] = json!("realtime.item");
        item["status"] = json!("completed");
        let audio = item["content"].as_array().into_iter().flatten().filter_map(|part| part["audio"].as_str());
        self.said = audio.map(str::to_owned).collect();
        self.add(item);
    }

    fn add(&mut self, item: Value) {
        let before = self.items.last().map_or(Value::Null, |item| item["id"].clone());
        let members = json!({"previous_item_id": before, "item": item});
        let added = self.event("conversation.item.added", members.clone());
        self.say(added);
        if !self.older {
            let done = self.event("conversation.item.done", members);
            self.say(done);
        }
        self.items.push(item);
    }

    fn on_item(&mut self, event: &Value, reply: &str) {
        let id = &event["item_id"];
        let Some(at) = self.items.iter().position(|item| item["id"] == *id) else {
            let message = format!("no item has the id {id}");
            return self.complain("item_not_found", &message, Some("item_id"), event);
        };
        let mut members = Map::new();
        for name in ["item_id", "content_index", "audio_end_ms"] {
            members.extend(event.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        if reply.ends_with("retrieved") {
            members = Map::from_iter([("item".to_owned(), self.items[at].clone())]);
        }
        if reply.ends_with("deleted") {
            self.items.remove(at);
        }
        let event = self.event(reply, Value::Object(members));
        self.say(event);
    }

    fn commit(&mut self, event: &Value) {
        if self.audio.is_empty() {
            return self.complain("input_audio_buffer_commit_empty", "there is no audio in the buffer", None, event);
        }
        self.said = std::mem::take(&mut self.audio);
        let id = self.id("item");
        let before = self.items.last().map_or(Value::Null, |item| item["id"].clone());
        let event = self.event("input_audio_buffer.committed", json!({"item_id": id, "previous_item_id": before}));
        self.say(event);
        let part = json!({"type": "input_audio", "transcript": null});
        self.add(json!({"id": id, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
            "content": [part]}));
    }

    fn cancel(&mut self, event: &Value) {
        let Some((_, mut response)) = self.answering.take() else {
            return self.complain("response_cancel_not_active", "no answer is being given", None, event);
        };
        self.outbox.retain(|event| event.answer.is_none());
        response["status"] = json!("cancelled");
        response["status_details"] = json!({"type": "cancelled", "reason": "client_cancelled"});
        let event = self.event("response.done", json!({"response": response}));
        self.say(event);
    }

    fn answer(&mut self, event: &Value) {
        if self.answering.is_some() {
            let message = "an answer is being given already";
            return self.complain("conversation_already_has_active_response", message, None, event);
        }
        self.count += 1;
        let number = self.count;
        let mut created = self.event("response.created", json!({}));
        created["response"]["id"] = json!(format!("resp_{number:03}"));
        created["response"]["metadata"] = event["response"]["metadata"].clone();
        let response = created["response"].clone();
        let mut events = vec![created];
        let item = match self.wanted_call() {
            Some(name) => self.call(&response["id"], &name, &mut events),
            None if self.said.is_empty() => {
                let words = self.reply_in_words();
                self.message(&response["id"], &words, &mut events)
            }
            None => self.speech(&response["id"], &mut events),
        };
        let mut done = self.event("response.done", json!({}));
        let usage = done["response"]["usage"].clone();
        done["response"] = response.clone();
        done["response"]["status"] = json!("completed");
        done["response"]["output"] = json!([item]);
        done["response"]["usage"] = usage;
        events.push(done);
        let pieces = events.into_iter().enumerate().map(|(at, value)| Event { value, answer: Some(number), paced: at > 0 });
        self.outbox.extend(pieces);
        self.answering = Some((number, response));
        self.said.clear();
        self.items.push(item);
    }

    /// The last words of the user.
    fn last_words(&self) -> String {
        let messages = self.items.iter().rev().filter(|item| item["role"] == "user");
        let part =
            messages.flat_map(|item| item["content"].as_array().into_iter().flatten()).find_map(|part| part["text"].as_str());
        part.unwrap_or_default().to_owned()
    }

    fn reply_in_words(&self) -> String {
        match self.items.last() {
            Some(item) if item["type"] == "function_call_output" => {
                format!("The tool says: {}", item["output"].as_str().unwrap_or_default())
            }
            _ => format!("You said: {}", self.last_words()),
        }
    }

    /// The tool that is to be called: one that the user named, unless it has been.
    fn wanted_call(&self) -> Option<String> {
        if self.items.last().is_some_and(|item| item["type"] == "function_call_output") {
            return None;
        }
        let words = self.last_words();
        let tools = self.session["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str());
        tools.into_iter().find(|name| words.contains(name)).map(str::to_owned)
    }

    /// An item that begins, with its first events.
    fn item(&mut self, response: &Value, item: &Value, events: &mut Vec<Value>) {
        events.push(self.event("response.output_item.added", json!({"response_id": response, "output_index": 0, "item": item})));
        let before = self.items.last().map_or(Value::Null, |item| item["id"].clone());
        events.push(self.event("conversation.item.added", json!({"previous_item_id": before, "item": item})));
    }

    fn item_done(&mut self, response: &Value, item: &Value, events: &mut Vec<Value>) {
        events.push(self.event("response.output_item.done", json!({"response_id": response, "output_index": 0, "item": item})));
        if !self.older {
            events.push(self.event("conversation.item.done", json!({"item": item})));
        }
    }

    fn message(&mut self, response: &Value, words: &str, events: &mut Vec<Value>) -> Value {
        let kind = if self.older { "text" } else { "output_text" };
        let mut item = json!({"id": self.id("item"), "object": "realtime.item", "type": "message", "status": "in_progress",
            "role": "assistant", "content": []});
        let place = json!({"response_id": response, "item_id": item["id"], "output_index": 0, "content_index": 0});
        self.item(response, &item, events);
        events.push(self.event("response.content_part.added", with(&place, json!({"part": {"type": kind, "text": ""}}))));
        for piece in words.split_inclusive(' ') {
            events.push(self.event("response.output_text.delta", with(&place, json!({"delta": piece}))));
        }
        let part = json!({"type": kind, "text": words});
        events.push(self.event("response.output_text.done", with(&place, json!({"text": words}))));
        events.push(self.event("response.content_part.done", with(&place, json!({"part": part}))));
        item["status"] = json!("completed");
        item["content"] = json!([part]);
        self.item_done(response, &item, events);
        item
    }

    /// What was said comes back.
    fn speech(&mut self, response: &Value, events: &mut Vec<Value>) -> Value {
        let kind = if self.older { "audio" } else { "output_audio" };
        let words = "That is what you said.";
        let mut item = json!({"id": self.id("item"), "object": "realtime.item", "type": "message", "status": "in_progress",
            "role": "assistant", "content": []});
        let place = json!({"response_id": response, "item_id": item["id"], "output_index": 0, "content_index": 0});
        self.item(response, &item, events);
        events.push(self.event("response.content_part.added", with(&place, json!({"part": {"type": kind, "transcript": ""}}))));
        let mut words_left = words.split_inclusive(' ');
        for audio in self.said.clone() {
            if let Some(piece) = words_left.next() {
                events.push(self.event("response.output_audio_transcript.delta", with(&place, json!({"delta": piece}))));
            }
            events.push(self.event("response.output_audio.delta", with(&place, json!({"delta": audio}))));
        }
        for piece in words_left {
            events.push(self.event("response.output_audio_transcript.delta", with(&place, json!({"delta": piece}))));
        }
        let part = json!({"type": kind, "transcript": words});
        events.push(self.event("response.output_audio.done", place.clone()));
        events.push(self.event("response.output_audio_transcript.done", with(&place, json!({"transcript": words}))));
        events.push(self.event("response.content_part.done", with(&place, json!({"part": part}))));
        item["status"] = json!("completed");
        item["content"] = json!([part]);
        self.item_done(response, &item, events);
        item
    }

    fn call(&mut self, response: &Value, name: &str, events: &mut Vec<Value>) -> Value {
        let mut item = json!({"id": self.id("item"), "object": "realtime.item", "type": "function_call",
            "status": "in_progress", "call_id": self.id("call"), "name": name, "arguments": ""});
        let place = json!({"response_id": response, "item_id": item["id"], "output_index": 0, "call_id": item["call_id"]});
        self.item(response, &item, events);
        let arguments = json!({"question": self.last_words()}).to_string();
        let (start, rest) = arguments.split_at(1);
        for piece in [start, rest] {
            events.push(self.event("response.function_call_arguments.delta", with(&place, json!({"delta": piece}))));
        }
        let members = json!({"name": name, "arguments": arguments});
        events.push(self.event("response.function_call_arguments.done", with(&place, members)));
        item["status"] = json!("completed");
        item["arguments"] = json!(arguments);
        self.item_done(response, &item, events);
        item
    }
}

fn with(place: &Value, members: Value) -> Value {
    let mut all = place.clone();
    merge(&mut all, &members);
    all
}

/// Members that are given replace those that are there; objects that are settings of several things are merged.
fn merge(kept: &mut Value, given: &Value) {
    let (Value::Object(kept), Value::Object(given)) = (kept, given) else { return };
    for (name, value) in given {
        match kept.get_mut(name) {
            Some(old) if old.is_object() && value.is_object() && value.get("type").is_none() => merge(old, value),
            _ => {
                kept.insert(name.clone(), value.clone());
            }
        }
    }
}
