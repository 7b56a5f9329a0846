//! The changes that documentation goes through.

// All have the one type `Plant`.
#![allow(clippy::ptr_arg)]

use serde_json::{Value, json};

use super::super::super::documents::System;
use super::super::super::model::Side;
use super::super::super::report::Kind;
use super::super::super::types::{Kind as Json, Types};
use super::super::made::{self, Item, Op, Spec, Style};
use super::{Chance, Expect, Planted, choose, place_of};

/// A change, or `None` where chance found no place for it.
type Plant = fn(&[System], &mut Vec<Spec>, &mut Chance) -> Option<Planted>;

pub const ALL: [(&str, Plant); 31] = [
    ("route renamed", route_renamed),
    ("method changed", method_changed),
    ("route added to an overview", route_mentioned),
    ("route dropped from a page", route_dropped),
    ("body field added", |systems, specs, chance| added(systems, specs, chance, Side::Body, false)),
    ("nested body field added", |systems, specs, chance| added(systems, specs, chance, Side::Body, true)),
    ("answer field added", |systems, specs, chance| added(systems, specs, chance, Side::Answer, false)),
    ("nested answer field added", |systems, specs, chance| added(systems, specs, chance, Side::Answer, true)),
    ("body field removed", |systems, specs, chance| removed(systems, specs, chance, Side::Body)),
    ("answer field removed", |systems, specs, chance| removed(systems, specs, chance, Side::Answer)),
    ("body field retyped", |systems, specs, chance| retyped(systems, specs, chance, Side::Body)),
    ("answer field retyped", |systems, specs, chance| retyped(systems, specs, chance, Side::Answer)),
    ("field becomes required", |_, specs, chance| required(specs, chance, false)),
    ("field becomes optional", |_, specs, chance| required(specs, chance, true)),
    ("value added to a body field", |_, specs, chance| value_added(specs, chance, Side::Body)),
    ("value added to an answer field", |_, specs, chance| value_added(specs, chance, Side::Answer)),
    ("value removed", value_removed),
    ("default changed", default_changed),
    ("parameter of the path renamed", parameter_renamed),
    ("query parameter added", query_added),
    ("query parameter removed", query_removed),
    ("model added", model_added),
    ("example of a request with a new member", |_, specs, chance| example_grown(specs, chance, Side::Body)),
    ("example of an answer with a new member", |_, specs, chance| example_grown(specs, chance, Side::Answer)),
    ("example of a request with another type", example_retyped),
    ("example without a required member", example_shrunk),
    ("page removed", page_removed),
    ("page added", page_added),
    ("index cut", index_cut),
    ("page cut", page_cut),
    ("prose changed", prose_changed),
];

fn finding(kind: Kind, page: &str, about: impl Into<String>, what: impl Into<String>) -> Option<Planted> {
    Some(Planted { what: what.into(), expect: Expect::Finding(kind, page.to_owned(), about.into()), text: None })
}

fn list(op: &mut Op, side: Side) -> &mut Vec<Item> {
    if side == Side::Body { &mut op.body } else { &mut op.answer }
}

fn of(op: &Op, side: Side) -> &[Item] {
    if side == Side::Body { &op.body } else { &op.answer }
}

fn new_item(side: Side, chance: &mut Chance) -> Item {
    let types = ["string", "integer", "boolean", "array<string>", "object"];
    let types = Types::parse(chance.pick(&types).unwrap()).unwrap();
    let name = format!("fresh_{}", chance.below(1000));
    let required = (side != Side::Answer).then_some(false);
    Item { side, name, types, required, default: None, values: Vec::new(), inner: Vec::new() }
}

/// Pages with one operation: what is said there is said of it alone.
fn alone(spec: &Spec, _: &Op) -> bool {
    spec.operations.len() == 1 && spec.id.starts_with("en/")
}

fn route_renamed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |_, op| !op.path.contains("realtime"))?;
    let spec = &mut specs[at];
    let op = &mut spec.operations[nth];
    let before = op.path.clone();
    op.path = format!("{}-new", op.path.replace("/v1/", "/v7/"));
    let after = format!("{} {}", op.method, op.path);
    spec.description = spec.description.replace(&before, &op.path);
    finding(Kind::RouteMissing, &spec.id, after, format!("{before} renamed"))
}

fn method_changed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |_, op| !op.path.contains("realtime"))?;
    let spec = &mut specs[at];
    let op = &mut spec.operations[nth];
    let before = op.method.clone();
    op.method = "PATCH".to_owned();
    let after = format!("PATCH {}", op.path);
    spec.description = spec.description.replace(&before, "PATCH");
    finding(Kind::RouteMissing, &spec.id, after, format!("{before} changed"))
}

