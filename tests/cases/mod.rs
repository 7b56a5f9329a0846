//! Streams from files: bytes in; events, end and whole answer out, the same however the bytes are cut.
//!
//! A case is a file in the folder of its protocol (see [`file`] for its form). `CASES=write cargo test cases::` writes down
//! what comes in place of comparing it; read the difference before it is committed. `CASES=seeds` makes the fuzz targets'
//! first inputs of them.

mod cuts;
mod file;
mod server;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use octopusx::completions::CompletionRequest;
use octopusx::gemini::{GeminiContent, GeminiGenerateContentRequest};
use octopusx::messages::{MessageCreateRequest, MessageParam};
use octopusx::responses::ResponseCreateRequest;
use octopusx::{Client, Error};
use serde_json::Value;

use crate::collect::plain;
use crate::support;
use file::Case;
use server::Server;

/// What a client is told, in the words of a case's last part.
#[derive(Default)]
struct Told(String);

impl Told {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn json(&mut self, name: &str, value: impl serde::Serialize) {
        self.line(name, serde_json::to_string(&value).unwrap());
    }

    fn end(&mut self, error: Option<&Error>) {
        let Some(error) = error else { return self.line("end", "complete") };
        let mut line = String::new();
        if let Some(api) = error.api() {
            let _ = write!(line, "error, as the gateway says: {}", Value::from(api.message()));
            for (name, word) in [("code", api.code()), ("type", api.error_type()), ("param", api.param())] {
                if let Some(word) = word {
                    let _ = write!(line, " {name} {}", Value::from(word));
                }
            }
        } else if error.is_truncated() {
            line.push_str("truncated");
        } else {
            let kind = if error.is_decode() { "can't be read" } else { "unexpected" };
            let _ = write!(line, "error, {kind}: {}", Value::from(error.to_string()));
        }
        self.line("end", line);
    }
}

/// Reads a stream to its end, and once more as texts.
macro_rules! told {
    ($call:expr, $case:expr, $calls:ident) => {{
        let mut told = Told::default();
        let mut text = String::new();
        match $call.header("x-case", $case).await {
            Err(error) => told.end(Some(&error)),
            Ok(stream) => {
                let mut stream = stream.collecting();
                let mut error = None;
                let mut came = 0;
                while let Some(event) = stream.next().await {
                    match event {
                        Ok(event) => told.json("event", event),
                        Err(why) => error = Some(why),
                    }
                    came += 1;
                }
                assert!(stream.next().await.is_none(), "a stream stays ended");
                told.end(error.as_ref());
                let whole = stream.into_whole();
                text = whole.text();
                if !text.is_empty() {
                    told.json("text", &text);
                }
                whole.$calls().into_iter().for_each(|call| told.json("call", call));
                if came > usize::from(error.is_some()) {
                    told.json("whole", plain(&whole));
                }
            }
        }
        if let Ok(stream) = $call.header("x-case", $case).await {
            let mut stream = stream.text_stream();
            let mut streamed = String::new();
            while let Some(Ok(piece)) = stream.next().await {
                streamed.push_str(&piece);
            }
            if streamed != text {
                told.json("text, streamed", streamed);
            }
        }
        told.0
    }};
}

/// Completions call nothing.
trait NoCalls {
    fn no_calls(&self) -> [(); 0] {
        []
    }
}

impl NoCalls for octopusx::completions::Completion {}

async fn told(client: Client, protocol: String, case: String) -> String {
    match protocol.as_str() {
        "completions" => {
            let request = CompletionRequest::new("m", "x");
            told!(client.completions().create_stream(&request), &case, no_calls)
        }
        "responses" => {
            let request = ResponseCreateRequest::new("m", "x");
            told!(client.responses().create_stream(&request), &case, function_calls)
        }
        "messages" => {
            let request = MessageCreateRequest::new("m", 9, [MessageParam::user("x")]);
            told!(client.messages().create_stream(&request), &case, tool_uses)
        }
        "gemini" => {
            let request = GeminiGenerateContentRequest::new([GeminiContent::user("x")]);
            told!(client.gemini().stream_generate_content("m", &request), &case, function_calls)
        }
        _ => {
            let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
            told!(client.chat().create_stream(&request), &case, tool_calls)
        }
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "case")).collect();
    files.sort();
    files
}

/// What is to be done in place of comparing.
fn wanted() -> String {
    std::env::var("CASES").unwrap_or_default()
}

/// Plays every case of a folder in every cut.
async fn play(name: &str) {
    let files = files(&folder(name));
    let cases: Vec<Case> = files.iter().map(|path| Case::read(path)).collect();
    if wanted() == "seeds" {
        return files.iter().zip(&cases).for_each(|(file, case)| sow(name, file, case));
    }
    let server = Server::start(&cases).await;
    let client = support::builder(&server.url).max_event_bytes(file::LARGEST_EVENT).build().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for (number, case) in cases.iter().enumerate() {
        for cut in 0..case.cuts.len() {
            let told = told(client.clone(), name.to_owned(), format!("{number}/{cut}"));
            running.spawn(async move {
                let told = tokio::time::timeout(Duration::from_secs(60), told).await;
                (number, cut, told.unwrap_or_else(|_| "it never ended\n".to_owned()))
            });
        }
    }
    let mut outcomes = running.join_all().await;
    outcomes.sort();
    let write = wanted() == "write";
    let mut failures = String::new();
    for (number, cut, told) in &outcomes {
        let (case, file) = (&cases[*number], &files[*number]);
        let whole = &outcomes.iter().find(|(other, ..)| other == number).unwrap().2;
        let expected = if write { whole } else { &case.expected };
        if told != expected {
            let _ = writeln!(
                failures,
                "\n{} ({}, cut {}):\n{}",
                file.display(),
                case.promise,
                case.cuts[*cut].0,
                differ(expected, told)
            );
        } else if write && *cut == 0 {
            case.write(file, told);
        }
    }
    println!("{name}: {} cases, {} streams", cases.len(), outcomes.len());
    assert!(failures.is_empty(), "{failures}");
}

/// Puts a case's body where the fuzz targets that read such bytes look for it.
fn sow(name: &str, file: &Path, case: &Case) {
    let targets: &[&str] = if name == "framing" { &["framing", "chat"] } else { &[name] };
    for target in targets {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus).unwrap();
        std::fs::write(corpus.join(file.file_stem().unwrap()), case.cuts[0].1.concat()).unwrap();
    }
}

/// The lines that only one of two texts has.
fn differ(expected: &str, told: &str) -> String {
    let only = |sign: char, these: &str, others: &str| -> String {
        these
            .lines()
            .filter(|line| !others.lines().any(|other| other == *line))
            .map(|line| format!("  {sign} {line}\n"))
            .collect()
    };
    let lines = only('-', expected, told) + &only('+', told, expected);
    if lines.is_empty() { "  the same lines, in another order or number\n".to_owned() } else { lines }
}

macro_rules! protocols {
    ($($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            play(stringify!($name)).await;
        }
    )*

    #[test]
    fn there_are_cases_of_every_protocol_and_each_says_what_it_is_for() {
        let mut all = 0;
        for name in [$(stringify!($name)),*] {
            let files = files(&folder(name));
            assert!(files.len() >= 10, "{name}: {}", files.len());
            all += files.len();
            for file in files {
                let case = Case::read(&file);
                assert!(!case.promise.is_empty() && !case.source.is_empty(), "{}", file.display());
                assert!(case.expected.contains("end ") || wanted() == "write", "{} expects nothing", file.display());
            }
        }
        assert!(all >= 120, "{all}");
    }};
}

protocols!(framing chat completions responses messages gemini);
