//! What travels, word for word.

use octopusx::chat::{ChatCompletionRequest, ChatMessage, ChatTool};
use octopusx::gemini::{GeminiContent, GeminiGenerateContentRequest, GeminiTool};
use octopusx::messages::{MessageCreateRequest, MessageOutputConfig, MessageOutputFormat, MessageParam, MessageTool};
use octopusx::responses::{ResponseCreateRequest, ResponseFunctionTool, ResponseTextConfig, ResponseVerbosity};
use serde_json::{Value, json};

use super::protocols::Protocol;
use super::types::*;

/// Equal, with members in the same order: models write what stands first first.
fn same(found: &Value, wanted: &Value) {
    assert_eq!(format!("{found:#}"), format!("{wanted:#}"));
}

#[test]
fn a_struct_is_a_tool_of_every_protocol() {
    let strict = json!({
        "type": "object",
        "required": ["city", "celsius"],
        "properties": {
            "city": { "description": "The name of the city.", "type": "string" },
            "celsius": { "type": ["boolean", "null"] },
        },
        "additionalProperties": false,
    });
    same(
        &json!(ChatTool::of::<GetWeather>().unwrap()),
        &json!({
            "type": "function",
            "function": {
                "name": "GetWeather",
                "description": "Tells the weather of a city for today.",
                "parameters": strict,
                "strict": true,
            },
        }),
    );
    same(
        &json!(ResponseFunctionTool::of::<GetWeather>().unwrap()),
        &json!({
            "type": "function",
            "name": "GetWeather",
            "description": "Tells the weather of a city for today.",
            "parameters": strict,
            "strict": true,
        }),
    );
    same(
        &json!(MessageTool::of::<GetWeather>().unwrap()),
        &json!({
            "name": "GetWeather",
            "description": "Tells the weather of a city for today.",
            "input_schema": {
                "type": "object",
                "required": ["city"],
                "properties": {
                    "city": { "description": "The name of the city.", "type": "string" },
                    "celsius": { "type": ["boolean", "null"] },
                },
            },
        }),
    );
    same(
        &json!(GeminiTool::of::<GetWeather>().unwrap()),
        &json!({
            "functionDeclarations": [{
                "name": "GetWeather",
                "description": "Tells the weather of a city for today.",
                "parameters": {
                    "type": "OBJECT",
                    "required": ["city"],
                    "properties": {
                        "city": { "description": "The name of the city.", "type": "STRING" },
                        "celsius": { "type": "BOOLEAN", "nullable": true },
                    },
                    "propertyOrdering": ["city", "celsius"],
                },
            }],
        }),
    );
}

#[test]
fn a_tool_that_takes_nothing_is_a_tool() {
    let empty = json!({ "type": "object", "required": [], "properties": {}, "additionalProperties": false });
    same(&Protocol::ChatTool.schema::<Ping>().unwrap(), &empty);
    same(&Protocol::ClaudeTool.schema::<Ping>().unwrap(), &json!({ "type": "object", "properties": {} }));
    let declared = json!({ "functionDeclarations": [{ "name": "Ping", "description": "Takes nothing." }] });
    same(&json!(GeminiTool::of::<Ping>().unwrap()), &declared);
}

#[test]
fn a_name_that_no_protocol_takes_is_made_to_fit() {
    let tool = ChatTool::of::<Search>().unwrap();
    assert_eq!(tool.function.name, "search_the_web");
    assert_eq!(tool.function.description.as_deref(), Some("Finds pages."));
    assert_eq!(ChatTool::of::<Page<GetWeather>>().unwrap().function.name, "Page");
}

