//! Reads operations out of the JSON of a document, with the place of whatever is wrong.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};

use super::DocumentError;
use super::operation::{
    Alternative, Answer, Example, Face, Media, Operation, Parameter, Place, RequestBody, Scheme, StreamRule, Success, UploadRule,
};
use crate::pointer::{Pointer, escape};
use crate::realtime::Socket;
use crate::schema::Schema;

type Result<T, E = DocumentError> = std::result::Result<T, E>;

/// References to references are followed this far.
const HOPS: usize = 8;

pub(super) struct Reader<'d> {
    root: &'d Value,
}

impl<'d> Reader<'d> {
    pub(super) fn new(root: &'d Value) -> Self {
        Self { root }
    }

    /// All operations, in the order of the document.
    pub(super) fn operations(&self) -> Result<Vec<Operation>> {
        let mut found = Vec::new();
        for (path, item) in members(self.root.get("paths")) {
            let item_at = format!("/paths/{}", escape(path));
            let shared = item.get("parameters");
            for (verb, operation) in members(Some(item)) {
                let Some(method) = method(verb) else { continue };
                found.push(self.operation(method, path, shared, operation, &format!("{item_at}/{verb}"))?);
            }
        }
        Ok(found)
    }

    fn operation(&self, method: Method, path: &str, shared: Option<&'d Value>, source: &'d Value, at: &str) -> Result<Operation> {
        let id = source.get("operationId").and_then(Value::as_str);
        let id = id.ok_or_else(|| DocumentError::new(at, "it has no operationId"))?.to_owned();
        let idempotent = source.get("x-idempotent") == Some(&Value::Bool(true));
        let security = source.get("security").or_else(|| self.root.get("security"));
        let mut parameters = self.parameters(source.get("parameters"), &format!("{at}/parameters"))?;
        // The operation's own parameters come first; one of the path holds where no own one has its name.
        for parameter in self.parameters(shared, at)? {
            if !parameters.iter().any(|own| own.name == parameter.name && own.place == parameter.place) {
                parameters.push(parameter);
            }
        }
        let (answers, errors) = self.responses(source, &format!("{at}/responses"))?;
        let stream = self.stream(source, &answers, &format!("{at}/x-stream"))?;
        Ok(Operation {
            reads: method == Method::GET || idempotent,
            parameters,
            body: self.body(source, &format!("{at}/requestBody"))?,
            security: self.security(security, at)?,
            answers,
            errors,
            success: success(source, at)?,
            stream,
            socket: source.get("x-websocket").map(|word| Socket::read(word, self.root)),
            upload: upload(source, &format!("{at}/x-upload"))?,
            faces: self.faces(&id, source, &format!("{at}/x-faces"))?,
            template: path.to_owned(),
            method,
            id,
        })
    }

    fn parameters(&self, list: Option<&'d Value>, at: &str) -> Result<Vec<Parameter>> {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.enumerate().map(|(index, source)| self.parameter(source, &format!("{at}/{index}"))).collect()
    }

    fn parameter(&self, source: &'d Value, at: &str) -> Result<Parameter> {
        let source = self.resolve(source, at)?;
        let text = |key: &str| source.get(key).and_then(Value::as_str);
        let name = text("name").ok_or_else(|| DocumentError::new(at, "it has no name"))?;
        let place = text("in").and_then(Place::parse);
        let place = place.ok_or_else(|| DocumentError::new(at, "`in` is none of path, query, header, cookie"))?;
        Ok(Parameter {
            name: name.to_owned(),
            place,
            required: place == Place::Path || source.get("required") == Some(&Value::Bool(true)),
            explode: source.get("explode").and_then(Value::as_bool).unwrap_or(place == Place::Query),
            schema: Schema::new(source.get("schema").unwrap_or(&Value::Bool(true))),
        })
    }

    fn body(&self, source: &'d Value, at: &str) -> Result<Option<RequestBody>> {
        let Some(body) = source.get("requestBody") else { return Ok(None) };
        let body = self.resolve(body, at)?;
        let required = body.get("required") == Some(&Value::Bool(true));
        Ok(Some(RequestBody { required, media: self.content(body, at)? }))
    }

    fn content(&self, holder: &'d Value, at: &str) -> Result<Vec<Media>> {
        let all = members(holder.get("content")).map(|(kind, media)| {
            let at = format!("{at}/content/{}", escape(kind));
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let schema = media.get("schema");
            let branches = schema.map(|schema| self.branches(schema, &format!("{at}/schema"))).transpose()?.unwrap_or_default();
            Ok(Media { schema: schema.map(Schema::new), branches, examples: self.examples(media, &at)?, kind })
        });
        all.collect()
    }

