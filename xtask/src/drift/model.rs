//! What a documentation page says, whatever form it is written in.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::types::Types;

/// One page, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) title: String,
    /// The operations that the page documents.
    pub(crate) routes: Vec<Route>,
    /// Other operations that it names, with a method.
    pub(crate) mentioned: Vec<Route>,
    pub(crate) fields: Vec<Field>,
    pub(crate) examples: Vec<Example>,
    /// The models of its list of models.
    pub(crate) models: BTreeSet<String>,
    /// Words that stand alone in its prose, outside of field lists: names, values, paths.
    pub(crate) words: BTreeSet<String>,
    /// All that is said anywhere on the page, piece by piece, for a last look at whether it names a value or path at all.
    pub(crate) tokens: BTreeSet<String>,
    /// Paths that stand anywhere on the page.
    pub(crate) paths: BTreeSet<String>,
}

/// A method and a path. Text that runs on without a blank leaves more than one end of the path possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: String,
    /// The likeliest first; never empty.
    pub(crate) paths: Vec<String>,
    /// The host of a call.
    pub(crate) host: Option<String>,
}

impl Route {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_uppercase(), paths: vec![path.to_owned()], host: None }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.paths.first().map(String::as_str).unwrap_or_default())
    }
}

/// Where a field travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Path,
    Query,
    Header,
    Body,
    Answer,
}

impl Side {
    pub(crate) fn is_parameter(self) -> bool {
        matches!(self, Self::Path | Self::Query | Self::Header)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
            Self::Answer => "answer",
        })
    }
}

/// A parameter, or a member of a body or an answer.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) side: Side,
    /// The names from the outside to the inside; items of arrays have none.
    pub(crate) path: Vec<String>,
    pub(crate) types: Option<Types>,
    pub(crate) required: Option<bool>,
    pub(crate) default: Option<String>,
    /// The values that the page lists.
    pub(crate) values: Vec<String>,
    /// The routes (by their place in [`Page::routes`]) whose section it stands in; empty where it is all of them.
    pub(crate) routes: Vec<usize>,
}

impl Field {
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.side, self.name())
    }
}

/// A body or an answer that a page shows.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// `None` where the page does not say which of the two it is.
    pub(crate) side: Option<Side>,
    /// Where it is an answer to something that failed.
    pub(crate) failed: bool,
    /// The call that it stands in.
    pub(crate) route: Option<Route>,
    /// As for [`Field::routes`].
    pub(crate) routes: Vec<usize>,
    pub(crate) value: Value,
    /// Parts of a form: the values are texts, whatever their type.
    pub(crate) is_form: bool,
}

/// The names of a field such as `data[].url`.
pub(crate) fn names(field: &str) -> Vec<String> {
    let steps = field.split('.').map(|step| step.split('[').next().unwrap_or_default().trim().to_owned());
    steps.filter(|step| !step.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_dots_and_brackets_is_a_path() {
        assert_eq!(names("data[].url"), ["data", "url"]);
        assert_eq!(names("choices[0].delta.content"), ["choices", "delta", "content"]);
        assert_eq!(names("model"), ["model"]);
        assert_eq!(names("[].id"), ["id"]);
    }
}
