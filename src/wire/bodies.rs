//! From a typed body to what travels.

use super::{Extra, Typed};
use crate::body::Payload;
use crate::multipart::Form;
use crate::operation::Stream;
use crate::request::BuildError;

/// What can be sent. Sealed: implemented by generated request types only.
pub trait Body {
    /// Writes the body once; `stream` is given when a stream of events is asked for.
    #[doc(hidden)]
    fn payload(&self, switch: Option<Switch>) -> Result<Payload, BuildError>;
}

/// The member that decides between one answer and a stream of events.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    name: &'static str,
    on: bool,
}

impl Switch {
    /// The switch of an operation that has one.
    pub(crate) fn of(stream: Option<&Stream>, on: bool) -> Option<Self> {
        Some(Self { name: stream?.switch?, on })
    }

    fn check(self, extra: Option<&serde_json::Map<String, serde_json::Value>>) -> Result<(), BuildError> {
        if extra.is_some_and(|extra| extra.contains_key(self.name)) {
            return Err(BuildError::message(format!(
                "`{0}` stands in `extra`, but the method decides it: remove it, and call the `_stream` method for a stream",
                self.name
            )));
        }
        Ok(())
    }
}

/// A JSON body.
pub(crate) fn json(body: &impl Typed, switch: Option<Switch>) -> Result<Payload, BuildError> {
    let mut json = serde_json::to_vec(body).map_err(BuildError::body)?;
    if let Some(switch) = switch {
        switch.check(body.extra())?;
        if switch.on {
            let member = format!("{{\"{}\":true{}", switch.name, if json.starts_with(b"{}") { "" } else { "," });
            json.splice(..1, member.into_bytes());
        }
    }
    Ok(Payload::Bytes(json.into()))
}

/// The end of a form: what no field holds.
pub(crate) fn form(mut form: Form, extra: &Extra, switch: Option<Switch>) -> Result<Payload, BuildError> {
    form.add_extra(extra);
    if let Some(switch) = switch {
        switch.check(Some(extra))?;
        if switch.on {
            form.add_value(switch.name, &true)?;
        }
    }
    Ok(Payload::Form(form))
}
