//! The header row: which column stands where.

use super::finding::{Finding, printable};
use super::records::{Record, Records};
use crate::domain::named::{named, nearest};

named! {
    /// A column of Dunlin's own CSV.
    Column {
        /// What the ledger's own system calls the customer.
        CustomerId = "customer_id",
        /// Who owes.
        CustomerName = "customer_name",
        /// Who is written to.
        CustomerEmail = "customer_email",
        /// What the customer knows the invoice by.
        InvoiceNumber = "invoice_number",
        /// Of total and balance.
        Currency = "currency",
        /// What was demanded.
        Total = "total",
        /// What is still owed.
        Balance = "balance",
        /// The day of issue.
        IssueDate = "issue_date",
        /// The day by which it is to be paid.
        DueDate = "due_date",
        /// The stored state.
        Status = "status",
        /// Whether it is out of the working list.
        Archived = "archived",
        /// Where the customer can view and pay it.
        PayUrl = "pay_url",
    }
}

impl Column {
    /// The columns that a file must have, filled in every row.
    pub const REQUIRED: [Self; 4] = [Self::CustomerName, Self::InvoiceNumber, Self::Currency, Self::Total];

    pub(super) fn is_required(self) -> bool {
        Self::REQUIRED.contains(&self)
    }
}

/// How a finding names a cell: by the header, or by its place where the header has no name for it.
pub(super) fn column_name(columns: &[Column], cell: usize) -> String {
    columns.get(cell).map_or_else(|| format!("column {}", cell + 1), ToString::to_string)
}

/// Reads the header row.
///
/// # Errors
/// Everything that is wrong with it, each with the column's name.
pub(super) fn read_header<R: std::io::Read>(records: &mut Records<R>) -> Result<Vec<Column>, Vec<Finding>> {
    let start = records.peek().map_err(|broken| vec![super::reader::broken_finding(&broken, &[])])?;
    if let Some(sentence) = not_a_csv(start) {
        return Err(vec![Finding::error(1, None, sentence)]);
    }
    if start.starts_with(b"\xef\xbb\xbf") {
        records.skip(3);
    }
    let mut record = Record::default();
    let found =
        records.read(&mut record).map_err(|broken| vec![super::reader::broken_finding(&broken, &[])])?;
    if !found || record.is_blank() {
        let names: Vec<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
        let sentence = format!("The first row must name the columns: {}.", names.join(", "));
        return Err(vec![Finding::error(1, None, sentence)]);
    }
    named_columns(&record)
}

fn not_a_csv(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"PK\x03\x04") {
        Some(
            "This is a spreadsheet or an archive, not a CSV file. Save it as \u{201c}CSV UTF-8\u{201d} and bring that in.",
        )
    } else if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        Some("This file is UTF-16. Save it as \u{201c}CSV UTF-8\u{201d} and bring that in.")
    } else {
        None
    }
}

fn named_columns(record: &Record) -> Result<Vec<Column>, Vec<Finding>> {
    let is_several = |cell: &[u8]| cell.contains(&b';') || cell.contains(&b'\t');
    if record.cells().any(|cell| is_several(cell.trim_ascii())) {
        let sentence = "The columns must be separated by commas. Save the file as comma-separated CSV.";
        return Err(vec![Finding::error(1, None, sentence)]);
    }
    let mut columns = Vec::new();
    let mut findings = Vec::new();
    for cell in record.cells() {
        let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
        match name.parse::<Column>() {
            Ok(column) if columns.contains(&column) => {
                findings.push(Finding::error(
                    1,
                    Some(column.as_str()),
                    "This column is there twice. Leave one of them out.",
                ));
            }
            Ok(column) => columns.push(column),
            Err(_) => findings.push(unknown(&name)),
        }
    }
    let missing = Column::REQUIRED.into_iter().filter(|column| !columns.contains(column));
    findings.extend(missing.map(|column| {
        Finding::error(1, Some(column.as_str()), "This column is missing; every row needs it.")
    }));
    if findings.is_empty() { Ok(columns) } else { Err(findings) }
}

fn unknown(name: &str) -> Finding {
    let shown = printable(name);
    if shown.is_empty() {
        return Finding::error(1, None, "A column has no name. Name it, or leave it out.");
    }
    let sentence = match nearest(&shown, Column::ALL.iter().map(|column| column.as_str())) {
        Some(known) => format!("There is no such column. Did you mean \u{201c}{known}\u{201d}?"),
        None => "There is no such column. Leave it out of the file.".to_owned(),
    };
    Finding::error(1, Some(&shown), sentence)
}
