//! Answers a request that fits: with the document's example, made the caller's own.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::check::{self, Violation};
use crate::document::{Answer, Chosen, Document, Example, Media, Role, TaskRule};
use crate::family::Family;
use crate::files::{self, Kind};
use crate::outgoing::{Content, Outgoing};
use crate::request::{Incoming, Payload};
use crate::server::System;
use crate::{form, realtime, stream, tasks};

/// A request that fits, with all that was found out about it.
pub(crate) struct Exchange<'e> {
    pub(crate) system: &'e System,
    pub(crate) chosen: Chosen<'e>,
    pub(crate) path: &'e [(String, String)],
    pub(crate) incoming: &'e Incoming,
    /// What it said in JSON, or in the texts of a form.
    pub(crate) body: Option<Value>,
    pub(crate) family: Family,
    pub(crate) form: Form,
}

/// Whether an answer is a whole or a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    AsAsked,
    Events,
    Whole,
}

impl<'e> Exchange<'e> {
    /// Checks a request. What does not fit goes to `misfits`; `Err` says what the document lacks.
    pub(crate) fn begin(
        system: &'e System,
        chosen: Chosen<'e>,
        path: &'e [(String, String)],
        incoming: &'e Incoming,
        misfits: &mut Vec<Violation>,
    ) -> Result<Self, String> {
        let findings = check::check(&system.document, chosen, path, incoming)?;
        misfits.extend(findings.violations);
        let (mut body, mut family) = (None, Family::default());
        if let Some(found) = findings.body {
            family = Family::of(&system.document.schemas, chosen, found.media, &found.value)?;
            body = Some(match &incoming.payload {
                Payload::Form(Ok(parts)) => form::without_files(found.value, parts),
                _ => found.value,
            });
        }
        Ok(Self { system, chosen, path, incoming, body, family, form: Form::AsAsked })
    }

    pub(crate) fn document(&self) -> &'e Document {
        &self.system.document
    }

    /// The model that it names, in its body or in its path.
    pub(crate) fn model(&self) -> Option<Value> {
        let said = self.body.as_ref().and_then(|body| body.get("model")).filter(|model| model.is_string()).cloned();
        said.or_else(|| self.path.iter().find(|(name, _)| name == "model").map(|(_, model)| Value::from(model.as_str())))
    }

    /// The documented success: that with an example of a whole answer, else the first.
    fn answer(&self) -> Result<&'e Answer, String> {
        let answers = &self.chosen.operation.answers;
        let shown = |answer: &&Answer| answer.media.iter().any(|media| !media.examples.is_empty());
        let found = answers.iter().find(shown).or(answers.first());
        found.ok_or_else(|| format!("the document has no answer of {}", self.chosen.id()))
    }

    /// The status of a success.
    pub(crate) fn status(&self) -> Result<StatusCode, String> {
        let status = self.answer()?.status;
        StatusCode::from_u16(status).map_err(|_| format!("the document has the status {status}"))
    }

    /// The examples that the chosen face may answer with: those that say success first, then those that are documented
    /// beside such requests.
    fn examples(&self, media: &'e Media) -> Vec<&'e Example> {
        let wanted = self.chosen.face.and_then(|face| face.answer.as_deref());
        let fits = |example: &&Example| wanted.is_none_or(|name| example.schema.as_deref().is_none_or(|own| own == name));
        let mut found: Vec<&Example> = media.examples.iter().filter(fits).collect();
        let fails = |example: &Example| self.chosen.operation.success.as_ref().is_some_and(|rule| !rule.holds(&example.value));
        found.sort_by_key(|example| (fails(example), !self.family.knows(example)));
        found
    }
}

/// Answers; `Err` says what the document lacks.
pub(crate) fn respond(exchange: &Exchange<'_>) -> Result<Outgoing, String> {
    let answer = exchange.answer()?;
    if answer.status < 200 {
        return Ok(realtime::respond(exchange));
    }
    if let Some(response) = stream::respond(exchange, answer)? {
        return Ok(response);
    }
    match answer.media.iter().find(|media| !media.is_events()) {
        Some(media) if media.is_binary() => bytes(exchange, media),
        Some(media) if media.is_json() => json(exchange, media),
        Some(media) => text(exchange, media),
        None => Ok(Outgoing::new(exchange.status()?, Content::Whole(Bytes::new()))),
    }
}

