//! The contract: rows and calls for each method, and expressions for the examples.

use octopusx_codegen::Problems;
use octopusx_codegen::contract::{Names, write};

use crate::support::{Code, Post, features};

const NAMES: Names<'_> = Names { module: "::post", client: "post" };

fn contract(post: &Post) -> Result<Code, Problems> {
    write(post.folder(), &features(&["letters", "stamps"]), &NAMES).map(|contract| Code::new(contract.code))
}

/// The contract of a route that takes the first of these schemas and answers with a letter.
fn contract_of(schemas: &str, value: &str) -> Result<Code, Problems> {
    let name = schemas.trim().split(':').next().unwrap();
    contract(
        &Post::new()
            .with_schemas(schemas)
            .with_fragment("card", &route(name, &format!("one: {{summary: One, value: {value}}}"), "")),
    )
}

fn route(body: &str, examples: &str, more: &str) -> String {
    format!(
        "
paths:
  /cards:
    post:
      operationId: letters_card
      tags: [letters]
      summary: Send a card
      description: Sends it.
      x-docs: [en/letters/card]
      {more}
      requestBody:
        required: true
        content:
          application/json:
            schema: {{$ref: '#/components/schemas/{body}'}}
            examples: {{{examples}}}
      responses:
        '200':
          description: The letter.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/Letter'}}
              examples: {{sent: {{$ref: '#/components/examples/letter_sent'}}}}
        default: {{$ref: '#/components/responses/Error'}}
"
    )
}

fn body(schemas: &str, value: &str) -> Code {
    contract_of(schemas, value).unwrap_or_else(|problems| panic!("{problems}"))
}

fn refusal(schemas: &str, value: &str) -> String {
    contract_of(schemas, value).err().unwrap().to_string()
}

#[test]
fn an_example_becomes_what_a_user_would_write() {
    let code = body(
        "
        Card:
          description: A card.
          required: [text, marks]
          properties:
            marks: {type: array, items: {type: integer}, description: Numbers.}
            text: {type: string, description: What it says.}
            weight: {type: number, description: In grams.}
            count: {type: integer, description: How many.}
            framed: {type: boolean, description: Whether it has a frame.}
            lines: {type: array, items: {type: string}, description: Line by line.}
            free: {type: object, description: What vendors add.}
            any: {description: Anything.}
            prices: {type: object, additionalProperties: {type: number}, description: By country.}
            stamp: {description: What was paid., allOf: [{$ref: '#/components/schemas/Stamp'}]}
            state: {description: Where it is., allOf: [{$ref: '#/components/schemas/LetterState'}]}
            kind: {type: string, enum: [card], description: What it is.}
        ",
        "{text: Hello, marks: [1, 3000000000], weight: 2, count: 3, framed: true, lines: [a], free: {x: [1, null]}, any: 0.5,
          prices: {no: 2}, stamp: {cents: 80}, state: delivered, kind: card}",
    );
    code.expect(
        "",
        r#"fn body_0_0() -> api::letters::Card {
            api::letters::Card::new("Hello", vec![1_i64, 3000000000_i64])
                .weight(2.0)
                .count(3)
                .framed(true)
                .lines(vec!["a"])
                .free(members(json!({ "x": [1, null] })))
                .any(json!(0.5))
                .prices(vec![("no", 2.0_f64)])
                .stamp(api::stamps::Stamp::new().cents(80))
                .state("delivered")
        }"#,
    );
    code.expect("", "use ::post as api;");
    code.expect(
        "",
        "fn ask_0(site: &Site, body: &impl api::letters::LettersCardBody) -> Sent { send(site.post.letters().card(body)) }",
    );
}

