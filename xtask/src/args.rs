//! The words of the command line: a command, flags, and options with a value.

use std::ffi::OsString;

/// What is left of the words; whatever no one asked for is an error in [`Args::finish`].
#[derive(Debug)]
pub(crate) struct Args {
    rest: Vec<String>,
}

impl Args {
    /// All words behind the program's name.
    pub(crate) fn new(words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let text = |word: OsString| word.into_string().map_err(|word| format!("{} is not UTF-8", word.display()));
        Ok(Self { rest: words.map(text).collect::<Result<_, _>>()? })
    }

    /// The first word, unless it is an option.
    pub(crate) fn command(&mut self) -> Option<String> {
        self.rest.first().is_some_and(|word| !word.starts_with('-')).then(|| self.rest.remove(0))
    }

    /// Whether the help is asked for.
    pub(crate) fn help(&mut self) -> bool {
        self.flag("--help") | self.flag("-h")
    }

    /// Whether this word is there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|word| word != name);
        self.rest.len() < before
    }

    /// The value of `--name VALUE` or `--name=VALUE`.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let value_of = |word: &String| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        if let Some((at, value)) = self.rest.iter().enumerate().find_map(|(at, word)| Some((at, value_of(word)?))) {
            self.rest.remove(at);
            return Ok(Some(value));
        }
        let Some(at) = self.rest.iter().position(|word| word == name) else { return Ok(None) };
        if at + 1 == self.rest.len() {
            return Err(format!("`{name}` needs a value"));
        }
        self.rest.remove(at);
        Ok(Some(self.rest.remove(at)))
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<(), String> {
        self.rest.first().map_or(Ok(()), |word| Err(format!("`{word}` is not understood; see `--help`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Args {
        Args::new(words.iter().map(OsString::from)).unwrap()
    }

    #[test]
    fn an_option_is_read_in_both_forms() {
        for words in [&["lint", "--root", "a b"][..], &["lint", "--root=a b"]] {
            let mut args = args(words);
            assert_eq!(args.command().as_deref(), Some("lint"));
            assert_eq!(args.option("--root"), Ok(Some("a b".to_owned())));
            assert_eq!(args.finish(), Ok(()));
        }
    }

    #[test]
    fn what_nobody_asked_for_is_refused() {
        assert!(args(&["--rot", "x"]).finish().unwrap_err().contains("`--rot`"));
        assert!(args(&["--root"]).option("--root").unwrap_err().contains("needs a value"));
        assert!(args(&["-h"]).command().is_none());
    }
}
