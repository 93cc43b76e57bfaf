//! A whole file against the ledger that is kept: what is new, updated, unchanged, and what stands in the way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io::Read;

use super::customers::{Directory, PlannedCustomer};
use super::doubt::Doubt;
use super::finding::Finding;
use super::header::Column;
use super::reader::LedgerReader;
use super::row::LedgerRow;
use super::rules::{InvoiceValues, StoredInvoice, Terms, resulting};
use crate::domain::customer::Customer;
use crate::domain::ids::CustomerId;
use crate::domain::money::grouped_count;
use crate::domain::text::Line;

/// The most findings that are kept; the rest are counted.
const MAX_FINDINGS: usize = 1_000;

/// How many rows do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows with an invoice that was not known.
    pub new: usize,
    /// Rows that change a known invoice or its customer.
    pub updated: usize,
    /// Rows that change nothing.
    pub unchanged: usize,
    /// Rows that cannot be taken; with one of them nothing is written.
    pub errors: usize,
    /// Things to know.
    pub warnings: usize,
}

/// `120 new, 14 updated, 3 unchanged, 6 errors`
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{} new, {} updated, {} unchanged, {} error{}",
            grouped_count(self.new),
            grouped_count(self.updated),
            grouped_count(self.unchanged),
            grouped_count(self.errors),
            plural(self.errors)
        )?;
        match self.warnings {
            0 => Ok(()),
            count => write!(f, ", {} warning{}", grouped_count(count), plural(count)),
        }
    }
}

/// The rows of a file, read but not yet compared with what is kept.
#[derive(Debug, Default)]
pub struct Ledger {
    rows: Vec<LedgerRow>,
    notes: Notes,
}

#[derive(Debug, Default)]
struct Notes {
    findings: Vec<Finding>,
    summary: Summary,
}

impl Notes {
    fn refuse(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.summary.errors += 1;
        self.keep(findings);
    }

    fn warn(&mut self, findings: Vec<Finding>) {
        self.summary.warnings += findings.len();
        self.keep(findings);
    }

    fn keep(&mut self, findings: impl IntoIterator<Item = Finding>) {
        let room = MAX_FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(findings.into_iter().take(room));
    }
}

impl Ledger {
    /// Reads a file as a stream; what is wrong with it is kept beside the rows that could be read.
    pub fn read(input: impl Read) -> Self {
        let mut ledger = Self::default();
        match LedgerReader::new(input) {
            Err(findings) => ledger.notes.refuse(findings),
            Ok(rows) => {
                let mut is_empty = true;
                for row in rows {
                    is_empty = false;
                    match row {
                        Ok(row) => ledger.rows.push(row),
                        Err(findings) => ledger.notes.refuse(findings),
                    }
                }
                if is_empty {
                    ledger.notes.refuse([Finding::error(
                        1,
                        None,
                        "There is no invoice in the file, only its header.",
                    )]);
                }
            }
        }
        ledger
    }

    /// Finds out whose the rows are.
    pub fn matched(mut self, stored: Vec<Customer>) -> Matched {
        let mut directory = Directory::new(stored);
        let places = directory.assign(&self.rows);
        let customers = directory.into_customers();
        customers.iter().for_each(|customer| self.notes.warn(customer.changes()));
        let mut first_rows: HashMap<(usize, Line), u64> = HashMap::new();
        let mut rows = Vec::with_capacity(self.rows.len());
        for (row, place) in self.rows.into_iter().zip(places) {
            let key = place.map(|customer| (customer, row.invoice_number.clone()));
            match key.map(|key| (key.0, first_rows.entry(key))) {
                Err(finding) => self.notes.refuse([finding]),
                Ok((_, Entry::Occupied(first))) => self.notes.refuse([twice(&row, *first.get())]),
                Ok((customer, Entry::Vacant(free))) => {
                    free.insert(row.row);
                    rows.push((row, customer));
                }
            }
        }
        Matched { rows, customers, notes: self.notes }
    }
}

fn twice(row: &LedgerRow, first: u64) -> Finding {
    let sentence = format!("Row {first} is the same invoice of the same customer. Leave one of them out.");
    Finding::error(row.row, Some(Column::InvoiceNumber.as_str()), sentence)
}

