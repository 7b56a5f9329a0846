//! Processes of this same program: servers that do not count, and clients that are counted alone.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use nix::sys::resource::{Resource, Usage, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeVal;

use crate::{Outcome, PARTS};

/// The first argument of a process that plays a role.
pub const ROLE: &str = "--role";

const USAGE: &str = "usage:";

/// Runs a role in this process. What it cost goes to the last line of its output.
pub fn play(part: &str, role: &str, arguments: &[String]) -> Outcome {
    let roles = PARTS.iter().filter(|known| known.name == part).flat_map(|known| known.roles);
    let (_, run) = roles.into_iter().find(|(name, _)| *name == role).ok_or(format!("{part} has no role `{role}`"))?;
    run(arguments)?;
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    println!("{USAGE} {} {} {}", micros(usage.user_time()), micros(usage.system_time()), usage.max_rss());
    Ok(())
}

fn micros(time: TimeVal) -> f64 {
    (time.tv_sec() * 1_000_000 + time.tv_usec()) as f64
}

/// What this process used so far, user and system time together.
pub fn cpu_micros() -> Outcome<f64> {
    Ok(cpu_of(&getrusage(UsageWho::RUSAGE_SELF)?))
}

/// User and system time together.
pub fn cpu_of(usage: &Usage) -> f64 {
    micros(usage.user_time()) + micros(usage.system_time())
}

/// What this process holds in memory now.
pub fn resident_kib() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Lets this process open as many files as the system allows.
pub fn allow_many_files() -> Outcome {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// What a client's process did.
pub struct Played {
    /// What it printed.
    pub output: String,
    pub user_micros: f64,
    pub system_micros: f64,
    /// The largest resident set.
    pub peak_kib: f64,
}

impl Played {
    /// User and system time together.
    pub fn cpu_micros(&self) -> f64 {
        self.user_micros + self.system_micros
    }

    /// The number behind `name=` in the output.
    pub fn number(&self, name: &str) -> Outcome<f64> {
        let prefix = format!("{name}=");
        let word = self.output.split_whitespace().find_map(|word| word.strip_prefix(&prefix));
        Ok(word.ok_or(format!("the client did not print {name}"))?.parse()?)
    }
}

/// Lets a client run to its end in a process of its own.
pub fn run(part: &str, role: &str, arguments: &[String]) -> Outcome<Played> {
    let output = output_of(&mut command(part, role, arguments)?)?;
    let usage = output.lines().find_map(|line| line.strip_prefix(USAGE)).ok_or("the client did not end well")?;
    let mut numbers = usage.split_whitespace().map(str::parse::<f64>);
    let mut number = || numbers.next().ok_or("a number is missing")?.map_err(Box::<dyn std::error::Error>::from);
    let (user_micros, system_micros, peak_kib) = (number()?, number()?, number()?);
    Ok(Played { output, user_micros, system_micros, peak_kib })
}

/// The instructions of a client's whole process in user space, which hardly vary. For the cost of one step subtract a run
/// with fewer of them from one with more.
pub fn instructions(part: &str, role: &str, arguments: &[String]) -> Outcome<f64> {
    let client = command(part, role, arguments)?;
    let mut counted = Command::new("valgrind");
    counted.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    counted.arg(client.get_program()).args(client.get_args());
    let done = counted.output().map_err(|error| format!("valgrind can't be started: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        return Err(format!("the client failed under valgrind:\n{said}").into());
    }
    let line = said.lines().find(|line| line.contains("I refs:") || line.contains("I   refs:"));
    let count = line.and_then(|line| line.rsplit(' ').next()).ok_or("valgrind did not count")?;
    Ok(count.replace(',', "").parse()?)
}

/// A server of this program in a process of its own, ended when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts the role and waits until it calls [`listening`].
    pub fn start(part: &str, role: &str, arguments: &[String]) -> Outcome<Self> {
        let mut child = command(part, role, arguments)?.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse().map_err(|_| format!("the server said {line:?}"))? })
    }

    /// The address as clients write it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the process that started this one where the server listens.
pub fn listening(address: SocketAddr) -> Outcome {
    println!("{address}");
    Ok(std::io::stdout().flush()?)
}

fn command(part: &str, role: &str, arguments: &[String]) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ROLE, part, role]).args(arguments).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    Ok(command)
}

fn output_of(command: &mut Command) -> Outcome<String> {
    let done = command.stderr(Stdio::inherit()).output()?;
    let output = String::from_utf8(done.stdout)?;
    if done.status.success() { Ok(output) } else { Err(format!("a client failed:\n{output}").into()) }
}
