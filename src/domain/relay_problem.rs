//! What keeps a mail server from being used, told so that whoever runs Dunlin knows what to do. What is kept of it are its
//! words, so it is sorted by them.

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayProblem {
    /// Nobody answers there, or the name is not known.
    Unreachable,
    /// It answers, but not in time or not to the end.
    Silent,
    /// The conversation cannot be protected.
    Encryption,
    /// User or password are refused, or asked for.
    SignIn,
    /// It does not want to be used now.
    Busy,
    /// It takes no mail from here, or not from this sender.
    Refused,
    /// Something else.
    Other,
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
        } else if says(&["no mail server answers", "cannot be reached", "refused", "lookup", "unreachable"]) {
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
                "Dunlin sends nothing in plain. Check that the mail server offers STARTTLS (smtp://) or TLS (smtps://), and \
                 that its certificate is valid for the host in DUNLIN_MAIL_URL."
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
            Self::Other => "Read the words above; whoever runs the mail server can say what they mean.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_sorted_by_the_words_that_are_kept_of_it() {
        for (words, expected) in [
            ("no mail server answers at 127.0.0.1 port 25", RelayProblem::Unreachable),
            ("relay.example port 587 cannot be reached: failed to lookup address", RelayProblem::Unreachable),
            ("Connection refused", RelayProblem::Unreachable),
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
}
