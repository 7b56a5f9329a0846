//! Small documents to generate from, and ways to look at what was generated.

use std::fs;
use std::path::{Path, PathBuf};

use octopusx_codegen::{Features, Generated, Problems, generate};
use tempfile::TempDir;

/// The folder of this crate's test data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The folder of one of the two documents that the crate is built from.
pub fn system(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi").join(name)
}

/// Copies a folder into another, over what is there.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The document in `tests/good`, with changes.
pub struct Post {
    folder: TempDir,
}

impl Post {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy(&data("good"), folder.path());
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lays the files of a folder over it.
    pub fn with_files(self, from: &Path) -> Self {
        copy(from, self.folder());
        self
    }

    pub fn generate(&self, enabled: &[&str]) -> Result<Generated, Problems> {
        generate(self.folder(), &features(enabled))
    }
}

/// The features of the document in `tests/good`.
pub fn features(enabled: &[&str]) -> Features {
    Features { enabled: enabled.iter().map(|&name| name.to_owned()).collect(), ..Features::all(["letters", "stamps"]) }
}
