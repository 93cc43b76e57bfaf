//! What an import reads and writes of the ledger: whole files, so everything goes in chunks.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamp};

use super::columns::{money, parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::customer::Customer;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{CustomerId, InvoiceId, OrganisationId};
use crate::domain::invoice::Invoice;
use crate::domain::ledger::{InvoiceValues, StoredInvoice};
use crate::domain::text::Line;

/// Rows of one statement; SQLite takes at most 32,766 values in one.
const ROWS_A_STATEMENT: usize = 500;

/// A customer as an import leaves it.
#[derive(Clone, Debug)]
pub struct WrittenCustomer {
    /// Which one, new or kept.
    pub id: CustomerId,
    /// What the ledger's own system calls it.
    pub external_id: Option<Line>,
    /// Its name.
    pub name: Line,
    /// Who is written to.
    pub email: Option<EmailAddress>,
}

/// An invoice as an import leaves it.
#[derive(Clone, Debug)]
pub struct WrittenInvoice {
    /// Which one, new or kept.
    pub id: InvoiceId,
    /// Who owes.
    pub customer_id: CustomerId,
    /// What the customer knows it by.
    pub number: Line,
    /// What it is.
    pub values: InvoiceValues,
    /// When it was taken out of the working list.
    pub archived_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct CustomerRow {
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
}

impl TryFrom<CustomerRow> for Customer {
    type Error = StoreError;

    fn try_from(row: CustomerRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("customer.id", &row.id)?,
            organisation_id: parsed("customer.organisation_id", &row.organisation_id)?,
            external_id: parsed_option("customer.external_id", row.external_id.as_deref())?,
            name: parsed("customer.name", &row.name)?,
            email: parsed_option("customer.email", row.email.as_deref())?,
            created_at: row.created_at.and_utc(),
        })
    }
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct InvoiceRow {
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
    #[diesel(sql_type = Bool)]
    settled_here: bool,
    #[diesel(sql_type = Bool)]
    archived_here: bool,
}

/// The columns of [`InvoiceRow`]; `i` is the invoice.
const COLUMNS: &str = "i.id, i.organisation_id, i.customer_id, i.number, i.state, i.currency, i.total, i.balance, \
     i.issued_on, i.due_on, i.archived_at, i.pay_url, i.settled_here, i.archived_here";

impl TryFrom<InvoiceRow> for StoredInvoice {
    type Error = StoreError;

    fn try_from(row: InvoiceRow) -> Result<Self, StoreError> {
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
            settled_here: row.settled_here,
            archived_here: row.archived_here,
        })
    }
}

impl Snapshot<'_> {
    /// All customers of an organisation, oldest first.
    pub fn ledger_customers(&mut self, organisation: OrganisationId) -> Result<Vec<Customer>, StoreError> {
        Sql::new(
            "SELECT id, organisation_id, external_id, name, email, created_at FROM customer \
             WHERE organisation_id = $1 ORDER BY id",
        )
        .bind(organisation.to_string())
        .load::<CustomerRow>(self.connection())?
        .into_iter()
        .map(Customer::try_from)
        .collect()
    }

    /// Whether an organisation's ledger holds anything.
    pub fn has_customers(&mut self, organisation: OrganisationId) -> Result<bool, StoreError> {
        let any = Sql::new("SELECT id FROM customer WHERE organisation_id = $1 LIMIT 1")
            .bind(organisation.to_string())
            .first::<Known>(self.connection())?;
        Ok(any.is_some())
    }

    /// The invoices that are kept under these keys.
    pub fn ledger_invoices(&mut self, keys: &[(CustomerId, Line)]) -> Result<Vec<StoredInvoice>, StoreError> {
        self.invoices_of(keys, "")
    }

    fn invoices_of(
        &mut self,
        keys: &[(CustomerId, Line)],
        locked: &str,
    ) -> Result<Vec<StoredInvoice>, StoreError> {
        let mut invoices = Vec::new();
        for chunk in keys.chunks(ROWS_A_STATEMENT) {
            let mut sql = Sql::new("WITH k (customer_id, number) AS (VALUES ");
            for (index, (customer, number)) in chunk.iter().enumerate() {
                sql.push(if index == 0 { "(" } else { ", (" }).value(customer.to_string());
                sql.push(", ").value(number.as_str()).push(")");
            }
            sql.push(&format!(
                ") SELECT {COLUMNS} FROM k JOIN invoice i ON i.customer_id = k.customer_id AND i.number = k.number{locked}"
            ));
            for row in sql.load::<InvoiceRow>(self.connection())? {
                invoices.push(row.try_into()?);
            }
        }
        Ok(invoices)
    }
}

