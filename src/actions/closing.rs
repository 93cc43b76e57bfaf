//! What ends the reminding of an invoice: payment, archive. Pending reminders are called back with the reason, in the
//! same transaction (promise P7).

use super::{ActionError, Actions};
use crate::domain::ids::{InvoiceId, OrganisationId, ReminderId};
use crate::domain::person::{Actor, User};
use crate::store::{AuditEntry, InvoiceRow, StoreError, Tx};

impl Actions {
    /// Records that all that is owed on an invoice was paid today.
    ///
    /// # Errors
    /// When there is no such invoice, or nothing is owed on it.
    pub async fn mark_as_paid(&self, user: &User, id: InvoiceId) -> Result<(), ActionError> {
        self.change_invoice(user, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if !invoice.is_owed() {
                return Err(ActionError::Refused(format!("Nothing is owed on {}.", invoice.number)));
            }
            let now = actions.clock().now();
            let today = tx.organisation(invoice.organisation_id)?.day_of(now);
            tx.record_full_payment(actions.0.ids.next(), invoice, today, actor, now)?;
            actions.close(tx, actor, invoice.organisation_id, &[invoice.id], "The invoice was paid.")?;
            let detail = format!("{} paid on {today}", invoice.balance);
            actions.record_invoice(tx, actor, invoice.organisation_id, invoice.id, "invoice.paid", detail)
        })
        .await
    }

    /// Takes an invoice out of the working list.
    ///
    /// # Errors
    /// When there is no such invoice. Archiving twice changes nothing.
    pub async fn archive_invoice(&self, user: &User, id: InvoiceId) -> Result<(), ActionError> {
        self.change_invoice(user, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if invoice.archived_at.is_some() {
                return Ok(());
            }
            let now = actions.clock().now();
            tx.set_archived(invoice.id, Some(now), now)?;
            actions.close(tx, actor, invoice.organisation_id, &[invoice.id], "The invoice was archived.")?;
            actions.record_invoice(
                tx,
                actor,
                invoice.organisation_id,
                invoice.id,
                "invoice.archived",
                String::new(),
            )
        })
        .await
    }

    /// Brings an invoice back to the working list.
    ///
    /// # Errors
    /// When there is no such invoice. Bringing back twice changes nothing.
    pub async fn unarchive_invoice(&self, user: &User, id: InvoiceId) -> Result<(), ActionError> {
        self.change_invoice(user, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if invoice.archived_at.is_none() {
                return Ok(());
            }
            tx.set_archived(invoice.id, None, actions.clock().now())?;
            actions.record_invoice(
                tx,
                actor,
                invoice.organisation_id,
                invoice.id,
                "invoice.unarchived",
                String::new(),
            )
        })
        .await
    }

    async fn change_invoice(
        &self,
        user: &User,
        id: InvoiceId,
        change: impl FnOnce(&mut Tx<'_>, &Actions, Actor, &InvoiceRow) -> Result<(), ActionError> + Send + 'static,
    ) -> Result<(), ActionError> {
        let (actions, organisation, actor) = (self.clone(), user.organisation_id, Actor::User(user.id));
        self.0
            .store
            .write(move |tx| {
                let row = tx.invoice(organisation, id)?.ok_or(ActionError::NotFound)?;
                change(tx, &actions, actor, &row)
            })
            .await
    }

    /// Calls back the open reminders of invoices that are not to be reminded any more. Those that are past the point of no
    /// return cannot be: each invoice's timeline names them.
    pub(super) fn close(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        invoices: &[InvoiceId],
        reason: &str,
    ) -> Result<(), StoreError> {
        let cancelled = tx.cancel_reminders_of(invoices, reason, self.clock().now())?;
        self.record_cancelled(tx, actor, organisation_id, &cancelled, reason)?;
        let handed_over = tx.handed_over(invoices)?;
        self.record_of_mails(tx, actor, organisation_id, "reminder.past_recall", &handed_over, reason)
    }

    pub(super) fn record_cancelled(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        cancelled: &[(ReminderId, InvoiceId)],
        reason: &str,
    ) -> Result<(), StoreError> {
        self.record_of_mails(tx, actor, organisation_id, "reminder.cancelled", cancelled, reason)
    }

    fn record_of_mails(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        event: &'static str,
        mails: &[(ReminderId, InvoiceId)],
        reason: &str,
    ) -> Result<(), StoreError> {
        let entries: Vec<AuditEntry> = mails
            .iter()
            .map(|(mail_id, invoice_id)| AuditEntry {
                id: self.0.ids.next(),
                organisation_id,
                at: self.clock().now(),
                actor,
                event,
                invoice_id: Some(*invoice_id),
                mail_id: Some(*mail_id),
                batch_id: None,
                detail: reason.to_owned(),
            })
            .collect();
        tx.record_all(&entries)
    }

    fn record_invoice(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        invoice_id: InvoiceId,
        event: &'static str,
        detail: String,
    ) -> Result<(), ActionError> {
        tx.record(&AuditEntry {
            id: self.0.ids.next(),
            organisation_id,
            at: self.clock().now(),
            actor,
            event,
            invoice_id: Some(invoice_id),
            mail_id: None,
            batch_id: None,
            detail,
        })?;
        Ok(())
    }
}
