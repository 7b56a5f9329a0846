//! Functions and answers from Rust types, in Gemini.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::generated::octopusx::gemini::{
    GeminiFinishReason, GeminiFunctionCall, GeminiFunctionDeclaration, GeminiGenerateContentRequest,
    GeminiGenerateContentResponse, GeminiResponseMimeType, GeminiTool,
};
use crate::structured::rules::GEMINI;
use crate::structured::{Answer, Arguments, Purpose, Unfit, arguments, name, parse, shaped};

impl GeminiFunctionDeclaration {
    /// A function that takes a `T`: its name is the type's, its description the type's doc comment, its parameters the
    /// type's schema in Google's form. `#[schemars(rename = "…")]` on the type gives another name.
    ///
    /// # Errors
    /// The form can't express the type: it is no struct, contains itself, or holds a map, untyped JSON, or an object
    /// without members somewhere. The message names the place and what to do.
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&GEMINI, Purpose::Tool)?;
        let mut function = Self::new(shaped.name);
        function.description = shaped.description;
        // A function that takes nothing has no parameters.
        function.parameters = Some(shaped.schema).filter(|schema| !schema.is_empty());
        Ok(function)
    }
}

impl GeminiTool {
    /// A tool that is one function, which takes a `T`; see [`GeminiFunctionDeclaration::of`].
    ///
    /// # Errors
    /// As [`GeminiFunctionDeclaration::of`].
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        Ok(Self::new().function_declarations([GeminiFunctionDeclaration::of::<T>()?]))
    }
}

impl GeminiGenerateContentRequest {
    /// Asks for an answer that is a `T`; [`GeminiGenerateContentResponse::parse`] reads it. Here a list or an enum will
    /// do as well as a struct.
    ///
    /// # Errors
    /// The form can't express the type: it contains itself, or holds a map, untyped JSON, or an object without members
    /// somewhere. The message names the place and what to do.
    pub fn answer_as<T: JsonSchema>(mut self) -> Result<Self, Error> {
        let schema = shaped::<T>(&GEMINI, Purpose::Answer)?.described();
        let config = self.generation_config.get_or_insert_default();
        config.response_mime_type = Some(GeminiResponseMimeType::from("application/json"));
        config.response_schema = Some(schema);
        Ok(self)
    }
}

impl GeminiGenerateContentResponse {
    /// Reads the first candidate's text, which is to be JSON, as a `T`. A code fence around it is taken off.
    ///
    /// # Errors
    /// The text doesn't keep to `T` ([`Error::is_decode`], with [`Error::json_path`] and [`Error::text`]), the prompt or
    /// the answer was blocked ([`Error::is_refused`]), or the model ran out of tokens ([`Error::is_truncated`]).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(self)
    }
}

impl Answer for GeminiGenerateContentResponse {
    fn answer(&self) -> Result<Cow<'_, str>, Unfit> {
        use GeminiFinishReason as Reason;

        let blocked = self.prompt_feedback.as_ref().and_then(|feedback| feedback.block_reason.as_ref());
        if let Some(reason) = blocked {
            return Err(Unfit::Refused(format!("the prompt was blocked (`{reason}`)")));
        }
        let text = self.text();
        let candidate = self.first();
        match candidate.and_then(|candidate| candidate.finish_reason.as_ref()) {
            Some(Reason::MaxTokens) => return Err(Unfit::cut_off("finishReason is `MAX_TOKENS`", text)),
            Some(
                reason @ (Reason::Safety
                | Reason::Recitation
                | Reason::Language
                | Reason::Blocklist
                | Reason::ProhibitedContent
                | Reason::Spii),
            ) => {
                let words = candidate.and_then(|candidate| candidate.finish_message.as_deref()).unwrap_or_default();
                return Err(Unfit::Refused(format!("finishReason is `{reason}` {words}").trim_end().to_owned()));
            }
            _ => {}
        }
        if !text.trim().is_empty() {
            return Ok(text.into());
        }
        let called: Vec<&str> = self.function_calls().filter_map(|call| call.name.as_deref()).collect();
        Err(Unfit::without_text(&called))
    }
}

impl GeminiFunctionCall {
    /// Whether the function is the one that [`GeminiFunctionDeclaration::of`] makes of `T`.
    #[must_use]
    pub fn is<T: JsonSchema>(&self) -> bool {
        self.name.as_deref() == Some(&name::<T>())
    }

    /// Reads what the function is called with.
    ///
    /// # Errors
    /// It doesn't keep to `T`: [`Error::is_decode`], with [`Error::json_path`] and [`Error::text`].
    pub fn parse_arguments<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let came = self.args.as_ref().map_or(Arguments::None, Arguments::Object);
        arguments(self.name.as_deref().unwrap_or_default(), came)
    }
}
