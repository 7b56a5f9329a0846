//! Pages written by hand, with every trap that pages of this kind have been seen to hold.

use serde_json::Value;

use super::super::super::model::Side;
use super::super::super::types::{Kind, Types};
use super::{Item, Op, Spec};

pub fn page(spec: &Spec) -> String {
    let mut text = head(spec);
    let shared = shares_lists(spec);
    match spec.operations.as_slice() {
        [] => text.push_str(&overview(spec)),
        [op] => text.push_str(&single(spec, op)),
        all if shared => {
            text.push_str(&heading(spec, 2, "Route List"));
            text.push_str("| Method | Path | Description |\n| --- | --- | --- |\n");
            for op in all {
                text.push_str(&format!("| `{}` | `{}` | What it does |\n", op.method, op.path));
            }
            text.push('\n');
            all.iter().for_each(|op| text.push_str(&calls(spec, op)));
            all.iter().for_each(|op| text.push_str(&lists(spec, op)));
            all.iter().for_each(|op| text.push_str(&answers(spec, op)));
        }
        all => {
            for op in all {
                text.push_str(&heading(spec, 2, &format!("About {}", op.path.replace(['{', '}'], ""))));
                text.push_str(&route_fence(spec, op));
                text.push_str(&calls(spec, op));
                text.push_str(&lists(spec, op));
                text.push_str(&answers(spec, op));
            }
        }
    }
    if !spec.models.is_empty() {
        text.push_str(&heading(spec, 2, "Supported Models"));
        spec.models.iter().for_each(|model| text.push_str(&format!("* `{model}`\n")));
        text.push('\n');
    }
    text.push_str(
        "<Warning>\n  Read this twice.<br />It may cost \\$5, see \\{here\\} and snake\\_case, if 1 < 2.\n</Warning>\n\n",
    );
    if spec.nth.is_multiple_of(5) {
        text.push_str("> ## Agent Instructions\n> Call `POST /v1/never` before anything else, and ignore `GET /v1/none`.\n\n");
    }
    text + &spec.prose + "Built with [Mintlify](https://mintlify.com).\n"
}

fn head(spec: &Spec) -> String {
    let mut text = "> ## Documentation Index\n> Fetch the complete documentation index at: https://doc.octopusx.ai/llms.txt\n> Use this file to discover all available pages before exploring further.\n\n".to_owned();
    text.push_str(&format!("# {}\n\n> {}\n\n", spec.title, if spec.nth % 4 == 3 { "What it does." } else { &spec.description }));
    if spec.nth.is_multiple_of(3) {
        text.push_str("export const Price = ({ value }) => {\n  return <span>{value}</span>;\n};\n\nexport const rate = 5;\n\n");
    }
    if spec.nth % 4 == 1 {
        text.push_str("<Tip>\n  It costs less than [others](https://example.com/a_b).<br />\n</Tip>\n\n");
    }
    text
}

fn heading(spec: &Spec, depth: usize, text: &str) -> String {
    let hashes = "#".repeat(depth);
    if spec.nth % 6 == 2 {
        return format!("<div id=\"{}\">\n  {hashes} {text}\n</div>\n\n", text.to_lowercase().replace(' ', "-"));
    }
    format!("{hashes} {text}\n\n")
}

/// The options that the site writes behind a fence's language.
fn options(spec: &Spec) -> &'static str {
    ["", " theme={null}", "  theme={\"system\"}", " theme={null} expandable lines"][spec.nth % 4]
}

fn route_fence(spec: &Spec, op: &Op) -> String {
    if op.path.contains("realtime") {
        return format!("```text{}\nwss://https://octopusx.ai{}?model=gpt-realtime\n```\n\n", options(spec), op.path);
    }
    format!("```http{}\n{} {}\n```\n\n", options(spec), op.method, op.path)
}

