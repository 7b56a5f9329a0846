//! The pages of the real documentation that lie beside the project. Where they do not, nothing is checked, and that is said.

use std::path::{Path, PathBuf};

use super::super::check::{Check, Pages};
use super::super::documents::System;
use super::super::lock::Lock;
use super::super::overrides;
use super::super::site::Site;
use super::{TODAY, told};
use crate::args::Args;
use crate::project::Project;

const PAGES: [(&str, &str); 4] = [
    ("jimeng-unified-generation.txt", "en/videos/jimeng/unified-generation.txt"),
    ("openai-videos.txt", "en/videos/openai-videos.txt"),
    ("video-generations.txt", "en/videos/video-generations.txt"),
    ("openoctopus.txt", "api.txt"),
];

/// A copy of the real index and pages, as `--save` would lay it out.
fn copy() -> Option<tempfile::TempDir> {
    let shared: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/api");
    if !shared.join("index.txt").is_file() {
        eprintln!("skipped, nothing was checked: {} is not there", shared.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(shared.join("index.txt"), folder.path().join("llms.txt")).unwrap();
    for (from, to) in PAGES {
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(shared.join("pages").join(from), to).unwrap();
    }
    Some(folder)
}

#[test]
fn the_real_pages_and_the_real_index_give_no_false_alarm() {
    let Some(folder) = copy() else { return };
    let project = Project::from_args(&mut Args::new(std::iter::empty()).unwrap()).unwrap();
    let systems = System::load_all(&project).unwrap();
    let lock = Lock::read(&project.file("openapi/docs.lock")).unwrap();
    let overrides = overrides::read(&project.file("openapi/overrides.yaml")).unwrap();
    let site = Site::saved(folder.path(), &lock).unwrap();
    assert_eq!(site.index.as_ref().unwrap().len(), 85);
    let pages = Pages::of(&site, TODAY);
    let report = Check { systems: &systems, lock: &lock, overrides: &overrides, root: Path::new("") }.site(&pages);
    assert!(report.findings.is_empty() && report.unchecked.is_empty(), "{}", told(&report));
    assert_eq!((report.checked, report.absent), (4, 90));
}

#[test]
fn what_the_real_pages_say_is_read_whole() {
    let Some(folder) = copy() else { return };
    let read = |page: &str| super::super::parse::read(&std::fs::read_to_string(folder.path().join(page)).unwrap(), "").unwrap();
    let routes = |page: &str| read(page).routes.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(routes(PAGES[0].1), ["POST /v1/video/create"]);
    assert_eq!(
        routes(PAGES[1].1),
        ["POST /v1/videos", "GET /v1/videos/{task_id}", "POST /v1/videos/{video_id}/remix", "GET /v1/videos/{task_id}/content"]
    );
    assert_eq!(routes(PAGES[2].1), ["POST /v1/video/generations"]);
    assert_eq!(
        routes(PAGES[3].1),
        ["GET /v1/models", "POST /v1/images/generations", "POST /v1/videos/generations", "GET /v1/tasks/{id}"]
    );
    // Parameters, fields of bodies and answers, examples, models: counted on the pages by eye.
    for (page, counts) in [(PAGES[0].1, (8, 2, 2)), (PAGES[1].1, (12, 3, 0)), (PAGES[2].1, (14, 4, 0)), (PAGES[3].1, (3, 5, 0))] {
        let found = read(page);
        let examples: std::collections::BTreeSet<String> =
            found.examples.iter().map(|example| example.value.to_string()).collect();
        assert_eq!((found.fields.len(), examples.len(), found.models.len()), counts, "{page}");
    }
    let jimeng = read(PAGES[0].1);
    let field = |name: &str| jimeng.fields.iter().find(|field| field.name() == name).unwrap();
    assert_eq!(field("aspect_ratio").values, ["16:9", "4:3", "1:1", "3:4", "9:16", "21:9"]);
    assert_eq!(field("size").values, ["720P", "1080P"]);
    assert_eq!(field("status").values, ["processing", "failed", "completed"]);
    assert_eq!(
        (field("images").required, field("images").types.as_ref().unwrap().to_string()),
        (Some(true), "array<string>".to_owned())
    );
}
