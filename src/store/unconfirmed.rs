//! Mails that may have been delivered, and what a person decides about them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::columns::{count, money, parsed, parsed_option};
use super::enqueue::NewReminder;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{BatchId, CustomerId, InvoiceId, OrganisationId, ReminderId};
use crate::domain::money::Money;

/// A reminder that may have been delivered, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnconfirmedReminder {
    /// Which one.
    pub id: ReminderId,
    /// Its invoice.
    pub invoice_id: InvoiceId,
    /// Who owes.
    pub customer_id: CustomerId,
    /// What it said is owed.
    pub balance: Money,
    /// The due day it named.
    pub due_on: NaiveDate,
    /// Who it was handed over for.
    pub recipient: Option<EmailAddress>,
    /// How many other reminders of the invoice are open or were asked for after it.
    pub later: usize,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    invoice_id: String,
    #[diesel(sql_type = Text)]
    customer_id: String,
    #[diesel(sql_type = BigInt)]
    rendered_balance: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Date)]
    rendered_due_on: NaiveDate,
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
    #[diesel(sql_type = BigInt)]
    later: i64,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

impl Snapshot<'_> {
    /// The reminders of a batch that may have been delivered.
    pub fn unconfirmed_ids(
        &mut self,
        organisation: OrganisationId,
        batch: BatchId,
    ) -> Result<Vec<ReminderId>, StoreError> {
        Sql::new(
            "SELECT id FROM outbox WHERE organisation_id = $1 AND batch_id = $2 AND phase = 'Unconfirmed' ORDER BY id",
        )
        .bind(organisation.to_string())
        .bind(batch.to_string())
        .load::<IdRow>(self.connection())?
        .iter()
        .map(|row| parsed("outbox.id", &row.id))
        .collect()
    }

    /// A reminder that may have been delivered; `None` when it is none or no such one.
    pub fn unconfirmed_reminder(
        &mut self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<Option<UnconfirmedReminder>, StoreError> {
        Sql::new(
            "SELECT o.id, o.invoice_id, o.customer_id, o.rendered_balance, i.currency, o.rendered_due_on, o.recipient, \
             (SELECT COUNT(*) FROM outbox l WHERE l.invoice_id = o.invoice_id AND l.kind = 'reminder' AND l.id <> o.id \
             AND (l.state IN ('Pending', 'Claimed', 'Committed') \
             OR (l.state IN ('Sent', 'Unconfirmed') AND l.created_at >= o.committed_at))) AS later \
             FROM outbox o JOIN invoice i ON i.id = o.invoice_id \
             WHERE o.organisation_id = $1 AND o.id = $2 AND o.state = 'Unconfirmed' AND o.kind = 'reminder'",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<Row>(self.connection())?
        .map(|row| {
            Ok(UnconfirmedReminder {
                id: parsed("outbox.id", &row.id)?,
                invoice_id: parsed("outbox.invoice_id", &row.invoice_id)?,
                customer_id: parsed("outbox.customer_id", &row.customer_id)?,
                balance: money("outbox.rendered_balance", row.rendered_balance, &row.currency)?,
                due_on: row.rendered_due_on,
                recipient: parsed_option("outbox.recipient", row.recipient.as_deref())?,
                later: count("count", row.later)?,
            })
        })
        .transpose()
    }
}

impl Tx<'_> {
    /// Records on a person's word that a mail was delivered, at the time of its point of no return.
    pub fn mark_sent(&mut self, id: ReminderId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE outbox SET state = 'Sent', phase = 'Sent', sent_at = committed_at, reason = NULL, commit_token = NULL, \
             updated_at = $1 WHERE id = $2 AND state = 'Unconfirmed'",
        )
        .bind(now)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Puts a mail that may have been delivered back, to go out byte for byte as it was; it takes its invoice's slot.
    pub fn send_again(
        &mut self,
        reminder: &UnconfirmedReminder,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE outbox SET state = 'Pending', phase = 'Pending', is_repeat = TRUE, not_before = $1, expires_at = $2, \
             updated_at = $3, reason = NULL WHERE id = $4 AND state = 'Unconfirmed'",
        )
        .bind(now)
        .bind(expires_at)
        .bind(now)
        .bind(reminder.id.to_string())
        .execute(self.connection())?;
        let slot = NewReminder {
            id: reminder.id,
            invoice_id: reminder.invoice_id,
            customer_id: reminder.customer_id,
            resend_of: None,
        };
        self.take_slots(std::slice::from_ref(&slot))?;
        Ok(changed == 1)
    }
}
