//! Reads a folder of YAML fragments into one document and remembers where each part stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::problem::{Problem, Problems};

/// The parts of `components` that a fragment may add to.
const COMPONENT_KINDS: [&str; 4] = ["schemas", "examples", "parameters", "responses"];

/// The file that holds what fragments may not.
const ROOT: &str = "root.yaml";

/// One merged OpenAPI document.
#[derive(Clone, Debug)]
pub struct Document {
    root: Value,
    folder: PathBuf,
    files: Vec<PathBuf>,
    /// Pointer of each merged part (a path, a schema, …) → its file.
    sources: BTreeMap<String, PathBuf>,
}

/// Reads `root.yaml` and every `*.yaml` in the folders beside it.
///
/// # Errors
/// Files that can't be read or parsed, keys that stand twice, keys that a fragment may not have.
pub fn load(folder: &Path) -> Result<Document, Problems> {
    let root_file = folder.join(ROOT);
    let mut document = Document {
        root: read_yaml(&root_file)?,
        folder: folder.to_path_buf(),
        files: vec![root_file.clone()],
        sources: BTreeMap::new(),
    };
    document.note_root_parts(&root_file);
    let mut problems = Problems::default();
    for file in fragment_files(folder)? {
        if file.parent() == Some(folder) || file.extension().is_some_and(|ending| ending == "yml") {
            problems.push(Problem {
                file,
                pointer: String::new(),
                what: "no fragment is read from here".into(),
                mend: "move it into the folder of its section, as `<section>/<name>.yaml`".into(),
            });
            continue;
        }
        match read_yaml(&file) {
            Ok(fragment) => document.merge(&file, fragment, &mut problems),
            Err(found) => found.0.into_iter().for_each(|problem| problems.push(problem)),
        }
        document.files.push(file);
    }
    problems.into_result()?;
    Ok(document)
}

impl Document {
    /// The merged tree.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Every file read, `root.yaml` first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The whole document as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.root.to_string()
    }

    /// The value that a pointer names.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// Follows `{"$ref": "#/…"}` once; anything else is returned as it is.
    #[must_use]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|target| target.strip_prefix('#'))
            .and_then(|pointer| self.at(pointer))
            .unwrap_or(value)
    }

    /// The file in which a pointer's value stands.
    #[must_use]
    pub fn file_of(&self, pointer: &str) -> &Path {
        let mut rest = pointer;
        loop {
            if let Some(file) = self.sources.get(rest) {
                return file;
            }
            match rest.rfind('/') {
                Some(at) => rest = &rest[..at],
                None => return &self.files[0],
            }
        }
    }

    /// The folder (section) of a schema, `common` for those in `root.yaml`.
    #[must_use]
    pub fn section_of_schema(&self, name: &str) -> String {
        let file = self.file_of(&format!("/components/schemas/{}", escape(name)));
        file.parent()
            .filter(|parent| *parent != self.folder)
            .and_then(Path::file_name)
            .map_or_else(|| "common".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// A problem at a pointer, with its file filled in.
    #[must_use]
    pub fn problem(&self, pointer: &str, what: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem { file: self.file_of(pointer).to_path_buf(), pointer: pointer.to_owned(), what: what.into(), mend: mend.into() }
    }

    fn note_root_parts(&mut self, file: &Path) {
        for (place, _) in parts(&self.root) {
            self.sources.insert(place, file.to_path_buf());
        }
    }

    fn merge(&mut self, file: &Path, fragment: Value, problems: &mut Problems) {
        check_fragment_keys(file, &fragment, problems);
        for (place, value) in parts(&fragment) {
            if let Some(other) = self.sources.get(&place) {
                problems.push(Problem {
                    file: file.to_path_buf(),
                    pointer: place.clone(),
                    what: format!("this key stands in {} too", other.display()),
                    mend: "keep one of the two, or give one of them another name".into(),
                });
                continue;
            }
            self.sources.insert(place.clone(), file.to_path_buf());
            insert(&mut self.root, &place, value.clone());
        }
    }
}

/// The parts of a tree that fragments are merged by: each path, each named component.
fn parts(tree: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let paths = tree.get("paths").and_then(Value::as_object);
    for (path, value) in paths.into_iter().flatten() {
        found.push((format!("/paths/{}", escape(path)), value));
    }
    for kind in COMPONENT_KINDS {
        let members = tree.get("components").and_then(|all| all.get(kind)).and_then(Value::as_object);
        for (name, value) in members.into_iter().flatten() {
            found.push((format!("/components/{kind}/{}", escape(name)), value));
        }
    }
    found
}

fn check_fragment_keys(file: &Path, fragment: &Value, problems: &mut Problems) {
    let mut refuse = |pointer: String, what: String| {
        problems.push(Problem {
            file: file.to_path_buf(),
            pointer,
            what,
            mend: "a fragment holds `paths` and, under `components`, `schemas`, `examples`, `parameters` and `responses`; \
                   everything else belongs in root.yaml"
                .into(),
        });
    };
    let Some(tops) = fragment.as_object() else {
        return refuse(String::new(), "a fragment must be a mapping".into());
    };
    for key in tops.keys().filter(|key| !matches!(key.as_str(), "paths" | "components")) {
        refuse(format!("/{}", escape(key)), format!("`{key}` can't stand in a fragment"));
    }
    let kinds = tops.get("components").and_then(Value::as_object);
    for key in kinds.into_iter().flat_map(Map::keys).filter(|key| !COMPONENT_KINDS.contains(&key.as_str())) {
        refuse(format!("/components/{}", escape(key)), format!("`components/{key}` can't stand in a fragment"));
    }
}

/// Puts a value at a place of one of the two forms that [`parts`] gives.
fn insert(root: &mut Value, place: &str, value: Value) {
    let steps: Vec<String> = place.split('/').skip(1).map(unescape).collect();
    let mut at = root;
    for step in &steps[..steps.len() - 1] {
        let Value::Object(members) = at else { return };
        at = members.entry(step.as_str()).or_insert_with(|| Value::Object(Map::new()));
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
    }
    if let (Value::Object(members), Some(last)) = (at, steps.last()) {
        members.insert(last.clone(), value);
    }
}

fn read_yaml(file: &Path) -> Result<Value, Problems> {
    let problem =
        |what: String, mend: &str| Problem { file: file.to_path_buf(), pointer: String::new(), what, mend: mend.to_owned() };
    let text = std::fs::read_to_string(file)
        .map_err(|error| problem(format!("can't be read: {error}"), "check that the file exists and is UTF-8"))?;
    let options = serde_saphyr::options! {
        budget: None,
        strict_booleans: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
    };
    serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
        problem(format!("is not valid YAML: {error}"), "mend the place that the message names; every key may stand once").into()
    })
}

fn fragment_files(folder: &Path) -> Result<Vec<PathBuf>, Problems> {
    let unreadable = |path: &Path, error: std::io::Error| Problem {
        file: path.to_path_buf(),
        pointer: String::new(),
        what: format!("can't be listed: {error}"),
        mend: "check that the folder exists and can be read".into(),
    };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(|error| unreadable(&next, error))? {
            let path = entry.map_err(|error| unreadable(&next, error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") && path != folder.join(ROOT) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// One step of a JSON pointer, escaped.
#[must_use]
pub fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// The reverse of [`escape`].
#[must_use]
pub fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}
