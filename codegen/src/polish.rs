//! The pass over progenitor's syntax tree: each generated method is cut where the request is built, so that a plain
//! function that returns the unsent request remains.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, ImplItemFn, Item, Stmt, parse_quote};

use crate::model::Api;

/// The module `requests`, as source.
///
/// # Errors
/// Names the operation whose code has no place to cut.
pub fn polish(file: &syn::File, api: &Api) -> Result<String, String> {
    let mut methods = Vec::new();
    for item in &file.items {
        let Item::Impl(block) = item else { continue };
        for member in &block.items {
            if let ImplItem::Fn(method) = member
                && api.operation(&method.sig.ident.to_string()).is_some()
            {
                methods.push(cut(method.clone())?);
            }
        }
    }
    if let Some(missing) = api.operations.iter().find(|operation| methods.iter().all(|method| method.sig.ident != operation.id)) {
        return Err(format!("progenitor wrote no method for `{}`", missing.id));
    }
    let module: syn::File = parse_quote! {
        /// The unsent requests: written by progenitor, cut before anything is sent.
        mod requests {
            use crate::request::BuildError;

            /// What every request is built from.
            pub(crate) struct Requests<'c> {
                pub(crate) client: crate::request::Begin<'c>,
                pub(crate) baseurl: &'c str,
            }

            impl Requests<'_> {
                #(#methods)*
            }
        }
    };
    Ok(prettyplease::unparse(&module))
}

fn cut(mut method: ImplItemFn) -> Result<ImplItemFn, String> {
    let name = method.sig.ident.to_string();
    let built = method.block.stmts.iter().position(is_request).ok_or_else(|| {
        format!("the code that progenitor wrote for `{name}` builds no `request`; is it another version than 0.15.1?")
    })?;
    method.block.stmts.truncate(built + 1);
    method.block.stmts.retain(|statement| !mentions_version_header(statement));
    method.block.stmts.push(Stmt::Expr(parse_quote!(Ok(request)), None));
    method.attrs.clear();
    method.vis = parse_quote!(pub(crate));
    method.sig.asyncness = None;
    method.sig.generics = syn::Generics::default();
    method.sig.output = parse_quote!(-> Result<::reqwest::Request, BuildError>);
    Rewrite.visit_impl_item_fn_mut(&mut method);
    Ok(method)
}

/// `let mut request = …`
fn is_request(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => matches!(&local.pat, syn::Pat::Ident(name) if name.ident == "request"),
        _ => false,
    }
}

/// progenitor sends the document's version as a header of every request, for its own servers.
fn mentions_version_header(statement: &Stmt) -> bool {
    let text = quote::quote!(#statement).to_string();
    text.contains("header_map") && !text.contains("request")
}

struct Rewrite;

impl VisitMut for Rewrite {
    fn visit_receiver_mut(&mut self, receiver: &mut syn::Receiver) {
        *receiver = parse_quote!(&self);
    }

    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        reference.lifetime = None;
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        if matches!(&local.pat, syn::Pat::Ident(name) if name.ident == "request") {
            local.attrs.clear();
            local.pat = parse_quote!(request);
        }
        visit_mut::visit_local_mut(self, local);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        match expression {
            // `.headers(header_map)`: the map held nothing but the version.
            Expr::MethodCall(call) if call.method == "headers" => *expression = (*call.receiver).clone(),
            Expr::Call(call) => match callee(call).as_str() {
                "encode_path" => {
                    // The parameter's name goes into the error when the segment would change the path.
                    if let Some(argument) = call.args.first().and_then(argument_name) {
                        let name = argument.to_string();
                        *expression = parse_quote!(crate::request::encode_path(#name, #argument)?);
                    }
                }
                "QueryParam::new" => {
                    if let (Some(name), Some(argument)) = (call.args.first(), call.args.last().and_then(argument_name)) {
                        *expression = parse_quote!(crate::request::query(#name, #argument));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        if let Ok(mut arguments) = call.parse_body_with(parser) {
            arguments.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
            call.tokens = quote::quote!(#arguments);
        }
    }
}

/// The last two segments of the called path, as `QueryParam::new`.
fn callee(call: &syn::ExprCall) -> String {
    let Expr::Path(path) = &*call.func else { return String::new() };
    let names: Vec<String> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    names[names.len().saturating_sub(2)..].join("::")
}

/// The variable in `&name` or `&name.to_string()`.
fn argument_name(argument: &Expr) -> Option<syn::Ident> {
    match argument {
        Expr::Reference(reference) => argument_name(&reference.expr),
        Expr::MethodCall(call) => argument_name(&call.receiver),
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
}
