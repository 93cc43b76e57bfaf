//! One invoice, its customer and what is recorded of it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamp};

use super::candidates::id_list;
use super::columns::{money, parsed, parsed_option};
use super::holds::HoldColumns;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::hold::Holds;
use crate::domain::ids::{InvoiceId, OrganisationId, PaymentId, ReminderId};
use crate::domain::invoice::{Invoice, InvoiceState};
use crate::domain::payment::{AfterPayment, Payment};
use crate::domain::person::Actor;
use crate::domain::text::Line;

/// An invoice with what a list shows beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRow {
    /// The invoice.
    pub invoice: Invoice,
    /// Who owes.
    pub customer_name: Line,
    /// Who is written to.
    pub recipient: Option<EmailAddress>,
    /// The holds on it and on its customer.
    pub holds: Holds,
    /// Whether the address must not be mailed.
    pub is_suppressed: bool,
    /// The last reminder sent, and when.
    pub last_reminder: Option<(ReminderId, DateTime<Utc>)>,
}

/// The columns of [`Row`]; `i` is the invoice and `c` its customer.
pub(super) const COLUMNS: &str = "i.id, i.organisation_id, i.customer_id, i.number, i.state, i.currency, i.total, \
     i.balance, i.issued_on, i.due_on, i.archived_at, i.pay_url, i.last_reminder_id, i.last_reminded_at, \
     c.name AS customer_name, c.email, i.hold_reason AS invoice_hold, i.hold_until AS invoice_hold_until, \
     c.hold_reason AS customer_hold, c.hold_until AS customer_hold_until, \
     EXISTS (SELECT 1 FROM suppression s WHERE s.organisation_id = i.organisation_id \
     AND s.address_folded = LOWER(c.email) AND s.lifted_at IS NULL) AS is_suppressed";

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Text)]
    customer_id: String,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    balance: i64,
    #[diesel(sql_type = Date)]
    issued_on: NaiveDate,
    #[diesel(sql_type = Date)]
    due_on: NaiveDate,
    #[diesel(sql_type = Nullable<Timestamp>)]
    archived_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    pay_url: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    last_reminder_id: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    last_reminded_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Text)]
    customer_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(embed)]
    holds: HoldColumns,
    #[diesel(sql_type = Bool)]
    is_suppressed: bool,
}

impl TryFrom<Row> for InvoiceRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let last_reminder_id = parsed_option("invoice.last_reminder_id", row.last_reminder_id.as_deref())?;
        Ok(Self {
            invoice: Invoice {
                id: parsed("invoice.id", &row.id)?,
                organisation_id: parsed("invoice.organisation_id", &row.organisation_id)?,
                customer_id: parsed("invoice.customer_id", &row.customer_id)?,
                number: parsed("invoice.number", &row.number)?,
                state: parsed("invoice.state", &row.state)?,
                total: money("invoice.total", row.total, &row.currency)?,
                balance: money("invoice.balance", row.balance, &row.currency)?,
                issued_on: row.issued_on,
                due_on: row.due_on,
                archived_at: row.archived_at.map(|at| at.and_utc()),
                pay_url: parsed_option("invoice.pay_url", row.pay_url.as_deref())?,
            },
            customer_name: parsed("customer.name", &row.customer_name)?,
            recipient: parsed_option("customer.email", row.email.as_deref())?,
            holds: row.holds.try_into()?,
            is_suppressed: row.is_suppressed,
            last_reminder: last_reminder_id.zip(row.last_reminded_at.map(|at| at.and_utc())),
        })
    }
}

impl Snapshot<'_> {
    /// The invoices of some mails. One that cannot be read is told in words, for its mail alone fails by it.
    pub fn invoices_of_mails(
        &mut self,
        ids: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, Result<InvoiceRow, String>>, StoreError> {
        let chosen = self.connection().listed("$1");
        Sql::new(&format!(
            "SELECT {COLUMNS} FROM invoice i JOIN customer c ON c.id = i.customer_id WHERE i.id IN ({chosen})"
        ))
        .bind(id_list(ids))
        .load::<Row>(self.connection())?
        .into_iter()
        .map(|row| {
            let id = parsed("invoice.id", &row.id)?;
            Ok((id, InvoiceRow::try_from(row).map_err(|error| error.to_string())))
        })
        .collect()
    }

    /// One invoice of an organisation; another organisation's is like an unknown one.
    pub fn invoice(
        &mut self,
        organisation: OrganisationId,
        id: InvoiceId,
    ) -> Result<Option<InvoiceRow>, StoreError> {
        self.invoice_locked(organisation, id, "")
    }

    fn invoice_locked(
        &mut self,
        organisation: OrganisationId,
        id: InvoiceId,
        locked: &str,
    ) -> Result<Option<InvoiceRow>, StoreError> {
        Sql::new(&format!(
            "SELECT {COLUMNS} FROM invoice i JOIN customer c ON c.id = i.customer_id \
             WHERE i.organisation_id = $1 AND i.id = $2{locked}"
        ))
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<Row>(self.connection())?
        .map(InvoiceRow::try_from)
        .transpose()
    }
}

impl Tx<'_> {
    /// [`Snapshot::invoice`], kept from being changed by anyone else until this transaction ends.
    pub fn invoice_to_change(
        &mut self,
        organisation: OrganisationId,
        id: InvoiceId,
    ) -> Result<Option<InvoiceRow>, StoreError> {
        let locked = self.connection().locked("i");
        self.invoice_locked(organisation, id, &locked)
    }

    /// The invoice that a payment is recorded on, if it is.
    pub fn invoice_of_payment(&mut self, id: PaymentId) -> Result<Option<InvoiceId>, StoreError> {
        #[derive(QueryableByName)]
        struct PaidRow {
            #[diesel(sql_type = Text)]
            invoice_id: String,
        }
        Sql::new("SELECT invoice_id FROM payment WHERE id = $1")
            .bind(id.to_string())
            .first::<PaidRow>(self.connection())?
            .map(|row| parsed("payment.invoice_id", &row.invoice_id))
            .transpose()
    }

    /// Records a payment, and what the invoice is after it.
    pub fn record_payment(
        &mut self,
        invoice: InvoiceId,
        payment: &Payment,
        after: &AfterPayment,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO payment (id, invoice_id, amount, paid_on, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(payment.id.to_string())
        .bind(invoice.to_string())
        .bind(payment.amount.minor())
        .bind(payment.paid_on)
        .bind(actor.to_string())
        .bind(now)
        .execute(self.connection())?;
        self.settle_invoice(invoice, after.state, after.balance.minor(), now)
    }

    /// Withdraws an invoice: nothing is owed on it.
    pub fn void_invoice(&mut self, id: InvoiceId, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.settle_invoice(id, InvoiceState::Void, 0, now)
    }

    fn settle_invoice(
        &mut self,
        id: InvoiceId,
        state: InvoiceState,
        balance: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "UPDATE invoice SET state = $1, balance = $2, settled_here = TRUE, updated_at = $3 WHERE id = $4",
        )
        .bind(state.as_str())
        .bind(balance)
        .bind(now)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(())
    }

    /// Takes an invoice out of the working list, or with `None` brings it back.
    pub fn set_archived(
        &mut self,
        id: InvoiceId,
        archived_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new("UPDATE invoice SET archived_at = $1, archived_here = $2, updated_at = $3 WHERE id = $4")
            .bind(archived_at)
            .bind(true)
            .bind(now)
            .bind(id.to_string())
            .execute(self.connection())?;
        Ok(())
    }
}
