//! A conversation with a mail server, on our own socket: TCP_NODELAY, exact codes, body and dot in one write.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::reply::{Reply, Step, refusal};
use super::{MailTimeouts, message};
use crate::domain::mail_message::{Outcome, OutgoingMail};
use crate::domain::mail_target::{MailServer, Security};
use crate::domain::reminder::FailureKind;

type SmtpError = lettre::transport::smtp::Error;

/// An open connection between two mails.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    timeouts: MailTimeouts,
    is_fresh: bool,
}

/// A conversation that has come to the `354`: only this can be finished.
pub(super) struct PreparedSmtp {
    session: Session,
    body: Vec<u8>,
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
                        .map_err(|error| down(error.to_string()))?;
                socket.set_nodelay(true).map_err(|error| down(error.to_string()))?;
                AsyncSmtpConnection::connect_with_transport(Box::new(socket), &hello).await
            }
        }
        .map_err(|error| down(in_words(&error)))?;
        if server.security == Security::StartTls {
            connection.starttls(tls()?, &hello).await.map_err(|error| down(in_words(&error)))?;
        }
        if let Some((user, password)) = &server.credentials {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(|error| down(in_words(&error)))?;
        }
        Ok(connection)
    };
    match timeout(timeouts.step * 4, opening).await {
        Ok(connection) => connection.map(|connection| Session { connection, timeouts, is_fresh: true }),
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
    /// Everything up to the `354`. Nothing that was said can make the server deliver.
    pub(super) async fn prepare(
        mut self,
        mail: &OutgoingMail,
        dedup_header: Option<&str>,
    ) -> Result<PreparedSmtp, Unprepared> {
        let bytes = match message::bytes(mail, dedup_header) {
            Ok(bytes) => bytes,
            Err(problem) => {
                return Err(Unprepared::Refused(
                    Box::new(self),
                    Outcome::Refused { kind: FailureKind::Template, reply: problem },
                ));
            }
        };
        let was_fresh = std::mem::replace(&mut self.is_fresh, false);
        let from = format!("MAIL FROM:<{}>\r\n", mail.sender.from);
        match self.say(&from, self.timeouts.step).await {
            Said::Reply(reply) if reply.code == 250 => {}
            Said::Reply(reply) if reply.code == 421 && !was_fresh => return Err(Unprepared::Closed),
            Said::Reply(reply) => return Err(Unprepared::Over(refusal(Step::Opening, &reply))),
            Said::Nothing(_) if !was_fresh => return Err(Unprepared::Closed),
            Said::Nothing(problem) => return Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
        let to = format!("RCPT TO:<{}>\r\n", mail.recipient);
        match self.say(&to, self.timeouts.step).await {
            Said::Reply(reply) if matches!(reply.code, 250 | 251) => {}
            Said::Reply(reply) => return Err(self.reset(refusal(Step::Envelope, &reply)).await),
            Said::Nothing(problem) => return Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
        match self.say("DATA\r\n", self.timeouts.step * 2).await {
            Said::Reply(reply) if reply.code == 354 => {
                Ok(PreparedSmtp { session: self, body: with_dot(&bytes) })
            }
            Said::Reply(reply) if reply.code >= 400 => Err(self.reset(refusal(Step::Envelope, &reply)).await),
            Said::Reply(reply) => {
                Err(Unprepared::Over(Outcome::TryLater { reply: format!("{} {}", reply.code, reply.text) }))
            }
            Said::Nothing(problem) => Err(Unprepared::Over(Outcome::TryLater { reply: problem })),
        }
    }

    async fn reset(mut self, outcome: Outcome) -> Unprepared {
        if matches!(outcome, Outcome::RelayDown { .. }) {
            return Unprepared::Over(outcome);
        }
        match self.say("RSET\r\n", self.timeouts.step).await {
            Said::Reply(reply) if reply.code == 250 => Unprepared::Refused(Box::new(self), outcome),
            Said::Reply(_) | Said::Nothing(_) => Unprepared::Over(outcome),
        }
    }

    async fn say(&mut self, words: &str, limit: Duration) -> Said {
        match timeout(limit, self.connection.command(Verbatim(words))).await {
            Ok(Ok(response)) => Said::Reply(reply_of(&response)),
            Ok(Err(error)) => match error.status() {
                Some(code) => Said::Reply(Reply { code: code.into(), text: source_of(&error) }),
                None => Said::Nothing(in_words(&error)),
            },
            Err(_) => Said::Nothing("the mail server did not answer in time".to_owned()),
        }
    }
}

enum Said {
    Reply(Reply),
    Nothing(String),
}

impl PreparedSmtp {
    /// Writes the body and the final dot, and reads the answer. From the first byte on nobody can call it back.
    pub(super) async fn finish(mut self) -> (Option<Session>, Outcome) {
        let Ok(body) = std::str::from_utf8(&self.body) else {
            return (None, Outcome::NoAnswer { problem: "the mail is not text".to_owned() });
        };
        match self.session.say(body, self.session.timeouts.dot).await {
            Said::Reply(reply) if (200..300).contains(&reply.code) => {
                let reply = format!("{} {}", reply.code, reply.text);
                (Some(self.session), Outcome::Accepted { reply })
            }
            Said::Reply(reply) => {
                let outcome = refusal(Step::Dot, &reply);
                let is_over = matches!(outcome, Outcome::RelayDown { .. } | Outcome::NoAnswer { .. });
                ((!is_over).then_some(self.session), outcome)
            }
            Said::Nothing(problem) => (None, Outcome::NoAnswer { problem }),
        }
    }
}

/// Dot-stuffed (RFC 5321 4.5.2), with the final dot behind it.
fn with_dot(bytes: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(bytes.len() + 64);
    let mut at_line_start = true;
    for &byte in bytes {
        if at_line_start && byte == b'.' {
            stuffed.push(b'.');
        }
        stuffed.push(byte);
        at_line_start = byte == b'\n';
    }
    if !at_line_start {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}

fn reply_of(response: &Response) -> Reply {
    let text = response.message().collect::<Vec<_>>().join(" ");
    Reply { code: response.code().into(), text }
}

fn source_of(error: &SmtpError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn in_words(error: &SmtpError) -> String {
    match error.status() {
        Some(code) => format!("{code} {}", source_of(error)),
        None => source_of(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_is_stuffed_and_the_end_is_a_dot_alone() {
        assert_eq!(with_dot(b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n");
        assert_eq!(with_dot(b".a"), b"..a\r\n.\r\n");
    }
}
