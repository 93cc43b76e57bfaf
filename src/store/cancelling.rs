//! Calling back reminders that are before the point of no return. One that was to go out again is then what it was before:
//! unconfirmed.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};

use super::candidates::id_list;
use super::columns::parsed;
use super::sql::Sql;
use super::{StoreError, Tx};
use crate::domain::delivery::not_sent_again;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{BatchId, InvoiceId, OrganisationId, ReminderId};

/// A reminder that was called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalledBack {
    /// Which one.
    pub reminder_id: ReminderId,
    /// Its invoice.
    pub invoice_id: InvoiceId,
    /// Whether it was to go out again: then it is not cancelled, for it may have been delivered.
    pub is_repeat: bool,
}

impl Tx<'_> {
    /// Calls back open reminders of some invoices that are before the point of no return; says which.
    pub fn cancel_reminders_of(
        &mut self,
        invoices: &[InvoiceId],
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalledBack>, StoreError> {
        let chosen = self.connection().listed("$5");
        self.cancel_where(
            &format!("invoice_id IN ({chosen}) AND kind = 'reminder'"),
            id_list(invoices),
            reason,
            now,
        )
    }

    /// Calls back what of a batch is before the point of no return; says which.
    pub fn cancel_batch(
        &mut self,
        batch: BatchId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalledBack>, StoreError> {
        self.cancel_where("batch_id = $5", batch.to_string(), reason, now)
    }

    /// Calls back one reminder that is before the point of no return.
    pub fn cancel_reminder(
        &mut self,
        id: ReminderId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalledBack>, StoreError> {
        self.cancel_where("id = $5 AND kind = 'reminder'", id.to_string(), reason, now)
    }

    /// Calls back an organisation's reminders to an address that are before the point of no return; says which.
    pub fn cancel_reminders_to(
        &mut self,
        organisation: OrganisationId,
        address: &EmailAddress,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalledBack>, StoreError> {
        self.cancel_where(
            &format!(
                "organisation_id = '{organisation}' AND kind = 'reminder' \
                 AND customer_id IN (SELECT c.id FROM customer c WHERE LOWER(c.email) = $5)"
            ),
            address.folded(),
            reason,
            now,
        )
    }

    fn cancel_where(
        &mut self,
        condition: &str,
        value: String,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalledBack>, StoreError> {
        #[derive(QueryableByName)]
        struct CancelledRow {
            #[diesel(sql_type = Text)]
            id: String,
            #[diesel(sql_type = Text)]
            invoice_id: String,
            #[diesel(sql_type = Bool)]
            is_unconfirmed: bool,
        }
        let outcome = "CASE WHEN is_repeat THEN 'Unconfirmed' ELSE 'Cancelled' END";
        Sql::new(&format!(
            "UPDATE outbox SET state = {outcome}, phase = {outcome}, is_repeat = FALSE, claim_token = NULL, \
             cancelled_at = CASE WHEN is_repeat THEN NULL ELSE $1 END, updated_at = $2, \
             reason = CASE WHEN is_repeat THEN $3 ELSE $4 END \
             WHERE state IN ('Scheduled', 'Pending', 'Claimed') AND {condition} \
             RETURNING id, invoice_id, state = 'Unconfirmed' AS is_unconfirmed"
        ))
        .bind(now)
        .bind(now)
        .bind(not_sent_again(reason))
        .bind(reason)
        .bind(value)
        .load::<CancelledRow>(self.connection())?
        .iter()
        .map(|row| {
            Ok(CalledBack {
                reminder_id: parsed("outbox.id", &row.id)?,
                invoice_id: parsed("outbox.invoice_id", &row.invoice_id)?,
                is_repeat: row.is_unconfirmed,
            })
        })
        .collect()
    }
}
