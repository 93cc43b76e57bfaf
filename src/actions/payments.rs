//! Payments that people record: all that is owed, or a part of it. All of it ends the reminding of the invoice; after a
//! part a reminder that has not left is rendered anew by itself (promise P8).

use super::{ActionError, Actions};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::invoice::{Invoice, InvoiceState};
use crate::domain::organisation::day_in_words;
use crate::domain::payment::Payment;
use crate::domain::person::{Actor, Principal};
use crate::store::Tx;

impl Actions {
    /// Records a payment; says which reminders are past recall. Recording the same one twice is recording it once.
    ///
    /// # Errors
    /// When there is no such invoice, or it cannot be paid so: [`ActionError::Payment`].
    pub async fn record_payment(
        &self,
        by: &Principal,
        id: InvoiceId,
        payment: Payment,
    ) -> Result<Vec<ReminderId>, ActionError> {
        self.change_invoice(by, id, move |tx, actions, actor, row| {
            match tx.invoice_of_payment(payment.id)? {
                None => actions.take_payment(tx, actor, &row.invoice, &payment, "payment.recorded"),
                Some(paid) if paid == row.invoice.id => Ok(Vec::new()),
                Some(_) => Err(ActionError::NotFound),
            }
        })
        .await
    }

    /// Records that all that is owed on an invoice was paid today; says which reminders are past recall.
    ///
    /// # Errors
    /// When there is no such invoice, or nothing is owed on it.
    pub async fn mark_as_paid(&self, by: &Principal, id: InvoiceId) -> Result<Vec<ReminderId>, ActionError> {
        self.change_invoice(by, id, |tx, actions, actor, row| {
            let invoice = &row.invoice;
            let today = tx.organisation(invoice.organisation_id)?.day_of(actions.clock().now());
            let payment = Payment::of_all(invoice, actions.0.ids.next(), today);
            actions.take_payment(tx, actor, invoice, &payment, "invoice.paid")
        })
        .await
    }

    fn take_payment(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        invoice: &Invoice,
        payment: &Payment,
        event: &'static str,
    ) -> Result<Vec<ReminderId>, ActionError> {
        let (organisation, now) = (invoice.organisation_id, self.clock().now());
        let after = payment.applied_to(invoice, tx.organisation(organisation)?.day_of(now))?;
        tx.record_payment(invoice.id, payment, &after, actor, now)?;
        let handed_over = match after.state {
            InvoiceState::Paid => {
                self.close(tx, actor, organisation, &[invoice.id], "The invoice was paid.")?
            }
            _ => self.past_recall(tx, actor, organisation, &[invoice.id], "A part of it was paid.")?,
        };
        let mut detail = format!("{} on {}", payment.amount, day_in_words(payment.paid_on));
        if after.balance.is_positive() {
            detail.push_str(&format!("; {} is still owed", after.balance));
        }
        self.record_invoice(tx, actor, invoice, event, detail)?;
        Ok(handed_over)
    }
}
