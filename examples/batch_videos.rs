//! Renders a list of prompts, one a line, into a folder: `cargo run --example batch_videos PROMPTS.txt FOLDER`, with the
//! key in `OCTOPUSX_API_KEY`. Without arguments it shows itself with three prompts at an embedded gateway.
//!
//! It can be killed at any moment and started again: it goes on where it was, and no prompt is paid for twice. Every step
//! is in the folder's journal before it is taken. The one moment that no journal can cover is that between sending a
//! request and writing down the id in its answer, because the gateway knows no idempotency key for videos and lists no
//! tasks. So a small process of its own does nothing but submit. It outlives the program with the progress bar, and when
//! it is asked to end (Ctrl-C, SIGTERM, a shutdown) it first writes down what came of the request on its way. Only if it
//! is killed itself, or the machine loses power, in just that moment, a prompt remains of which nobody knows: it is told
//! as unknown and never sent again.

mod batch;

use std::path::Path;
use std::process::{Command, ExitCode};

use batch::Outcome;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--submit", prompts, folder] => batch::submit(Path::new(prompts), Path::new(folder)).await.map(|()| true),
        [prompts, folder] => render(Path::new(prompts), Path::new(folder)).await,
        [] => rehearse().await,
        _ => Err("usage: batch_videos PROMPTS.txt FOLDER; the key is in OCTOPUSX_API_KEY".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn render(prompts: &Path, folder: &Path) -> Outcome<bool> {
    let mut submitter = Command::new(std::env::current_exe()?);
    submitter.arg("--submit").arg(prompts).arg(folder);
    batch::render(prompts, folder, submitter).await
}

/// Runs this program with three prompts at a gateway on this machine.
async fn rehearse() -> Outcome<bool> {
    let gateway = octopusx_mock::Gateway::start().await?;
    let folder = std::env::temp_dir().join(format!("batch-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let list = folder.join("prompts.txt");
    std::fs::write(&list, "a cat nods to music\na paper plane flies through an office\nan octopus paints a wall\n")?;
    let mut program = Command::new(std::env::current_exe()?);
    program.arg(list).arg(&folder).env("OCTOPUSX_API_KEY", gateway.key()).env("OCTOPUSX_BASE_URL", gateway.url());
    let done = tokio::task::spawn_blocking(move || program.status()).await??;
    println!("they are in {}", folder.display());
    Ok(done.success())
}