fn route_mentioned(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let overviews: Vec<usize> = (0..specs.len()).filter(|at| specs[*at].operations.is_empty()).collect();
    let spec = &mut specs[*chance.pick(&overviews)?];
    spec.mentions.push("POST /v1/things/{id}/fresh".to_owned());
    finding(Kind::RouteMissing, &spec.id, "POST /v1/things/{id}/fresh", "a route in a list")
}

fn route_dropped(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |spec, op| {
        // What the page still shows of another operation must not look like a call of this one.
        let others = spec.operations.iter().filter(|other| !std::ptr::eq(*other, op));
        spec.operations.len() > 1 && others.clone().count() > 0 && !spec.description.contains(&op.path)
    })?;
    let spec = &mut specs[at];
    let op = spec.operations.remove(nth);
    finding(Kind::RouteGone, &spec.id, format!("{} {}", op.method, op.path), "a section is gone")
}

fn added(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance, side: Side, nested: bool) -> Option<Planted> {
    // A map takes any name.
    let is_plain = |item: &Item| !item.inner.is_empty() && item.types.kinds.contains(&Json::Object) && item.name != "metadata";
    let (at, nth) = choose(specs, chance, |_, op| !of(op, side).is_empty() && (!nested || of(op, side).iter().any(is_plain)))?;
    let item = new_item(side, chance);
    let spec = &mut specs[at];
    let items = list(&mut spec.operations[nth], side);
    let (name, types) = (item.name.clone(), item.types.to_string());
    if nested {
        let holders: Vec<usize> = (0..items.len()).filter(|at| is_plain(&items[*at])).collect();
        items[*chance.pick(&holders)?].inner.push(item);
    } else {
        let place = chance.below(items.len() + 1);
        items.insert(place, item);
    }
    finding(Kind::FieldMissing, &spec.id, name, format!("{types} added"))
}

/// Takes a field from every page that shows the same place of the document, from lists and examples.
fn removed(systems: &[System], specs: &mut Vec<Spec>, chance: &mut Chance, side: Side) -> Option<Planted> {
    let places = |spec: &Spec, op: &Op| -> Vec<(usize, String, String)> {
        let place = |item: &Item| place_of(systems, spec, op, item).map(|(nth, pointer)| (nth, pointer, item.name.clone()));
        of(op, side).iter().filter_map(place).filter(|(.., name)| name.contains('_')).collect()
    };
    let (at, nth) = choose(specs, chance, |spec, op| of(op, side).len() > 2 && !places(spec, op).is_empty())?;
    let all = places(&specs[at], &specs[at].operations[nth]);
    let (system, pointer, name) = chance.pick(&all)?.clone();
    for spec in specs.iter_mut() {
        let before = spec.clone();
        for op in &mut spec.operations {
            let own = systems.iter().position(|known| known.pages.contains(&before.id));
            if own == Some(system) {
                drop_everywhere(&mut op.body, &name);
                drop_everywhere(&mut op.answer, &name);
                op.requests.iter_mut().for_each(|value| drop_member(value, &name));
                op.answers.iter_mut().for_each(|(_, value)| drop_member(value, &name));
                op.events.iter_mut().for_each(|value| drop_member(value, &name));
            }
        }
    }
    finding(Kind::FieldExtra, "", pointer, format!("{name} removed"))
}

fn drop_everywhere(items: &mut Vec<Item>, name: &str) {
    items.retain(|item| item.name != name);
    items.iter_mut().for_each(|item| drop_everywhere(&mut item.inner, name));
}

fn drop_member(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.shift_remove(name);
            members.values_mut().for_each(|member| drop_member(member, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_member(item, name)),
        _ => {}
    }
}

fn retyped(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance, side: Side) -> Option<Planted> {
    let all = ["string", "integer", "boolean", "object", "array<integer>", "string | boolean"];
    let (at, nth) = choose(specs, chance, |_, op| of(op, side).iter().any(|item| !item.types.kinds.contains(&Json::Any)))?;
    let spec = &mut specs[at];
    let items = list(&mut spec.operations[nth], side);
    let typed: Vec<usize> = (0..items.len()).filter(|at| !items[*at].types.kinds.contains(&Json::Any)).collect();
    let item = &mut items[*chance.pick(&typed)?];
    // Some type that the field does not have; a document that takes more than the page says is no drift.
    let others: Vec<Types> = all.iter().filter_map(|text| Types::parse(text)).filter(|types| !item.types.hold(types)).collect();
    let types = chance.pick(&others)?.clone();
    let what = format!("{} became {types}", item.types);
    item.types = types;
    item.inner.clear();
    let name = item.name.clone();
    finding(Kind::Type, &spec.id, format!("{side} {name}"), what)
}

