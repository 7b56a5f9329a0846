//! Lays a value beside its schema, member by member: which members no schema declares (a field that the page shows and
//! the document has lost), which words no open list knows, and which properties it shows.

use octopusx_codegen::load::{Document, escape};
use serde_json::Value;

/// A chain of references longer than this is a circle.
const DEEPEST: usize = 32;

/// A member that no schema knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Undeclared {
    /// Where in the example, as a JSON pointer.
    pub(crate) pointer: String,
    pub(crate) name: String,
    /// The schema that lacks it, where it has a name.
    pub(crate) schema: Option<String>,
}

/// A word that stands in no list of known words of its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownWord {
    /// Where in the value, as a JSON pointer.
    pub(crate) pointer: String,
    pub(crate) word: String,
    /// The schema that lists the words, where it has a name.
    pub(crate) schema: Option<String>,
}

/// All such members of a value, at any depth; a free-form object may hold anything.
pub(crate) fn undeclared(document: &Document, schema: &Value, value: &Value) -> Vec<Undeclared> {
    walk(document, schema, value).undeclared
}

/// All words that open lists do not know, at any depth.
pub(crate) fn unknown_words(document: &Document, schema: &Value, value: &Value) -> Vec<UnknownWord> {
    walk(document, schema, value).words
}

/// The schemas of the properties that a value shows, at any depth. Null shows that a property is there, not what it holds.
pub(crate) fn shown<'a>(document: &'a Document, schema: &'a Value, value: &Value) -> Vec<&'a Value> {
    walk(document, schema, value).shown
}

fn walk<'a>(document: &'a Document, schema: &'a Value, value: &Value) -> Walk<'a> {
    let mut walk = Walk { document, undeclared: Vec::new(), words: Vec::new(), shown: Vec::new() };
    walk.value("", value, &[schema]);
    walk
}

/// A schema without references and unions around it.
struct Leaf<'a> {
    schema: &'a Value,
    name: Option<&'a str>,
}

struct Walk<'a> {
    document: &'a Document,
    undeclared: Vec<Undeclared>,
    words: Vec<UnknownWord>,
    shown: Vec<&'a Value>,
}

