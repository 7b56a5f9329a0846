//! `Debug` of generated types: what a derive would write, without secret fields and without the signatures of addresses.
//!
//! One function for all of them: a derive for each of hundreds would cost the compiler more.

use std::fmt::{Debug, Formatter, Result};

use super::Extra;
use crate::redact::{HIDDEN, redact};

struct Object<'a> {
    name: &'a str,
    fields: &'a [(&'a str, &'a dyn Debug)],
    secret: &'a [&'a str],
    extra: &'a Extra,
}

impl Debug for Object<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut out = f.debug_struct(self.name);
        for (name, value) in self.fields {
            if self.secret.contains(name) {
                out.field(name, &format_args!("{HIDDEN}"));
            } else {
                out.field(name, value);
            }
        }
        out.field("extra", self.extra).finish()
    }
}

struct Variant<'a> {
    name: &'a str,
    value: &'a dyn Debug,
}

impl Debug for Variant<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple(self.name).field(self.value).finish()
    }
}

/// An object with its fields.
pub(crate) fn object(f: &mut Formatter<'_>, name: &str, fields: &[(&str, &dyn Debug)], secret: &[&str], extra: &Extra) -> Result {
    without_signatures(f, &Object { name, fields, secret, extra })
}

/// A variant with its value.
pub(crate) fn variant(f: &mut Formatter<'_>, name: &str, value: &dyn Debug) -> Result {
    without_signatures(f, &Variant { name, value })
}

fn without_signatures(f: &mut Formatter<'_>, value: &dyn Debug) -> Result {
    let text = if f.alternate() { format!("{value:#?}") } else { format!("{value:?}") };
    f.write_str(&redact(&text, None))
}
