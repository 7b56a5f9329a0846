//! The clients, from arguments and environment, and what several commands read.

use std::io::Read;

use octopusx::System as Gateway;
use octopusx::{Client, ClientBuilder, openoctopus};

use crate::args::{Session, System};
use crate::failure::Failure;

impl Session {
    /// The client of OctopusX, for what only it has.
    pub fn octopusx(&self, what: &str) -> Result<Client, Failure> {
        match self.system {
            System::Octopusx => self.client(Client::builder()),
            System::Openoctopus => Err(Failure::usage(format!("OpenOctopus has no {what}"))),
        }
    }

    pub fn openoctopus(&self) -> Result<openoctopus::Client, Failure> {
        self.client(openoctopus::Client::builder())
    }

    fn client<C: Gateway>(&self, builder: ClientBuilder<C>) -> Result<C, Failure> {
        let mut builder = builder.env();
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(file) = &self.key_file {
            let key = std::fs::read_to_string(file)
                .map_err(|error| Failure::local(&format!("can't read {}", file.display()), &error))?;
            builder = builder.key(key.trim());
        }
        builder.build().map_err(|error| Failure::usage(error.to_string()))
    }
}

/// An argument, or standard input where it is `-`.
pub fn text_of(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::local("can't read standard input", &error))?;
    Ok(text.trim_end().to_owned())
}
