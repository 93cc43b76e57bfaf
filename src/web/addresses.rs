//! E-mail addresses in tables, which break where a reader would break them, and where a wrong one is mended.

use askama::filters::{Html, Safe, escape};

use crate::domain::ids::CustomerId;

/// A link, and what it says.
pub(super) type Link = (String, &'static str);

/// Where somebody mends what keeps mails from a customer's address: the code of a failure or of what is left out.
pub(super) fn mend(code: &str, customer: CustomerId, may_edit: bool) -> Option<Link> {
    let edit = || may_edit.then(|| format!("/customers/{customer}/edit"));
    match code {
        "no_email" => Some((edit()?, "Add the address")),
        "address_refused" => Some((edit()?, "Change the address")),
        "suppressed" => Some(("/suppressions".to_owned(), "See the suppression")),
        _ => None,
    }
}

/// An address that breaks after its "@" and before a point rather than in a word; any other text as it is.
pub(super) fn breakable(text: &str) -> Safe<String> {
    let Ok(escaped) = escape(text, Html);
    let escaped = escaped.to_string();
    Safe(match escaped.contains('@') {
        true => escaped.replace('@', "@<wbr>").replace('.', "<wbr>."),
        false => escaped,
    })
}
