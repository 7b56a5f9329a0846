//! No type shows what opens a door: the signatures of addresses, wherever a gateway puts one.

use serde_json::Value;

use crate::method::Shape;

const SIGNATURE: &str = "5167a7e05167a7e0";

/// Puts a signed address into each text of a shape, one at a time, and beside its members. Gives the number of places.
pub fn check_shape(shape: &Shape) -> Result<usize, String> {
    let whole: Value = serde_json::from_str(shape.value).map_err(|error| error.to_string())?;
    let address = format!("https://bucket.example/a.mp4?x=1&X-Amz-Signature={SIGNATURE}&y=2");
    let mut places = Vec::new();
    texts(&whole, String::new(), &mut places);
    if whole.is_object() {
        places.push("/a_new_member".to_owned());
    }
    let mut tried = 0;
    for place in places {
        let mut value = whole.clone();
        if let Some(text) = value.pointer_mut(&place) {
            *text = address.as_str().into();
        } else if let Some(members) = value.as_object_mut() {
            members.insert(place[1..].to_owned(), address.as_str().into());
        }
        // A number as a text, say: it is an error, and that shows nothing either.
        let Ok(back) = (shape.read)(&value.to_string()) else { continue };
        if !back.value.to_string().contains(SIGNATURE) {
            return Err(format!("{}: the address at {place} is lost", shape.schema));
        }
        if back.shown.contains(SIGNATURE) {
            return Err(format!("{}: the address at {place} is shown: {}", shape.schema, back.shown));
        }
        tried += 1;
    }
    Ok(tried)
}

fn texts(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| texts(item, format!("{place}/{at}"), found)),
        Value::Object(members) => {
            for (name, member) in members {
                texts(member, format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}
