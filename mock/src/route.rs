//! Finds the operation of a request: path templates as the document writes them, `{model}:generateContent` included.

use std::cmp::Reverse;

use http::Method;
use percent_encoding::percent_decode_str;

/// All templates, the most literal first.
pub(crate) struct Routes {
    templates: Vec<(usize, Template)>,
}

impl Routes {
    /// Takes the templates in the order of the operations: a find is the place in that list.
    pub(crate) fn new(templates: Vec<Template>) -> Self {
        let mut templates: Vec<_> = templates.into_iter().enumerate().collect();
        templates.sort_by_key(|(_, template)| Reverse(template.rank()));
        Self { templates }
    }

    /// The place of the operation, and the path's parameters without percent signs.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<(usize, Vec<(String, String)>)> {
        let segments: Vec<String> =
            path.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
        let find = |method: &Method| {
            let fitting = self.templates.iter().filter(|(_, template)| template.method == *method);
            fitting.map(|(at, template)| (*at, template.captures(&segments))).find_map(|(at, found)| Some((at, found?)))
        };
        // What can be got can be asked for without its body.
        find(method).or_else(|| if *method == Method::HEAD { find(&Method::GET) } else { None })
    }
}

/// A method and a path with parameters.
pub(crate) struct Template {
    method: Method,
    segments: Vec<Vec<Piece>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Parameter(String),
}

impl Template {
    pub(crate) fn parse(method: Method, template: &str) -> Result<Self, &'static str> {
        if !template.starts_with('/') {
            return Err("a path begins with a slash");
        }
        let segments = template.split('/').map(pieces).collect::<Result<_, _>>()?;
        Ok(Self { method, segments })
    }

    /// Greater is more literal: by segment from the left, a literal before a mixture before a bare parameter.
    fn rank(&self) -> Vec<(bool, usize)> {
        let of_segment = |segment: &Vec<Piece>| {
            let literal = segment.iter().map(|piece| match piece {
                Piece::Literal(text) => text.len(),
                Piece::Parameter(_) => 0,
            });
            (!segment.iter().any(|piece| matches!(piece, Piece::Parameter(_))), literal.sum())
        };
        self.segments.iter().map(of_segment).collect()
    }

    fn captures(&self, segments: &[String]) -> Option<Vec<(String, String)>> {
        if self.segments.len() != segments.len() {
            return None;
        }
        let mut found = Vec::new();
        let fits = self.segments.iter().zip(segments).all(|(pieces, text)| capture(pieces, text, &mut found));
        fits.then_some(found)
    }
}

fn pieces(segment: &str) -> Result<Vec<Piece>, &'static str> {
    let mut found = Vec::new();
    let mut rest = segment;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or("a parameter has no end")?;
        if !before.is_empty() {
            found.push(Piece::Literal(before.to_owned()));
        } else if matches!(found.last(), Some(Piece::Parameter(_))) {
            return Err("nothing stands between two parameters");
        }
        found.push(Piece::Parameter(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest.to_owned()));
    }
    Ok(found)
}

/// Matches one segment. A parameter takes as much as it can and never nothing.
fn capture(pieces: &[Piece], text: &str, found: &mut Vec<(String, String)>) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::Literal(literal) => text.strip_prefix(literal.as_str()).is_some_and(|text| capture(rest, text, found)),
        Piece::Parameter(name) => {
            let ends = text.char_indices().map(|(at, one)| at + one.len_utf8());
            for end in ends.rev() {
                let kept = found.len();
                found.push((name.clone(), text[..end].to_owned()));
                if capture(rest, &text[end..], found) {
                    return true;
                }
                found.truncate(kept);
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn find(templates: &[&str], path: &str) -> Option<(usize, Vec<String>)> {
        let parsed = templates.iter().map(|template| Template::parse(Method::GET, template).unwrap()).collect();
        let (at, found) = Routes::new(parsed).find(&Method::GET, path)?;
        Some((at, found.into_iter().map(|(name, value)| format!("{name}={value}")).collect()))
    }

    #[test]
    fn the_most_literal_template_wins() {
        let templates = ["/m/{model}:{action}", "/m/{model}:generate", "/m/{model}", "/m/all"];
        assert_eq!(find(&templates, "/m/all"), Some((3, vec![])));
        assert_eq!(find(&templates, "/m/g"), Some((2, vec!["model=g".into()])));
        assert_eq!(find(&templates, "/m/g:generate"), Some((1, vec!["model=g".into()])));
        assert_eq!(find(&templates, "/m/g%3Agenerate"), Some((1, vec!["model=g".into()])));
        assert_eq!(find(&templates, "/m/a:b:embed"), Some((0, vec!["model=a:b".into(), "action=embed".into()])));
    }

    #[test]
    fn slashes_and_methods_are_exact() {
        assert_eq!(find(&["/api/usage/"], "/api/usage"), None);
        assert_eq!(find(&["/api/usage"], "/api/usage/"), None);
        assert_eq!(find(&["/v/{id}"], "/v/"), None);
        assert_eq!(find(&["/v/{id}"], "/v/a%2Fb"), Some((0, vec!["id=a/b".into()])));
        let routes = Routes::new(vec![Template::parse(Method::GET, "/a").unwrap()]);
        assert!(routes.find(&Method::POST, "/a").is_none());
        assert!(routes.find(&Method::HEAD, "/a").is_some());
    }

    #[test]
    fn broken_templates_are_refused() {
        assert!(Template::parse(Method::GET, "a").is_err());
        assert!(Template::parse(Method::GET, "/{a").is_err());
        assert!(Template::parse(Method::GET, "/{a}{b}").is_err());
    }
}
