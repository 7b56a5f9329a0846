//! Where the documents come from. They are read once a process, however many gateways it starts.

use std::sync::{Arc, OnceLock};

use crate::document::{Document, DocumentError};

type Loaded = Result<Arc<Document>, DocumentError>;

pub(crate) fn octopusx() -> Loaded {
    static LOADED: OnceLock<Loaded> = OnceLock::new();
    LOADED.get_or_init(|| Document::parse(octopusx::documents::octopusx()).map(Arc::new)).clone()
}

pub(crate) fn openoctopus() -> Loaded {
    static LOADED: OnceLock<Loaded> = OnceLock::new();
    LOADED.get_or_init(|| Document::parse(octopusx::documents::openoctopus()).map(Arc::new)).clone()
}
