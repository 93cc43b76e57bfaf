//! A conversation with a mail server: exact codes, body and dot in one write, and as few round trips as the server allows.

use std::fmt;
use std::time::{Duration, Instant};

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::response::Response;

use super::heard::Said;
use super::patience::{Patience, Wait};
use super::reply::{CLOSING, Reply, Step, refusal};
use super::{MailTimeouts, message};
use crate::domain::mail_message::{Outcome, OutgoingMail};
use crate::domain::reminder::FailureKind;

/// An open connection between two mails.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    patience: Patience,
    abilities: Abilities,
    opened_at: Instant,
    mails: u32,
}

/// What the server said it can do, beyond what lettre looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    pipelining: bool,
    eight_bit: bool,
}

impl Abilities {
    /// Those that an answer to EHLO names.
    pub(super) fn of(greeting: &Response) -> Self {
        let offers = |word: &str| greeting.message().any(|line| line.eq_ignore_ascii_case(word));
        Self { pipelining: offers("PIPELINING"), eight_bit: offers("8BITMIME") }
    }
}

/// How many mails and how long one connection serves.
const MAILS: u32 = 100;
const LIFE: Duration = Duration::from_secs(60);

/// What is said for a mail, as it travels.
struct Words {
    from: String,
    to: String,
    body: String,
}

const DATA: &str = "DATA\r\n";

/// A mail whose envelope was said behind the body of another; the answers are still to come.
pub(super) struct BegunSmtp {
    session: Session,
    body: String,
}

/// A conversation that has come to the `354`: only this can be finished.
pub(super) struct PreparedSmtp {
    session: Session,
    body: String,
}

/// What becomes of a session when a mail is finished.
pub(super) enum After {
    /// It is good for another mail.
    Idle(Session),
    /// The next mail has begun in it.
    Begun(BegunSmtp),
    /// It is over.
    Over,
}

/// Why a session could not be prepared.
pub(super) enum Unprepared {
    /// A session that had served mails before went no further: the mail is as good as not begun, and no try is counted.
    Unheard,
    /// The session is over.
    Over(Outcome),
    /// The session is good for another mail.
    Refused(Box<Session>, Outcome),
}

impl Unprepared {
    /// The session is over, and whether the server takes others is not known.
    fn lost(reply: String) -> Self {
        Self::Over(Outcome::TryLater { reply, is_closing: false })
    }
}

/// Text that lettre writes as it is.
struct Verbatim<'a>(&'a str);

impl fmt::Display for Verbatim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Session {
    /// A session in a connection that has greeted.
    pub(super) fn new(connection: AsyncSmtpConnection, abilities: Abilities, timeouts: MailTimeouts) -> Self {
        Self { connection, patience: Patience::new(timeouts), abilities, opened_at: Instant::now(), mails: 0 }
    }

    /// Whether it should serve another mail.
    pub(super) fn is_worn(&self) -> bool {
        self.mails >= MAILS || self.opened_at.elapsed() >= LIFE
    }

    /// Takes leave. The answer does not matter.
    pub(super) async fn quit(mut self) {
        self.say("QUIT\r\n", Wait::Step).await;
    }

    /// Everything up to the `354`. Nothing that was said can make the server deliver. Where the server allows it, the
    /// three commands travel together (RFC 2920): one round trip instead of three.
    pub(super) async fn prepare(
        mut self,
        mail: &OutgoingMail,
        dedup_header: Option<&str>,
    ) -> Result<PreparedSmtp, Unprepared> {
        let Words { from, to, body } = match self.words(mail, dedup_header) {
            Ok(words) => words,
            Err(problem) => {
                let outcome = Outcome::Refused { kind: FailureKind::Template, reply: problem };
                return Err(Unprepared::Refused(Box::new(self), outcome));
            }
        };
        let is_reused = self.mails > 0;
        self.mails += 1;
        let is_pipelined = self.abilities.pipelining;
        let opening = if is_pipelined { from + &to + DATA } else { from };
        match self.say(&opening, Wait::Step).await {
            Said::Reply(reply) if reply.code == 250 => {}
            Said::Reply(reply) if reply.code == CLOSING && is_reused => return Err(Unprepared::Unheard),
            Said::Reply(reply) => return Err(self.leave_off_at_sender(&reply).await),
            Said::Nothing(_) if is_reused => return Err(Unprepared::Unheard),
            Said::Nothing(problem) => return Err(Unprepared::lost(problem)),
        }
        if is_pipelined {
            return self.hear_envelope(body).await;
        }
        match self.say(&to, Wait::Step).await {
            Said::Reply(reply) if matches!(reply.code, 250 | 251) => {}
            said => return Err(self.leave_off(said, false).await),
        }
        let said = self.say(DATA, Wait::Data).await;
        self.at_data(said, body).await
    }

    /// The answers to RCPT and DATA, which were said before.
    async fn hear_envelope(mut self, body: String) -> Result<PreparedSmtp, Unprepared> {
        match self.hear(Wait::Step).await {
            Said::Reply(reply) if matches!(reply.code, 250 | 251) => {}
            said => return Err(self.leave_off(said, true).await),
        }
        let said = self.hear(Wait::Data).await;
        self.at_data(said, body).await
    }

    async fn at_data(self, said: Said, body: String) -> Result<PreparedSmtp, Unprepared> {
        match said {
            Said::Reply(reply) if reply.code == 354 => Ok(PreparedSmtp { session: self, body }),
            Said::Reply(reply) if reply.code < 400 => {
                let reply = format!("{} {}", reply.code, reply.text);
                Err(Unprepared::lost(reply))
            }
            said => Err(self.leave_off(said, false).await),
        }
    }

