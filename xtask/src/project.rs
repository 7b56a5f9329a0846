//! Where the project's files are.

use std::path::{Path, PathBuf};

use octopusx_codegen::{Features, Problem};

use crate::args::Args;

/// The names of the documents, each a folder of `openapi/`.
const SYSTEMS: [&str; 2] = ["octopusx", "openoctopus"];

/// A checkout of the project, or a copy of the parts that a command reads.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// What `--root DIR` names; without it the checkout that this program was built from.
    pub(crate) fn from_args(args: &mut Args) -> Result<Self, String> {
        let root = args.option("--root")?.map(PathBuf::from);
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
        Ok(Self { root: root.or(built_from).unwrap_or_default() })
    }

    /// Each document's name and folder.
    pub(crate) fn documents(&self) -> Result<Vec<(&'static str, PathBuf)>, String> {
        let folders = SYSTEMS.map(|name| (name, self.root.join("openapi").join(name)));
        let missing = folders.iter().find(|(_, folder)| !folder.join("root.yaml").is_file());
        missing.map_or(Ok(folders.to_vec()), |(_, folder)| Err(format!("{} holds no root.yaml", folder.display())))
    }

    /// The cargo features that documents may name.
    pub(crate) fn features(&self) -> Result<Features, String> {
        let manifest = self.root.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        Ok(Features::from_manifest(&text))
    }

    /// A file of the project, by its path from the root.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A problem that names its file as seen from the project's root.
    pub(crate) fn told(&self, problem: &Problem) -> Problem {
        let file = problem.file.strip_prefix(&self.root).unwrap_or(&problem.file).to_path_buf();
        Problem { file, ..problem.clone() }
    }
}
