//! The project's own commands: `cargo xtask <command>`. Each stands in a file of its own and is listed in `COMMANDS`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod args;
mod bundle;
mod changes;
mod coverage;
mod drift;
mod lint;
mod live;
mod members;
mod places;
mod project;
mod snapshot;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use args::Args;

/// One command.
struct Command {
    name: &'static str,
    /// One phrase for the list of commands.
    summary: &'static str,
    /// The rest of its help: what it does, its options.
    help: &'static str,
    /// `Err` is a reason why it could not run.
    run: fn(Args) -> Result<Outcome, String>,
}

/// What a command that did run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is well: exit code 0.
    Clean,
    /// It found something to mend: exit code 1.
    Findings,
}

const COMMANDS: [Command; 7] =
    [lint::COMMAND, bundle::COMMAND, coverage::COMMAND, drift::COMMAND, verify::COMMAND, changes::COMMAND, api::COMMAND];

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 something is to be mended, 2 the command could not run.";

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(why) => {
            eprintln!("cargo xtask: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(words: impl Iterator<Item = std::ffi::OsString>) -> Result<Outcome, String> {
    let mut args = Args::new(words)?;
    let Some(name) = args.command() else {
        return if args.help() { tell(&overview()) } else { Err(format!("no command is given\n\n{}", overview())) };
    };
    let known = COMMANDS.into_iter().find(|command| command.name == name);
    let command = known.ok_or_else(|| format!("there is no command `{name}`\n\n{}", overview()))?;
    if args.help() {
        return tell(&format!("cargo xtask {name}: {}\n\n{}\n\n{EXIT_CODES}", command.summary, command.help));
    }
    (command.run)(args)
}

fn overview() -> String {
    let mut text = "cargo xtask <command> [options]\n\n".to_owned();
    for command in COMMANDS {
        text.push_str(&format!("  {:<10} {}\n", command.name, command.summary));
    }
    text + "\n`cargo xtask <command> --help` tells more.\n" + EXIT_CODES
}

fn tell(text: &str) -> Result<Outcome, String> {
    say(&text);
    Ok(Outcome::Clean)
}

/// Prints a line. A reader that has gone away, as behind `| head`, is no reason to fail.
fn say(line: &impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
