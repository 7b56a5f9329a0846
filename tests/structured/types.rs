//! Types as users write them: every way in which serde lays out a struct or an enum.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use octopusx::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// How to cook something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recipe {
    /// What it is called.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    pub servings: Option<u8>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    pub difficulty: Difficulty,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    #[schemars(length(min = 1, max = 200))]
    pub text: String,
    pub minutes: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    Easy,
    /// Takes practice.
    QuiteHard,
}

/// Plain fields of all kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plain {
    pub small: i8,
    pub signed_number: i64,
    #[schemars(range(min = 1, max = 10))]
    pub rating: u16,
    pub ratio: f32,
    pub yes_or_no: bool,
    pub letter: char,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub retries: u32,
    #[serde(default = "four")]
    #[schemars(extend("examples" = [4, 8], "x-internal" = "hidden"))]
    pub threads: u32,
    pub tags: BTreeSet<String>,
    pub point: (f64, f64),
    pub labelled: (String, u32),
    pub maybe_list: Option<Vec<String>>,
    pub maybe_kind: Option<Difficulty>,
    pub boxed: Box<Step>,
    pub wrapped: Wrapped,
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub country: String,
}

pub fn four() -> u32 {
    4
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wrapped(pub Step);

/// The formats of chrono.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    pub at: DateTime<Utc>,
    pub day: NaiveDate,
    pub clock: NaiveTime,
    pub local: NaiveDateTime,
    pub later: Option<DateTime<Utc>>,
}

/// Every layout of an enum with data, and what is flattened into a struct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Layouts {
    pub outside: Outside,
    /// Where it is played.
    pub inside: Inside,
    pub beside: Beside,
    pub bare: Bare,
    pub maybe: Option<Inside>,
    pub list: Vec<Outside>,
    #[serde(flatten)]
    pub common: Common,
    #[serde(flatten)]
    pub choice: Flattened,
}

/// By the flattened enum, `Layouts` is a choice, and a choice can't be a root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Show {
    pub layouts: Layouts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Outside {
    Nothing,
    Text(String),
    Two(u8, String),
    Named { name: String, age: Option<u8> },
    Other(Common),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inside {
    /// Nothing more to say.
    AtHome,
    OnStage {
        seats: u32,
    },
    InCommon(Common),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
pub enum Beside {
    Unit,
    Number(i32),
    Named { x: f64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Bare {
    Number(i64),
    Text(String),
    Named { value: bool },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Common {
    pub id: String,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "medium")]
pub enum Flattened {
    Paper { pages: u32 },
    Screen { pixels: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<u32>,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tree {
    pub name: String,
    pub children: Vec<Tree>,
}

/// A formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Formula {
    pub whole: Expression,
    /// A second one.
    pub check: Option<Box<Expression>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expression {
    Number(f64),
    Sum(Vec<Expression>),
    Product { left: Box<Expression>, right: Box<Expression> },
}

/// Takes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ping {}

/// Tells the weather of a city for today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GetWeather {
    /// The name of the city.
    pub city: String,
    pub celsius: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "search/the web", description = "Finds pages.")]
pub struct Search {
    pub words: Vec<String>,
}
