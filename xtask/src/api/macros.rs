//! The crate's own macros: what they write is a part of the API too.
//!
//! Expanded are macros of one rule that begins with plain arguments, such as `($name:ident { … })`. Repetitions are left
//! out: in this crate they fill bodies of functions. One that would write public items is refused.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::Item;

/// Macros that write nothing public, or what another macro's `impl`s already say.
const WITHOUT_API: [&str; 2] = ["read_branches", "thread_local"];

/// All macros by name: their first rules.
#[derive(Default)]
pub(super) struct Macros(BTreeMap<String, Rule>);

struct Rule {
    pattern: Vec<TokenTree>,
    body: TokenStream,
}

type Arguments = BTreeMap<String, TokenTree>;

impl Macros {
    /// Takes the rules of a `macro_rules!`.
    pub(super) fn define(&mut self, name: &str, rules: TokenStream) -> Result<(), String> {
        let groups: Vec<Group> = rules.into_iter().filter_map(group).collect();
        let [pattern, body, ..] = groups.as_slice() else { return Err(format!("`{name}!` has no rule")) };
        let rule = Rule { pattern: pattern.stream().into_iter().collect(), body: body.stream() };
        self.0.insert(name.to_owned(), rule);
        Ok(())
    }

    /// What a call writes.
    pub(super) fn expand(&self, name: &str, arguments: TokenStream) -> Result<Vec<Item>, String> {
        if WITHOUT_API.contains(&name) {
            return Ok(Vec::new());
        }
        let rule =
            self.0.get(name).ok_or_else(|| format!("`{name}!` is called in the place of items, but is no macro of the crate"))?;
        let written = write(rule.body.clone(), &bind(&rule.pattern, arguments)).map_err(|why| format!("`{name}!` {why}"))?;
        let file = syn::parse2::<syn::File>(written).map_err(|error| format!("what `{name}!` writes can't be read: {error}"))?;
        Ok(file.items)
    }
}

fn group(token: TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    }
}

fn is(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// The arguments of a call that come before any repetition or group.
fn bind(pattern: &[TokenTree], arguments: TokenStream) -> Arguments {
    let mut found = Arguments::new();
    let mut arguments = arguments.into_iter().peekable();
    let mut at = 0;
    while let Some(token) = pattern.get(at) {
        match (token, pattern.get(at + 1)) {
            // Attributes may come first: `$(#[$doc:meta])*`.
            (token, Some(TokenTree::Group(repeated)))
                if is(Some(token), '$') && is(repeated.stream().into_iter().next().as_ref(), '#') =>
            {
                while is(arguments.peek(), '#') {
                    arguments.next();
                    arguments.next();
                }
                at += 3;
            }
            // `$name:ident`
            (token, Some(TokenTree::Ident(name))) if is(Some(token), '$') => {
                let Some(argument) = arguments.next() else { break };
                found.insert(name.to_string(), argument);
                at += 4;
            }
            (TokenTree::Group(_), _) => break,
            (token, _) if is(Some(token), '$') => break,
            _ => {
                arguments.next();
                at += 1;
            }
        }
    }
    found
}

/// The body of a rule with its arguments put in.
fn write(body: TokenStream, arguments: &Arguments) -> Result<TokenStream, String> {
    let mut out = Vec::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) if name == "crate" => out.push(Ident::new("crate", name.span()).into()),
                Some(TokenTree::Ident(name)) => out.extend(arguments.get(&name.to_string()).cloned()),
                Some(TokenTree::Group(repeated)) => {
                    if writes_public(repeated.stream()) {
                        return Err("repeats public items, which can't be listed".to_owned());
                    }
                    // A separator may stand before the sign.
                    while tokens.next_if(|token| !is_sign(token)).is_some() {}
                    tokens.next();
                }
                _ => {}
            },
            TokenTree::Group(inner) => {
                out.push(Group::new(inner.delimiter(), write(inner.stream(), arguments)?).into());
            }
            other => out.push(other),
        }
    }
    Ok(out.into_iter().collect())
}

fn is_sign(token: &TokenTree) -> bool {
    ['*', '+', '?'].iter().any(|sign| is(Some(token), *sign))
}

fn writes_public(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "pub",
        TokenTree::Group(group) => writes_public(group.stream()),
        _ => false,
    })
}

/// What a call of one of the macros of `wire` says about names on the wire: `field: "name"`, `Variant = "word"`,
/// `"word" => Variant`.
pub(super) fn travelling(name: &str, arguments: TokenStream) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    if !["object", "form", "words", "tagged"].contains(&name) {
        return found;
    }
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let (Some(TokenTree::Ident(owner)), Some(TokenTree::Group(list))) = (tokens.first(), tokens.last()) else { return found };
    if list.delimiter() != Delimiter::Brace {
        return found;
    }
    let list: Vec<TokenTree> = list.stream().into_iter().collect();
    for at in 0..list.len() {
        let pair = match &list[at..] {
            [TokenTree::Ident(member), TokenTree::Punct(mark), TokenTree::Literal(name), ..]
                if [':', '='].contains(&mark.as_char()) =>
            {
                Some((member, name))
            }
            [TokenTree::Literal(name), TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Ident(member), ..] => {
                Some((member, name))
            }
            _ => None,
        };
        if let Some((member, name)) = pair {
            found.insert((owner.to_string(), member.to_string()), name.to_string());
        }
    }
    found
}
