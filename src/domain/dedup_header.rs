//! The header by which a relay drops a second copy of a mail.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The name of a header of the relay's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DedupHeader(String);

/// Why a text is no such name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidDedupHeader {
    /// It cannot be a header.
    #[error("write a header\u{2019}s name, such as X-Dedup-Id")]
    NoName,
    /// A second one would make the mail ambiguous, send it elsewhere, or speak for somebody.
    #[error(
        "{0} is a header that mails have or that steers them; write one of the relay\u{2019}s own, such as X-Dedup-Id"
    )]
    Taken(String),
}

/// What mails have, or what says where they go, who vouches for them and what programs do with them (RFC 5322 3.6 and the
/// registry of permanent message headers).
const TAKEN: [&str; 27] = [
    "apparently-to",
    "bcc",
    "bounces-to",
    "cc",
    "comments",
    "date",
    "delivered-to",
    "envelope-to",
    "errors-to",
    "expires",
    "from",
    "importance",
    "in-reply-to",
    "keywords",
    "message-id",
    "organization",
    "precedence",
    "priority",
    "references",
    "sender",
    "sensitivity",
    "subject",
    "supersedes",
    "to",
    "x-mailer",
    "x-original-to",
    "x-priority",
];

/// The same, of families.
const FAMILIES: [&str; 18] = [
    "arc-",
    "authentication-",
    "auto-",
    "content-",
    "disposition-",
    "dkim-",
    "domainkey-",
    "followup-",
    "generate-",
    "list-",
    "mail-",
    "mime-",
    "original-",
    "received",
    "reply-",
    "resent-",
    "return-",
    "x-dunlin-",
];

/// The longest name in characters: a header's first line has room for its value too.
const LONGEST: usize = 60;

impl FromStr for DedupHeader {
    type Err = InvalidDedupHeader;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = text.len() <= LONGEST
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let folded = text.to_ascii_lowercase();
        let is_taken = TAKEN.contains(&&*folded) || FAMILIES.iter().any(|family| folded.starts_with(family));
        match (is_name, is_taken) {
            (false, _) => Err(InvalidDedupHeader::NoName),
            (true, true) => Err(InvalidDedupHeader::Taken(text.to_owned())),
            (true, false) => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for DedupHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_the_mail_has_or_that_steers_it_is_refused() {
        for name in [
            "From",
            "to",
            "CC",
            "Bcc",
            "Sender",
            "Reply-To",
            "Date",
            "SUBJECT",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "content-transfer-encoding",
            "Return-Path",
            "Received",
            "Received-SPF",
            "DKIM-Signature",
            "X-Dunlin-Reminder",
            "List-Unsubscribe",
            "Auto-Submitted",
            "Resent-To",
            "References",
            "In-Reply-To",
            "Disposition-Notification-To",
            "Errors-To",
            "ARC-Seal",
            "Authentication-Results",
        ] {
            assert_eq!(name.parse::<DedupHeader>(), Err(InvalidDedupHeader::Taken(name.to_owned())));
        }
    }

    #[test]
    fn a_header_of_the_relays_own_is_taken_as_it_is_written_and_what_is_no_name_is_refused() {
        for name in ["X-Dedup-Id", "Idempotency-Key", "X-Entity-Ref-ID", "X-Mailgun-Variables", "Tokens"] {
            assert_eq!(name.parse::<DedupHeader>().unwrap().to_string(), name);
        }
        for text in ["", "X Dedup", "X-Dedup:", "X-D\u{e9}dup", "-", "1", "X\r\nBcc", &"x".repeat(61)] {
            assert_eq!(text.parse::<DedupHeader>(), Err(InvalidDedupHeader::NoName), "{text:?}");
        }
    }
}
