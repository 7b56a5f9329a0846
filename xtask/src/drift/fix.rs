//! Adds optional fields that only the pages have, each at the end of its schema's `properties`, by inserting lines: comments
//! and order stay as they are. Every file is read again afterwards and must hold what it held, and the new fields.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use granit_parser::{Event, Parser, Span};
use octopusx_codegen::Features;
use octopusx_codegen::check::check;
use octopusx_codegen::load::{escape, load, unescape};
use serde_json::{Map, Value, json};

use super::documents::System;
use super::report::{Addition, Report};
use super::types::{Kind, Types};

/// The documents' lines are no longer.
const WIDTH: usize = 120;

/// Adds what can be added; returns a line for each field, also for those that a person must add.
pub(crate) fn apply(systems: &[System], report: &Report, features: &Features, root: &Path) -> Result<Vec<String>, String> {
    let mut said = Vec::new();
    let mut texts: BTreeMap<PathBuf, (String, String)> = BTreeMap::new();
    let mut done: Vec<(&str, &str, &str)> = Vec::new();
    for finding in &report.findings {
        let Some(addition) = &finding.addition else { continue };
        let Addition { schema, name, types, system, .. } = addition;
        if done.contains(&(system, schema, name)) {
            continue;
        }
        done.push((system, schema, name));
        let shown = finding.file.strip_prefix(root).unwrap_or(&finding.file).display();
        let Some(value) = property(addition, &finding.page) else {
            said.push(format!("not added to {shown}#{schema}: `{name}` ({types}) needs a schema of its own"));
            continue;
        };
        let (_, text) = match texts.entry(finding.file.clone()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(empty) => {
                let text = std::fs::read_to_string(&finding.file).map_err(|error| format!("{shown}: {error}"))?;
                empty.insert((text.clone(), text))
            }
        };
        match insert(text, &format!("{schema}/properties"), name, &value) {
            Ok(longer) => {
                *text = longer;
                said.push(format!("added to {shown}#{schema}: `{name}` ({types})"));
            }
            Err(why) => said.push(format!("not added to {shown}#{schema}: `{name}` ({types}): {why}")),
        }
    }
    write(&texts, |text| &text.1)?;
    for system in systems {
        let Some(folder) = system.document.files().first().and_then(|file| file.parent()) else { continue };
        if let Err(problems) = load(folder).and_then(|document| check(&document, features).map(drop)) {
            write(&texts, |text| &text.0)?;
            return Err(format!("nothing was added, the documents would be broken:\n{problems}"));
        }
    }
    Ok(said)
}

fn write(texts: &BTreeMap<PathBuf, (String, String)>, which: impl Fn(&(String, String)) -> &String) -> Result<(), String> {
    for (file, text) in texts {
        std::fs::write(file, which(text)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// The schema of a new field; `None` where its type can't stand inline.
fn property(addition: &Addition, page: &str) -> Option<Value> {
    let listed: Vec<String> = addition.values.iter().map(|value| format!("`{value}`")).collect();
    let values = if listed.is_empty() { String::new() } else { format!(", with the values {}", listed.join(", ")) };
    let description = format!("TODO: say in our own words what it means. The page {page} lists it{values}.");
    let mut members = Map::new();
    members.insert("description".to_owned(), description.into());
    members.extend(inline(&addition.types)?);
    Some(Value::Object(members))
}

fn inline(types: &Types) -> Option<Map<String, Value>> {
    let mut kinds = types.kinds.iter().filter(|kind| **kind != Kind::Null);
    let (kind, None) = (kinds.next()?, kinds.next()) else { return None };
    let found = match kind {
        Kind::String => json!({"type": "string"}),
        Kind::Integer => json!({"type": "integer"}),
        Kind::Number => json!({"type": "number"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Object => json!({"type": "object"}),
        Kind::File => json!({"type": "string", "format": "binary"}),
        Kind::Array => {
            let items = types.items.as_ref().map_or_else(|| Some(Map::new()), |items| inline(items))?;
            if items.is_empty() {
                return None;
            }
            json!({"type": "array", "items": items})
        }
        Kind::Null | Kind::Any => return None,
    };
    found.as_object().cloned()
}

/// The text with one more member in the mapping at a pointer.
fn insert(text: &str, pointer: &str, name: &str, value: &Value) -> Result<String, String> {
    let last = last_key(text, pointer)?;
    let lines: Vec<&str> = text.lines().collect();
    let indent = indent_of(lines.get(last).copied().unwrap_or_default());
    let mut end = last;
    for (at, line) in lines.iter().enumerate().skip(last + 1) {
        if !line.trim().is_empty() && indent_of(line) <= indent {
            break;
        }
        if !line.trim().is_empty() {
            end = at;
        }
    }
    let added = written(name, value, indent);
    let kept = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let longer = kept(&lines[..=end]) + &added + &kept(&lines[end + 1..]);
    let (mut before, after) = (parse(text)?, parse(&longer)?);
    if let Some(Value::Object(members)) = before.pointer_mut(pointer) {
        members.insert(name.to_owned(), value.clone());
    }
    if before == after { Ok(longer) } else { Err("the file is written in a way that a line can't be added to".to_owned()) }
}

fn parse(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { budget: None }).map_err(|error| error.to_string())
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The member as lines of YAML.
fn written(name: &str, value: &Value, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    let mut text = format!("{blanks}{}:\n", quoted(name));
    for (key, member) in value.as_object().into_iter().flatten() {
        match (key.as_str(), member) {
            ("description", Value::String(words)) => {
                text.push_str(&format!("{blanks}  description: >-\n"));
                text.push_str(&wrapped(words, indent + 4));
            }
            (_, Value::String(word)) => text.push_str(&format!("{blanks}  {key}: {word}\n")),
            (_, other) => text.push_str(&format!("{blanks}  {key}: {}\n", flow(other))),
        }
    }
    text
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|at| at.is_ascii_alphanumeric() || at == '_' || at == '-');
    let is_word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&name.to_lowercase().as_str());
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if plain && begins && !is_word { name.to_owned() } else { format!("'{}'", name.replace('\'', "''")) }
}

fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let inside: Vec<String> = members.iter().map(|(key, member)| format!("{key}: {}", flow(member))).collect();
            format!("{{{}}}", inside.join(", "))
        }
        Value::String(word) => word.clone(),
        other => other.to_string(),
    }
}

