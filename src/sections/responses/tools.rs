//! Tools and answers from Rust types, in Responses.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::generated::octopusx::responses::{
    ModelResponse, ResponseContentPart, ResponseCreateRequest, ResponseFunctionTool, ResponseFunctionToolCall,
    ResponseJsonSchemaFormat, ResponseOutputItem, ResponseStatus, ResponseToolArguments,
};
use crate::structured::rules::OPENAI_STRICT;
use crate::structured::{Answer, Arguments, Purpose, Unfit, arguments, name, parse, shaped};

impl ResponseFunctionTool {
    /// A function that takes a `T`: its name is the type's, its description the type's doc comment, its parameters the
    /// type's JSON Schema in strict form. `#[schemars(rename = "…")]` on the type gives another name.
    ///
    /// # Errors
    /// Strict schemas can't express the type: it is no struct, or holds a map or untyped JSON somewhere. The message names
    /// the place and what to do.
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&OPENAI_STRICT, Purpose::Tool)?;
        let mut tool = Self::new(shaped.name, shaped.schema, true);
        tool.description = shaped.description;
        Ok(tool)
    }
}

impl ResponseJsonSchemaFormat {
    /// Asks for a text that is a `T`, under the type's name and doc comment.
    ///
    /// # Errors
    /// As [`ResponseFunctionTool::of`].
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&OPENAI_STRICT, Purpose::Answer)?;
        let mut format = Self::new(shaped.name, shaped.schema);
        format.description = shaped.description;
        format.strict = Some(true);
        Ok(format)
    }
}

impl ResponseCreateRequest {
    /// Asks for an answer that is a `T`; [`ModelResponse::parse`] reads it. What else `text` says is kept.
    ///
    /// # Errors
    /// As [`ResponseFunctionTool::of`].
    pub fn answer_as<T: JsonSchema>(mut self) -> Result<Self, Error> {
        self.text.get_or_insert_default().format = Some(ResponseJsonSchemaFormat::of::<T>()?.into());
        Ok(self)
    }
}

impl ModelResponse {
    /// Reads the text, which is to be JSON, as a `T`. A code fence around it is taken off.
    ///
    /// # Errors
    /// The text doesn't keep to `T` ([`Error::is_decode`], with [`Error::json_path`] and [`Error::text`]), the model
    /// refused ([`Error::is_refused`]), or it ran out of tokens ([`Error::is_truncated`]).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(self)
    }

    /// The words of the first refusal.
    fn refusal(&self) -> Option<&str> {
        let messages = self.output.iter().flatten().filter_map(|item| match item {
            ResponseOutputItem::Message(message) => message.content.as_ref(),
            _ => None,
        });
        messages.flatten().find_map(|part| match part {
            ResponseContentPart::Refusal(part) => Some(part.refusal.as_str()),
            _ => None,
        })
    }
}

impl Answer for ModelResponse {
    fn answer(&self) -> Result<Cow<'_, str>, Unfit> {
        if let Some(words) = self.refusal() {
            return Err(Unfit::Refused(words.to_owned()));
        }
        let text = self.text();
        let reason = self.incomplete_details.as_ref().and_then(|details| details.reason.as_ref());
        match (&self.status, reason.map(|reason| reason.as_str())) {
            (_, Some("content_filter")) => return Err(Unfit::Refused("incomplete because of `content_filter`".to_owned())),
            (_, Some(reason)) => return Err(Unfit::cut_off(&format!("incomplete because of `{reason}`"), text)),
            (Some(ResponseStatus::Incomplete), None) => return Err(Unfit::cut_off("its status is `incomplete`", text)),
            (Some(status @ (ResponseStatus::Failed | ResponseStatus::Cancelled)), None) => {
                let words = self.error.as_ref().and_then(|error| error.message.as_deref()).unwrap_or_default();
                return Err(Unfit::Empty(format!("its status is `{status}` {words}").trim_end().to_owned()));
            }
            _ => {}
        }
        if !text.trim().is_empty() {
            return Ok(text.into());
        }
        let called: Vec<&str> = self.function_calls().map(|call| call.name.as_str()).collect();
        Err(Unfit::without_text(&called))
    }
}

impl ResponseFunctionToolCall {
    /// Whether the function is the one that [`ResponseFunctionTool::of`] makes of `T`.
    #[must_use]
    pub fn is<T: JsonSchema>(&self) -> bool {
        self.name == name::<T>()
    }

    /// Reads what the function is called with, whether it came as a text or as an object.
    ///
    /// # Errors
    /// It doesn't keep to `T`: [`Error::is_decode`], with [`Error::json_path`] and [`Error::text`].
    pub fn parse_arguments<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let came = match &self.arguments {
            Some(ResponseToolArguments::Text(text)) => Arguments::Text(text),
            Some(ResponseToolArguments::Object(members)) => Arguments::Object(members),
            Some(ResponseToolArguments::Other(value)) => Arguments::Other(value),
            None => Arguments::None,
        };
        arguments(&self.name, came)
    }
}
