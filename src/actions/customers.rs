//! Customers as people change them: name and address.

use super::{ActionError, Actions};
use crate::domain::customer::CustomerEdit;
use crate::domain::ids::{CustomerId, ReminderId};
use crate::domain::person::Principal;
use crate::store::WrittenCustomer;

impl Actions {
    /// Changes a customer's name and address. Reminders that have not left go to the new address by themselves; says
    /// which are past recall on their way to the old one.
    ///
    /// # Errors
    /// When there is no such customer. An edit that changes nothing leaves no trace.
    pub async fn edit_customer(
        &self,
        by: &Principal,
        id: CustomerId,
        edit: CustomerEdit,
    ) -> Result<Vec<ReminderId>, ActionError> {
        let (actions, organisation, actor) = (self.clone(), by.organisation_id, by.actor);
        self.0
            .store
            .write(move |tx| {
                tx.lock_ledger(organisation)?;
                let kept = tx.customer(organisation, id)?.ok_or(ActionError::NotFound)?;
                let Some(changes) = kept.changes(&edit) else { return Ok(Vec::new()) };
                let is_readdressed = kept.email != edit.email;
                let written =
                    WrittenCustomer { id, external_id: kept.external_id, name: edit.name, email: edit.email };
                let now = actions.clock().now();
                tx.write_customers(organisation, &[written], now)?;
                actions.note(tx, organisation, actor, "customer.edited", None, changes, now)?;
                if !is_readdressed {
                    return Ok(Vec::new());
                }
                let invoices = tx.invoices_on_their_way(id)?;
                let reason = "The customer\u{2019}s address was changed.";
                Ok(actions.past_recall(tx, actor, organisation, &invoices, reason)?)
            })
            .await
    }
}
