//! What was measured against which goal, on the terminal and in `RESULTS.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, plot};

const HEADER: &str =
    "# Measured\n\nWritten by `cargo bench-all`; see `bench/src/main.rs`. Each section is one part's last run.\n";

/// Crates whose versions explain the numbers.
const NAMED: [&str; 8] =
    ["async-openai", "genai", "hyper", "reqwest", "sse-core", "tokio", "tokio-tungstenite", "tokio-websockets"];

/// What a part found.
pub struct Results {
    part: &'static str,
    /// Tables and sentences.
    text: String,
    goals: Vec<[String; 4]>,
    plots: Vec<String>,
}

impl Results {
    pub fn new(part: &'static str) -> Self {
        Self { part, text: String::new(), goals: Vec::new(), plots: Vec::new() }
    }

    /// A goal that is reached where `measured` is at most `limit`.
    pub fn at_most(&mut self, what: &str, measured: f64, limit: f64, unit: &str) {
        let verdict = if measured <= limit { "reached" } else { "**missed**" };
        let row = [what.to_owned(), format!("≤ {} {unit}", number(limit)), number(measured), verdict.to_owned()];
        println!("{:<8} {what}: {} (goal {})", verdict.trim_matches('*'), row[2], row[1]);
        self.goals.push(row);
    }

    /// A sentence for the reader.
    pub fn note(&mut self, text: &str) {
        println!("{text}");
        let _ = writeln!(self.text, "\n{text}");
    }

    /// A table; the first column names the rows.
    pub fn table(&mut self, title: &str, columns: &[&str], rows: &[(&str, Vec<f64>)]) {
        let width = rows.iter().map(|(name, _)| name.chars().count()).chain([title.chars().count()]).max().unwrap_or_default();
        println!("\n{title:<width$} {}", columns.iter().map(|column| format!("{column:>14}")).collect::<String>());
        let _ = writeln!(self.text, "\n| {title} | {} |\n|---|{}", columns.join(" | "), "---:|".repeat(columns.len()));
        for (name, values) in rows {
            let values: Vec<String> = values.iter().copied().map(number).collect();
            println!("{name:<width$} {}", values.iter().map(|value| format!("{value:>14}")).collect::<String>());
            let _ = writeln!(self.text, "| {name} | {} |", values.join(" | "));
        }
        println!();
        let bars: Vec<(&str, f64)> = rows.iter().filter_map(|(name, values)| Some((*name, *values.first()?))).collect();
        if bars.len() > 1 && bars.iter().all(|(_, value)| value.is_finite()) {
            self.plots.push(plot::bars(title, columns.first().copied().unwrap_or_default(), &bars, number));
            let _ = writeln!(self.text, "\n![{title}](plots/{})", self.plot_name(self.plots.len()));
        }
    }

    fn plot_name(&self, number: usize) -> String {
        format!("{}-{number}.svg", self.part)
    }

    /// Puts this part's section into the file, in place of its last one.
    pub fn write(self) -> Outcome {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        let plots = path.with_file_name("plots");
        std::fs::create_dir_all(&plots)?;
        for (at, plot) in self.plots.iter().enumerate() {
            std::fs::write(plots.join(self.plot_name(at + 1)), plot)?;
        }
        let mut sections: Vec<(String, String)> = old.split("\n## ").skip(1).map(split).collect();
        let section = (self.part.to_owned(), self.section()?);
        match sections.iter_mut().find(|(name, _)| name == self.part) {
            Some(place) => *place = section,
            None => sections.push(section),
        }
        let order = |name: &str| crate::PARTS.iter().position(|part| part.name == name);
        sections.sort_by_key(|(name, _)| order(name));
        let body: String = sections.iter().map(|(name, text)| format!("\n## {name}\n\n{}\n", text.trim())).collect();
        std::fs::write(&path, format!("{HEADER}{body}"))?;
        Ok(())
    }

    fn section(&self) -> Outcome<String> {
        let mut text = format!("{}\n", machine()?);
        if !self.goals.is_empty() {
            text.push_str("\n| what | goal | measured | |\n|---|---|---:|---|\n");
            self.goals.iter().for_each(|row| {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            });
        }
        text.push_str(&self.text);
        Ok(text)
    }
}

fn split(section: &str) -> (String, String) {
    let (name, text) = section.split_once('\n').unwrap_or((section, ""));
    (name.to_owned(), text.to_owned())
}

/// Three significant digits are more than most runs can tell apart.
fn number(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Date, processor and versions, as the numbers need them.
fn machine() -> Outcome<String> {
    let date = output("date", &["+%Y-%m-%d"])?;
    let rustc = output("rustc", &["--version"])?;
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism()?;
    let versions: Vec<String> = NAMED.iter().filter_map(|name| locked(name)).collect();
    Ok(format!("{date}, {cores} cores ({model}), {rustc}; {}.", versions.join(", ")))
}

/// `name version` as the lock file has it; the highest where there are several.
fn locked(name: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let named = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&named).skip(1).filter_map(|rest| rest.split('"').next()).last()?;
    Some(format!("{name} {version}"))
}

fn output(program: &str, arguments: &[&str]) -> Outcome<String> {
    Ok(String::from_utf8(Command::new(program).args(arguments).output()?.stdout)?.trim().to_owned())
}
