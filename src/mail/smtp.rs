//! A conversation with a mail server, on our own socket: TCP_NODELAY, exact codes, body and dot in one write.

use std::fmt;
use std::time::{Duration, Instant};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::patience::{Patience, Wait};
use super::reply::{Reply, Step, refusal};
use super::{MailTimeouts, message};
use crate::domain::mail_message::{Outcome, OutgoingMail};
use crate::domain::mail_target::{MailServer, Security};
use crate::domain::reminder::FailureKind;

type SmtpError = lettre::transport::smtp::Error;

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
struct Abilities {
    pipelining: bool,
    eight_bit: bool,
}

impl Abilities {
    fn of(greeting: &Response) -> Self {
        let offers = |word: &str| greeting.message().any(|line| line.eq_ignore_ascii_case(word));
        Self { pipelining: offers("PIPELINING"), eight_bit: offers("8BITMIME") }
    }
}

/// How many mails and how long one connection serves.
const MAILS: u32 = 100;
const LIFE: Duration = Duration::from_secs(60);

/// A conversation that has come to the `354`: only this can be finished.
pub(super) struct PreparedSmtp {
    session: Session,
    body: String,
}

/// Text that lettre writes as it is.
struct Verbatim<'a>(&'a str);

impl fmt::Display for Verbatim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Opens a connection and greets.
pub(super) async fn connect(
    server: &MailServer,
    hello: &str,
    timeouts: MailTimeouts,
) -> Result<Session, Outcome> {
    let down = |problem: String| Outcome::RelayDown { problem };
    let refused = |error: &SmtpError| match reply_in(error) {
        Some(reply) => refusal(Step::Opening, &reply),
        None => down(in_words(error)),
    };
    let opening = async {
        let hello = ClientId::Domain(hello.to_owned());
        let tls = || {
            TlsParameters::new(server.host.clone())
                .map_err(|error| down(format!("TLS cannot be set up: {error}")))
        };
        let mut connection = match server.security {
            Security::Tls => {
                let address = (server.host.as_str(), server.port);
                AsyncSmtpConnection::connect_tokio1(
                    address,
                    Some(timeouts.step / 2),
                    &hello,
                    Some(tls()?),
                    None,
                )
                .await
            }
            Security::Plain | Security::StartTls => {
                let socket =
                    timeout(timeouts.step / 2, TcpStream::connect((server.host.as_str(), server.port)))
                        .await
                        .map_err(|_| down("the mail server did not accept a connection in time".to_owned()))?
                        .map_err(|error| down(unreachable(server, &error)))?;
                socket.set_nodelay(true).map_err(|error| down(error.to_string()))?;
                AsyncSmtpConnection::connect_with_transport(Box::new(socket), &hello).await
            }
        }
        .map_err(|error| refused(&error))?;
        if server.security == Security::StartTls {
            connection.starttls(tls()?, &hello).await.map_err(|error| refused(&error))?;
        }
        if let Some((user, password)) = &server.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| refused(&error))?;
        }
        let greeting = connection.command(Ehlo::new(hello)).await.map_err(|error| refused(&error))?;
        Ok((connection, Abilities::of(&greeting)))
    };
    match timeout(timeouts.step * 4, opening).await {
        Ok(opened) => opened.map(|(connection, abilities)| Session {
            connection,
            patience: Patience::new(timeouts),
            abilities,
            opened_at: Instant::now(),
            mails: 0,
        }),
        Err(_) => Err(down("the mail server did not greet in time".to_owned())),
    }
}

/// Why a session could not be prepared.
pub(super) enum Unprepared {
    /// A reused connection was closed before any reply: a new one may be taken at once, and no try is counted.
    Closed,
    /// The session is over.
    Over(Outcome),
    /// The session is good for another mail.
    Refused(Box<Session>, Outcome),
}

