//! What the headings of a page announce.

use super::super::model::Side;

/// What stands under a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A list of fields.
    Fields(Side),
    /// The models that the page is about.
    Models,
    Examples(Side),
    Other,
}

/// What a heading announces, in the words of the pages met so far.
pub(super) fn section(heading: &str) -> Section {
    let lower = heading.trim().to_lowercase();
    match lower.as_str() {
        "body" | "request body" | "body parameters" | "request body fields" | "body params" | "请求体" | "请求字段" => {
            Section::Fields(Side::Body)
        }
        "response" | "response fields" | "response body" | "response parameters" | "响应字段" | "返回字段" | "response field" => {
            Section::Fields(Side::Answer)
        }
        "path parameters" | "path params" | "路径参数" => Section::Fields(Side::Path),
        "query parameters" | "query params" | "query" | "查询参数" => Section::Fields(Side::Query),
        "headers" | "header parameters" | "header" | "request headers" | "请求头" => Section::Fields(Side::Header),
        "supported models" | "models" | "支持模型" | "当前模型" | "模型" => Section::Models,
        _ if ["response example", "响应示例", "返回示例", "queued response", "completed response"]
            .iter()
            .any(|words| lower.contains(words)) =>
        {
            Section::Examples(Side::Answer)
        }
        _ if ["request example", "请求示例"].iter().any(|words| lower.contains(words)) => Section::Examples(Side::Body),
        _ => Section::Other,
    }
}
