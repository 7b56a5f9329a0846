//! What is kept of a document when only some features are on.

use octopusx_codegen::model::Kind;
use octopusx_codegen::slice::slice;

use crate::support::{Post, features, get};

#[test]
fn a_disabled_feature_takes_its_methods_and_types_along() {
    let code = Post::new().code_of(&["letters"]);
    code.expect("letters", "pub fn send");
    code.refuse("", "StampList");
    code.refuse("", "stamps::STAMPS_LIST");
    code.refuse("", "pub fn stamps(&self)");
    code.refuse("requests", "fn stamps_list");
}

#[test]
fn a_type_that_an_enabled_section_needs_stays_in_the_module_of_its_own() {
    let code = Post::new().code_of(&["letters"]);
    code.expect("letters", "pub stamp: Option<super::stamps::Stamp>");
    code.expect("stamps", "pub struct Stamp");
    code.refuse("stamps", "pub struct Stamps");
}

#[test]
fn types_that_no_operation_needs_are_not_written() {
    let post = Post::new().with_schemas("Card: {description: A card., properties: {text: {type: string, description: What.}}}");
    post.code().refuse("", "Card");
}

#[test]
fn types_are_found_through_every_form_of_schema() {
    let post =
        Post::new().with_route(&get("/bags/{id}", "letters_bag").answer("Bag").more(
            "parameters: [{name: id, in: path, required: true, description: Which., schema: {type: string}, example: b-1}]",
        ));
    let code = post
        .with_schemas(
            "
            Bag:
              description: Holds much.
              properties:
                items: {type: array, items: {$ref: '#/components/schemas/BagItem'}, description: Inside.}
                marks: {type: object, additionalProperties: {$ref: '#/components/schemas/BagMark'}, description: Outside.}
                weight: {description: In grams., allOf: [{$ref: '#/components/schemas/BagWeight'}]}
            BagItem:
              description: A thing in a bag.
              oneOf: [{$ref: '#/components/schemas/BagCard'}]
              discriminator: {propertyName: kind, mapping: {card: '#/components/schemas/BagCard'}}
            BagCard:
              description: A card.
              required: [kind]
              properties: {kind: {type: string, enum: [card], description: Its kind.}}
            BagMark: {description: A mark., type: string, x-extensible-enum: [heavy]}
            BagWeight:
              description: One weight or one for each item.
              oneOf: [{type: number, title: Sum}, {type: array, title: Each, items: {$ref: '#/components/schemas/BagGrams'}}]
            BagGrams: {description: Grams., type: number}
            ",
        )
        .code();
    for name in ["struct Bag", "enum BagItem", "struct BagCard", "enum BagMark", "enum BagWeight", "type BagGrams"] {
        code.expect("letters", &format!("pub {name}"));
    }
}

#[test]
fn a_task_whose_query_is_sliced_away_is_an_ordinary_type() {
    let receipt = "
        components:
          schemas:
            StampList:
              description: A letter is part of it.
              properties:
                first: {description: The first letter., allOf: [{$ref: '#/components/schemas/Letter'}]}
            Stamp: {description: A stamp., properties: {cents: {type: integer, description: Its price.}}}
    ";
    let post = Post::new();
    let stamps = post.folder().join("stamps/stamps.yaml");
    let text = std::fs::read_to_string(&stamps).unwrap();
    let (paths, rest) = text.split_once("components:").unwrap();
    let examples = rest.split_once("  examples:").unwrap().1;
    let schemas = receipt.replace("\n        ", "\n");
    std::fs::write(stamps, format!("{paths}{}\n  examples:{examples}", schemas.trim())).unwrap();

    post.code().expect("letters", "impl crate::tasks::Task for Letter");
    let code = post.code_of(&["stamps"]);
    code.expect("letters", "pub struct Letter");
    code.refuse("letters", "impl crate::tasks::Task for Letter");
    let api = slice(post.api(), &features(&["stamps"]));
    assert!(matches!(&api.schemas["Letter"].kind, Kind::Object(letter) if letter.task.is_none()));
}

#[test]
fn the_whole_document_is_checked_whatever_is_on() {
    let post = Post::new().with_schemas("Card: {type: string}");
    let problems = post.generate(&["stamps"]).unwrap_err();
    assert!(problems.to_string().contains("`description` is missing"), "{problems}");
}

#[test]
fn without_features_nothing_is_kept() {
    let api = slice(Post::new().api(), &features(&[]));
    assert!(api.tags.is_empty() && api.operations.is_empty() && api.schemas.is_empty() && api.sections().is_empty());
}
