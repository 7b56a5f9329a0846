//! JSON pointers as the `x-` words write them: `*` stands for every element of an array.

use serde_json::{Map, Value};

/// A parsed pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Each,
}

/// A name as a pointer writes it.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl Pointer {
    /// Reads `/a/*/b`. The empty text is the whole value; any other has to begin with a slash.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let rest = text.strip_prefix('/')?;
        let segments = rest.split('/').map(|part| match part {
            "*" => Segment::Each,
            _ => Segment::Key(part.replace("~1", "/").replace("~0", "~")),
        });
        Some(Self(segments.collect()))
    }

    /// Reads a pointer of a test.
    #[allow(clippy::panic, reason = "a wrong test should say so at once")]
    #[track_caller]
    pub(crate) fn expect(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| panic!("{text:?} is no JSON pointer"))
    }

    /// Points to the whole value.
    pub(crate) fn whole() -> Self {
        Self(Vec::new())
    }

    /// Points to a member of the whole value.
    pub(crate) fn member(name: &str) -> Self {
        Self(vec![Segment::Key(name.to_owned())])
    }

    /// Points to every element of a list.
    pub(crate) fn each() -> Self {
        Self(vec![Segment::Each])
    }

    /// Points to every element of a list that is a member of the whole value.
    pub(crate) fn items_of(name: &str) -> Self {
        Self(vec![Segment::Key(name.to_owned()), Segment::Each])
    }

    /// The name of the member it ends at: that of the array for a pointer that ends in `*`.
    pub(crate) fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Each => None,
        })
    }

    /// The segments as plain text, `*` included.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|segment| match segment {
            Segment::Key(key) => key.as_str(),
            Segment::Each => "*",
        })
    }

    /// The first value that it points to.
    pub(crate) fn read<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.read_all(value).into_iter().next()
    }

    /// Every value that it points to.
    pub(crate) fn read_all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![value];
        for segment in &self.0 {
            found = found.into_iter().flat_map(|value| segment.step(value)).collect();
        }
        found
    }

    /// Changes every value that it points to, and says whether there was any.
    pub(crate) fn change(&self, value: &mut Value, change: &mut dyn FnMut(&mut Value)) -> bool {
        change_at(value, &self.0, change)
    }

    /// Writes a value where the pointer leads, making objects and the first element of arrays on the way. Says
    /// whether that was possible: a scalar on the way stays what it is.
    pub(crate) fn force(&self, value: &mut Value, new: Value) -> bool {
        force_at(value, &self.0, new)
    }

    /// Takes out every member that it points to and for which `which` holds. For a pointer that ends in `*` the
    /// elements are taken out.
    pub(crate) fn remove_if(&self, value: &mut Value, which: &dyn Fn(&Value) -> bool) {
        let Some((last, parents)) = self.0.split_last() else { return };
        change_at(value, parents, &mut |parent| match (last, parent) {
            (Segment::Key(key), Value::Object(map)) if map.get(key).is_some_and(which) => {
                map.shift_remove(key);
            }
            (Segment::Each, Value::Array(items)) => items.retain(|item| !which(item)),
            _ => {}
        });
    }
}

impl Segment {
    fn step<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Segment::Key(key), Value::Object(map)) => map.get(key).into_iter().collect(),
            (Segment::Key(key), Value::Array(items)) => {
                key.parse::<usize>().ok().and_then(|at| items.get(at)).into_iter().collect()
            }
            (Segment::Each, Value::Array(items)) => items.iter().collect(),
            _ => Vec::new(),
        }
    }
}

fn change_at(value: &mut Value, path: &[Segment], change: &mut dyn FnMut(&mut Value)) -> bool {
    let Some((first, rest)) = path.split_first() else {
        change(value);
        return true;
    };
    match (first, value) {
        (Segment::Key(key), Value::Object(map)) => map.get_mut(key).is_some_and(|inner| change_at(inner, rest, change)),
        (Segment::Key(key), Value::Array(items)) => {
            key.parse::<usize>().ok().and_then(|at| items.get_mut(at)).is_some_and(|inner| change_at(inner, rest, change))
        }
        (Segment::Each, Value::Array(items)) => {
            // Not `any`, which would stop at the first.
            items.iter_mut().filter_map(|inner| change_at(inner, rest, change).then_some(())).count() > 0
        }
        _ => false,
    }
}

fn force_at(value: &mut Value, path: &[Segment], new: Value) -> bool {
    let Some((first, rest)) = path.split_first() else {
        *value = new;
        return true;
    };
    if value.is_null() {
        *value = match first {
            Segment::Key(_) => Value::Object(Map::new()),
            Segment::Each => Value::Array(Vec::new()),
        };
    }
    match (first, value) {
        (Segment::Key(key), Value::Object(map)) => force_at(map.entry(key.as_str()).or_insert(Value::Null), rest, new),
        (Segment::Key(key), Value::Array(items)) => match key.parse::<usize>().ok() {
            Some(at) if at < items.len() => force_at(&mut items[at], rest, new),
            _ => false,
        },
        (Segment::Each, Value::Array(items)) => {
            if items.is_empty() {
                items.push(Value::Null);
            }
            force_at(&mut items[0], rest, new)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn reads_through_arrays_and_escapes() {
        let value = json!({"a/b": [{"c": 1}, {"c": 2}, {}]});
        assert_eq!(pointer("/a~1b/*/c").read_all(&value), [&json!(1), &json!(2)]);
        assert_eq!(pointer("/a~1b/1/c").read(&value), Some(&json!(2)));
        assert_eq!(pointer("").read(&value), Some(&value));
        assert_eq!(Pointer::parse("a"), None);
        assert_eq!(pointer("/images/*").last_key(), Some("images"));
    }

    #[test]
    fn force_makes_what_is_missing_and_spares_scalars() {
        let mut value = json!({"content": {}, "images": null, "code": 1});
        assert!(pointer("/content/url").force(&mut value, json!("u")));
        assert!(pointer("/images/*/url").force(&mut value, json!("v")));
        assert!(!pointer("/code/url").force(&mut value, json!("w")));
        assert_eq!(value, json!({"content": {"url": "u"}, "images": [{"url": "v"}], "code": 1}));
    }

    #[test]
    fn removes_members_and_elements() {
        let mut value = json!({"url": "x", "list": ["a", "", "b"]});
        let full: &dyn Fn(&Value) -> bool = &|value| value.as_str().is_some_and(|text| !text.is_empty());
        pointer("/url").remove_if(&mut value, full);
        pointer("/list/*").remove_if(&mut value, full);
        assert_eq!(value, json!({"list": [""]}));
    }
}
