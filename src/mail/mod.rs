//! The only place that knows lettre: turns a mail into bytes, holds the conversation, and sorts what comes of it.
//!
//! The types keep the order: [`Relay::prepare`] gives a [`Prepared`], and only a `Prepared` can be finished, so that
//! the point of no return can be recorded in between.

mod capture;
mod message;
mod patience;
mod reply;
mod smtp;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::domain::ids::ReminderId;
use crate::domain::mail_message::{MailKind, MailWriter, Outcome, OutgoingMail};
use crate::domain::mail_target::{MailServer, MailTarget};
use crate::domain::reminder::FailureKind;
use smtp::{PreparedSmtp, Session, Unprepared};

/// How long a step of a conversation may take.
#[derive(Clone, Copy, Debug)]
pub struct MailTimeouts {
    /// Banner, EHLO, MAIL, RCPT; connecting half of it, DATA twice.
    pub step: Duration,
    /// The answer to the final dot.
    pub dot: Duration,
}

enum Way {
    Capture { folder: PathBuf },
    Smtp { server: MailServer, hello: String, timeouts: MailTimeouts, idle: Mutex<Vec<Session>> },
}

/// The way out of this machine; connections are used again.
pub struct Relay {
    way: Way,
    dedup_header: Option<String>,
}

/// A mail at the point of no return.
pub struct Prepared<'a>(PreparedWay<'a>);

enum PreparedWay<'a> {
    Capture { folder: &'a PathBuf, id: ReminderId, kind: MailKind, text: String },
    Smtp { prepared: Box<PreparedSmtp>, idle: &'a Mutex<Vec<Session>> },
}

/// Writes mails as they travel to a target, for whoever wants to read one: to a mail server that takes eight bits, as
/// nearly all do.
pub fn writer(target: &MailTarget, dedup_header: Option<String>) -> MailWriter {
    let eight_bit = matches!(target, MailTarget::Smtp(_));
    Arc::new(move |mail| message::text(mail, dedup_header.as_deref(), eight_bit))
}

impl Relay {
    /// The way to a target. `folder` is where captured mails are kept; `hello` is what we call ourselves;
    /// `dedup_header` the name of the relay's de-duplication header.
    ///
    /// # Errors
    /// When the folder for captured mails cannot be made.
    pub fn new(
        target: &MailTarget,
        folder: PathBuf,
        hello: String,
        timeouts: MailTimeouts,
        dedup_header: Option<String>,
    ) -> std::io::Result<Self> {
        let way = match target {
            MailTarget::Capture => {
                std::fs::create_dir_all(&folder)?;
                Way::Capture { folder }
            }
            MailTarget::Smtp(server) => {
                Way::Smtp { server: server.clone(), hello, timeouts, idle: Mutex::new(Vec::new()) }
            }
        };
        Ok(Self { way, dedup_header })
    }

    /// For mails that are kept as files, what says whether one is there; `None` where mails go to a server.
    pub fn captured(&self) -> Option<Arc<dyn Fn(ReminderId, MailKind) -> bool + Send + Sync>> {
        match &self.way {
            Way::Capture { folder } => {
                let folder = folder.clone();
                Some(Arc::new(move |id, kind| capture::path(&folder, id, kind).exists()))
            }
            Way::Smtp { .. } => None,
        }
    }

    /// Connects and greets, to see whether the mail server can be used.
    ///
    /// # Errors
    /// What keeps it from being used.
    pub async fn check(&self) -> Result<(), Outcome> {
        match &self.way {
            Way::Capture { .. } => Ok(()),
            Way::Smtp { server, hello, timeouts, .. } => {
                smtp::connect(server, hello, *timeouts).await.map(|_| ())
            }
        }
    }

    /// Everything up to the point of no return.
    ///
    /// # Errors
    /// How the try ended; nothing was delivered.
    pub async fn prepare(&self, mail: &OutgoingMail) -> Result<Prepared<'_>, Outcome> {
        match &self.way {
            Way::Capture { folder } => {
                let text = message::text(mail, self.dedup_header.as_deref(), false)
                    .map_err(|problem| Outcome::Refused { kind: FailureKind::Template, reply: problem })?;
                Ok(Prepared(PreparedWay::Capture { folder, id: mail.id, kind: mail.kind, text }))
            }
            Way::Smtp { server, hello, timeouts, idle } => loop {
                let reused = locked(idle).pop();
                let is_reused = reused.is_some();
                let session = match reused {
                    Some(worn) if worn.is_worn() => {
                        worn.quit().await;
                        continue;
                    }
                    Some(session) => session,
                    None => smtp::connect(server, hello, *timeouts).await?,
                };
                match session.prepare(mail, self.dedup_header.as_deref()).await {
                    Ok(prepared) => {
                        return Ok(Prepared(PreparedWay::Smtp { prepared: Box::new(prepared), idle }));
                    }
                    Err(Unprepared::Closed) if is_reused => {}
                    Err(Unprepared::Closed) => {
                        let problem = "the mail server closed the connection".to_owned();
                        return Err(Outcome::RelayDown { problem });
                    }
                    Err(Unprepared::Over(outcome)) => return Err(outcome),
                    Err(Unprepared::Refused(session, outcome)) => {
                        locked(idle).push(*session);
                        return Err(outcome);
                    }
                }
            },
        }
    }
}

impl Prepared<'_> {
    /// Hands the mail over. Call it only when the point of no return is durable.
    pub async fn finish(self) -> Outcome {
        match self.0 {
            PreparedWay::Capture { folder, id, kind, text } => {
                let folder = folder.clone();
                let kept =
                    tokio::task::spawn_blocking(move || capture::keep(&folder, id, kind, text.as_bytes()))
                        .await;
                match kept {
                    Ok(Ok(())) => Outcome::Accepted { reply: "250 kept".to_owned(), kept_here: true },
                    // The file is renamed into place last: it is not there, so this is not "may have been delivered".
                    Ok(Err(error)) => Outcome::TryLater { reply: error.to_string() },
                    Err(error) => Outcome::NoAnswer { problem: error.to_string() },
                }
            }
            PreparedWay::Smtp { prepared, idle } => {
                let (session, outcome) = prepared.finish().await;
                locked(idle).extend(session);
                outcome
            }
        }
    }

    /// Lets the mail go unsent: the connection is dropped before a byte of the body.
    pub fn abandon(self) {}
}

/// A poisoned pool only means that a panic passed by; the sessions in it are whole.
fn locked(idle: &Mutex<Vec<Session>>) -> std::sync::MutexGuard<'_, Vec<Session>> {
    idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
