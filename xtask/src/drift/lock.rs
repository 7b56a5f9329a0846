//! `openapi/docs.lock`: the pages of the documentation, and the text of each that was last reviewed.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::parse::Form;

/// What stands in place of a hash that nobody has taken yet.
const UNPINNED: &str = "unpinned";

/// The mark of a page that exists, but stands in no index.
const UNINDEXED: &str = "unindexed";

const HEAD: &str = "\
# The pages of the documentation. A line each: its address, the hash of the text that was last reviewed, the day of that
# review, `unindexed` where the page exists but stands in no index, and the operations that it documents.
# `cargo xtask drift --accept PAGE` writes a line anew, `--accept-all` all of them.
";

/// The hash of a page's text, in the form that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) form: Form,
    pub(crate) hash: String,
    /// The day of the review, as `2026-11-20`.
    pub(crate) date: String,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) pin: Option<Pin>,
    pub(crate) indexed: bool,
    pub(crate) operations: Vec<String>,
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) lines: Vec<Line>,
}

impl Lock {
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Self::parse(&text).map_err(|(line, why)| format!("{}:{line}: {why}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut lock = Self::default();
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let line = Line::parse(line).map_err(|why| (at + 1, why))?;
            if lock.line(&line.id).is_some() {
                return Err((at + 1, format!("{} stands twice", line.url)));
            }
            lock.lines.push(line);
        }
        Ok(lock)
    }

    pub(crate) fn line(&self, id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    pub(crate) fn line_mut(&mut self, id: &str) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.id == id)
    }

    /// The page that an id or an address names.
    pub(crate) fn id_of(word: &str) -> String {
        // `openoctopus:api`: a page whose address nobody has told.
        let word = word.strip_prefix("openoctopus:").unwrap_or(word);
        super::index::id(word).unwrap_or_else(|| word.trim_end_matches(".md").trim_start_matches('/').to_owned())
    }
}

impl Line {
    fn parse(line: &str) -> Result<Self, String> {
        let columns: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let [url, hash, date, place, operations] = columns[..] else {
            return Err(format!("a line has five columns with ` | ` between, this one has {}", columns.len()));
        };
        let pin = match hash {
            UNPINNED => None,
            hash => {
                let known = [("md:", Form::Markdown), ("text:", Form::Text)];
                let pin = known.into_iter().find_map(|(mark, form)| Some((form, hash.strip_prefix(mark)?.to_owned())));
                let (form, hash) = pin.ok_or_else(|| format!("`{hash}` is neither `{UNPINNED}` nor a hash"))?;
                Some(Pin { form, hash, date: date.to_owned() })
            }
        };
        let indexed = match place {
            "indexed" => true,
            UNINDEXED => false,
            other => return Err(format!("`{other}` is neither `indexed` nor `{UNINDEXED}`")),
        };
        let operations = operations.split(',').map(str::trim).filter(|operation| !operation.is_empty() && *operation != "-");
        let operations = operations.map(str::to_owned).collect();
        Ok(Self { id: Lock::id_of(url), url: url.to_owned(), pin, indexed, operations })
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for line in &self.lines {
            let (hash, date) = match &line.pin {
                None => (UNPINNED.to_owned(), "-"),
                Some(pin) => {
                    (format!("{}:{}", if pin.form == Form::Markdown { "md" } else { "text" }, pin.hash), pin.date.as_str())
                }
            };
            let place = if line.indexed { "indexed" } else { UNINDEXED };
            let operations = if line.operations.is_empty() { "-".to_owned() } else { line.operations.join(", ") };
            writeln!(f, "{} | {hash} | {date} | {place} | {operations}", line.url)?;
        }
        Ok(())
    }
}

/// The hash of a page, without what the site adds around it and changes when it likes: the preamble, the closing line, the
/// options of code fences, blanks at the ends of lines.
pub(crate) fn hash(text: &str) -> String {
    let mut hasher = Sha256::new();
    let mut in_preamble = true;
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_end) {
        let added = line.is_empty() || line.starts_with("> ## ") || (line.starts_with('>') && in_preamble);
        in_preamble &= added;
        if added || (line.contains("Built with") && line.contains("Mintlify")) {
            continue;
        }
        let fence = line.trim_start().starts_with("```").then(|| line.split(" theme={").next().unwrap_or(line).trim_end());
        hasher.update(fence.unwrap_or(line).as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Today in UTC, as `2026-11-20`.
pub(crate) fn today() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    date(i64::try_from(since.as_secs() / 86_400).unwrap_or_default())
}

/// The date of a day, counted from 1970-01-01, by the civil calendar's cycle of 400 years.
fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        let line = |id: &str, pin| Line {
            id: id.to_owned(),
            url: format!("https://d.ai/{id}.md"),
            pin,
            indexed: id != "c",
            operations: vec!["POST /v1/a".to_owned(), "GET /v1/a/{id}".to_owned()],
        };
        let pin = |form| Some(Pin { form, hash: hash("x"), date: "2026-11-20".to_owned() });
        let mut lock = Lock { lines: vec![line("a", None), line("b", pin(Form::Markdown)), line("c", pin(Form::Text))] };
        lock.lines[0].operations.clear();
        assert_eq!(Lock::parse(&lock.to_string()), Ok(lock));
    }

    #[test]
    fn a_broken_line_is_named() {
        for (line, why) in [
            ("https://d.ai/a.md | unpinned", "five columns"),
            ("https://d.ai/a.md | sha | - | indexed | -", "neither `unpinned`"),
            ("https://d.ai/a.md | unpinned | - | hidden | -", "neither `indexed`"),
            ("https://d.ai/b.md | unpinned | - | indexed | -", "stands twice"),
        ] {
            let text = format!("# x\nhttps://d.ai/b.md | unpinned | - | indexed | -\n{line}\n");
            let (at, found) = Lock::parse(&text).unwrap_err();
            assert!(at == 3 && found.contains(why), "{found}");
        }
    }

    #[test]
    fn a_hash_overlooks_what_the_site_adds() {
        let bare = "# T\n\n> About.\n\n```json\n{}\n```\n";
        let dressed = "> ## Documentation Index\n> Fetch llms.txt\n\n# T\r\n\r\n> About.  \n\n```json theme={\"system\"}\n{}\n```\n\nBuilt with [Mintlify](https://mintlify.com).\n";
        assert_eq!(hash(bare), hash(dressed));
        assert_ne!(hash(bare), hash(&bare.replace("About", "around")));
        assert_ne!(hash(bare), hash(&bare.replace("> About.", "> Other.")));
    }

    #[test]
    fn days_have_their_dates() {
        for (days, expected) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_777, "2026-11-20"), (-1, "1969-12-31")]
        {
            assert_eq!(date(days), expected);
        }
    }
}
