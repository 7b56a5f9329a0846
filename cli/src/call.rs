//! `octopusx call`: any documented operation, with JSON.

use octopusx::{Call, Operation, Response};
use serde_json::Value;

use crate::args::{self, Session, System};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::text_of;

fn known(session: &Session) -> &'static [Operation] {
    match session.system {
        System::Octopusx => octopusx::OPERATIONS,
        System::Openoctopus => octopusx::openoctopus::OPERATIONS,
    }
}

pub fn operations(session: &Session, contains: Option<&str>, output: &Output) -> Result<(), Failure> {
    let wanted =
        |operation: &&Operation| contains.is_none_or(|part| operation.id().contains(part) || operation.path().contains(part));
    for operation in known(session).iter().filter(wanted) {
        if output.json {
            output.value(&serde_json::json!({
                "id": operation.id(),
                "method": operation.method().as_str(),
                "path": operation.path(),
                "can_stream": operation.can_stream(),
            }))?;
        } else {
            output.line(&format!("{:<36} {:<6} {}", operation.id(), operation.method().as_str(), operation.path()))?;
        }
    }
    Ok(())
}

pub async fn run(session: &Session, arguments: &args::Call, output: &Output) -> Result<(), Failure> {
    let operation = known(session).iter().find(|operation| operation.id() == arguments.operation).ok_or_else(|| {
        Failure::usage(format!("there is no operation `{}`; `octopusx operations` lists them", arguments.operation))
    })?;
    let call = prepare(session, operation, arguments)?;
    if arguments.stream {
        let mut events = call.into_events().await?;
        while let Some(event) = events.next().await {
            output.line(&event?.to_string())?;
        }
        return Ok(());
    }
    if let Some(path) = &arguments.output {
        let saved = call.into_bytes().save_to(path).await?;
        return output.line(&saved.path().display().to_string());
    }
    let answer = call.await?;
    // As it came, byte for byte, where a program reads it.
    if output.json { output.line(&String::from_utf8_lossy(answer.raw())) } else { output.value(&answer) }
}

fn prepare(session: &Session, operation: &'static Operation, arguments: &args::Call) -> Result<Call<Response<Value>>, Failure> {
    let path: Vec<&str> = arguments.path_arguments.iter().map(String::as_str).collect();
    let mut call = match session.system {
        System::Octopusx => session.octopusx("")?.call_operation(operation, &path),
        System::Openoctopus => session.openoctopus()?.call_operation(operation, &path),
    };
    if let Some(body) = arguments.data.as_deref().map(body).transpose()? {
        call = call.json(&body);
    }
    call = arguments.query.iter().fold(call, |call, (name, value)| call.query(name, value));
    Ok(arguments.header.iter().fold(call, |call, (name, value)| call.header(name, value)))
}

fn body(data: &str) -> Result<Value, Failure> {
    let text = match data.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|error| Failure::local(&format!("can't read {file}"), &error))?,
        None => text_of(data)?,
    };
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("the body is no JSON: {error}")))
}
