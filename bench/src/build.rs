//! What compiling costs: the crate alone, and a program from nothing, beside the same program on other crates. Takes minutes.

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
    alone(results)?;
    clean(results)
}

/// The one rustc call that compiles the crate.
fn alone(results: &mut Results) -> Outcome {
    let (all, slice) = (compile(&[])?, compile(&["--no-default-features", "--features", "tls,chat"])?);
    results.at_most("the crate alone, CPU", all[0], 15.0, "s");
    results.at_most("the crate alone, peak memory", all[1], 1024.0, "MiB");
    results.at_most("`tls` and `chat` alone, CPU", slice[0], 3.0, "s");
    results.at_most("`tls` and `chat` alone, peak memory", slice[1], 400.0, "MiB");
    let columns = ["CPU s", "peak MiB", "dependencies", "with those of the build"];
    results.table("rustc, the crate alone, dev profile", &columns, &[("default features", all), ("`tls`, `chat`", slice)]);
    Ok(())
}

/// The least of three runs, and how many crates it depends on.
fn compile(arguments: &[&str]) -> Outcome<Vec<f64>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile.sh");
    let done = Command::new(script).args(arguments).env_remove("CARGO_TARGET_DIR").output()?;
    let said = String::from_utf8(done.stdout)?;
    if !done.status.success() {
        return Err(format!("compile.sh failed:\n{said}\n{}", String::from_utf8_lossy(&done.stderr)).into());
    }
    let runs = said.lines().take_while(|line| !line.starts_with("generated")).filter_map(|line| line.split_once(" CPU s, peak "));
    let runs: Vec<(f64, f64)> =
        runs.filter_map(|(seconds, peak)| Some((seconds.parse().ok()?, peak.strip_suffix(" MiB")?.parse().ok()?))).collect();
    let counts: Vec<f64> = said.lines().rev().map_while(|line| line.trim().parse().ok()).collect();
    let [with_build, normal] = counts[..] else { return Err(format!("compile.sh counted no dependencies:\n{said}").into()) };
    let least = |of: fn(&(f64, f64)) -> f64| runs.iter().map(of).fold(f64::INFINITY, f64::min);
    Ok(vec![least(|run| run.0), least(|run| run.1), normal, with_build])
}

fn clean(results: &mut Results) -> Outcome {
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
    results.note(
        "Of the CPU that a clean build takes, the crate itself is about 15 s, and its generator about 21 s: progenitor, typify, a \
         YAML reader and what they depend on, and one run of it (cargo's timings, 2026-11-20). The rest is what reqwest costs \
         everybody. Shipping the generated code in the package in place of the generator would save the larger part.",
    );
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
