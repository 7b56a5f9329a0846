//! A failure is an error with the gateway's own words, whatever it comes with, and never a success.

use serde_json::Value;

use crate::documents::Document;
use crate::method::{Failure, Method};
use crate::site::{Reply, Sent, Site};

pub async fn check(site: &Site, document: &Document, method: &Method, failure: &Failure) -> Result<(), String> {
    let example = document.at(failure.example)?;
    for (ask, inside) in [(method.whole, failure.inside_success), (method.streamed, failure.inside_stream)] {
        let Some(ask) = ask else { continue };
        served(site, ask, failure.status, example).await?;
        if inside {
            served(site, ask, 200, example).await?;
        }
    }
    Ok(())
}

async fn served(site: &Site, ask: fn(&Site) -> Sent, status: u16, example: &Value) -> Result<(), String> {
    let (outcome, _) = site.run(ask(site), Reply::json(status, example)).await;
    let error = match outcome {
        Ok(success) => return Err(format!("with status {status} it is a success: {success:?}")),
        Err(error) => error,
    };
    if error.http_status().map(|status| status.as_u16()) != Some(status) {
        return Err(format!("with status {status} it is {error:?}"));
    }
    let api = error.api().ok_or_else(|| format!("with status {status} the gateway's words are lost: {error:?}"))?;
    let message = message(example).ok_or("the example has no message")?;
    if api.message() == message.trim() {
        return Ok(());
    }
    Err(format!("with status {status} the message is {:?} instead of {message:?}", api.message()))
}

/// The sentence for people, where gateways of this family put it.
pub fn message(example: &Value) -> Option<&str> {
    let places = ["/error/message", "/message", "/description", "/detail", "/error"];
    places.iter().find_map(|place| example.pointer(place)?.as_str()).filter(|text| !text.trim().is_empty())
}
