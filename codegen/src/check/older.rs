//! The older form of a WebSocket's events: its names, and how it writes settings.

use serde_json::Value;

use super::{Checker, schema_name};
use crate::load::escape;
use crate::model::{Older, Setting, Settings};

impl Checker<'_> {
    pub(super) fn older(&self, at: &str, words: &Value, client: &str, server: &str) -> Older {
        let header = pairs(words, "header").pop().unwrap_or_default();
        if header.0.is_empty() {
            self.problem(&format!("{at}/header"), "no header asks for the older form", "write `{name: value}`");
        }
        let events = pairs(words, "events");
        for (older, newer) in &events {
            let schema = |name: &String| self.event_schema(server, name);
            if schema(older).is_none() || schema(older) != schema(newer) {
                let what = format!("`{older}` and `{newer}` are not two names of one schema in `{server}`");
                self.problem(&format!("{at}/events/{}", escape(older)), what, "map both to the schema that they share");
            }
        }
        let protocol = self.text(at, Some(words), "protocol", "name the sub-protocol that asks for the older form");
        let listed = words.get("settings").and_then(Value::as_array).into_iter().flatten().enumerate();
        let settings = listed.map(|(index, one)| self.settings(&format!("{at}/settings/{index}"), one, words, client)).collect();
        Older { header, protocol, events, settings }
    }

    /// The schema that a union has for an event's name.
    fn event_schema(&self, union: &str, name: &str) -> Option<&str> {
        let mapping = self.document.at(&format!("/components/schemas/{}/discriminator/mapping", escape(union)))?;
        schema_name(mapping.get(name)?.as_str()?)
    }

    fn settings(&self, at: &str, words: &Value, older: &Value, client: &str) -> Settings {
        let mend = "name an event of the client";
        let event = (self.text(at, Some(words), "older", mend), self.text(at, Some(words), "newer", mend));
        let member = self.text(at, Some(words), "at", "point to the member of the event that holds the settings");
        let sides = [("older", &event.0), ("newer", &event.1)].map(|(side, name)| {
            let schema = self.event_schema(client, name);
            if schema.is_none() && !name.is_empty() {
                self.problem(&format!("{at}/{side}"), format!("`{client}` has no event `{name}`"), mend);
            }
            schema.and_then(|schema| self.document.at(&format!("/components/schemas/{}", escape(schema))))
        });
        let leads = |side: usize, key: &str, pointer: &str| {
            let whole = format!("{member}{pointer}");
            if !pointer.is_empty() && sides[side].is_some_and(|schema| !self.names_property(schema, &whole)) {
                self.problem(&format!("{at}/{key}"), format!("`{whole}` is no member of the event"), "point to one");
            }
        };
        let listed = words.get("places").and_then(Value::as_array).into_iter().flatten().enumerate();
        let places = listed.map(|(index, place)| {
            let here = format!("{at}/places/{index}");
            let side = |key: &str| self.text(&here, Some(place), key, "write both places as JSON pointers");
            let both = (side("older"), side("newer"));
            leads(0, &format!("places/{index}/older"), &both.0);
            leads(1, &format!("places/{index}/newer"), &both.1);
            Setting { place: both, values: self.values(&here, place, older) }
        });
        let places = places.collect();
        let alone = |side: usize, key: &str| {
            let listed = self.texts(at, words, key).unwrap_or_default();
            listed.iter().for_each(|pointer| leads(side, key, pointer));
            listed
        };
        let alone = (alone(0, "older_alone"), alone(1, "newer_alone"));
        Settings { event, at: member, says: pairs(words, "says"), places, alone }
    }

    /// The values of a place, by the name of their table.
    fn values(&self, at: &str, place: &Value, older: &Value) -> Vec<(String, String)> {
        let Some(name) = place.get("values").and_then(Value::as_str) else { return Vec::new() };
        let listed = older["values"][name].as_array().map(Vec::as_slice).unwrap_or_default();
        let found: Option<Vec<_>> =
            listed.iter().map(|pair| Some((pair.get("older")?.to_string(), pair.get("newer")?.to_string()))).collect();
        found.filter(|found| !found.is_empty()).unwrap_or_else(|| {
            let mend = "list them beside `settings`, as `values: {name: [{older: …, newer: …}]}`";
            self.problem(&format!("{at}/values"), format!("there are no values `{name}` for both forms"), mend);
            Vec::new()
        })
    }
}

/// The members of an object of texts.
fn pairs(words: &Value, key: &str) -> Vec<(String, String)> {
    let members = words.get(key).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
