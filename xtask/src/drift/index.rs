//! The list of pages that a site gives to machines: `llms.txt`.

/// The site cuts the file at this many characters.
const CUT: usize = 100_000;

/// A list this close to the cut may have lost its end already.
const NEAR: usize = CUT - 1_000;

/// What the index says of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path on the site, without the ending: `en/videos/overview`.
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) description: String,
}

/// All entries, whatever stands between them: line breaks or, in a copy, blanks.
pub(crate) fn read(text: &str) -> Result<Vec<Entry>, String> {
    let length = text.chars().count();
    if length >= NEAR {
        return Err(format!("the index has {length} characters and is cut at {CUT}: what stands behind may be lost"));
    }
    let start = text.trim_start();
    if start.starts_with('<') {
        return Err("a web page came in place of the index".to_owned());
    }
    // Only pages: what follows are files of other kinds.
    let docs =
        ["## OpenAPI Specs", "## AsyncAPI Specs", "## Optional"].into_iter().filter_map(|heading| text.find(heading)).min();
    let docs = &text[..docs.unwrap_or(text.len())];
    let starts: Vec<usize> = docs.match_indices("- [").map(|(at, _)| at).filter(|at| begins(docs, *at)).collect();
    let mut found: Vec<Entry> = Vec::new();
    for (nth, start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(docs.len());
        let entry = entry(docs[*start..end].trim());
        let entry = entry.ok_or_else(|| format!("an entry of the index can't be read: `{}`", short(docs[*start..end].trim())))?;
        if !found.iter().any(|known| known.id == entry.id) {
            found.push(entry);
        }
    }
    if found.is_empty() {
        return Err("the index lists no page".to_owned());
    }
    Ok(found)
}

/// At the beginning of a line, or behind a blank.
fn begins(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(char::is_whitespace)
}

fn entry(text: &str) -> Option<Entry> {
    let (title, rest) = text.strip_prefix("- [")?.split_once("](")?;
    let (url, rest) = rest.split_once(')')?;
    let description = rest.trim().trim_start_matches(':').trim().to_owned();
    Some(Entry { id: id(url)?, url: url.to_owned(), title: title.to_owned(), description })
}

/// The path of an address, without `.md`.
pub(crate) fn id(url: &str) -> Option<String> {
    let path = url.split("://").nth(1)?.split_once('/')?.1;
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let path = path.strip_suffix(".md").or_else(|| path.strip_suffix(".mdx")).unwrap_or(path);
    (!path.is_empty()).then(|| path.to_owned())
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_line_and_many_short_ones_are_the_same() {
        let entries = ["- [A [x]](https://d.ai/en/a.md): About a - b.", "- [B](https://d.ai/en/b/c.md)"];
        for between in [" ", "\n", "\n\n"] {
            let found = read(&format!("# Site{between}> What it is.{between}## Docs{between}{}", entries.join(between))).unwrap();
            assert_eq!(found.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["en/a", "en/b/c"]);
            assert_eq!((found[0].title.as_str(), found[0].description.as_str()), ("A [x]", "About a - b."));
        }
    }

    #[test]
    fn other_sections_hold_no_pages() {
        let text = "# S\n\n## Docs\n\n- [A](https://d.ai/a.md)\n\n## OpenAPI Specs\n\n- [openapi](https://d.ai/openapi.json)\n";
        assert_eq!(read(text).unwrap().len(), 1);
    }

    #[test]
    fn an_index_that_may_be_cut_is_no_index() {
        let long = format!("# S\n\n## Docs\n\n{}", "- [A](https://d.ai/a.md): text\n".repeat(3300));
        for (text, why) in [
            (long.as_str(), "cut at 100000"),
            ("# S\n\n## Docs\n\n- [A](https://d.ai/a.md)\n- [B](https://d.ai/b", "can't be read"),
            ("# S\n", "lists no page"),
            ("", "lists no page"),
            ("<!DOCTYPE html>", "web page"),
        ] {
            assert!(read(text).unwrap_err().contains(why), "{why}");
        }
    }
}
