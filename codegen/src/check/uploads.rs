//! `x-upload`: the operation that gives an address to put a file to.

use serde_json::Value;

use super::Checker;
use crate::model::{Api, Kind, Type, UploadShape};

/// What the answer says, and whether it must.
const PLACES: [(&str, bool); 6] =
    [("url", true), ("public_url", true), ("method", false), ("headers", false), ("expires_in", false), ("content_type", false)];

impl Checker<'_> {
    pub(super) fn upload(&self, at: &str, operation: &Value) -> Option<UploadShape> {
        let words = operation.get("x-upload")?;
        let at = format!("{at}/x-upload");
        let mend = "write it as `{body: {file_name: …, content_type: …}, answer: {url: /…, public_url: /…}}`";
        let member = |key: &str| self.text(&format!("{at}/body"), words.get("body"), key, mend);
        let schema = operation.pointer("/responses/200/content/application~1json/schema").unwrap_or(&Value::Null);
        let place = |key: &str| words.pointer(&format!("/answer/{key}")).and_then(Value::as_str).map(str::to_owned);
        for (key, required) in PLACES {
            match place(key) {
                None if required => self.problem(&format!("{at}/answer"), format!("`{key}` is missing"), mend),
                Some(pointer) if !self.names_property(schema, &pointer) => self.problem(
                    &format!("{at}/answer/{key}"),
                    format!("`{pointer}` names no property of the answer"),
                    "write a JSON pointer to a property of the 200 answer",
                ),
                _ => {}
            }
        }
        Some(UploadShape {
            file_name: member("file_name"),
            content_type: member("content_type"),
            url: place("url").unwrap_or_default(),
            public_url: place("public_url").unwrap_or_default(),
            method: place("method"),
            headers: place("headers"),
            expires_in: place("expires_in"),
            signed_type: place("content_type"),
        })
    }

    /// What can be checked only when all schemas are known.
    pub(super) fn check_uploads(&self, api: &Api) {
        let mut seen = false;
        for operation in &api.operations {
            let Some(upload) = &operation.upload else { continue };
            let at = format!("{}/x-upload", operation.pointer);
            if std::mem::replace(&mut seen, true) {
                self.problem(&at, "another operation presigns too", "give `x-upload` to one operation");
            }
            let body = operation.faces.iter().find_map(|face| face.body.as_ref()).and_then(|body| api.schemas.get(body));
            let Some(Kind::Object(body)) = body.map(|schema| &schema.kind) else {
                self.problem(&at, "the operation takes no JSON object", "describe its body");
                continue;
            };
            for name in [&upload.file_name, &upload.content_type] {
                if !body.properties.iter().any(|property| property.name == *name && property.ty == Type::String) {
                    let what = format!("`{name}` names no string of the body");
                    self.problem(&format!("{at}/body"), what, "name a property of the body");
                }
            }
        }
    }
}
