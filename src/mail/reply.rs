//! What a mail server's reply means (design: "What a reply means"). The enhanced code wins over the basic code.

use crate::domain::mail_message::Outcome;
use crate::domain::reminder::FailureKind;

/// A reply, or the lack of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) text: String,
}

/// The server closes the connection (RFC 5321, 3.8).
pub(super) const CLOSING: u16 = 421;

/// Where in the conversation a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Banner, EHLO, STARTTLS, AUTH: it is about us.
    Opening,
    /// MAIL FROM: about us or about the sender, not about the recipient.
    Sender,
    /// RCPT TO and DATA: about this recipient or this mail.
    Envelope,
    /// The final dot.
    Dot,
}

/// What a refusal means.
pub(super) fn refusal(step: Step, reply: &Reply) -> Outcome {
    let words = format!("{} {}", reply.code, reply.text);
    let enhanced = enhanced_code(&reply.text);
    match (step, reply.code) {
        (Step::Opening | Step::Sender, CLOSING) => return Outcome::Busy { problem: words },
        // RFC 4954, 4 and 6: we are to sign in, or to do it in another way.
        (Step::Sender, 530 | 534 | 535 | 538) => return Outcome::RelayDown { problem: words },
        (Step::Sender, 500..) => return Outcome::SenderRefused { reply: words },
        (Step::Opening | Step::Sender, _) => return Outcome::RelayDown { problem: words },
        // Said of a mail, it is that mail which waits: at once it would meet the same answer, again and again.
        (Step::Envelope | Step::Dot, CLOSING) => {
            return Outcome::TryLater { reply: words, is_closing: true };
        }
        (Step::Envelope | Step::Dot, _) => {}
    }
    let class = enhanced.map_or(reply.code / 100, |(class, _, _)| class);
    match (class, enhanced) {
        (_, Some((_, 2, 2))) => Outcome::MailboxFull { reply: words },
        (4, _) => Outcome::TryLater { reply: words, is_closing: false },
        (5, Some((5, 1, 1 | 2 | 3 | 6 | 10) | (5, 2, 1) | (5, 4, 4))) => {
            Outcome::Refused { kind: FailureKind::AddressRefused, reply: words }
        }
        (5, Some((5, 7, _))) => Outcome::Refused { kind: FailureKind::Policy, reply: words },
        (5, _) if names_policy(&reply.text) => Outcome::Refused { kind: FailureKind::Policy, reply: words },
        (5, _) => Outcome::Refused { kind: FailureKind::Refused, reply: words },
        _ if step == Step::Dot => Outcome::NoAnswer { problem: words },
        _ => Outcome::TryLater { reply: words, is_closing: false },
    }
}

fn names_policy(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("spam") || text.contains("policy")
}

/// The `x.y.z` at the beginning of a reply's text (RFC 3463).
fn enhanced_code(text: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = text.split_whitespace().next()?.splitn(3, '.').map(str::parse::<u16>);
    let code = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    matches!(code.0, 2 | 4 | 5).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_is_sorted_by_what_to_do_next() {
        let sorted = |step, code, text: &str| match refusal(step, &Reply { code, text: text.to_owned() }) {
            Outcome::Accepted { .. } => "accepted",
            Outcome::TryLater { .. } => "later",
            Outcome::MailboxFull { .. } => "full",
            Outcome::Busy { .. } => "busy",
            Outcome::RelayDown { .. } => "down",
            Outcome::NoAnswer { .. } => "unconfirmed",
            Outcome::SenderRefused { .. } => "sender",
            Outcome::Refused { kind, .. } => kind.as_str(),
        };
        for (step, code, text, expected) in [
            (Step::Opening, 554, "no service", "down"),
            (Step::Opening, 535, "5.7.8 bad credentials", "down"),
            (Step::Opening, 421, "too many connections", "busy"),
            (Step::Sender, 530, "5.7.0 sign in first", "down"),
            (Step::Sender, 452, "4.3.1 no room", "down"),
            (Step::Sender, 421, "4.3.2 closing", "busy"),
            (Step::Sender, 553, "5.1.8 not this sender", "sender"),
            (Step::Envelope, 421, "4.3.2 closing", "later"),
            (Step::Dot, 421, "4.7.0 slow down", "later"),
            (Step::Envelope, 450, "4.2.0 greylisted", "later"),
            (Step::Envelope, 451, "try again", "later"),
            (Step::Dot, 552, "5.2.2 mailbox full", "full"),
            (Step::Envelope, 452, "4.2.2 over quota", "full"),
            (Step::Envelope, 550, "5.1.1 no such user", "address_refused"),
            (Step::Envelope, 550, "5.1.10 null MX", "address_refused"),
            (Step::Dot, 550, "5.7.1 rejected", "policy"),
            (Step::Dot, 554, "looks like spam", "policy"),
            (Step::Envelope, 550, "no", "refused"),
            (Step::Envelope, 550, "4.7.1 wait a little", "later"),
            (Step::Dot, 354, "go on", "unconfirmed"),
        ] {
            assert_eq!(sorted(step, code, text), expected, "{step:?} {code} {text}");
        }
    }
}
