//! Writes what users call: `client.videos().create(&body)`.

use std::collections::BTreeSet;

use crate::model::{Answer, Api, Auth, Face, Older, Operation, Parameter, Place, Section, Setting, Stream, Tag, Type, WebSocket};
use crate::names;
use crate::prepare;
use crate::text::{Writer, literal, rustdoc};
use crate::types::rust_type;
use crate::uploads;

/// Writes what holds for the whole document.
pub fn write_document_facts(out: &mut Writer, api: &Api) {
    out.line("// Written by octopusx-codegen from the OpenAPI document. Change the document, not this file.");
    out.doc("The gateway's public address.");
    out.line(&format!("pub const BASE_URL: &str = {};", literal(api.server.trim_end_matches('/'))));
    out.doc("The state of the documentation that this client was made from.");
    out.line(&format!("pub const DOCUMENT_VERSION: &str = {};", literal(&api.version)));
    out.doc("Every operation that this build can call, one entry for each method.");
    out.line("pub const OPERATIONS: &[crate::Operation] = &[");
    for (operation, face) in methods(api) {
        out.line(&format!("    {}::{},", operation.tag, constant(operation, face)));
    }
    out.line("];");
}

fn methods(api: &Api) -> impl Iterator<Item = (&Operation, &Face)> {
    api.operations.iter().flat_map(|operation| operation.faces.iter().map(move |face| (operation, face)))
}

/// Writes the accessors of the client, one for each tag.
pub fn write_accessors(out: &mut Writer, api: &Api) {
    out.open("impl Client");
    for tag in api.tags.iter().filter(|tag| api.operations.iter().any(|operation| operation.tag == tag.name)) {
        let name = names::type_name(&tag.name);
        out.doc(&rustdoc(&tag.description));
        write_feature(out, tag);
        out.line("#[must_use]");
        out.open(&format!("pub fn {0}(&self) -> {0}::{name}<'_>", tag.name));
        out.line(&format!("{}::{name}::new(self)", tag.name));
        out.close();
    }
    out.close();
}

/// Writes the struct of a tag, its methods, and what they need.
pub fn write_section(out: &mut Writer, api: &Api, section: &Section) {
    let Some(tag) = api.tag(&section.name) else { return };
    let name = names::type_name(&tag.name);
    let own: Vec<(&Operation, &Face)> = methods(api).filter(|(operation, _)| operation.tag == tag.name).collect();
    if own.is_empty() {
        return;
    }
    for (operation, face) in &own {
        write_constant(out, operation, face);
    }
    out.doc(&format!("{}\n\nMade by [`Client::{}`](super::Client::{}).", rustdoc(&tag.description), tag.name, tag.name));
    write_feature(out, tag);
    out.line("#[derive(Clone, Copy, Debug)]");
    out.open(&format!("pub struct {name}<'c>"));
    out.line("client: &'c super::Client,");
    out.close();
    out.open(&format!("impl<'c> {name}<'c>"));
    out.open("pub(super) fn new(client: &'c super::Client) -> Self");
    out.line("Self { client }");
    out.close();
    for (operation, face) in &own {
        modes(operation).iter().for_each(|mode| write_method(out, api, operation, face, *mode));
    }
    let uploading = own.iter().map(|(operation, _)| *operation).find(|operation| operation.upload.is_some());
    uploading.into_iter().for_each(|operation| uploads::write_methods(out, operation));
    out.close();
    uploading.into_iter().for_each(|operation| uploads::write_setters(out, api, operation));
    let mut seen = BTreeSet::new();
    for (operation, face) in &own {
        if seen.insert(&operation.id) {
            write_parameters(out, api, operation);
        }
        write_body_trait(out, api, operation, face);
    }
}

/// On docs.rs: which feature it takes.
fn write_feature(out: &mut Writer, tag: &Tag) {
    out.line(&format!("#[cfg_attr(docsrs, doc(cfg(feature = {})))]", literal(&tag.feature)));
}

/// What a WebSocket gives; its parameter is what its stream yields.
const SESSION: &str = "crate::realtime::Session";

fn constant(operation: &Operation, face: &Face) -> String {
    names::constant(&format!("{}_{}", operation.tag, face.method))
}

