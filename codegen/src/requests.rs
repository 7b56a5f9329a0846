//! Lets progenitor write the code that builds each request.

use crate::load::Document;
use crate::model::Api;
use crate::polish;
use crate::prepare::prepare;
use crate::problem::Problems;

/// The source of the module `requests`: one function for each operation.
///
/// # Errors
/// What progenitor refuses, and a shape of its output that `polish` does not know.
pub fn write(document: &Document, api: &Api) -> Result<String, Problems> {
    if api.operations.is_empty() {
        return Ok(String::new());
    }
    let problem = |what: String| {
        document.problem("/paths", what, "the message names the operation; if it does not, report this as a bug of the generator")
    };
    let spec: openapiv3::OpenAPI =
        serde_json::from_value(prepare(api)).map_err(|error| problem(format!("the reduced document can't be read: {error}")))?;
    let tokens = progenitor_impl::Generator::default()
        .generate_tokens(&spec)
        .map_err(|error| problem(format!("progenitor refuses the document: {error}")))?;
    let file: syn::File = syn::parse2(tokens).map_err(|error| problem(format!("progenitor wrote what is no Rust: {error}")))?;
    polish::polish(&file, api).map_err(|what| problem(what).into())
}
