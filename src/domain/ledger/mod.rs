//! A ledger file: Dunlin's own CSV, read as a stream, and what it makes of the ledger that is kept.
//!
//! `records` knows RFC 4180, `header` and `row` what the cells mean, `rules` what a row makes of an invoice, `customers`
//! whose it is, `plan` puts a whole file together. `edit` is one invoice that a program brings or changes, by the same
//! rules. Nothing here reads or writes a database.

mod change;
mod customers;
mod doubt;
mod edit;
mod finding;
mod header;
mod plan;
mod reader;
mod records;
mod row;
mod rules;
mod sample;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use customers::{Directory, PlannedCustomer};
pub use doubt::{Contradiction, Doubt};
pub use edit::{InvoiceEdit, InvoiceRefused, NewInvoice};
pub use finding::{Finding, Severity};
pub use header::Column;
pub use plan::{Ledger, Matched, Plan, PlannedInvoice, Summary};
pub use reader::LedgerReader;
pub use row::{LedgerRow, day};
pub use rules::{InvoiceValues, StoredInvoice, Terms, Told};
pub use sample::sample_ledger;
