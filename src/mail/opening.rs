//! Opening a connection to a mail server, on our own socket with TCP_NODELAY: TLS, sign-in, and what the server can do.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::MailTimeouts;
use super::heard::{in_words, reply_in, without_number};
use super::reply::{Step, refusal};
use super::smtp::{Abilities, Session};
use super::wire::Wire;
use crate::domain::mail_message::Outcome;
use crate::domain::mail_target::{MailServer, Security};

const NO_GREETING: &str = "the mail server did not greet in time";

type SmtpError = lettre::transport::smtp::Error;

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
                let (address, accepting) = ((server.host.as_str(), server.port), timeouts.step / 2);
                let greeted =
                    AsyncSmtpConnection::connect_tokio1(address, Some(accepting), &hello, Some(tls()?), None);
                timeout(accepting + timeouts.step, greeted).await.map_err(|_| down(NO_GREETING.to_owned()))?
            }
            Security::Plain | Security::StartTls => {
                let socket =
                    timeout(timeouts.step / 2, TcpStream::connect((server.host.as_str(), server.port)))
                        .await
                        .map_err(|_| down("the mail server did not accept a connection in time".to_owned()))?
                        .map_err(|error| down(unreachable(server, &error)))?;
                socket.set_nodelay(true).map_err(|error| down(error.to_string()))?;
                timeout(timeouts.step, socket.readable())
                    .await
                    .map_err(|_| down(NO_GREETING.to_owned()))?
                    .map_err(|error| down(without_number(&error.to_string())))?;
                AsyncSmtpConnection::connect_with_transport(Box::new(Wire::new(socket)), &hello).await
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
        Ok(opened) => opened.map(|(connection, abilities)| Session::new(connection, abilities, timeouts)),
        Err(_) => Err(down("the mail server did not answer in time".to_owned())),
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
