//! JSON values that travel as text: in addresses, headers and the parts of forms.

use serde_json::{Number, Value};

/// Whether a schema says that a value has this JSON type.
pub(crate) fn is_of_type(facet: &Value, kind: &str) -> bool {
    facet.get("type").and_then(Value::as_str) == Some(kind)
}

/// What a text stands for where these schemas hold. What may be a text is one; what is of no wanted type stays text, so
/// that the schema refuses it with the value in its words.
pub(crate) fn value(text: &str, facets: &[&Value]) -> Value {
    let allows = |facet: &Value| {
        let words = facet.get("enum").and_then(Value::as_array);
        is_of_type(facet, "string") && words.is_none_or(|words| words.iter().any(|word| word == text))
    };
    if facets.iter().any(|facet| allows(facet)) {
        return Value::from(text);
    }
    let wanted = |kind: &str| facets.iter().any(|facet| is_of_type(facet, kind));
    let scalar = match text {
        "true" | "false" if wanted("boolean") => Some(Value::Bool(text == "true")),
        _ if wanted("integer") || wanted("number") => text.parse::<i64>().ok().map(Value::from),
        _ => None,
    };
    let number = || text.parse::<f64>().ok().and_then(Number::from_f64).filter(|_| wanted("number")).map(Value::Number);
    let json = || {
        let json: Value = serde_json::from_str(text).ok()?;
        ((json.is_object() && wanted("object")) || (json.is_array() && wanted("array"))).then_some(json)
    };
    scalar.or_else(number).or_else(json).unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_read_by_what_is_wanted() {
        let read = |text: &str, facets: &[Value]| value(text, &facets.iter().collect::<Vec<_>>());
        let of = |kind: &str| json!({"type": kind});
        assert_eq!(read("5", &[of("string")]), json!("5"));
        assert_eq!(read("5", &[of("integer")]), json!(5));
        assert_eq!(read("5", &[of("number")]), json!(5));
        assert_eq!(read("5.5", &[of("number")]), json!(5.5));
        assert_eq!(read("5", &[of("number"), of("string")]), json!("5"));
        assert_eq!(read("5", &[of("integer"), json!({"type": "string", "enum": ["auto"]})]), json!(5));
        assert_eq!(read("auto", &[of("integer"), json!({"type": "string", "enum": ["auto"]})]), json!("auto"));
        assert_eq!(read("5.5", &[of("integer")]), json!("5.5"));
        assert_eq!(read("true", &[of("boolean")]), json!(true));
        assert_eq!(read("[1]", &[of("object")]), json!("[1]"));
        assert_eq!(read("{}", &[of("object")]), json!({}));
    }
}
