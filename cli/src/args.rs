//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde_json::Value;

/// Exit codes are a promise to scripts: see `failure`.
const AFTER: &str = "\
The key comes from OCTOPUSX_API_KEY (OPENOCTOPUS_API_KEY with --system openoctopus) or --key-file; never from an
argument, which other programs on the machine could read.

Exit codes: 0 done, 1 other failures, 2 wrong arguments, 3 the key is missing or refused, 4 quota or rate limit,
5 not found, 6 the task failed, 7 time ran out, 8 the network or the gateway is down, 130 interrupted.";

/// The OctopusX and OpenOctopus AI gateways from the command line.
#[derive(Debug, Parser)]
#[command(name = "octopusx", version, after_help = AFTER)]
pub struct Args {
    #[command(flatten)]
    pub session: Session,
    /// Answers as JSON on standard output, failures as JSON on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// Which gateway, and how.
#[derive(Debug, clap::Args)]
pub struct Session {
    /// The gateway to talk to.
    #[arg(long, global = true, value_enum, default_value_t = System::Octopusx)]
    pub system: System,
    /// Another address than the gateway's public one. Also OCTOPUSX_BASE_URL or OPENOCTOPUS_BASE_URL.
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// A file that holds the key and nothing else.
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum System {
    Octopusx,
    Openoctopus,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a model; the answer streams. Without a prompt: standard input, or a conversation in a terminal.
    Chat(Chat),
    /// Make images and save them.
    Image(Media),
    /// Make a video, follow its task, and save it.
    Video(Video),
    /// Upload a file and print its public address.
    Upload { file: PathBuf },
    /// Look at a task, or wait for it.
    #[command(subcommand)]
    Task(Task),
    /// List the models.
    Models {
        /// Only those with this in their name.
        contains: Option<String>,
    },
    /// What is left of the key's quota.
    Balance,
    /// List the documented operations, for `call`.
    Operations {
        /// Only those with this in their name or path.
        contains: Option<String>,
    },
    /// Call any documented operation with JSON.
    Call(Call),
    /// Print the completions of a shell.
    Completions { shell: Shell },
}

#[derive(Debug, clap::Args)]
pub struct Chat {
    /// What to ask; `-` reads standard input.
    pub prompt: Option<String>,
    #[arg(long, short)]
    pub model: String,
    /// What the model is told first.
    #[arg(long, short)]
    pub system_prompt: Option<String>,
    /// Further members of the request, as `temperature=0.2`; a value that is no JSON is a text.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, Value)>,
}

#[derive(Debug, clap::Args)]
pub struct Media {
    /// What to make; `-` reads standard input.
    pub prompt: String,
    #[arg(long, short)]
    pub model: String,
    /// A file, or a folder, where the result comes under its own name.
    #[arg(long, short, default_value = ".", value_name = "PATH")]
    pub output: PathBuf,
    /// Further members of the request, as `size=1280x720`; a value that is no JSON is a text.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, Value)>,
}

#[derive(Debug, clap::Args)]
pub struct Video {
    #[command(flatten)]
    pub media: Media,
    /// Print the task and go; `octopusx task wait` finds it again.
    #[arg(long)]
    pub detach: bool,
    /// How long to wait at most, in seconds.
    #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
    pub deadline: u64,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// One look at a task.
    Get {
        #[command(flatten)]
        task: Which,
    },
    /// Wait for a task's end, and save what it made.
    Wait {
        #[command(flatten)]
        task: Which,
        /// Save the results to this file or folder. Default: their addresses are printed.
        #[arg(long, short, value_name = "PATH")]
        output: Option<PathBuf>,
        /// How long to wait at most, in seconds.
        #[arg(long, default_value_t = 1800, value_name = "SECONDS")]
        deadline: u64,
    },
}

#[derive(Debug, clap::Args)]
pub struct Which {
    /// Its kind, as `video` or `suno`.
    pub kind: String,
    pub id: String,
}

#[derive(Debug, clap::Args)]
pub struct Call {
    /// Its name, as `videos_create`; `octopusx operations` lists them.
    pub operation: String,
    /// The values of the path's places, in their order.
    pub path_arguments: Vec<String>,
    /// The body: JSON, `@FILE`, or `-` for standard input.
    #[arg(long, short, value_name = "JSON")]
    pub data: Option<String>,
    /// A query parameter.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = pair)]
    pub query: Vec<(String, String)>,
    /// A header.
    #[arg(long, short = 'H', value_name = "NAME=VALUE", value_parser = pair)]
    pub header: Vec<(String, String)>,
    /// Read the answer as a stream of events, one JSON a line.
    #[arg(long, conflicts_with = "output")]
    pub stream: bool,
    /// Save the answer's bytes to this file or folder.
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must look like NAME=VALUE".to_owned()),
    }
}

fn setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = pair(text)?;
    Ok((name, serde_json::from_str(&value).unwrap_or(Value::String(value))))
}
