//! Which requests are to be sent: the free ones that need no argument, or those that are named.

use octopusx_codegen::model::{Auth, Face, Kind, Operation, Parameter, Place};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::System;
use crate::lint::json_schema::{Misfit, reference};

/// What stays as it is in an address.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// What the command line names.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) operations: Vec<String>,
    pub(super) paid: Vec<String>,
    /// Kind and id.
    pub(super) tasks: Vec<(String, String)>,
    /// Parameters.
    pub(super) values: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

/// One request.
pub(super) struct Call<'a> {
    pub(super) system: &'a System,
    pub(super) operation: &'a Operation,
    pub(super) face: &'a Face,
    /// `models_list`.
    pub(super) name: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// It asks for one thing by its name, which may not exist.
    pub(super) names_a_thing: bool,
}

/// A free operation that is not called, because it needs something.
#[derive(Debug)]
pub(super) struct LeftOut {
    pub(super) system: &'static str,
    pub(super) name: String,
    pub(super) needs: Vec<String>,
}

pub(super) struct Plan<'a> {
    pub(super) calls: Vec<Call<'a>>,
    pub(super) left_out: Vec<LeftOut>,
}

/// A method of one of the systems.
#[derive(Clone, Copy)]
struct Method<'a> {
    system: &'a System,
    operation: &'a Operation,
    face: &'a Face,
}

pub(super) fn plan<'a>(systems: &'a [System], wanted: &Wanted) -> Result<Plan<'a>, String> {
    let named = wanted.operations.len() + wanted.paid.len() + wanted.tasks.len();
    let mut plan = Plan { calls: Vec::new(), left_out: Vec::new() };
    if wanted.body.is_some() && (named != 1 || !wanted.tasks.is_empty()) {
        return Err("`--body` goes with one `--operation` or one `--paid`".to_owned());
    }
    let body = wanted.body.as_ref();
    for method in systems.iter().flat_map(methods).filter(|method| named == 0 && method.face.free) {
        match method.call(&wanted.values, None) {
            Ok(call) => plan.calls.push(call),
            Err(needs) => plan.left_out.push(LeftOut { system: method.system.name, name: method.name(), needs }),
        }
    }
    for (id, may_cost) in wanted.operations.iter().map(|id| (id, false)).chain(wanted.paid.iter().map(|id| (id, true))) {
        let method = find(systems, id)?;
        if !may_cost && !method.face.free {
            return Err(format!("`{id}` is not marked as free; `--paid {id}` calls it, whatever it costs"));
        }
        plan.calls.push(method.named(&wanted.values, body)?);
    }
    for (kind, id) in &wanted.tasks {
        plan.calls.push(task(systems, kind, id, &wanted.values)?);
    }
    let unused = wanted.values.iter().find(|(name, _)| {
        plan.calls.iter().all(|call| call.operation.parameters.iter().all(|parameter| parameter.name != *name))
    });
    match unused {
        Some((name, _)) => Err(format!("no operation that is called has a parameter `{name}`")),
        None => Ok(plan),
    }
}

fn methods(system: &System) -> impl Iterator<Item = Method<'_>> {
    let of = move |operation| move |face| Method { system, operation, face };
    system.api.operations.iter().flat_map(move |operation| operation.faces.iter().map(of(operation)))
}

fn find<'a>(systems: &'a [System], id: &str) -> Result<Method<'a>, String> {
    let found: Vec<Method<'_>> = systems.iter().flat_map(methods).filter(|method| method.name() == id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("no document has an operation `{id}`")),
        _ => Err(format!("both documents have an operation `{id}`; choose one with `--system`")),
    }
}

/// The question about a task, as the document describes it for the tasks of this kind.
fn task<'a>(systems: &'a [System], kind: &str, id: &str, values: &[(String, String)]) -> Result<Call<'a>, String> {
    let kinds = systems.iter().flat_map(|system| system.api.task_kinds().map(move |(_, name, shape)| (system, name, shape)));
    let kinds: Vec<_> = kinds.collect();
    let Some((system, _, shape)) = kinds.iter().find(|(_, name, _)| *name == kind) else {
        let known: Vec<&str> = kinds.iter().map(|(_, name, _)| *name).collect();
        return Err(format!("there are no tasks `{kind}`; there are {}", known.join(", ")));
    };
    let unknown = || format!("the document of {} has no `{}`", system.name, shape.query);
    let (operation, face) = system.api.method(&shape.query).ok_or_else(unknown)?;
    let method = Method { system, operation, face };
    if !face.free {
        return Err(format!("`{}`, which asks for `{kind}`, is not marked as free", shape.query));
    }
    let mut values = values.to_vec();
    let body = match &shape.query_body {
        Some(body) => {
            let mut members = constants(system, &body.schema);
            members.extend(body.fixed.iter().cloned());
            members.insert(body.id.clone(), id.into());
            Some(Value::Object(members))
        }
        None => {
            let parameter = method.asked().next().ok_or_else(|| format!("`{}` takes no id", shape.query))?;
            values.push((parameter.name.clone(), id.to_owned()));
            None
        }
    };
    let mut call = method.named(&values, body.as_ref())?;
    call.names_a_thing = true;
    Ok(call)
}

