//! Streams of chat chunks: what each costs, beside hand-written code and other clients; memory; large events.

pub mod clients;
mod server;

use std::time::{Duration, Instant};

use crate::process::{self, Server};
use crate::results::Results;
use crate::{Outcome, Part};

pub const PART: Part = Part {
    name: "stream",
    run,
    roles: &[
        ("server", server::serve),
        ("octopusx", |arguments| clients::block_on(arguments, clients::octopusx)),
        ("floor", |arguments| clients::block_on(arguments, clients::floor)),
        ("body", |arguments| clients::block_on(arguments, clients::body)),
        ("async-openai", |arguments| clients::block_on(arguments, clients::async_openai)),
        ("genai", |arguments| clients::block_on(arguments, clients::genai)),
        ("event", |arguments| clients::block_on(arguments, event)),
        ("unread", |arguments| clients::block_on(arguments, unread)),
        ("open", |arguments| clients::block_on(arguments, open)),
    ],
};

const OPEN: usize = 1000;
const MIB: usize = 1024 * 1024;

fn run(results: &mut Results) -> Outcome {
    let server = Server::start(PART.name, "server", &[])?;
    let base = server.base_url();
    instructions(results, &base)?;
    cpu_in_main(results, &base)?;
    large_events(results, &base)?;
    memory(results, &base)
}

/// Runs a client on so many events and makes sure that it saw them all.
fn seen(output: &process::Played, role: &str, events: usize) -> Outcome {
    let expected = (events * server::TEXT.len()) as f64;
    if role != "body" && output.number("bytes")? != expected {
        return Err(format!("{role} did not see all: {} of {expected}", output.number("bytes")?).into());
    }
    Ok(())
}

fn instructions(results: &mut Results, base: &str) -> Outcome {
    const FEW: usize = 256;
    const MANY: usize = 2304;
    let count = |role: &str, shape: &str| -> Outcome<f64> {
        let run =
            |events: usize| process::instructions(PART.name, role, &[format!("{base}/{shape}/{events}"), "current".to_owned()]);
        Ok((run(MANY)? - run(FEW)?) / (MANY - FEW) as f64)
    };
    let all = |role: &str| -> Outcome<Vec<f64>> {
        seen(&process::run(PART.name, role, &[format!("{base}/each/{FEW}"), "current".to_owned()])?, role, FEW)?;
        ["each", "blocks"].into_iter().map(|shape| count(role, shape)).collect()
    };
    let (ours, floor, openai, genai) = (all("octopusx")?, all("floor")?, all("async-openai")?, all("genai")?);
    for (at, shape) in ["one HTTP chunk an event", "HTTP chunks of 16 KiB"].into_iter().enumerate() {
        results.at_most(&format!("instructions a chat chunk, {shape}"), ours[at] / floor[at], 1.15, "× the floor");
        results.at_most(&format!("instructions a chat chunk, {shape}"), ours[at] / openai[at], 0.5, "× async-openai");
    }
    results.table(
        "instructions for a chat chunk of 290 bytes",
        &["chunk an event", "16 KiB chunks"],
        &[("octopusx", ours), ("floor", floor), ("async-openai", openai), ("genai", genai)],
    );
    results.note(
        "Half of async-openai is less than the floor where each event is an HTTP chunk of its own: reading such a body alone is \
         most of what everybody pays. What an event costs above the floor in chunks of 16 KiB (callgrind, 2026-11-20): 850 \
         instructions for reading every member instead of the few that the struct by hand names, 560 for looking in the text \
         for a finish reason and for a failure within a choice, 190 for errors that come without the frame of an event; the \
         rest for moving and dropping a type with every member.",
    );
    Ok(())
}

fn cpu_in_main(results: &mut Results, base: &str) -> Outcome {
    const FEW: usize = 10_000;
    const MANY: usize = 110_000;
    let cost = |role: &str, runtime: &str| -> Outcome<f64> {
        let run = |events: usize| -> Outcome<f64> {
            let played = process::run(PART.name, role, &[format!("{base}/each/{events}"), runtime.to_owned()])?;
            seen(&played, role, events)?;
            Ok(played.cpu_micros())
        };
        let mut rounds = (0..5).map(|_| Ok((run(MANY)? - run(FEW)?) / (MANY - FEW) as f64)).collect::<Outcome<Vec<f64>>>()?;
        rounds.sort_by(f64::total_cmp);
        Ok(rounds[rounds.len() / 2])
    };
    let both = |role: &str| -> Outcome<Vec<f64>> { Ok(vec![cost(role, "main")?, cost(role, "current")?]) };
    let (ours, floor, body, openai, genai) =
        (both("octopusx")?, both("floor")?, both("body")?, both("async-openai")?, both("genai")?);
    results.at_most("CPU a chunk, read in `main` of a multi-thread runtime", ours[0], 3.0, "µs");
    results.table(
        "CPU for a chat chunk, one HTTP chunk each, µs (median of 5)",
        &["main, workers", "one thread"],
        &[("octopusx", ours), ("floor", floor), ("reqwest's body alone", body), ("async-openai", openai), ("genai", genai)],
    );
    Ok(())
}