fn write_constant(out: &mut Writer, operation: &Operation, face: &Face) {
    let auth = match &face.auth {
        Auth::None => "None".to_owned(),
        Auth::Bearer => "Bearer".to_owned(),
        Auth::Session => "Session".to_owned(),
        Auth::Header(name) => format!("Header({})", literal(name)),
    };
    let success = operation.success.as_ref().map_or_else(
        || "None".to_owned(),
        |success| {
            let values: Vec<String> = success.values.iter().map(|value| literal(&value.to_string())).collect();
            format!("Some(crate::operation::Success {{ at: {}, values: &[{}] }})", literal(&success.at), values.join(", "))
        },
    );
    let stream = operation.stream.as_ref().map_or_else(
        || "None".to_owned(),
        |stream| {
            let some = |word: &Option<String>| {
                word.as_ref().map_or_else(|| "None".to_owned(), |word| format!("Some({})", literal(word)))
            };
            let list = |words: &[String]| words.iter().map(|word| literal(word)).collect::<Vec<_>>().join(", ");
            format!(
                "Some(crate::operation::Stream {{ switch: {}, end: {}, last: &[{}], finish: &[{}], failure: &[{}] }})",
                some(&stream.switch),
                some(&stream.end),
                list(&stream.last),
                list(&[stream.finish.as_slice(), &stream.enough].concat()),
                list(&stream.failure)
            )
        },
    );
    let usage = operation.usage.as_ref().map_or_else(
        || "None".to_owned(),
        |usage| {
            let list = |all: &[String]| all.iter().map(|pointer| literal(pointer)).collect::<Vec<_>>().join(", ");
            let (model, input, output) = (list(&usage.model), list(&usage.input), list(&usage.output));
            format!("Some(crate::operation::Usage {{ model: &[{model}], input: &[{input}], output: &[{output}] }})")
        },
    );
    out.open(&format!("pub(super) const {}: crate::Operation = crate::Operation", constant(operation, face)));
    out.line(&format!("id: {},", literal(&format!("{}_{}", operation.tag, face.method))));
    out.line(&format!("method: ::http::Method::{},", operation.verb));
    out.line(&format!("path: {},", literal(&operation.path)));
    out.line(&format!("auth: crate::operation::Auth::{auth},"));
    out.line(&format!("idempotent: {},", face.idempotent));
    out.line(&format!("success: {success},"));
    out.line(&format!("stream: {stream},"));
    out.line(&format!("usage: {usage},"));
    let text = operation.plain_text.as_ref().map_or_else(|| "None".to_owned(), |name| format!("Some({})", literal(name)));
    out.line(&format!("plain_text: {text},"));
    for (field, place) in [("headers", Place::Header), ("queries", Place::Query)] {
        let constants = constants(operation, face).into_iter().filter(|(_, _, at)| *at == place);
        let pairs: Vec<String> = constants.map(|(name, value, _)| format!("({}, {})", literal(&name), literal(&value))).collect();
        out.line(&format!("{field}: &[{}],", pairs.join(", ")));
    }
    out.line(&format!("lists_conflict: {},", operation.lists_conflict));
    out.line(&format!("websocket: {},", operation.websocket.as_ref().map_or_else(|| "None".to_owned(), websocket)));
    out.close_with("};");
}

fn websocket(socket: &WebSocket) -> String {
    let older = socket.older.as_ref().map_or_else(|| "None".to_owned(), |older| format!("Some({})", older_form(older)));
    format!("Some(crate::operation::WebSocket {{ protocols: {}, older: {older} }})", texts(&socket.protocols))
}

fn older_form(older: &Older) -> String {
    let place = |setting: &Setting| {
        let (place, values) = (pair(&setting.place), pairs(&setting.values));
        format!("crate::operation::Setting {{ place: {place}, values: {values} }}")
    };
    let settings = older.settings.iter().map(|settings| {
        let places: Vec<String> = settings.places.iter().map(place).collect();
        let alone = format!("({}, {})", texts(&settings.alone.0), texts(&settings.alone.1));
        format!(
            "crate::operation::Settings {{ event: {}, at: {}, says: {}, places: &[{}], alone: {alone} }}",
            pair(&settings.event),
            literal(&settings.at),
            pairs(&settings.says),
            places.join(", ")
        )
    });
    let settings: Vec<String> = settings.collect();
    format!(
        "crate::operation::Older {{ header: {}, protocol: {}, events: {}, settings: &[{}] }}",
        pair(&older.header),
        literal(&older.protocol),
        pairs(&older.events),
        settings.join(", ")
    )
}

fn texts(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|text| literal(text)).collect();
    format!("&[{}]", all.join(", "))
}

fn pair((first, second): &(String, String)) -> String {
    format!("({}, {})", literal(first), literal(second))
}

fn pairs(all: &[(String, String)]) -> String {
    let all: Vec<String> = all.iter().map(pair).collect();
    format!("&[{}]", all.join(", "))
}

