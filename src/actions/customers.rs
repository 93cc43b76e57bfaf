//! Customers as people and programs bring and change them: customer id, name and address.

use super::{ActionError, Actions};
use crate::domain::customer::{CustomerEdit, NewCustomer};
use crate::domain::ids::{CustomerId, OrganisationId, ReminderId};
use crate::domain::person::Principal;
use crate::domain::text::Line;
use crate::store::{Tx, WrittenCustomer};

impl Actions {
    /// Adds a customer. Adding it again with the same id is adding it once.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when another customer has its customer id.
    pub async fn add_customer(
        &self,
        by: &Principal,
        id: CustomerId,
        new: NewCustomer,
    ) -> Result<(), ActionError> {
        self.change_ledger(by, move |tx, actions, actor, organisation| {
            if tx.customer(organisation, id)?.is_some() {
                return Ok(());
            }
            is_free(tx, organisation, id, new.external_id.as_ref())?;
            let (now, detail) = (actions.clock().now(), new.name.to_string());
            let NewCustomer { external_id, name, email } = new;
            tx.write_customers(organisation, &[WrittenCustomer { id, external_id, name, email }], now)?;
            actions.note(tx, organisation, actor, "customer.created", None, detail, now)?;
            Ok(())
        })
        .await
    }

    /// Changes a customer. Reminders that have not left go to a new address by themselves; says which are past recall on
    /// their way to the old one.
    ///
    /// # Errors
    /// When there is no such customer; [`ActionError::Refused`] when another has its new customer id. An edit that
    /// changes nothing leaves no trace.
    pub async fn edit_customer(
        &self,
        by: &Principal,
        id: CustomerId,
        edit: CustomerEdit,
    ) -> Result<Vec<ReminderId>, ActionError> {
        self.change_ledger(by, move |tx, actions, actor, organisation| {
            let kept = tx.customer(organisation, id)?.ok_or(ActionError::NotFound)?;
            let after = kept.edited(edit);
            let Some(changes) = kept.changes(&after) else { return Ok(Vec::new()) };
            is_free(tx, organisation, id, after.external_id.as_ref())?;
            let is_readdressed = kept.email != after.email;
            let written =
                WrittenCustomer { id, external_id: after.external_id, name: after.name, email: after.email };
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

/// Whether no other customer has a customer id.
fn is_free(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    own: CustomerId,
    external_id: Option<&Line>,
) -> Result<(), ActionError> {
    let Some(external_id) = external_id else { return Ok(()) };
    match tx.customer_of_external_id(organisation, external_id)? {
        Some(other) if other != own => {
            Err(ActionError::Refused(format!("Another customer has the customer id {external_id}.")))
        }
        _ => Ok(()),
    }
}