#[test]
fn chat_asks_for_an_answer_of_a_type() {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("?")]).answer_as::<Recipe>().unwrap();
    same(
        &json!(request.response_format),
        &json!({
            "type": "json_schema",
            "json_schema": {
                "name": "Recipe",
                "description": "How to cook something.",
                "schema": {
                    "type": "object",
                    "required": ["title", "minutes", "servings", "steps", "difficulty"],
                    "properties": {
                        "title": { "description": "What it is called.", "type": "string" },
                        "minutes": { "description": "How long it takes.", "type": "integer", "minimum": 0 },
                        "servings": { "type": ["integer", "null"], "minimum": 0, "maximum": 255 },
                        "steps": {
                            "description": "What to do, in order.",
                            "type": "array",
                            "items": { "$ref": "#/$defs/Step" },
                        },
                        "difficulty": { "$ref": "#/$defs/Difficulty" },
                    },
                    "additionalProperties": false,
                    "$defs": {
                        "Step": {
                            "description": "One thing to do.",
                            "type": "object",
                            "required": ["text", "minutes"],
                            "properties": {
                                "text": { "description": "minLength: 1, maxLength: 200", "type": "string" },
                                "minutes": { "type": ["number", "null"] },
                            },
                            "additionalProperties": false,
                        },
                        "Difficulty": {
                            "anyOf": [
                                { "type": "string", "enum": ["easy"] },
                                { "description": "Takes practice.", "type": "string", "const": "quite_hard" },
                            ],
                        },
                    },
                },
                "strict": true,
            },
        }),
    );
}

#[test]
fn responses_ask_for_an_answer_and_keep_what_else_is_said_of_the_text() {
    let text = ResponseTextConfig::new().verbosity(ResponseVerbosity::Low);
    let request = ResponseCreateRequest::new("m", "?").text(text).answer_as::<GetWeather>().unwrap();
    let text = json!(request.text);
    assert_eq!(text["verbosity"], "low");
    assert_eq!(text["format"]["type"], "json_schema");
    assert_eq!(text["format"]["name"], "GetWeather");
    assert_eq!(text["format"]["strict"], true);
    assert_eq!(text["format"]["schema"]["required"], json!(["city", "celsius"]));
}

#[test]
fn claude_gives_its_answer_by_a_tool_that_it_has_to_call() {
    let request = MessageCreateRequest::new("m", 100, [MessageParam::user("?")]);
    let request = request.tools([MessageTool::of::<Search>().unwrap()]).answer_as::<GetWeather>().unwrap();
    assert_eq!(json!(request.tool_choice), json!({ "type": "tool", "name": "answer", "disable_parallel_tool_use": true }));
    let tools = json!(request.tools);
    assert_eq!((&tools[0]["name"], &tools[1]["name"]), (&json!("search_the_web"), &json!("answer")));
    let description = "Gives the answer to the user. What it takes: Tells the weather of a city for today.";
    assert_eq!(tools[1]["description"], description);
    assert_eq!(tools[1]["input_schema"], Protocol::ClaudeTool.schema::<GetWeather>().unwrap());

    let error = request.answer_as::<GetWeather>().unwrap_err();
    assert!(error.is_invalid_request() && error.to_string().contains("a tool named `answer`"), "{error}");
}

#[test]
fn claude_also_has_a_format_for_the_answers_text() {
    let config = MessageOutputConfig::new().format(MessageOutputFormat::of::<Recipe>().unwrap());
    let schema = &json!(config)["format"]["schema"];
    assert_eq!(schema["description"], "How to cook something.");
    assert_eq!(schema["required"], json!(["title", "minutes", "steps", "difficulty"]));
    assert_eq!(schema["properties"]["servings"]["description"], "minimum: 0, maximum: 255");
    let step = &schema["properties"]["steps"]["items"];
    assert_eq!(step["properties"]["text"]["description"], "minLength: 1, maxLength: 200");
    assert_eq!(step["additionalProperties"], false);
}

#[test]
fn gemini_gets_everything_written_out_in_googles_form() {
    let request = GeminiGenerateContentRequest::new([GeminiContent::user("?")]).answer_as::<Recipe>().unwrap();
    same(
        &json!(request.generation_config),
        &json!({
            "responseMimeType": "application/json",
            "responseSchema": {
                "type": "OBJECT",
                "required": ["title", "minutes", "steps", "difficulty"],
                "properties": {
                    "title": { "description": "What it is called.", "type": "STRING" },
                    "minutes": { "description": "How long it takes.", "type": "INTEGER", "minimum": 0 },
                    "servings": { "type": "INTEGER", "nullable": true, "minimum": 0, "maximum": 255 },
                    "steps": {
                        "description": "What to do, in order.",
                        "type": "ARRAY",
                        "items": {
                            "description": "One thing to do.",
                            "type": "OBJECT",
                            "required": ["text"],
                            "properties": {
                                "text": { "type": "STRING", "minLength": 1, "maxLength": 200 },
                                "minutes": { "type": "NUMBER", "nullable": true, "format": "double" },
                            },
                            "propertyOrdering": ["text", "minutes"],
                        },
                    },
                    "difficulty": {
                        "anyOf": [
                            { "type": "STRING", "enum": ["easy"] },
                            { "description": "Takes practice.", "type": "STRING", "enum": ["quite_hard"] },
                        ],
                    },
                },
                "propertyOrdering": ["title", "minutes", "servings", "steps", "difficulty"],
                "description": "How to cook something.",
            },
        }),
    );
}