#[test]
fn unions_are_written_through_their_variants_or_what_converts_into_them() {
    let code = body(
        "
        Card:
          description: A card.
          properties:
            first: {description: One., allOf: [{$ref: '#/components/schemas/Part'}]}
            parts: {type: array, items: {$ref: '#/components/schemas/Part'}, description: All.}
            text: {description: Words., allOf: [{$ref: '#/components/schemas/Words'}]}
            more: {description: Words., allOf: [{$ref: '#/components/schemas/Words'}]}
        Part:
          description: A part.
          oneOf: [{$ref: '#/components/schemas/Drawing'}]
          discriminator: {propertyName: type, mapping: {drawing: '#/components/schemas/Drawing'}}
        Drawing:
          description: A drawing.
          required: [type]
          properties:
            type: {type: string, enum: [drawing], description: What it is.}
        Words:
          description: Text or lines.
          oneOf: [{type: string, title: Text}, {type: array, title: Lines, items: {type: string}}]
        ",
        "{first: {type: drawing}, parts: [{type: drawing}], text: a, more: [a, b]}",
    );
    code.expect(
        "",
        r#"api::letters::Card::new()
            .first(api::letters::Drawing::new())
            .parts(vec![api::letters::Part::Drawing(api::letters::Drawing::new())])
            .text("a")
            .more(vec!["a".to_owned(), "b".to_owned()])"#,
    );
}