    /// The branches of a schema that is a union.
    fn branches(&self, schema: &'d Value, at: &str) -> Result<Vec<Schema>> {
        let whole = self.resolve(schema, at)?;
        let listed = ["anyOf", "oneOf"].into_iter().find_map(|word| whole.get(word)?.as_array());
        Ok(listed.into_iter().flatten().map(Schema::new).collect())
    }

    fn examples(&self, media: &'d Value, at: &str) -> Result<Vec<Example>> {
        let single = media.get("example").map(|value| Example { value: value.clone(), ..Example::default() });
        let named = members(media.get("examples")).map(|(name, source)| {
            let at = format!("{at}/examples/{}", escape(name));
            let source = self.resolve(source, &at)?;
            Ok(Example {
                name: Some(name.clone()),
                schema: source.get("x-schema").and_then(Value::as_str).map(str::to_owned),
                status: error_status(source, &at)?,
                pages: texts(source.get("x-docs")),
                value: source.get("value").cloned().unwrap_or_default(),
            })
        });
        single.map(Ok).into_iter().chain(named).collect()
    }

    /// The answers that are no failures, or that of a route that nobody has built; and the examples of failures.
    fn responses(&self, source: &'d Value, at: &str) -> Result<(Vec<Answer>, Vec<Example>)> {
        let mut answers = Vec::new();
        let mut errors = Vec::new();
        // The answer of a route that nobody has built: all that such a route has.
        let mut refusal = None;
        for (status, response) in members(source.get("responses")) {
            let at = format!("{at}/{status}");
            let media = self.content(self.resolve(response, &at)?, &at)?;
            match status.parse::<u16>() {
                Ok(code) if code < 400 => answers.push(Answer { status: code, media }),
                other => {
                    let code = other.ok();
                    let examples = media.iter().flat_map(|media| &media.examples).cloned();
                    errors.extend(examples.map(|example| Example { status: example.status.or(code), ..example }));
                    refusal = code.filter(|code| *code == 501).map(|status| Answer { status, media }).or(refusal);
                }
            }
        }
        // A success before a redirect, and both before a change of protocol.
        answers.sort_by_key(|answer| (answer.status < 200, answer.status));
        let says_nothing = answers.iter().all(|answer| answer.status >= 200 && answer.media.is_empty());
        let shown = |answer: &Answer| answer.media.iter().any(|media| !media.examples.is_empty());
        if let Some(refusal) = refusal.filter(|refusal| says_nothing && shown(refusal)) {
            answers.insert(0, refusal);
        }
        Ok((answers, errors))
    }

    fn stream(&self, source: &'d Value, answers: &[Answer], at: &str) -> Result<Option<StreamRule>> {
        let Some(word) = source.get("x-stream") else { return Ok(None) };
        let text = |key: &str| word.get(key).and_then(Value::as_str).map(str::to_owned);
        let finish = texts(word.get("finish")).into_iter().map(|pointer| {
            let parsed = Pointer::parse(&pointer);
            parsed.ok_or_else(|| DocumentError::new(&format!("{at}/finish"), format!("{pointer} is no JSON pointer")))
        });
        let event = answers.iter().flat_map(|answer| &answer.media).find(|media| media.is_events());
        let event = event.ok_or_else(|| DocumentError::new(at, "no answer of the operation is text/event-stream"))?;
        let event =
            event.schema.as_ref().and_then(|schema| self.root.pointer(schema.raw().get("$ref")?.as_str()?.strip_prefix('#')?));
        let tag = event.and_then(|event| event.pointer("/discriminator/propertyName")?.as_str());
        Ok(Some(StreamRule {
            switch: text("switch"),
            end: text("end"),
            last: texts(word.get("last")),
            finish: finish.collect::<Result<_>>()?,
            tag: tag.map(str::to_owned),
        }))
    }

    fn security(&self, source: Option<&'d Value>, at: &str) -> Result<Vec<Alternative>> {
        let list = source.and_then(Value::as_array).into_iter().flatten();
        list.map(|all| members(Some(all)).map(|(name, _)| self.scheme(name, at)).collect()).collect()
    }

    fn scheme(&self, name: &str, at: &str) -> Result<Scheme> {
        let scheme = self.root.pointer(&format!("/components/securitySchemes/{}", escape(name)));
        let scheme = scheme.ok_or_else(|| DocumentError::new(at, format!("no security scheme is named {name}")))?;
        let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        Ok(match (text("type"), Place::parse(text("in"))) {
            ("http", _) if text("scheme").eq_ignore_ascii_case("bearer") => Scheme::Bearer,
            ("apiKey", Some(place)) => Scheme::Key { place, name: text("name").to_owned() },
            _ => Scheme::Other(name.to_owned()),
        })
    }

