//! Schemas become structs, open enums and unions.

use crate::support::{Code, Post, get, post};

/// The code for schemas of which the first is sent and answered.
fn code(schemas: &str) -> Code {
    let first = schemas.trim().split(':').next().unwrap();
    Post::new().with_schemas(schemas).with_route(&post("/cards", "letters_card").body(first).answer(first)).code()
}

#[test]
fn a_struct_has_a_field_for_each_property_in_the_order_of_the_document() {
    let code = code(
        "
        Card:
          description: A card.
          required: [text, marks]
          properties:
            text: {type: string, description: What it says.}
            weight: {type: number, description: In grams.}
            cents: {type: integer, description: What it costs.}
            framed: {type: boolean, description: Whether it has a frame.}
            lines: {type: array, items: {type: string}, description: Line by line.}
            grid: {type: array, items: {type: array, items: {type: integer}}, description: Numbers.}
            marks: {type: object, additionalProperties: {type: integer}, description: How many of each.}
            free: {type: object, description: What vendors add.}
            any: {description: Anything.}
            sender: {description: Who wrote it., allOf: [{$ref: '#/components/schemas/CardSender'}]}
            stamp: {description: What was paid., allOf: [{$ref: '#/components/schemas/Stamp'}]}
        CardSender: {description: A person., properties: {name: {type: string, description: A name.}}}
        ",
    );
    code.expect(
        "letters",
        "#[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Card {
            pub text: String,
            pub weight: Option<f64>,
            pub cents: Option<i64>,
            pub framed: Option<bool>,
            pub lines: Option<Vec<String>>,
            pub grid: Option<Vec<Vec<i64>>>,
            pub marks: ::std::collections::BTreeMap<String, i64>,
            pub free: Option<::serde_json::Map<String, ::serde_json::Value>>,
            pub any: Option<::serde_json::Value>,
            pub sender: Option<CardSender>,
            pub stamp: Option<super::stamps::Stamp>,
            pub extra: crate::wire::Extra,
        }",
    );
    code.expect_doc("What it says.");
    code.expect("letters", r#"crate::wire::object!(CardSender { name: "name" optional });"#);
}

#[test]
fn a_constructor_takes_what_is_required_in_that_order_and_fills_in_what_is_constant() {
    let code = code(
        "
        Card:
          description: A card.
          required: [to, kind, text]
          properties:
            text: {type: string, description: What it says.}
            kind: {type: string, enum: [card], description: What it is.}
            size: {type: string, enum: [small], description: How big.}
            to: {type: array, items: {type: string}, description: Where to.}
            cents: {type: integer, description: What it costs.}
        ",
    );
    code.expect(
        "letters",
        r#"pub fn new(to: impl IntoIterator<Item = impl Into<String>>, text: impl Into<String>) -> Self {
            Self {
                text: text.into(),
                kind: "card".to_owned(),
                size: Some("small".to_owned()),
                to: to.into_iter().map(Into::into).collect(),
                cents: None,
                extra: crate::wire::Extra::new(),
            }
        }"#,
    );
    code.expect_doc("Always `card`.");
    code.refuse("letters", "impl Default for Card");
}

#[test]
fn a_constructor_without_arguments_is_the_default() {
    let code = code("Card: {description: A card., properties: {text: {type: string, description: What it says.}}}");
    code.expect("letters", "#[must_use] #[inline] pub fn new() -> Self");
    code.expect("letters", "impl Default for Card { #[inline] fn default() -> Self { Self::new() } }");
}

#[test]
fn what_is_sent_has_setters_and_what_is_only_read_has_none() {
    let code = Post::new().code();
    code.expect("letters", "#[must_use] pub fn express(mut self, express: bool) -> Self { self.express = Some(express); self }");
    code.expect(
        "letters",
        "#[must_use] pub fn text(mut self, text: impl Into<String>) -> Self { self.text = text.into(); self }",
    );
    code.refuse("letters", "self.state =");
    code.expect("letters", "#[must_use] pub fn state(&self) -> crate::tasks::TaskState { crate::tasks::Task::state(self) }");
    code.expect("letters", "pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<::serde_json::Value>) -> Self");
}

