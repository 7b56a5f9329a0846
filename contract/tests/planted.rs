//! Tests of the tests: faults that are planted in the rows and the examples must be found.

use serde_json::{Map, Value, json};

use crate::documents::{DOCUMENTS, Document, is_open};
use crate::method::{Address, Answer, Carries, Credential, Ends, Failure, Holds, Method, Request, Shape, Way};
use crate::site::Site;
use crate::{answers, block_on, failures, requests};

/// The same faults in every run.
const SEED: u64 = 20_261_120;

/// How often each kind of fault is planted.
const TIMES: usize = 4;

/// Picks at random, but always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// What was planted where, and what the check said.
struct Planted {
    what: String,
    outcome: Result<(), String>,
}

type Place<T> = (&'static Document, &'static Method, T);

fn places<T: Copy + 'static>(rows: fn(&'static Method) -> &'static [T], wanted: impl Fn(&T) -> bool) -> Vec<Place<T>> {
    let methods = DOCUMENTS.iter().flat_map(|document| document.methods.iter().map(move |method| (document, method)));
    let all = methods.flat_map(|(document, method)| rows(method).iter().map(move |row| (document, method, *row)));
    all.filter(|(_, _, row)| wanted(row)).collect()
}

type RowFault = fn(&mut Method, &mut Request);

/// Each changes one thing that the document says of a method.
const ROW_FAULTS: [(&str, RowFault); 6] = [
    ("another verb", |method, _| method.verb = if method.verb == "GET" { "HEAD" } else { "PUT" }),
    ("a path with one more step", |method, _| {
        let path = [method.shown.path, &["more"]].concat();
        method.shown = Address { path: path.leak(), ..method.shown };
    }),
    ("a further query parameter", |method, _| {
        let query = [method.shown.query, &[("more", "1")]].concat();
        method.shown = Address { query: query.leak(), ..method.shown };
    }),
    ("a header of another value", |method, _| method.headers = &[("accept", "text/plain")]),
    ("another way for the key", |method, _| {
        method.credential = match method.credential {
            Credential::Bearer => Credential::None,
            _ => Credential::Bearer,
        };
    }),
    ("another kind of body", |_, request| {
        request.carries = match request.carries {
            Carries::Json => Carries::Form { files: &[] },
            _ => Carries::Json,
        };
    }),
];

async fn in_rows(site: &Site, dice: &mut Dice, planted: &mut Vec<Planted>) {
    let all = places(|method| method.requests, |request| request.way != Way::Odd);
    for (what, fault) in ROW_FAULTS {
        for _ in 0..TIMES {
            let (document, method, request) = dice.pick(&all);
            let (mut changed, mut sending) = (*method, request);
            fault(&mut changed, &mut sending);
            let outcome = requests::check(site, document, &changed, &sending).await;
            planted.push(Planted { what: format!("{} {}: {what}", document.name, method.id), outcome });
        }
    }
}

type MemberFault = fn(&mut Map<String, Value>, &str);

/// Each changes one member of an object.
const MEMBER_FAULTS: [(&str, MemberFault); 3] = [
    ("misspelt", |members, name| {
        let value = members.shift_remove(name).unwrap();
        members.insert(format!("{name}x"), value);
    }),
    ("dropped", |members, name| {
        members.shift_remove(name);
    }),
    ("of another type", |members, name| {
        let value = &mut members[name];
        *value = if value.is_object() { json!("text") } else { json!({"another": "type"}) };
    }),
];

/// A request that was built from the example as it was must not pass for the changed one.
async fn in_requests(site: &Site, dice: &mut Dice, planted: &mut Vec<Planted>) {
    let all = places(|method| method.requests, |request| request.way == Way::Typed);
    for (what, fault) in MEMBER_FAULTS {
        for _ in 0..TIMES * 3 {
            let (document, method, request) = dice.pick(&all);
            let mut example = document.at(request.example).unwrap().clone();
            let names = members(&example, "", method.switch);
            let (object, name) = names[dice.below(names.len())].clone();
            fault(example.pointer_mut(&object).unwrap().as_object_mut().unwrap(), &name);
            let outcome = requests::check(site, &document.with(request.example, example), method, &request).await;
            planted.push(Planted { what: format!("{} {object}: `{name}` is {what}", request.example), outcome });
        }
    }
}

/// Every member that is not null, as its object's pointer and its name.
fn members(value: &Value, at: &str, switch: Option<&str>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match value {
        Value::Object(all) => {
            for (name, value) in all.iter().filter(|(_, value)| !value.is_null()) {
                if !at.is_empty() || switch != Some(name) {
                    found.push((at.to_owned(), name.clone()));
                }
                let step = name.replace('~', "~0").replace('/', "~1");
                found.extend(members(value, &format!("{at}/{step}"), None));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(members(item, &format!("{at}/{index}"), None));
            }
        }
        _ => {}
    }
    found
}

