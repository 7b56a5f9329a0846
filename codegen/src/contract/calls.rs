//! How an operation is called: the Rust text of the call, and where and with what it must arrive.

use serde_json::Value;

use super::examples::{Credential, credential, parameter, steps};
use crate::facade::{optional_parameters, required_headers};
use crate::load::Document;
use crate::model::{Face, Operation, Parameter, Place, Type};
use crate::prepare;
use crate::text::literal;

/// A text of which almost every character must be encoded on its way.
pub(super) const ODD: &str = "a/b c?d#e%41+ü&f=g:h;i\u{1F419}";

/// Which values the parameters get.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Values {
    /// Their examples.
    Shown,
    /// Every text that is free gets [`ODD`].
    Odd,
}

/// A call of one face with its parameters.
pub(super) struct Call {
    /// What stands between the parentheses, without the body.
    pub(super) arguments: Vec<String>,
    /// What stands behind the call.
    pub(super) setters: String,
    /// The steps of the path as the server reads them.
    pub(super) path: Vec<String>,
    /// The pairs of the query string, likewise.
    pub(super) query: Vec<(String, String)>,
    /// The headers that the document names, without the key.
    pub(super) headers: Vec<(String, String)>,
    pub(super) credential: Credential,
    /// Whether a parameter is a free text.
    pub(super) has_free_text: bool,
}

/// The call of a face.
pub(super) fn call(document: &Document, operation: &Operation, face: &Face, values: Values) -> Call {
    let known = |parameter: &Parameter| {
        let fixed = face.fixed.get(&parameter.name);
        fixed.or(parameter.constant.as_ref().filter(|_| parameter.required)).cloned()
    };
    let given = |parameter: &Parameter| given(document, operation, parameter, values);
    let mut found = Call {
        arguments: Vec::new(),
        setters: String::new(),
        path: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        credential: credential(document, operation, face),
        has_free_text: operation.parameters.iter().any(|parameter| is_free(document, operation, parameter)),
    };
    for parameter in prepare::arguments(operation).chain(required_headers(operation, face)) {
        found.arguments.push(given(parameter).map(|(rust, _)| rust).unwrap_or_default());
    }
    let optional: Vec<&str> = optional_parameters(operation).map(|parameter| parameter.name.as_str()).collect();
    for parameter in &operation.parameters {
        let settable = optional.contains(&parameter.name.as_str());
        let text = match known(parameter) {
            Some(text) => text,
            None if !parameter.required && !settable => continue,
            None => {
                let Some((rust, text)) = given(parameter) else { continue };
                if settable {
                    found.setters.push_str(&format!(".{}({rust})", parameter.rust_name));
                }
                text
            }
        };
        match parameter.place {
            Place::Path => {}
            Place::Query => found.query.push((parameter.name.clone(), text)),
            Place::Header => found.headers.push((parameter.name.to_lowercase(), text)),
        }
    }
    if let Credential::Cookie(name) = &found.credential {
        found.setters.push_str(&format!(".header({}, &cookie({}))", literal("cookie"), literal(name)));
    }
    let fill = |step: &str| {
        let mut step = step.to_owned();
        for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Path) {
            let text = given(parameter).map(|(_, text)| text).unwrap_or_default();
            step = step.replace(&format!("{{{}}}", parameter.name), &text);
        }
        step
    };
    found.path = steps(&operation.path).map(fill).collect();
    found
}

/// What is passed for a parameter, and how it travels; `None` for one that may be left out and shows no value.
fn given(document: &Document, operation: &Operation, parameter: &Parameter, values: Values) -> Option<(String, String)> {
    if values == Values::Odd && is_free(document, operation, parameter) {
        return Some((literal(ODD), ODD.to_owned()));
    }
    let described = described(document, operation, parameter);
    let word = |key: &str| described?.get("schema")?.get(key)?.get(0);
    let shown = described.and_then(|parameter| parameter.get("example"));
    let shown = shown.or_else(|| word("enum").or_else(|| word("x-extensible-enum")).filter(|_| parameter.required));
    if shown.is_none() && !parameter.required {
        return None;
    }
    Some(match parameter.ty {
        Type::Integer => {
            let number = shown.and_then(Value::as_i64).unwrap_or(7);
            (number.to_string(), number.to_string())
        }
        Type::Number => {
            let number = shown.and_then(Value::as_f64).unwrap_or(0.5);
            (format!("{number:?}"), number.to_string())
        }
        Type::Boolean => {
            let flag = shown.and_then(Value::as_bool).unwrap_or(true);
            (flag.to_string(), flag.to_string())
        }
        _ => {
            let text = match shown {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "some-text".to_owned(),
            };
            (literal(&text), text)
        }
    })
}

/// A text that no list of words bounds and no header carries.
fn is_free(document: &Document, operation: &Operation, parameter: &Parameter) -> bool {
    let bounded = described(document, operation, parameter).is_some_and(|described| described.pointer("/schema/enum").is_some());
    let fixed = operation.faces.iter().any(|face| face.fixed.contains_key(&parameter.name));
    parameter.ty == Type::String && parameter.place != Place::Header && parameter.constant.is_none() && !bounded && !fixed
}

fn described<'a>(document: &'a Document, operation: &Operation, of: &Parameter) -> Option<&'a Value> {
    let place = match of.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    parameter(document, operation, &of.name, place)
}