#[test]
fn values_of_several_forms_have_accessors_with_units_on_what_only_comes_back() {
    let api = Post::new().with_schemas(
        "
        PostDate: {description: A moment., x-rust-type: Timestamp, oneOf: [{type: number, title: Number}]}
        PostPart: {description: A share., x-rust-type: Progress, oneOf: [{type: number, title: Number}]}
        Parcel:
          description: A parcel.
          required: [sent_at]
          properties:
            sent_at: {description: When., allOf: [{$ref: '#/components/schemas/PostDate'}]}
            way: {description: How far., allOf: [{$ref: '#/components/schemas/PostPart'}]}
        ",
    );
    let code = api.with_route(&get("/parcels", "letters_parcels").answer("Parcel")).code();
    code.expect("letters", "pub fn sent_at(&self) -> Option<::std::time::SystemTime> { self.sent_at.system_time() }");
    code.expect("letters", "pub fn way_percent(&self) -> Option<f64> { self.way.as_ref()?.percent() }");
}

#[test]
fn what_a_body_holds_has_setters_too() {
    let code = code(
        "
        Card: {description: A card., properties: {sender: {$ref: '#/components/schemas/CardSender', description: Who.}}}
        CardSender: {description: A person., properties: {name: {type: string, description: A name.}}}
        ",
    );
    code.expect("letters", "pub fn sender(mut self, sender: impl Into<CardSender>) -> Self");
    code.expect("letters", "pub fn name(mut self, name: impl Into<String>) -> Self");
}

#[test]
fn names_that_rust_has_taken_get_another_form_and_travel_unchanged() {
    let code = code(
        "
        Card:
          description: A card.
          properties:
            type: {type: string, description: A word of Rust.}
            durationSeconds: {type: number, description: Camel case.}
            2x: {type: boolean, description: A digit.}
        ",
    );
    code.expect("letters", "pub type_: Option<String>, pub duration_seconds: Option<f64>, pub _2x: Option<bool>,");
    code.expect(
        "letters",
        r#"crate::wire::object!(Card { type_: "type" optional, duration_seconds: "durationSeconds" optional, _2x: "2x" optional });"#,
    );
}

#[test]
fn an_enum_is_open_whether_the_document_says_so_or_not() {
    let code = code(
        "
        Card: {description: A card., properties: {size: {$ref: '#/components/schemas/CardSize', description: How big.}}}
        CardSize: {description: How big., type: string, enum: [small, 16:9, other]}
        ",
    );
    code.expect(
        "letters",
        "#[derive(Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CardSize { Small, _16_9, Other_, Other(String), }",
    );
    code.expect("letters", r#"crate::wire::words!(CardSize { Small = "small", _16_9 = "16:9", Other_ = "other" });"#);
    code.expect("letters", "pub enum LetterState { OnItsWay, Delivered, Other(String), }");
}

#[test]
fn a_union_with_a_discriminator_is_read_by_its_tag() {
    let code = code(
        "
        Card:
          description: A card.
          properties:
            parts: {type: array, items: {$ref: '#/components/schemas/CardPart'}, description: What it holds.}
        CardPart:
          description: One part.
          oneOf: [{$ref: '#/components/schemas/CardText'}, {$ref: '#/components/schemas/CardPicture'}]
          discriminator:
            propertyName: kind
            mapping:
              text: '#/components/schemas/CardText'
              output_text: '#/components/schemas/CardText'
              unknown: '#/components/schemas/CardPicture'
        CardText:
          description: Text.
          required: [kind]
          properties: {kind: {type: string, enum: [text], description: The tag.}}
        CardPicture:
          description: A picture.
          required: [kind]
          properties: {kind: {type: string, enum: [unknown], description: The tag.}}
        ",
    );
    code.expect(
        "letters",
        "pub enum CardPart {
            Text(CardText),
            OutputText(CardText),
            Unknown_(CardPicture),
            Unknown(::serde_json::Value),
        }",
    );
    code.expect(
        "letters",
        r#"crate::wire::tagged!(CardPart by "kind" {
            "text" => Text(CardText), "output_text" => OutputText(CardText), "unknown" => Unknown_(CardPicture)
        });"#,
    );
    code.expect(
        "letters",
        "impl From<CardText> for CardPart { #[inline] fn from(value: CardText) -> Self { Self::Text(value) } }",
    );
    code.refuse("letters", "Self::OutputText(value)");
    code.expect("letters", "parts: impl IntoIterator<Item = impl Into<CardPart>>");
}

