//! Pages as a reader sees them: lines without markup, told apart by their headings.

use super::super::model::{Example, Field, Page, Route, Side, names};
use super::super::types::{Kind, Types};
use super::headings::{Section, section};
use super::{calls, routes, words};

pub(super) fn read(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let lines: Vec<&str> = text.lines().collect();
    top(&lines, &mut page);
    let top_route = page.routes.first().cloned();
    sections(&lines, &mut page)?;
    listed_routes(&lines, &mut page);
    page.mentioned = routes::in_text(text);
    examples(text, &mut page, top_route.as_ref());
    let prose = lines.iter().filter(|line| line.contains(' '));
    page.words = prose.flat_map(|line| words::alone(line)).map(str::to_owned).collect();
    if page.routes.is_empty() && page.fields.is_empty() {
        return Err("no method, no path and no field was found".to_owned());
    }
    Ok(page)
}

/// The method, the address broken over lines, and the title.
fn top(lines: &[&str], page: &mut Page) {
    let Some(start) = lines.iter().take(6).position(|line| routes::is_method(line.trim())) else { return };
    let Some(address) = lines.get(start + 1).filter(|line| line.contains("://")) else { return };
    let mut whole = (*address).to_owned();
    let mut at = start + 2;
    while let [slash, step, ..] = lines[at.min(lines.len())..] {
        if slash.trim() != "/" {
            break;
        }
        whole = format!("{whole}/{}", step.trim());
        at += 2;
    }
    page.title = lines.get(at).copied().unwrap_or_default().trim().to_owned();
    page.routes.extend(routes::path_of(&whole).map(|path| Route::new(lines[start].trim(), &path)));
}

/// Whether a line stands between empty lines, as headings do.
fn is_alone(lines: &[&str], at: usize) -> bool {
    let empty = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
    empty(at.checked_sub(1).and_then(|before| lines.get(before))) && empty(lines.get(at + 1))
}

