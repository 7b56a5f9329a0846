//! Tools and answers from Rust types, in Claude's messages.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::generated::octopusx::messages::{
    Message, MessageCreateRequest, MessageOutputFormat, MessageStopReason, MessageTool, MessageToolChoiceTool, MessageToolInput,
    MessageToolUseBlock,
};
use crate::structured::rules::{CLAUDE_FORMAT, CLAUDE_TOOL};
use crate::structured::{Answer, Arguments, Purpose, Unfit, arguments, name, parse, shaped};

/// The tool whose input is the answer.
const ANSWER: &str = "answer";

impl MessageTool {
    /// A tool that takes a `T`: its name is the type's, its description the type's doc comment, its input the type's JSON
    /// Schema. `#[schemars(rename = "…")]` on the type gives another name.
    ///
    /// # Errors
    /// The type is no struct.
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        let shaped = shaped::<T>(&CLAUDE_TOOL, Purpose::Tool)?;
        let mut tool = Self::new(shaped.name, shaped.schema);
        tool.description = shaped.description;
        Ok(tool)
    }
}

impl MessageOutputFormat {
    /// Asks for a text that is a `T`, as `output_config.format`: newer models keep to it exactly, and it goes together
    /// with thinking and with tools. [`Message::parse`] reads it.
    ///
    /// ```no_run
    /// # fn example(request: octopusx::messages::MessageCreateRequest) -> Result<(), octopusx::Error> {
    /// use octopusx::messages::{MessageOutputConfig, MessageOutputFormat};
    /// # #[derive(octopusx::schemars::JsonSchema)]
    /// # #[schemars(crate = "octopusx::schemars")]
    /// # struct Recipe { title: String }
    ///
    /// let format = MessageOutputFormat::of::<Recipe>()?;
    /// let request = request.output_config(MessageOutputConfig::new().format(format));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The format can't express the type: it is no struct, contains itself, or holds a map or untyped JSON somewhere. The
    /// message names the place and what to do.
    pub fn of<T: JsonSchema>() -> Result<Self, Error> {
        Ok(Self::new(shaped::<T>(&CLAUDE_FORMAT, Purpose::Answer)?.described()))
    }
}

impl MessageCreateRequest {
    /// Asks for an answer that is a `T`; [`Message::parse`] reads it.
    ///
    /// Every Claude model understands the way that this takes: a tool named `answer` that takes a `T`, and that has to be
    /// called. So other tools are not called, and it does not go together with thinking; where that matters and the model
    /// knows it, use [`MessageOutputFormat::of`].
    ///
    /// ```no_run
    /// # async fn example(client: octopusx::Client) -> Result<(), octopusx::Error> {
    /// use octopusx::messages::{MessageCreateRequest, MessageParam};
    /// # #[derive(octopusx::schemars::JsonSchema, serde::Deserialize)]
    /// # #[schemars(crate = "octopusx::schemars")]
    /// # struct Recipe { title: String }
    ///
    /// let question = [MessageParam::user("How do I make pancakes?")];
    /// let request = MessageCreateRequest::new("claude-sonnet-4-20250514", 1024, question);
    /// let answer = client.messages().create(&request.answer_as::<Recipe>()?).await?;
    /// println!("{}", answer.parse::<Recipe>()?.title);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The type is no struct, or the request has a tool named `answer` of its own.
    pub fn answer_as<T: JsonSchema>(mut self) -> Result<Self, Error> {
        let tools = self.tools.get_or_insert_default();
        if tools.iter().any(|tool| tool.name == ANSWER) {
            return Err(Error::bad_input(format!("the request already has a tool named `{ANSWER}`; give that one another name")));
        }
        let shaped = shaped::<T>(&CLAUDE_TOOL, Purpose::Answer)?;
        let mut tool = MessageTool::new(ANSWER, shaped.schema);
        let about = shaped.description.unwrap_or(shaped.name);
        tool.description = Some(format!("Gives the answer to the user. What it takes: {about}"));
        tools.push(tool);
        Ok(self.tool_choice(MessageToolChoiceTool::new(ANSWER).disable_parallel_tool_use(true)))
    }
}

impl Message {
    /// Reads the answer as a `T`: the input of the tool that [`MessageCreateRequest::answer_as`] gives, else the text,
    /// which is to be JSON. A code fence around it is taken off.
    ///
    /// # Errors
    /// The answer doesn't keep to `T` ([`Error::is_decode`], with [`Error::json_path`] and [`Error::text`]), the model
    /// refused ([`Error::is_refused`]), or it ran out of tokens ([`Error::is_truncated`]).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(self)
    }

    fn answer_text(&self) -> Option<Cow<'_, str>> {
        let input = self.tool_uses().find(|tool| tool.name == ANSWER).map(|tool| &tool.input);
        match input {
            Some(Some(MessageToolInput::Text(text))) => Some(text.into()),
            Some(input) => Some(serde_json::to_string(input).unwrap_or_default().into()),
            None => Some(self.text().into()).filter(|text: &Cow<'_, str>| !text.trim().is_empty()),
        }
    }
}

impl Answer for Message {
    fn answer(&self) -> Result<Cow<'_, str>, Unfit> {
        let text = self.answer_text();
        match &self.stop_reason {
            Some(reason @ (MessageStopReason::MaxTokens | MessageStopReason::ModelContextWindowExceeded)) => {
                let text = text.unwrap_or_default().into_owned();
                return Err(Unfit::cut_off(&format!("stop_reason is `{reason}`"), text));
            }
            Some(MessageStopReason::Refusal) => {
                let words = text.map_or_else(|| "stop_reason is `refusal`".to_owned(), Cow::into_owned);
                return Err(Unfit::Refused(words));
            }
            _ => {}
        }
        text.ok_or_else(|| {
            let called: Vec<&str> = self.tool_uses().map(|tool| tool.name.as_str()).collect();
            Unfit::without_text(&called)
        })
    }
}

impl MessageToolUseBlock {
    /// Whether the tool is the one that [`MessageTool::of`] makes of `T`.
    #[must_use]
    pub fn is<T: JsonSchema>(&self) -> bool {
        self.name == name::<T>()
    }

    /// Reads the input, what the tool is called with.
    ///
    /// # Errors
    /// It doesn't keep to `T`: [`Error::is_decode`], with [`Error::json_path`] and [`Error::text`].
    pub fn parse_arguments<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let came = match &self.input {
            Some(MessageToolInput::Text(text)) => Arguments::Text(text),
            Some(MessageToolInput::Object(members)) => Arguments::Object(members),
            Some(MessageToolInput::Other(value)) => Arguments::Other(value),
            None => Arguments::None,
        };
        arguments(&self.name, came)
    }
}
