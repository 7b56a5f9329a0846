//! How far a file has travelled.

/// How much of a file has travelled, as told while it is downloaded or uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// Bytes that are through, those of an earlier run included.
    pub bytes: u64,
    /// Bytes of the whole file, where that is known.
    pub total_bytes: Option<u64>,
}

impl Transferred {
    pub(crate) fn new(bytes: u64, total_bytes: Option<u64>) -> Self {
        Self { bytes, total_bytes }
    }

    /// From 0 to 100; `None` where the length is not known.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        match self.total_bytes? {
            0 => Some(100.0),
            total => Some((self.bytes as f64 / total as f64 * 100.0).min(100.0)),
        }
    }
}

/// Who is told.
pub(crate) type OnProgress = Box<dyn FnMut(Transferred) + Send>;
