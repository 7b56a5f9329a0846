//! `octopusx-mock`: runs both gateways until Ctrl-C and prints what a client has to know to call them.

use std::process::ExitCode;

use octopusx_mock::{Gateway, GatewayBuilder};

const USAGE: &str = "\
Answers like the OctopusX and OpenOctopus gateways do, on this machine alone.

Usage: octopusx-mock [--port N]

  --port N   OctopusX on port N, OpenOctopus on the next one; any two free ports without it
  --help     this text";

fn main() -> ExitCode {
    let builder = match arguments(std::env::args().skip(1)) {
        Ok(Some(builder)) => builder,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(builder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("octopusx-mock: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments ask for; none for help.
fn arguments(mut given: impl Iterator<Item = String>) -> Result<Option<GatewayBuilder>, String> {
    let mut builder = Gateway::builder();
    while let Some(argument) = given.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match name {
            "--help" | "-h" => return Ok(None),
            "--port" => {
                let value = joined.or_else(|| given.next()).ok_or("--port needs a number")?;
                builder = builder.port(value.parse().map_err(|_| format!("{value} is no port number"))?);
            }
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(Some(builder))
}

fn run(builder: GatewayBuilder) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let gateway = builder.start().await?;
        println!("OctopusX     {}   key {}", gateway.url(), gateway.key());
        println!("OpenOctopus  {}   key {}", gateway.openoctopus_url(), gateway.openoctopus_key());
        println!();
        println!("export OCTOPUSX_BASE_URL={}", gateway.url());
        println!("export OCTOPUSX_API_KEY={}", gateway.key());
        println!("export OPENOCTOPUS_BASE_URL={}", gateway.openoctopus_url());
        println!("export OPENOCTOPUS_API_KEY={}", gateway.openoctopus_key());
        tokio::signal::ctrl_c().await?;
        gateway.shutdown().await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[&str]) -> Result<bool, String> {
        arguments(given.iter().map(|&text| text.to_owned())).map(|builder| builder.is_some())
    }

    #[test]
    fn arguments_are_read_or_refused() {
        assert_eq!(read(&[]), Ok(true));
        assert_eq!(read(&["--port", "8080"]), Ok(true));
        assert_eq!(read(&["--port=8080"]), Ok(true));
        assert_eq!(read(&["-h"]), Ok(false));
        assert!(read(&["--port"]).is_err());
        assert!(read(&["--port", "99999"]).is_err());
        assert!(read(&["--fast"]).is_err());
    }
}
