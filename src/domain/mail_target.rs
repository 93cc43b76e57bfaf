//! Where mails go: the address in `DUNLIN_MAIL_URL`.

use std::net::IpAddr;
use std::str::FromStr;

use secrecy::SecretString;
use thiserror::Error;
use url::Url;

/// How the conversation with a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain; only to this machine, or because the address says so.
    Plain,
    /// Plain at first, and nothing said before STARTTLS has succeeded.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// See [`Security`].
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
}

impl MailServer {
    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum MailTarget {
    /// Into files, not to anybody.
    Capture,
    /// To a mail server.
    Smtp(MailServer),
}

impl MailTarget {
    /// Whether no mail can leave this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Capture => true,
            Self::Smtp(server) => server.is_loopback(),
        }
    }

    /// Whether mails and a password leave this machine unencrypted.
    pub fn is_readable_on_the_way(&self) -> bool {
        match self {
            Self::Capture => false,
            Self::Smtp(server) => server.security == Security::Plain && !server.is_loopback(),
        }
    }
}

/// An address that says no place for mails.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("write capture:, smtp://[user:password@]host:port or smtps://[user:password@]host:port")]
pub struct InvalidMailTarget;

impl FromStr for MailTarget {
    type Err = InvalidMailTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "capture:" {
            return Ok(Self::Capture);
        }
        let url = Url::parse(text).map_err(|_| InvalidMailTarget)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidMailTarget)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let (security, usual_port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", Some("tls=none")) => (Security::Plain, 25),
            ("smtp", None) if is_loopback(&host) => (Security::Plain, 25),
            ("smtp", None) => (Security::StartTls, 587),
            _ => return Err(InvalidMailTarget),
        };
        let credentials = match (url.username(), url.password()) {
            ("", _) => None,
            (user, password) => Some((decoded(user), SecretString::from(decoded(password.unwrap_or(""))))),
        };
        Ok(Self::Smtp(MailServer { host, port: url.port().unwrap_or(usual_port), security, credentials }))
    }
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A password may hold any character as `%xx`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn server(text: &str) -> MailServer {
        match text.parse().unwrap() {
            MailTarget::Smtp(server) => server,
            MailTarget::Capture => panic!("{text} is no server"),
        }
    }

    #[test]
    fn encryption_is_required_unless_the_server_is_on_this_machine_or_the_address_says_so() {
        assert_eq!(server("smtp://relay.example:587").security, Security::StartTls);
        assert_eq!(server("smtp://127.0.0.1:2525").security, Security::Plain);
        assert_eq!(server("smtp://[::1]:2525").security, Security::Plain);
        assert_eq!(server("smtp://relay.example?tls=none").security, Security::Plain);
        assert_eq!(server("smtps://relay.example").port, 465);
    }

    #[test]
    fn a_password_may_hold_any_character() {
        let (user, password) =
            server("smtp://a%40b.example:p%40ss%3A%2F@relay.example:587").credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("a@b.example", "p@ss:/"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "relay.example", "http://relay.example", "smtp://", "smtp://relay.example?tls=maybe"]
        {
            assert!(text.parse::<MailTarget>().is_err(), "{text}");
        }
    }
}