impl Tx<'_> {
    /// [`Snapshot::ledger_invoices`], kept from being changed by anyone else until this transaction ends.
    pub fn ledger_invoices_to_change(
        &mut self,
        keys: &[(CustomerId, Line)],
    ) -> Result<Vec<StoredInvoice>, StoreError> {
        let locked = self.connection().locked("i");
        self.invoices_of(keys, &locked)
    }

    /// One invoice of an organisation, kept from being changed by anyone else until this transaction ends.
    pub fn ledger_invoice_to_change(
        &mut self,
        organisation: OrganisationId,
        id: InvoiceId,
    ) -> Result<Option<StoredInvoice>, StoreError> {
        let locked = self.connection().locked("i");
        Sql::new(&format!(
            "SELECT {COLUMNS} FROM invoice i WHERE i.organisation_id = $1 AND i.id = $2{locked}"
        ))
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<InvoiceRow>(self.connection())?
        .map(StoredInvoice::try_from)
        .transpose()
    }

    /// The customer that the ledger's own system calls so.
    pub fn customer_of_external_id(
        &mut self,
        organisation: OrganisationId,
        external_id: &Line,
    ) -> Result<Option<CustomerId>, StoreError> {
        Sql::new("SELECT id FROM customer WHERE organisation_id = $1 AND external_id = $2")
            .bind(organisation.to_string())
            .bind(external_id.as_str())
            .first::<Known>(self.connection())?
            .map(|known| parsed("customer.id", &known.id))
            .transpose()
    }

    /// Lets one import at a time change an organisation's ledger, and none while its reminders are confirmed.
    pub fn lock_ledger(&mut self, organisation: OrganisationId) -> Result<(), StoreError> {
        self.lock_organisation(organisation)
    }

    /// Adds new customers and changes kept ones.
    pub fn write_customers(
        &mut self,
        organisation: OrganisationId,
        customers: &[WrittenCustomer],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for chunk in customers.chunks(ROWS_A_STATEMENT) {
            let mut sql = Sql::new(
                "INSERT INTO customer (id, organisation_id, external_id, name, name_folded, email, search, created_at, \
                 updated_at) VALUES ",
            );
            for (index, customer) in chunk.iter().enumerate() {
                let external_id = customer.external_id.as_ref().map(ToString::to_string);
                let email = customer.email.as_ref().map(ToString::to_string);
                sql.push(if index == 0 { "(" } else { ", (" }).value(customer.id.to_string());
                sql.push(", ").value(organisation.to_string());
                sql.push(", ").value(external_id);
                sql.push(", ").value(customer.name.as_str());
                sql.push(", ").value(customer.name.folded());
                sql.push(", ").value(email);
                sql.push(", ").value(searchable(customer));
                sql.push(", ").value(now).push(", ").value(now).push(")");
            }
            sql.push(
                " ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, name = excluded.name, \
                 name_folded = excluded.name_folded, email = excluded.email, search = excluded.search, \
                 updated_at = excluded.updated_at",
            );
            sql.execute(self.connection())?;
        }
        Ok(())
    }

    /// Adds new invoices and changes kept ones.
    pub fn write_invoices(
        &mut self,
        organisation: OrganisationId,
        invoices: &[WrittenInvoice],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for chunk in invoices.chunks(ROWS_A_STATEMENT) {
            let mut sql = Sql::new(
                "INSERT INTO invoice (id, organisation_id, customer_id, number, number_folded, currency, total, balance, \
                 issued_on, due_on, state, archived_at, pay_url, settled_here, archived_here, created_at, updated_at) \
                 VALUES ",
            );
            for (index, invoice) in chunk.iter().enumerate() {
                let values = &invoice.values;
                sql.push(if index == 0 { "(" } else { ", (" }).value(invoice.id.to_string());
                sql.push(", ").value(organisation.to_string());
                sql.push(", ").value(invoice.customer_id.to_string());
                sql.push(", ").value(invoice.number.as_str());
                sql.push(", ").value(invoice.number.folded());
                sql.push(", ").value(values.total.currency().code());
                sql.push(", ").value(values.total.minor());
                sql.push(", ").value(values.balance.minor());
                sql.push(", ").value(values.issued_on);
                sql.push(", ").value(values.due_on);
                sql.push(", ").value(values.state.as_str());
                sql.push(", ").value(invoice.archived_at);
                sql.push(", ").value(values.pay_url.as_ref().map(|url| url.as_str().to_owned()));
                sql.push(", ").value(values.settled_here);
                sql.push(", ").value(values.archived_here);
                sql.push(", ").value(now).push(", ").value(now).push(")");
            }
            sql.push(
                " ON CONFLICT (id) DO UPDATE SET currency = excluded.currency, total = excluded.total, \
                 balance = excluded.balance, issued_on = excluded.issued_on, due_on = excluded.due_on, \
                 state = excluded.state, archived_at = excluded.archived_at, pay_url = excluded.pay_url, \
                 settled_here = excluded.settled_here, archived_here = excluded.archived_here, \
                 updated_at = excluded.updated_at",
            );
            sql.execute(self.connection())?;
        }
        Ok(())
    }
}

/// What a search finds a customer by.
fn searchable(customer: &WrittenCustomer) -> String {
    let external_id = customer.external_id.as_ref().map(Line::folded);
    let email = customer.email.as_ref().map(EmailAddress::folded);
    [Some(customer.name.folded()), email, external_id].into_iter().flatten().collect::<Vec<_>>().join("\n")
}
