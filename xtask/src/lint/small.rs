//! For tests: the small document of `tests/small`, changed in one place.

use std::path::Path;

use octopusx_codegen::Features;

/// What is found when one text of one file is replaced, each as `pointer: what`.
pub(crate) fn findings(file: &str, from: &str, to: &str) -> Vec<String> {
    findings_of(&[(file, from, to)])
}

/// The same with several replacements.
pub(crate) fn findings_of(changes: &[(&str, &str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/small");
    std::fs::create_dir(folder.path().join("shop")).unwrap();
    for name in ["root.yaml", "shop/paths.yaml", "shop/schemas.yaml", "shop/examples.yaml"] {
        let mut text = std::fs::read_to_string(source.join(name)).unwrap();
        for (_, from, to) in changes.iter().filter(|(file, ..)| *file == name) {
            assert_eq!(text.matches(from).count(), 1, "{name} must hold `{from}` once");
            text = text.replace(from, to);
        }
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let report = super::examine(folder.path(), &Features::all(["shop"]));
    report.problems.iter().map(|problem| format!("{}: {}", problem.pointer, problem.what)).collect()
}
