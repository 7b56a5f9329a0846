//! Calls and bodies as pages show them: curl commands, JSON, events.

use serde_json::{Map, Value};

use super::super::model::Route;
use super::routes::{host_of, path_of};

/// A curl command.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) route: Route,
    pub(crate) body: Option<Value>,
    pub(crate) is_form: bool,
    /// Made by the site from its own field list, with placeholders for values.
    pub(crate) generated: bool,
}

/// All curl commands of a block of code.
pub(crate) fn curls(code: &str) -> Vec<Call> {
    let joined = code.replace("\\\r\n", " ").replace("\\\n", " ");
    let starts: Vec<usize> = joined.match_indices("curl ").map(|(at, _)| at).filter(|at| is_start(&joined, *at)).collect();
    let ends = starts.iter().skip(1).copied().chain([joined.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| curl(&joined[*start..end])).collect()
}

fn is_start(text: &str, at: usize) -> bool {
    text[..at].trim_end_matches([' ', '\t', '$']).is_empty() || text[..at].trim_end_matches([' ', '\t', '$']).ends_with('\n')
}

fn curl(command: &str) -> Option<Call> {
    // What follows the command's last argument may be anything; a quote in it must not spoil the command.
    let mut words = shlex::split(command)?.into_iter().skip(1);
    let (mut method, mut address, mut data) = (None, None, None);
    let mut parts = Map::new();
    let mut generated = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" | "--request" => method = words.next(),
            "--url" => address = words.next(),
            "-H" | "--header" => {
                generated |= words.next().is_some_and(|header| header.contains("<token>") || header.contains("<api-key>"))
            }
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--json" => data = words.next(),
            "-F" | "--form" => {
                let part = words.next()?;
                let (name, value) = part.split_once('=')?;
                generated |= value.starts_with('<');
                parts.insert(name.trim_end_matches("[]").to_owned(), Value::from(value));
            }
            "-o" | "--output" | "--max-time" | "-u" => drop(words.next()),
            _ if address.is_none() && word.contains("://") => address = Some(word),
            _ => {}
        }
    }
    let address = address?;
    let path = path_of(&address)?;
    let has_body = data.is_some() || !parts.is_empty();
    let method = method.unwrap_or_else(|| if has_body { "POST" } else { "GET" }.to_owned());
    let body = match data {
        Some(data) => serde_json::from_str(data.trim()).ok(),
        None => (!parts.is_empty()).then(|| Value::Object(parts.clone())),
    };
    generated |= body.as_ref().is_some_and(has_placeholder);
    Some(Call {
        route: Route { host: host_of(&address), ..Route::new(&method, &path) },
        body,
        is_form: !parts.is_empty(),
        generated,
    })
}

/// Whether a value holds what a site writes in place of one.
pub(crate) fn has_placeholder(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('<') && text.ends_with('>'),
        Value::Array(items) => items.iter().any(has_placeholder),
        Value::Object(members) => members.values().any(has_placeholder),
        _ => false,
    }
}

/// The JSON values of `data:` lines.
pub(crate) fn events(code: &str) -> Vec<Value> {
    let data = code.lines().filter_map(|line| line.trim().strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect()
}

/// The JSON values that begin at the beginning of a line, with where each begins and ends.
pub(crate) fn values_in(text: &str) -> Vec<(usize, usize, Value)> {
    let mut found: Vec<(usize, usize, Value)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let covered = found.last().is_some_and(|(_, end, _)| start < *end);
        if covered || !(line.starts_with('{') || line.starts_with('[')) {
            continue;
        }
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            found.push((start, start + values.byte_offset(), value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_gives_route_and_body() {
        let code = "curl -X POST https://octopusx.ai/v1/videos \\\n  -H \"Authorization: Bearer YOUR_API_KEY\" \\\n  -d '{\n    \"model\": \"sora-2\"\n  }'\n\ncurl -L https://octopusx.ai/v1/videos/a/content \\\n  --output a.mp4";
        let calls = curls(code);
        assert_eq!(calls.len(), 2);
        assert_eq!(
            (calls[0].route.to_string(), &calls[0].body),
            ("POST /v1/videos".to_owned(), &Some(json!({"model": "sora-2"})))
        );
        assert_eq!((calls[1].route.to_string(), &calls[1].body), ("GET /v1/videos/a/content".to_owned(), &None));
    }

    #[test]
    fn a_form_and_a_generated_command_are_known() {
        let form = &curls("curl https://x.ai/v1/images/edits -F \"model=a\" -F \"image=@in.png\" -F 'image[]=@b.png'")[0];
        assert!(form.is_form && !form.generated);
        assert_eq!(form.route.to_string(), "POST /v1/images/edits");
        let made = &curls(
            "curl --request GET --url https://x.ai/v1/a --header 'Authorization: Bearer <token>' --data '{\"a\": \"<string>\"}'",
        )[0];
        assert!(made.generated);
        assert_eq!(made.route.to_string(), "GET /v1/a");
    }

    #[test]
    fn values_in_a_text_are_found_by_their_line() {
        let found = values_in("before {1}\n{\n  \"a\": [1]\n}\nafter\n[1, 2]\n{broken\n");
        let values: Vec<&Value> = found.iter().map(|(_, _, value)| value).collect();
        assert_eq!(values, [&json!({"a": [1]}), &json!([1, 2])]);
        assert_eq!(events("data: {\"a\": 1}\n\ndata: [DONE]\n"), [json!({"a": 1})]);
    }
}
