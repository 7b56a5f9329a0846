//! Slips of the pen in the real documents: planted one at a time in a copy, always at the same places, each must be found.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use octopusx_codegen::load::{escape, load};
use serde_json::{Map, Value, json};

use crate::support::xtask_in;

/// The same places in every run.
const SEED: u64 = 20_261_120;

/// How often each kind of slip is planted.
const TIMES: usize = 2;

const SYSTEMS: [&str; 2] = ["octopusx", "openoctopus"];

/// Picks at random, but always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }
}

/// A kind of slip: where it can be made, and how.
struct Slip {
    what: &'static str,
    places: fn(&Survey<'_>) -> Vec<String>,
    make: fn(&mut Value, &str),
}

const SLIPS: [Slip; 19] = [
    Slip { what: "a property is lost", places: |survey| survey.shown_properties(), make: drop_at },
    Slip { what: "a property is misspelt", places: |survey| survey.shown_properties(), make: misspell_name },
    Slip {
        what: "a property has another type",
        places: |survey| survey.with(survey.shown_properties(), is_plain),
        make: |root, at| {
            let schema = root.pointer_mut(at).unwrap();
            schema["type"] = json!(if schema["type"] == "boolean" { "string" } else { "boolean" });
        },
    },
    Slip {
        what: "a constant is another",
        places: |survey| survey.with(survey.shown_properties(), |schema| schema.pointer("/enum/0").is_some_and(Value::is_string)),
        make: |root, at| *root.pointer_mut(&format!("{at}/enum/0")).unwrap() = json!("another"),
    },
    Slip {
        what: "null is not allowed any more",
        places: |survey| survey.with(survey.nulls.iter().cloned().collect(), |schema| schema.get("nullable").is_some()),
        make: |root, at| drop_at(root, &format!("{at}/nullable")),
    },
    Slip {
        what: "a required name is misspelt",
        places: |survey| survey.keys("/components/schemas", "required").into_iter().map(|at| format!("{at}/0")).collect(),
        make: misspell_text,
    },
    Slip { what: "a schema is lost", places: |survey| survey.members("/components/schemas"), make: drop_at },
    Slip { what: "an example is lost", places: |survey| survey.members("/components/examples"), make: drop_at },
    Slip { what: "a reference is misspelt", places: |survey| survey.keys("/paths", "$ref"), make: misspell_text },
    Slip {
        what: "a tag's word is misspelt",
        places: |survey| {
            let mappings = survey.keys("/components/schemas", "mapping");
            let words = mappings.iter().flat_map(|mapping| survey.members(mapping));
            words.filter(|word| survey.words.contains(word)).collect()
        },
        make: misspell_name,
    },
    Slip {
        what: "a member of an example is misspelt",
        places: |survey| survey.members_shown.iter().cloned().collect(),
        make: misspell_name,
    },
    Slip {
        what: "the branch of an example is misspelt",
        places: |survey| survey.keys("/components/examples", "x-schema"),
        make: misspell_text,
    },
    Slip {
        what: "the page of an example is lost",
        places: |survey| survey.keys("/components/examples", "x-docs"),
        make: drop_at,
    },
    Slip { what: "an operation's id is misspelt", places: |survey| survey.keys("/paths", "operationId"), make: misspell_start },
    Slip { what: "an operation has no summary", places: |survey| survey.keys("/paths", "summary"), make: drop_at },
    Slip {
        what: "an operation has no failure",
        places: |survey| survey.keys("/paths", "responses"),
        make: |root, at| {
            let responses = root.pointer_mut(at).unwrap().as_object_mut().unwrap();
            responses.retain(|status, _| status.starts_with(['1', '2']));
        },
    },
    Slip { what: "a path parameter is lost", places: |survey| survey.path_parameters(), make: drop_at },
    Slip {
        what: "a place of a task is misspelt",
        places: |survey| {
            survey
                .keys("/components/schemas", "status")
                .into_iter()
                .filter(|at| at.contains("x-task"))
                .map(|at| format!("{at}/0"))
                .collect()
        },
        make: misspell_text,
    },
    Slip { what: "a word of the vocabulary is misspelt", places: |survey| survey.keys("/paths", "x-docs"), make: misspell_name },
];

fn is_plain(schema: &Value) -> bool {
    let named = ["enum", "allOf", "anyOf", "x-extensible-enum"].iter().any(|key| schema.get(key).is_some());
    !named && schema["type"].as_str().is_some_and(|ty| matches!(ty, "string" | "integer" | "number" | "boolean"))
}

fn drop_at(root: &mut Value, at: &str) {
    let (holder, name) = split(at);
    match root.pointer_mut(holder).unwrap() {
        Value::Object(members) => drop(members.shift_remove(&name).unwrap()),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("what holds {at} is no holder"),
    }
}

fn misspell_name(root: &mut Value, at: &str) {
    let (holder, name) = split(at);
    let members = root.pointer_mut(holder).unwrap().as_object_mut().unwrap();
    let value = members.shift_remove(&name).unwrap();
    members.insert(format!("{name}x"), value);
}

fn misspell_text(root: &mut Value, at: &str) {
    let text = root.pointer_mut(at).unwrap();
    *text = json!(format!("{}x", text.as_str().unwrap()));
}

fn misspell_start(root: &mut Value, at: &str) {
    let text = root.pointer_mut(at).unwrap();
    *text = json!(format!("x{}", text.as_str().unwrap()));
}

fn split(at: &str) -> (&str, String) {
    let (holder, name) = at.rsplit_once('/').unwrap();
    (holder, name.replace("~1", "/").replace("~0", "~"))
}

/// What the examples of a document show of its schemas: a slip elsewhere may be a slip that nothing could tell.
struct Survey<'a> {
    root: &'a Value,
    /// Pointers of properties that some example has a value for.
    properties: BTreeSet<String>,
    /// Pointers of properties that some example has null for.
    nulls: BTreeSet<String>,
    /// Pointers of words in mappings that some example has as its tag.
    words: BTreeSet<String>,
    /// Pointers of members of examples that a schema describes.
    members_shown: BTreeSet<String>,
}

