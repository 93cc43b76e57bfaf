//! What ends the reminding of an invoice: archive, void; for payments see `payments`. Pending reminders are called back
//! with the reason, in the same transaction (promise P7). Those past the point of no return cannot be: the answer and
//! the timeline name them.

use super::{ActionError, Actions};
use crate::domain::ids::{InvoiceId, OrganisationId, ReminderId};
use crate::domain::invoice::{Invoice, InvoiceState};
use crate::domain::person::{Actor, Principal};
use crate::store::{AuditEntry, CalledBack, InvoiceRow, StoreError, Tx};

impl Actions {
    /// Takes an invoice out of the working list; says which reminders are past recall.
    ///
    /// # Errors
    /// When there is no such invoice. Archiving twice changes nothing.
    pub async fn archive_invoice(
        &self,
        by: &Principal,
        id: InvoiceId,
    ) -> Result<Vec<ReminderId>, ActionError> {
        self.change_invoice(by, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if invoice.archived_at.is_some() {
                return Ok(Vec::new());
            }
            let now = actions.clock().now();
            tx.set_archived(invoice.id, Some(now), now)?;
            let (organisation, reason) = (invoice.organisation_id, "The invoice was archived.");
            let handed_over = actions.close(tx, actor, organisation, &[invoice.id], reason)?;
            actions.record_invoice(tx, actor, invoice, "invoice.archived", String::new())?;
            Ok(handed_over)
        })
        .await
    }

    /// Withdraws an invoice; says which reminders are past recall.
    ///
    /// # Errors
    /// When there is no such invoice, or it is paid or credited. Withdrawing twice changes nothing.
    pub async fn void_invoice(&self, by: &Principal, id: InvoiceId) -> Result<Vec<ReminderId>, ActionError> {
        self.change_invoice(by, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if invoice.state == InvoiceState::Void {
                return Ok(Vec::new());
            }
            if !invoice.may_be_voided() {
                let why = format!("{} is settled already and cannot be made void.", invoice.number);
                return Err(ActionError::Refused(why));
            }
            tx.void_invoice(invoice.id, actions.clock().now())?;
            let (organisation, reason) = (invoice.organisation_id, "The invoice was made void.");
            let handed_over = actions.close(tx, actor, organisation, &[invoice.id], reason)?;
            let detail = format!("{} is not owed any more.", invoice.balance);
            actions.record_invoice(tx, actor, invoice, "invoice.voided", detail)?;
            Ok(handed_over)
        })
        .await
    }

    /// Brings an invoice back to the working list.
    ///
    /// # Errors
    /// When there is no such invoice. Bringing back twice changes nothing.
    pub async fn unarchive_invoice(&self, by: &Principal, id: InvoiceId) -> Result<(), ActionError> {
        self.change_invoice(by, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            if invoice.archived_at.is_none() {
                return Ok(());
            }
            tx.set_archived(invoice.id, None, actions.clock().now())?;
            actions.record_invoice(tx, actor, invoice, "invoice.unarchived", String::new())
        })
        .await
    }

    /// Changes the customers and invoices of an organisation, which nobody else changes meanwhile.
    pub(super) async fn change_ledger<T: Send + 'static>(
        &self,
        by: &Principal,
        change: impl FnOnce(&mut Tx<'_>, &Actions, Actor, OrganisationId) -> Result<T, ActionError>
        + Send
        + 'static,
    ) -> Result<T, ActionError> {
        let (actions, organisation, actor) = (self.clone(), by.organisation_id, by.actor);
        self.0
            .store
            .write(move |tx| {
                tx.lock_ledger(organisation)?;
                change(tx, &actions, actor, organisation)
            })
            .await
    }

    /// Changes one invoice, which nobody else changes meanwhile.
    pub(super) async fn change_invoice<T: Send + 'static>(
        &self,
        by: &Principal,
        id: InvoiceId,
        change: impl FnOnce(&mut Tx<'_>, &Actions, Actor, &InvoiceRow) -> Result<T, ActionError> + Send + 'static,
    ) -> Result<T, ActionError> {
        let (actions, organisation, actor) = (self.clone(), by.organisation_id, by.actor);
        self.0
            .store
            .write(move |tx| {
                let row = tx.invoice_to_change(organisation, id)?.ok_or(ActionError::NotFound)?;
                change(tx, &actions, actor, &row)
            })
            .await
    }

    /// Calls back the open reminders of invoices that are not to be reminded any more; says which are past recall.
    pub(super) fn close(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        invoices: &[InvoiceId],
        reason: &str,
    ) -> Result<Vec<ReminderId>, StoreError> {
        let called_back = tx.cancel_reminders_of(invoices, reason, self.clock().now())?;
        self.record_called_back(tx, actor, organisation_id, &called_back, reason)?;
        self.past_recall(tx, actor, organisation_id, invoices, reason)
    }

    /// The reminders of invoices that are past the point of no return while what they say ceases to be so: it stands in
    /// each invoice's timeline.
    pub(super) fn past_recall(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        invoices: &[InvoiceId],
        reason: &str,
    ) -> Result<Vec<ReminderId>, StoreError> {
        let handed_over = tx.handed_over(invoices)?;
        self.record_of_mails(tx, actor, organisation_id, "reminder.past_recall", &handed_over, reason)?;
        Ok(handed_over.into_iter().map(|(reminder, _)| reminder).collect())
    }

    /// Reminders that were called back: cancelled, or not sent again.
    pub(super) fn record_called_back(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation_id: OrganisationId,
        called_back: &[CalledBack],
        reason: &str,
    ) -> Result<(), StoreError> {
        for (event, is_repeat) in [("reminder.cancelled", false), ("reminder.not_repeated", true)] {
            let of_kind = called_back.iter().filter(|mail| mail.is_repeat == is_repeat);
            let mails: Vec<_> = of_kind.map(|mail| (mail.reminder_id, mail.invoice_id)).collect();
            self.record_of_mails(tx, actor, organisation_id, event, &mails, reason)?;
        }
        Ok(())
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

    pub(super) fn record_invoice(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        invoice: &Invoice,
        event: &'static str,
        detail: String,
    ) -> Result<(), ActionError> {
        tx.record(&AuditEntry {
            id: self.0.ids.next(),
            organisation_id: invoice.organisation_id,
            at: self.clock().now(),
            actor,
            event,
            invoice_id: Some(invoice.id),
            mail_id: None,
            batch_id: None,
            detail,
        })?;
        Ok(())
    }
}
