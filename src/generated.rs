//! The generated clients, one module for each document. Their source is in `OUT_DIR`; change the document instead.

/// Everything generated from the OctopusX document.
pub mod octopusx {
    use crate::Client;

    include!(concat!(env!("OUT_DIR"), "/octopusx.rs"));
}

/// Everything generated from the OpenOctopus document.
#[cfg(feature = "openoctopus")]
pub mod openoctopus {
    use crate::openoctopus::Client;

    include!(concat!(env!("OUT_DIR"), "/openoctopus.rs"));
}
