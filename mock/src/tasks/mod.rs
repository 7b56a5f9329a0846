//! Long tasks: made by one request, followed by others.

mod script;
mod stage;
mod view;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::{Exchange, echo};
use crate::document::{Example, ItemList, Media, Place, TaskRule};
use crate::failure::{self, Failure};
use crate::family::Family;
use crate::files::Kind;
use crate::outgoing::Outgoing;
use crate::pointer::Pointer;
use crate::reply::Reply;
use crate::request::{Incoming, Payload};
use script::Told;
pub use script::{TaskScript, TaskStep};
pub(crate) use stage::Class;
use stage::{Stage, Words};
use view::View;

/// The header of a request that orders the states of the task that it makes.
const HEADER: &str = "x-mock-task";

/// All tasks of one gateway.
pub(crate) struct Tasks {
    step: Duration,
    known: Mutex<Known>,
}

/// One task.
pub(crate) struct Task {
    pub(crate) id: String,
    made: Instant,
    polls: AtomicU64,
    /// The operation that follows it, where the answer that made it says so.
    pub(crate) query: Option<String>,
    /// What the request belongs to that made it.
    pub(crate) family: Family,
    /// What comes of it, where the route that made it says so.
    kind: Option<Kind>,
    request: Value,
    answer: Value,
    script: Option<Arc<TaskScript>>,
}

impl Tasks {
    pub(crate) fn new(step: Duration) -> Self {
        Self { step, known: Mutex::default() }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Task>> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // A map is whole after every single call, whoever panicked between two of them.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many steps a task has made: by time, or by the polls of it when steps take no time.
    fn steps(&self, task: &Task) -> usize {
        let steps = match self.step.as_nanos() {
            0 => u128::from(task.polls.load(Ordering::Relaxed)),
            step => task.made.elapsed().as_nanos() / step,
        };
        usize::try_from(steps).unwrap_or(usize::MAX)
    }

    fn stage(&self, task: &Task) -> Stage {
        let Some(script) = &task.script else { return Stage::after(self.steps(task)) };
        let step = match task.polls.load(Ordering::Relaxed) {
            0 => script.creation(),
            polls => script.poll(polls - 1),
        };
        step.map_or(Stage::Waiting, TaskStep::stage)
    }

    /// The first task that a request names, wherever it does so.
    pub(crate) fn named_in(&self, path: &[(String, String)], incoming: &Incoming) -> Option<Arc<Task>> {
        let known = self.lock();
        let address = path.iter().chain(&incoming.query).find_map(|(_, value)| known.get(value));
        let found = address.or_else(|| match &incoming.payload {
            Payload::Json(Ok(body)) => named_within(&known, body),
            Payload::Form(Ok(parts)) => {
                let texts = parts.iter().filter(|part| part.file_name.is_none());
                texts.filter_map(|part| part.text()).find_map(|text| known.get(text))
            }
            _ => None,
        });
        found.cloned()
    }
}

type Known = HashMap<String, Arc<Task>>;

fn named_within<'k>(known: &'k Known, value: &Value) -> Option<&'k Arc<Task>> {
    match value {
        Value::String(text) => known.get(text),
        Value::Number(number) => known.get(&number.to_string()),
        Value::Array(items) => items.iter().find_map(|item| named_within(known, item)),
        Value::Object(map) => map.values().find_map(|value| named_within(known, value)),
        Value::Null | Value::Bool(_) => None,
    }
}

/// Makes a task and answers with it.
pub(crate) fn create(exchange: &Exchange<'_>, rule: &TaskRule, media: &Media, example: &Example) -> Result<Outgoing, String> {
    let system = exchange.system;
    let mut answer = example.value.clone();
    let request = exchange.body.clone().unwrap_or_default();
    echo(&mut answer, &request, rule);
    let shown = rule.id.iter().find_map(|pointer| pointer.read(&example.value));
    let id = system.ids.like(shown);
    let seen: Vec<&Value> = media.examples.iter().map(|example| &example.value).collect();
    let words = status_words(exchange, rule, &seen);
    let kind = Kind::of_text(&format!("{} {}", exchange.chosen.operation.template, exchange.chosen.id()));
    let operation = exchange.chosen.id();
    let by_itself = exchange.incoming.header(HEADER).map(str::parse::<TaskScript>).transpose();
    let script = match by_itself {
        Ok(Some(script)) => Some(Arc::new(script)),
        Ok(None) => system.plans.task(operation, || exchange.incoming.record(Some(operation))),
        Err(problem) => return Ok(failure::bad_order(&problem.to_string())),
    };
    let step = script.as_ref().and_then(|script| script.creation());
    let stage = step.map_or(Stage::Waiting, TaskStep::stage);
    let schemas = &exchange.document().schemas;
    let view = View { schemas, rule, words: &words, stage, step, id: &id, kind, base: &system.url, followed: false };
    view.write(&mut answer);
    let task = Task {
        id: id.clone(),
        made: Instant::now(),
        polls: AtomicU64::new(0),
        query: rule.query.clone(),
        family: exchange.family.clone(),
        kind,
        request,
        answer: answer.clone(),
        script,
    };
    system.tasks.lock().insert(id, Arc::new(task));
    Ok(Outgoing::json(exchange.status()?, answer))
}

