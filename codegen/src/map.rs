//! Writes the map of a client as Markdown: its sections, their methods, and the pages of the documentation that they come
//! from. Links are those of rustdoc, from the module that holds the client.

use crate::model::{Api, Tag};
use crate::{facade, names, tasks, uploads};

/// The map as a table.
#[must_use]
pub fn write(api: &Api) -> String {
    let mut out = "| section | methods | documentation |\n|---|---|---|\n".to_owned();
    for tag in api.tags.iter().filter(|tag| !facade::method_names(api, tag).is_empty()) {
        let path = format!("{}::{}", tag.name, names::type_name(&tag.name));
        let methods = links(&path, methods(api, tag));
        out.push_str(&format!("| [`{0}()`](Client::{0}) | {methods} | {1} |\n", tag.name, pages(api, tag)));
    }
    let handles = tasks::handles(api);
    if api.tag(tasks::TAG).is_none() && !handles.is_empty() {
        out.push_str(&format!("| [`{0}()`](Client::{0}) | {1} | |\n", tasks::TAG, links("Tasks", handles)));
    }
    out
}

fn methods(api: &Api, tag: &Tag) -> Vec<String> {
    let mut methods = facade::method_names(api, tag);
    if api.operations.iter().any(|operation| operation.tag == tag.name && operation.upload.is_some()) {
        methods.extend(uploads::METHODS.map(str::to_owned));
    }
    if tag.name == tasks::TAG {
        methods.extend(tasks::handles(api));
    }
    methods
}

fn links(path: &str, methods: Vec<String>) -> String {
    let links = methods.iter().map(|method| format!("[`{method}`]({path}::{method})"));
    links.collect::<Vec<_>>().join(", ")
}

/// The pages of all operations, each once.
fn pages(api: &Api, tag: &Tag) -> String {
    let mut pages: Vec<&str> = Vec::new();
    for page in api.operations.iter().filter(|operation| operation.tag == tag.name).flat_map(|operation| &operation.docs) {
        if !pages.contains(&page.as_str()) {
            pages.push(page);
        }
    }
    let shown = pages.into_iter().map(|page| {
        // Without the language, which is the same for all.
        let name = page.split_once('/').map_or(page, |(_, name)| name);
        api.docs.as_ref().map_or_else(|| format!("`{name}`"), |site| format!("[{name}]({site}/{page})"))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    if shown.is_empty() { "no page".to_owned() } else { shown }
}