impl<'a> Walk<'a> {
    /// More than one schema where `allOf` joins them, or where an untagged union leaves the choice open.
    fn value(&mut self, pointer: &str, value: &Value, schemas: &[&'a Value]) {
        let mut leaves = Vec::new();
        schemas.iter().for_each(|schema| self.leaves(schema, None, value, 0, &mut leaves));
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let at = format!("{pointer}/{}", escape(name));
                    self.member(&at, name, member, &leaves);
                }
            }
            Value::Array(items) => {
                let schemas: Vec<&Value> = leaves.iter().filter_map(|leaf| leaf.schema.get("items")).collect();
                for (at, item) in items.iter().enumerate() {
                    self.value(&format!("{pointer}/{at}"), item, &schemas);
                }
            }
            Value::String(word) => self.word(pointer, word, &leaves),
            _ => {}
        }
    }

    /// Where any text may stand there is no list that could lack a word.
    fn word(&mut self, pointer: &str, word: &str, leaves: &[Leaf<'a>]) {
        let is_text = |leaf: &&Leaf<'a>| leaf.schema.get("type").is_none_or(|kind| kind == "string");
        let lists: Vec<(&Leaf<'a>, &Vec<Value>)> = leaves
            .iter()
            .filter(is_text)
            .map_while(|leaf| Some((leaf, leaf.schema.get("x-extensible-enum")?.as_array()?)))
            .collect();
        let all_listed = lists.len() == leaves.iter().filter(is_text).count();
        let known = lists.iter().any(|(_, words)| words.iter().any(|known| known == word));
        if let (Some((leaf, _)), true, false) = (lists.first(), all_listed, known) {
            let schema = leaf.name.map(str::to_owned);
            self.words.push(UnknownWord { pointer: pointer.to_owned(), word: word.to_owned(), schema });
        }
    }

    fn member(&mut self, pointer: &str, name: &str, value: &Value, leaves: &[Leaf<'a>]) {
        let declared: Vec<&Value> = leaves
            .iter()
            .filter_map(|leaf| {
                let own = leaf.schema.get("properties").and_then(|all| all.get(name));
                own.or_else(|| leaf.schema.get("additionalProperties").filter(|schema| schema.is_object()))
            })
            .collect();
        if !value.is_null() {
            self.shown.extend(&declared);
        }
        // Without a leaf the value has another type than the schema; that is for validation to say.
        if leaves.is_empty() || !declared.is_empty() || leaves.iter().any(|leaf| is_free(leaf.schema)) {
            return self.value(pointer, value, &declared);
        }
        let schema = leaves.iter().find_map(|leaf| leaf.name).map(str::to_owned);
        self.undeclared.push(Undeclared { pointer: pointer.to_owned(), name: name.to_owned(), schema });
    }

    fn leaves(&self, schema: &'a Value, name: Option<&'a str>, value: &Value, depth: usize, found: &mut Vec<Leaf<'a>>) {
        if depth > DEEPEST {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let name = target.rsplit('/').next();
            let target = target.strip_prefix('#').and_then(|pointer| self.document.at(pointer));
            return target.into_iter().for_each(|schema| self.leaves(schema, name, value, depth + 1, found));
        }
        if let Some(discriminator) = schema.get("discriminator") {
            let chosen = self.chosen(discriminator, value);
            return chosen.into_iter().for_each(|(schema, name)| self.leaves(schema, name, value, depth + 1, found));
        }
        let joined = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
        let before = found.len();
        let mut any = false;
        for inner in joined {
            any = true;
            self.leaves(inner, name, value, depth + 1, found);
        }
        // Beside branches, `type: object` only says what they are; it opens nothing.
        if any && schema.get("properties").is_none() {
            return;
        }
        if fits_type(schema, value) {
            found.insert(before, Leaf { schema, name });
        }
    }

    /// The branch that a tag chooses.
    fn chosen(&self, discriminator: &'a Value, value: &Value) -> Option<(&'a Value, Option<&'a str>)> {
        let tag = discriminator.get("propertyName")?.as_str()?;
        let target = discriminator.get("mapping")?.get(value.get(tag)?.as_str()?)?.as_str()?;
        Some((self.document.at(target.strip_prefix('#')?)?, target.rsplit('/').next()))
    }
}

/// Whether an object of this schema may hold any member.
fn is_free(schema: &Value) -> bool {
    match schema.get("additionalProperties") {
        Some(Value::Bool(free)) => *free,
        Some(_) => true,
        None => schema.get("properties").is_none(),
    }
}

/// Leaves the branches of other JSON types out.
fn fits_type(schema: &Value, value: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some(_) => !value.is_object() && !value.is_array(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::small::findings;

    const EXAMPLES: &str = "shop/examples.yaml";

    #[test]
    fn a_member_that_no_schema_declares_is_found_at_any_depth() {
        for (from, to, expected) in [
            ("count: 2", "count: 2, colour: red", "shop_order_book/value/colour: BookOrder does not declare `colour`"),
            ("parcel: null", "parcel: {old: 1}", "shop_order_taken/value/parcel/old: Parcel does not declare `old`"),
            ("{weight: 2}", "{weight: 2, at: 1}", "shop_follow_full/value/parcels/1/at: Parcel does not declare `at`"),
            ("{weight: 3}", "{at: null}", "shop_follow_full/value/by_shelf/left/at: Parcel does not declare `at`"),
            (
                "{type: arrived}",
                "{type: arrived, place: x}",
                "shop_follow_chunk_2/value/place: ArrivedEvent does not declare `place`",
            ),
        ] {
            assert_eq!(findings(EXAMPLES, from, to), [format!("/components/examples/{expected}")]);
        }
    }

    #[test]
    fn a_property_that_the_schema_loses_is_found() {
        let property = "        place:\n          description: Where it is now.\n          type: string\n";
        let found = crate::lint::small::findings_of(&[
            ("shop/schemas.yaml", property, ""),
            ("shop/schemas.yaml", "required: [type, place]", "required: [type]"),
        ]);
        assert_eq!(found, ["/components/examples/shop_follow_chunk_1/value/place: MovedEvent does not declare `place`"]);
    }

    #[test]
    fn maps_and_free_objects_hold_anything() {
        assert_eq!(findings(EXAMPLES, "prices: {book: 10,", "prices: {pen: 1, book: 10,"), [""; 0]);
        assert_eq!(findings(EXAMPLES, "remarks: {colour", "remarks: {smell: {of: {}}, colour"), [""; 0]);
    }
}
