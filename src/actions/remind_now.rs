//! One reminder, now, for a program: it takes the way of every other, and the program waits for what comes of it.

use thiserror::Error;
use tokio::time::Instant;

use super::{ActionError, Actions};
use crate::domain::email::BuiltIn;
use crate::domain::hold::Hold;
use crate::domain::ids::{InvoiceId, OrganisationId, ReminderId};
use crate::domain::invoice::Ineligible;
use crate::domain::mail_message::MailKind;
use crate::domain::own_words::OwnWords;
use crate::domain::person::Principal;
use crate::domain::proposal::Candidate;
use crate::domain::reminder::{Channel, FailureKind};
use crate::domain::stage::Stage;
use crate::store::{AuditEntry, NewReminder, Posting, ReminderPosting, ReminderRow, StoreError, Tx};

/// What a program wishes.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The id that a new reminder is to have. The same wish again is answered with what came of the first.
    pub id: ReminderId,
    /// What to remind of.
    pub invoice_id: InvoiceId,
    /// What to say instead of the text of the stage.
    pub words: OwnWords,
}

/// Why a wish came to nothing.
#[derive(Debug, Error)]
pub enum NotReminded {
    /// No such invoice, or the database.
    #[error(transparent)]
    Other(#[from] ActionError),
    /// The invoice is not remindable at all.
    #[error("The invoice cannot be reminded. {0}")]
    Ineligible(Ineligible),
    /// Reminders of it are on hold.
    #[error("Reminders of this invoice are on hold {0}.")]
    OnHold(Hold),
    /// The customer has no address.
    #[error("The customer has no e-mail address. Add one first.")]
    NoEmail,
    /// The address must not be mailed; recorded as failed.
    #[error("The recipient\u{2019}s address must not be mailed ({}).", .0.reminder.reason.as_deref().unwrap_or("suppressed"))]
    RecipientInactive(Box<ReminderRow>),
    /// The mail server did not take it; recorded as failed.
    #[error("The e-mail was not sent ({}). You may try again.", .0.reminder.reason.as_deref().unwrap_or("refused"))]
    SendFailed(Box<ReminderRow>),
}

impl From<StoreError> for NotReminded {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// Whose outcome the program is told.
enum Begun {
    /// One that may still settle while it waits.
    Awaited(ReminderId),
    /// One that is what it is.
    Known(Box<ReminderRow>),
}

impl Actions {
    /// Sends a reminder at once with the text of the invoice's stage, or finds the one that holds the invoice's slot;
    /// waits, at most as long as a program waits, until the mail server has answered.
    ///
    /// # Errors
    /// Why nothing was sent, in the order of product item I3. The reminder is still open where it had no answer in time.
    pub async fn remind_now(&self, by: &Principal, wish: Wish) -> Result<ReminderRow, NotReminded> {
        // From here on: a program that waits for its turn to write waits too.
        let deadline = Instant::now() + self.0.settings.api_wait;
        let (actions, principal) = (self.clone(), by.clone());
        let begun = self.0.store.write(move |tx| begin(tx, &actions, &principal, &wish)).await?;
        self.0.asked.notify_one();
        let row = match begun {
            Begun::Awaited(id) => self.settled(by.organisation_id, id, deadline).await?,
            Begun::Known(row) => *row,
        };
        match row.reminder.failure_kind() {
            Some(FailureKind::AddressRefused | FailureKind::Suppressed) => {
                Err(NotReminded::RecipientInactive(Box::new(row)))
            }
            // It may have been delivered: a failure would invite a second copy.
            None | Some(FailureKind::DeliveryUnconfirmed) => Ok(row),
            Some(_) => Err(NotReminded::SendFailed(Box::new(row))),
        }
    }
}

fn begin(tx: &mut Tx<'_>, actions: &Actions, by: &Principal, wish: &Wish) -> Result<Begun, NotReminded> {
    let organisation_id = by.organisation_id;
    tx.lock_invoice(organisation_id, wish.invoice_id)?;
    let mut found = tx.candidates(organisation_id, &[wish.invoice_id])?;
    let candidate = found.pop().ok_or(ActionError::NotFound)?;
    let (window, now) = (actions.0.settings.window, actions.clock().now());
    let holder = candidate.slot.as_ref().filter(|slot| slot.holds(window, now)).map(|slot| slot.reminder_id);
    for id in [Some(wish.id), holder].into_iter().flatten() {
        if let Some(row) = tx.reminder(organisation_id, id)? {
            return replay(tx, organisation_id, row);
        }
    }
    if let Some(why) = candidate.invoice.ineligible() {
        return Err(NotReminded::Ineligible(why));
    }
    let organisation = tx.organisation(organisation_id)?;
    let today = organisation.day_of(now);
    if let Some(hold) = candidate.holds.on(today) {
        return Err(NotReminded::OnHold(hold.clone()));
    }
    if candidate.recipient.is_none() {
        return Err(NotReminded::NoEmail);
    }
    let stage = Stage::of(candidate.invoice.due_on, today);
    let template = tx
        .current_version(organisation_id, BuiltIn::of_stage(stage).slug)?
        .ok_or(StoreError::Missing("text of the stage"))?;
    let posting = ReminderPosting {
        posting: Posting {
            organisation_id,
            actor: by.actor,
            sender: actions.0.settings.sender_of(&organisation)?,
            scheduled_at: now,
            expires_at: now + actions.0.settings.retry_deadline,
            now,
        },
        channel: Channel::Api,
        batch_id: None,
        template_version_id: template.id,
    };
    enqueue(tx, actions, &posting, &candidate, wish)
}

/// What is answered for a reminder that is there: a program's own is waited for while it can settle.
fn replay(tx: &mut Tx<'_>, organisation: OrganisationId, row: ReminderRow) -> Result<Begun, NotReminded> {
    let is_awaited = row.reminder.state.is_open() && row.reminder.channel == Channel::Api;
    match is_awaited && !tx.stopped()?.holds(MailKind::Reminder, organisation) {
        true => Ok(Begun::Awaited(row.reminder.id)),
        false => Ok(Begun::Known(Box::new(row))),
    }
}

fn enqueue(
    tx: &mut Tx<'_>,
    actions: &Actions,
    posting: &ReminderPosting,
    candidate: &Candidate,
    wish: &Wish,
) -> Result<Begun, NotReminded> {
    let new = NewReminder {
        id: wish.id,
        invoice_id: wish.invoice_id,
        customer_id: candidate.invoice.customer_id,
        resend_of: None,
    };
    let (event, detail) = match &candidate.recipient {
        Some(address) if candidate.is_suppressed => {
            let reason = format!("{}: the address is suppressed", FailureKind::Suppressed);
            tx.record_failed_reminder(posting, &new, address, &reason)?;
            ("reminder.failed", reason)
        }
        _ => {
            tx.enqueue_reminders(posting, std::slice::from_ref(&new))?;
            ("reminder.queued", String::new())
        }
    };
    tx.keep_own_words(new.id, &wish.words)?;
    let Posting { organisation_id, actor, now, .. } = posting.posting;
    tx.record(&AuditEntry {
        id: actions.0.ids.next(),
        organisation_id,
        at: now,
        actor,
        event,
        invoice_id: Some(new.invoice_id),
        mail_id: Some(new.id),
        batch_id: None,
        detail,
    })?;
    let row = tx.reminder(organisation_id, new.id)?.ok_or(StoreError::Missing("reminder"))?;
    replay(tx, organisation_id, row)
}
