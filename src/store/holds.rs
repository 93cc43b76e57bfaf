//! Holds on invoices and customers, and what is past recall when one is set.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Text};

use super::candidates::id_list;
use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::hold::{Hold, Holds};
use crate::domain::ids::{CustomerId, InvoiceId, OrganisationId, ReminderId};

#[derive(QueryableByName)]
pub(super) struct HoldColumns {
    #[diesel(sql_type = Nullable<Text>)]
    invoice_hold: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    invoice_hold_until: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    customer_hold: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    customer_hold_until: Option<NaiveDate>,
}

impl TryFrom<HoldColumns> for Holds {
    type Error = StoreError;

    fn try_from(row: HoldColumns) -> Result<Self, StoreError> {
        let hold = |reason: Option<String>, until| -> Result<Option<Hold>, StoreError> {
            Ok(parsed_option("hold_reason", reason.as_deref())?.map(|reason| Hold { reason, until }))
        };
        Ok(Self {
            invoice: hold(row.invoice_hold, row.invoice_hold_until)?,
            customer: hold(row.customer_hold, row.customer_hold_until)?,
        })
    }
}

#[derive(QueryableByName)]
struct HandedOverRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    invoice_id: String,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct CustomerHoldRow {
    #[diesel(sql_type = Nullable<Text>)]
    hold_reason: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    hold_until: Option<NaiveDate>,
}

impl Snapshot<'_> {
    /// The hold on a customer, ended or not.
    pub fn customer_hold(
        &mut self,
        organisation: OrganisationId,
        id: CustomerId,
    ) -> Result<Option<Hold>, StoreError> {
        let row =
            Sql::new("SELECT hold_reason, hold_until FROM customer WHERE organisation_id = $1 AND id = $2")
                .bind(organisation.to_string())
                .bind(id.to_string())
                .first::<CustomerHoldRow>(self.connection())?;
        let Some(row) = row else { return Ok(None) };
        let reason = parsed_option("customer.hold_reason", row.hold_reason.as_deref())?;
        Ok(reason.map(|reason| Hold { reason, until: row.hold_until }))
    }

    /// The reminders of these invoices that are past the point of no return and not answered: they cannot be called back.
    pub fn handed_over(
        &mut self,
        invoices: &[InvoiceId],
    ) -> Result<Vec<(ReminderId, InvoiceId)>, StoreError> {
        let chosen = self.connection().listed("$1");
        Sql::new(&format!(
            "SELECT id, invoice_id FROM outbox WHERE invoice_id IN ({chosen}) AND kind = 'reminder' AND state = 'Committed' ORDER BY id"
        ))
        .bind(id_list(invoices))
        .load::<HandedOverRow>(self.connection())?
        .iter()
        .map(|row| Ok((parsed("outbox.id", &row.id)?, parsed("outbox.invoice_id", &row.invoice_id)?)))
        .collect()
    }

    /// The invoices of a customer with an open reminder.
    pub fn invoices_on_their_way(&mut self, customer: CustomerId) -> Result<Vec<InvoiceId>, StoreError> {
        Sql::new(
            "SELECT DISTINCT invoice_id AS id FROM outbox WHERE customer_id = $1 AND kind = 'reminder' \
             AND state IN ('Scheduled', 'Pending', 'Claimed', 'Committed')",
        )
        .bind(customer.to_string())
        .load::<IdRow>(self.connection())?
        .iter()
        .map(|row| parsed("outbox.invoice_id", &row.id))
        .collect()
    }
}

impl Tx<'_> {
    /// Sets or lifts the hold on an invoice.
    pub fn hold_invoice(
        &mut self,
        id: InvoiceId,
        hold: Option<&Hold>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.hold("invoice", id.to_string(), hold, now)
    }

    /// Sets or lifts the hold on a customer.
    pub fn hold_customer(
        &mut self,
        id: CustomerId,
        hold: Option<&Hold>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.hold("customer", id.to_string(), hold, now)
    }

    fn hold(
        &mut self,
        table: &str,
        id: String,
        hold: Option<&Hold>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut sql = Sql::new(&format!("UPDATE {table} SET hold_reason = "));
        sql.value(hold.map(|hold| hold.reason.to_string())).push(", hold_until = ");
        sql.value(hold.and_then(|hold| hold.until)).push(", updated_at = ").value(now);
        sql.push(" WHERE id = ").value(id);
        sql.execute(self.connection())?;
        Ok(())
    }
}