#[test]
fn a_union_without_a_discriminator_is_read_by_its_json_type() {
    let code = code(
        "
        Card: {description: A card., properties: {text: {$ref: '#/components/schemas/CardText', description: What it says.}}}
        CardText:
          description: What it says.
          oneOf:
            - {type: string, title: Line}
            - {type: array, title: Lines, items: {type: string}}
            - {type: integer, title: Number}
            - {type: boolean, title: Blank}
            - {$ref: '#/components/schemas/CardTextStyled'}
        CardTextStyled: {description: With a font., properties: {font: {type: string, description: The font.}}}
        ",
    );
    code.expect(
        "letters",
        "pub enum CardText {
            Line(String),
            Lines(Vec<String>),
            Number(i64),
            Blank(bool),
            Styled(CardTextStyled),
            Other(::serde_json::Value),
        }",
    );
    code.expect(
        "letters",
        "crate::wire::by_type!(CardText {
            string => Line(String), array => Lines(Vec<String>), number => Number(i64), boolean => Blank(bool), object => Styled(CardTextStyled)
        });",
    );
    code.expect(
        "letters",
        "impl From<&str> for CardText { #[inline] fn from(value: &str) -> Self { Self::Line(value.into()) } }",
    );
    code.expect("letters", "impl From<i64> for CardText");
}

#[test]
fn a_branch_is_named_by_what_its_schema_adds_to_the_name_of_the_union_where_that_is_a_name() {
    let code = code(
        "
        Card: {description: A card., properties: {text: {$ref: '#/components/schemas/CardText', description: What it says.}}}
        CardText:
          description: What it says.
          oneOf: [{$ref: '#/components/schemas/CardText2'}, {$ref: '#/components/schemas/CardTextLines'}]
        CardText2: {description: The second form., properties: {text: {type: string, description: The text.}}}
        CardTextLines: {description: Line by line., type: array, items: {type: string}}
        ",
    );
    code.expect("letters", "pub enum CardText { CardText2(CardText2), Lines(CardTextLines), Other(::serde_json::Value), }");
}

#[test]
fn a_body_that_differs_by_vendor_is_an_enum_that_is_only_sent() {
    let post = Post::new().with_route(&post("/any", "letters_any").body("AnyBody")).with_schemas(
        "
        AnyBody:
          description: A letter or a card.
          anyOf: [{$ref: '#/components/schemas/LetterRequest'}, {$ref: '#/components/schemas/Card'}]
        Card: {description: A card., properties: {text: {type: string, description: What it says.}}}
        ",
    );
    let code = post.code();
    code.expect("letters", "pub enum AnyBody { LetterRequest(LetterRequest), Card(Card), }");
    code.expect("letters", "crate::wire::any_of!(AnyBody { LetterRequest, Card });");
    code.expect("letters", "impl From<Card> for AnyBody");
    code.expect("letters", "pub fn text(mut self, text: impl Into<String>) -> Self");
}

#[test]
fn a_named_list_is_another_name_for_it() {
    let code = code(
        "
        Card: {description: A card., properties: {lines: {$ref: '#/components/schemas/CardLines', description: What it says.}}}
        CardLines: {description: Line by line., type: array, items: {type: string}}
        ",
    );
    code.expect("letters", "pub type CardLines = Vec<String>;");
    code.expect("letters", "pub lines: Option<CardLines>,");
}

#[test]
fn a_reference_that_may_be_null_is_a_reference() {
    let code = code(
        "
        Card:
          description: A card.
          required: [sender]
          properties:
            sender:
              description: Who wrote it.
              anyOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/JsonNull'}]
            reply:
              description: What came back.
              anyOf: [{$ref: '#/components/schemas/Card'}, {$ref: '#/components/schemas/JsonNull'}]
        Person: {description: A person., properties: {name: {type: string, description: A name.}}}
        JsonNull: {description: Nothing., type: string, nullable: true, enum: [null]}
        ",
    );
    code.expect("letters", "pub sender: Person, pub reply: Option<Box<Card>>,");
    assert!(!code.text.contains("JsonNull"), "null is no type of its own");
}

