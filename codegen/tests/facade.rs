//! Operations become methods.

use crate::support::{Post, get, post};

const ID: &str = "parameters: [{name: id, in: path, required: true, description: Which., schema: {type: string}, example: l-1}]";

#[test]
fn every_tag_becomes_an_accessor_and_every_operation_a_method() {
    let code = Post::new().code();
    code.expect(
        "",
        r#"impl Client {
            #[cfg_attr(docsrs, doc(cfg(feature = "letters")))]
            #[must_use] pub fn letters(&self) -> letters::Letters<'_> { letters::Letters::new(self) }
            #[cfg_attr(docsrs, doc(cfg(feature = "stamps")))]
            #[must_use] pub fn stamps(&self) -> stamps::Stamps<'_> { stamps::Stamps::new(self) }
        }"#,
    );
    code.expect("letters", "pub fn send(&self, body: &impl LettersSendBody) -> crate::Call<crate::Response<Letter>>");
    code.expect(
        "letters",
        "pub fn get(&self, id: &str) -> crate::Call<crate::Response<Letter>> {
            let core = self.client.core();
            let requests = super::requests::Requests { client: core.begin(), baseurl: core.base_url() };
            crate::Call::new(core, const { &LETTERS_GET }, requests.letters_get(id))
        }",
    );
    code.expect_doc("Send a letter. Takes a letter and answers before it is delivered.");
    code.expect_doc("`POST /letters`. Documentation: `en/letters/send`.");
}

#[test]
fn every_operation_is_listed_in_the_order_of_the_document() {
    Post::new().code().expect(
        "",
        "pub const OPERATIONS: &[crate::Operation] = &[letters::LETTERS_SEND, letters::LETTERS_GET, stamps::STAMPS_LIST];",
    );
}

#[test]
fn what_the_runtime_must_know_of_an_operation_is_a_constant() {
    let code = Post::new().code();
    code.expect(
        "letters",
        r#"pub(super) const LETTERS_SEND: crate::Operation = crate::Operation {
            id: "letters_send",
            method: ::http::Method::POST,
            path: "/letters",
            auth: crate::operation::Auth::Bearer,
            idempotent: false,
            success: None,
            stream: None,
            usage: None,
            plain_text: None,
            headers: &[],
            queries: &[],
            lists_conflict: false,
            websocket: None,
        };"#,
    );
    code.expect("", r#"pub const BASE_URL: &str = "https://post.example"; pub const DOCUMENT_VERSION: &str = "2026-01-31";"#);
}

#[test]
fn a_body_is_a_sealed_trait_of_all_that_the_route_takes() {
    let code = Post::new()
        .with_route(&post("/any", "letters_any").body("AnyBody"))
        .with_schemas(
            "
            AnyBody:
              description: A letter or a stamp.
              anyOf: [{$ref: '#/components/schemas/LetterRequest'}, {$ref: '#/components/schemas/Stamp'}]
            ",
        )
        .code();
    code.expect("letters", "pub trait LettersSendBody: crate::wire::Body {} impl LettersSendBody for LetterRequest {}");
    code.expect(
        "letters",
        "pub trait LettersAnyBody: crate::wire::Body {}
        impl LettersAnyBody for AnyBody {}
        impl LettersAnyBody for LetterRequest {}
        impl LettersAnyBody for super::stamps::Stamp {}",
    );
    code.expect("letters", "crate::Call::new(core, const { &LETTERS_ANY }, requests.letters_any()).with_body(body, false)");
}

#[test]
fn arguments_have_the_type_of_the_document_and_go_into_the_request_as_text() {
    let code = Post::new()
        .with_route(&get("/bags/{id}/{number}", "letters_bag").more(
            "
            parameters:
              - {name: number, in: path, required: true, description: Which., schema: {type: integer}, example: 1}
              - {name: id, in: path, required: true, description: Which., schema: {type: string}, example: b}
              - {name: weight, in: query, required: true, description: In grams., schema: {type: number}, example: 1.5}
              - {name: open, in: query, required: true, description: Whether., schema: {type: boolean}, example: true}
            ",
        ))
        .code();
    code.expect(
        "letters",
        "pub fn bag(&self, id: &str, number: i64, weight: f64, open: bool) -> crate::Call<crate::Response<Letter>>",
    );
    code.expect("letters", "requests.letters_bag(id, &number.to_string(), &open.to_string(), &weight.to_string())");
}

