//! Invoices that programs bring and change one by one, by the rules of a ledger file.

use super::imports::{Writing, terms};
use super::{ActionError, Actions};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::ledger::{InvoiceEdit, InvoiceValues, NewInvoice};
use crate::domain::person::Principal;

impl Actions {
    /// Adds an invoice. Adding it again with the same id is adding it once.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when there is no such customer, [`ActionError::Refused`] when another invoice of the
    /// customer has its number, [`ActionError::Invoice`] when it contradicts itself.
    pub async fn add_invoice(
        &self,
        by: &Principal,
        id: InvoiceId,
        new: NewInvoice,
    ) -> Result<(), ActionError> {
        self.change_ledger(by, move |tx, actions, actor, organisation| {
            if tx.invoice(organisation, id)?.is_some() {
                return Ok(());
            }
            let customer = tx.customer(organisation, new.customer_id)?.ok_or(ActionError::NotFound)?;
            let key = (customer.id, new.number.clone());
            if !tx.ledger_invoices(std::slice::from_ref(&key))?.is_empty() {
                let why = format!("{} has an invoice {} already.", customer.name, new.number);
                return Err(ActionError::Refused(why));
            }
            let now = actions.clock().now();
            let values = new.values(terms(tx, organisation, false, now)?)?;
            let writing = Writing { actions, actor, organisation, now };
            let (invoice, entry) = writing.invoice(id, customer.id, new.number, None, values);
            tx.write_invoices(organisation, &[invoice], now)?;
            tx.record(&entry)?;
            Ok(())
        })
        .await
    }

    /// Changes an invoice; says which reminders are past recall. What it settles or withdraws is not reminded of any
    /// more; other reminders that have not left are rendered anew by themselves.
    ///
    /// # Errors
    /// When there is no such invoice; [`ActionError::Invoice`] when what it would become contradicts itself or undoes
    /// what Dunlin itself recorded. An edit that changes nothing leaves no trace.
    pub async fn edit_invoice(
        &self,
        by: &Principal,
        id: InvoiceId,
        edit: InvoiceEdit,
    ) -> Result<Vec<ReminderId>, ActionError> {
        self.change_ledger(by, move |tx, actions, actor, organisation| {
            let stored = tx.ledger_invoice_to_change(organisation, id)?.ok_or(ActionError::NotFound)?;
            let now = actions.clock().now();
            let values = edit.values(&stored, terms(tx, organisation, edit.reopen, now)?)?;
            if values == InvoiceValues::of(&stored) {
                return Ok(Vec::new());
            }
            let closed = values.closed_because();
            let writing = Writing { actions, actor, organisation, now };
            let kept = &stored.invoice;
            let (invoice, entry) =
                writing.invoice(id, kept.customer_id, kept.number.clone(), Some(&stored), values);
            tx.write_invoices(organisation, &[invoice], now)?;
            tx.record(&entry)?;
            Ok(match closed {
                Some(reason) => actions.close(tx, actor, organisation, &[id], reason)?,
                None => actions.past_recall(tx, actor, organisation, &[id], "The invoice was changed.")?,
            })
        })
        .await
    }
}
