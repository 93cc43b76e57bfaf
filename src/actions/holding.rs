//! What keeps addresses, customers and invoices from being mailed: suppressions and holds. What is open and has not left
//! is called back in the same transaction (promise P7); what was handed over already is named.

use chrono::{DateTime, Utc};

use super::{ActionError, Actions};
use crate::domain::hold::Hold;
use crate::domain::ids::{CustomerId, InvoiceId, OrganisationId, ReminderId, SuppressionId};
use crate::domain::person::{Actor, Principal};
use crate::domain::suppression::NewSuppression;
use crate::domain::text::Line;
use crate::store::{AuditEntry, StoreError, Suppress, Tx};

impl Actions {
    /// Adds an address to those that must not be mailed. Adding it again with the same id is adding it once.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when it is there already.
    pub async fn suppress(
        &self,
        by: &Principal,
        id: SuppressionId,
        new: NewSuppression,
    ) -> Result<(), ActionError> {
        let (actions, organisation_id, actor) = (self.clone(), by.organisation_id, by.actor);
        self.0
            .store
            .write(move |tx| {
                if tx.suppression(organisation_id, id)?.is_some() {
                    return Ok(());
                }
                let NewSuppression { address, reason, evidence } = &new;
                let evidence = evidence.as_ref().map_or("", Line::as_str);
                let new = Suppress { id, organisation_id, address, reason: *reason, evidence, actor };
                match actions.suppress_in(tx, &new, actions.clock().now())? {
                    true => Ok(()),
                    false => Err(ActionError::Refused(format!("{address} is suppressed already."))),
                }
            })
            .await
    }

    /// Takes an address off the list, with a reason.
    ///
    /// # Errors
    /// When there is no such active suppression, or it rests on a complaint.
    pub async fn lift_suppression(
        &self,
        by: &Principal,
        id: SuppressionId,
        reason: Line,
    ) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let found = tx.suppression(by.organisation_id, id)?.ok_or(ActionError::NotFound)?;
                if !found.reason.may_be_lifted() {
                    return Err(ActionError::Refused(format!(
                        "The recipient of {} complained: that cannot be lifted.",
                        found.address
                    )));
                }
                let (now, actor) = (actions.clock().now(), by.actor);
                if tx.lift_suppression(by.organisation_id, id, actor, reason.as_str(), now)? {
                    let detail = format!("{}: {reason}", found.address);
                    actions.note(tx, by.organisation_id, actor, "suppression.lifted", None, detail, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Sets or, with `None`, lifts the hold on an invoice; says which reminders are past recall.
    ///
    /// # Errors
    /// When there is no such invoice, or the hold has ended already.
    pub async fn hold_invoice(
        &self,
        by: &Principal,
        id: InvoiceId,
        hold: Option<Hold>,
    ) -> Result<Vec<ReminderId>, ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let row = tx.invoice(by.organisation_id, id)?.ok_or(ActionError::NotFound)?;
                if hold.is_none() && row.holds.invoice.is_none() {
                    return Ok(Vec::new());
                }
                tx.hold_invoice(id, hold.as_ref(), actions.clock().now())?;
                actions.held(tx, &by, &[id], Some(id), hold.as_ref(), "invoice")
            })
            .await
    }

    /// Sets or, with `None`, lifts the hold on a customer; says which reminders are past recall.
    ///
    /// # Errors
    /// When there is no such customer, or the hold has ended already.
    pub async fn hold_customer(
        &self,
        by: &Principal,
        id: CustomerId,
        hold: Option<Hold>,
    ) -> Result<Vec<ReminderId>, ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                tx.customer(by.organisation_id, id)?.ok_or(ActionError::NotFound)?;
                if hold.is_none() && tx.customer_hold(by.organisation_id, id)?.is_none() {
                    return Ok(Vec::new());
                }
                tx.hold_customer(id, hold.as_ref(), actions.clock().now())?;
                let invoices = tx.invoices_on_their_way(id)?;
                actions.held(tx, &by, &invoices, None, hold.as_ref(), "customer")
            })
            .await
    }

    fn held(
        &self,
        tx: &mut Tx<'_>,
        by: &Principal,
        invoices: &[InvoiceId],
        invoice: Option<InvoiceId>,
        hold: Option<&Hold>,
        what: &str,
    ) -> Result<Vec<ReminderId>, ActionError> {
        let (actor, organisation, now) = (by.actor, by.organisation_id, self.clock().now());
        let today = tx.organisation(organisation)?.day_of(now);
        if hold.is_some_and(|hold| !hold.is_active(today)) {
            return Err(ActionError::Refused("The last day has passed.".to_owned()));
        }
        let event = match (hold.is_some(), what) {
            (true, "invoice") => "invoice.held",
            (false, "invoice") => "invoice.released",
            (true, _) => "customer.held",
            (false, _) => "customer.released",
        };
        let detail = hold.map(ToString::to_string).unwrap_or_default();
        self.note(tx, organisation, actor, event, invoice, detail, now)?;
        let Some(hold) = hold else { return Ok(Vec::new()) };
        Ok(self.close(
            tx,
            actor,
            organisation,
            invoices,
            &format!("Reminders are on hold: {}.", hold.reason),
        )?)
    }

    /// Suppresses an address inside a transaction; `false` when it is suppressed already.
    pub(super) fn suppress_in(
        &self,
        tx: &mut Tx<'_>,
        new: &Suppress<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some(cancelled) = tx.suppress(new, now)? else { return Ok(false) };
        let (organisation, actor) = (new.organisation_id, new.actor);
        self.record_called_back(tx, actor, organisation, &cancelled, "The address is suppressed.")?;
        let detail = format!("{}: {}", new.address, new.evidence);
        self.note(tx, organisation, actor, "suppression.added", None, detail, now)?;
        Ok(true)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
    pub(super) fn note(
        &self,
        tx: &mut Tx<'_>,
        organisation_id: OrganisationId,
        actor: Actor,
        event: &'static str,
        invoice_id: Option<InvoiceId>,
        detail: String,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        tx.record(&AuditEntry {
            id: self.0.ids.next(),
            organisation_id,
            at,
            actor,
            event,
            invoice_id,
            mail_id: None,
            batch_id: None,
            detail,
        })
    }
}
