//! Where pages come from: a saved copy, or the site itself. What does not come whole does not come at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::index::{self, Entry};
use super::lock::Lock;

/// How often a page is asked for again.
const AGAIN: u32 = 2;

/// No page is larger.
const LARGEST: u64 = 8 << 20;

/// A page's text, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Whole(String),
    /// The copy does not hold it.
    Absent,
    Failed(String),
}

/// A site as it was found.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) index: Result<Vec<Entry>, String>,
    index_text: String,
    pub(crate) pages: BTreeMap<String, Text>,
}

/// The pages to read: those of the index, then those that only the lock knows.
fn wanted(index: &Result<Vec<Entry>, String>, lock: &Lock) -> Vec<(String, String)> {
    let listed = index.iter().flatten().map(|entry| (entry.id.clone(), entry.url.clone()));
    let mut wanted: Vec<(String, String)> = listed.collect();
    for line in lock.lines.iter().filter(|line| !line.indexed) {
        if !wanted.iter().any(|(id, _)| *id == line.id) {
            wanted.push((line.id.clone(), line.url.clone()));
        }
    }
    wanted
}

impl Site {
    /// A folder with `llms.txt` and, beside it, each page by its id, as Markdown (`.md`) or as text (`.txt`).
    pub(crate) fn saved(folder: &Path, lock: &Lock) -> Result<Self, String> {
        if !folder.is_dir() {
            return Err(format!("{} is no folder", folder.display()));
        }
        let file = folder.join("llms.txt");
        let index_text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()));
        let index = index_text.clone().and_then(|text| index::read(&text));
        let page = |id: &str| {
            if id.split('/').any(|step| matches!(step, "" | "." | "..")) {
                return Text::Failed(format!("`{id}` is no path"));
            }
            let files = ["md", "txt"].map(|ending| folder.join(format!("{id}.{ending}")));
            match files.into_iter().find(|file| file.exists()).map(std::fs::read_to_string) {
                None => Text::Absent,
                Some(Ok(text)) => Text::Whole(text),
                Some(Err(error)) => Text::Failed(error.to_string()),
            }
        };
        let pages = wanted(&index, lock).into_iter().map(|(id, _)| (id.clone(), page(&id))).collect();
        Ok(Self { index, index_text: index_text.unwrap_or_default(), pages })
    }

    /// A site that is not read from anywhere.
    #[cfg(test)]
    pub(crate) fn made(index: &str, pages: BTreeMap<String, Text>) -> Self {
        Self { index: index::read(index), index_text: index.to_owned(), pages }
    }

    /// Keeps a copy. Nothing is written when a part is missing.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), String> {
        if let Err(why) = &self.index {
            return Err(format!("nothing was saved: {why}"));
        }
        let whole = |(id, text): (&String, &Text)| match text {
            Text::Whole(text) => Ok(Some((id.clone(), text.clone()))),
            Text::Absent => Ok(None),
            Text::Failed(why) => Err(format!("nothing was saved: {id}: {why}")),
        };
        let pages: Vec<Option<(String, String)>> = self.pages.iter().map(whole).collect::<Result<_, _>>()?;
        let write = |file: PathBuf, text: &str| {
            let told = |error: std::io::Error| format!("{}: {error}", file.display());
            file.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(told)?;
            std::fs::write(&file, text).map_err(told)
        };
        for (id, text) in pages.into_iter().flatten() {
            write(folder.join(format!("{id}.md")), &text)?;
        }
        // The index comes last: a copy without one is not taken for a whole.
        write(folder.join("llms.txt"), &self.index_text)
    }
}

/// A site on the network.
pub(crate) struct Live {
    agent: ureq::Agent,
    base: String,
    /// The page of the second system, which has an address of its own.
    second: Option<String>,
    again: u32,
}

impl Live {
    pub(crate) fn new(base: &str, second: Option<String>, timeout: Duration, again: Option<u32>) -> Self {
        let config = crate::live::config("octopusx-xtask-drift", timeout).build();
        Self { agent: config.into(), base: base.trim_end_matches('/').to_owned(), second, again: again.unwrap_or(AGAIN) }
    }

    /// Reads the index and every page, one after the other.
    pub(crate) fn read(&self, lock: &Lock, mut progress: impl FnMut(&str)) -> Site {
        let text = self.get(&format!("{}/llms.txt", self.base));
        let index = text.clone().and_then(|text| index::read(&text));
        let mut pages = BTreeMap::new();
        for (id, url) in wanted(&index, lock) {
            progress(&id);
            let address = if url.contains("://") { Some(format!("{}/{id}.md", self.base)) } else { self.second.clone() };
            let text = match address {
                None => Text::Absent,
                Some(address) => self.get(&address).map_or_else(Text::Failed, Text::Whole),
            };
            pages.insert(id, text);
        }
        Site { index, index_text: text.unwrap_or_default(), pages }
    }

    fn get(&self, address: &str) -> Result<String, String> {
        let mut why = String::new();
        for attempt in 0..=self.again {
            if attempt > 0 {
                std::thread::sleep(Duration::from_secs(1 << (attempt - 1).min(5)));
            }
            match self.once(address) {
                Ok(text) => return Ok(text),
                Err(Failure { what, passing }) => {
                    why = what;
                    if !passing {
                        break;
                    }
                }
            }
        }
        Err(format!("{address}: {why}"))
    }

    fn once(&self, address: &str) -> Result<String, Failure> {
        let passing = |error: ureq::Error| Failure { what: error.to_string(), passing: true };
        let lasting = |what: String| Failure { what, passing: false };
        let mut answer = self.agent.get(address).header("accept", "text/markdown, text/plain;q=0.9").call().map_err(passing)?;
        let status = answer.status();
        if status.is_redirection() {
            let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("nowhere").to_owned();
            return Err(lasting(format!("status {}, which leads to {to}", status.as_u16())));
        }
        if status.as_u16() != 200 {
            let what = format!("status {}", status.as_u16());
            return Err(Failure { what, passing: status.is_server_error() || status.as_u16() == 429 });
        }
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/html") {
            return Err(lasting("a web page came in place of its Markdown export".to_owned()));
        }
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(passing)?;
        String::from_utf8(body).map_err(|_| lasting("it is not UTF-8".to_owned()))
    }
}

/// Why a page did not come, and whether it may come another time.
struct Failure {
    what: String,
    passing: bool,
}
