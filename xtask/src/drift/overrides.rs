//! `openapi/overrides.yaml`: findings that are known and not ours to mend, each with a reason.

use std::path::Path;

use serde_json::Value;

use super::report::{Finding, Kind};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) page: String,
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    /// Its place in the list.
    pub(crate) nth: usize,
}

/// Reads the file; one that is not there holds nothing.
pub(crate) fn read(file: &Path) -> Result<Vec<Override>, String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    parse(&text).map_err(|why| format!("{}: {why}", file.display()))
}

fn parse(text: &str) -> Result<Vec<Override>, String> {
    let root: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let listed = root.get("overrides").ok_or("there is no list `overrides`")?;
    let entries = match listed {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        _ => return Err("`overrides` is no list".to_owned()),
    };
    entries.iter().enumerate().map(|(nth, entry)| one(nth, entry)).collect()
}

fn one(nth: usize, entry: &Value) -> Result<Override, String> {
    let text = |key: &str| {
        let text = entry.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| format!("entry {} has no `{key}`", nth + 1))
    };
    let known = ["page", "kind", "subject", "reason"];
    if let Some(key) = entry.as_object().into_iter().flat_map(|all| all.keys()).find(|key| !known.contains(&key.as_str())) {
        return Err(format!("entry {} has `{key}`; it may have {}", nth + 1, known.join(", ")));
    }
    text("reason")?;
    let kind = text("kind")?;
    let kind = Kind::parse(&kind).ok_or_else(|| format!("entry {}: `{kind}` is no kind; there are {}", nth + 1, Kind::all()))?;
    Ok(Override { page: text("page")?, kind, subject: text("subject")?, nth })
}

impl Override {
    fn explains(&self, finding: &Finding) -> bool {
        let subject = match self.subject.strip_suffix('*') {
            Some(start) => finding.subject.starts_with(start),
            None => finding.subject == self.subject,
        };
        subject && self.kind == finding.kind && self.page == finding.page
    }
}

/// Takes out the findings that are explained; returns how many, and the entries that explain nothing.
pub(crate) fn apply<'a>(overrides: &'a [Override], findings: &mut Vec<Finding>) -> (usize, Vec<&'a Override>) {
    let before = findings.len();
    let unused = overrides.iter().filter(|entry| !findings.iter().any(|finding| entry.explains(finding))).collect();
    findings.retain(|finding| !overrides.iter().any(|entry| entry.explains(finding)));
    (before - findings.len(), unused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_what_and_why() {
        let found =
            parse("overrides:\n  - {page: en/a, kind: other type, subject: POST /v1/a body b, reason: It is.}\n").unwrap();
        assert_eq!((found[0].kind, found[0].subject.as_str()), (Kind::Type, "POST /v1/a body b"));
        assert_eq!(parse("overrides: []\n"), Ok(Vec::new()));
        for (entry, why) in [
            ("{page: en/a, kind: other type, subject: x}", "no `reason`"),
            ("{page: en/a, kind: odd, subject: x, reason: because}", "is no kind"),
            ("{page: en/a, kind: other type, subject: x, reason: because, wildcard: true}", "`wildcard`"),
        ] {
            assert!(parse(&format!("overrides:\n  - {entry}\n")).unwrap_err().contains(why), "{why}");
        }
    }
}
