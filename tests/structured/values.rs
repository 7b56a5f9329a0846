//! What serde writes of a type fits the schemas that are made of the type, and what serde can't read does not.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use octopusx::schemars::JsonSchema;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::protocols::{ALL, Protocol, validator};
use super::types::*;

/// The schemas of a type keep to their protocols, and its values keep to the schemas. `without` can't express it.
fn fit<T: JsonSchema + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(values: &[T], without: &[Protocol]) {
    for protocol in ALL.into_iter().filter(|protocol| !without.contains(protocol)) {
        let schema = protocol.schema::<T>().unwrap_or_else(|error| panic!("{protocol:?}: {error}"));
        protocol.check(&schema);
        let validator = validator(protocol, &schema);
        for value in values {
            let written = serde_json::to_value(value).unwrap();
            if let Err(error) = validator.validate(&written) {
                panic!("{protocol:?}: {error} at {}\n{written}\n{schema:#}", error.instance_path());
            }
            for broken in broken(&written) {
                let is_read = serde_json::from_value::<T>(broken.clone()).is_ok();
                let fits = validator.is_valid(&broken);
                assert!(is_read || !fits, "{protocol:?}: {broken} fits\n{schema:#}");
            }
            if protocol.is_closed() {
                let mut more = written.clone();
                more["nobody asked for this"] = json!(1);
                assert!(!validator.is_valid(&more), "{protocol:?}: {more} fits");
            }
        }
    }
}

/// The value with one of its members missing or of another type, at any depth.
fn broken(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, member) in value.as_object().into_iter().flatten() {
        for broken in broken(member) {
            let mut changed = value.clone();
            changed[name] = broken;
            all.push(changed);
        }
        let mut less = value.clone();
        less.as_object_mut().unwrap().remove(name);
        all.push(less);
        // What a string has to look like, not every protocol can say.
        let others = [json!({ "not": ["this", {}] }), json!(-1.5), json!("some other words")];
        for other in others.into_iter().filter(|other| !(other.is_string() && value[name].is_string())) {
            let mut changed = value.clone();
            changed[name] = other;
            all.push(changed);
        }
    }
    all
}

pub fn recipe() -> Recipe {
    let step = |text: &str, minutes| Step { text: text.to_owned(), minutes };
    Recipe {
        title: "Pancakes".to_owned(),
        minutes: 25,
        servings: Some(4),
        steps: vec![step("Whisk.", Some(4.5)), step("Fry.", None)],
        difficulty: Difficulty::QuiteHard,
    }
}

fn plain() -> Plain {
    let step = recipe().steps.remove(0);
    Plain {
        small: -128,
        signed_number: i64::MIN,
        rating: 10,
        ratio: 0.5,
        yes_or_no: true,
        letter: 'é',
        kind: "word".to_owned(),
        retries: 0,
        threads: 8,
        tags: BTreeSet::from(["a".to_owned(), "b".to_owned()]),
        point: (1.5, -2.0),
        labelled: ("x".to_owned(), 7),
        maybe_list: Some(vec![]),
        maybe_kind: Some(Difficulty::Easy),
        boxed: step.clone().into(),
        wrapped: Wrapped(step),
        country: "NO".to_owned(),
    }
}

fn common() -> Common {
    Common { id: "c1".to_owned(), note: Some("n".to_owned()) }
}

fn layouts() -> Layouts {
    let named = Outside::Named { name: "n".to_owned(), age: Some(3) };
    Layouts {
        outside: Outside::Nothing,
        inside: Inside::InCommon(common()),
        beside: Beside::Number(-5),
        bare: Bare::Named { value: true },
        maybe: Some(Inside::OnStage { seats: 3 }),
        list: vec![Outside::Text("t".to_owned()), Outside::Two(1, "x".to_owned()), named, Outside::Other(common())],
        common: common(),
        choice: Flattened::Screen { pixels: 1 << 40 },
    }
}

#[test]
fn values_fit_the_schemas_of_every_protocol() {
    let mut plainer = recipe();
    (plainer.servings, plainer.steps, plainer.difficulty) = (None, vec![], Difficulty::Easy);
    fit(&[recipe(), plainer], &[]);

    let mut sparse = plain();
    (sparse.maybe_list, sparse.maybe_kind) = (None, None);
    fit(&[plain(), sparse], &[]);

    fit(&[GetWeather { city: "Oslo".to_owned(), celsius: None }], &[]);
    fit(&[Search { words: vec!["rust".to_owned()] }], &[]);
    fit(&[Page { items: vec![recipe()], next: Some(2) }, Page { items: vec![], next: None }], &[]);
    fit(&[Wrapped(recipe().steps.remove(1))], &[]);
}

