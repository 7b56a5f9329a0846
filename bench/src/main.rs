//! What the crate costs, beside raw reqwest and other clients, in one run and on one machine.
//!
//! `cargo bench-all` runs every part, `cargo bench-all request stream` only these. The tables go to the terminal, and what
//! was measured against which goal into `bench/RESULTS.md`, where the sections of parts that did not run stay as they are.
//! Instructions are counted by valgrind, which must be installed.
//!
//! To add a part: a module with a `pub const PART: Part`, and its line in `PARTS`.

mod build;
mod http;
mod plot;
mod process;
mod realtime;
mod request;
mod results;
mod startup;
mod stream;
mod tasks;
mod transfer;

use results::Results;

/// Whatever a part fails with ends the run.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What runs in a process of its own, with the rest of its arguments.
type Role = fn(&[String]) -> Outcome;

/// One area of measurements.
struct Part {
    name: &'static str,
    /// Measures, prints and fills in the results.
    run: fn(&mut Results) -> Outcome,
    /// What the part lets run in a process of its own, by name: servers, and clients whose cost is counted alone.
    roles: &'static [(&'static str, Role)],
}

const PARTS: &[Part] = &[request::PART, startup::PART, stream::PART, tasks::PART, realtime::PART, transfer::PART, build::PART];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, part, role, rest @ ..] = arguments.as_slice()
        && first == process::ROLE
    {
        return process::play(part, role, rest);
    }
    let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
    if let Some(unknown) = arguments.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("no part is called `{unknown}`; there are: {}", names.join(", ")).into());
    }
    for part in PARTS.iter().filter(|part| arguments.is_empty() || arguments.iter().any(|name| name == part.name)) {
        println!("\n== {} ==", part.name);
        let mut results = Results::new(part.name);
        (part.run)(&mut results)?;
        results.write()?;
    }
    Ok(())
}