#[test]
fn gemini_answers_need_be_no_objects() {
    let list = Protocol::GeminiAnswer.schema::<Vec<Difficulty>>().unwrap();
    assert_eq!((&list["type"], &list["items"]["anyOf"][0]["enum"]), (&json!("ARRAY"), &json!(["easy"])));
    assert_eq!(Protocol::GeminiAnswer.schema::<String>().unwrap(), json!({ "type": "STRING" }));
    assert_eq!(Protocol::GeminiAnswer.schema::<Option<u8>>().unwrap()["nullable"], true);
}

#[test]
fn what_a_protocol_has_no_keyword_for_is_said_in_words() {
    let strict = Protocol::ChatTool.schema::<Plain>().unwrap();
    let of = |schema: &Value, name: &str| schema["properties"][name].clone();
    assert_eq!(of(&strict, "rating"), json!({ "type": "integer", "minimum": 1, "maximum": 10 }));
    assert_eq!(of(&strict, "retries")["description"], "default: 0");
    assert_eq!(of(&strict, "threads")["description"], "default: 4, examples: [4,8]");
    assert_eq!(of(&strict, "tags")["description"], "uniqueItems: true");
    assert_eq!(of(&strict, "labelled")["description"], "in this order: string, integer");
    assert_eq!(of(&strict, "labelled")["maxItems"], 2);
    assert_eq!(of(&strict, "country"), json!({ "type": "string", "pattern": "^[A-Z]{2}$" }));
    let claude = Protocol::ClaudeFormat.schema::<Plain>().unwrap();
    assert_eq!(of(&claude, "rating"), json!({ "description": "minimum: 1, maximum: 10", "type": "integer" }));
    let tool = Protocol::ClaudeTool.schema::<Plain>().unwrap();
    assert_eq!(of(&tool, "threads")["examples"], json!([4, 8]));
    assert_eq!(of(&tool, "labelled")["prefixItems"][1]["type"], "integer");
}

#[test]
fn remarks_beside_a_reference_are_kept() {
    let layouts = Protocol::ChatAnswer.schema::<Layouts>().unwrap_err();
    assert!(layouts.to_string().contains("is an enum"), "{layouts}");

    let formula = Protocol::ChatAnswer.schema::<Formula>().unwrap();
    same(
        &formula["properties"]["check"],
        &json!({ "description": "A second one.", "anyOf": [{ "$ref": "#/$defs/Expression" }, { "type": "null" }] }),
    );
    let branch = &formula["$defs"]["Expression"]["anyOf"][1];
    assert_eq!(branch["properties"]["sum"]["items"], json!({ "$ref": "#/$defs/Expression" }));
    let tree = Protocol::ChatAnswer.schema::<Tree>().unwrap();
    assert_eq!(tree["properties"]["children"]["items"], json!({ "$ref": "#" }));
}

#[test]
fn what_is_flattened_stands_beside_the_rest() {
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code)]
    struct Flat {
        name: String,
        #[serde(flatten)]
        common: Common,
    }
    let schema = Protocol::ChatAnswer.schema::<Flat>().unwrap();
    assert_eq!(schema["required"], json!(["name", "id", "note"]));

    #[derive(schemars::JsonSchema)]
    #[allow(dead_code)]
    struct Film {
        /// Where it is shown.
        place: Inside,
    }
    let schema = Protocol::GeminiTool.schema::<Film>().unwrap();
    let place = &schema["properties"]["place"]["anyOf"];
    assert_eq!(place[0]["description"], "Where it is shown.\nNothing more to say.");
    assert_eq!(place[1]["propertyOrdering"], json!(["kind", "seats"]));
    assert_eq!(place[2]["propertyOrdering"], json!(["kind", "id", "note"]));
    assert_eq!(place[2]["properties"]["kind"], json!({ "type": "STRING", "enum": ["in-common"] }));
}
