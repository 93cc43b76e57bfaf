//! The only place that knows lettre: turns a mail into bytes, holds the conversation, and sorts what comes of it.
//!
//! The types keep the order: [`Relay::prepare`] gives a [`Prepared`], and only a `Prepared` can be finished, so that
//! the point of no return can be recorded in between.

mod capture;
mod heard;
mod message;
mod opening;
mod patience;
mod reply;
mod smtp;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::domain::ids::ReminderId;
use crate::domain::mail_message::{KEPT_HERE, MailKind, MailWriter, Outcome, OutgoingMail};
use crate::domain::mail_target::{MailServer, MailTarget};
use crate::domain::reminder::FailureKind;
use smtp::{After, BegunSmtp, PreparedSmtp, Session, Unprepared};

/// How long a session that is left may take over its goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

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

/// A mail whose envelope travelled behind the body of the one before it; the answers to it are still to come.
pub struct Begun(Box<BegunSmtp>);

enum PreparedWay<'a> {
    Capture { folder: &'a PathBuf, id: ReminderId, kind: MailKind, text: String },
    Smtp { prepared: Box<PreparedSmtp>, idle: &'a Mutex<Vec<Session>>, dedup_header: Option<&'a str> },
}

/// Writes mails as they are kept, and as they travel to a mail server that takes eight bits, as nearly all do: for whoever
/// wants to read one.
pub fn writer(dedup_header: Option<String>) -> MailWriter {
    Arc::new(move |mail| message::text(mail, dedup_header.as_deref(), true))
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
    pub async fn check(&self) -> Result<(), String> {
        match &self.way {
            Way::Capture { .. } => Ok(()),
            Way::Smtp { server, hello, timeouts, .. } => {
                let session =
                    opening::connect(server, hello, *timeouts).await.map_err(Outcome::into_words)?;
                leave(session);
                Ok(())
            }
        }
    }

    /// Everything up to the point of no return; what has begun is gone on with.
    ///
    /// # Errors
    /// How the try ended; nothing was delivered.
    pub async fn prepare(&self, mail: &OutgoingMail, begun: Option<Begun>) -> Result<Prepared<'_>, Outcome> {
        match &self.way {
            Way::Capture { folder } => {
                // Who opens the file finds each link whole.
                let text = message::text(mail, self.dedup_header.as_deref(), true)
                    .map_err(|problem| Outcome::Refused { kind: FailureKind::Template, reply: problem })?;
                Ok(Prepared(PreparedWay::Capture { folder, id: mail.id, kind: mail.kind, text }))
            }
            Way::Smtp { server, hello, timeouts, idle } => {
                let mut answered = match begun {
                    Some(begun) => begun.0.go_on().await,
                    None => Err(Unprepared::Unheard),
                };
                loop {
                    match answered {
                        Ok(prepared) => {
                            let (prepared, dedup_header) = (Box::new(prepared), self.dedup_header.as_deref());
                            return Ok(Prepared(PreparedWay::Smtp { prepared, idle, dedup_header }));
                        }
                        Err(Unprepared::Over(outcome)) => return Err(outcome),
                        Err(Unprepared::Refused(session, outcome)) => {
                            locked(idle).push(*session);
                            return Err(outcome);
                        }
                        Err(Unprepared::Unheard) => {}
                    }
                    let session = match unworn(idle) {
                        Some(session) => session,
                        None => opening::connect(server, hello, *timeouts).await?,
                    };
                    answered = session.prepare(mail, self.dedup_header.as_deref()).await;
                }
            }
        }
    }
}

impl Prepared<'_> {
    /// Hands the mail over. Call it only when the point of no return is durable. Where the mail server allows it, the
    /// envelope of the next mail travels behind the body: it spares a round trip, and can deliver nothing.
    pub async fn finish(self, next: Option<&OutgoingMail>) -> (Outcome, Option<Begun>) {
        match self.0 {
            PreparedWay::Capture { folder, id, kind, text } => {
                let folder = folder.clone();
                let kept =
                    tokio::task::spawn_blocking(move || capture::keep(&folder, id, kind, text.as_bytes()))
                        .await;
                let outcome = match kept {
                    Ok(Ok(())) => Outcome::Accepted { reply: KEPT_HERE.to_owned(), kept_here: true },
                    // The file is renamed into place last: it is not there, so this is not "may have been delivered".
                    Ok(Err(error)) => Outcome::TryLater { reply: error.to_string(), is_closing: false },
                    Err(error) => Outcome::NoAnswer { problem: error.to_string() },
                };
                (outcome, None)
            }
            PreparedWay::Smtp { prepared, idle, dedup_header } => {
                let (outcome, after) = prepared.finish(next, dedup_header).await;
                match after {
                    After::Begun(begun) => (outcome, Some(Begun(Box::new(begun)))),
                    After::Idle(session) => {
                        locked(idle).push(session);
                        (outcome, None)
                    }
                    After::Over => (outcome, None),
                }
            }
        }
    }

    /// Lets the mail go unsent: the connection is dropped before a byte of the body.
    pub fn abandon(self) {}
}

/// A session that can serve another mail, if one is at hand; the worn ones before it are left.
fn unworn(idle: &Mutex<Vec<Session>>) -> Option<Session> {
    loop {
        let session = locked(idle).pop()?;
        match session.is_worn() {
            true => leave(session),
            false => return Some(session),
        }
    }
}

/// Takes leave of a mail server. Nobody waits for it: the line may have been dead for long.
fn leave(session: Session) {
    tokio::spawn(tokio::time::timeout(GOODBYE, session.quit()));
}

/// A poisoned pool only means that a panic passed by; the sessions in it are whole.
fn locked(idle: &Mutex<Vec<Session>>) -> std::sync::MutexGuard<'_, Vec<Session>> {
    idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