/// The members of a body that are required and can have one value only.
fn constants(system: &System, schema: &str) -> Map<String, Value> {
    let Some(Kind::Object(object)) = system.api.schemas.get(schema).map(|schema| &schema.kind) else { return Map::new() };
    let required = object.properties.iter().filter(|property| property.required);
    required.filter_map(|property| Some((property.name.clone(), property.constant.clone()?.into()))).collect()
}

impl<'a> Method<'a> {
    fn name(&self) -> String {
        format!("{}_{}", self.operation.tag, self.face.method)
    }

    /// The parameters that a caller has to give.
    fn asked(&self) -> impl Iterator<Item = &'a Parameter> + use<'a> {
        let Self { operation, face, .. } = *self;
        operation
            .parameters
            .iter()
            .filter(|parameter| parameter.required && parameter.constant.is_none() && !face.fixed.contains_key(&parameter.name))
    }

    /// The call of an operation that was named.
    fn named(&self, values: &[(String, String)], body: Option<&Value>) -> Result<Call<'a>, String> {
        let name = self.name();
        if self.operation.websocket.is_some() {
            return Err(format!("`{name}` opens a WebSocket, which this does not speak"));
        }
        if self.face.form.is_some() && self.face.body.is_none() {
            return Err(format!("`{name}` takes a form with files, which this does not send"));
        }
        match (body, &self.face.body) {
            (Some(_), None) => return Err(format!("`{name}` takes no body")),
            (Some(body), Some(schema)) => self.check_body(&name, body, schema)?,
            _ => {}
        }
        self.call(values, body).map_err(|needs| format!("`{name}` needs {}", needs.join(", ")))
    }

    /// A body that the document does not know is not sent: it might be paid for nevertheless.
    fn check_body(&self, name: &str, body: &Value, schema: &str) -> Result<(), String> {
        let misfits = self.system.validators.borrow_mut().misfits(&reference(schema), body)?;
        let first = misfits.into_iter().find_map(|misfit| match misfit {
            Misfit::Value { pointer, what, .. } => Some(format!("{what} at `{pointer}`")),
            Misfit::Ambiguous { .. } => None,
        });
        first.map_or(Ok(()), |why| Err(format!("nothing was sent: the body does not fit `{name}`: {why}")))
    }

    /// The request, or what it lacks.
    fn call(&self, values: &[(String, String)], body: Option<&Value>) -> Result<Call<'a>, Vec<String>> {
        let Self { system, operation, face } = *self;
        let given = |name: &str| values.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let value_of = |parameter: &Parameter| {
            let constant = parameter.constant.clone().filter(|_| parameter.required);
            face.fixed.get(&parameter.name).cloned().or_else(|| given(&parameter.name)).or(constant)
        };
        let lacking = self.asked().filter(|parameter| given(&parameter.name).is_none());
        let mut needs: Vec<String> = lacking.map(|parameter| format!("`--set {}=…`", parameter.name)).collect();
        if face.body.is_some() && body.is_none() {
            needs.push("`--body FILE`".to_owned());
        }
        if !needs.is_empty() {
            return Err(needs);
        }
        let mut path = operation.path.clone();
        let (mut queries, mut headers) = (Vec::new(), Vec::new());
        for parameter in &operation.parameters {
            let Some(value) = value_of(parameter) else { continue };
            let encoded = utf8_percent_encode(&value, ENCODED).to_string();
            match parameter.place {
                Place::Path if matches!(value.as_str(), "." | "..") => {
                    return Err(vec![format!("another value than `{value}` for `{}`", parameter.name)]);
                }
                Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), &encoded),
                Place::Query => queries.push(format!("{}={encoded}", parameter.name)),
                Place::Header => headers.push((parameter.name.clone(), value)),
            }
        }
        let query = if queries.is_empty() { String::new() } else { format!("?{}", queries.join("&")) };
        let target = format!("{path}{query}");
        let names_a_thing = self.asked().next().is_some() || body.is_some();
        Ok(Call { system, operation, face, name: self.name(), target, headers, body: body.cloned(), names_a_thing })
    }
}

/// The header that carries the key, where one does.
pub(super) fn key_header(auth: &Auth, key: &str) -> Option<(String, String)> {
    match auth {
        Auth::Bearer => Some(("authorization".to_owned(), format!("Bearer {key}"))),
        Auth::Header(name) => Some((name.clone(), key.to_owned())),
        Auth::None | Auth::Session => None,
    }
}
