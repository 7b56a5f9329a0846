//! Committed files that are made from others: writing them, and telling when they are stale.

use std::path::Path;

/// What became of such a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was right already.
    Same,
    /// It is right now.
    Written,
    /// It is not right and was left alone; its present text, empty where there is no file.
    Stale(String),
}

/// Writes the text to the file, or with `only_check` leaves the file alone.
pub(crate) fn settle(file: &Path, text: &str, only_check: bool) -> Result<State, String> {
    let told = |error: std::io::Error| format!("{}: {error}", file.display());
    let present = match std::fs::read_to_string(file) {
        Ok(present) => present,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(told(error)),
    };
    if present == text {
        return Ok(State::Same);
    }
    if only_check {
        return Ok(State::Stale(present));
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(told)?;
    }
    std::fs::write(file, text).map_err(told)?;
    Ok(State::Written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_left_alone_where_it_is_only_checked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/file.txt");
        assert_eq!(settle(&file, "one\n", true), Ok(State::Stale(String::new())));
        assert!(!file.exists());
        assert_eq!(settle(&file, "one\n", false), Ok(State::Written));
        assert_eq!(settle(&file, "one\n", false), Ok(State::Same));
        assert_eq!(settle(&file, "two\n", true), Ok(State::Stale("one\n".to_owned())));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\n");
    }

    #[test]
    fn a_file_that_can_not_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let why = settle(folder.path(), "text", true).unwrap_err();
        assert!(why.starts_with(&folder.path().display().to_string()), "{why}");
    }
}