fn sections(lines: &[&str], page: &mut Page) -> Result<(), String> {
    let mut at = 0;
    while at < lines.len() {
        let found = if is_alone(lines, at) { section(lines[at]) } else { Section::Other };
        let heading = lines[at].trim();
        at += 1;
        if found == Section::Other {
            continue;
        }
        let ends = (at..lines.len()).find(|next| is_alone(lines, *next) && is_heading(lines[*next])).unwrap_or(lines.len());
        let inside = &lines[at..ends];
        match found {
            Section::Fields(side) => {
                let before = page.fields.len();
                fields(inside, side, page)?;
                if side == Side::Body && page.fields.len() == before {
                    sentences(inside, page);
                }
                if side == Side::Body && page.fields.len() == before {
                    return Err(format!("there is a heading `{heading}`, but no field was found"));
                }
            }
            Section::Models => {
                let items = inside.iter().filter_map(|line| line.trim().strip_prefix('•')).map(str::trim);
                page.models.extend(items.filter(|item| !item.is_empty() && !item.contains(' ')).map(str::to_owned));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A short line that begins with a capital letter and is no sentence.
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(|first: char| first.is_uppercase()) && line.len() < 50 && !line.ends_with('.') && !line.contains("://")
}

fn is_name(line: &str) -> bool {
    let line = line.trim();
    let known = |at: char| at.is_ascii_alphanumeric() || "_-.[]$".contains(at);
    line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$') && line.chars().all(known)
}

/// Name, type, `required` and description, each on a line of its own.
fn fields(lines: &[&str], side: Side, page: &mut Page) -> Result<(), String> {
    let starts: Vec<usize> = (0..lines.len().saturating_sub(1))
        .filter(|at| is_name(lines[*at]) && Types::parse(lines[at + 1].trim()).is_some())
        .filter(|at| *at == 0 || Types::parse(lines[*at].trim()).is_none() || !is_name(lines[at - 1]))
        .collect();
    for (nth, start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(lines.len());
        let rest = &lines[start + 2..end];
        let required = rest.first().is_some_and(|line| line.trim() == "required");
        let marks =
            rest.iter().take_while(|line| ["required", "deprecated"].contains(&line.trim()) || line.starts_with("default:"));
        let default = marks.clone().find_map(|line| line.strip_prefix("default:")).map(|value| value.trim().to_owned());
        let description = rest[marks.count()..].join("\n");
        page.fields.push(Field {
            side,
            path: names(lines[*start].trim()),
            types: Types::parse(lines[start + 1].trim()),
            required: (side != Side::Answer || required).then_some(required),
            default,
            values: words::listed(&description),
            routes: Vec::new(),
        });
    }
    let first = lines.iter().position(|line| !line.trim().is_empty());
    match (first, starts.first()) {
        (Some(first), Some(start)) if first < *start && is_name(lines[first]) => {
            Err(format!("the field `{}` has a type that is not known here: `{}`", lines[first].trim(), lines[first + 1].trim()))
        }
        _ => Ok(()),
    }
}

/// Fields told in sentences: `model is required and …`, `input is a free-form object …`.
fn sentences(lines: &[&str], page: &mut Page) {
    for line in lines {
        let mut words = line.split_whitespace();
        let (Some(name), Some("is"), Some(next)) = (words.next(), words.next(), words.next()) else { continue };
        if !is_name(name) {
            continue;
        }
        let required = match next.trim_matches([',', '.']) {
            "required" => Some(true),
            "optional" => Some(false),
            _ => None,
        };
        let is_object = ["a", "an"].contains(&next) && line.contains("object");
        let types = is_object.then(|| Types::of(Kind::Object));
        let (side, path) = (Side::Body, names(name));
        page.fields.push(Field { side, path, types, required, default: None, values: words::listed(line), routes: Vec::new() });
    }
}

/// `POST /v1/x` on a line of its own, a method above a path, and the rows of a list of routes.
fn listed_routes(lines: &[&str], page: &mut Page) {
    for (at, line) in lines.iter().enumerate() {
        let below = lines.get(at + 1..).and_then(|rest| rest.iter().find(|line| !line.trim().is_empty()));
        let split = below.filter(|path| routes::is_method(line.trim()) && path.starts_with('/') && path.len() > 1);
        let split = split.and_then(|path| routes::path_of(path)).map(|path| Route::new(line.trim(), &path));
        let Some(found) = routes::line(line).or(split).or_else(|| routes::glued(line)) else { continue };
        let known = |route: &Route| route.method == found.method && found.paths.contains(&route.paths[0]);
        if !page.routes.iter().any(known) {
            page.routes.push(found);
        }
    }
}

fn examples(text: &str, page: &mut Page, top: Option<&Route>) {
    let mut covered = Vec::new();
    for (start, _) in text.match_indices("curl ").filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n')) {
        let end = command_end(&text[start..]) + start;
        covered.push(start..end);
        for call in calls::curls(&text[start..end]) {
            if let (Some(value), false) = (call.body, call.generated) {
                let (side, route) = (Some(Side::Body), Some(call.route));
                page.examples.push(Example { side, failed: false, route, routes: Vec::new(), value, is_form: call.is_form });
            }
        }
    }
    for (start, _, value) in calls::values_in(text) {
        if covered.iter().any(|range| range.contains(&start)) || calls::has_placeholder(&value) {
            continue;
        }
        let above = text[..start].lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let side = match section(above) {
            Section::Examples(side) => Some(side),
            _ => Some(Side::Answer),
        };
        let failed = value.get("error").is_some_and(serde_json::Value::is_object);
        let route = top.filter(|_| page.routes.len() == 1).cloned();
        page.examples.push(Example { side, failed, route, routes: Vec::new(), value, is_form: false });
    }
}

/// Where a command ends: at the first line break outside of quotes that no backslash hides.
fn command_end(text: &str) -> usize {
    let (mut quote, mut before) = (None, ' ');
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if open == letter && before != '\\' => quote = None,
            (None, '\n') if before != '\\' => return at,
            _ => {}
        }
        before = letter;
    }
    text.len()
}
