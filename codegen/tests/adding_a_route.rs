//! What a contributor does when the gateway gets a new route: add it to a fragment, and nothing else.

use std::fs;
use std::path::Path;

use octopusx_codegen::{Features, generate};
use tempfile::TempDir;

use crate::support::{Code, copy, system};

const ROUTE: &str = "  /v1/videos/{task_id}/captions:
    post:
      operationId: videos_caption
      tags: [videos]
      summary: Write captions for a video
      description: Reads what is said in a finished video.
      x-docs: [en/videos/captions]
      parameters:
        - {name: task_id, in: path, required: true, description: The video., schema: {type: string}, example: video_abc123}
        - {name: language, in: query, required: true, description: In which language., schema: {type: string}, example: en}
        - {name: max_width, in: query, required: false, description: In letters., schema: {type: integer}}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/CaptionRequest'}
            examples: {short: {summary: As subtitles, value: {format: srt}}}
      responses:
        '200':
          description: The captions.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Captions'}
              examples: {short: {summary: One line, value: {lines: [Hello]}}}
        default: {$ref: '#/components/responses/Error'}
";

const TYPES: &str = "components:
  schemas:
    CaptionRequest:
      description: How captions are wanted.
      required: [format]
      properties:
        format: {type: string, description: The file's format.}
        seconds: {description: Where to begin., allOf: [{$ref: '#/components/schemas/Seconds'}]}
    Captions:
      description: What is said.
      properties:
        lines: {type: array, items: {type: string}, description: Line by line.}
";

#[test]
fn a_new_operation_in_a_fragment_becomes_a_method() {
    let folder = TempDir::new().unwrap();
    copy(&system("octopusx"), folder.path());
    let before = code(folder.path());

    let fragment = folder.path().join("videos/paths.yaml");
    let text = fs::read_to_string(&fragment).unwrap();
    fs::write(&fragment, text.replacen("\npaths:\n", &format!("\npaths:\n{ROUTE}"), 1) + TYPES).unwrap();
    let code = code(folder.path());

    code.expect(
        "videos",
        "pub fn caption(&self, task_id: &str, language: &str, body: &impl VideosCaptionBody)
            -> crate::Call<crate::Response<Captions>, VideosCaptionParameters>",
    );
    code.expect("videos", "pub fn max_width(self, max_width: i64) -> Self");
    code.expect("videos", "impl VideosCaptionBody for CaptionRequest {}");
    code.expect("videos", "pub fn new(format: impl Into<String>) -> Self");
    code.expect("videos", "pub struct Captions { pub lines: Option<Vec<String>>, pub extra: crate::wire::Extra, }");
    code.expect("", "videos::VIDEOS_CAPTION,");
    code.expect("videos", r#"id: "videos_caption", method: ::http::Method::POST, path: "/v1/videos/{task_id}/captions","#);
    code.expect("requests", "pub(crate) fn videos_caption(&self, task_id: &str, language: &str)");
    code.expect("requests", r#""{}/v1/videos/{}/captions""#);
    assert_eq!(lost_lines(&before.text, &code.text), Vec::<&str>::new(), "the code of other operations has changed");
}

fn code(folder: &Path) -> Code {
    let manifest = fs::read_to_string(system("../Cargo.toml")).unwrap();
    let generated = generate(folder, &Features::from_manifest(&manifest)).unwrap_or_else(|problems| panic!("{problems}"));
    Code::new(generated.code)
}

/// The lines that do not come again in the same order.
fn lost_lines<'t>(before: &'t str, after: &str) -> Vec<&'t str> {
    let mut after = after.lines();
    before.lines().filter(|line| !after.any(|each| each == *line)).collect()
}