#[test]
fn every_layout_of_an_enum_fits() {
    let mut other = layouts();
    other.outside = Outside::Text("t".to_owned());
    (other.inside, other.maybe) = (Inside::AtHome, None);
    (other.beside, other.bare) = (Beside::Unit, Bare::Number(-1));
    (other.list, other.choice) = (vec![], Flattened::Paper { pages: 1 });
    let mut third = layouts();
    (third.beside, third.bare) = (Beside::Named { x: 0.25 }, Bare::Text("words".to_owned()));
    fit(&[layouts(), other, third].map(|layouts| Show { layouts }), &[]);
}

#[test]
fn times_of_chrono_fit_with_the_formats_that_a_protocol_knows() {
    let at = DateTime::from_timestamp(1_735_689_600, 5).unwrap();
    let day = NaiveDate::from_ymd_opt(2026, 2, 28).unwrap();
    let clock = at.time();
    fit(&[Times { at, day, clock, local: day.and_time(clock), later: Some(at) }], &[]);
    let schema = Protocol::ChatAnswer.schema::<Times>().unwrap();
    assert_eq!(schema["properties"]["at"], json!({ "type": "string", "format": "date-time" }));
    assert_eq!(schema["properties"]["day"], json!({ "type": "string", "format": "date" }));
    assert_eq!(schema["properties"]["clock"], json!({ "description": "format: partial-time", "type": "string" }));
    let gemini = Protocol::GeminiAnswer.schema::<Times>().unwrap();
    assert_eq!(gemini["properties"]["day"], json!({ "description": "format: date", "type": "STRING" }));
    assert_eq!(gemini["properties"]["later"], json!({ "type": "STRING", "nullable": true, "format": "date-time" }));
}

const WITHOUT_RECURSION: [Protocol; 3] = [Protocol::ClaudeFormat, Protocol::GeminiTool, Protocol::GeminiAnswer];

#[test]
fn recursion_fits_where_a_protocol_knows_it() {
    let leaf = |name: &str| Tree { name: name.to_owned(), children: vec![] };
    let tree = Tree { name: "root".to_owned(), children: vec![leaf("a"), leaf("b")] };
    fit(&[tree], &WITHOUT_RECURSION);

    let number = Expression::Number;
    let product = Expression::Product { left: number(2.0).into(), right: Expression::Sum(vec![number(1.0)]).into() };
    let whole = Expression::Sum(vec![number(1.0), product.clone()]);
    fit(&[Formula { whole, check: Some(product.into()) }], &WITHOUT_RECURSION);
}

/// Everything that leaves room for chance.
fn layouts_by_chance() -> impl Strategy<Value = Layouts> {
    let common = || (".{0,8}", proptest::option::of(".{0,8}")).prop_map(|(id, note)| Common { id, note });
    let outside = || {
        prop_oneof![
            Just(Outside::Nothing),
            ".{0,8}".prop_map(Outside::Text),
            (any::<u8>(), ".{0,8}").prop_map(|(number, text)| Outside::Two(number, text)),
            (".{0,8}", any::<Option<u8>>()).prop_map(|(name, age)| Outside::Named { name, age }),
            common().prop_map(Outside::Other),
        ]
    };
    let inside = || {
        prop_oneof![
            Just(Inside::AtHome),
            any::<u32>().prop_map(|seats| Inside::OnStage { seats }),
            common().prop_map(Inside::InCommon),
        ]
    };
    let beside =
        prop_oneof![Just(Beside::Unit), any::<i32>().prop_map(Beside::Number), (-1e9..1e9).prop_map(|x| Beside::Named { x }),];
    let bare = prop_oneof![
        any::<i64>().prop_map(Bare::Number),
        ".{0,8}".prop_map(Bare::Text),
        any::<bool>().prop_map(|value| Bare::Named { value }),
    ];
    let choice = prop_oneof![
        any::<u32>().prop_map(|pages| Flattened::Paper { pages }),
        any::<u64>().prop_map(|pixels| Flattened::Screen { pixels }),
    ];
    let list = proptest::collection::vec(outside(), 0..4);
    (outside(), inside(), beside, bare, proptest::option::of(inside()), list, common(), choice).prop_map(
        |(outside, inside, beside, bare, maybe, list, common, choice)| Layouts {
            outside,
            inside,
            beside,
            bare,
            maybe,
            list,
            common,
            choice,
        },
    )
}

#[test]
fn any_value_fits_and_is_read_back() {
    let validators: Vec<_> = ALL.iter().map(|one| (*one, validator(*one, &one.schema::<Show>().unwrap()))).collect();
    let config = ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(layouts in layouts_by_chance())| {
        let show = Show { layouts };
        let written = serde_json::to_value(&show).unwrap();
        for (protocol, validator) in &validators {
            prop_assert!(validator.is_valid(&written), "{:?}: {}", protocol, written);
        }
        let call = octopusx::chat::ChatToolCall::new("c", octopusx::chat::ChatFunctionCall::new("f", written.to_string()));
        prop_assert_eq!(call.parse_arguments::<Show>().unwrap(), show);
    });
}