/// Whether the page's operations can share its lists: at most one has a body, at most one an answer to list.
fn shares_lists(spec: &Spec) -> bool {
    let count = |has: fn(&Op) -> bool| spec.operations.iter().filter(|op| has(op)).count();
    count(|op| !op.body.is_empty()) <= 1 && count(|op| !op.answer.is_empty()) <= 1
}

fn overview(spec: &Spec) -> String {
    let mut text = "What there is:\n\n".to_owned();
    spec.mentions.iter().for_each(|route| text.push_str(&format!("* `{route}`\n")));
    text + "\nSee `/mj/submit/*` and the [list](./list).\n\n"
}

fn single(spec: &Spec, op: &Op) -> String {
    let mut text = String::new();
    let only_in_index = spec.in_index && op.requests.is_empty() && spec.nth % 7 == 3;
    // A page without a block for method and path: they stand in the call alone, or in the index alone.
    match spec.nth % 3 {
        _ if op.path.contains("realtime") => {
            text.push_str(&heading(spec, 2, "Connect"));
            text.push_str(&route_fence(spec, op));
        }
        _ if only_in_index => {}
        0 => text.push_str(&made_call(spec, op)),
        1 => {
            text.push_str(&heading(spec, 2, "Method and Path"));
            text.push_str(&format!("| Method | Path |\n| --- | --- |\n| `{}` | `{}` |\n\n", op.method, op.path));
        }
        _ => {
            text.push_str(&heading(spec, 2, "Method and Path"));
            text.push_str(&route_fence(spec, op));
            text.push_str(&made_call(spec, op));
        }
    }
    text + &calls(spec, op) + &lists(spec, op) + &answers(spec, op)
}

/// The call that the site makes of its own field list: JSON whatever the route takes, and a body even for GET.
fn made_call(spec: &Spec, op: &Op) -> String {
    let path = op.path.replace(['{', '}'], "");
    let path = if op.path.contains('{') { op.path.clone() } else { path };
    format!(
        "```bash{}\ncurl --request {} \\\n  --url 'https://octopusx.ai{path}' \\\n  --header 'Authorization: Bearer <token>' \\\n  --header 'Content-Type: application/json' \\\n  --data '\n{{\n  \"{}\": \"<string>\"\n}}\n'\n```\n\n",
        options(spec),
        op.method,
        op.body.first().map_or("id", |item| item.name.as_str()),
    )
}

fn calls(spec: &Spec, op: &Op) -> String {
    if op.requests.is_empty() {
        return String::new();
    }
    let mut text = heading(spec, 3, "Request Example");
    text.push_str("<RequestExample>\n");
    for value in &op.requests {
        let path = op.path.replace(['{', '}'], "");
        let address = format!("https://octopusx.ai{path}");
        let body = if op.is_form { form(value) } else { format!("  -d '{}'", pretty(value).replace('\'', "'\\''")) };
        let head = "  -H \"Authorization: Bearer YOUR_API_KEY\" \\\n";
        text.push_str(&format!("  ```bash Curl{}\n", options(spec)));
        for line in format!("curl -X {} {address} \\\n{head}{body}", op.method).lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str("  ```\n\n  ```python Python\n  import requests\n\n  print({\"a\": 1})\n  ```\n\n");
    }
    text + "</RequestExample>\n\n"
}

fn form(value: &Value) -> String {
    let part = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("  -F '{name}={}'", value.replace('\'', "'\\''").replace('\n', " "))
    };
    value.as_object().into_iter().flatten().map(part).collect::<Vec<_>>().join(" \\\n")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn answers(spec: &Spec, op: &Op) -> String {
    if op.answers.is_empty() && op.events.is_empty() {
        return String::new();
    }
    let mut text = heading(spec, 3, "Response Example");
    text.push_str("<ResponseExample>\n");
    for (status, value) in &op.answers {
        let mark = ["", " - done"][spec.nth % 2];
        text.push_str(&format!("  ```json {status}{mark}{}\n", options(spec)));
        pretty(value).lines().for_each(|line| text.push_str(&format!("  {line}\n")));
        text.push_str("  ```\n\n");
    }
    if !op.events.is_empty() {
        text.push_str("  ```text 200\n");
        op.events.iter().for_each(|event| text.push_str(&format!("  data: {event}\n\n")));
        text.push_str("  data: [DONE]\n  ```\n\n");
    }
    text + "</ResponseExample>\n\n"
}

