//! `octopusx-mock`: runs both gateways until Ctrl-C and prints what a client has to know to call them.

use std::process::ExitCode;
use std::time::Duration;

use octopusx_mock::{Gateway, GatewayBuilder, Recording, Reply, TaskScript};
#[cfg(feature = "record")]
use octopusx_mock::{Recorder, RecorderBuilder};

const USAGE: &str = "\
Answers like the OctopusX and OpenOctopus gateways do, on this machine alone.

Usage: octopusx-mock [OPTION]...
       octopusx-mock record --to DIR --upstream URL [--openoctopus] [--port N]
       octopusx-mock replay DIR... [--real-time] [OPTION]...

record stands before a real gateway and keeps what it answers in a folder, without keys. replay answers from such folders.

  --upstream URL        the real gateway; clients send it their own key
  --to DIR              a folder that holds no recording yet
  --openoctopus         the real gateway is one of OpenOctopus
  --real-time           plays answers with the pauses that they had

  --port N              OctopusX on port N, OpenOctopus on the next one; any two free ports without it
  --key KEY             the key that OctopusX takes (sk-mock-key)
  --openoctopus-key KEY the key that OpenOctopus takes (ooq_mock_key)
  --chunk-pause TIME    the pause between two events of a stream (20ms)
  --task-step TIME      how long a task stays in each of its states (300ms); with 0ms each poll moves it on
  --fault 'OPERATION: WORD; WORD=VALUE'
                        what the requests of an operation get, `*` being any; with `times=N` the next N of them,
                        with `nth=N` the Nth. May be given several times.
  --task 'OPERATION: STATE, STATE'
                        what the tasks tell that an operation makes, one state a poll, the last for ever after:
                        waiting, running=PERCENT, done, failed=REASON, cancelled, says=WORD, done-without-urls,
                        done-with-empty-urls, done-with-expired-urls, or the number of a status; `3*STATE` three times
  --faults              lists the words of --fault
  --operations          lists the operations
  --help                this text

A request orders its own answer with the header `x-mock-fault: WORD; WORD=VALUE`, and the states of the task that it
makes with `x-mock-task: STATE, STATE`.

  octopusx-mock --port 8080 --fault 'chat_create: truncated-after=2' --fault 'videos_get: status=502; nth=3'";

/// What the arguments ask for.
#[derive(Debug)]
enum Wish {
    Text(String),
    Operations,
    Run(Box<Run>),
    #[cfg(feature = "record")]
    Record(RecorderBuilder),
}

#[derive(Debug)]
struct Run {
    builder: GatewayBuilder,
    orders: Vec<Order>,
}

/// What the requests of an operation get.
#[derive(Debug)]
struct Order {
    operation: String,
    times: Option<u64>,
    nth: Option<u64>,
    what: What,
}

