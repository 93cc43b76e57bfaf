//! E-mail addresses in tables, which break where a reader would break them.

use askama::filters::{Html, Safe, escape};

/// An address that breaks after its "@" and before a point rather than in a word; any other text as it is.
pub(super) fn breakable(text: &str) -> Safe<String> {
    let Ok(escaped) = escape(text, Html);
    let escaped = escaped.to_string();
    Safe(match escaped.contains('@') {
        true => escaped.replace('@', "@<wbr>").replace('.', "<wbr>."),
        false => escaped,
    })
}
