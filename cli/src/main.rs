//! `octopusx`: the OctopusX and OpenOctopus gateways from the command line.

mod account;
mod args;
mod call;
mod chat;
mod failure;
mod media;
mod output;
mod session;
mod tasks;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use failure::Failure;
use output::Output;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let output = Output::new(args.json);
    let done = tokio::select! {
        done = run(args, &output) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(&output),
    }
}

async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let session = &args.session;
    match args.command {
        Command::Chat(chat) => chat::run(session, &chat, output).await,
        Command::Image(image) => media::image(session, &image, output).await,
        Command::Video(video) => media::video(session, &video, output).await,
        Command::Upload { file } => media::upload(session, &file, output).await,
        Command::Task(task) => tasks::run(session, &task, output).await,
        Command::Models { contains } => account::models(session, contains.as_deref(), output).await,
        Command::Balance => account::balance(session, output).await,
        Command::Operations { contains } => call::operations(session, contains.as_deref(), output),
        Command::Call(arguments) => call::run(session, &arguments, output).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "octopusx", &mut std::io::stdout());
            Ok(())
        }
    }
}
