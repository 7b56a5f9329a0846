//! Reads a page: recognises its form and hands it to the parser of that form.
//!
//! - [`written`]: Markdown with components, written by hand;
//! - [`openapi`]: a page made from an OpenAPI file, which stands in it;
//! - [`rendered`]: the text that a reader sees, without markup.

pub(crate) mod calls;
mod headings;
mod openapi;
mod rendered;
pub(crate) mod routes;
pub(crate) mod words;
mod written;

use super::model::{Page, Side};

/// The form of a page's text. A hash of one form says nothing about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Markdown,
    Text,
}

impl Form {
    pub(crate) fn of(text: &str) -> Self {
        let heading = |line: &str| line.starts_with("# ") || line.starts_with("> ");
        let component = |line: &str| line.trim_start().starts_with('<');
        let is_markdown = text.lines().any(|line| heading(line) || component(line) || line.starts_with("```"));
        if is_markdown { Self::Markdown } else { Self::Text }
    }
}

/// The line that ends an export.
pub(crate) fn is_closed(text: &str) -> bool {
    text.trim_end().lines().next_back().is_some_and(|line| line.contains("Built with") && line.contains("Mintlify"))
}

/// Reads a page; `index` is what the index says about it.
pub(crate) fn read(text: &str, index: &str) -> Result<Page, String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let start = text.trim_start();
    if start.is_empty() {
        return Err("the page is empty".to_owned());
    }
    let lower: String = start.chars().take(200).collect::<String>().to_lowercase();
    if lower.starts_with("<!doctype") || lower.starts_with("<html") {
        return Err("a web page came in place of its Markdown export".to_owned());
    }
    let mut page = match Form::of(&text) {
        Form::Markdown => written::read(&text)?,
        Form::Text => rendered::read(&text)?,
    };
    if page.routes.is_empty() {
        page.routes = routes::in_text(index);
    }
    let apart = |at: char| at.is_whitespace() || matches!(at, '`' | '"' | '\'' | ',' | '|' | '，' | '、' | '；' | '：' | '。');
    for piece in text.split(apart).filter(|piece| !piece.is_empty()) {
        let edge = |at: char| !(at.is_alphanumeric() || matches!(at, '_' | '-' | '$'));
        page.tokens.insert(piece.trim_matches(edge).replace('\\', ""));
        page.paths.extend(routes::path_of(piece.trim_start_matches(['(', '*', '<', '['])));
    }
    page.mentioned.retain(|route| !page.routes.contains(route));
    let names: Vec<String> =
        page.routes.iter().flat_map(|route| routes::placeholders(&route.paths[0])).map(str::to_owned).collect();
    for field in page.fields.iter_mut().filter(|field| field.side == Side::Body && field.path.len() == 1) {
        // Pages write parameters of the path as fields of the body.
        if names.contains(&field.path[0]) && page.routes.iter().all(|route| route.method == "GET") {
            field.side = Side::Path;
        }
    }
    Ok(page)
}
