//! What a program costs to build from nothing, beside the same program on other crates. Takes minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};

use crate::results::Results;
use crate::{Outcome, Part, process};

pub const PART: Part = Part { name: "build", run, roles: &[] };

struct Program {
    name: &'static str,
    dependency: String,
    call: &'static str,
}

const OURS: &str = r#"
    let question = octopusx::chat::ChatCompletionRequest::new("gpt-4o", [octopusx::chat::ChatMessage::user("Hi")]);
    let text = octopusx::Client::new("sk-bench")?.chat().create(&question).await?.text();
"#;

const REQWEST: &str = r#"
    #[derive(serde::Deserialize)]
    struct Answer { choices: Vec<Choice> }
    #[derive(serde::Deserialize)]
    struct Choice { message: Said }
    #[derive(serde::Deserialize)]
    struct Said { content: String }
    let question = serde_json::json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]});
    let call = reqwest::Client::new().post("http://127.0.0.1:9/v1/chat/completions").bearer_auth("sk-bench").json(&question);
    let text = call.send().await?.json::<Answer>().await?.choices.remove(0).message.content;
"#;

const ASYNC_OPENAI: &str = r#"
    use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequestArgs};
    let message = ChatCompletionRequestUserMessage::from("Hi");
    let question = CreateChatCompletionRequestArgs::default().model("gpt-4o").messages([message.into()]).build()?;
    let text = async_openai::Client::new().chat().create(question).await?.choices.remove(0).message.content.unwrap_or_default();
"#;

fn programs() -> Vec<Program> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).display().to_string();
    let program = |name, dependency, call| Program { name, dependency, call };
    let reqwest = "reqwest = { version = \"0.13\", features = [\"json\"] }\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"";
    vec![
        program("reqwest, serde", reqwest.to_owned(), REQWEST),
        program("octopusx", format!("octopusx = {{ path = {ours:?} }}"), OURS),
        program(
            "octopusx, `tls` and `chat` alone",
            format!("octopusx = {{ path = {ours:?}, default-features = false, features = [\"tls\", \"chat\"] }}"),
            OURS,
        ),
        program(
            "async-openai, chat alone",
            "async-openai = { version = \"0.43\", default-features = false, features = [\"chat-completion\", \"rustls\"] }"
                .to_owned(),
            ASYNC_OPENAI,
        ),
    ]
}

fn run(results: &mut Results) -> Outcome {
    let folder = std::env::temp_dir().join(format!("octopusx-build-{}", std::process::id()));
    let measured = programs().iter().map(|program| cost(&folder.join("program"), program)).collect::<Outcome<Vec<f64>>>();
    fs::remove_dir_all(&folder)?;
    let seconds = measured?;
    let share = |at: usize| seconds[at] / seconds[0];
    results.at_most("clean build of a program, CPU", share(1), 1.05, "× reqwest and serde");
    results.at_most("clean build of a program with one section, CPU", share(2), 0.95, "× reqwest and serde");
    let rows: Vec<(&str, Vec<f64>)> =
        programs().iter().enumerate().map(|(at, program)| (program.name, vec![seconds[at], share(at)])).collect();
    results.table("clean build, dev profile", &["CPU s", "×"], &rows);
    Ok(())
}

/// CPU seconds of everything that building a program starts.
fn cost(folder: &PathBuf, program: &Program) -> Outcome<f64> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("src"))?;
    let Program { dependency, call, .. } = program;
    let manifest = format!(
        "[workspace]\n[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n{dependency}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    let main = format!(
        "#[tokio::main(flavor = \"current_thread\")]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{{call}    println!(\"{{text}}\");\n    Ok(())\n}}\n"
    );
    fs::write(folder.join("src/main.rs"), main)?;
    let cargo = |word: &str| {
        let mut cargo = Command::new("cargo");
        cargo.arg(word).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
        cargo
    };
    // What has to be fetched is fetched before the clock runs.
    run_to_end(cargo("fetch").arg("--quiet"))?;
    let before = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    run_to_end(cargo("build").arg("--quiet"))?;
    let after = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((process::cpu_of(&after) - process::cpu_of(&before)) / 1e6)
}

fn run_to_end(command: &mut Command) -> Outcome {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}