/// Says how a task is; none when the request names no task at all.
pub(crate) fn query(
    exchange: &Exchange<'_>,
    rule: &TaskRule,
    media: &Media,
    examples: &[&Example],
) -> Option<Result<Outgoing, String>> {
    let id = named_id(exchange, rule)?;
    let Some(task) = exchange.system.tasks.find(&id) else { return Some(Ok(unknown(exchange, &id))) };
    let seen = media.examples.iter().map(|example| &example.value).collect::<Vec<_>>();
    let poll = Poll::of(exchange, &task);
    let tell = || Ok(Outgoing::json(exchange.status()?, poll.tell(exchange, rule, &seen, examples)));
    Some(match poll.reply() {
        Some(reply) => reply.respond(exchange, &tell),
        None => tell(),
    })
}

/// Says how several tasks are, in the list of the answer. Those that nobody made are left out.
pub(crate) fn query_many(exchange: &Exchange<'_>, example: &Example, list: &ItemList<'_>) -> Result<Outgoing, String> {
    let named = exchange.body.iter().flat_map(Value::as_object).flatten().filter_map(|(_, value)| value.as_array()).flatten();
    let ids = named.filter_map(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string())));
    let tasks: Vec<Arc<Task>> = ids.filter_map(|id| exchange.system.tasks.find(&id)).collect();
    let seen: Vec<&Value> = list.examples.iter().map(|example| &example.value).collect();
    let examples: Vec<&Example> = list.examples.iter().collect();
    let tell = |task: &Arc<Task>| {
        let poll = Poll::of(exchange, task);
        // An answer of its own can't stand in a list: the task is not there.
        poll.reply().is_none().then(|| poll.tell(exchange, list.rule, &seen, &examples))
    };
    let mut answer = example.value.clone();
    list.at.force(&mut answer, tasks.iter().filter_map(tell).collect());
    Ok(Outgoing::json(exchange.status()?, answer))
}

/// One look at a task.
struct Poll<'t> {
    task: &'t Task,
    stage: Stage,
    step: Option<&'t TaskStep>,
}

impl<'t> Poll<'t> {
    fn of(exchange: &Exchange<'_>, task: &'t Task) -> Self {
        let before = task.polls.fetch_add(1, Ordering::Relaxed);
        let step = task.script.as_ref().and_then(|script| script.poll(before));
        let stage = match (&task.script, step) {
            (None, _) => exchange.system.tasks.stage(task),
            (Some(_), step) => step.map_or(Stage::Waiting, TaskStep::stage),
        };
        Self { task, stage, step }
    }

    /// What is to be answered in place of a state.
    fn reply(&self) -> Option<&'t Reply> {
        match &self.step?.told {
            Told::Reply(reply) => Some(reply),
            Told::State(..) => None,
        }
    }

    /// The state, in the words that were seen and by the example that is nearest.
    fn tell(&self, exchange: &Exchange<'_>, rule: &TaskRule, seen: &[&Value], examples: &[&Example]) -> Value {
        let Self { task, stage, step } = *self;
        let words = status_words(exchange, rule, seen);
        let chosen = best_example(rule, stage, task, examples);
        let mut answer = chosen.map_or_else(|| task.answer.clone(), |example| example.value.clone());
        // What was once said of a task stays so, whichever example tells its state.
        echo(&mut answer, &task.answer, rule);
        echo(&mut answer, &task.request, rule);
        tell_subject(exchange, rule, task.kind, &mut answer);
        let (schemas, id, kind, base) = (&exchange.document().schemas, task.id.as_str(), task.kind, exchange.system.url.as_str());
        View { schemas, rule, words: &words, stage, step, id, kind, base, followed: true }.write(&mut answer);
        answer
    }
}

