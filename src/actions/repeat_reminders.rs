//! Calling back and repeating: undo and "Cancel remaining" of a batch, cancel and resend of one reminder.

use super::propose_reminders::Ground;
use super::{ActionError, Actions};
use crate::domain::email::BuiltIn;
use crate::domain::ids::{BatchId, OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::person::{Actor, Principal, User};
use crate::domain::proposal::{LeftOut, propose};
use crate::domain::reminder::{Channel, ReminderState};
use crate::domain::stage::Stage;
use crate::store::{
    AuditEntry, NewReminder, Posting, ReminderPosting, Snapshot, StoreError, TemplateVersion,
};

impl Actions {
    /// Calls back everything of a batch that is before the point of no return; says how many that were.
    ///
    /// # Errors
    /// When there is no such batch, or nothing of it can be called back any more.
    pub async fn cancel_batch(&self, by: &Principal, id: BatchId) -> Result<usize, ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                tx.batch(by.organisation_id, id)?.ok_or(ActionError::NotFound)?;
                let reason = format!("Cancelled by {}.", by.name);
                let cancelled = tx.cancel_batch(id, &reason, actions.clock().now())?;
                if cancelled.is_empty() {
                    return Err(ActionError::Refused(
                        "Nothing of this batch can be cancelled any more.".to_owned(),
                    ));
                }
                // The entry says by whom already.
                actions.record_called_back(tx, by.actor, by.organisation_id, &cancelled, "")?;
                Ok(cancelled.len())
            })
            .await
    }

    /// Calls one reminder back. Doing so twice changes nothing.
    ///
    /// # Errors
    /// When there is no such reminder; [`ActionError::Refused`] when it is past the point of no return.
    pub async fn cancel_reminder(&self, by: &Principal, id: ReminderId) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let state = tx.reminder(by.organisation_id, id)?.ok_or(ActionError::NotFound)?.reminder.state;
                if state == ReminderState::Cancelled {
                    return Ok(());
                }
                let reason = format!("Cancelled by {}.", by.name);
                let cancelled = tx.cancel_reminder(id, &reason, actions.clock().now())?;
                if cancelled.is_empty() {
                    return Err(ActionError::Refused(
                        "This reminder cannot be cancelled any more.".to_owned(),
                    ));
                }
                actions.record_called_back(tx, by.actor, by.organisation_id, &cancelled, "")?;
                Ok(())
            })
            .await
    }

    /// Sends a failed or cancelled reminder again: a new one, to the current address, with the current version of the
    /// same text, the stage chosen anew, and a program's own words kept (product item H2).
    ///
    /// # Errors
    /// When there is no such reminder, it did not fail, its invoice is not remindable, or a reminder of it is open.
    pub async fn resend_reminder(&self, user: &User, id: ReminderId) -> Result<ReminderId, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        let new = self
            .0
            .store
            .write(move |tx| {
                tx.lock_organisation(user.organisation_id)?;
                let old = tx.reminder(user.organisation_id, id)?.ok_or(ActionError::NotFound)?.reminder;
                if !matches!(old.state, ReminderState::Failed | ReminderState::Cancelled) {
                    return Err(ActionError::Refused(
                        "Only a reminder that failed can be resent.".to_owned(),
                    ));
                }
                if tx.is_superseded(id)? {
                    return Err(ActionError::Refused(
                        "A later reminder of this invoice was sent or is on its way.".to_owned(),
                    ));
                }
                let now = actions.clock().now();
                let candidates = tx.candidates(user.organisation_id, &[old.invoice_id])?;
                let today = tx.organisation(user.organisation_id)?.day_of(now);
                let proposal = propose(candidates, actions.0.settings.window, now, today)
                    .map_err(|refused| ActionError::NotRemindable(Box::new(refused)))?;
                if let Some((_, why)) = proposal.left_out.first() {
                    return Err(ActionError::Refused(refusal(*why)));
                }
                let draft = proposal.drafts.first().ok_or(ActionError::NotFound)?;
                let stage = Stage::of(draft.candidate.invoice.due_on, today);
                let template = same_text(tx, user.organisation_id, old.template_version_id, stage)?;
                let ground = Ground::read(tx, &actions.0.settings, user.organisation_id)?;
                let posting = ReminderPosting {
                    posting: Posting {
                        organisation_id: user.organisation_id,
                        actor: Actor::User(user.id),
                        sender: ground.sender,
                        scheduled_at: now,
                        expires_at: now + actions.0.settings.retry_deadline,
                        now,
                    },
                    channel: Channel::Resend,
                    batch_id: None,
                    template_version_id: template.id,
                };
                let new = NewReminder {
                    id: actions.0.ids.next(),
                    invoice_id: old.invoice_id,
                    customer_id: old.customer_id,
                    resend_of: Some(old.id),
                };
                tx.enqueue_reminders(&posting, std::slice::from_ref(&new))?;
                if let Some(words) = tx.own_words(&[old.id])?.remove(&old.id) {
                    tx.keep_own_words(new.id, &words)?;
                }
                tx.record(&AuditEntry {
                    id: actions.0.ids.next(),
                    organisation_id: user.organisation_id,
                    at: now,
                    actor: Actor::User(user.id),
                    event: "reminder.resent",
                    invoice_id: Some(old.invoice_id),
                    mail_id: Some(new.id),
                    batch_id: None,
                    detail: String::new(),
                })?;
                Ok(new.id)
            })
            .await?;
        self.wake_worker();
        Ok(new)
    }
}

/// The current version of the text that a version is of; where that is a stage's, of the stage's that it is now.
fn same_text(
    snapshot: &mut Snapshot<'_>,
    organisation: OrganisationId,
    version: TemplateVersionId,
    now: Stage,
) -> Result<TemplateVersion, StoreError> {
    let used = snapshot.used_text(version)?.slug;
    let is_of_a_stage = BuiltIn::of_slug(&used).is_some_and(|text| text.stage.is_some());
    let slug = if is_of_a_stage { BuiltIn::of_stage(now).slug } else { used.as_str() };
    snapshot.current_version(organisation, slug)?.ok_or(StoreError::Missing("text"))
}

fn refusal(why: LeftOut) -> String {
    match why {
        LeftOut::NoEmail => format!("{why} Add one first."),
        LeftOut::Suppressed
        | LeftOut::OnHold
        | LeftOut::OnItsWay(_)
        | LeftOut::JustReminded { .. }
        | LeftOut::Unconfirmed(_)
        | LeftOut::Ineligible(_) => why.to_string(),
    }
}