#[test]
fn what_a_constructor_sets_and_the_example_lacks_is_taken_back() {
    let code = body(
        "
        Card:
          description: A card.
          x-new: [text]
          properties:
            text: {type: string, description: What it says.}
            kind: {type: string, enum: [card], description: What it is.}
            count: {type: integer, description: How many.}
        ",
        "{text: null, count: 2}",
    );
    code.expect("", r#"{ let mut it = api::letters::Card::new("").count(2); it.text = None; it.kind = None; it }"#);
}

#[test]
fn a_member_that_could_be_sent_through_extra_alone_is_refused_with_its_place() {
    let schemas = "
        Card:
          description: A card.
          properties:
            inner: {description: More., allOf: [{$ref: '#/components/schemas/Inner'}]}
        Inner: {description: More., properties: {a: {type: string, description: A.}}}
        ";
    let refused = refusal(schemas, "{inner: {a: x, b: y}}");
    let place = "/paths/~1cards/post/requestBody/content/application~1json/examples/one/value/inner/b";
    assert!(refused.contains(&format!("{place}: `Inner` does not declare `b`")), "{refused}");
    assert!(refusal(schemas, "{inner: 7}").contains("value/inner: `Inner` is not written as 7"));
    assert!(refusal(schemas, "{inner: {a: [x]}}").contains("value/inner/a: String is not written as [\"x\"]"));
}

#[test]
fn an_object_that_the_document_leaves_open_takes_anything() {
    let code = body("Card: {description: A card., properties: {}, additionalProperties: true}", "{a: 1, b: null}");
    code.expect("", r#"api::letters::Card::new().with_extra("a", json!(1))"#);
    code.expect("", r#"pub const OPEN: &[&str] = &["Card"];"#);
}

#[test]
fn each_body_goes_to_the_method_that_takes_it() {
    let schemas = "
        Card: {description: A card., anyOf: [{$ref: '#/components/schemas/Plain'}, {$ref: '#/components/schemas/Rich'}]}
        Plain: {description: Plain., properties: {a: {type: string, description: A.}}}
        Rich: {description: Rich., properties: {b: {type: string, description: B.}}}
        ";
    let examples = "p: {summary: P, x-schema: Plain, value: {a: x}}, r: {summary: R, x-schema: Rich, value: {b: x}}";
    let post = Post::new().with_schemas(schemas).with_fragment("card", &route("Card", examples, ""));
    let code = contract(&post).unwrap();
    code.expect("", r#"fn body_0_0() -> api::letters::Plain { api::letters::Plain::new().a("x") }"#);
    code.expect("", r#"let body: api::letters::Rich = read(example)?; Ok(ask_0(site, &api::letters::Card::from(body)))"#);

    let faces = "x-faces: [{method: card, summary: Plain, body: Plain}, {method: card_rich, summary: Rich, body: Rich}]";
    let post = Post::new().with_schemas(schemas).with_fragment("card", &route("Card", examples, faces));
    let refused = contract(&post).err().unwrap().to_string();
    assert!(refused.contains("/components/examples/letter_sent: no method of `letters_card` gives this answer"), "{refused}");

    let wrong = examples.replace("x-schema: Rich", "x-schema: Stamp");
    let post = Post::new().with_schemas(schemas).with_fragment("card", &route("Card", &wrong, ""));
    let refused = contract(&post).err().unwrap().to_string();
    assert!(refused.contains("examples/r: no method of `letters_card` takes this body"), "{refused}");
}

/// A route without a body, with these parameters and keys.
fn with_parameters(path: &str, more: &str) -> Code {
    let route = format!(
        "
paths:
  {path}:
    get:
      operationId: letters_look
      tags: [letters]
      summary: Look
      description: Looks.
      x-docs: [en/letters/look]
      {more}
      responses:
        '200':
          description: The bytes.
          content:
            image/png: {{schema: {{type: string, format: binary}}}}
        '404':
          description: None.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/ErrorBody'}}
              examples: {{none: {{$ref: '#/components/examples/error_closed'}}}}
        default:
          description: Else.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/ErrorBody'}}
              examples: {{plain: {{$ref: '#/components/examples/error_closed'}}, lost: {{$ref: '#/components/examples/letter_lost'}}}}
components:
  examples:
    letter_lost: {{summary: Lost, x-status: 410, value: {{error: lost}}}}
"
    );
    contract(&Post::new().with_fragment("look", &route)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn parameters_travel_as_shown_and_once_with_everything_that_must_be_encoded() {
    let code = with_parameters(
        "/looks/{id}.{kind}",
        "parameters:
        - {name: id, in: path, required: true, description: Which., schema: {type: string}, example: l-1}
        - {name: kind, in: path, required: true, description: How., schema: {type: string, enum: [png, jpg]}, example: jpg}
        - {name: size, in: query, required: true, description: How large., schema: {type: integer}, example: 3}
        - {name: alt, in: query, required: true, description: As., schema: {type: string, enum: [media]}}
        - {name: note, in: query, required: false, description: A note., schema: {type: string}}
        - {name: mood, in: query, required: false, description: A mood., schema: {type: string}, example: glad}
        - {name: X-Trace, in: header, required: false, description: A trace., schema: {type: string}, example: t1}",
    );
    code.expect(
        "",
        r#"fn ask_0(site: &Site) -> Sent { send(site.post.letters().look("l-1", "jpg", 3).mood("glad").x_trace("t1")) }"#,
    );
    code.expect(
        "",
        r#"shown: Address { path: &["looks", "l-1.jpg"], query: &[("size", "3"), ("alt", "media"), ("mood", "glad")], },"#,
    );
    code.expect("", r#"headers: &[("x-trace", "t1")]"#);
    let odd = "a/b c?d#e%41+ü&f=g:h;i🐙";
    code.expect("", &format!(r#"send(site.post.letters().look("{odd}", "jpg", 3).note("{odd}").mood("{odd}").x_trace("t1"))"#));
    code.expect("", &format!(r#"path: &["looks", "{odd}.jpg"],"#));
    code.expect(
        "",
        r#"Request { example: "", way: Way::Odd, carries: Carries::Nothing, streams: false, send: |site, _| Ok(odd_0(site)), }"#,
    );
}

#[test]
fn the_key_travels_in_the_first_way_that_a_key_can() {
    for (security, credential) in [
        ("", "Credential::Bearer"),
        ("security: []", "Credential::None"),
        ("security: [{session: []}, {x-post-key: []}, {bearer: []}]", r#"Credential::Header("x-post-key")"#),
        ("security: [{session: []}]", r#"Credential::Cookie("session")"#),
    ] {
        let code = with_parameters("/looks", security);
        code.expect("", &format!("credential: {credential},"));
        assert_eq!(code.has("", r#"look().header("cookie", &cookie("session"))"#), security.ends_with("[{session: []}]"));
    }
}

#[test]
fn bytes_and_failures_come_with_their_status() {
    let code = with_parameters("/looks", "");
    code.expect("", r#"answers: &[Answer { status: 200, holds: Holds::Bytes("image/png"), }]"#);
    for (status, example) in [(404, "error_closed"), (400, "error_closed"), (410, "letter_lost")] {
        code.expect(
            "",
            &format!(
                r#"Failure {{ status: {status}, example: "/components/examples/{example}/value", inside_success: false, inside_stream: {}, }}"#,
                example == "letter_lost"
            ),
        );
    }
}

#[test]
fn a_switch_chooses_the_method_and_is_no_member() {
    let schemas = "
        Card:
          description: A card.
          properties:
            text: {type: string, description: Words.}
            stream: {type: boolean, description: Whether to stream.}
        CardEvent:
          description: An event.
          oneOf: [{$ref: '#/components/schemas/CardDone'}]
          discriminator: {propertyName: type, mapping: {done: '#/components/schemas/CardDone'}}
        CardDone:
          description: The end.
          required: [type]
          properties:
            type: {type: string, enum: [done], description: What it is.}
        ";
    let examples = "a: {summary: A, value: {text: x}}, b: {summary: B, value: {text: y, stream: true}}";
    let whole = route("Card", examples, "x-stream: {switch: stream, last: [done]}");
    let events = "            text/event-stream:
              schema: {$ref: '#/components/schemas/CardEvent'}
              examples: {end: {summary: End, value: {type: done}}}
        default:";
    let post = Post::new().with_schemas(schemas).with_fragment("card", &whole.replace("        default:", events));
    let code = contract(&post).unwrap_or_else(|problems| panic!("{problems}"));
    code.expect("", r#"fn body_0_1() -> api::letters::Card { api::letters::Card::new().text("y") }"#);
    code.expect("", "send(site.post.letters().card_stream(body))");
    code.expect("", "streams: true, send: |site, _| typed(body_0_1(), |body| stream_0(site, body))");
    code.expect("", r#"switch: Some("stream"),"#);
    code.expect("", r#"ends: Some(Ends { tag: Some("type"), mark: None, last: &["done"], finish: false, }),"#);
    code.expect("", "read: back::<api::letters::CardEvent>,");
}

#[test]
fn a_websocket_has_events_and_no_calls() {
    let schemas = "
        Said: {description: What is said., properties: {text: {type: string, description: Words.}}}
        Heard: {description: What is heard., properties: {sound: {type: string, description: Noise.}}}
        ";
    let socket = "x-websocket: {client: Said, server: Heard, examples: {client: [said], server: [heard]}}";
    let mut talk = route("LetterRequest", "one: {$ref: '#/components/examples/letters_send_short'}", socket);
    talk.push_str(
        "components:\n  examples:\n    said: {summary: A, value: {text: a}}\n    heard: {summary: B, value: {sound: b}}\n",
    );
    let code =
        contract(&Post::new().with_schemas(schemas).with_fragment("talk", &talk)).unwrap_or_else(|problems| panic!("{problems}"));
    code.expect("", r#"id: "letters_card","#);
    code.refuse("", "site.post.letters().card");
    code.expect(
        "",
        r#"Event {
            example: "/components/examples/said/value",
            read: back::<api::letters::Said>,
            built: Some(|| Back::of(&api::letters::Said::new().text("a"))),
        }"#,
    );
    code.expect("", r#"Event { example: "/components/examples/heard/value", read: back::<api::letters::Heard>, built: None, }"#);
}

#[test]
fn every_type_has_a_value_with_all_its_members() {
    let code = contract(&Post::new()).unwrap();
    code.expect(
        "",
        r#"Shape {
            schema: "Letter",
            value: "{\"id\":\"some text\",\"state\":\"on_its_way\",\"stamp\":{}}",
            read: back::<api::letters::Letter>,
            built: None,
        }"#,
    );
    code.expect("", r#"schema: "LetterState", value: "\"delivered\"","#);
    code.expect("", r#"api::letters::LetterRequest::new("some text", "some text").express(true)"#);
}