    fn faces(&self, id: &str, source: &'d Value, at: &str) -> Result<Vec<Face>> {
        let tag = source.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default();
        let list = source.get("x-faces").and_then(Value::as_array).into_iter().flatten();
        list.enumerate().map(|(index, face)| self.face(id, tag, face, &format!("{at}/{index}"))).collect()
    }

    fn face(&self, operation: &str, tag: &str, source: &'d Value, at: &str) -> Result<Face> {
        let text = |key: &str| source.get(key).and_then(Value::as_str);
        let method = text("method").ok_or_else(|| DocumentError::new(at, "it has no method"))?;
        let fixed = members(source.get("fixed")).map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), value)
        });
        let own = source.get("security").map(|security| self.security(Some(security), at)).transpose()?;
        Ok(Face {
            id: if tag.is_empty() { operation.to_owned() } else { format!("{tag}_{method}") },
            fixed: fixed.collect::<BTreeMap<_, _>>(),
            reads: source.get("x-idempotent") == Some(&Value::Bool(true)),
            security: own,
            body: text("body").map(Schema::named),
            answer: text("answer").map(str::to_owned),
        })
    }

    /// Follows local references.
    fn resolve(&self, source: &'d Value, at: &str) -> Result<&'d Value> {
        let mut found = source;
        for _ in 0..HOPS {
            let Some(reference) = found.get("$ref").and_then(Value::as_str) else { return Ok(found) };
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            found = target.ok_or_else(|| DocumentError::new(at, format!("{reference} leads nowhere")))?;
        }
        Err(DocumentError::new(at, "its references lead in a circle"))
    }
}

fn success(source: &Value, at: &str) -> Result<Option<Success>> {
    let Some(word) = source.get("x-success") else { return Ok(None) };
    let pointer = word.get("at").and_then(Value::as_str).and_then(Pointer::parse);
    let pointer = pointer.ok_or_else(|| DocumentError::new(at, "x-success has no JSON pointer in `at`"))?;
    let values = word.get("values").and_then(Value::as_array);
    let values = values.filter(|list| !list.is_empty());
    let values = values.ok_or_else(|| DocumentError::new(at, "x-success has no `values`"))?;
    Ok(Some(Success { at: pointer, values: values.clone() }))
}

fn upload(source: &Value, at: &str) -> Result<Option<UploadRule>> {
    let Some(word) = source.get("x-upload") else { return Ok(None) };
    let member = |name: &str| {
        let found = word.pointer(&format!("/body/{name}")).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| DocumentError::new(&format!("{at}/body"), format!("it names no `{name}`")))
    };
    let pointer = |name: &str| {
        let problem = || DocumentError::new(&format!("{at}/answer"), format!("`{name}` is no JSON pointer"));
        let found = word.pointer(&format!("/answer/{name}"));
        found.map(|text| text.as_str().and_then(Pointer::parse).ok_or_else(problem)).transpose()
    };
    let needed = |name: &str| {
        let missing = || DocumentError::new(&format!("{at}/answer"), format!("it names no `{name}`"));
        pointer(name)?.ok_or_else(missing)
    };
    Ok(Some(UploadRule {
        file_name: member("file_name")?,
        content_type: member("content_type")?,
        url: needed("url")?,
        public_url: needed("public_url")?,
        expires_in: pointer("expires_in")?,
        signed_type: pointer("content_type")?,
    }))
}

/// The word `x-status`: what a failure comes with, where the response is that of several.
fn error_status(example: &Value, at: &str) -> Result<Option<u16>> {
    let Some(word) = example.get("x-status") else { return Ok(None) };
    let status = word.as_u64().and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
    let problem = || DocumentError::new(&format!("{at}/x-status"), format!("{word} is no status of a failure"));
    status.map(Some).ok_or_else(problem)
}

/// One text, or a list of them.
fn texts(word: Option<&Value>) -> Vec<String> {
    let listed = match word {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    listed.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn method(verb: &str) -> Option<Method> {
    Some(match verb {
        "get" => Method::GET,
        "put" => Method::PUT,
        "post" => Method::POST,
        "delete" => Method::DELETE,
        "options" => Method::OPTIONS,
        "head" => Method::HEAD,
        "patch" => Method::PATCH,
        "trace" => Method::TRACE,
        _ => return None,
    })
}

/// The members of an object; nothing for anything else.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}