fn large_events(results: &mut Results, base: &str) -> Outcome {
    let cost = |size: usize| -> Outcome<Vec<f64>> {
        let whole = process::run(PART.name, "event", &[format!("{base}/line/{size}/{size}"), "main".to_owned()])?;
        let cut = process::run(PART.name, "event", &[format!("{base}/line/{size}/1400"), "main".to_owned()])?;
        Ok(vec![whole.number("millis")?, cut.number("millis")?, cut.number("cpu")? / (size / MIB) as f64])
    };
    let rows: Vec<(String, Vec<f64>)> =
        [1, 2, 4, 8].into_iter().map(|size| Ok((format!("{size} MiB"), cost(size * MIB)?))).collect::<Outcome<_>>()?;
    results.at_most("one event of 8 MiB, end to end", rows[3].1[0], 30.0, "ms");
    // Time would tell how large the caches are.
    let count = |size: usize| -> Outcome<f64> {
        let arguments = [format!("{base}/line/{}/1400", size * MIB), "main".to_owned()];
        Ok(process::instructions(PART.name, "event", &arguments)? / size as f64)
    };
    results.at_most(
        "one line of 8 MiB in pieces of 1,400 bytes: instructions a MiB",
        count(8)? / count(1)?,
        1.1,
        "× those of 1 MiB",
    );
    let rows: Vec<(&str, Vec<f64>)> = rows.iter().map(|(name, values)| (name.as_str(), values.clone())).collect();
    results.table("one event (median of 9)", &["whole, ms", "in 1,400 bytes, ms", "CPU ms a MiB"], &rows);
    Ok(())
}

fn memory(results: &mut Results, base: &str) -> Outcome {
    let unread = process::run(PART.name, "unread", &[format!("{base}/flood"), "main".to_owned()])?;
    results.at_most("growth while nobody reads for 2 s", unread.number("growth_kib")? / 1024.0, 1.0, "MiB");
    let open = process::run(PART.name, "open", &[format!("{base}/hold"), "main".to_owned()])?;
    results.at_most(&format!("memory of an open stream, {OPEN} of them"), open.number("each_kib")?, 40.0, "KiB");
    Ok(())
}

/// The median time and CPU of one large event.
async fn event(base: String) -> Outcome<usize> {
    let client = clients::octopusx_client(&base)?;
    let (mut millis, mut cpu, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..9 {
        let (started, before) = (Instant::now(), process::cpu_micros()?);
        let mut stream = clients::octopusx_stream(&client).await?;
        bytes = stream.next().await.ok_or("no event")??.text().len();
        millis.push(started.elapsed().as_secs_f64() * 1000.0);
        cpu.push((process::cpu_micros()? - before) / 1000.0);
        while stream.next().await.is_some() {}
    }
    [&mut millis, &mut cpu].into_iter().for_each(|values| values.sort_by(f64::total_cmp));
    println!("millis={} cpu={}", millis[millis.len() / 2], cpu[cpu.len() / 2]);
    Ok(bytes)
}

/// How far memory grows while a stream that could send without end is not read.
async fn unread(base: String) -> Outcome<usize> {
    let client = clients::octopusx_client(&base)?;
    let mut stream = clients::octopusx_stream(&client).await?;
    stream.next().await.ok_or("no event")??;
    let before = process::resident_kib()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("growth_kib={}", process::resident_kib()? - before);
    Ok(stream.next().await.ok_or("no event")??.text().len())
}

/// What a thousand open streams hold, each with an event read.
async fn open(base: String) -> Outcome<usize> {
    process::allow_many_files()?;
    let client = clients::octopusx_client(&base)?;
    let mut streams = Vec::with_capacity(OPEN);
    let mut before = 0.0;
    for number in 0..=OPEN {
        let mut stream = clients::octopusx_stream(&client).await?;
        stream.next().await.ok_or("no event")??;
        streams.push(stream);
        if number == 0 {
            before = process::resident_kib()?;
        }
    }
    println!("each_kib={}", (process::resident_kib()? - before) / OPEN as f64);
    Ok(streams.len())
}