#[derive(Debug)]
enum What {
    Reply(Box<Reply>),
    Task(Box<TaskScript>),
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let run = match arguments(std::env::args().skip(1)) {
        Ok(Wish::Text(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Operations) => block_on(async {
            let gateway = Gateway::start().await?;
            gateway.operations().for_each(|operation| println!("{operation}"));
            Ok(())
        }),
        Ok(Wish::Run(run)) => block_on(serve(*run)),
        #[cfg(feature = "record")]
        Ok(Wish::Record(recorder)) => block_on(record(recorder)),
        Err(problem) => {
            eprintln!("octopusx-mock: {problem}\nTry octopusx-mock --help");
            return ExitCode::from(2);
        }
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("octopusx-mock: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(given: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut given = given.peekable();
    match given.peek().map(String::as_str) {
        Some("record") => recording(given.skip(1)),
        Some("replay") => replaying(given.skip(1)),
        _ => running(Gateway::builder(), given),
    }
}

/// What `record` is told.
#[cfg(feature = "record")]
fn recording(mut given: impl Iterator<Item = String>) -> Result<Wish, String> {
    let (mut folder, mut upstream, mut openoctopus, mut port) = (None, None, false, 0);
    while let Some(argument) = given.next() {
        let (name, joined) = argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        let mut value = || joined.map(str::to_owned).or_else(|| given.next()).ok_or_else(|| format!("{name} needs a value"));
        match name {
            "--help" | "-h" => return Ok(Wish::Text(USAGE.to_owned())),
            "--to" => folder = Some(value()?),
            "--upstream" => upstream = Some(value()?),
            "--openoctopus" => openoctopus = true,
            "--port" => {
                let value = value()?;
                port = value.parse().map_err(|_| format!("{value} is no port number"))?;
            }
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    let upstream = upstream.ok_or("record needs --upstream URL")?;
    let recorder = Recorder::builder(upstream, folder.ok_or("record needs --to DIR")?).port(port);
    Ok(Wish::Record(if openoctopus { recorder.openoctopus() } else { recorder }))
}

#[cfg(not(feature = "record"))]
fn recording(_: impl Iterator<Item = String>) -> Result<Wish, String> {
    Err("this was built without the feature `record`".to_owned())
}

/// What `replay` is told: folders first, then what any gateway is.
fn replaying(given: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut given = given.peekable();
    let mut builder = Gateway::builder();
    let mut folders = 0;
    while let Some(folder) = given.next_if(|word| !word.starts_with('-')) {
        builder = builder.replays(Recording::load(folder).map_err(|error| error.to_string())?);
        folders += 1;
    }
    let (rest, real_time): (Vec<String>, Vec<String>) = given.partition(|word| word != "--real-time");
    if folders == 0 && !rest.iter().any(|word| word == "--help" || word == "-h") {
        return Err("replay needs a folder".to_owned());
    }
    running(builder.real_time(!real_time.is_empty()), rest.into_iter())
}

fn running(mut builder: GatewayBuilder, mut given: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut orders = Vec::new();
    while let Some(argument) = given.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || joined.clone().or_else(|| given.next()).ok_or_else(|| format!("{name} needs a value"));
        match name {
            "--help" | "-h" => return Ok(Wish::Text(USAGE.to_owned())),
            "--faults" => return Ok(Wish::Text(faults())),
            "--operations" => return Ok(Wish::Operations),
            "--port" => {
                let value = value()?;
                builder = builder.port(value.parse().map_err(|_| format!("{value} is no port number"))?);
            }
            "--key" => builder = builder.key(value()?),
            "--openoctopus-key" => builder = builder.openoctopus_key(value()?),
            "--chunk-pause" => builder = builder.chunk_pause(duration(&value()?)?),
            "--task-step" => builder = builder.task_step(duration(&value()?)?),
            "--fault" => orders.push(fault(&value()?)?),
            "--task" => {
                let value = value()?;
                let (operation, states) = split(&value)?;
                let what = What::Task(Box::new(states.parse().map_err(|error| format!("{error}"))?));
                orders.push(Order { operation: operation.to_owned(), times: None, nth: None, what });
            }
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(Wish::Run(Box::new(Run { builder, orders })))
}

/// The operation and what is said of it.
fn split(text: &str) -> Result<(&str, &str), String> {
    let (operation, rest) = text.split_once(':').ok_or_else(|| format!("{text:?} is no OPERATION: …"))?;
    Ok((operation.trim(), rest.trim()))
}

fn fault(text: &str) -> Result<Order, String> {
    let (operation, words) = split(text)?;
    let mut order =
        Order { operation: operation.to_owned(), times: None, nth: None, what: What::Reply(Box::new(Reply::usual())) };
    let mut rest = Vec::new();
    for word in words.split(';').map(str::trim) {
        let number = |text: &str| text.parse().map_err(|_| format!("{word}: it is no number"));
        match word.split_once('=') {
            Some(("times", count)) => order.times = Some(number(count)?),
            Some(("nth", nth)) => order.nth = Some(number(nth)?),
            _ => rest.push(word),
        }
    }
    let reply = rest.join(";").parse::<Reply>().map_err(|error| error.to_string())?;
    order.what = What::Reply(Box::new(reply));
    Ok(order)
}

fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let count: u64 = digits.parse().map_err(|_| format!("{text} is none of 500ms, 2s"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(count)),
        "s" => Ok(Duration::from_secs(count)),
        _ => Err(format!("{text} is none of 500ms, 2s")),
    }
}

fn faults() -> String {
    let lines = Reply::words().iter().map(|word| {
        let form = if word.example.is_empty() { word.name.to_owned() } else { format!("{}={}", word.name, word.example) };
        format!("{form:<28} {}", word.about)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn block_on(act: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(act)
}

async fn serve(run: Run) -> Result<(), Failure> {
    let gateway = run.builder.start().await?;
    for order in run.orders {
        let named = order.operation.as_str();
        if named != "*" && !gateway.operations().any(|known| known == named) {
            return Err(format!("no operation is named {named}; see octopusx-mock --operations").into());
        }
        let mut calls = if named == "*" { gateway.on_any() } else { gateway.on(named) };
        calls = order.times.into_iter().fold(calls, octopusx_mock::Calls::times);
        calls = order.nth.into_iter().fold(calls, octopusx_mock::Calls::nth);
        match order.what {
            What::Reply(reply) => calls.answers(*reply),
            What::Task(script) => calls.makes_task(*script),
        }
    }
    println!("OctopusX     {}   key {}", gateway.url(), gateway.key());
    println!("OpenOctopus  {}   key {}", gateway.openoctopus_url(), gateway.openoctopus_key());
    println!();
    println!("export OCTOPUSX_BASE_URL={}", gateway.url());
    println!("export OCTOPUSX_API_KEY={}", gateway.key());
    println!("export OPENOCTOPUS_BASE_URL={}", gateway.openoctopus_url());
    println!("export OPENOCTOPUS_API_KEY={}", gateway.openoctopus_key());
    tokio::signal::ctrl_c().await?;
    for name in gateway.unused_recordings() {
        println!("not used: {name}");
    }
    gateway.shutdown().await;
    Ok(())
}

#[cfg(feature = "record")]
async fn record(recorder: RecorderBuilder) -> Result<(), Failure> {
    let recorder = recorder.start().await?;
    println!("{}   give this address to clients, with the real key; Ctrl-C ends it", recorder.url());
    tokio::signal::ctrl_c().await?;
    println!("{} answers are kept", recorder.finish().await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn read(given: &[&str]) -> Result<Wish, String> {
        arguments(given.iter().map(|&text| text.to_owned()))
    }

    fn orders(given: &[&str]) -> Vec<Order> {
        match read(given).unwrap() {
            Wish::Run(run) => run.orders,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arguments_are_read_or_refused() {
        for given in [&[][..], &["--port", "8080"], &["--port=8080"], &["--key", "k", "--chunk-pause=5ms", "--task-step", "1s"]] {
            assert!(matches!(read(given), Ok(Wish::Run(_))), "{given:?}");
        }
        assert!(matches!(read(&["-h"]), Ok(Wish::Text(_))));
        assert!(matches!(read(&["--faults"]), Ok(Wish::Text(text)) if text.contains("\nretry-after=2 ")));
        for given in [&["--port"][..], &["--port", "99999"], &["--fast"], &["--task-step", "1"], &["--fault", "chat_create"]] {
            assert!(read(given).is_err(), "{given:?}");
        }
        assert!(read(&["--fault", "chat_create: stauts=5"]).unwrap_err().contains("stauts"));
        assert!(read(&["--task", "videos_create: nearly"]).unwrap_err().contains("nearly"));
    }

    #[cfg(feature = "record")]
    #[test]
    fn record_and_replay_say_what_they_lack() {
        assert!(matches!(read(&["record", "--to", "a", "--upstream=https://b.example", "--port", "1"]), Ok(Wish::Record(_))));
        assert!(matches!(read(&["record", "-h"]), Ok(Wish::Text(_))));
        assert!(matches!(read(&["replay", "--help"]), Ok(Wish::Text(_))));
        for (given, why) in [
            (&["record", "--to", "a"][..], "--upstream"),
            (&["record", "--upstream", "https://b.example"], "--to"),
            (&["record", "--key", "k"], "--key"),
            (&["replay"], "a folder"),
            (&["replay", "no/such/folder"], "no/such/folder"),
        ] {
            assert!(read(given).unwrap_err().contains(why), "{given:?}");
        }
    }

    #[test]
    fn orders_are_read_with_their_counts() {
        let read = orders(&["--fault", "chat_create: status=503; times=2; retry-after=1", "--fault=*: bom; nth=3"]);
        assert_eq!((read[0].operation.as_str(), read[0].times, read[0].nth), ("chat_create", Some(2), None));
        assert_eq!((read[1].operation.as_str(), read[1].times, read[1].nth), ("*", None, Some(3)));
        let read = orders(&["--task", "videos_create: 404, 3*running=50, done"]);
        assert!(matches!(&read[0].what, What::Task(_)));
    }
}
