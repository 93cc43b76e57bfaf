//! What keeps a mail server from being used, told so that whoever runs Dunlin knows what to do. All organisations are told,
//! so that of a reply, which may quote the sender or the recipient of one of them, only the codes are kept.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::named::named;

named! {
    /// What kind of problem it is.
    RelayProblem {
        /// Nobody answers there, or the name is not known.
        Unreachable = "unreachable",
        /// It answers, but not in time or not to the end.
        Silent = "silent",
        /// The conversation cannot be protected.
        Encryption = "encryption",
        /// User or password are refused, or asked for.
        SignIn = "sign_in",
        /// It does not want to be used now.
        Busy = "busy",
        /// It takes no mail from here, or not from this sender.
        Refused = "refused",
        /// Something else.
        Other = "other",
    }
}

/// What all organisations are told of a mail server that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayNote {
    /// What kind of problem it is.
    pub problem: RelayProblem,
    /// The codes of the reply, or what went wrong on the line before anything was said of anybody's mail.
    pub words: String,
}

impl RelayNote {
    /// What can be told to all of what was heard.
    pub fn of(heard: &str) -> Self {
        let words = reply_codes(heard).map_or_else(|| heard.to_owned(), |codes| format!("reply {codes}"));
        Self { problem: RelayProblem::of(heard), words }
    }

    /// As it is stored.
    pub fn written(&self) -> String {
        format!("{}: {}", self.problem, self.words)
    }
}

/// As it was stored; before there were notes it was what had been heard.
impl FromStr for RelayNote {
    type Err = Infallible;

    fn from_str(stored: &str) -> Result<Self, Infallible> {
        let note = stored.split_once(": ").and_then(|(problem, words)| Some((problem.parse().ok()?, words)));
        Ok(match note {
            Some((problem, words)) => Self { problem, words: words.to_owned() },
            None => Self::of(stored),
        })
    }
}

/// A sentence.
impl fmt::Display for RelayNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}).", self.problem.heading(), self.words)
    }
}