    /// Ends a mail whose sender was refused. What travelled along is refused too, for want of a sender.
    async fn leave_off_at_sender(mut self, reply: &Reply) -> Unprepared {
        let outcome = refusal(Step::Sender, reply);
        let is_about_sender = matches!(outcome, Outcome::SenderRefused { .. });
        let along: &[Wait] = if self.abilities.pipelining { &[Wait::Step, Wait::Data] } else { &[] };
        for wait in along.iter().filter(|_| is_about_sender) {
            match self.hear(*wait).await {
                Said::Reply(reply) if reply.code >= 400 && reply.code != CLOSING => {}
                Said::Reply(_) | Said::Nothing(_) => return Unprepared::Over(outcome),
            }
        }
        match is_about_sender {
            true => Unprepared::Refused(Box::new(self), outcome),
            false => Unprepared::Over(outcome),
        }
    }

    /// Ends a mail that was refused, so that the connection can serve another. `awaits_data`: the answer to DATA is still
    /// to come; a server that goes on with 354 all the same is left, for nothing short of a message would end that.
    async fn leave_off(mut self, said: Said, awaits_data: bool) -> Unprepared {
        let outcome = match said {
            Said::Reply(reply) if reply.code == CLOSING => {
                return Unprepared::Over(refusal(Step::Envelope, &reply));
            }
            Said::Reply(reply) => refusal(Step::Envelope, &reply),
            Said::Nothing(problem) => return Unprepared::lost(problem),
        };
        if awaits_data {
            match self.hear(Wait::Data).await {
                Said::Reply(reply) if reply.code >= 400 => {}
                Said::Reply(_) | Said::Nothing(_) => return Unprepared::Over(outcome),
            }
        }
        match self.say("RSET\r\n", Wait::Step).await {
            Said::Reply(reply) if reply.code == 250 => Unprepared::Refused(Box::new(self), outcome),
            Said::Reply(_) | Said::Nothing(_) => Unprepared::Over(outcome),
        }
    }

    fn words(&self, mail: &OutgoingMail, dedup_header: Option<&str>) -> Result<Words, String> {
        let eight_bit = self.abilities.eight_bit;
        Ok(Words {
            from: format!(
                "MAIL FROM:<{}>{}\r\n",
                mail.sender.from,
                if eight_bit { " BODY=8BITMIME" } else { "" }
            ),
            to: format!("RCPT TO:<{}>\r\n", mail.recipient),
            body: with_dot(&message::text(mail, dedup_header, eight_bit)?),
        })
    }

    async fn say(&mut self, words: &str, wait: Wait) -> Said {
        Said::of(self.patience.with(wait, self.connection.command(Verbatim(words))).await)
    }

    /// The answer to a command that was said before.
    async fn hear(&mut self, wait: Wait) -> Said {
        Said::of(self.patience.with(wait, self.connection.read_response()).await)
    }
}

impl BegunSmtp {
    /// The rest, up to the `354`. Where the server does not take the envelope so, the mail is to be said alone: what is
    /// wrong is then heard without doubt about what it concerns.
    pub(super) async fn go_on(mut self) -> Result<PreparedSmtp, Unprepared> {
        match self.session.hear(Wait::Step).await {
            Said::Reply(reply) if reply.code == 250 => self.session.hear_envelope(self.body).await,
            Said::Reply(_) | Said::Nothing(_) => Err(Unprepared::Unheard),
        }
    }
}

impl PreparedSmtp {
    /// Writes the body and the final dot, and reads the answer. From the first byte on nobody can call it back.
    ///
    /// Where the server allows it, the envelope of the next mail travels behind the dot (RFC 2920): then a mail takes one
    /// round trip.
    pub(super) async fn finish(
        self,
        next: Option<&OutgoingMail>,
        dedup_header: Option<&str>,
    ) -> (Outcome, After) {
        let Self { mut session, mut body } = self;
        let next = next
            .filter(|_| session.abilities.pipelining && !session.is_worn())
            .and_then(|mail| session.words(mail, dedup_header).ok());
        if let Some(Words { from, to, .. }) = &next {
            body.extend([from.as_str(), to, DATA]);
        }
        let said = session.say(&body, Wait::Dot).await;
        let is_closing = matches!(&said, Said::Reply(reply) if reply.code == CLOSING);
        let outcome = match said {
            Said::Reply(reply) if (200..300).contains(&reply.code) => {
                let reply = format!("{} {}", reply.code, reply.text);
                Outcome::Accepted { reply, kept_here: false }
            }
            Said::Reply(reply) => refusal(Step::Dot, &reply),
            Said::Nothing(problem) => Outcome::NoAnswer { problem },
        };
        let after = match next {
            _ if is_closing || matches!(outcome, Outcome::NoAnswer { .. }) => After::Over,
            None => After::Idle(session),
            Some(Words { body, .. }) => {
                session.mails += 1;
                After::Begun(BegunSmtp { session, body })
            }
        };
        (outcome, after)
    }
}

/// What the envelope of the next mail takes, and the dots.
const ENVELOPE: usize = 256;

/// Dot-stuffed (RFC 5321 4.5.2), with the final dot behind it.
fn with_dot(message: &str) -> String {
    let mut stuffed = String::with_capacity(message.len() + ENVELOPE);
    for line in message.split_inclusive('\n') {
        if line.starts_with('.') {
            stuffed.push('.');
        }
        stuffed.push_str(line);
    }
    if !stuffed.ends_with('\n') {
        stuffed.push_str("\r\n");
    }
    stuffed.push_str(".\r\n");
    stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_is_stuffed_and_the_end_is_a_dot_alone() {
        assert_eq!(with_dot("a\r\n.b\r\n"), "a\r\n..b\r\n.\r\n");
        assert_eq!(with_dot(".a"), "..a\r\n.\r\n");
    }
}
