//! Which failures are failures also when they come with a success status.

use serde_json::Value;

use crate::model::{Answer, Api, Face, Kind, Operation, Type};

/// Whether a body is a failure even when it comes with a 2xx: the operation's mark of success says so, or a member that
/// the answer does not declare, or declares but leaves its required members out.
pub(super) fn inside_success(api: &Api, operation: &Operation, face: &Face, body: &Value) -> bool {
    if let Some(mark) = &operation.success
        && let Some(found) = body.pointer(&mark.at)
    {
        return !mark.values.contains(found);
    }
    let Some(sign) = says_failure(body) else { return false };
    let schema = match &face.answer {
        // Bytes are passed through, whatever they say.
        Answer::Bytes => return false,
        Answer::Json(Type::Named(name)) => api.schemas.get(name),
        _ => None,
    };
    let Some(Kind::Object(object)) = schema.map(|schema| &schema.kind) else { return true };
    let declared = object.properties.iter().any(|property| property.name == sign);
    !declared || object.properties.iter().any(|property| property.required && body.get(&property.name).is_none())
}

/// The member by which a body of any route says that it is a failure.
pub(super) fn says_failure(body: &Value) -> Option<&'static str> {
    if body.get("error").is_some_and(has_content) {
        Some("error")
    } else {
        (body.get("success") == Some(&Value::Bool(false))).then_some("success")
    }
}

fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
    }
}
