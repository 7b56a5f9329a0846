//! Pages as a reader sees them.

use super::super::super::model::Side;
use super::super::super::types::Kind;
use super::{Item, Op, Spec};

pub fn page(spec: &Spec) -> String {
    let op = &spec.operations[0];
    let mut text = format!("Skip to main content\n{}\nhttps://octopusx.ai\n", op.method);
    op.path.split('/').skip(1).for_each(|step| text.push_str(&format!("/\n{step}\n")));
    text.push_str(&format!("{}\ncurl --request {} \\\n  --url https://octopusx.ai{} \\\n", spec.title, op.method, op.path));
    text.push_str("  --header 'Authorization: Bearer <token>'\n\n");
    text.push_str(&format!("{}\n\nWhat it does.\n  • One thing.\n\n", spec.title));
    if !spec.models.is_empty() {
        text.push_str("Supported Models\n\n");
        spec.models.iter().for_each(|model| text.push_str(&format!("  • {model}\n")));
        text.push('\n');
    }
    text.push_str(&format!("Method and Path\n\n{} {}\n\n", op.method, op.path));
    for value in op.requests.iter().filter(|_| !op.is_form) {
        let body = serde_json::to_string_pretty(value).unwrap().replace('\'', "'\\''");
        let path = op.path.replace(['{', '}'], "");
        text.push_str(&format!("Request Example\n\ncurl -X {} https://octopusx.ai{path} \\\n  -d '{body}'\n\n", op.method));
    }
    for (_, value) in &op.answers {
        let body = serde_json::to_string_pretty(value).unwrap();
        text.push_str(&format!("Response Example\n\n{body}\n\n"));
    }
    text.push_str("Authentication\n\nAuthorization: Bearer YOUR_API_KEY\n\n");
    lists(op, &mut text);
    text + "\nNotes\n\nThere is more to say.\n"
}

fn lists(op: &Op, text: &mut String) {
    for (side, title) in [(Side::Path, "Path Parameters"), (Side::Query, "Query Parameters"), (Side::Header, "Headers")] {
        let items: Vec<&Item> = op.parameters.iter().filter(|item| item.side == side).collect();
        if !items.is_empty() {
            text.push_str(&format!("{title}\n\n"));
            items.iter().for_each(|item| field(item, "", text));
            text.push('\n');
        }
    }
    for (items, title) in [(&op.body, "Body"), (&op.answer, "Response")] {
        if !items.is_empty() {
            text.push_str(&format!("{title}\n\n"));
            items.iter().for_each(|item| field(item, "", text));
            text.push('\n');
        }
    }
}

fn field(item: &Item, before: &str, text: &mut String) {
    let name = format!("{before}{}", item.name);
    text.push_str(&format!("{name}\n{}\n", item.types));
    if item.required == Some(true) {
        text.push_str("required\n");
    }
    if let Some(default) = &item.default {
        text.push_str(&format!("default:{default}\n"));
    }
    let plain: Vec<&String> = item.values.iter().filter(|value| !value.contains(' ')).collect();
    match plain.as_slice() {
        [] => text.push_str("Some words about it, such as x.\n"),
        all => {
            let listed: Vec<String> = all.iter().map(|value| (*value).clone()).collect();
            text.push_str(&format!("Some words about it. Available values include {}.\n", listed.join(", ")));
        }
    }
    let brackets = if item.types.kinds.contains(&Kind::Array) { "[]" } else { "" };
    item.inner.iter().for_each(|inner| field(inner, &format!("{name}{brackets}."), text));
}