/// The rows of a file, each with its customer.
#[derive(Debug)]
pub struct Matched {
    rows: Vec<(LedgerRow, usize)>,
    customers: Vec<PlannedCustomer>,
    notes: Notes,
}

impl Matched {
    /// The keys under which invoices may be kept already.
    pub fn keys(&self) -> impl Iterator<Item = (CustomerId, &Line)> {
        self.rows.iter().filter_map(|(row, customer)| {
            let stored = self.customers.get(*customer)?.stored.as_ref()?;
            Some((stored.id, &row.invoice_number))
        })
    }

    /// What writing the file would do, given the invoices that are kept under [`Matched::keys`].
    pub fn plan(mut self, stored: Vec<StoredInvoice>, terms: Terms) -> Plan {
        let mut kept: HashMap<(CustomerId, Line), StoredInvoice> = stored
            .into_iter()
            .map(|stored| ((stored.invoice.customer_id, stored.invoice.number.clone()), stored))
            .collect();
        let mut invoices = Vec::new();
        for (row, customer) in self.rows {
            let owner = self.customers.get(customer).and_then(|customer| customer.stored.as_ref());
            let stored = owner.and_then(|owner| kept.remove(&(owner.id, row.invoice_number.clone())));
            let (values, doubts) = match resulting(&row.told, stored.as_ref(), terms) {
                Ok(result) => result,
                Err(contradiction) => {
                    let sentence = contradiction.sentence(Column::Status.as_str());
                    let finding = Finding::error(row.row, Some(Column::Balance.as_str()), sentence);
                    self.notes.refuse([finding]);
                    continue;
                }
            };
            self.notes.warn(doubts.iter().map(|doubt| warning(row.row, doubt)).collect());
            let changes_owner = owner.is_some_and(|owner| changes(&row, owner));
            match &stored {
                None => self.notes.summary.new += 1,
                Some(stored) if InvoiceValues::of(stored) == values => {
                    match changes_owner {
                        true => self.notes.summary.updated += 1,
                        false => self.notes.summary.unchanged += 1,
                    }
                    continue;
                }
                Some(_) => self.notes.summary.updated += 1,
            }
            invoices.push(PlannedInvoice { customer, number: row.invoice_number, stored, values });
        }
        self.notes.findings.sort_by_key(|finding| (finding.severity, finding.row));
        Plan {
            customers: self.customers,
            invoices,
            findings: self.notes.findings,
            summary: self.notes.summary,
        }
    }
}

fn warning(row: u64, doubt: &Doubt) -> Finding {
    let column = match doubt {
        Doubt::DueBeforeIssue => Column::DueDate,
        Doubt::SettlementStands { .. } => Column::Balance,
        Doubt::ArchiveStands(_) => Column::Archived,
    };
    Finding::warning(row, Some(column.as_str()), doubt.sentence())
}

fn changes(row: &LedgerRow, owner: &Customer) -> bool {
    row.customer_name != owner.name
        || (row.customer_id.is_some() && row.customer_id != owner.external_id)
        || (row.customer_email.is_some() && row.customer_email != owner.email)
}

/// What writing a file would do.
#[derive(Debug)]
pub struct Plan {
    /// All customers, kept and new.
    pub customers: Vec<PlannedCustomer>,
    /// The invoices that are new or other than they are kept.
    pub invoices: Vec<PlannedInvoice>,
    /// What is wrong or doubtful, errors first, at most a thousand.
    pub findings: Vec<Finding>,
    /// How many rows do what.
    pub summary: Summary,
}

impl Plan {
    /// Whether the file can be written.
    pub fn is_clean(&self) -> bool {
        self.summary.errors == 0
    }
}

/// An invoice that a file brings or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedInvoice {
    /// Whose it is: a place in [`Plan::customers`].
    pub customer: usize,
    /// What the customer knows it by.
    pub number: Line,
    /// What is kept of it; `None` is a new one.
    pub stored: Option<StoredInvoice>,
    /// What it is to be.
    pub values: InvoiceValues,
}