/// What a method asks the operation for.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Whole,
    /// The switch is set, and the method's name says so.
    Streams,
    AlwaysStreams,
    /// A WebSocket.
    Connects,
}

/// The methods that one operation becomes.
fn modes(operation: &Operation) -> &'static [Mode] {
    match &operation.stream {
        None if operation.websocket.is_some() => &[Mode::Connects],
        None => &[Mode::Whole],
        Some(stream) if stream.switch.is_none() => &[Mode::AlwaysStreams],
        Some(_) => &[Mode::Whole, Mode::Streams],
    }
}

fn method_name(face: &Face, mode: Mode) -> String {
    if mode == Mode::Streams { format!("{}_stream", face.method) } else { face.method.clone() }
}

/// The names of all methods of a tag's routes.
pub(crate) fn method_names(api: &Api, tag: &Tag) -> Vec<String> {
    let own = methods(api).filter(|(operation, _)| operation.tag == tag.name);
    own.flat_map(|(operation, face)| modes(operation).iter().map(|mode| method_name(face, *mode))).collect()
}

fn write_method(out: &mut Writer, api: &Api, operation: &Operation, face: &Face, mode: Mode) {
    let streams = matches!(mode, Mode::Streams | Mode::AlwaysStreams);
    method_doc(out, api, operation, face, mode);
    if operation.deprecated {
        out.line("#[deprecated]");
    }
    let section = &operation.tag;
    let arguments: Vec<&Parameter> = prepare::arguments(operation).collect();
    let mut list = vec!["&self".to_owned()];
    list.extend(arguments.iter().map(|parameter| format!("{}: {}", parameter.rust_name, parameter_type(parameter))));
    let headers: Vec<&Parameter> = required_headers(operation, face).collect();
    list.extend(headers.iter().map(|parameter| format!("{}: &str", parameter.rust_name)));
    if face.bodies().next().is_some() {
        list.push(format!("body: &impl {}", body_trait(operation, face)));
    }
    let name = method_name(face, mode);
    let answer = match (&operation.stream, mode) {
        (_, Mode::Connects) => SESSION.to_owned(),
        (Some(stream), Mode::Streams | Mode::AlwaysStreams) => events_type(api, stream, section),
        _ => answer_type(api, face, section),
    };
    let marker =
        if optional_parameters(operation).next().is_some() { format!(", {}", parameters_type(operation)) } else { String::new() };
    out.open(&format!("pub fn {name}({}) -> crate::Call<{answer}{marker}>", list.join(", ")));
    // progenitor takes the query parameters in the order of their names.
    let mut ordered = arguments;
    ordered.sort_by_key(|parameter| (parameter.place == Place::Query).then_some(&parameter.name));
    let passed: Vec<String> = ordered.into_iter().map(passed).collect();
    out.line("let core = self.client.core();");
    out.line("let requests = super::requests::Requests { client: core.begin(), baseurl: core.base_url() };");
    out.line(&format!(
        "crate::Call::new(core, const {{ &{} }}, requests.{}({}))",
        constant(operation, face),
        operation.id,
        passed.join(", ")
    ));
    for parameter in headers {
        out.line(&format!("    .header({}, {})", literal(&parameter.name), parameter.rust_name));
    }
    if face.bodies().next().is_some() {
        out.line(&format!("    .with_body(body, {streams})"));
    }
    if streams {
        out.line("    .streaming()");
    }
    if mode == Mode::Connects {
        out.line("    .connecting()");
    }
    out.close();
}

fn method_doc(out: &mut Writer, api: &Api, operation: &Operation, face: &Face, mode: Mode) {
    let ending = if mode == Mode::Streams { ", as a stream of events" } else { "" };
    out.doc(&format!("{}{ending}.\n\n{}", rustdoc(face.summary.trim_end_matches('.')), rustdoc(&face.description)));
    out.line("///");
    let source = match &operation.unlisted {
        Some(why) => format!("No documentation page shows this route: {}", rustdoc(why)),
        None => format!("Documentation: {}.", api.pages(&operation.docs)),
    };
    out.doc(&format!("`{} {}`. {source}", operation.verb, operation.path));
}

fn parameter_type(parameter: &Parameter) -> &'static str {
    match parameter.ty {
        Type::Integer => "i64",
        Type::Number => "f64",
        Type::Boolean => "bool",
        _ => "&str",
    }
}

fn passed(parameter: &Parameter) -> String {
    if parameter.ty == Type::String { parameter.rust_name.clone() } else { format!("&{}.to_string()", parameter.rust_name) }
}