#[test]
fn optional_parameters_are_setters_on_a_marked_call() {
    let code = Post::new()
        .with_route(&get("/bags", "letters_bags").more(
            "
            parameters:
              - {name: pageSize, in: query, required: false, description: How many., schema: {type: integer}}
              - {name: after, in: query, description: The last id seen., schema: {type: string}}
              - {name: X-Trace, in: header, required: false, description: A mark., schema: {type: string}}
            ",
        ))
        .code();
    code.expect("letters", "pub fn bags(&self) -> crate::Call<crate::Response<Letter>, LettersBagsParameters>");
    code.expect("letters", "#[derive(Clone, Copy, Debug)] #[non_exhaustive] pub struct LettersBagsParameters;");
    code.expect(
        "letters",
        r#"impl crate::Call<crate::Response<Letter>, LettersBagsParameters> {
            pub fn page_size(self, page_size: i64) -> Self { self.query("pageSize", &page_size.to_string()) }
            pub fn after(self, after: &str) -> Self { self.query("after", after) }
            pub fn x_trace(self, x_trace: &str) -> Self { self.header("X-Trace", x_trace) }
        }"#,
    );
    code.refuse("requests", "page_size");
    code.expect_doc("How many.");
}

#[test]
fn required_headers_are_arguments_and_constant_ones_are_sent_unasked() {
    let code = Post::new()
        .with_route(&post("/bags/{id}", "letters_bag").body("LetterRequest").more(&format!(
            "{}
  - {{name: X-Trace, in: header, required: true, description: A mark., schema: {{type: string}}, example: t}}
  - {{name: X-Version, in: header, required: true, description: Always one., schema: {{type: string, enum: ['1']}}}}
  - {{name: mode, in: query, required: true, description: Always fast., schema: {{type: string, enum: [fast]}}}}
",
            "parameters:\n  - {name: id, in: path, required: true, description: Which., schema: {type: string}, example: b}"
        )))
        .code();
    code.expect("letters", "pub fn bag(&self, id: &str, x_trace: &str, body: &impl LettersBagBody)");
    code.expect(
        "letters",
        r#"crate::Call::new(core, const { &LETTERS_BAG }, requests.letters_bag(id))
            .header("X-Trace", x_trace)
            .with_body(body, false)"#,
    );
    code.expect("letters", r#"headers: &[("X-Version", "1")], queries: &[("mode", "fast")],"#);
}

#[test]
fn bytes_are_answered_as_a_stream_of_bytes() {
    let code =
        Post::new()
            .with_route(&get("/letters/{id}/scan", "letters_scan").more(ID).content(
                "image/png: {schema: {type: string, format: binary}}\nimage/jpeg: {schema: {type: string, format: binary}}",
            ))
            .code();
    code.expect("letters", "pub fn scan(&self, id: &str) -> crate::Call<crate::ByteStream>");
}

#[test]
fn an_answer_without_content_is_empty() {
    let code = Post::new().with_route(&post("/bags", "letters_bag").content("")).code();
    code.expect("letters", "pub fn bag(&self) -> crate::Call<crate::Response<()>>");
}

#[test]
fn a_list_is_answered_as_a_vector() {
    let route = get("/bags", "letters_bags").content(
        "
        application/json:
          schema: {type: array, items: {$ref: '#/components/schemas/Stamp'}}
          examples: {one: {value: [{cents: 80}]}}
        ",
    );
    let code = Post::new().with_route(&route).code();
    code.expect("letters", "pub fn bags(&self) -> crate::Call<crate::Response<Vec<super::stamps::Stamp>>>");
}

#[test]
fn the_first_scheme_that_a_key_can_satisfy_decides_how_it_travels() {
    for (security, auth) in [
        ("[{x-post-key: []}, {bearer: []}]", r#"Header("x-post-key")"#),
        ("[{bearer: []}, {x-post-key: []}]", "Bearer"),
        ("[{session: []}, {x-post-key: []}]", r#"Header("x-post-key")"#),
        ("[{session: []}]", "Session"),
        ("[]", "None"),
        ("[{}]", "None"),
    ] {
        let route = get("/bags", "letters_bags").more(&format!("security: {security}"));
        let code = Post::new().with_route(&route).code();
        code.expect("letters", &format!(r#"path: "/bags", auth: crate::operation::Auth::{auth}, idempotent: true"#));
    }
}

#[test]
fn a_deprecated_operation_is_a_deprecated_method() {
    let code = Post::new().with_route(&get("/bags", "letters_bags").more("deprecated: true")).code();
    code.expect("letters", "#[deprecated] pub fn bags(&self)");
}
