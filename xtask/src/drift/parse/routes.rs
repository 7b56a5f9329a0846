//! Methods and paths, as texts, calls and addresses hold them.

use super::super::model::Route;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Every method that a path follows, in a text of any form.
pub(crate) fn in_text(text: &str) -> Vec<Route> {
    let mut found: Vec<Route> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let method = word.trim_matches(|at: char| !at.is_ascii_alphanumeric());
        if !METHODS.contains(&method) {
            continue;
        }
        let next = words.peek().map(|word| word.trim_start_matches(['`', '*', '|', '(']));
        if let Some(path) = next.and_then(path_of) {
            let route = Route::new(method, &path);
            if !path.contains('*') && !found.contains(&route) {
                found.push(route);
            }
        }
    }
    found
}

/// A line that holds nothing but a method and a path.
pub(crate) fn line(line: &str) -> Option<Route> {
    let mut words = line.split_whitespace();
    let (method, path, rest) = (words.next()?, words.next()?, words.next());
    let known = METHODS.contains(&method) && rest.is_none_or(|word| word.starts_with("HTTP/"));
    known.then(|| path_of(path).map(|path| Route::new(method, &path))).flatten()
}

/// Whether a word is a method.
pub(crate) fn is_method(word: &str) -> bool {
    METHODS.contains(&word)
}

/// The host of an address.
pub(crate) fn host_of(address: &str) -> Option<String> {
    let rest = address.rsplit("://").next().filter(|_| address.contains("://"))?;
    rest.split(['/', '?']).next().map(str::to_owned)
}

/// The path of an address, or a path itself; queries are left out, `:id` and `<id>` become `{id}`.
pub(crate) fn path_of(word: &str) -> Option<String> {
    const ENDS: [char; 11] = ['.', ',', ';', ':', ')', '`', '\'', '"', '|', '。', '，'];
    let word = word.trim_end_matches(ENDS).trim_end_matches("**").trim_end_matches(ENDS);
    let plain = word.replace('\\', "");
    let mut rest = plain.as_str();
    let mut is_address = false;
    // A slip of a site's template prints two schemes.
    while let Some(stripped) = ["https://", "http://", "wss://", "ws://"].iter().find_map(|scheme| rest.strip_prefix(scheme)) {
        is_address = true;
        rest = stripped;
    }
    if is_address {
        rest = rest.find('/').map(|at| &rest[at..])?;
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    if !path.starts_with('/') || path.len() < 2 || path.starts_with("//") {
        return None;
    }
    let ends = path.find(|at: char| !(at.is_ascii_alphanumeric() || "/-_.~{}:<>*$@".contains(at))).unwrap_or(path.len());
    let steps = path[..ends].split('/').map(|step| match (step.strip_prefix(':'), step.strip_prefix('<')) {
        (Some(name), _) if !name.is_empty() => format!("{{{name}}}"),
        (_, Some(name)) => format!("{{{}}}", name.trim_end_matches('>')),
        _ => step.to_owned(),
    });
    Some(steps.collect::<Vec<_>>().join("/"))
}

/// The rows of a table whose cells run together, as in `POST/v1/videosCreate a video task`.
pub(crate) fn glued(line: &str) -> Option<Route> {
    let method = METHODS.into_iter().find(|method| line.strip_prefix(method).is_some_and(|rest| rest.starts_with('/')))?;
    let word = line[method.len()..].split_whitespace().next()?;
    let mut ends = Vec::new();
    let mut depth = 0_usize;
    let mut before = '/';
    for (at, letter) in word.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && letter.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit() || before == '}') => {
                ends.push(at);
            }
            _ => {}
        }
        before = letter;
    }
    ends.push(word.len());
    let paths: Vec<String> = ends.into_iter().filter_map(|end| path_of(&word[..end])).collect();
    (!paths.is_empty()).then(|| Route { method: method.to_owned(), paths, host: None })
}