pub(crate) fn required_headers<'a>(operation: &'a Operation, face: &'a Face) -> impl Iterator<Item = &'a Parameter> {
    operation.parameters.iter().filter(|parameter| {
        parameter.place == Place::Header
            && parameter.required
            && parameter.constant.is_none()
            && !face.fixed.contains_key(&parameter.name)
    })
}

/// Parameters whose value this face knows.
fn constants(operation: &Operation, face: &Face) -> Vec<(String, String, Place)> {
    let value = |parameter: &Parameter| {
        face.fixed.get(&parameter.name).cloned().or_else(|| parameter.constant.clone().filter(|_| parameter.required))
    };
    operation
        .parameters
        .iter()
        .filter_map(|parameter| Some((parameter.name.clone(), value(parameter)?, parameter.place)))
        .collect()
}

fn answer_type(api: &Api, face: &Face, section: &str) -> String {
    match &face.answer {
        Answer::Json(ty) => format!("crate::Response<{}>", rust_type(api, ty, section)),
        Answer::Bytes => "crate::ByteStream".into(),
        Answer::Empty => "crate::Response<()>".into(),
    }
}

fn events_type(api: &Api, stream: &Stream, section: &str) -> String {
    format!("crate::EventStream<{}>", rust_type(api, &Type::Named(stream.event.clone()), section))
}

/// The parameters that are setters of the call.
pub(crate) fn optional_parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation
        .parameters
        .iter()
        .filter(|parameter| !parameter.required && operation.faces.iter().all(|face| !face.fixed.contains_key(&parameter.name)))
}

fn parameters_type(operation: &Operation) -> String {
    format!("{}Parameters", names::type_name(&operation.id))
}

fn write_parameters(out: &mut Writer, api: &Api, operation: &Operation) {
    if optional_parameters(operation).next().is_none() {
        return;
    }
    let marker = parameters_type(operation);
    out.doc(&format!("Marks a call of `{}().{}`, which has optional parameters.", operation.tag, operation.method_of_id()));
    out.line("#[derive(Clone, Copy, Debug)]");
    out.line("#[non_exhaustive]");
    out.line(&format!("pub struct {marker};"));
    let mut answers: BTreeSet<String> = operation.faces.iter().map(|face| answer_type(api, face, &operation.tag)).collect();
    if operation.stream.as_ref().is_some_and(|stream| stream.switch.is_none()) {
        answers.clear();
    }
    answers.extend(operation.stream.iter().map(|stream| events_type(api, stream, &operation.tag)));
    let mut generics = "";
    if operation.websocket.is_some() {
        generics = "<E>";
        answers = BTreeSet::from([format!("{SESSION}<E>")]);
    }
    for answer in answers {
        out.open(&format!("impl{generics} crate::Call<{answer}, {marker}>"));
        for parameter in optional_parameters(operation) {
            let setter = if parameter.place == Place::Header { "header" } else { "query" };
            out.doc(&rustdoc(&parameter.description));
            let value = if parameter.ty == Type::String {
                parameter.rust_name.clone()
            } else {
                format!("&{}.to_string()", parameter.rust_name)
            };
            out.open(&format!("pub fn {0}(self, {0}: {1}) -> Self", parameter.rust_name, parameter_type(parameter)));
            out.line(&format!("self.{setter}({}, {value})", literal(&parameter.name)));
            out.close();
        }
        out.close();
    }
}

pub(crate) fn body_trait(operation: &Operation, face: &Face) -> String {
    format!("{}Body", names::type_name(&format!("{}_{}", operation.tag, face.method)))
}

fn write_body_trait(out: &mut Writer, api: &Api, operation: &Operation, face: &Face) {
    let accepted: Vec<String> = face.bodies().flat_map(|body| api.accepted(body)).map(str::to_owned).collect();
    if accepted.is_empty() {
        return;
    }
    let name = body_trait(operation, face);
    let links: Vec<String> = accepted
        .iter()
        .map(|schema| {
            let path = rust_type(api, &Type::Named(schema.clone()), &operation.tag);
            if path == *schema { format!("[`{schema}`]") } else { format!("[`{schema}`]({path})") }
        })
        .collect();
    out.doc(&format!("What `{}().{}` takes: {}. Sealed.", operation.tag, face.method, links.join(", ")));
    out.line(&format!("pub trait {name}: crate::wire::Body {{}}"));
    for schema in accepted {
        out.line(&format!("impl {name} for {} {{}}", rust_type(api, &Type::Named(schema), &operation.tag)));
    }
}
