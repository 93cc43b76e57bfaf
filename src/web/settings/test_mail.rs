//! What became of a test mail and what is known of the mail server, as a person reads it.

use super::SettingsPage;
use crate::domain::ids::ReminderId;
use crate::domain::reminder::{FailureKind, ReminderState};
use crate::store::TestMail;
use crate::web::WebError;
use crate::web::session::SignedIn;

/// A state in a word, a sentence, the mail server's words, and what to do.
pub(super) struct Told {
    pub(super) look: &'static str,
    pub(super) word: &'static str,
    pub(super) sentence: String,
    pub(super) words: String,
    pub(super) advice: &'static str,
    /// Where to look again, while there is more to come.
    pub(super) poll: Option<String>,
}

impl Told {
    /// Why the mail server cannot be used, where that is known.
    pub(super) fn of_mail_server(by: &SignedIn) -> Option<Self> {
        let down = by.relay_down.as_ref()?;
        let problem = down.note.problem;
        Some(Self {
            look: "failed",
            word: "Not in order",
            sentence: format!("{} since {}.", problem.heading(), by.organisation.local(down.since)),
            words: down.note.words.clone(),
            advice: problem.advice(),
            poll: None,
        })
    }

    /// What became of a test mail.
    pub(super) async fn of_mail(by: &SignedIn, id: ReminderId) -> Result<Self, WebError> {
        let organisation = by.organisation.id;
        let read = by.state.reader.read::<_, WebError>(move |snapshot| {
            snapshot.test_mail(organisation, id)?.ok_or(WebError::NotFound)
        });
        let mail = read.await?;
        let is_held = by.pauses.any() || !mail.words.is_empty();
        let poll = format!("{}?test={id}", SettingsPage::MailServer.href());
        let (look, word) = match mail.state.is_open() {
            true => ("pending", "Pending"),
            false if mail.state == ReminderState::Sent => ("sent", "Sent"),
            false => ("failed", "Failed"),
        };
        let waits_for = Self::of_mail_server(by).filter(|_| mail.state.is_open() && !by.pauses.any());
        if let Some(down) = waits_for {
            let sentence = format!("{} The test e-mail waits; Dunlin tries again by itself.", down.sentence);
            // Of one's own mail one may read all that was said.
            let words = if mail.words.is_empty() { down.words } else { mail.words };
            return Ok(Self { look, word, sentence, words, ..down });
        }
        Ok(Self {
            look,
            word,
            sentence: sentence(by, &mail),
            advice: mail.failure.map_or("", advice),
            words: if mail.kept_here { String::new() } else { mail.words },
            poll: (mail.state.is_open() && !is_held).then_some(poll),
        })
    }
}

fn sentence(by: &SignedIn, mail: &TestMail) -> String {
    let recipient = &mail.recipient;
    match mail.state {
        ReminderState::Sent if mail.kept_here => "The test e-mail was kept here, not delivered.".to_owned(),
        ReminderState::Sent => format!("The mail server has accepted the test e-mail to {recipient}."),
        ReminderState::Failed | ReminderState::Unconfirmed | ReminderState::Cancelled => {
            let heading = mail.failure.map_or("It was not sent", FailureKind::heading);
            format!("{heading}: the test e-mail to {recipient}.")
        }
        _ if by.pauses.any() => "Sending is paused, so the test e-mail waits.".to_owned(),
        _ if !mail.words.is_empty() => {
            let at = by.organisation.local(mail.not_before);
            format!("The mail server did not take the test e-mail yet; the next try is at {at}.")
        }
        _ => format!("The test e-mail to {recipient} is on its way."),
    }
}

/// What to do about a test mail that failed.
fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::AddressRefused | FailureKind::NoEmail | FailureKind::Suppressed => {
            "The mail server does not take mail for your own address. Is it written rightly?"
        }
        FailureKind::Refused | FailureKind::Policy => {
            "Ask whoever runs the mail server why. Often it does not let the From address under Settings > Sender send."
        }
        FailureKind::MailboxFull => "Make room in your own mailbox, then try again.",
        FailureKind::Template => "Mend the default text under Email notifications, then try again.",
        FailureKind::DeliveryUnconfirmed => "Look into your mailbox: it may have come through.",
        FailureKind::Unreachable | FailureKind::Timeout | FailureKind::Expired => {
            "Check the mail server, then try again."
        }
    }
}
