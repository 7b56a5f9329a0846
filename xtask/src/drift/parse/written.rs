//! Pages written by hand: Markdown with components, as the site exports them.

use markdown::mdast::{AttributeContent, AttributeValue, Node};
use markdown::{Constructs, ParseOptions};
use serde_json::Value;

use super::super::model::{Example, Field, Page, Route, Side, names};
use super::super::types::Types;
use super::headings::{Section, section};
use super::{calls, openapi, routes, words};

pub(super) fn read(text: &str) -> Result<Page, String> {
    let constructs = Constructs { gfm_table: true, gfm_strikethrough: true, mdx_esm: false, ..Constructs::mdx() };
    let options = ParseOptions { constructs, ..ParseOptions::default() };
    let (text, opened) = without_code(text);
    let tree = markdown::to_mdast(&text, &options).map_err(|why| format!("its Markdown can't be parsed: {why}"))?;
    let mut reader = Reader::default();
    reader.nodes(tree.children().map(Vec::as_slice).unwrap_or_default(), &Place::default())?;
    if reader.fields != opened {
        return Err(format!("{opened} fields begin in it, {} could be read", reader.fields));
    }
    reader.finish()
}

/// Leaves out components that are defined in front of the text, and marks what only looks like one. Also counts the fields
/// that begin.
fn without_code(text: &str) -> (String, usize) {
    let mut kept = String::new();
    let mut opened = 0;
    let mut fence: Option<String> = None;
    let mut in_export = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(open) = &fence {
            if trimmed.starts_with(open.as_str()) && trimmed.trim_end().chars().all(|at| at == '`' || at == '~') {
                fence = None;
            }
        } else if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            let ticks = trimmed.chars().take_while(|at| *at == '`' || *at == '~').count();
            fence = Some(trimmed[..ticks].to_owned());
        } else if in_export
            || line.starts_with("export const ")
            || line.starts_with("export function ")
            || line.starts_with("import ")
        {
            let ends_here = ["};", "}", ");"].contains(&line.trim_end());
            let is_one_line = !in_export && (line.starts_with("import ") || (line.ends_with(';') && balanced(line)));
            in_export = !ends_here && !is_one_line;
            kept.push('\n');
            continue;
        } else {
            opened += escaped(line).matches("<ParamField").count() + escaped(line).matches("<ResponseField").count();
            kept.push_str(&escaped(line));
            kept.push('\n');
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    (kept, opened)
}

fn balanced(line: &str) -> bool {
    line.matches(['{', '(']).count() == line.matches(['}', ')']).count()
}

/// A `<` that opens no component, as in `a < b` or `<https://…>`, would end the parse.
fn escaped(line: &str) -> String {
    let mut found = String::new();
    let mut inside_code = false;
    for (at, letter) in line.char_indices() {
        inside_code ^= letter == '`';
        let rest = &line[at + letter.len_utf8()..];
        let opens = rest.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '>'));
        if letter == '<' && !inside_code && !line[..at].ends_with('\\') && (!opens || rest.starts_with("http")) {
            found.push('\\');
        }
        found.push(letter);
    }
    found
}

/// Where in the page the reader is, as far as components say.
#[derive(Clone, Default)]
struct Place {
    /// The names of the fields around.
    path: Vec<String>,
    side: Option<Side>,
    example: Option<Side>,
}

#[derive(Default)]
struct Reader {
    page: Page,
    heading: Option<Section>,
    /// The routes whose section this is.
    routes: Vec<usize>,
    /// Routes that a call names, in case the page says nothing itself.
    called: Vec<Route>,
    body_heading: bool,
    /// How many fields were met.
    fields: usize,
    /// All that a page made from an OpenAPI file gives.
    from_file: Option<Page>,
}

impl Reader {
    fn finish(mut self) -> Result<Page, String> {
        if let Some(mut file) = self.from_file {
            file.title = self.page.title;
            file.words = self.page.words;
            file.mentioned.append(&mut self.page.mentioned);
            file.models = self.page.models;
            return Ok(file);
        }
        if self.body_heading && !self.page.fields.iter().any(|field| field.side == Side::Body) {
            return Err("there is a heading for the body, but no field was found".to_owned());
        }
        if self.page.routes.is_empty() {
            // The call that the site makes stands first.
            self.page.routes.extend(self.called.first().cloned());
        }
        self.page.mentioned.append(&mut self.called);
        Ok(self.page)
    }

    fn nodes(&mut self, nodes: &[Node], place: &Place) -> Result<(), String> {
        nodes.iter().try_for_each(|node| self.node(node, place))
    }