#[test]
fn a_schema_that_holds_itself_is_boxed_there_and_only_there() {
    let code = code(
        "
        Card:
          description: A card.
          properties:
            reply: {$ref: '#/components/schemas/Card', description: Written on it.}
            copies: {type: array, items: {$ref: '#/components/schemas/Card'}, description: A list needs no box.}
            frame: {$ref: '#/components/schemas/CardFrame', description: Around it.}
            sender: {$ref: '#/components/schemas/CardSender', description: Who wrote it.}
        CardFrame: {description: A frame., properties: {back: {$ref: '#/components/schemas/CardBack', description: Behind.}}}
        CardBack:
          description: What is behind the frame.
          oneOf: [{type: string, title: Text}, {$ref: '#/components/schemas/Card'}]
        CardSender: {description: A person., properties: {name: {type: string, description: A name.}}}
        ",
    );
    code.expect(
        "letters",
        "pub struct Card {
            pub reply: Option<Box<Card>>,
            pub copies: Option<Vec<Card>>,
            pub frame: Option<Box<CardFrame>>,
            pub sender: Option<CardSender>,
            pub extra: crate::wire::Extra,
        }",
    );
    code.expect("letters", "pub back: Option<Box<CardBack>>,");
    code.expect("letters", "impl<'de> crate::wire::Read<'de> for Box<CardBack>");
    code.refuse("letters", "for Box<CardFrame>");
    code.expect(
        "letters",
        "pub fn reply(mut self, reply: impl Into<Card>) -> Self { self.reply = Some(Box::new(reply.into())); self }",
    );
}

#[test]
fn what_is_deprecated_is_marked_so() {
    let code = code(
        "
        Card:
          description: A card.
          deprecated: true
          properties:
            text: {type: string, description: Use `lines`., deprecated: true}
        ",
    );
    code.expect("letters", "#[deprecated] #[derive(Clone, PartialEq)] #[non_exhaustive] pub struct Card");
    code.expect("letters", "#[deprecated] pub text: Option<String>");
    code.expect("letters", "#[deprecated] #[must_use] pub fn text(mut self, text: impl Into<String>) -> Self");
}

#[test]
fn descriptions_reach_rustdoc_without_becoming_links_or_html() {
    let code = code("Card: {description: 'See [1] at https://post.example, a <b> in `a[0]`.', properties: {}}");
    code.expect_doc(r"See \[1\] at <https://post.example>, a \<b\> in `a[0]`.");
}

#[test]
fn a_form_takes_files_and_is_only_sent() {
    let code = Post::new()
        .with_schemas(
            "
            Scan:
              description: A scanned letter.
              required: [page, to]
              properties:
                to: {type: string, description: Where to.}
                page: {type: string, format: binary, description: The first page.}
                more: {type: array, items: {type: string, format: binary}, description: The other pages.}
            ",
        )
        .with_route(&post("/scans", "letters_scan").form("Scan"))
        .code();
    code.expect(
        "letters",
        "pub struct Scan {
            pub to: String,
            pub page: crate::FilePart,
            pub more: Option<Vec<crate::FilePart>>,
            pub extra: crate::wire::Extra,
        }",
    );
    code.expect("letters", "pub fn new(page: impl Into<crate::FilePart>, to: impl Into<String>) -> Self");
    code.expect("letters", "pub fn scan(&self, body: &impl LettersScanBody) -> crate::Call<crate::Response<Letter>>");
    code.expect("letters", "impl LettersScanBody for Scan {}");
    code.expect(
        "letters",
        r#"crate::wire::form!(Scan { to: "to" value required, page: "page" file required, more: "more" files optional });"#,
    );
    code.refuse("letters", "#[derive(Clone, PartialEq)] #[non_exhaustive] pub struct Scan");
}