fn wrapped(words: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for word in words.split(' ') {
        if !line.is_empty() && indent + line.len() + 1 + word.len() > WIDTH {
            text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text + &format!("{}{line}\n", " ".repeat(indent))
}

/// The line (from 0) of the last key of the mapping at a pointer.
fn last_key(text: &str, pointer: &str) -> Result<usize, String> {
    let mut finder = Finder { wanted: pointer, frames: Vec::new(), last: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        finder.event(&event, span);
    }
    finder.last.ok_or_else(|| format!("{} holds no members of its own", unescape(pointer)))
}

/// Follows the events of a file and knows at which pointer it is.
struct Finder<'a> {
    wanted: &'a str,
    frames: Vec<Frame>,
    last: Option<usize>,
}

/// A mapping or sequence that is open.
struct Frame {
    pointer: String,
    is_mapping: bool,
    /// The key whose value comes next.
    key: Option<String>,
    count: usize,
}

impl Finder<'_> {
    fn event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, ..) => {
                if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_mapping && frame.key.is_none()) {
                    if frame.pointer == self.wanted {
                        self.last = Some(span.start.line() - 1);
                    }
                    frame.key = Some(text.to_string());
                    return;
                }
                self.end_of_value();
            }
            Event::MappingStart(..) => self.open(true),
            Event::SequenceStart(..) => self.open(false),
            Event::MappingEnd | Event::SequenceEnd => {
                self.frames.pop();
                self.end_of_value();
            }
            Event::Alias(_) => self.end_of_value(),
            _ => {}
        }
    }

    fn open(&mut self, is_mapping: bool) {
        let pointer = match self.frames.last() {
            None => String::new(),
            Some(frame) if frame.is_mapping => format!("{}/{}", frame.pointer, escape(frame.key.as_deref().unwrap_or_default())),
            Some(frame) => format!("{}/{}", frame.pointer, frame.count),
        };
        self.frames.push(Frame { pointer, is_mapping, key: None, count: 0 });
    }

    fn end_of_value(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.key = None;
            frame.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Things.
components:
  schemas:
    # The first.
    Thing:
      type: object
      properties:
        # Its name.
        name:
          description: >-
            A name,
            with two lines.
          type: string
        size: {type: integer} # inline

    # The second.
    Other:
      properties: {a: {type: string}}
";

    #[test]
    fn a_member_is_added_behind_the_last_and_nothing_else_changes() {
        let value = json!({"description": "TODO: a text", "type": "array", "items": {"type": "string"}});
        let found = insert(FILE, "/components/schemas/Thing/properties", "tags", &value).unwrap();
        let expected = "        size: {type: integer} # inline\n        tags:\n          description: >-\n            TODO: a text\n          type: array\n          items: {type: string}\n\n    # The second.\n";
        assert_eq!(found, FILE.replace("        size: {type: integer} # inline\n\n    # The second.\n", expected));
    }

    #[test]
    fn what_has_no_line_of_its_own_is_left_to_a_person() {
        let why = insert(FILE, "/components/schemas/Other/properties", "b", &json!({"type": "string"})).unwrap_err();
        assert!(why.contains("can't be added"), "{why}");
        assert!(insert(FILE, "/components/schemas/None/properties", "b", &json!({})).is_err());
    }

    #[test]
    fn only_types_that_may_stand_inline_are_written() {
        for (types, written) in [
            ("string", Some("{type: string}")),
            ("integer | null", Some("{type: integer}")),
            ("array<object>", Some("{type: array, items: {type: object}}")),
            ("file", Some("{type: string, format: binary}")),
            ("string | integer", None),
            ("array", None),
        ] {
            let found = inline(&Types::parse(types).unwrap()).map(|members| flow(&Value::Object(members)));
            assert_eq!(found.as_deref(), written, "{types}");
        }
    }
}
