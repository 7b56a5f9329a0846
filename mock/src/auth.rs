//! Keys: whether a request may call an operation.

use crate::document::{Alternative, Operation, Place, Scheme};
use crate::request::Incoming;

/// Whether one of the alternatives is satisfied. No alternatives: the operation is open.
pub(crate) fn allowed(alternatives: &[Alternative], incoming: &Incoming, key: &str) -> bool {
    alternatives.is_empty() || alternatives.iter().any(|schemes| schemes.iter().all(|scheme| satisfied(scheme, incoming, key)))
}

fn satisfied(scheme: &Scheme, incoming: &Incoming, key: &str) -> bool {
    match scheme {
        Scheme::Bearer => incoming.header("authorization").and_then(bearer) == Some(key),
        Scheme::Key { place: Place::Header, name } => incoming.header(name) == Some(key),
        Scheme::Key { place: Place::Query, name } => incoming.query(name) == Some(key),
        // A browser's login session has no value that a gateway in a test could know.
        Scheme::Key { place: Place::Cookie, name } => incoming.cookie(name).is_some_and(|value| !value.is_empty()),
        Scheme::Key { place: Place::Path, .. } | Scheme::Other(_) => false,
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The query parameters that carry a key: they are known although no operation lists them.
pub(crate) fn key_parameters(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.security.iter().flatten().filter_map(|scheme| match scheme {
        Scheme::Key { place: Place::Query, name } => Some(name.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    #[test]
    fn any_alternative_will_do() {
        let header = Scheme::Key { place: Place::Header, name: "x-api-key".into() };
        let query = Scheme::Key { place: Place::Query, name: "key".into() };
        let cookie = Scheme::Key { place: Place::Cookie, name: "session".into() };
        let any = vec![vec![Scheme::Bearer], vec![header], vec![query], vec![cookie]];
        assert!(allowed(&any, &request("/", &[("authorization", "bearer k")]), "k"));
        assert!(allowed(&any, &request("/", &[("x-api-key", "k")]), "k"));
        assert!(allowed(&any, &request("/?key=k", &[]), "k"));
        assert!(allowed(&any, &request("/", &[("cookie", "session=anything")]), "k"));
        assert!(!allowed(&any, &request("/", &[]), "k"));
        assert!(!allowed(&any, &request("/", &[("authorization", "Bearer other")]), "k"));
        assert!(allowed(&[], &request("/", &[]), "k"));
    }
}