fn required(specs: &mut [Spec], chance: &mut Chance, before: bool) -> Option<Planted> {
    let fits = |item: &Item| item.required == Some(before);
    let (at, nth) = choose(specs, chance, |spec, op| alone(spec, op) && op.body.iter().any(fits))?;
    let spec = &mut specs[at];
    let items: Vec<&mut Item> = spec.operations[nth].body.iter_mut().filter(|item| fits(item)).collect();
    let place = chance.below(items.len());
    let item = items.into_iter().nth(place)?;
    item.required = Some(!before);
    let name = item.name.clone();
    finding(Kind::Required, &spec.id, format!("body {name}"), "flipped")
}

fn value_added(specs: &mut [Spec], chance: &mut Chance, side: Side) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |_, op| of(op, side).iter().any(|item| !item.values.is_empty()))?;
    let spec = &mut specs[at];
    let items: Vec<&mut Item> = list(&mut spec.operations[nth], side).iter_mut().filter(|item| !item.values.is_empty()).collect();
    let place = chance.below(items.len());
    let item = items.into_iter().nth(place)?;
    item.values.push("fresh-value".to_owned());
    finding(Kind::Values, &spec.id, "fresh-value", format!("{} knows one more", item.name))
}

/// Takes a value from every page that says it anywhere.
fn value_removed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let is_rare = |value: &String, specs: &[Spec]| {
        let shown = |op: &Op| {
            op.requests
                .iter()
                .chain(op.answers.iter().map(|(_, value)| value))
                .chain(&op.events)
                .any(|shown| shown.to_string().contains(value.as_str()))
        };
        value.contains(['_', '-', ':']) && !specs.iter().flat_map(|spec| &spec.operations).any(shown)
    };
    let rare: Vec<String> = specs
        .iter()
        .flat_map(|spec| &spec.operations)
        .flat_map(|op| op.body.iter().chain(&op.answer))
        .filter(|item| item.values.len() > 2)
        .flat_map(|item| item.values.clone())
        .collect();
    let rare: Vec<String> = rare.into_iter().filter(|value| is_rare(value, specs)).collect();
    let value = chance.pick(&rare)?.clone();
    for op in specs.iter_mut().flat_map(|spec| &mut spec.operations) {
        drop_value(&mut op.body, &value);
        drop_value(&mut op.answer, &value);
        drop_value(&mut op.parameters, &value);
    }
    specs.iter_mut().for_each(|spec| spec.models.retain(|model| *model != value));
    finding(Kind::Values, "", format!("`{value}`"), "a value is gone")
}

fn drop_value(items: &mut [Item], value: &str) {
    for item in items {
        item.values.retain(|known| known != value);
        drop_value(&mut item.inner, value);
    }
}

fn default_changed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |_, op| op.body.iter().any(|item| item.default.is_some()))?;
    let spec = &mut specs[at];
    let item = spec.operations[nth].body.iter_mut().find(|item| item.default.is_some())?;
    item.default = Some("4711".to_owned());
    let name = item.name.clone();
    finding(Kind::Default, &spec.id, format!("body {name}"), "another default")
}

fn parameter_renamed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let in_path = |item: &Item| item.side == Side::Path;
    let (at, nth) = choose(specs, chance, |spec, op| alone(spec, op) && op.parameters.iter().any(in_path))?;
    let spec = &mut specs[at];
    let item = spec.operations[nth].parameters.iter_mut().find(|item| in_path(item))?;
    item.name = "fresh_id".to_owned();
    finding(Kind::FieldMissing, &spec.id, "path fresh_id", "the list says so")
}

fn query_added(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |_, op| op.method == "GET")?;
    let spec = &mut specs[at];
    spec.operations[nth].parameters.push(Item { name: "fresh_query".to_owned(), ..new_item(Side::Query, chance) });
    finding(Kind::FieldMissing, &spec.id, "query fresh_query", "one more")
}

fn query_removed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let fits = |item: &Item| item.side == Side::Query;
    // The address of a WebSocket shows its parameter beside the list.
    let (at, nth) =
        choose(specs, chance, |spec, op| alone(spec, op) && op.parameters.iter().any(fits) && !op.path.contains("realtime"))?;
    let op = specs[at].operations[nth].clone();
    let name = op.parameters.iter().find(|item| fits(item))?.name.clone();
    for spec in specs.iter_mut() {
        for other in spec.operations.iter_mut().filter(|other| other.path == op.path) {
            other.parameters.retain(|item| item.name != name);
            other.answers.clear();
        }
    }
    finding(Kind::FieldExtra, "", format!("query {name}"), "one less")
}

fn model_added(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, _) = choose(specs, chance, alone)?;
    specs[at].models.push("fresh-model-9.9".to_owned());
    finding(Kind::Model, &specs[at].id, "fresh-model-9.9", "listed")
}