/// A type must not take what the schema does not say.
fn in_shapes(dice: &mut Dice, planted: &mut Vec<Planted>) {
    let shapes: Vec<&Shape> = DOCUMENTS.iter().flat_map(|document| document.shapes).collect();
    let objects: Vec<&Shape> =
        shapes.into_iter().filter(|shape| shape.value.starts_with("{\"") && !is_open(shape.schema)).collect();
    for _ in 0..TIMES * 3 {
        let shape = dice.pick(&objects);
        let mut value: Value = serde_json::from_str(shape.value).unwrap();
        let all = value.as_object_mut().unwrap();
        let names: Vec<String> = all.keys().cloned().collect();
        let name = &names[dice.below(names.len())];
        (MEMBER_FAULTS[0].1)(all, name);
        let text: &'static str = value.to_string().leak();
        let outcome = answers::check_shape(&Shape { value: text, schema: shape.schema, read: shape.read, built: None });
        planted.push(Planted { what: format!("{}: `{name}` is misspelt", shape.schema), outcome });
    }
}

async fn in_answers(site: &Site, dice: &mut Dice, planted: &mut Vec<Planted>) {
    let json = places(|method| method.answers, |answer| matches!(answer.holds, Holds::Json(_)));
    for _ in 0..TIMES {
        let (document, method, answer) = dice.pick(&json);
        let faults = [
            ("an empty body", Answer { holds: Holds::Nothing, ..answer }),
            ("bytes", Answer { holds: Holds::Bytes("application/json"), ..answer }),
            ("the status of a failure", Answer { status: 404, ..answer }),
        ];
        for (what, fault) in faults {
            let outcome = answers::check(site, document, method, &fault).await;
            planted.push(Planted { what: format!("{} {}: an answer with {what}", document.name, method.id), outcome });
        }
    }
    for (document, method, _) in places(|method| std::slice::from_ref(method), |method: &Method| method.ends.is_some()) {
        let Some(ends) = method.ends else { continue };
        let first = method.events.first().and_then(|event| document.at(event.example).ok()?.get(ends.tag?)?.as_str());
        let wrong = match first {
            Some(first) if !ends.last.is_empty() => Ends { last: vec![first].leak(), ..ends },
            // A stream that may end with its body needs no mark.
            _ if ends.finish => continue,
            _ => Ends { mark: Some("[OVER]"), ..ends },
        };
        let changed = Method { ends: Some(wrong), ..*method };
        let outcome = answers::check_streams(site, document, &changed).await;
        planted.push(Planted { what: format!("{} {}: a stream with another end", document.name, method.id), outcome });
    }
}

async fn in_failures(site: &Site, dice: &mut Dice, planted: &mut Vec<Planted>) {
    let all = places(|method| method.failures, |failure| !failure.inside_success && !failure.inside_stream);
    let whole = places(|method| method.answers, |answer| matches!(answer.holds, Holds::Json(_)));
    for _ in 0..TIMES {
        let (document, method, failure) = dice.pick(&all);
        let outcome = failures::check(site, document, method, &Failure { status: 200, ..failure }).await;
        planted.push(Planted { what: format!("{} {}: a failure without its status", document.name, method.id), outcome });
        let (document, method, answer) = dice.pick(&whole);
        let Holds::Json(example) = answer.holds else { continue };
        let success = Failure { status: 200, example, inside_success: false, inside_stream: false };
        let outcome = failures::check(site, document, method, &success).await;
        planted.push(Planted { what: format!("{} {}: a success among the failures", document.name, method.id), outcome });
    }
}

#[test]
fn every_fault_that_is_planted_is_found() {
    let planted = block_on(async {
        let site = Site::open().await;
        let mut dice = Dice(SEED);
        let mut planted = Vec::new();
        in_rows(&site, &mut dice, &mut planted).await;
        in_requests(&site, &mut dice, &mut planted).await;
        in_shapes(&mut dice, &mut planted);
        in_answers(&site, &mut dice, &mut planted).await;
        in_failures(&site, &mut dice, &mut planted).await;
        planted
    });
    let missed: Vec<&str> = planted.iter().filter(|fault| fault.outcome.is_ok()).map(|fault| fault.what.as_str()).collect();
    crate::table::say(&format!(
        "faults planted in rows and examples: {}, found: {}\n",
        planted.len(),
        planted.len() - missed.len()
    ));
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}
