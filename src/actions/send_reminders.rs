//! "Yes, send reminders": one transaction that accepts a batch whole, or nothing of it.

use super::propose_reminders::{Ground, Origin, Proposed};
use super::{ActionError, Actions};
use crate::domain::confirmation::Confirmation;
use crate::domain::ids::{BatchId, InvoiceId};
use crate::domain::invoice_list::InvoiceFilter;
use crate::domain::organisation::Sender;
use crate::domain::person::{Principal, User};
use crate::domain::proposal::{Candidate, Change, Proposal, changes};
use crate::domain::reminder::Channel;
use crate::store::{AuditEntry, NewBatch, NewReminder, Posting, ReminderPosting, Snapshot, Tx};

/// What was confirmed is not what is there now: what to show instead.
#[derive(Clone, Debug)]
pub struct Stale {
    /// The confirmation drawn anew, without the invoices that are no longer remindable; `None` when none is left.
    pub proposed: Option<Proposed>,
    /// What has changed.
    pub changes: Vec<Change>,
}

/// What a person sends back from a confirmation.
#[derive(Clone, Debug, Default)]
pub struct Yes {
    /// What was shown.
    pub confirmation: String,
    /// Its signature.
    pub signature: String,
    /// The filter, when all that match were selected.
    pub matching: Option<InvoiceFilter>,
    /// The batch whose failed rows are sent again: what was shown for another purpose is not accepted.
    pub retry_of: Option<BatchId>,
    /// Whether the box that allows so many e-mails is ticked.
    pub is_sure: bool,
}

impl Actions {
    /// Accepts what was shown: makes the batch and its reminders, to leave after the undo time.
    ///
    /// Confirming the same confirmation again gives the same batch and no second mail.
    ///
    /// # Errors
    /// [`ActionError::NotConfirmed`] when the text was not signed for this person and purpose,
    /// [`ActionError::Stale`] when anything it showed has changed, [`ActionError::NotSure`] when nothing has, but the
    /// box for so many mails is not ticked. Nothing is sent then.
    pub async fn send_reminders(&self, user: &User, yes: Yes) -> Result<BatchId, ActionError> {
        let confirmed = self.0.settings.verified(&yes.confirmation, &yes.signature)?;
        let is_theirs = confirmed.user_id == user.id && confirmed.organisation_id == user.organisation_id;
        if !is_theirs || confirmed.retry_of != yes.retry_of {
            return Err(ActionError::NotConfirmed);
        }
        let (actions, user) = (self.clone(), user.clone());
        let batch = self
            .0
            .store
            .write(move |tx| {
                tx.lock_organisation(user.organisation_id)?;
                match tx.batch(user.organisation_id, confirmed.batch_id)? {
                    Some(batch) => Ok(batch.id),
                    None => accept(tx, &actions, &user, &confirmed, yes),
                }
            })
            .await?;
        self.wake_worker();
        Ok(batch)
    }
}

fn accept(
    tx: &mut Tx<'_>,
    actions: &Actions,
    user: &User,
    confirmed: &Confirmation,
    yes: Yes,
) -> Result<BatchId, ActionError> {
    let ground = Ground::read(tx, &actions.0.settings, user.organisation_id)?;
    let shown: Vec<InvoiceId> = confirmed.seen.iter().map(|seen| seen.invoice_id).collect();
    let origin = match (confirmed.retry_of, yes.matching) {
        (Some(batch), _) => Origin::Failed(batch),
        (None, Some(filter)) => Origin::Matching { filter, seen: shown.len() },
        (None, None) => Origin::Chosen(shown.clone()),
    };
    let candidates = ground.candidates(tx, actions, &origin)?;
    let changed = what_changed(tx, &ground, confirmed, &candidates)?;
    if !changed.is_empty() {
        return Err(stale(tx, actions, ground, user, candidates, origin, changed)?);
    }
    let proposal = ground.propose(tx, actions, candidates, &origin)?;
    if proposal.is_large() && !yes.is_sure {
        let again = ground.proposed(actions, user, proposal, &origin, Vec::new());
        return Err(ActionError::NotSure(Box::new(again)));
    }
    let accepted = Accepted { id: confirmed.batch_id, selected: shown.len(), retry_of: confirmed.retry_of };
    enqueue(tx, actions, &ground, &user.principal(), &accepted, &proposal)?;
    Ok(confirmed.batch_id)
}

fn what_changed(
    snapshot: &mut Snapshot<'_>,
    ground: &Ground,
    confirmed: &Confirmation,
    candidates: &[Candidate],
) -> Result<Vec<Change>, ActionError> {
    let mut changed = Vec::new();
    if ground.template.id != confirmed.template_version_id {
        changed.push(Change::Template);
    }
    let look = confirmed.sender.letterhead;
    if (Sender { letterhead: look, ..ground.sender.clone() }) != confirmed.sender {
        changed.push(Change::Sender);
    }
    if ground.sender.letterhead != look {
        changed.push(Change::Look);
    }
    let seen: std::collections::HashSet<InvoiceId> =
        confirmed.seen.iter().map(|seen| seen.invoice_id).collect();
    for candidate in candidates.iter().filter(|candidate| !seen.contains(&candidate.invoice.id)) {
        changed.push(Change::Joined(candidate.invoice.number.clone()));
    }
    let found: std::collections::HashSet<InvoiceId> = candidates.iter().map(|c| c.invoice.id).collect();
    let gone: Vec<InvoiceId> = seen.iter().copied().filter(|id| !found.contains(id)).collect();
    for candidate in snapshot.candidates(ground.organisation.id, &gone)? {
        changed.push(match candidate.invoice.ineligible() {
            Some(why) => Change::Ineligible(candidate.invoice.number, why),
            None => Change::Departed(candidate.invoice.number),
        });
    }
    // A retry leaves out and lists what is not remindable any more.
    let concerns =
        |change: &Change| confirmed.retry_of.is_none() || !matches!(change, Change::Ineligible(..));
    changed.extend(changes(&confirmed.seen, candidates).into_iter().filter(concerns));
    Ok(changed)
}

