//! What making a client costs, in a process that does nothing else.

use std::hint::black_box;

use crate::results::Results;
use crate::{Outcome, Part, process};

pub const PART: Part = Part { name: "startup", run, roles: &[("octopusx", octopusx), ("reqwest", reqwest)] };

const MORE: u32 = 20;

fn count(arguments: &[String]) -> Outcome<u32> {
    Ok(arguments.first().ok_or("how many?")?.parse()?)
}

fn octopusx(arguments: &[String]) -> Outcome {
    (0..count(arguments)?).try_for_each(|_| octopusx::Client::new("sk-bench").map(|client| drop(black_box(client))))?;
    Ok(())
}

fn reqwest(arguments: &[String]) -> Outcome {
    // Installs the TLS provider, which belongs to the process, without reading any roots.
    octopusx::Client::builder().key("sk-bench").http(|http| http.tls_certs_only([])).build()?;
    (0..count(arguments)?).for_each(|_| drop(black_box(reqwest::Client::new())));
    Ok(())
}

fn run(results: &mut Results) -> Outcome {
    let cost = |role: &str| -> Outcome<Vec<f64>> {
        let few = process::run(PART.name, role, &["1".to_owned()])?;
        let many = process::run(PART.name, role, &[(MORE + 1).to_string()])?;
        let each = (many.cpu_micros() - few.cpu_micros()) / f64::from(MORE);
        Ok(vec![few.cpu_micros() / 1000.0, each / 1000.0, few.peak_kib / 1024.0])
    };
    let (ours, raw) = (cost("octopusx")?, cost("reqwest")?);
    results.at_most("making a client, CPU", ours[1] / raw[1], 1.1, "× reqwest::Client::new");
    results.table("one client", &["process, CPU ms", "each more, CPU ms", "peak MiB"], &[("octopusx", ours), ("reqwest", raw)]);
    Ok(())
}
