//! JSON pointers with `*` for every element of an array, as the documents write them.

use serde_json::Value;

/// The values that a pointer names.
pub(crate) fn values<'v>(json: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![json];
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        found = found
            .into_iter()
            .flat_map(|value| match (step.as_str(), value) {
                ("*", Value::Array(items)) => items.iter().collect(),
                (_, Value::Array(items)) => step.parse().ok().and_then(|at: usize| items.get(at)).into_iter().collect(),
                _ => value.get(&step).into_iter().collect::<Vec<_>>(),
            })
            .collect();
    }
    found
}