/// Draws the confirmation anew; says so as the error it is.
fn stale(
    snapshot: &mut Snapshot<'_>,
    actions: &Actions,
    ground: Ground,
    user: &User,
    candidates: Vec<Candidate>,
    origin: Origin,
    changes: Vec<Change>,
) -> Result<ActionError, ActionError> {
    let left: Vec<Candidate> = candidates
        .into_iter()
        .filter(|candidate| confirmed_may_stay(candidate) || matches!(origin, Origin::Failed(_)))
        .collect();
    let proposed = match left.is_empty() {
        true => None,
        false => {
            let proposal = ground.propose(snapshot, actions, left, &origin)?;
            Some(ground.proposed(actions, user, proposal, &origin, changes.clone()))
        }
    };
    Ok(ActionError::Stale(Box::new(Stale { proposed, changes })))
}

fn confirmed_may_stay(candidate: &Candidate) -> bool {
    candidate.invoice.ineligible().is_none()
}

/// A batch that is accepted.
pub(super) struct Accepted {
    /// The id it was proposed with.
    pub(super) id: BatchId,
    /// How many invoices it was asked for.
    pub(super) selected: usize,
    /// The batch whose failed rows it repeats.
    pub(super) retry_of: Option<BatchId>,
}

/// Makes a batch and its reminders, to leave after the undo time.
pub(super) fn enqueue(
    tx: &mut Tx<'_>,
    actions: &Actions,
    ground: &Ground,
    by: &Principal,
    accepted: &Accepted,
    proposal: &Proposal,
) -> Result<(), ActionError> {
    let now = actions.clock().now();
    let (settings, ids) = (&actions.0.settings, actions.0.ids);
    let not_before = now + settings.undo;
    let batch = NewBatch {
        id: accepted.id,
        organisation_id: by.organisation_id,
        actor: by.actor,
        created_at: now,
        not_before,
        template_version_id: ground.template.id,
        selected: accepted.selected,
        retry_of: accepted.retry_of,
    };
    tx.add_batch(&batch)?;
    let posting = ReminderPosting {
        posting: Posting {
            organisation_id: by.organisation_id,
            actor: by.actor,
            sender: ground.sender.clone(),
            scheduled_at: not_before,
            expires_at: not_before + settings.retry_deadline,
            now,
        },
        channel: if accepted.retry_of.is_some() { Channel::Resend } else { Channel::Bulk },
        batch_id: Some(batch.id),
        template_version_id: ground.template.id,
    };
    let mut reminders: Vec<NewReminder> = proposal
        .drafts
        .iter()
        .map(|draft| NewReminder {
            id: ids.next(),
            invoice_id: draft.candidate.invoice.id,
            customer_id: draft.candidate.invoice.customer_id,
            resend_of: None,
        })
        .collect();
    if let Some(failed) = accepted.retry_of {
        let originals = tx.failed_reminders(failed)?;
        for reminder in &mut reminders {
            reminder.resend_of = originals.get(&reminder.invoice_id).copied();
        }
    }
    tx.enqueue_reminders(&posting, &reminders)?;
    let left_out: Vec<_> = proposal.left_out.iter().map(|(c, why)| (c.invoice.id, *why)).collect();
    tx.record_left_out(batch.id, &left_out)?;
    record(tx, actions, &batch, &reminders, &left_out)
}

fn record(
    tx: &mut Tx<'_>,
    actions: &Actions,
    batch: &NewBatch,
    reminders: &[NewReminder],
    left_out: &[(InvoiceId, crate::domain::proposal::LeftOut)],
) -> Result<(), ActionError> {
    let entry = |event, detail| AuditEntry {
        id: actions.0.ids.next(),
        organisation_id: batch.organisation_id,
        at: batch.created_at,
        actor: batch.actor,
        event,
        invoice_id: None,
        mail_id: None,
        batch_id: Some(batch.id),
        detail,
    };
    let mut entries = vec![entry(
        "batch.confirmed",
        format!("{} selected, {} to send, {} left out", batch.selected, reminders.len(), left_out.len()),
    )];
    entries.extend(reminders.iter().map(|reminder| AuditEntry {
        invoice_id: Some(reminder.invoice_id),
        mail_id: Some(reminder.id),
        ..entry("reminder.queued", String::new())
    }));
    entries.extend(left_out.iter().map(|(invoice_id, why)| AuditEntry {
        invoice_id: Some(*invoice_id),
        ..entry("reminder.left_out", why.to_string())
    }));
    tx.record_all(&entries)?;
    Ok(())
}