impl<'a> Survey<'a> {
    fn of(root: &'a Value) -> Self {
        let mut survey = Self::empty(root);
        for content in survey.keys("/paths", "content").into_iter().chain(survey.keys("/components/responses", "content")) {
            for media in survey.members(&content) {
                let Some(schema) = root.pointer(&format!("{media}/schema")) else { continue };
                for example in survey.members(&format!("{media}/examples")) {
                    let example = survey.resolved(&example);
                    let found = root.pointer(&example).unwrap();
                    let branch = found.get("x-schema").and_then(Value::as_str).map(|name| format!("/components/schemas/{name}"));
                    let schema = branch.unwrap_or_else(|| survey.resolved_of(schema, &format!("{media}/schema")));
                    survey.walk(&schema, &found["value"], &format!("{example}/value"));
                }
            }
        }
        survey
    }

    fn empty(root: &'a Value) -> Self {
        Self { root, properties: BTreeSet::new(), nulls: BTreeSet::new(), words: BTreeSet::new(), members_shown: BTreeSet::new() }
    }

    fn resolved(&self, at: &str) -> String {
        self.resolved_of(self.root.pointer(at).unwrap(), at)
    }

    fn resolved_of(&self, value: &Value, at: &str) -> String {
        value
            .get("$ref")
            .and_then(Value::as_str)
            .map_or_else(|| at.to_owned(), |target| target.trim_start_matches('#').to_owned())
    }