fn json(exchange: &Exchange<'_>, media: &Media) -> Result<Outgoing, String> {
    let document = exchange.document();
    let examples = exchange.examples(media);
    let first = examples.first().copied();
    let id = exchange.chosen.id();
    let rule = document.task_rule(media, exchange.chosen.face, first);
    if let (Some(Role::Batch), Some(example), Some(list)) = (document.role(id), first, document.item_list(media)) {
        return tasks::query_many(exchange, example, &list);
    }
    match (document.role(id), rule.or_else(|| document.rule_of_query(id))) {
        (Some(Role::Batch | Role::Content), _) | (_, None) => {}
        (role, Some(rule)) if role == Some(Role::Query) || exchange.chosen.reads() => {
            if let Some(response) = tasks::query(exchange, rule, media, &examples) {
                return response;
            }
        }
        // Without an id there is nothing to follow.
        (_, Some(rule)) if rule.id.is_empty() => {}
        (_, Some(rule)) => {
            let example = first.ok_or_else(|| format!("the document has no example of an answer of {id}"))?;
            return tasks::create(exchange, rule, media, example);
        }
    }
    let example = first.ok_or_else(|| format!("the document has no example of an answer of {id}"))?;
    let mut answer = example.value.clone();
    if let Some(model) = exchange.model() {
        tell_model(&mut answer, &model);
    }
    let request = exchange.body.as_ref().unwrap_or(&Value::Null);
    echo(&mut answer, request, rule);
    if let Some(upload) = &exchange.chosen.operation.upload {
        exchange.system.storage.give_place(&exchange.system.url, upload, request, &mut answer);
    }
    Ok(Outgoing::json(exchange.status()?, answer))
}

fn bytes(exchange: &Exchange<'_>, media: &Media) -> Result<Outgoing, String> {
    let must_be_task = exchange.document().role(exchange.chosen.id()) == Some(Role::Content);
    if let Some(refusal) = tasks::refuse_content(exchange, must_be_task) {
        return Ok(refusal);
    }
    let kind = Kind::of_media_type(&media.kind)
        .or_else(|| Kind::of_text(&format!("{} {}", exchange.chosen.operation.template, exchange.chosen.id())))
        .unwrap_or(Kind::Video);
    let content_type = if media.kind.contains('*') { kind.media_type() } else { &media.kind };
    Ok(files::respond(kind, content_type, &exchange.incoming.headers))
}

/// Any other kind of text: the example as it stands.
fn text(exchange: &Exchange<'_>, media: &Media) -> Result<Outgoing, String> {
    let example = exchange.examples(media).first().map(|example| &example.value);
    let example = example.ok_or_else(|| format!("the document has no example of {}", media.kind))?;
    let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
    Ok(Outgoing::whole(exchange.status()?, &media.kind, text))
}

/// Writes what the request said into the answer, where both have a plain member of one name and form. Names and states
/// of things stay the gateway's own. The model is also told inside of envelopes.
pub(crate) fn echo<'r>(answer: &mut Value, request: &Value, rule: impl Into<Option<&'r TaskRule>>) {
    if let Some(model) = request.get("model").filter(|model| model.is_string()) {
        tell_model(answer, model);
    }
    let (Some(answer), Some(request)) = (answer.as_object_mut(), request.as_object()) else { return };
    let rule: Option<&TaskRule> = rule.into();
    let pointers = rule.map(|rule| rule.id.iter().chain(&rule.status)).into_iter().flatten();
    let own: Vec<&str> = pointers.filter_map(|pointer| pointer.segments().next()).collect();
    for (name, shown) in answer.iter_mut() {
        let Some(said) = request.get(name).filter(|_| !is_own(name) && !own.contains(&name.as_str())) else { continue };
        let same_form = matches!(
            (&*shown, said),
            (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_))
        );
        if same_form {
            *shown = said.clone();
        }
    }
}

/// Writes the model wherever an answer names it. What stands in a list is about something else, a tool or another model.
pub(crate) fn tell_model(answer: &mut Value, model: &Value) {
    for (name, value) in answer.as_object_mut().into_iter().flatten() {
        if ["model", "model_version", "modelVersion"].contains(&name.as_str()) && value.is_string() {
            *value = model.clone();
        } else {
            tell_model(value, model);
        }
    }
}

/// Members that a gateway decides by itself, whatever a request says under that name.
fn is_own(name: &str) -> bool {
    ["id", "object", "type", "status", "code", "message", "description"].contains(&name) || name.ends_with("_id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn echoes_plain_members_of_one_form() {
        let mut answer = json!({"id": "a", "model": "x", "seconds": "4", "size": "s", "status": "queued", "nested": {"a": 1}});
        let request = json!({"id": "b", "model": "y", "seconds": 8, "size": "l", "status": "z", "nested": {}, "other": 1});
        echo(&mut answer, &request, None);
        assert_eq!(answer, json!({"id": "a", "model": "y", "seconds": "4", "size": "l", "status": "queued", "nested": {"a": 1}}));
        let mut answer = json!({"data": {"model": "x", "size": "s"}, "tools": [{"model": "z"}]});
        echo(&mut answer, &json!({"model": "y", "size": "l"}), None);
        assert_eq!(answer, json!({"data": {"model": "y", "size": "s"}, "tools": [{"model": "z"}]}));
    }
}