/// The codes that a reply begins with: `553`, or `553 5.1.8` (RFC 3463); `None` for what is no reply.
fn reply_codes(words: &str) -> Option<String> {
    let is_number = |part: &str, longest| {
        (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut tokens = words.split_whitespace();
    let code = tokens.next().filter(|code| code.len() == 3 && is_number(code, 3))?;
    let enhanced = tokens.next().filter(|token| {
        let parts: Vec<&str> = token.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| is_number(part, 3))
    });
    Some(enhanced.map_or_else(|| code.to_owned(), |enhanced| format!("{code} {enhanced}")))
}

impl RelayProblem {
    /// Sorts by what the mail server said, or by what went wrong on the line.
    pub fn of(words: &str) -> Self {
        let words = words.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
        match words.get(..3).and_then(|code| code.parse::<u16>().ok()) {
            Some(530 | 534 | 535 | 538 | 454) => return Self::SignIn,
            Some(400..500) => return Self::Busy,
            Some(500..600) if says(&["starttls", "tls"]) => return Self::Encryption,
            Some(500..600) if says(&["5.7.8", "authentication"]) => return Self::SignIn,
            Some(500..600) => return Self::Refused,
            _ => {}
        }
        if says(&["tls", "certificate", "handshake"]) {
            Self::Encryption
        } else if says(&["authentication", "credentials"]) {
            Self::SignIn
        } else if says(&[
            "no mail server answers",
            "not one of a mail server",
            "cannot be reached",
            "refused",
            "lookup",
            "unreachable",
        ]) {
            Self::Unreachable
        } else if says(&["in time", "closed the connection", "timed out", "reset"]) {
            Self::Silent
        } else {
            Self::Other
        }
    }

    /// What happened.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Unreachable => "The mail server cannot be reached",
            Self::Silent => "The mail server does not answer",
            Self::Encryption => "The connection cannot be encrypted",
            Self::SignIn => "The mail server refuses the user name or the password",
            Self::Busy => "The mail server is busy",
            Self::Refused => "The mail server takes no mail from here",
            Self::Other => "The mail server cannot be used",
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "Check host and port in DUNLIN_MAIL_URL, that the mail server runs, and that no firewall is between."
            }
            Self::Silent => {
                "Check the port in DUNLIN_MAIL_URL: smtps:// usually is port 465, smtp:// port 587. A firewall may be between."
            }
            Self::Encryption => {
                "Dunlin sends nothing in plain. Check that the mail server offers STARTTLS (smtp://, usually port 587) or TLS \
                 (smtps://, usually port 465), and that its certificate is valid for the host in DUNLIN_MAIL_URL."
            }
            Self::SignIn => {
                "Check user and password in DUNLIN_MAIL_URL; write @, : and / in them as %40, %3A and %2F."
            }
            Self::Busy => {
                "Wait; Dunlin tries again by itself. If it stays, ask whoever runs the mail server."
            }
            Self::Refused => {
                "Ask whoever runs the mail server to let this machine and the From address under Settings > Sender send."
            }
            Self::Other => {
                "Read the words above, and the log of Dunlin; whoever runs the mail server can say what they mean."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_sorted_by_the_words_that_were_heard() {
        for (words, expected) in [
            ("no mail server answers at 127.0.0.1 port 25", RelayProblem::Unreachable),
            ("relay.example port 587 cannot be reached: failed to lookup address", RelayProblem::Unreachable),
            ("Connection refused", RelayProblem::Unreachable),
            ("the answer is not one of a mail server", RelayProblem::Unreachable),
            ("what answers there does not speak TLS", RelayProblem::Encryption),
            ("the mail server did not greet in time", RelayProblem::Silent),
            ("the mail server closed the connection before it answered", RelayProblem::Silent),
            ("invalid peer certificate: UnknownIssuer", RelayProblem::Encryption),
            ("STARTTLS is not supported on this server", RelayProblem::Encryption),
            ("502 5.5.1 STARTTLS not offered", RelayProblem::Encryption),
            ("535 5.7.8 bad credentials", RelayProblem::SignIn),
            ("530 5.7.0 Must issue a STARTTLS command first", RelayProblem::SignIn),
            ("No compatible authentication mechanism was found", RelayProblem::SignIn),
            ("421 4.3.2 too many connections", RelayProblem::Busy),
            ("554 5.7.1 no mail from you", RelayProblem::Refused),
            ("550 5.1.8 sender not known", RelayProblem::Refused),
            ("something else", RelayProblem::Other),
        ] {
            assert_eq!(RelayProblem::of(words), expected, "{words}");
        }
    }

    #[test]
    fn of_a_reply_only_the_codes_are_kept() {
        for (heard, told) in [
            (
                "553 5.1.8 <ar@acme.example>: sender of Acme is not known",
                "The mail server takes no mail from here (reply 553 5.1.8).",
            ),
            ("421 ar@acme.example sends too much", "The mail server is busy (reply 421)."),
            ("550 5.7.1.9 no", "The mail server takes no mail from here (reply 550)."),
            ("454 4.7.0 5.7.8", "The mail server refuses the user name or the password (reply 454 4.7.0)."),
            ("502 5.5.1 STARTTLS not offered", "The connection cannot be encrypted (reply 502 5.5.1)."),
            (
                "no mail server answers at 127.0.0.1 port 25",
                "The mail server cannot be reached (no mail server answers at 127.0.0.1 port 25).",
            ),
        ] {
            let note = RelayNote::of(heard);
            assert_eq!(note.to_string(), told);
            assert_eq!(note.written().parse(), Ok(note));
            // What was stored before there were notes.
            assert_eq!(heard.parse::<RelayNote>().unwrap().to_string(), told);
        }
    }
}
