//! The request builders: written by progenitor, cut by `polish`.

use octopusx_codegen::polish::polish;

use crate::support::{Post, get, post};

#[test]
fn each_method_is_cut_where_its_request_is_built() {
    let code = Post::new().code();
    code.expect(
        "requests",
        r#"pub(crate) fn letters_get(&self, id: &str) -> Result<::reqwest::Request, BuildError> {
            let url = format!("{}/letters/{}", self.baseurl, crate::request::encode_path("id", id)?,);
            let request = self.client.get(url).build()?;
            Ok(request)
        }"#,
    );
    for sent in ["async", "execute", "await", "header_map", "api_version"] {
        code.refuse("requests", sent);
    }
}

#[test]
fn every_operation_has_one_builder_however_many_faces_it_has() {
    let route = get("/bags", "letters_bags").more(
        "
        x-faces:
          - {method: bags, summary: All bags}
          - {method: full_bags, summary: Full bags}
        ",
    );
    let code = Post::new().with_route(&route).code();
    code.expect("requests", "fn letters_bags");
    code.refuse("requests", "fn letters_full_bags");
    code.expect("letters", "const { &LETTERS_FULL_BAGS }, requests.letters_bags()");
}

#[test]
fn text_behind_a_parameter_within_a_segment_is_kept() {
    let route = post("/bags/{bag}:empty", "letters_empty_bag")
        .more("parameters: [{name: bag, in: path, required: true, description: Which., schema: {type: string}, example: b-1}]");
    Post::new()
        .with_route(&route)
        .code()
        .expect("requests", r#"let url = format!("{}/bags/{}:empty", self.baseurl, crate::request::encode_path("bag", bag)?,);"#);
}

#[test]
fn a_slash_at_the_end_of_a_path_is_kept() {
    Post::new().with_route(&get("/bags/", "letters_bags")).code().expect("requests", r#""{}/bags/""#);
}

#[test]
fn required_query_parameters_keep_the_order_of_the_document_and_reach_their_own_name() {
    let route = get("/bags/{to}/{from}", "letters_bags").more(
        "
        parameters:
          - {name: zone, in: query, required: true, description: Where., schema: {type: string}, example: z}
          - {name: from, in: path, required: true, description: From., schema: {type: string}, example: f, x-rust-name: source}
          - {name: area, in: query, required: true, description: Where., schema: {type: integer}, example: 1}
          - {name: to, in: path, required: true, description: To., schema: {type: string}, example: t}
        ",
    );
    let code = Post::new().with_route(&route).code();
    code.expect("letters", "pub fn bags(&self, to: &str, source: &str, zone: &str, area: i64)");
    code.expect("letters", "requests.letters_bags(to, source, &area.to_string(), zone)");
    code.expect("requests", "fn letters_bags(&self, to: &str, from: &str, area: &str, zone: &str)");
    code.expect("requests", r#"crate::request::encode_path("to", to)?, crate::request::encode_path("from", from)?"#);
    code.expect("requests", r#".query(&crate::request::query("area", area)).query(&crate::request::query("zone", zone))"#);
}

#[test]
fn code_of_an_unknown_shape_stops_the_build_and_names_the_operation() {
    let file: syn::File = syn::parse_quote! {
        impl Client {
            pub async fn letters_send<'a>(&'a self) -> Result<ResponseValue<()>, Error<()>> {
                let unsent = self.client.post(url).build()?;
                self.exec(unsent).await
            }
        }
    };
    let error = polish(&file, &Post::new().api()).unwrap_err();
    assert_eq!(
        error,
        "the code that progenitor wrote for `letters_send` builds no `request`; is it another version than 0.15.1?"
    );
}

#[test]
fn an_operation_without_code_stops_the_build_and_is_named() {
    let file: syn::File = syn::parse_quote! {
        impl Client {
            pub async fn letters_send<'a>(&'a self) -> Result<ResponseValue<()>, Error<()>> {
                let mut request = self.client.post(url).build()?;
            }
        }
    };
    let error = polish(&file, &Post::new().api()).unwrap_err();
    assert_eq!(error, "progenitor wrote no method for `letters_get`");
}
