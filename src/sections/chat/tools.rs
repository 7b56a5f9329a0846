//! Tools and answers from Rust types, in chat.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::generated::octopusx::chat::{
    ChatCompletion, ChatCompletionRequest, ChatFinishReason, ChatFunction, ChatJsonSchema, ChatJsonSchemaFormat, ChatTool,
    ChatToolArguments, ChatToolCall,
};
use crate::structured::rules::OPENAI_STRICT;
use crate::structured::{Answer, Arguments, Purpose, Unfit, arguments, name, parse, shaped};

impl ChatTool {
    /// A tool that takes a `T`: its name is the type's, its description the type's doc comment, its parameters the type's
    /// JSON Schema in strict form. `#[schemars(rename = "…")]` on the type gives another name.
    ///
    /// ```
    /// use octopusx::chat::ChatTool;
    /// use octopusx::schemars::{self, JsonSchema};
    ///
    /// /// Tells the weather of a city for today.
    /// #[derive(JsonSchema)]
    /// struct GetWeather {
    ///     /// The name of the city.
    ///     city: String,
    ///     celsius: Option<bool>,
    /// }
    ///
    /// # fn main() -> Result<(), octopusx::Error> {
    /// let tool = ChatTool::of::<GetWeather>()?;
    /// assert_eq!(tool.function.name, "GetWeather");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Strict schemas can't express the type: it is no struct, or holds a map or untyped JSON somewhere. The message names
    /// the place and what to do.
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&OPENAI_STRICT, Purpose::Tool)?;
        let mut function = ChatFunction::new(shaped.name);
        function.description = shaped.description;
        function.parameters = Some(shaped.schema);
        function.strict = Some(true);
        Ok(Self::new(function))
    }
}

impl ChatJsonSchemaFormat {
    /// Asks for an answer that is a `T`, under the type's name and doc comment.
    ///
    /// # Errors
    /// As [`ChatTool::of`].
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&OPENAI_STRICT, Purpose::Answer)?;
        let mut schema = ChatJsonSchema::new(shaped.name);
        schema.description = shaped.description;
        schema.schema = Some(shaped.schema);
        schema.strict = Some(true);
        Ok(Self::new(schema))
    }
}

impl ChatCompletionRequest {
    /// Asks for an answer that is a `T`; [`ChatCompletion::parse`] reads it.
    ///
    /// ```no_run
    /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
    /// use octopusx::chat::{ChatCompletionRequest, ChatMessage};
    /// use octopusx::schemars::{self, JsonSchema};
    ///
    /// #[derive(JsonSchema, serde::Deserialize)]
    /// struct Recipe {
    ///     title: String,
    ///     steps: Vec<String>,
    /// }
    ///
    /// let request = ChatCompletionRequest::new("gpt-4o", [ChatMessage::user("How do I make pancakes?")]);
    /// let answer = client.chat().create(&request.answer_as::<Recipe>()?).await?;
    /// let recipe = answer.parse::<Recipe>()?;
    /// println!("{}: {} steps", recipe.title, recipe.steps.len());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ChatTool::of`].
    pub fn answer_as<T: JsonSchema>(self) -> Result<Self, Error> {
        Ok(self.response_format(ChatJsonSchemaFormat::of::<T>()?))
    }
}

impl ChatCompletion {
    /// Reads the first choice's text, which is to be JSON, as a `T`. A code fence around it is taken off.
    ///
    /// # Errors
    /// The text doesn't keep to `T` ([`Error::is_decode`], with [`Error::json_path`] and [`Error::text`]), the model
    /// refused ([`Error::is_refused`]), or it ran out of tokens ([`Error::is_truncated`]).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(self)
    }
}

impl Answer for ChatCompletion {
    fn answer(&self) -> Result<Cow<'_, str>, Unfit> {
        let Some(choice) = self.choices.iter().flatten().next() else {
            return Err(Unfit::Empty("it has no choices".to_owned()));
        };
        let message = choice.message.as_ref();
        if let Some(words) = message.and_then(|message| message.refusal.as_ref()).filter(|words| !words.trim().is_empty()) {
            return Err(Unfit::Refused(words.clone()));
        }
        let text = self.text();
        match &choice.finish_reason {
            Some(ChatFinishReason::Length) => return Err(Unfit::cut_off("finish_reason is `length`", text)),
            Some(ChatFinishReason::ContentFilter) => {
                return Err(Unfit::Refused("finish_reason is `content_filter`".to_owned()));
            }
            _ => {}
        }
        if !text.trim().is_empty() {
            return Ok(text.into());
        }
        let called: Vec<&str> = self.tool_calls().iter().map(ChatToolCall::name).collect();
        Err(Unfit::without_text(&called))
    }
}

impl ChatToolCall {
    /// Whether the tool is the one that [`ChatTool::of`] makes of `T`.
    #[must_use]
    pub fn is<T: JsonSchema>(&self) -> bool {
        self.name() == name::<T>()
    }

    /// Reads what the tool is called with, whether it came as a text or as an object.
    ///
    /// # Errors
    /// It doesn't keep to `T`: [`Error::is_decode`], with [`Error::json_path`] and [`Error::text`].
    pub fn parse_arguments<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let came = match self.function.as_ref().and_then(|function| function.arguments.as_ref()) {
            Some(ChatToolArguments::Text(text)) => Arguments::Text(text),
            Some(ChatToolArguments::Object(members)) => Arguments::Object(members),
            Some(ChatToolArguments::Other(value)) => Arguments::Other(value),
            None => Arguments::None,
        };
        arguments(self.name(), came)
    }
}
