//! A ledger file: Dunlin's own CSV, read as a stream, and what it makes of the ledger that is kept.
//!
//! `records` knows RFC 4180, `header` and `row` what the cells mean, `rules` what a row makes of an invoice, `customers`
//! whose it is, `plan` puts a whole file together. Nothing here reads or writes a database.

mod customers;
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

pub use customers::{Directory, PlannedCustomer};
pub use finding::{Finding, Severity};
pub use header::Column;
pub use plan::{Change, Ledger, Matched, Plan, PlannedInvoice, Summary};
pub use reader::LedgerReader;
pub use row::LedgerRow;
pub use rules::{InvoiceValues, StoredInvoice, Terms};
pub use sample::sample_ledger;
