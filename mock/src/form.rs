//! Forms with files: the parts of a `multipart/form-data` body, and the JSON value that they stand for.

use std::cmp::Reverse;
use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::once;
use http::HeaderMap;
use multer::Multipart;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::document::Media;
use crate::pointer::{Pointer, escape};
use crate::schema::{Complaint, Schema, Schemas};
use crate::text;

/// One part of a form, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedPart {
    /// The field that it fills; empty when the part did not say it.
    pub name: String,
    /// The name of the file. A part without one is a text.
    pub file_name: Option<String>,
    /// The media type that the part named for itself.
    pub content_type: Option<String>,
    /// The content, byte by byte.
    pub bytes: Bytes,
}

impl RecordedPart {
    /// The content as text; none when it is no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// Takes a body apart; `Err` says why it is no form.
pub(crate) fn parse(content_type: &str, body: &Bytes) -> Result<Vec<RecordedPart>, String> {
    let boundary = multer::parse_boundary(content_type).map_err(|error| error.to_string())?;
    let whole = once(ready(Ok::<_, Infallible>(body.clone())));
    // All bytes are here: a parser that waits for more of them would wait for ever.
    let parts = all_parts(Multipart::new(whole, boundary)).now_or_never();
    parts.unwrap_or(Err(multer::Error::IncompleteStream)).map_err(|error| error.to_string())
}

async fn all_parts(mut form: Multipart<'_>) -> multer::Result<Vec<RecordedPart>> {
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await? {
        let name = field.name().map(str::to_owned).or_else(|| encoded_name(field.headers()));
        parts.push(RecordedPart {
            name: name.unwrap_or_default(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            bytes: field.bytes().await?,
        });
    }
    Ok(parts)
}

/// The name of a part that is written as `name*=utf-8''…`, as some clients do with blanks and foreign letters.
fn encoded_name(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(http::header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let (_, rest) = disposition.split_once("name*=")?;
    let (_, name) = rest.split(';').next()?.trim().split_once("''")?;
    Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
}

/// The value that the parts stand for, and what it has against the schema. Where several schemas are allowed it is read
/// by one that it has nothing against, else by the one that was most likely meant: that knows most of the parts. A file
/// stands for its name.
pub(crate) fn read(schemas: &Schemas, media: &Media, parts: &[RecordedPart]) -> Result<(Value, Vec<Complaint>), String> {
    let mut best = None;
    for schema in media.variants() {
        let found = read_as(schemas, schema, parts)?;
        let score = (found.1.is_empty(), schemas.known_members(schema, &found.0), Reverse(found.1.len()));
        if best.as_ref().is_none_or(|(_, best)| score > *best) {
            best = Some((found, score));
        }
    }
    Ok(best.map(|(found, _)| found).unwrap_or_default())
}

/// The members of a form's value that are no files.
pub(crate) fn without_files(mut value: Value, parts: &[RecordedPart]) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !parts.iter().any(|part| part.name == *name && part.file_name.is_some()));
    }
    value
}

fn read_as(schemas: &Schemas, schema: &Schema, parts: &[RecordedPart]) -> Result<(Value, Vec<Complaint>), String> {
    let mut value = Map::new();
    let mut complaints = Vec::new();
    for part in parts {
        let name = part.name.as_str();
        if !value.contains_key(name) {
            let all: Vec<&RecordedPart> = parts.iter().filter(|part| part.name == name).collect();
            value.insert(name.to_owned(), member(schemas, schema, &all, &mut complaints));
        }
    }
    let value = Value::Object(value);
    let by_schema = schema.complaints(schemas, &value)?;
    // A part that can't be read would only be complained of twice.
    let new = |found: &Complaint| complaints.iter().all(|known: &Complaint| known.pointer != found.pointer);
    let by_schema: Vec<Complaint> = by_schema.into_iter().filter(new).collect();
    complaints.extend(by_schema);
    Ok((value, complaints))
}

