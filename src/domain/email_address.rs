//! One e-mail address, as Dunlin mails it: a dot-atom and a host name. No quoted local part, no address literal, no list.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text is not an address that Dunlin mails.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\u{201c}{0}\u{201d} is not one e-mail address such as name@company.example")]
pub struct InvalidAddress(String);

/// A mailbox's address. The domain is kept in lower case; two addresses are one when they differ only in case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which addresses are compared and looked up: lower case.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// The part after the `@`.
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let invalid =
            || InvalidAddress(text.chars().filter(|c| !super::text::is_unprintable(*c)).take(80).collect());
        let (local, host) = text.split_once('@').ok_or_else(invalid)?;
        if is_local_part(local) && is_host(host) && text.len() <= 254 {
            Ok(Self(format!("{local}@{}", host.to_ascii_lowercase())))
        } else {
            Err(invalid())
        }
    }
}

/// RFC 5322 dot-atom, at most 64 octets (RFC 5321 4.5.3.1.1).
fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    local.len() <= 64 && local.split('.').all(is_atom)
}

/// Letter-digit-hyphen labels, at least two of them, the last not all digits.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_all_digits = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').all(is_label) && host.rsplit_once('.').is_some_and(|(_, last)| !is_all_digits(last))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Words for a log: of what looks like an address only the host is left.
pub fn without_addresses(words: &str) -> String {
    let is_of_local = |character: char| !character.is_whitespace() && !"<>()[]\"',;:".contains(character);
    let mut pieces = words.split('@');
    let mut masked = pieces.next_back().unwrap_or_default().to_owned();
    for before in pieces.rev() {
        let kept = before.trim_end_matches(is_of_local);
        masked = format!("{kept}…@{masked}");
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_told_where_an_address_is_and_not_whose() {
        for (words, left) in [
            ("553 <ar@acme.example>: no", "553 <…@acme.example>: no"),
            ("a@b.example, c@d.example", "…@b.example, …@d.example"),
            ("no address", "no address"),
            ("@", "…@"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(words), left);
        }
    }

    #[test]
    fn ordinary_addresses_are_taken() {
        for text in ["ar@acme.example", "a.b+c@x-y.co.example", "O'Brien@ACME.example", "1@2.example"] {
            assert!(text.parse::<EmailAddress>().is_ok(), "{text}");
        }
        assert_eq!("Ar@ACME.Example".parse::<EmailAddress>().unwrap().as_str(), "Ar@acme.example");
    }

    #[test]
    fn lists_literals_quotes_and_header_injections_are_refused() {
        for text in [
            "",
            "acme",
            "a@b",
            "a@b.example, c@d.example",
            "\"a b\"@c.example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b.example\r\nBcc: c@d.example",
            "a..b@c.example",
            "a@-b.example",
            "<a@b.example>",
            "a@@b.example",
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text:?}");
        }
    }
}
