//! Calling back reminders that are before the point of no return.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::Text;

use super::candidates::id_list;
use super::columns::parsed;
use super::sql::Sql;
use super::{StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{BatchId, InvoiceId, OrganisationId, ReminderId};

impl Tx<'_> {
    /// Calls back open reminders of some invoices that are before the point of no return; says which.
    pub fn cancel_reminders_of(
        &mut self,
        invoices: &[InvoiceId],
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        let chosen = self.connection().listed("$4");
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
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        self.cancel_where("batch_id = $4", batch.to_string(), reason, now)
    }

    /// Calls back one reminder that is before the point of no return.
    pub fn cancel_reminder(
        &mut self,
        id: ReminderId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        self.cancel_where("id = $4 AND kind = 'reminder'", id.to_string(), reason, now)
    }

    /// Calls back an organisation's reminders to an address that are before the point of no return; says which.
    pub fn cancel_reminders_to(
        &mut self,
        organisation: OrganisationId,
        address: &EmailAddress,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        self.cancel_where(
            &format!(
                "organisation_id = '{organisation}' AND kind = 'reminder' \
                 AND customer_id IN (SELECT c.id FROM customer c WHERE LOWER(c.email) = $4)"
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
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        #[derive(QueryableByName)]
        struct CancelledRow {
            #[diesel(sql_type = Text)]
            id: String,
            #[diesel(sql_type = Text)]
            invoice_id: String,
        }
        Sql::new(&format!(
            "UPDATE outbox SET state = 'Cancelled', phase = 'Cancelled', claim_token = NULL, cancelled_at = $1, \
             updated_at = $2, reason = $3 \
             WHERE state IN ('Scheduled', 'Pending', 'Claimed') AND {condition} RETURNING id, invoice_id"
        ))
        .bind(now)
        .bind(now)
        .bind(reason)
        .bind(value)
        .load::<CancelledRow>(self.connection())?
        .iter()
        .map(|row| Ok((parsed("outbox.id", &row.id)?, parsed("outbox.invoice_id", &row.invoice_id)?)))
        .collect()
    }
}