impl Session {
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
        let text = match message::text(mail, dedup_header, self.abilities.eight_bit) {
            Ok(text) => text,
            Err(problem) => {
                return Err(Unprepared::Refused(
                    Box::new(self),
                    Outcome::Refused { kind: FailureKind::Template, reply: problem },
                ));
            }
        };
        let is_reused = self.mails > 0;
        self.mails += 1;
        let body = if self.abilities.eight_bit { " BODY=8BITMIME" } else { "" };
        let from = format!("MAIL FROM:<{}>{body}\r\n", mail.sender.from);
        let to = format!("RCPT TO:<{}>\r\n", mail.recipient);
        let is_pipelined = self.abilities.pipelining;
        let opening = if is_pipelined { format!("{from}{to}DATA\r\n") } else { from };
        match self.say(&opening, Wait::Step).await {
            Said::Reply(reply) if reply.code == 250 => {}
            Said::Reply(reply) if reply.code == 421 && is_reused => return Err(Unprepared::Closed),
            Said::Reply(reply) => return Err(Unprepared::Over(refusal(Step::Opening, &reply))),
            Said::Nothing(_) if is_reused => return Err(Unprepared::Closed),
            Said::Nothing(problem) => return Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
        let said = if is_pipelined { self.hear(Wait::Step).await } else { self.say(&to, Wait::Step).await };
        match said {
            Said::Reply(reply) if matches!(reply.code, 250 | 251) => {}
            Said::Reply(reply) => {
                let outcome = refusal(Step::Envelope, &reply);
                return Err(self.leave_off(outcome, is_pipelined).await);
            }
            Said::Nothing(problem) => return Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
        let said =
            if is_pipelined { self.hear(Wait::Data).await } else { self.say("DATA\r\n", Wait::Data).await };
        match said {
            Said::Reply(reply) if reply.code == 354 => {
                Ok(PreparedSmtp { session: self, body: with_dot(&text) })
            }
            Said::Reply(reply) if reply.code >= 400 => {
                let outcome = refusal(Step::Envelope, &reply);
                Err(self.leave_off(outcome, false).await)
            }
            Said::Reply(reply) => {
                Err(Unprepared::Over(Outcome::TryLater { reply: format!("{} {}", reply.code, reply.text) }))
            }
            Said::Nothing(problem) => Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
    }

    /// Ends a mail that was refused, so that the connection can serve another. `awaits_data`: the answer to DATA is still
    /// to come; a server that goes on with 354 all the same is left, for nothing short of a message would end that.
    async fn leave_off(mut self, outcome: Outcome, awaits_data: bool) -> Unprepared {
        if matches!(outcome, Outcome::RelayDown { .. } | Outcome::Busy { .. }) {
            return Unprepared::Over(outcome);
        }
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

    async fn say(&mut self, words: &str, wait: Wait) -> Said {
        said(self.patience.with(wait, self.connection.command(Verbatim(words))).await)
    }

    /// The answer to a command that was said before.
    async fn hear(&mut self, wait: Wait) -> Said {
        said(self.patience.with(wait, self.connection.read_response()).await)
    }
}

fn said(heard: Option<Result<Response, SmtpError>>) -> Said {
    match heard {
        Some(Ok(response)) => Said::Reply(reply_of(&response)),
        Some(Err(error)) => reply_in(&error).map_or_else(|| Said::Nothing(in_words(&error)), Said::Reply),
        None => Said::Nothing("the mail server did not answer in time".to_owned()),
    }
}

enum Said {
    Reply(Reply),
    Nothing(String),
}

impl PreparedSmtp {
    /// Writes the body and the final dot, and reads the answer. From the first byte on nobody can call it back.
    pub(super) async fn finish(mut self) -> (Option<Session>, Outcome) {
        match self.session.say(&self.body, Wait::Dot).await {
            Said::Reply(reply) if (200..300).contains(&reply.code) => {
                let reply = format!("{} {}", reply.code, reply.text);
                (Some(self.session), Outcome::Accepted { reply, kept_here: false })
            }
            Said::Reply(reply) => {
                let outcome = refusal(Step::Dot, &reply);
                let is_over = matches!(outcome, Outcome::Busy { .. } | Outcome::NoAnswer { .. });
                ((!is_over).then_some(self.session), outcome)
            }
            Said::Nothing(problem) => (None, Outcome::NoAnswer { problem }),
        }
    }
}

/// Dot-stuffed (RFC 5321 4.5.2), with the final dot behind it.
fn with_dot(message: &str) -> String {
    let mut stuffed = String::with_capacity(message.len() + 64);
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

fn reply_of(response: &Response) -> Reply {
    let text = response.message().collect::<Vec<_>>().join(" ");
    Reply { code: response.code().into(), text }
}

fn source_of(error: &SmtpError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn reply_in(error: &SmtpError) -> Option<Reply> {
    error.status().map(|code| Reply { code: code.into(), text: source_of(error) })
}

fn in_words(error: &SmtpError) -> String {
    match without_number(&source_of(error)).as_str() {
        "incomplete response" => "the mail server closed the connection before it answered".to_owned(),
        words => words.to_owned(),
    }
}

/// Why no connection came about, with where it was tried.
fn unreachable(server: &MailServer, error: &std::io::Error) -> String {
    let place = format!("{} port {}", server.host, server.port);
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => format!("no mail server answers at {place}"),
        _ => format!("{place} cannot be reached: {}", without_number(&error.to_string())),
    }
}

/// An error of the operating system without its number, which helps nobody.
fn without_number(words: &str) -> String {
    words.split(" (os error").next().unwrap_or(words).to_owned()
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
