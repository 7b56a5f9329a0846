//! A request arrives as the document shows it.

use httpmock::HttpMockRequest;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::documents::Document;
use crate::json::difference;
use crate::method::{Address, Carries, Credential, Method, Request, Way};
use crate::multipart::{Part, parts};
use crate::site::{KEY, Reply, Site, content, file_name};

/// Headers that HTTP itself wants; every other one must be named by the document.
const PLAIN: [&str; 8] =
    ["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent"];

pub async fn check(site: &Site, document: &Document, method: &Method, request: &Request) -> Result<(), String> {
    let example = if request.example.is_empty() { Value::Null } else { document.at(request.example)?.clone() };
    // The methods decide over the switch; no type has it.
    let bare = with_switch(&example, method.switch, false);
    let call = (request.send)(site, &bare)?;
    let (outcome, seen) = site.run(call, Reply::json(200, &json!({}))).await;
    let [arrived] = seen.as_slice() else {
        return Err(format!("{} requests arrived, and the call came to {outcome:?}", seen.len()));
    };
    if arrived.method_str() != method.verb {
        return Err(format!("the method is {} instead of {}", arrived.method_str(), method.verb));
    }
    address(arrived, if request.way == Way::Odd { &method.odd } else { &method.shown })?;
    headers(arrived, method, request)?;
    body(arrived, request, &with_switch(&example, method.switch, request.streams))
}

/// The example with its switch on, or without one.
fn with_switch(example: &Value, switch: Option<&str>, on: bool) -> Value {
    let mut example = example.clone();
    if let (Some(switch), Value::Object(members)) = (switch, &mut example) {
        members.shift_remove(switch);
        if on {
            members.insert(switch.to_owned(), Value::Bool(true));
        }
    }
    example
}

fn address(arrived: &HttpMockRequest, expected: &Address) -> Result<(), String> {
    let uri = arrived.uri();
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let steps: Result<Vec<_>, _> =
        path.strip_prefix('/').unwrap_or(path).split('/').map(|step| percent_decode_str(step).decode_utf8()).collect();
    let steps = steps.map_err(|_| format!("the path is no UTF-8: {path}"))?;
    if steps != expected.path {
        return Err(format!("the path is {path}, which is {steps:?} instead of {:?}", expected.path));
    }
    let mut found: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut wanted: Vec<(String, String)> =
        expected.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    found.sort();
    wanted.sort();
    if found == wanted { Ok(()) } else { Err(format!("the query is {query}, which is {found:?} instead of {wanted:?}")) }
}

fn headers(arrived: &HttpMockRequest, method: &Method, request: &Request) -> Result<(), String> {
    let mut expected: Vec<(&str, String)> = method.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    match method.credential {
        Credential::None => {}
        Credential::Bearer => expected.push(("authorization", format!("Bearer {KEY}"))),
        Credential::Header(name) => expected.push((name, KEY.to_owned())),
        Credential::Cookie(name) => expected.push(("cookie", format!("{name}={KEY}"))),
    }
    if request.streams {
        expected.push(("accept", "text/event-stream".to_owned()));
    }
    match request.carries {
        Carries::Json => expected.push(("content-type", "application/json".to_owned())),
        Carries::Form { .. } => {}
        Carries::Nothing if header(arrived, "content-type").is_empty() => {}
        Carries::Nothing => return Err("a request without a body has a content type".to_owned()),
    }
    for (name, value) in &expected {
        let found = header(arrived, name);
        if found != [value] {
            return Err(format!("the header `{name}` is {found:?} instead of {value:?}"));
        }
    }
    let foreign = arrived
        .headers_vec()
        .iter()
        .map(|(name, _)| name.to_lowercase())
        .find(|name| !PLAIN.contains(&name.as_str()) && expected.iter().all(|(expected, _)| expected != name));
    foreign.map_or(Ok(()), |name| Err(format!("the document does not name the header `{name}`")))
}

fn header<'a>(arrived: &'a HttpMockRequest, name: &str) -> Vec<&'a String> {
    let all = arrived.headers_vec().iter();
    all.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

fn body(arrived: &HttpMockRequest, request: &Request, example: &Value) -> Result<(), String> {
    match request.carries {
        Carries::Nothing if arrived.body_ref().is_empty() => Ok(()),
        Carries::Nothing => Err(format!("the body is {:?}", arrived.body_string())),
        Carries::Json => {
            let found: Value = serde_json::from_slice(arrived.body_ref()).map_err(|error| format!("the body: {error}"))?;
            difference(example, &found, "").map_or(Ok(()), |difference| Err(format!("the body: {difference}")))
        }
        Carries::Form { files } => {
            let content_type = header(arrived, "content-type").first().map(|value| value.as_str()).unwrap_or_default();
            same_parts(parts_of(example, files), parts(content_type, arrived.body_ref())?)
        }
    }
}

/// The parts that an example means: lists part by part, files from their `@name`, everything else as it reads.
fn parts_of(example: &Value, files: &[&str]) -> Vec<Part> {
    let mut found = Vec::new();
    for (name, value) in example.as_object().into_iter().flatten() {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for item in items.iter().filter(|item| !item.is_null()) {
            let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            let file = files.contains(&name.as_str());
            found.push(Part {
                name: name.clone(),
                file_name: file.then(|| file_name(&text).to_owned()),
                body: if file { content(&text) } else { text.into_bytes() },
            });
        }
    }
    found
}

/// The same parts; those of one name in the same order, those of different names in any.
fn same_parts(mut expected: Vec<Part>, mut found: Vec<Part>) -> Result<(), String> {
    for parts in [&mut expected, &mut found] {
        parts.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let names = |parts: &[Part]| parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
    if names(&expected) != names(&found) {
        return Err(format!("the parts are {:?} instead of {:?}", names(&found), names(&expected)));
    }
    let mut pairs = expected.iter().zip(&found);
    let other = pairs.find(|(expected, found)| expected.file_name != found.file_name || !same_text(&expected.body, &found.body));
    other.map_or(Ok(()), |(expected, found)| {
        let shown = |part: &Part| format!("{:?} {:?}", part.file_name, String::from_utf8_lossy(&part.body));
        Err(format!("the part `{}` is {} instead of {}", expected.name, shown(found), shown(expected)))
    })
}

/// Equal bytes, or the same JSON: `1` and `1.0` say the same.
fn same_text(expected: &[u8], found: &[u8]) -> bool {
    let json = |text| serde_json::from_slice::<Value>(text);
    expected == found
        || matches!((json(expected), json(found)), (Ok(expected), Ok(found)) if difference(&expected, &found, "").is_none())
}