fn shown(op: &mut Op, side: Side) -> Vec<&mut Value> {
    if side == Side::Body { op.requests.iter_mut().collect() } else { op.answers.iter_mut().map(|(_, value)| value).collect() }
}

fn example_grown(specs: &mut [Spec], chance: &mut Chance, side: Side) -> Option<Planted> {
    let (at, nth) = choose(specs, chance, |spec, op| {
        let mut op = op.clone();
        alone(spec, &op) && shown(&mut op, side).first().is_some_and(|value| value.is_object())
    })?;
    let spec = &mut specs[at];
    shown(&mut spec.operations[nth], side)[0].as_object_mut()?.insert("fresh_member".to_owned(), json!(1));
    finding(Kind::Example, &spec.id, "fresh_member", "an example shows it, no list does")
}

fn example_retyped(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let is_text = |op: &Op, name: &str| op.body.iter().any(|item| item.name == name && item.types == Types::of(Json::String));
    let first = |op: &Op| -> Option<String> {
        let members = op.requests.first()?.as_object()?;
        members.keys().find(|name| is_text(op, name)).cloned()
    };
    let (at, nth) = choose(specs, chance, |spec, op| alone(spec, op) && !op.is_form && first(op).is_some())?;
    let spec = &mut specs[at];
    let op = &mut spec.operations[nth];
    let name = first(op)?;
    op.requests[0].as_object_mut()?.insert(name.clone(), json!({"odd": true}));
    finding(Kind::Example, &spec.id, format!("/{name}"), "an object in place of a text")
}

fn example_shrunk(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let first = |op: &Op| -> Option<String> {
        let members = op.requests.first()?.as_object()?;
        let required = |name: &&String| op.body.iter().any(|item| item.name == **name && item.required == Some(true));
        members.keys().find(required).cloned()
    };
    let (at, nth) = choose(specs, chance, |spec, op| alone(spec, op) && !op.is_form && first(op).is_some())?;
    let spec = &mut specs[at];
    let op = &mut spec.operations[nth];
    let name = first(op)?;
    op.requests[0].as_object_mut()?.shift_remove(&name);
    finding(Kind::Example, &spec.id, format!("`{name}` is missing"), "a required member is not shown")
}

fn page_removed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let indexed: Vec<usize> = (0..specs.len()).filter(|at| specs[*at].in_index).collect();
    let spec = specs.remove(*chance.pick(&indexed)?);
    finding(Kind::PageGone, &spec.id, spec.id.clone(), "removed")
}

fn page_added(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let place = chance.below(specs.len());
    let (id, title) = ("en/videos/fresh/generation".to_owned(), "Fresh".to_owned());
    let url = format!("https://doc.octopusx.ai/{id}.md");
    specs.insert(place, Spec { id: id.clone(), title, url, in_index: true, description: "New.".to_owned(), ..Spec::default() });
    finding(Kind::PageNew, &id, id.clone(), "added")
}

/// Somewhere inside of an entry, behind an entry, or so long that the site cuts it.
fn index_cut(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let whole = made::index(specs, "\n");
    let text = match chance.below(3) {
        0 => {
            let entries: Vec<usize> = whole.match_indices("\n- [").map(|(at, _)| at).collect();
            whole[..entries[entries.len() / 2 + chance.below(entries.len() / 3)] + 12].to_owned()
        }
        1 => {
            let entries: Vec<usize> = whole.match_indices("\n- [").map(|(at, _)| at).collect();
            whole[..entries[entries.len() - 5 - chance.below(40)]].to_owned()
        }
        _ => whole.replace("## Docs", &format!("{}\n\n## Docs", "Long words. ".repeat(9000))),
    };
    let expect = Expect::Unchecked("llms.txt".to_owned());
    Some(Planted { what: format!("{} of {} bytes", text.len(), whole.len()), expect, text: Some(("llms.txt".to_owned(), text)) })
}

fn page_cut(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let (at, _) = choose(specs, chance, |spec, _| spec.id.starts_with("en/"))?;
    let spec = &specs[at];
    let whole = spec.text(Style::Written);
    let mut end = whole.len() / 4 + chance.below(whole.len() / 2);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    let expect = Expect::Unchecked(spec.id.clone());
    Some(Planted {
        what: format!("{end} of {} bytes", whole.len()),
        expect,
        text: Some((spec.id.clone(), whole[..end].to_owned())),
    })
}

fn prose_changed(_: &[System], specs: &mut Vec<Spec>, chance: &mut Chance) -> Option<Planted> {
    let place = chance.below(specs.len());
    specs[place].prose = "It became slower.\n\n".to_owned();
    finding(Kind::PageChanged, &specs[place].id, "", "a sentence more")
}