    fn walk(&mut self, schema: &str, value: &Value, at: &str) {
        let schema = self.resolved(schema);
        let found = self.root.pointer(&schema).unwrap();
        if let Some(tag) = found.pointer("/discriminator/propertyName").and_then(Value::as_str) {
            let word =
                format!("{schema}/discriminator/mapping/{}", escape(value.get(tag).and_then(Value::as_str).unwrap_or_default()));
            if let Some(branch) = self.root.pointer(&word).and_then(Value::as_str) {
                let branch = branch.trim_start_matches('#').to_owned();
                self.words.insert(word);
                self.walk(&branch, value, at);
            }
            return;
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for index in 0..found.get(key).and_then(Value::as_array).map_or(0, Vec::len) {
                let branch = format!("{schema}/{key}/{index}");
                if key == "allOf" || index == 0 || self.is_of(&branch, value) {
                    self.walk(&branch, value, at);
                }
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let property = format!("{schema}/properties/{}", escape(name));
                    let at = format!("{at}/{}", escape(name));
                    if self.root.pointer(&property).is_some() {
                        if member.is_null() {
                            self.nulls.insert(property.clone())
                        } else {
                            self.properties.insert(property.clone())
                        };
                        self.members_shown.insert(at.clone());
                        self.walk(&property, member, &at);
                    }
                }
            }
            Value::Array(items) if found.get("items").is_some() => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| self.walk(&format!("{schema}/items"), item, &format!("{at}/{index}")));
            }
            _ => {}
        }
    }

    fn is_of(&self, branch: &str, value: &Value) -> bool {
        let schema = self.root.pointer(&self.resolved(branch)).unwrap();
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => value.is_array(),
            Some("object") | None => value.is_object(),
            _ => false,
        }
    }

    fn shown_properties(&self) -> Vec<String> {
        self.properties.iter().cloned().collect()
    }

    fn with(&self, places: Vec<String>, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
        places.into_iter().filter(|at| self.root.pointer(at).is_some_and(&wanted)).collect()
    }

    /// Pointers of the members of an object.
    fn members(&self, at: &str) -> Vec<String> {
        let all = self.root.pointer(at).and_then(Value::as_object).map(Map::keys);
        all.into_iter().flatten().map(|name| format!("{at}/{}", escape(name))).collect()
    }

    /// Pointers of every member of this name below a place, but for what examples hold.
    fn keys(&self, below: &str, key: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.root.pointer(below).unwrap(), below, key, &mut found);
        found
    }

    fn path_parameters(&self) -> Vec<String> {
        let listed = self.keys("/paths", "parameters");
        let all = listed.iter().flat_map(|at| {
            (0..self.root.pointer(at).unwrap().as_array().map_or(0, Vec::len)).map(move |index| format!("{at}/{index}"))
        });
        all.filter(|at| self.root.pointer(at).unwrap()["in"] == "path").collect()
    }
}

fn collect(value: &Value, at: &str, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{}", escape(name));
                let named_by_us = at.rsplit('/').nth(1) == Some("properties");
                if name == key && !named_by_us {
                    found.push(at.clone());
                }
                if !matches!(name.as_str(), "value" | "example") || named_by_us {
                    collect(member, &at, key, found);
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &format!("{at}/{index}"), key, found));
        }
        _ => {}
    }
}

/// One slip, made.
struct Planted {
    what: String,
    system: usize,
    root: Value,
}

/// A project of these documents, each in one file: JSON is YAML too.
fn project(documents: [&Value; 2]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (system, root) in SYSTEMS.iter().zip(documents) {
        let target = folder.path().join("openapi").join(system);
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join("root.yaml"), root.to_string()).unwrap();
    }
    let manifest = home().join("Cargo.toml");
    std::fs::copy(manifest, folder.path().join("Cargo.toml")).unwrap();
    folder
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

#[test]
fn every_slip_that_is_planted_in_the_documents_is_found() {
    let documents = SYSTEMS.map(|system| load(&home().join("openapi").join(system)).unwrap().root().clone());
    let [first, second] = &documents;
    let (code, out, _) = xtask_in(project([first, second]).path(), &["lint"]);
    assert_eq!(code, Some(0), "the documents must be clean before: {out}");

    let mut dice = Dice(SEED);
    let surveys = documents.each_ref().map(Survey::of);
    let mut planted = Vec::new();
    for slip in &SLIPS {
        let places: Vec<(usize, String)> = surveys
            .iter()
            .enumerate()
            .flat_map(|(system, survey)| (slip.places)(survey).into_iter().map(move |at| (system, at)))
            .collect();
        assert!(!places.is_empty(), "there is no place where {}", slip.what);
        for _ in 0..TIMES {
            let (system, at) = &places[dice.below(places.len())];
            let mut root = documents[*system].clone();
            (slip.make)(&mut root, at);
            planted.push(Planted { what: format!("{}: {} at {at}", SYSTEMS[*system], slip.what), system: *system, root });
        }
    }

    let missed = Mutex::new(Vec::new());
    let missing = &missed;
    std::thread::scope(|scope| {
        for half in planted.chunks(planted.len().div_ceil(2)) {
            scope.spawn(move || {
                for Planted { what, system, root } in half {
                    let both = if *system == 0 { [root, second] } else { [first, root] };
                    if xtask_in(project(both).path(), &["lint"]).0 != Some(1) {
                        missing.lock().unwrap().push(what.clone());
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    // Past the capture of the test harness: the numbers are to be seen in every run.
    let _ =
        writeln!(std::io::stdout(), "slips planted in the documents: {}, found: {}", planted.len(), planted.len() - missed.len());
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}