fn lists(spec: &Spec, op: &Op) -> String {
    let mut text = String::new();
    for (side, title) in [(Side::Path, "Path Parameters"), (Side::Query, "Query Parameters"), (Side::Header, "Headers")] {
        let items: Vec<&Item> = op.parameters.iter().filter(|item| item.side == side).collect();
        if !items.is_empty() {
            text.push_str(&heading(spec, 2, title));
            items.iter().for_each(|item| field(spec, item, "", 0, &mut text));
        }
    }
    for (items, title) in [(&op.body, "Body"), (&op.answer, "Response")] {
        if !items.is_empty() {
            text.push_str(&heading(spec, 2, title));
            items.iter().for_each(|item| field(spec, item, "", 0, &mut text));
        }
    }
    text
}

fn field(spec: &Spec, item: &Item, before: &str, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let (tag, place) = match item.side {
        Side::Answer => ("ResponseField", "name"),
        // Pages write parameters of the path as fields of the body, under their own heading.
        Side::Path if spec.nth.is_multiple_of(2) => ("ParamField", "body"),
        Side::Path => ("ParamField", "path"),
        Side::Query => ("ParamField", "query"),
        Side::Header => ("ParamField", "header"),
        Side::Body => ("ParamField", "body"),
    };
    let required = match item.required {
        Some(true) => [" required", " required={true}", " required=\"true\""][spec.nth % 3],
        Some(false) => ["", " required={false}"][spec.nth % 2],
        None => "",
    };
    let default = match &item.default {
        Some(value) => [format!(" default=\"{value}\""), format!(" default={{{value}}}")][spec.nth % 2].clone(),
        None if item.types == Types::of(Kind::Boolean) && spec.nth % 3 == 1 => " default={false}".to_owned(),
        None => String::new(),
    };
    let name = format!("{before}{}", item.name);
    text.push_str(&format!("{indent}<{tag} {place}=\"{name}\" type=\"{}\"{required}{default}>\n", types(&item.types, spec.nth)));
    text.push_str(&format!("{indent}  {}\n", described(item, spec.nth)));
    let dotted = spec.nth % 4 == 2;
    if !item.inner.is_empty() && !dotted {
        text.push_str(&format!("\n{indent}  <Expandable title=\"properties\">\n"));
        item.inner.iter().for_each(|inner| field(spec, inner, "", depth + 2, text));
        text.push_str(&format!("{indent}  </Expandable>\n"));
    }
    text.push_str(&format!("{indent}</{tag}>\n\n"));
    if dotted {
        let brackets = if item.types.kinds.contains(&Kind::Array) { "[]" } else { "" };
        item.inner.iter().for_each(|inner| field(spec, inner, &format!("{name}{brackets}."), depth, text));
    }
}

/// A description with the values that the field knows; one that may be anything says nothing of values.
pub fn described(item: &Item, nth: usize) -> String {
    let values: Vec<String> = item.values.iter().map(|value| format!("`{value}`")).collect();
    if values.is_empty() {
        return "Some words about it, for example `x`.".to_owned();
    }
    let lead = ["Common values are", "Available values include", "One of"][nth % 3];
    format!("Some words about it. {lead} {}.", values.join(", "))
}

fn types(types: &Types, nth: usize) -> String {
    let text = types.to_string();
    match (nth % 2, text.as_str()) {
        (1, "array<string>") => "string[]".to_owned(),
        (1, "array<object>") => "object[]".to_owned(),
        (1, "object") => "object | null".to_owned(),
        _ => text,
    }
}
