//! A small project to run commands in.

use std::path::Path;
use std::process::Command;

/// A project whose two documents are both the small one.
pub fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/small");
    for system in ["octopusx", "openoctopus"] {
        let target = folder.path().join("openapi").join(system);
        std::fs::create_dir_all(target.join("shop")).unwrap();
        for name in ["root.yaml", "shop/paths.yaml", "shop/schemas.yaml", "shop/examples.yaml"] {
            std::fs::copy(small.join(name), target.join(name)).unwrap();
        }
    }
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"shop\"\n\n[features]\nshop = []\n").unwrap();
    let pages = "# All pages.\nen/shop/overview\nen/shop/orders\n\n+ api\n+ en/shop/errors\n";
    std::fs::write(folder.path().join("openapi/pages.txt"), pages).unwrap();
    folder
}

/// Replaces a text that stands once in a file of a project.
pub fn change(root: &Path, file: &str, from: &str, to: &str) {
    let file = root.join(file);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{} must hold `{from}` once", file.display());
    std::fs::write(&file, text.replace(from, to)).unwrap();
}

/// The exit code and what was written to standard output and standard error.
pub fn xtask(words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The same in a project.
pub fn xtask_in(root: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    xtask(&[words, &["--root", root.to_str().unwrap()]].concat())
}
