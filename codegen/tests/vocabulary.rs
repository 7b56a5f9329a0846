//! The words beyond OpenAPI, one by one.

use octopusx_codegen::check::VOCABULARY;

use crate::support::{Post, get, post};

#[test]
fn every_word_has_a_test() {
    let tests = [include_str!("vocabulary.rs"), include_str!("good/root.yaml")].concat();
    for word in VOCABULARY {
        assert!(tests.contains(&format!("{word}:")), "no test uses `{word}`");
    }
}

#[test]
fn x_docs_names_the_pages_in_the_documentation() {
    let code = Post::new().with_route(&get("/bags", "letters_bags")).code();
    code.expect_doc("`GET /bags`. Documentation: `en/letters/more`.");
    // `x-docs:` of a tag.
    code.expect_doc("Letters, on their way or delivered. Documentation: `en/letters`.");
}

#[test]
fn x_unlisted_says_why_no_page_is_named() {
    let code = Post::new().with_route(&get("/bags", "letters_bags").more("x-unlisted: seen in the app")).code();
    code.expect_doc("`GET /bags`. No documentation page shows this route: seen in the app");
}

#[test]
fn x_success_says_what_a_2xx_body_must_hold() {
    let code = Post::new()
        .with_route(&get("/bags", "letters_bags").more("x-success: {at: /code, values: [1, ok, true, 'a\"b']}"))
        .code();
    code.expect(
        "letters",
        r#"path: "/bags", auth: crate::operation::Auth::Bearer, idempotent: true,
        success: Some(crate::operation::Success { at: "/code", values: &["1", "\"ok\"", "true", "\"a\\\"b\""] }),"#,
    );
}

