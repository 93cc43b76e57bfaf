//! The ledger as a file's lines: every invoice with its customer, in the order of their ids.

use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};

use super::columns::parsed_option;
use super::invoices::{COLUMNS, InvoiceRow, Row};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::{InvoiceId, OrganisationId};
use crate::domain::text::Line;

/// An invoice with everything that an import knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// The invoice and its customer.
    pub row: InvoiceRow,
    /// What the ledger's own system calls the customer.
    pub customer_id: Option<Line>,
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(embed)]
    invoice: Row,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
}

impl Snapshot<'_> {
    /// The invoices of an organisation after one of them, at most `limit`.
    pub fn ledger_lines(
        &mut self,
        organisation: OrganisationId,
        after: Option<InvoiceId>,
        limit: usize,
    ) -> Result<Vec<LedgerLine>, StoreError> {
        Sql::new(&format!(
            "SELECT {COLUMNS}, c.external_id FROM invoice i JOIN customer c ON c.id = i.customer_id \
             WHERE i.organisation_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3"
        ))
        .bind(organisation.to_string())
        // No id is before the empty text.
        .bind(after.map_or_else(String::new, |id| id.to_string()))
        .bind(limit as i64)
        .load::<LineRow>(self.connection())?
        .into_iter()
        .map(|line| {
            let customer_id = parsed_option("customer.external_id", line.external_id.as_deref())?;
            Ok(LedgerLine { row: line.invoice.try_into()?, customer_id })
        })
        .collect()
    }
}