/// The value of a member that one part holds, or several of one name.
fn member(schemas: &Schemas, schema: &Schema, parts: &[&RecordedPart], complaints: &mut Vec<Complaint>) -> Value {
    let Some(first) = parts.first() else { return Value::Null };
    let name = first.name.as_str();
    let at = format!("/{}", escape(name));
    let mut complain = |pointer: &str, message: &str| {
        complaints.push(Complaint { pointer: pointer.to_owned(), message: message.to_owned() });
    };
    if name.is_empty() {
        complain("", "a part has no name");
    }
    let own = schemas.at(schema.raw(), &Pointer::member(name));
    let items = schemas.at(schema.raw(), &Pointer::items_of(name));
    let is_list = own.iter().any(|facet| text::is_of_type(facet, "array"));
    if is_list || (own.is_empty() && parts.len() > 1) {
        let each = parts.iter().enumerate().map(|(index, part)| one(part, &items, &format!("{at}/{index}"), &mut complain));
        return each.collect();
    }
    if parts.len() > 1 {
        complain(&at, "it is given more than once");
    }
    one(first, &own, &at, &mut complain)
}

fn one(part: &RecordedPart, facets: &[&Value], at: &str, complain: &mut dyn FnMut(&str, &str)) -> Value {
    let wants_file = facets.iter().any(|facet| facet.get("format").and_then(Value::as_str) == Some("binary"));
    match part.file_name.as_deref() {
        Some("") if wants_file => complain(at, "the name of the file is empty"),
        None if wants_file => complain(at, "a file is expected, and this part has no file name"),
        Some(_) if !wants_file && !facets.is_empty() => complain(at, "a text is expected, and this part is a file"),
        _ => {}
    }
    if let Some(file_name) = &part.file_name {
        return Value::from(file_name.as_str());
    }
    let Some(text) = part.text() else {
        complain(at, "it is no UTF-8 text");
        return Value::from("");
    };
    text::value(text, facets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::document::Document;
    use serde_json::json;

    fn document() -> Document {
        let media = json!({"schema": {"$ref": "#/components/schemas/Any"}});
        let root = json!({
            "paths": {"/f": {"post": {
                "operationId": "f_make", "responses": {},
                "requestBody": {"content": {"multipart/form-data": media}}}}},
            "components": {"schemas": {
                "Any": {"anyOf": [{"$ref": "#/components/schemas/Picture"}, {"$ref": "#/components/schemas/Sound"}]},
                "Picture": {"type": "object", "required": ["model", "image"], "properties": {
                    "model": {"type": "string"},
                    "image": {"type": "string", "format": "binary"},
                    "image[]": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    "n": {"type": "integer"},
                    "seconds": {"oneOf": [{"type": "number"}, {"type": "string"}]},
                    "sharp": {"type": "boolean"},
                    "size": {"type": "string", "enum": ["s", "l"]},
                    "tags[]": {"type": "array", "items": {"type": "integer"}},
                    "cut": {"oneOf": [{"type": "string", "enum": ["auto"]}, {"$ref": "#/components/schemas/Cut"}]}}},
                "Sound": {"type": "object", "required": ["voice"], "properties": {"voice": {"type": "integer"}}},
                "Cut": {"type": "object", "required": ["at"], "properties": {"at": {"type": "number"}}}}}});
        Document::parse(&root.to_string()).map_err(|error| error.to_string()).unwrap()
    }

    fn part(name: &str, file_name: Option<&str>, text: &str) -> RecordedPart {
        let file_name = file_name.map(str::to_owned);
        RecordedPart { name: name.to_owned(), file_name, content_type: None, bytes: text.to_owned().into() }
    }

    fn read_parts(parts: &[RecordedPart]) -> (Value, Vec<String>) {
        let document = document();
        let media = &document.operations[0].body.as_ref().unwrap().media[0];
        let (value, complaints) = read(&document.schemas, media, parts).unwrap();
        (value, complaints.into_iter().map(|one| format!("{}: {}", one.pointer, one.message)).collect())
    }

    #[test]
    fn texts_become_what_the_schema_says() {
        let texts = [
            ("model", "7"),
            ("n", "2"),
            ("seconds", "4"),
            ("sharp", "true"),
            ("size", "l"),
            ("tags[]", "1"),
            ("tags[]", "2"),
            ("cut", r#"{"at": 0.5}"#),
            ("new", "x"),
            ("more", "1"),
            ("more", "2"),
        ];
        let mut parts: Vec<_> = texts.iter().map(|(name, text)| part(name, None, text)).collect();
        parts.push(part("image", Some("cat.png"), "…"));
        let (value, complaints) = read_parts(&parts);
        assert_eq!(complaints, [""; 0]);
        let expected = json!({"model": "7", "n": 2, "seconds": "4", "sharp": true, "size": "l", "tags[]": [1, 2],
            "cut": {"at": 0.5}, "new": "x", "more": ["1", "2"], "image": "cat.png"});
        assert_eq!(value, expected);
        assert_eq!(without_files(value, &parts).get("image"), None);
        let (value, complaints) = read_parts(&[part("voice", None, "3"), part("model", None, "m")]);
        assert_eq!((value, complaints.len()), (json!({"voice": 3, "model": "m"}), 0));
    }

    #[test]
    fn every_wrong_part_is_named() {
        let (_, complaints) = read_parts(&[
            part("model", Some("model.txt"), "m"),
            part("image", None, "@cat.png"),
            part("image[]", Some("a.png"), ""),
            part("image[]", Some(""), ""),
            part("n", None, "two"),
            part("sharp", None, "yes"),
            part("size", None, "s"),
            part("size", None, "l"),
            part("cut", None, "never"),
        ]);
        let expected = [
            "/model: a text is expected, and this part is a file",
            "/image: a file is expected, and this part has no file name",
            "/image[]/1: the name of the file is empty",
            "/size: it is given more than once",
            "/n: \"two\" is not of type \"integer\"",
            "/sharp: \"yes\" is not of type \"boolean\"",
            "/cut: \"never\" is none of: \"auto\"",
        ];
        assert_eq!(complaints, expected);
        let (_, complaints) = read_parts(&[part("model", None, "m"), part("", None, "m")]);
        assert_eq!(complaints, [": a part has no name"]);
        let (_, complaints) = read_parts(&[part("model", None, "m"), part("size", None, "s")]);
        assert_eq!(complaints, [": \"image\" is a required property"]);
        let broken = RecordedPart { bytes: vec![0xff].into(), ..part("model", None, "") };
        assert_eq!(read_parts(&[broken, part("image", Some("i"), "")]).1, ["/model: it is no UTF-8 text"]);
    }

    #[test]
    fn a_body_is_taken_apart() {
        let body = "--b\r\ncontent-disposition: form-data; name=\"image[]\"; filename=\"a \\\"1\\\".png\"\r\n\
                    content-type: image/png\r\n\r\n\r\n--x\r\n--b\r\n\
                    Content-Disposition: form-data; name*=utf-8''a%20b\r\n\r\nc\r\n--b--\r\n";
        let parts = parse("multipart/form-data; boundary=b", &body.into()).unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].file_name.as_deref()), ("image[]", Some("a \"1\".png")));
        assert_eq!((parts[0].content_type.as_deref(), &parts[0].bytes[..]), (Some("image/png"), &b"\r\n--x"[..]));
        assert_eq!((parts[1].name.as_str(), parts[1].text(), &parts[1].file_name), ("a b", Some("c"), &None));
        assert_eq!(parse("multipart/form-data; boundary=b", &"--b--".into()).unwrap(), []);
        for (kind, body) in [
            ("multipart/form-data", "--b--"),
            ("multipart/form-data; boundary=b", ""),
            ("multipart/form-data; boundary=b", "--c--"),
            ("multipart/form-data; boundary=b", "--b\r\ncontent-disposition: form-data; name=a\r\n\r\nx"),
            ("multipart/form-data; boundary=b", "--b\r\n"),
        ] {
            assert!(parse(kind, &body.into()).is_err(), "{kind} {body}");
        }
    }
}