    fn node(&mut self, node: &Node, place: &Place) -> Result<(), String> {
        let children = node.children().map(Vec::as_slice).unwrap_or_default();
        match node {
            Node::Heading(heading) => {
                let text = plain(children);
                if heading.depth == 1 && self.page.title.is_empty() {
                    self.page.title.clone_from(&text);
                }
                let found = section(&text);
                self.body_heading |= found == Section::Fields(Side::Body);
                self.heading = Some(found);
            }
            // The preamble, and what is said to machines: neither is the page's.
            Node::Blockquote(_) if matches!(children.first(), Some(Node::Heading(_))) => {}
            Node::Code(code) => self.code(code.lang.as_deref().unwrap_or_default(), code.meta.as_deref(), &code.value, place)?,
            Node::Table(_) => self.table(children),
            Node::MdxJsxFlowElement(element) => {
                self.element(element.name.as_deref(), &element.attributes, children, place)?;
            }
            Node::MdxJsxTextElement(element) => {
                self.element(element.name.as_deref(), &element.attributes, children, place)?;
            }
            Node::Paragraph(_) if children.iter().any(is_field) => self.nodes(children, place)?,
            Node::Paragraph(_) => self.prose(&ticked(children), place),
            _ => self.nodes(children, place)?,
        }
        Ok(())
    }

    fn element(
        &mut self,
        name: Option<&str>,
        attributes: &[AttributeContent],
        children: &[Node],
        place: &Place,
    ) -> Result<(), String> {
        match name.unwrap_or_default() {
            "ParamField" => self.field(attributes, children, place, false),
            "ResponseField" => self.field(attributes, children, place, true),
            "RequestExample" => self.nodes(children, &Place { example: Some(Side::Body), ..place.clone() }),
            "ResponseExample" => self.nodes(children, &Place { example: Some(Side::Answer), ..place.clone() }),
            _ => self.nodes(children, place),
        }
    }

    fn field(&mut self, attributes: &[AttributeContent], children: &[Node], place: &Place, answer: bool) -> Result<(), String> {
        self.fields += 1;
        let values = values(attributes);
        let get = |key: &str| values.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_deref());
        let sides = [("path", Side::Path), ("query", Side::Query), ("header", Side::Header), ("body", Side::Body)];
        let named = if answer {
            get("name").flatten().map(|name| (name, Side::Answer))
        } else {
            sides.into_iter().find_map(|(key, side)| Some((get(key).flatten()?, side)))
        };
        let Some((name, side)) = named else {
            let what = if answer { "ResponseField" } else { "ParamField" };
            return Err(format!("a `{what}` has no name"));
        };
        let name = name.replace('\\', "");
        let side = match self.heading {
            Some(Section::Fields(heading)) if side == Side::Body && heading.is_parameter() => heading,
            // Members of an answer may be nested in a `ParamField`'s way, and the other way round.
            _ => place.side.unwrap_or(side),
        };
        let own = names(&name);
        let path =
            if own.len() > place.path.len() && own.starts_with(&place.path) { own } else { [place.path.clone(), own].concat() };
        let types = match get("type").flatten() {
            None => None,
            Some(text) => {
                let known = Types::parse(&text.replace('\\', ""));
                Some(known.ok_or_else(|| format!("`{name}` has a type that is not known here: `{text}`"))?)
            }
        };
        let required = match get("required") {
            Some(value) => Some(value.is_none_or(|text| text != "false")),
            None if answer => None,
            None => Some(false),
        };
        let described: Vec<&Node> = children.iter().filter(|child| !is_element(child)).collect();
        let description = described.iter().map(|child| ticked(std::slice::from_ref(*child))).collect::<Vec<_>>().join("\n");
        let field = Field {
            side,
            path: path.clone(),
            types,
            required,
            default: get("default").flatten().map(str::to_owned),
            values: words::listed(&description),
            routes: self.routes.clone(),
        };
        self.page.fields.push(field);
        let inside = Place { path, side: Some(side), example: None };
        children.iter().filter(|child| is_element(child)).try_for_each(|child| self.node(child, &inside))
    }

    fn prose(&mut self, text: &str, place: &Place) {
        if place.side.is_some() {
            return;
        }
        let marked = words::ticked(text);
        if self.heading == Some(Section::Models) {
            self.page.models.extend(marked.iter().filter(|word| !word.contains([' ', '/'])).cloned());
        }
        self.page.mentioned.extend(routes::in_text(text));
        for word in &marked {
            self.page.words.extend(words::alone(word).map(str::to_owned));
            self.page.words.extend(routes::path_of(word));
        }
    }

    fn table(&mut self, rows: &[Node]) {
        let cells = |row: &Node| -> Vec<String> {
            row.children()
                .map(|cells| cells.iter().map(|cell| ticked(cell.children().map(Vec::as_slice).unwrap_or_default())).collect())
                .unwrap_or_default()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
        let Some(head) = rows.first() else { return };
        let column = |names: &[&str]| head.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()));
        if let (Some(method), Some(path)) = (column(&["method", "方法"]), column(&["path", "路径"])) {
            let route = |row: &Vec<String>| {
                let method = row.get(method)?.trim_matches('`').trim().to_owned();
                routes::is_method(&method).then_some(Route::new(&method, &routes::path_of(row.get(path)?.trim_matches('`'))?))
            };
            let found: Vec<Route> = rows.iter().skip(1).filter_map(route).collect();
            self.document(found);
        }
        for cell in rows.iter().flatten() {
            self.prose(cell, &Place::default());
        }
    }

    /// Routes that the page documents; what follows belongs to them.
    fn document(&mut self, found: Vec<Route>) {
        if found.is_empty() {
            return;
        }
        self.routes.clear();
        for route in found {
            let at = self.page.routes.iter().position(|known| *known == route);
            self.routes.push(at.unwrap_or(self.page.routes.len()));
            if at.is_none() {
                self.page.routes.push(route);
            }
        }
    }

    fn code(&mut self, lang: &str, meta: Option<&str>, code: &str, place: &Place) -> Result<(), String> {
        if let Some(operation) = openapi::operation(meta.unwrap_or_default()).filter(|_| lang == "yaml" || lang == "yml") {
            self.from_file = Some(openapi::read(code, &operation)?);
            return Ok(());
        }
        let lines: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let socket =
            |line: &&str| (line.starts_with("ws://") || line.starts_with("wss://")).then(|| routes::path_of(line)).flatten();
        let listed: Vec<Route> = lines
            .iter()
            .filter_map(|line| routes::line(line).or_else(|| socket(line).map(|path| Route::new("GET", &path))))
            .collect();
        if !listed.is_empty() && listed.len() == lines.len() && lang != "bash" {
            self.document(listed);
            return Ok(());
        }
        match lang {
            "bash" | "shell" | "sh" | "curl" | "zsh" => self.calls(code),
            "json" | "json5" | "jsonc" => self.json(meta, code, place),
            "" | "text" | "txt" | "plaintext" | "sse" => {
                for value in calls::events(code) {
                    self.example(Some(Side::Answer), false, None, value, false);
                }
                self.calls(code);
            }
            _ => {}
        }
        Ok(())
    }

    fn calls(&mut self, code: &str) {
        for call in calls::curls(code) {
            if !self.called.contains(&call.route) {
                self.called.push(call.route.clone());
            }
            if let (Some(body), false) = (call.body, call.generated) {
                self.example(Some(Side::Body), false, Some(call.route), body, call.is_form);
            }
        }
    }

    fn json(&mut self, meta: Option<&str>, code: &str, place: &Place) {
        let Ok(value) = serde_json::from_str::<Value>(code) else { return };
        let status = meta.and_then(|meta| meta.split_whitespace().find_map(|word| word.parse::<u16>().ok()));
        let heading = match self.heading {
            Some(Section::Examples(side)) => Some(side),
            _ => None,
        };
        let side = place.example.or(status.map(|_| Side::Answer)).or(heading);
        self.example(side, status.is_some_and(|status| status >= 400), None, value, false);
    }

    fn example(&mut self, side: Option<Side>, failed: bool, route: Option<Route>, value: Value, is_form: bool) {
        if !calls::has_placeholder(&value) {
            let routes = self.routes.clone();
            self.page.examples.push(Example { side, failed, route, routes, value, is_form });
        }
    }
}

