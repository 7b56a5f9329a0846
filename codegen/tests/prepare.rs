//! What progenitor gets to see.

use octopusx_codegen::prepare::prepare;
use serde_json::{Value, json};

use crate::support::{Post, Route, get, post};

fn prepared(route: &Route) -> Value {
    prepare(&Post::new().with_route(route).api())["paths"].take()
}

#[test]
fn bodies_and_answers_are_reduced_to_one_trivial_answer() {
    let paths = prepare(&Post::new().api());
    assert_eq!(paths["components"], Value::Null);
    assert_eq!(
        paths["paths"]["/letters"]["post"],
        json!({
            "operationId": "letters_send",
            "parameters": [],
            "responses": {"204": {"description": "Read by the transport."}},
        })
    );
}

#[test]
fn methods_of_one_path_stay_together() {
    let paths =
        prepared(&post("/stamps/{name}", "letters_stamp").more(
            "parameters: [{name: name, in: path, required: true, description: Which., schema: {type: string}, example: red}]",
        ));
    let places: Vec<_> = paths.as_object().unwrap().keys().collect();
    assert_eq!(places, ["/stamps/{name}", "/letters", "/letters/{id}", "/stamps"]);
}

#[test]
fn only_required_parameters_in_path_and_query_are_arguments_and_all_are_strings() {
    let paths = prepared(&get("/bags/{id}", "letters_bag").more(
        "
            x-faces:
              - {method: bag, summary: A bag, fixed: {fixed: small, size: large}}
            parameters:
              - {name: id, in: path, required: true, description: Which., schema: {type: integer}, example: 1}
              - {name: page, in: query, required: true, description: Which., schema: {type: integer}, example: 1}
              - {name: fixed, in: query, required: false, description: By face., schema: {type: string}}
              - {name: size, in: query, required: true, description: By face too., schema: {type: string}, example: large}
              - {name: version, in: query, required: true, description: Always one., schema: {type: string, enum: ['1']}}
              - {name: language, in: query, required: false, description: A setter., schema: {type: string}}
              - {name: X-Trace, in: header, required: true, description: A header., schema: {type: string}, example: t}
            ",
    ));
    assert_eq!(
        paths["/bags/{id}"]["get"]["parameters"],
        json!([
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "page", "in": "query", "required": true, "schema": {"type": "string"}},
        ])
    );
}
