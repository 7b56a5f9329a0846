//! Rule: an example fits the schema that it stands for, and the schema knows every member of it.

use octopusx_codegen::load::{Document, escape};
use serde_json::Value;

use super::Findings;
use super::json_schema::{Validators, reference};
use super::places::{self, Place};
use super::undeclared::undeclared;

pub(super) fn check(findings: &mut Findings<'_>) {
    let document = findings.document;
    let mut validators = match Validators::new(document) {
        Ok(validators) => validators,
        Err(why) => {
            let mend = "mend what the check of the structure says, it is about the same place";
            return findings.add("/components/schemas", format!("the schemas can't be used for validation: {why}"), mend);
        }
    };
    for media in places::all_media(document).iter().filter(|media| !media.is_binary()) {
        let Some(schema) = media.place.member("schema") else { continue };
        for example in media.examples(document) {
            let schema = branch(findings, &schema, &example);
            if let Some(value) = example.member("value") {
                compare(findings, &mut validators, &schema, &value);
            }
        }
    }
    for operation in places::operations(document) {
        for parameter in operation.items_of("parameters") {
            let parameter = parameter.resolved(document);
            if let (Some(schema), Some(value)) = (parameter.member("schema"), parameter.member("example")) {
                compare(findings, &mut validators, schema.value, &value);
            }
        }
    }
}

/// The schema that an example is measured against: the branch that its `x-schema` names, or the whole.
fn branch(findings: &mut Findings<'_>, schema: &Place<'_>, example: &Place<'_>) -> Value {
    let whole = schema.value.clone();
    let own_name = schema_name(schema.value);
    let union = findings.document.resolve(schema.value);
    let branches = names_of_branches(union);
    let Some(chosen) = example.text("x-schema") else {
        if union.get("anyOf").is_some() {
            findings.add(
                &example.pointer,
                format!("the example doesn't say which branch of {} it is", own_name.unwrap_or("the union")),
                format!("add `x-schema:` with one of {}", branches.join(", ")),
            );
        }
        return whole;
    };
    if branches.contains(&chosen) || own_name == Some(chosen) {
        return reference(chosen);
    }
    let what = format!("`{chosen}` is no branch of {}, which the example stands for", own_name.unwrap_or("the schema"));
    let mend = match branches.as_slice() {
        [] => "leave `x-schema` out: it chooses a branch of a union".to_owned(),
        _ => format!("use one of {}", branches.join(", ")),
    };
    findings.add(&format!("{}/x-schema", example.pointer), what, mend);
    whole
}

fn names_of_branches(union: &Value) -> Vec<&str> {
    let listed = ["anyOf", "oneOf"].into_iter().filter_map(|key| union.get(key)?.as_array()).flatten();
    listed.filter_map(schema_name).collect()
}

fn schema_name(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/schemas/"))
}

fn compare(findings: &mut Findings<'_>, validators: &mut Validators, schema: &Value, value: &Place<'_>) {
    let called = called(findings.document, schema);
    match validators.misfits(schema, value.value) {
        Ok(misfits) => {
            for misfit in misfits {
                findings.add(
                    &format!("{}{}", value.pointer, misfit.pointer),
                    format!("the example does not fit {called}: {}", misfit.what),
                    "write it as the page shows it; where the page shows this, widen the schema (`nullable: true`, an \
                     optional property, another type)",
                );
            }
        }
        Err(why) => findings.add(
            &value.pointer,
            format!("{called} can't be used for validation: {why}"),
            "mend what the check of the structure says about it",
        ),
    }
    for member in undeclared(findings.document, schema, value.value) {
        findings.add(
            &format!("{}{}", value.pointer, member.pointer),
            format!("{} does not declare `{}`", member.schema.as_deref().unwrap_or(&called), member.name),
            "add the property to the schema; leave it out of the example only where it was a slip",
        );
    }
}

/// How a schema is called in a sentence.
fn called(document: &Document, schema: &Value) -> String {
    match schema_name(schema) {
        Some(name) if document.at(&format!("/components/schemas/{}", escape(name))).is_some() => name.to_owned(),
        _ => "its schema".to_owned(),
    }
}

#[cfg(test)]
mod tests {
}
