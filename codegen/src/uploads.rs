//! Writes the methods that upload a file: presign and put in one.

use crate::model::{Api, Kind, Operation, Type, UploadShape};
use crate::names;
use crate::text::{Writer, literal, rustdoc};

/// Their names.
pub(crate) const METHODS: [&str; 3] = ["file", "bytes", "stream"];

/// The methods of the section, beside those that call routes.
pub fn write_methods(out: &mut Writer, operation: &Operation) {
    let Some(shape) = &operation.upload else { return };
    let presign = format!("[`{}`](Self::{0})", operation.method_of_id());
    for (method, arguments, file, doc) in [
        (
            "file",
            "path: impl AsRef<::std::path::Path>",
            "crate::FilePart::path(path)",
            "Uploads a file from the disk, read in pieces while it is sent",
        ),
        (
            "bytes",
            "file_name: impl Into<String>, bytes: impl Into<::bytes::Bytes>",
            "crate::FilePart::bytes(file_name, bytes)",
            "Uploads bytes that are here, under this name",
        ),
        (
            "stream",
            "file_name: impl Into<String>,
            stream: impl ::futures_core::Stream<Item = ::std::io::Result<::bytes::Bytes>> + Send + 'static,
            length: u64",
            "crate::FilePart::stream(file_name, stream, Some(length))",
            "Uploads what a stream gives, exactly `length` bytes. It is read once, so nothing is sent again",
        ),
    ] {
        out.doc(&format!(
            "{doc}.\n\nAsks for an address with {presign}, puts the file there without the key, and gives its public address; \
             see [`Upload`](crate::Upload)."
        ));
        out.open(&format!("pub fn {method}(&self, {arguments}) -> crate::Upload"));
        out.line(&format!(
            "crate::Upload::new(self.client.core(), const {{ &{} }}, {}, {file})",
            constant(operation),
            literal_shape(shape)
        ));
        out.close();
    }
}

/// What else the presigning body takes, as setters of the upload.
pub fn write_setters(out: &mut Writer, api: &Api, operation: &Operation) {
    let Some(shape) = &operation.upload else { return };
    let body = operation.faces.iter().find_map(|face| face.body.as_ref()).and_then(|body| api.schemas.get(body));
    let Some(Kind::Object(body)) = body.map(|schema| &schema.kind) else { return };
    let own = [&shape.file_name, &shape.content_type];
    out.open("impl crate::Upload");
    for property in body.properties.iter().filter(|property| !own.contains(&&property.name)) {
        let (ty, value) = match property.ty {
            Type::String => ("impl Into<String>", "value.into().into()"),
            Type::Integer => ("i64", "value.into()"),
            Type::Boolean => ("bool", "value.into()"),
            _ => continue,
        };
        out.doc(&rustdoc(&property.description));
        out.open(&format!("pub fn {}(self, value: {ty}) -> Self", property.rust_name));
        out.line(&format!("self.member({}, {value})", literal(&property.name)));
        out.close();
    }
    out.close();
}

fn constant(operation: &Operation) -> String {
    names::constant(&operation.id)
}

fn literal_shape(shape: &UploadShape) -> String {
    let some =
        |place: &Option<String>| place.as_ref().map_or_else(|| "None".to_owned(), |place| format!("Some({})", literal(place)));
    format!(
        "crate::upload::Shape {{ file_name: {}, content_type: {}, url: {}, public_url: {}, method: {}, headers: {}, \
         expires_in: {}, signed_type: {} }}",
        literal(&shape.file_name),
        literal(&shape.content_type),
        literal(&shape.url),
        literal(&shape.public_url),
        some(&shape.method),
        some(&shape.headers),
        some(&shape.expires_in),
        some(&shape.signed_type),
    )
}
