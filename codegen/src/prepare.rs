//! Reduces each operation to what progenitor can read: a path, its parameters, one trivial answer.
//!
//! Bodies, answers and schemas are left out: the facade and the `types` stage take them from the full document.
//! progenitor panics or gives up on several of their forms, and its types would all have to be replaced.

use serde_json::{Map, Value, json};

use crate::model::{Api, Operation, Parameter, Place};

/// The reduced document.
#[must_use]
pub fn prepare(api: &Api) -> Value {
    let mut paths = Map::new();
    for operation in &api.operations {
        let item = paths.entry(operation.path.as_str()).or_insert_with(|| json!({}));
        if let Value::Object(verbs) = item {
            verbs.insert(operation.verb.to_lowercase(), prepare_operation(operation));
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": api.title, "version": api.version},
        "paths": paths,
    })
}

fn prepare_operation(operation: &Operation) -> Value {
    let parameters: Vec<Value> = arguments(operation).map(prepare_parameter).collect();
    json!({
        "operationId": operation.id,
        "parameters": parameters,
        "responses": {"204": {"description": "Read by the transport."}},
    })
}

/// The parameters that are arguments of the method.
pub fn arguments(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().filter(|parameter| {
        let fixed = operation.faces.iter().any(|face| face.fixed.contains_key(&parameter.name));
        parameter.required && parameter.constant.is_none() && !fixed && parameter.place != Place::Header
    })
}

fn prepare_parameter(parameter: &Parameter) -> Value {
    let place = if parameter.place == Place::Path { "path" } else { "query" };
    json!({"name": parameter.name, "in": place, "required": true, "schema": {"type": "string"}})
}