/// The attributes of a component; `None` for one that stands without a value.
fn values(attributes: &[AttributeContent]) -> Vec<(String, Option<String>)> {
    let value = |attribute: &AttributeContent| match attribute {
        AttributeContent::Property(property) => {
            let value = property.value.as_ref().map(|value| match value {
                AttributeValue::Literal(text) => text.clone(),
                AttributeValue::Expression(expression) => expression.value.trim().trim_matches(['"', '\'', '`']).to_owned(),
            });
            Some((property.name.clone(), value))
        }
        AttributeContent::Expression(_) => None,
    };
    attributes.iter().filter_map(value).collect()
}

fn is_field(node: &Node) -> bool {
    let Node::MdxJsxTextElement(element) = node else { return false };
    matches!(element.name.as_deref(), Some("ParamField" | "ResponseField" | "Expandable"))
}

/// A component with content of its own, or a paragraph of one.
fn is_element(node: &Node) -> bool {
    match node {
        Node::MdxJsxFlowElement(element) => !matches!(element.name.as_deref(), Some("br" | "Tip" | "Note" | "Warning" | "Info")),
        Node::Code(_) => true,
        Node::Paragraph(paragraph) => paragraph.children.iter().any(is_field),
        node => is_field(node),
    }
}

/// The text of nodes.
fn plain(nodes: &[Node]) -> String {
    ticked(nodes).replace('`', "")
}

/// The text of nodes, with code in backticks.
fn ticked(nodes: &[Node]) -> String {
    let mut found = String::new();
    for node in nodes {
        match node {
            Node::Text(text) => found.push_str(&text.value),
            Node::InlineCode(code) => {
                found.push('`');
                found.push_str(&code.value);
                found.push('`');
            }
            Node::MdxTextExpression(expression) => {
                found.push('{');
                found.push_str(&expression.value);
                found.push('}');
            }
            Node::Break(_) => found.push('\n'),
            node => {
                found.push_str(&ticked(node.children().map(Vec::as_slice).unwrap_or_default()));
                if matches!(node, Node::Paragraph(_) | Node::ListItem(_)) {
                    found.push('\n');
                }
            }
        }
    }
    found
}