/// A refusal for an operation that hands out what came of a task: unknown, or not finished. None: nothing is against it.
pub(crate) fn refuse_content(exchange: &Exchange<'_>, must_be_task: bool) -> Option<Outgoing> {
    let tasks = &exchange.system.tasks;
    let mut named = exchange.path.iter().map(|(_, value)| value);
    let Some(task) = named.clone().find_map(|id| tasks.find(id)) else {
        return named.next().filter(|_| must_be_task).map(|id| unknown(exchange, id));
    };
    let message = format!("the task {} is not finished yet", task.id);
    let failure = Failure { status: StatusCode::BAD_REQUEST, code: "task_not_finished", message: &message, words: &[] };
    (tasks.stage(&task) != Stage::Done).then(|| failure.respond(exchange.document(), Some(exchange.chosen.operation)))
}

fn unknown(exchange: &Exchange<'_>, id: &str) -> Outgoing {
    let message = format!("no task has the id {id}");
    let words = &["task_not_exist", "task_not_found", "task_no_found", "task not exist", "task not found"];
    let failure = Failure { status: StatusCode::NOT_FOUND, code: "task_not_exist", message: &message, words };
    let operation = exchange.chosen.operation;
    failure.documented(operation).respond(exchange.document(), Some(operation))
}

/// The id that a request asks for: in the body where the document says so, else in the path, else in the query.
fn named_id(exchange: &Exchange<'_>, rule: &TaskRule) -> Option<String> {
    if let Some(place) = &rule.query_body {
        return match place.id.read(exchange.body.as_ref()?)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
    }
    let names: Vec<&str> = rule.id.iter().filter_map(|pointer| pointer.last_key()).chain(["id"]).collect();
    if let Some((_, value)) = exchange.path.last() {
        let by_name = exchange.path.iter().find(|(name, _)| names.contains(&name.as_str()));
        return Some(by_name.map_or(value, |(_, value)| value).clone());
    }
    let declared = exchange.chosen.operation.parameters.iter().filter(|parameter| parameter.place == Place::Query);
    let fixed = |name: &str| exchange.chosen.face.is_some_and(|face| face.fixed.contains_key(name));
    let mut open: Vec<_> = declared.filter(|parameter| !fixed(&parameter.name)).collect();
    open.sort_by_key(|parameter| (!names.contains(&parameter.name.as_str()), !parameter.required));
    open.first().and_then(|parameter| exchange.incoming.query(&parameter.name)).map(str::to_owned)
}

/// The words of each status pointer of a rule, in the order of the pointers.
fn status_words(exchange: &Exchange<'_>, rule: &TaskRule, seen: &[&Value]) -> Vec<Words> {
    let schemas = &exchange.document().schemas;
    let of = |pointer| {
        let seen = seen.iter().flat_map(|value| pointer_texts(pointer, value)).collect();
        Words::new(schemas.words_at(rule.schema.raw(), pointer), seen)
    };
    rule.status.iter().map(of).collect()
}

fn pointer_texts(pointer: &Pointer, value: &Value) -> Vec<String> {
    pointer.read_all(value).into_iter().filter_map(|found| found.as_str().map(str::to_owned)).collect()
}

/// Where an example speaks of images and the task makes videos, or the other way round, takes the known word for it.
fn tell_subject(exchange: &Exchange<'_>, rule: &TaskRule, kind: Option<Kind>, answer: &mut Value) {
    let Some(members) = answer.as_object_mut().filter(|_| kind.is_some()) else { return };
    for (name, value) in members {
        let shown = value.as_str().and_then(Kind::of_text);
        if shown.is_none() || shown == kind {
            continue;
        }
        let known = Pointer::member(name);
        let known = exchange.document().schemas.words_at(rule.schema.raw(), &known);
        if let Some(word) = known.into_iter().find(|word| Kind::of_text(word) == kind) {
            *value = Value::from(word);
        }
    }
}

/// The documented answer that is nearest to what is to be said: first by state, then by the pages that the request
/// stands on, then by model, then by subject.
fn best_example<'e>(rule: &TaskRule, stage: Stage, task: &Task, examples: &[&'e Example]) -> Option<&'e Example> {
    let nearness = |example: &Example| {
        let word = rule.status.iter().find_map(|pointer| pointer.read(&example.value)?.as_str());
        match (stage.class(), word.and_then(Class::of)) {
            (wanted, Some(class)) if wanted == class => 4,
            (_, Some(Class::Failed)) => 0,
            (Class::Done, Some(_)) | (_, None) => 2,
            (_, Some(Class::Done)) => 1,
            (_, Some(_)) => 3,
        }
    };
    let model = task.request.get("model");
    let score = |example: &Example| {
        let same_model = model.is_some() && example.value.get("model") == model;
        let same_kind = task.kind.is_some() && Kind::of_text(&example.value.to_string()) == task.kind;
        (nearness(example), task.family.knows(example), same_model, same_kind)
    };
    // Of equals the first, as everywhere.
    examples.iter().rev().max_by_key(|example| score(example)).copied()
}
