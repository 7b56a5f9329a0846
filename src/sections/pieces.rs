//! How the values of many events become one. The collectors share it.

use serde_json::{Map, Value};

use crate::wire::Extra;

/// The last value that came wins.
pub(super) fn keep<T: Clone>(kept: &mut Option<T>, came: &Option<T>) {
    if came.is_some() {
        kept.clone_from(came);
    }
}

/// The last counter that came wins; some upstreams repeat it as 0, which takes nothing away.
pub(super) fn keep_count(kept: &mut Option<i64>, came: &Option<i64>) {
    if kept.is_none() || came.is_some_and(|count| count != 0) {
        keep(kept, came);
    }
}

/// The last text that came wins; some gateways repeat a member empty, which takes nothing away.
pub(super) fn keep_text(kept: &mut Option<String>, came: &Option<String>) {
    if came.as_ref().is_some_and(|text| !text.is_empty()) {
        kept.clone_from(came);
    }
}

/// The last list that came wins, as far as it holds something.
pub(super) fn keep_list<T: Clone>(kept: &mut Option<Vec<T>>, came: &Option<Vec<T>>) {
    if kept.is_none() || came.as_ref().is_some_and(|list| !list.is_empty()) {
        keep(kept, came);
    }
}

/// Pieces of one text.
pub(super) fn append(kept: &mut Option<String>, came: &Option<String>) {
    if let Some(piece) = came {
        kept.get_or_insert_default().push_str(piece);
    }
}

/// Pieces of one list.
pub(super) fn extend<T: Clone>(kept: &mut Option<Vec<T>>, came: &Option<Vec<T>>) {
    if let Some(piece) = came {
        kept.get_or_insert_default().extend_from_slice(piece);
    }
}

/// Members that the document does not describe; the last value of each wins.
pub(super) fn keep_extra(kept: &mut Extra, came: &Extra) {
    if !came.is_empty() {
        kept.extend(came.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// The same of a piece: what it holds are pieces, too. Texts are joined, lists extended, objects put together.
pub(super) fn join_extra(kept: &mut Extra, came: &Extra) {
    if !came.is_empty() {
        join_members(kept, came);
    }
}

fn join_members(kept: &mut Map<String, Value>, came: &Map<String, Value>) {
    for (name, piece) in came {
        match kept.get_mut(name) {
            // These name what the piece belongs to.
            Some(kept) if matches!(name.as_str(), "format" | "id" | "index" | "model" | "name" | "type") => {
                kept.clone_from(piece)
            }
            Some(kept) => join(kept, piece),
            None => {
                kept.insert(name.clone(), piece.clone());
            }
        }
    }
}

fn join(kept: &mut Value, piece: &Value) {
    match (kept, piece) {
        (_, Value::Null) => {}
        (Value::String(kept), Value::String(piece)) => kept.push_str(piece),
        (Value::Array(kept), Value::Array(piece)) => kept.extend_from_slice(piece),
        (Value::Object(kept), Value::Object(piece)) => join_members(kept, piece),
        (kept, piece) => kept.clone_from(piece),
    }
}

/// The element of an index in a list that stays sorted by index, as the answer without a stream is. An index is only
/// compared, never counted up to: one that is far out costs nothing.
pub(super) fn at_index<T>(
    list: &mut Vec<T>,
    index: i64,
    index_of: impl Fn(&T) -> Option<i64>,
    new: impl FnOnce(i64) -> T,
) -> &mut T {
    let at = match list.binary_search_by_key(&Some(index), index_of) {
        Ok(at) => at,
        Err(at) => {
            list.insert(at, new(index));
            at
        }
    };
    &mut list[at]
}
