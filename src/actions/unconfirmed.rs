//! What a person decides about mails that may have been delivered: they were, or the same bytes are to go out again.

use super::{ActionError, Actions};
use crate::domain::ids::{BatchId, ReminderId};
use crate::domain::person::{Actor, User};
use crate::store::{AuditEntry, StoreError, Tx, UnconfirmedReminder};

/// How several mails fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// How many were decided as asked.
    pub done: usize,
    /// Why others were not, a sentence each.
    pub refused: Vec<String>,
}

impl Actions {
    /// Records on a person's word that a mail was delivered.
    ///
    /// # Errors
    /// When there is no such reminder, or it is not unconfirmed.
    pub async fn mark_as_sent(&self, user: &User, id: ReminderId) -> Result<(), ActionError> {
        self.decide(user, move |actions, tx, user| actions.mark_one(tx, user, id)).await
    }

    /// Sends a mail that may have been delivered once more, byte for byte.
    ///
    /// # Errors
    /// When there is no such reminder, it is not unconfirmed, or what it says is not so any more.
    pub async fn send_again(&self, user: &User, id: ReminderId) -> Result<(), ActionError> {
        self.decide(user, move |actions, tx, user| actions.repeat_one(tx, user, id)).await?;
        self.wake_worker();
        Ok(())
    }

    /// [`Actions::mark_as_sent`] for all of a batch.
    ///
    /// # Errors
    /// When there is no such batch.
    pub async fn mark_batch_as_sent(&self, user: &User, batch: BatchId) -> Result<Decided, ActionError> {
        self.decide_batch(user, batch, Self::mark_one).await
    }

    /// [`Actions::send_again`] for all of a batch; those that cannot go stay as they are.
    ///
    /// # Errors
    /// When there is no such batch.
    pub async fn send_batch_again(&self, user: &User, batch: BatchId) -> Result<Decided, ActionError> {
        let decided = self.decide_batch(user, batch, Self::repeat_one).await?;
        self.wake_worker();
        Ok(decided)
    }

    async fn decide(
        &self,
        user: &User,
        verb: impl FnOnce(&Self, &mut Tx<'_>, &User) -> Result<(), ActionError> + Send + 'static,
    ) -> Result<(), ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(user.organisation_id)?;
                verb(&actions, tx, &user)
            })
            .await
    }

    async fn decide_batch(
        &self,
        user: &User,
        batch: BatchId,
        verb: impl Fn(&Self, &mut Tx<'_>, &User, ReminderId) -> Result<(), ActionError> + Send + 'static,
    ) -> Result<Decided, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(user.organisation_id)?;
                tx.batch(user.organisation_id, batch)?.ok_or(ActionError::NotFound)?;
                let mut decided = Decided::default();
                for id in tx.unconfirmed_ids(user.organisation_id, batch)? {
                    match verb(&actions, tx, &user, id) {
                        Ok(()) => decided.done += 1,
                        Err(ActionError::Refused(why)) => decided.refused.push(why),
                        Err(error) => return Err(error),
                    }
                }
                Ok(decided)
            })
            .await
    }

    fn mark_one(&self, tx: &mut Tx<'_>, user: &User, id: ReminderId) -> Result<(), ActionError> {
        let reminder = unconfirmed(tx, user, id)?;
        tx.mark_sent(id, self.clock().now())?;
        self.record_decision(tx, user, &reminder, "reminder.marked_sent")?;
        Ok(())
    }

    fn repeat_one(&self, tx: &mut Tx<'_>, user: &User, id: ReminderId) -> Result<(), ActionError> {
        let reminder = unconfirmed(tx, user, id)?;
        let row = tx.invoice(user.organisation_id, reminder.invoice_id)?.ok_or(ActionError::NotFound)?;
        let (number, invoice) = (&row.invoice.number, &row.invoice);
        let refused = |why: String| Err(ActionError::Refused(why));
        if let Some(why) = invoice.ineligible() {
            return refused(format!("The reminder of {number} was not sent again. {why}"));
        }
        if invoice.balance != reminder.balance
            || invoice.due_on != reminder.due_on
            || row.recipient != reminder.recipient
        {
            return refused(format!(
                "What the reminder of {number} says is not so any more: balance, due day or address have changed. Send a new one from the invoice."
            ));
        }
        if reminder.later > 0 {
            return refused(format!("{number} has been reminded since, or a reminder of it is on its way."));
        }
        let now = self.clock().now();
        tx.send_again(&reminder, now + self.0.settings.retry_deadline, now)?;
        self.record_decision(tx, user, &reminder, "reminder.repeated")?;
        Ok(())
    }

    fn record_decision(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        reminder: &UnconfirmedReminder,
        event: &'static str,
    ) -> Result<(), StoreError> {
        tx.record(&AuditEntry {
            id: self.0.ids.next(),
            organisation_id: user.organisation_id,
            at: self.clock().now(),
            actor: Actor::User(user.id),
            event,
            invoice_id: Some(reminder.invoice_id),
            mail_id: Some(reminder.id),
            batch_id: None,
            detail: String::new(),
        })
    }
}

fn unconfirmed(tx: &mut Tx<'_>, user: &User, id: ReminderId) -> Result<UnconfirmedReminder, ActionError> {
    tx.reminder(user.organisation_id, id)?.ok_or(ActionError::NotFound)?;
    tx.unconfirmed_reminder(user.organisation_id, id)?.ok_or_else(|| {
        ActionError::Refused("It is known by now what became of this reminder; see its timeline.".to_owned())
    })
}