#[test]
fn x_idempotent_lets_a_post_be_sent_again() {
    let code = Post::new()
        .with_route(&post("/find", "letters_find").more("x-idempotent: true"))
        .with_route(&post("/bags", "letters_bag"))
        .code();
    code.expect("letters", r#"path: "/find", auth: crate::operation::Auth::Bearer, idempotent: true"#);
    code.expect("letters", r#"path: "/bags", auth: crate::operation::Auth::Bearer, idempotent: false"#);
}

#[test]
fn a_conflict_passes_only_where_the_document_lists_it() {
    let code =
        Post::new().with_route(&get("/bags", "letters_bags").fails_with(409)).with_route(&get("/sacks", "letters_sacks")).code();
    let constant = |path: &str, listed: bool| {
        format!(
            r#"path: "{path}", auth: crate::operation::Auth::Bearer, idempotent: true, success: None, stream: None,
            usage: None, plain_text: None, headers: &[], queries: &[], lists_conflict: {listed},"#
        )
    };
    code.expect("letters", &constant("/bags", true));
    code.expect("letters", &constant("/sacks", false));
}

#[test]
fn x_idempotent_of_one_face_is_no_other_s() {
    let faces = "
        x-faces:
          - {method: do_it, summary: Do it}
          - {method: look, summary: Look, x-idempotent: true}
    ";
    let code = Post::new().with_route(&post("/do", "letters_do_it").more(faces)).code();
    let constant = |id: &str, idempotent: bool| {
        format!(
            r#"id: "{id}", method: ::http::Method::POST, path: "/do",
            auth: crate::operation::Auth::Bearer, idempotent: {idempotent}"#
        )
    };
    code.expect("letters", &constant("letters_do_it", false));
    code.expect("letters", &constant("letters_look", true));
}

#[test]
fn x_free_marks_what_costs_nothing_whole_or_one_face_alone() {
    let faces = "
        x-faces:
          - {method: do_it, summary: Do it}
          - {method: look, summary: Look, x-idempotent: true, x-free: true}
    ";
    let api = Post::new()
        .with_route(&get("/bags", "letters_bags").more("x-free: true"))
        .with_route(&get("/sacks", "letters_sacks"))
        .with_route(&post("/do", "letters_do_it").more(faces))
        .api();
    let is_free = |method| api.method(method).unwrap().1.free;
    let free = ["letters_bags", "letters_sacks", "letters_do_it", "letters_look"].map(is_free);
    assert_eq!(free, [true, false, false, true]);
}

#[test]
fn x_stream_adds_a_method_for_the_stream_and_hides_the_switch() {
    let code = Post::new()
        .with_schemas(
            "
            Question:
              description: What to find out.
              required: [live, text]
              properties:
                text: {type: string, description: In words.}
                live: {type: boolean, description: Whether to answer as a stream.}
            Event: {description: A piece of an answer., properties: {text: {type: string, description: Some words.}}}
            ",
        )
        .with_route(&post("/ask", "letters_ask").body("Question").events("Event").more("x-stream: {switch: live, end: '[DONE]'}"))
        .code();
    code.expect("letters", "pub fn ask(&self, body: &impl LettersAskBody) -> crate::Call<crate::Response<Letter>>");
    code.expect("letters", "pub fn ask_stream(&self, body: &impl LettersAskBody) -> crate::Call<crate::EventStream<Event>>");
    code.expect("letters", "crate::Call::new(core, const { &LETTERS_ASK }, requests.letters_ask()).with_body(body, false)");
    code.expect(
        "letters",
        "crate::Call::new(core, const { &LETTERS_ASK }, requests.letters_ask()).with_body(body, true).streaming()",
    );
    code.expect(
        "letters",
        r#"stream: Some(crate::operation::Stream { switch: Some("live"), end: Some("[DONE]"), last: &[], finish: &[], failure: &[] }),"#,
    );
    code.expect("letters", "pub struct Question { pub text: String, pub extra: crate::wire::Extra, }");
    code.expect("letters", "pub fn new(text: impl Into<String>) -> Self");
    code.expect("letters", r#"crate::wire::object!(Question { text: "text" required });"#);
    code.expect_doc("Do it, as a stream of events.");
}

#[test]
fn x_stream_says_by_what_a_whole_stream_ends() {
    for (words, expected) in [
        ("end: '[DONE]'", r#"end: Some("[DONE]"), last: &[], finish: &[], failure: &[]"#),
        ("last: [stopped, failed]", r#"end: None, last: &["stopped", "failed"], finish: &[], failure: &[]"#),
        ("finish: [/a/0/reason, /b]", r#"end: None, last: &[], finish: &["/a/0/reason", "/b"], failure: &[]"#),
        ("end: bye, enough: [/a]", r#"end: Some("bye"), last: &[], finish: &["/a"], failure: &[]"#),
        ("end: bye, failure: [/a/*/error]", r#"end: Some("bye"), last: &[], finish: &[], failure: &["/a/*/error"]"#),
    ] {
        let route = post("/ask", "letters_ask").body("LetterRequest").events("Stamp");
        let code = Post::new().with_route(&route.more(&format!("x-stream: {{switch: express, {words}}}"))).code();
        code.expect("letters", &format!(r#"stream: Some(crate::operation::Stream {{ switch: Some("express"), {expected} }}),"#));
    }
}

#[test]
fn x_stream_without_a_switch_means_that_the_one_method_streams() {
    let route = post("/ask", "letters_ask").body("LetterRequest").content("").events("Stamp").more(
        "
        x-stream: {end: bye}
        parameters:
          - {name: language, in: query, required: false, description: In which language., schema: {type: string}}
        ",
    );
    let code = Post::new().with_route(&route).code();
    code.expect(
        "letters",
        "pub fn ask(&self, body: &impl LettersAskBody)
            -> crate::Call<crate::EventStream<super::stamps::Stamp>, LettersAskParameters>",
    );
    code.expect("letters", "impl crate::Call<crate::EventStream<super::stamps::Stamp>, LettersAskParameters>");
    code.refuse("letters", "impl crate::Call<crate::Response<()>, LettersAskParameters>");
    code.refuse("letters", "ask_stream");
}

#[test]
fn x_stream_hides_the_switch_in_every_branch_of_a_body() {
    let code = Post::new()
        .with_route(&post("/ask", "letters_ask").body("Asked").events("Stamp").more("x-stream: {switch: live, end: bye}"))
        .with_schemas(
            "
            Asked: {description: One or the other., anyOf: [{$ref: '#/components/schemas/One'}, {$ref: '#/components/schemas/Two'}]}
            One: {description: One., properties: {live: {type: boolean, description: Whether to stream.}}}
            Two: {description: Two., properties: {live: {type: boolean, description: Whether to stream.}}}
            ",
        )
        .code();
    code.expect("letters", "pub struct One { pub extra: crate::wire::Extra, }");
    code.expect("letters", "pub struct Two { pub extra: crate::wire::Extra, }");
}

#[test]
fn x_stream_keeps_the_optional_parameters_on_both_methods() {
    let code = Post::new()
        .with_route(&post("/ask", "letters_ask").body("LetterRequest").events("Stamp").more(
            "
            x-stream: {switch: express, end: bye}
            parameters:
              - {name: language, in: query, required: false, description: In which language., schema: {type: string}}
            ",
        ))
        .code();
    code.expect("letters", "impl crate::Call<crate::Response<Letter>, LettersAskParameters> { pub fn language(self, language: &str) -> Self { self.query(\"language\", language) } }");
    code.expect("letters", "impl crate::Call<crate::EventStream<super::stamps::Stamp>, LettersAskParameters> { pub fn language(self, language: &str) -> Self { self.query(\"language\", language) } }");
}

#[test]
fn x_faces_makes_several_methods_of_one_route() {
    let code = Post::new()
        .with_route(&post("/do", "letters_move_on").body("LetterRequest").answer("Done").more(
            "
                x-faces:
                  - {method: move_on, summary: Move a letter on, fixed: {Action: move, x-mode: 1}, answer: Letter}
                  - method: buy
                    summary: Buy a stamp
                    description: Pays for one.
                    fixed: {Action: buy}
                    security: [{x-post-key: []}]
                    body: Stamp
                    answer: Stamp
                  - {method: move_back, summary: Move a letter back, fixed: {Action: back}, answer: Letter}
                parameters:
                  - {name: Action, in: query, required: false, description: What to do., schema: {type: string}}
                  - {name: x-mode, in: header, required: false, description: How to do it., schema: {type: string}}
                  - {name: language, in: query, required: false, description: In which language., schema: {type: string}}
                ",
        ))
        .with_schemas(
            "
            Done:
              description: What was done.
              anyOf: [{$ref: '#/components/schemas/Letter'}, {$ref: '#/components/schemas/Stamp'}]
            ",
        )
        .code();
    code.expect(
        "letters",
        "pub fn move_on(&self, body: &impl LettersMoveOnBody) -> crate::Call<crate::Response<Letter>, LettersMoveOnParameters>",
    );
    code.expect(
        "letters",
        "pub fn buy(&self, body: &impl LettersBuyBody)
            -> crate::Call<crate::Response<super::stamps::Stamp>, LettersMoveOnParameters>",
    );
    code.expect(
        "letters",
        r#"crate::Call::new(core, const { &LETTERS_MOVE_ON }, requests.letters_move_on()).with_body(body, false)"#,
    );
    code.expect("letters", r#"headers: &[("x-mode", "1")], queries: &[("Action", "move")],"#);
    code.expect(
        "letters",
        r#"crate::Call::new(core, const { &LETTERS_BUY }, requests.letters_move_on()).with_body(body, false)"#,
    );
    code.expect("letters", r#"headers: &[], queries: &[("Action", "buy")],"#);
    code.expect(
        "letters",
        r#"id: "letters_buy", method: ::http::Method::POST, path: "/do", auth: crate::operation::Auth::Header("x-post-key")"#,
    );
    code.expect("letters", "impl LettersBuyBody for super::stamps::Stamp {}");
    code.expect("", "letters::LETTERS_MOVE_ON, letters::LETTERS_BUY, letters::LETTERS_MOVE_BACK,");
    code.expect_doc("Buy a stamp. Pays for one.");
    // No type for the answers as a whole, one set of setters for each answer, none for what the faces fix.
    code.refuse("letters", "Done");
    code.refuse("letters", "pub fn action");
    let setters = code.text.matches("pub fn language(self, language: &str) -> Self").count();
    assert_eq!(setters, 2, "{}", code.text);
}

#[test]
fn x_task_makes_a_type_that_can_be_waited_for() {
    let code = Post::new()
        .with_schemas(
            "
            Parcel:
              description: A parcel on its way.
              x-task:
                id: [/id, /data/id]
                status: [/data/state]
                progress: [/data/percent]
                urls: [/data/photos/*/url]
                error: [/data/reason]
                inline: [/data/note]
                query: letters_parcel
                content: letters_photo
                kind: parcel
                not_found: [lost]
                input: [AT_CUSTOMS]
                no_media: {at: /data/way, values: [AIR]}
                batch: letters_parcels
              properties:
                id: {type: string, description: What to ask with.}
                data: {description: The rest., allOf: [{$ref: '#/components/schemas/ParcelData'}]}
            ParcelData:
              description: Where it is.
              properties:
                id: {type: string, description: What to ask with.}
                state: {type: string, description: Where it is.}
                percent: {type: number, description: How far it is.}
                reason: {type: string, description: Why it came back.}
                photos: {type: array, items: {$ref: '#/components/schemas/ParcelPhoto'}, description: At the door.}
                note: {type: string, description: What was written on it.}
                way: {type: string, description: How it travels.}
            Parcels:
              description: Several.
              properties:
                parcels: {type: array, items: {$ref: '#/components/schemas/ListedParcel'}, description: All that are known.}
            ListedParcel:
              description: A parcel among others.
              x-task: {id: [/number], status: [/state], query: letters_parcel}
              properties:
                number: {type: string, description: What to ask with.}
                state: {type: string, description: Where it is.}
            ParcelsQuery:
              description: Which parcels.
              required: [numbers]
              properties: {numbers: {type: array, items: {type: string}, description: Their numbers.}}
            ParcelPhoto: {description: A photo., properties: {url: {type: string, description: Where it is.}}}
            ",
        )
        .with_route(&get("/parcels/{id}", "letters_parcel").answer("Parcel").more(ID))
        .with_route(&post("/parcels/many", "letters_parcels").body("ParcelsQuery").answer("Parcels").more("x-idempotent: true"))
        .with_route(
            &get("/parcels/{id}/photo", "letters_photo").more(ID).content("image/png: {schema: {type: string, format: binary}}"),
        )
        .code();
    code.expect(
        "letters",
        r#"impl crate::tasks::Task for Parcel {
            type Client = super::Client;
            type Answer = Parcel;
            const KIND: &'static crate::tasks::Kind = &super::letters::PARCEL_TASK;
            const SHAPE: crate::tasks::Shape = crate::tasks::Shape {
                places: &[
                    (crate::tasks::What::Id, &["id"]),
                    (crate::tasks::What::Id, &["data", "id"]),
                    (crate::tasks::What::Status, &["data", "state"]),
                    (crate::tasks::What::Progress, &["data", "percent"]),
                    (crate::tasks::What::Url, &["data", "photos", "*", "url"]),
                    (crate::tasks::What::Inline, &["data", "note"]),
                    (crate::tasks::What::Error, &["data", "reason"]),
                    (crate::tasks::What::ErrorMessage, &["data", "reason", "message"]),
                    (crate::tasks::What::ErrorCode, &["data", "reason", "code"]),
                    (crate::tasks::What::Action, &["data", "way"])
                ],
                no_media: &["AIR"]
            };
            fn json(&self) -> Vec<u8> { ::serde_json::to_vec(self).unwrap_or_default() }
        }"#,
    );
    code.expect(
        "letters",
        r#"query: |core, id| <super::Client as crate::client::System>::from_core(::std::sync::Arc::clone(core))
            .letters().parcel(id).read_as(),
        check: crate::transport::checked::<Parcel>,
        content: Some(|core, id| <super::Client as crate::client::System>::from_core(::std::sync::Arc::clone(core))
            .letters().photo(id)),
        not_found: &["lost"],
        input: &["AT_CUSTOMS"],"#,
    );
    code.expect(
        "letters",
        r#".letters().parcels(&ParcelsQuery::new(ids.iter().copied())).read_as(),
        check: crate::transport::checked::<Parcels>,
        items: &["parcels"],
        shape: crate::tasks::Shape { places: &[(crate::tasks::What::Id, &["number"]), (crate::tasks::What::Status, &["state"])],
            no_media: &[] }"#,
    );
    code.expect("", "pub(crate) const TASK_KINDS: &[&crate::tasks::Kind] = &[&letters::LETTER_TASK, &letters::PARCEL_TASK];");
    code.expect("", "pub fn parcel(&self, id: impl Into<String>) -> crate::tasks::TaskHandle<letters::Parcel>");
}

#[test]
fn x_task_can_be_asked_for_with_a_body_made_of_its_id_and_by_any_face() {
    let code = Post::new()
        .with_schemas(
            "
            Parcel:
              description: A parcel on its way.
              x-task:
                id: [/number]
                status: [/state]
                query: letters_look_up
                kind: parcel
                query_body: {schema: ParcelQuery, id: /number, fixed: {kind: parcel, deep: true}}
              properties:
                number: {type: string, description: What to ask with.}
                state: {type: string, description: Where it is.}
            ParcelQuery:
              description: Which parcel.
              required: [number]
              properties:
                number: {type: string, description: What to ask with.}
                kind: {type: string, description: What it is.}
                deep: {type: boolean, description: Whether to look everywhere.}
            ",
        )
        .with_route(&post("/parcels", "letters_ship").answer("Parcel").more(
            "
            x-faces:
              - {method: ship, summary: Ship it, body: LetterRequest}
              - {method: look_up, summary: Look it up, body: ParcelQuery}
            ",
        ))
        .code();
    code.expect("letters", r#".letters().look_up(&ParcelQuery::new(id).kind("parcel").deep(true)).read_as(),"#);
}

#[test]
fn x_websocket_keeps_the_events_of_both_sides_and_gives_setters_to_what_is_sent() {
    let code = Post::new()
        .with_schemas(
            "
            Said: {description: What the client says., properties: {text: {type: string, description: Words.}}}
            Heard: {description: What the server says., properties: {sound: {type: string, description: Noise.}}}
            ",
        )
        .with_route(&get("/talk", "letters_talk").more("x-websocket: {client: Said, server: Heard}"))
        .code();
    code.expect("letters", "pub fn text(mut self, text: impl Into<String>) -> Self");
    code.expect("letters", "pub struct Heard");
    code.refuse("letters", "pub fn sound");
}

#[test]
fn x_secret_never_reaches_debug() {
    let code = Post::new()
        .with_schemas(
            "
            Safe:
              description: Holds a key.
              properties:
                key: {type: string, description: The key., x-secret: true}
                name: {type: string, description: Whose., x-secret: false}
            ",
        )
        .with_route(&get("/safe", "letters_safe").answer("Safe"))
        .code();
    code.expect("letters", "#[derive(Clone, PartialEq)] #[non_exhaustive] pub struct Safe");
    code.expect("letters", "crate::wire::debug_object!(Safe { key, name } hides { key });");
}

#[test]
fn x_secret_is_kept_out_of_debug_in_forms_too() {
    let code = Post::new()
        .with_schemas("Scan: {description: A scan., properties: {key: {type: string, description: The key., x-secret: true}}}")
        .with_route(&post("/scans", "letters_scan").form("Scan"))
        .code();
    code.expect("letters", "#[derive(Clone)] #[non_exhaustive] pub struct Scan");
    code.expect("letters", "crate::wire::debug_object!(Scan { key } hides { key });");
}

#[test]
fn x_rust_name_renames_fields_and_arguments_but_nothing_that_travels() {
    let code = Post::new()
        .with_schemas(
            "
            Card:
              description: A card.
              required: [new]
              properties:
                new: {type: boolean, description: Whether it is new., x-rust-name: is_new}
            ",
        )
        .with_route(&post("/cards", "letters_card").body("Card").more(
            "
            parameters:
              - {name: timeout, in: query, required: false, description: When to give up., schema: {type: integer}, x-rust-name: patience}
              - {name: body, in: query, required: true, description: Which part., schema: {type: string}, example: all, x-rust-name: part}
            ",
        ))
        .code();
    code.expect("letters", "pub fn new(is_new: bool) -> Self");
    code.expect("letters", r#"crate::wire::object!(Card { is_new: "new" required });"#);
    code.expect("letters", "pub fn card(&self, part: &str, body: &impl LettersCardBody)");
    code.expect("letters", r#"pub fn patience(self, patience: i64) -> Self { self.query("timeout", &patience.to_string()) }"#);
    code.expect("requests", r#"crate::request::query("body", body)"#);
}

#[test]
fn x_rust_type_is_a_type_that_the_runtime_has() {
    let code = Post::new()
        .with_schemas(
            "
            Clock: {description: What time it is., required: [now], properties: {now: {$ref: '#/components/schemas/Moment', description: Now.}}}
            Moment:
              description: A moment.
              x-rust-type: Timestamp
              oneOf: [{type: integer, title: Integer}, {type: string, title: Text}]
            ",
        )
        .with_route(&get("/clock", "letters_clock").answer("Clock"))
        .code();
    code.expect("letters", "pub now: crate::values::Timestamp,");
    code.expect("letters", "pub fn new(now: impl Into<crate::values::Timestamp>) -> Self");
    code.refuse("", "Moment");
}

#[test]
fn x_new_names_the_arguments_of_the_constructor() {
    let code = Post::new()
        .with_schemas(
            "
            Message:
              description: Sent and answered.
              required: [role]
              x-new: [text, role]
              properties:
                role: {type: string, description: Who.}
                text: {type: string, description: What.}
                tone: {type: string, description: How.}
            ",
        )
        .with_route(&post("/messages", "letters_message").body("Message").answer("Message"))
        .code();
    code.expect(
        "letters",
        "pub fn new(text: impl Into<String>, role: impl Into<String>) -> Self {
            Self { role: role.into(), text: Some(text.into()), tone: None, extra: crate::wire::Extra::new(), }
        }",
    );
}

#[test]
fn x_extensible_enum_and_x_enum_varnames_name_the_words_and_the_variants() {
    let code = Post::new()
        .with_schemas(
            "
            Card: {description: A card., properties: {way: {$ref: '#/components/schemas/Way', description: How it travels.}}}
            Way:
              description: How it travels.
              type: string
              x-extensible-enum: [air_mail, air-mail]
              x-enum-varnames: [Air, OldAir]
            ",
        )
        .with_route(&get("/card", "letters_card").answer("Card"))
        .code();
    code.expect("letters", "pub enum Way { Air, OldAir, Other(String), }");
    code.expect("letters", r#"crate::wire::words!(Way { Air = "air_mail", OldAir = "air-mail" });"#);
}

#[test]
fn x_example_and_x_schema_say_something_about_examples_and_nothing_about_code() {
    let without = Post::new().code();
    let examples = "
components:
  examples:
    letter_lost:
      summary: A letter that nobody finds
      x-example: constructed
      x-schema: Letter
      value: {id: l-2, x-what: values are not looked into}
";
    let with = Post::new().with_fragment("more-examples", examples).code();
    assert_eq!(without.text, with.text);
}

#[test]
fn x_status_is_that_of_a_failure_and_says_nothing_about_code() {
    let without = Post::new().code();
    let examples = |status: &str| {
        let lost = "letter_lost: {summary: Nobody finds it, x-status: STATUS, value: {message: lost}}";
        format!("components:\n  examples:\n    {}\n", lost.replace("STATUS", status))
    };
    let with = Post::new().with_fragment("more-examples", &examples("404")).code();
    assert_eq!(without.text, with.text);
    for wrong in ["200", "600", "'404'", "gone"] {
        let problems = Post::new().with_fragment("more-examples", &examples(wrong)).generate(&["letters"]).unwrap_err();
        let places: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(places, ["/components/examples/letter_lost/x-status"], "{wrong}");
    }
}

const ID: &str = "parameters: [{name: id, in: path, required: true, description: Which., schema: {type: string}, example: l-1}]";

#[test]
fn x_plain_text_names_the_member_that_a_text_is_read_as() {
    let content = "
        application/json:
          schema: {$ref: '#/components/schemas/Letter'}
          examples: {one: {value: {id: a}}}
        text/plain:
          schema: {type: string}
          examples: {one: {value: hello}}
    ";
    let code = Post::new().with_route(&get("/read", "letters_read").content(content).more("x-plain-text: id")).code();
    code.expect(
        "letters",
        r#"path: "/read", auth: crate::operation::Auth::Bearer, idempotent: true, success: None, stream: None,
        usage: None, plain_text: Some("id"),"#,
    );
}

#[test]
fn callbacks_make_a_function_that_reads_what_is_posted() {
    let code = Post::new()
        .with_schemas("Errand: {description: What to do., properties: {tell: {type: string, description: Whom to tell.}}}")
        .with_route(&post("/errands", "letters_send_out").body("Errand").more(
            "
            callbacks:
              arrival:
                '{$request.body#/tell}':
                  post:
                    requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Letter'}}}}
                    responses: {'200': {description: Taken.}}
            ",
        ))
        .code();
    code.expect(
        "letters",
        "pub fn parse_arrival(body: impl AsRef<[u8]>) -> Result<Letter, crate::Error> {
            crate::tasks::parse_posted(body.as_ref())
        }",
    );
}

#[test]
fn x_upload_writes_the_methods_that_put_a_file() {
    let code = Post::new()
        .with_schemas(
            "
            Parcel:
              description: What is announced.
              properties:
                label: {type: string, description: Its name.}
                kind: {type: string, description: What it is.}
                days: {type: integer, description: How long it may take.}
            Place:
              description: Where to bring it.
              required: [to]
              properties:
                to: {type: string, description: The door.}
                seen: {type: string, description: The window.}
            ",
        )
        .with_route(
            &post("/announce", "letters_announce")
                .body("Parcel")
                .answer("Place")
                .more("x-upload: {body: {file_name: label, content_type: kind}, answer: {url: /to, public_url: /seen}}"),
        )
        .code();
    code.expect("letters", "pub fn file(&self, path: impl AsRef<::std::path::Path>) -> crate::Upload");
    code.expect("letters", r#"file_name: "label", content_type: "kind", url: "/to", public_url: "/seen", method: None"#);
    code.expect("letters", "impl crate::Upload");
    code.expect("letters", r#"pub fn days(self, value: i64) -> Self { self.member("days", value.into()) }"#);
    code.refuse("letters", r#"self.member("label", value.into().into())"#);
}

#[test]
fn x_usage_says_where_an_answer_tells_its_model_and_tokens() {
    let words = "x-usage: {model: [/id], input: [/state], output: [/state]}";
    let code = Post::new().with_route(&get("/bags", "letters_bags").more(words)).code();
    code.expect("letters", r#"path: "/bags", auth: crate::operation::Auth::Bearer, idempotent: true"#);
    code.expect("letters", r#"&["/id"]"#);
}
