//! Customers.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};

use super::columns::{count, parsed, parsed_option};
use super::sql::{Sql, containing};
use super::{Snapshot, StoreError};
use crate::domain::customer::Customer;
use crate::domain::ids::{CustomerId, InvoiceId, OrganisationId};
use crate::domain::search::Search;
use crate::domain::text::Line;

/// A customer with how many of their invoices are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The customer.
    pub customer: Customer,
    /// How many invoices are owed and not archived.
    pub open_invoices: usize,
    /// Whether the address must not be mailed.
    pub is_suppressed: bool,
}

impl CustomerRow {
    /// Where the list goes on after this row.
    pub fn cursor(&self) -> String {
        format!("{}~{}", self.customer.name.folded(), self.customer.id)
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = BigInt)]
    open_invoices: i64,
    #[diesel(sql_type = Bool)]
    is_suppressed: bool,
}

impl TryFrom<Row> for CustomerRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            customer: Customer {
                id: parsed("customer.id", &row.id)?,
                organisation_id: parsed("customer.organisation_id", &row.organisation_id)?,
                external_id: parsed_option("customer.external_id", row.external_id.as_deref())?,
                name: parsed("customer.name", &row.name)?,
                email: parsed_option("customer.email", row.email.as_deref())?,
                created_at: row.created_at.and_utc(),
            },
            open_invoices: count("open invoices", row.open_invoices)?,
            is_suppressed: row.is_suppressed,
        })
    }
}

const SELECT: &str = "SELECT c.id, c.organisation_id, c.external_id, c.name, c.email, c.created_at, \
     (SELECT COUNT(*) FROM invoice i WHERE i.customer_id = c.id AND i.state IN ('Sent', 'PartiallyPaid') \
     AND i.archived_at IS NULL) AS open_invoices, \
     EXISTS (SELECT 1 FROM suppression s WHERE s.organisation_id = c.organisation_id \
     AND s.address_folded = LOWER(c.email) AND s.lifted_at IS NULL) AS is_suppressed FROM customer c WHERE c.organisation_id = ";

impl Snapshot<'_> {
    /// One customer of an organisation.
    pub fn customer(
        &mut self,
        organisation: OrganisationId,
        id: CustomerId,
    ) -> Result<Option<Customer>, StoreError> {
        Ok(self.customer_row(organisation, id)?.map(|row| row.customer))
    }

    /// The same, with what lists say of them.
    pub fn customer_row(
        &mut self,
        organisation: OrganisationId,
        id: CustomerId,
    ) -> Result<Option<CustomerRow>, StoreError> {
        let mut sql = Sql::new(SELECT);
        sql.value(organisation.to_string()).push(" AND c.id = ").value(id.to_string());
        sql.first::<Row>(self.connection())?.map(CustomerRow::try_from).transpose()
    }

    /// Customers in order of id, after an id, at most `limit`; of a search, or with what the ledger's own system calls one.
    pub fn customers_by_id(
        &mut self,
        organisation: OrganisationId,
        search: Option<&Search>,
        external_id: Option<&Line>,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<Customer>, StoreError> {
        let mut sql = Sql::new(SELECT);
        sql.value(organisation.to_string());
        push_search(&mut sql, search);
        if let Some(external_id) = external_id {
            sql.push(" AND c.external_id = ").value(external_id.as_str());
        }
        if let Some(after) = after {
            sql.push(" AND c.id > ").value(after.to_string());
        }
        sql.push(" ORDER BY c.id LIMIT ").value(limit as i64);
        let rows = sql.load::<Row>(self.connection())?;
        rows.into_iter().map(|row| Ok(CustomerRow::try_from(row)?.customer)).collect()
    }

    /// A customer's invoices whose last reminder was left out or failed for want of an address that is right, now that the
    /// customer has another: by today's rules they may or may not be remindable.
    pub fn invoices_without_mail(
        &mut self,
        organisation: OrganisationId,
        id: CustomerId,
    ) -> Result<Vec<InvoiceId>, StoreError> {
        #[derive(QueryableByName)]
        struct IdRow {
            #[diesel(sql_type = Text)]
            id: String,
        }
        const SENT_SINCE: &str = "SELECT 1 FROM outbox r WHERE r.invoice_id = i.id AND r.kind = 'reminder' \
             AND r.state NOT IN ('Failed', 'Cancelled') AND r.created_at > ";
        Sql::new(&format!(
            "SELECT i.id FROM invoice i JOIN customer c ON c.id = i.customer_id \
             WHERE i.organisation_id = $1 AND i.customer_id = $2 AND c.email IS NOT NULL AND (EXISTS \
             (SELECT 1 FROM outbox o WHERE o.invoice_id = i.id AND o.kind = 'reminder' AND o.state = 'Failed' \
             AND (o.reason LIKE 'no_email%' OR (o.reason LIKE 'address_refused%' \
             AND (o.recipient IS NULL OR LOWER(o.recipient) <> LOWER(c.email)))) \
             AND NOT EXISTS ({SENT_SINCE} o.created_at)) OR EXISTS \
             (SELECT 1 FROM batch_left_out l JOIN reminder_batch b ON b.id = l.batch_id WHERE l.invoice_id = i.id \
             AND l.reason = 'no_email' AND NOT EXISTS ({SENT_SINCE} b.created_at))) ORDER BY i.id"
        ))
        .bind(organisation.to_string())
        .bind(id.to_string())
        .load::<IdRow>(self.connection())?
        .iter()
        .map(|row| parsed("invoice.id", &row.id))
        .collect()
    }

    /// Customers in order of name, after a [`CustomerRow::cursor`] or from the start when it is empty.
    pub fn customers(
        &mut self,
        organisation: OrganisationId,
        search: Option<&Search>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<CustomerRow>, StoreError> {
        let mut sql = Sql::new(SELECT);
        sql.value(organisation.to_string());
        push_search(&mut sql, search);
        if let Some((name, id)) = after.rsplit_once('~') {
            sql.push(" AND (c.name_folded, c.id) > (").value(name).push(", ").value(id).push(")");
        }
        sql.push(" ORDER BY c.name_folded, c.id LIMIT ").value(limit as i64);
        sql.load::<Row>(self.connection())?.into_iter().map(CustomerRow::try_from).collect()
    }
}

/// The customers in whose name, address or customer id the search is found; all without one.
fn push_search(sql: &mut Sql, search: Option<&Search>) {
    if let Some(search) = search {
        let pattern = containing(search);
        sql.push(" AND c.search LIKE ").value(pattern).push(" ESCAPE '\\'");
    }
}
