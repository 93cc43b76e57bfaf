//! Connections that must not be used: what `dunlin check` and the banner say of them.

use std::sync::Arc;
use std::time::Duration;

use dunlin::domain::mail_target::{MailServer, MailTarget, Security};
use dunlin::mail::{MailTimeouts, Relay};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{Sink, Whim};

/// What keeps a mail server from being used.
async fn problem_with(server: MailServer) -> String {
    let timeouts = MailTimeouts { step: Duration::from_secs(10), dot: Duration::from_secs(10) };
    let target = MailTarget::Smtp(server);
    let relay = Relay::new(&target, "unused".into(), "localhost".to_owned(), timeouts, None).unwrap();
    relay.check().await.expect_err("it can be used")
}

fn server(sink: &Sink, security: Security, credentials: Option<(&str, &str)>) -> MailServer {
    let port = sink.url.rsplit(':').next().unwrap().parse().unwrap();
    let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned().into()));
    MailServer { host: "127.0.0.1".to_owned(), port, security, credentials }
}

#[actix_web::test]
async fn s13_without_starttls_nothing_is_said_in_plain() {
    let sink = Sink::start().await;
    let problem = problem_with(server(&sink, Security::StartTls, Some(("ada", "secret")))).await;
    assert!(problem.to_lowercase().contains("starttls"), "{problem}");
}

#[actix_web::test]
async fn s14_a_certificate_that_nobody_vouches_for_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("support/tls/certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("support/tls/key.pem")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        // The client hangs up in the handshake.
        TlsAcceptor::from(Arc::new(config)).accept(socket).await.ok();
    });
    let host = "127.0.0.1".to_owned();
    let problem = problem_with(MailServer { host, port, security: Security::Tls, credentials: None }).await;
    assert!(problem.to_lowercase().contains("certificate"), "{problem}");
}

#[actix_web::test]
async fn s16_a_password_that_is_refused_is_told_with_the_servers_words() {
    let sink = Sink::start().await;
    sink.misbehave("", Whim::Reply("AUTH", "535 5.7.8 bad credentials"));
    let problem = problem_with(server(&sink, Security::Plain, Some(("ada", "wrong")))).await;
    assert!(problem.contains("535 5.7.8 bad credentials"), "{problem}");
}

/// A port at which everybody is told the same.
async fn speaking(words: &'static [u8]) -> MailServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            socket.write_all(words).await.ok();
            open.push(socket);
        }
    });
    MailServer { host: "127.0.0.1".to_owned(), port, security: Security::Plain, credentials: None }
}

#[actix_web::test]
async fn what_is_no_mail_server_is_told_as_that_and_not_in_the_words_of_a_library() {
    let web = speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(problem_with(web).await, "the answer is not one of a mail server");
    let plain = speaking(b"220 relay.example\r\n").await;
    let problem = problem_with(MailServer { security: Security::Tls, ..plain }).await;
    assert_eq!(problem, "what answers there does not speak TLS");
}

#[actix_web::test]
async fn a_mail_server_that_does_not_greet_in_the_time_of_one_step_is_given_up() {
    let target = MailTarget::Smtp(speaking(b"").await);
    let timeouts = MailTimeouts { step: Duration::from_millis(200), dot: Duration::from_secs(10) };
    let relay = Relay::new(&target, "unused".into(), "localhost".to_owned(), timeouts, None).unwrap();
    // Whoever greets, and then says nothing, has four steps.
    assert_eq!(relay.check().await.unwrap_err(), "the mail server did not greet in time");
}

#[actix_web::test]
async fn a_port_where_nothing_listens_is_named() {
    // Kept, so that it is nobody else's.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let host = "127.0.0.1".to_owned();
    let problem = problem_with(MailServer { host, port, security: Security::Plain, credentials: None }).await;
    assert_eq!(problem, format!("no mail server answers at 127.0.0.1 port {port}"));
}
