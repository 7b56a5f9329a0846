//! The OpenAPI documents that this crate was made from, as JSON: for mock servers, linters and other tools.

/// The OctopusX document, whole: all routes, whatever features are on.
#[must_use]
pub fn octopusx() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/octopusx.json"))
}

/// The OpenOctopus document, whole.
#[must_use]
pub fn openoctopus() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/openoctopus.json"))
}
