//! Types that a protocol can't express: an error when the request is built, which names the place and what to do.
#![allow(dead_code)]

use std::collections::HashMap;

use octopusx::schemars::{self, JsonSchema};
use serde_json::Value;

use super::protocols::Protocol;
use super::types::*;

#[derive(JsonSchema)]
struct Shop {
    /// By name.
    shelves: Vec<Shelf>,
}

#[derive(JsonSchema)]
struct Shelf {
    prices: HashMap<String, f64>,
}

#[derive(JsonSchema)]
struct Numbered {
    by_number: HashMap<u32, String>,
}

#[derive(JsonSchema)]
struct Loose {
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(JsonSchema)]
struct Anything {
    inner: Holder,
}

#[derive(JsonSchema)]
struct Holder {
    values: Vec<Value>,
}

#[derive(JsonSchema)]
struct Unit;

#[derive(JsonSchema)]
struct Hollow {
    nothing: Ping,
}

#[derive(JsonSchema)]
enum Never {}

#[derive(JsonSchema)]
struct Unmade {
    never: Never,
}

/// What an error says, without what all of them say.
fn why<T: JsonSchema>(protocol: Protocol) -> String {
    let error = protocol.schema::<T>().map(|schema| format!("{schema:#}")).unwrap_err();
    assert!(error.is_invalid_request() && !error.may_have_been_processed(), "{error:?}");
    assert_eq!(error.attempts(), 0);
    error.to_string()
}

#[test]
fn the_error_names_the_type_the_place_and_the_remedy() {
    assert_eq!(
        why::<Shop>(Protocol::ChatTool),
        "no schema for OpenAI's strict mode can be made from `Shop`: `Shop.shelves[].prices` is a map with free keys, which \
         this form of schema can't say; take a list of structs with a key and a value, or a String that holds JSON"
    );
    assert_eq!(
        why::<Tree>(Protocol::GeminiAnswer),
        "no schema for Gemini's schemas can be made from `Tree`: `Tree.children[]` contains the whole type again, and this \
         form of schema knows no recursion; nest a fixed number of types, or take a String that holds JSON"
    );
    assert_eq!(
        why::<Inside>(Protocol::ClaudeTool),
        "no schema for Claude's tools can be made from `Inside`: `Inside` is an enum, where an object has to be; put it into \
         a struct with one field"
    );
}

#[test]
fn maps_have_free_keys() {
    for protocol in [Protocol::ResponsesAnswer, Protocol::ClaudeFormat, Protocol::GeminiTool] {
        assert!(why::<Shop>(protocol).contains("`Shop.shelves[].prices` is a map with free keys"));
        assert!(why::<Numbered>(protocol).contains("`Numbered.by_number` is a map with free keys"));
        assert!(why::<Loose>(protocol).contains("`Loose` is a map with free keys"));
    }
    let schema = Protocol::ClaudeTool.schema::<Shop>().unwrap();
    Protocol::ClaudeTool.check(&schema);
    let prices = &schema["$defs"]["Shelf"]["properties"]["prices"];
    assert_eq!(prices["additionalProperties"]["type"], "number");
    let schema = Protocol::ClaudeTool.schema::<Numbered>().unwrap();
    assert_eq!(schema["properties"]["by_number"]["patternProperties"][r"^\d+$"]["type"], "string");
}

#[test]
fn untyped_json_may_be_anything() {
    for protocol in [Protocol::ChatAnswer, Protocol::ClaudeFormat, Protocol::GeminiAnswer] {
        assert!(why::<Anything>(protocol).contains("`Anything.inner.values[]` may be anything"), "{protocol:?}");
    }
    Protocol::ClaudeTool.check(&Protocol::ClaudeTool.schema::<Anything>().unwrap());
}

#[test]
fn recursion_is_refused_where_everything_is_written_out() {
    for protocol in [Protocol::ClaudeFormat, Protocol::GeminiTool] {
        let found = why::<Formula>(protocol);
        assert!(found.contains("`Formula.whole.sum[]` contains Expression again"), "{found}");
    }
}

#[test]
fn the_root_has_to_be_an_object() {
    let cases = [
        (why::<Vec<Step>>(Protocol::ChatAnswer), "is a list"),
        (why::<Difficulty>(Protocol::ChatAnswer), "is an enum"),
        (why::<Unit>(Protocol::ChatTool), "is a unit struct"),
        (why::<String>(Protocol::ResponsesAnswer), "is a single value"),
        (why::<Beside>(Protocol::ClaudeFormat), "is an enum"),
        (why::<Vec<Step>>(Protocol::GeminiTool), "is a list"),
        (why::<Option<Step>>(Protocol::ChatTool), "is an enum"),
    ];
    for (found, wanted) in cases {
        assert!(found.contains(&format!("{wanted}, where an object has to be")), "{found}");
    }
}

#[test]
fn what_no_value_fits_is_refused() {
    for protocol in [Protocol::ChatAnswer, Protocol::GeminiTool, Protocol::ClaudeTool] {
        let found = why::<Unmade>(protocol);
        assert!(found.contains("`Unmade.never` can have no value at all"), "{found}");
    }
    let found = why::<Hollow>(Protocol::GeminiAnswer);
    assert!(found.contains("`Hollow.nothing` is an object without members"), "{found}");
}

/// Each level holds the one below it twice.
macro_rules! doubled {
    ($name:ident $below:ty $(, $more:ident)*) => {
        #[derive(JsonSchema)]
        struct $name {
            one: $below,
            other: $below,
        }
        doubled!(@ $name $($more)*);
    };
    (@ $below:ident) => {};
    (@ $below:ident $name:ident $($more:ident)*) => { doubled!($name $below $(, $more)*); };
}

doubled!(D1 Common, D2, D3, D4, D5, D6, D7, D8, D9, D10, D11, D12, D13, D14, D15, D16);

#[test]
fn a_type_that_grows_without_bounds_when_written_out_is_refused() {
    let found = why::<D16>(Protocol::GeminiAnswer);
    assert!(found.contains("is too large: more than 5000 schemas"), "{found}");
    Protocol::ChatAnswer.check(&Protocol::ChatAnswer.schema::<D16>().unwrap());
}