/// Whether a path of a page is that of a document: placeholders may have other names. With `concrete` the page may also show
/// a value in the place of a placeholder.
pub(crate) fn is_path(document: &str, page: &str, concrete: bool) -> bool {
    let (mut own, mut shown) = (document.split('/'), page.split('/'));
    loop {
        match (own.next(), shown.next()) {
            (None, None) => return true,
            (Some(own), Some(shown)) if is_step(own, shown, concrete) => {}
            _ => return false,
        }
    }
}

fn is_step(own: &str, shown: &str, concrete: bool) -> bool {
    if nameless(own) == nameless(shown) {
        return true;
    }
    let Some((before, after)) = own.find('{').zip(own.rfind('}')) else { return false };
    let (before, after) = (&own[..before], &own[after + 1..]);
    let middle = shown.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    concrete && middle.is_some_and(|middle| !middle.is_empty())
}

/// A step of a path without the names of its placeholders.
fn nameless(step: &str) -> String {
    let mut found = String::new();
    let mut inside = false;
    for letter in step.chars() {
        match letter {
            '{' => {
                inside = true;
                found.push('{');
            }
            '}' => inside = false,
            letter if !inside => found.push(letter),
            _ => {}
        }
    }
    found
}

/// The names of a path's placeholders.
pub(crate) fn placeholders(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_every_form_of_address() {
        for (word, path) in [
            ("https://octopusx.ai/v1/videos", Some("/v1/videos")),
            ("https://octopusx.ai/v1/video/query?id=a", Some("/v1/video/query")),
            ("wss://https://octopusx.ai/v1/realtime?model=x", Some("/v1/realtime")),
            ("/v1/tasks/:id", Some("/v1/tasks/{id}")),
            (r"/v1/videos/\{task\_id}", Some("/v1/videos/{task_id}")),
            ("`/v1/videos/{task_id}`.", Some("/v1/videos/{task_id}")),
            ("/v1beta/models/{model}:generateContent", Some("/v1beta/models/{model}:generateContent")),
            ("/api/usage/token/", Some("/api/usage/token/")),
            ("https://octopusx.ai", None),
            ("word", None),
            ("/", None),
        ] {
            assert_eq!(path_of(word.trim_start_matches('`')).as_deref(), path, "{word}");
        }
    }

    #[test]
    fn routes_are_found_in_sentences() {
        let found =
            in_text("Use `POST /v1/images/edits` or **POST** /v1/edits, not `/mj/submit/*` or POST /mj/submit/*. GET ready.");
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["POST /v1/images/edits", "POST /v1/edits"]);
        assert_eq!(line("POST /v1/x HTTP/1.1"), Some(Route::new("POST", "/v1/x")));
        assert_eq!(line("POST /v1/x and more"), None);
        assert_eq!(line("Authorization: Bearer X"), None);
    }

    #[test]
    fn cells_that_run_together_leave_every_end_open() {
        let paths = |text: &str| glued(text).unwrap().paths;
        assert_eq!(paths("POST/v1/videosCreate a video"), ["/v1/videos", "/v1/videosCreate"]);
        assert_eq!(paths("GET/v1/videos/{task_id}/contentProxy it")[0], "/v1/videos/{task_id}/content");
        assert_eq!(paths("GET/v1/videos/{taskId}Query it")[0], "/v1/videos/{taskId}");
        assert!(paths("POST/v1/asset/CreateAssetGroupMake one").contains(&"/v1/asset/CreateAssetGroup".to_owned()));
        assert_eq!(glued("Postal code"), None);
    }

    #[test]
    fn names_of_placeholders_do_not_matter_and_values_only_in_calls() {
        assert!(is_path("/v1/videos/{task_id}", "/v1/videos/{id}", false));
        assert!(!is_path("/v1/videos/{task_id}", "/v1/videos/abc", false));
        assert!(is_path("/v1/videos/{task_id}", "/v1/videos/abc", true));
        assert!(is_path("/v1beta/models/{model}:generateContent", "/v1beta/models/gemini-2.5:generateContent", true));
        assert!(!is_path("/v1beta/models/{model}:generateContent", "/v1beta/models/gemini-2.5:embed", true));
        assert!(!is_path("/v1/videos", "/v1/videos/", true));
        assert_eq!(placeholders("/a/{b}/c/{d}:e"), ["b", "d"]);
    }
}
