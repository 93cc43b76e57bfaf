//! One row of a ledger file, its cells read into what they mean.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::finding::{Finding, printable};
use super::header::{Column, column_name};
use super::records::{Misplaced, Record};
use super::rules::Told;
use crate::domain::email_address::EmailAddress;
use crate::domain::invoice::InvoiceState;
use crate::domain::money::{Currency, Money};
use crate::domain::named::nearest;
use crate::domain::text::{Line, is_unprintable};

/// What a row of the file says; `None` is an absent column or an empty cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The row as a spreadsheet counts it.
    pub row: u64,
    /// What the ledger's own system calls the customer.
    pub customer_id: Option<Line>,
    /// Who owes.
    pub customer_name: Line,
    /// Who is written to.
    pub customer_email: Option<EmailAddress>,
    /// What the customer knows the invoice by.
    pub invoice_number: Line,
    /// What it says of the invoice.
    pub told: Told,
}

impl LedgerRow {
    /// Reads a record's cells.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn read(columns: &[Column], record: &Record) -> Result<Self, Vec<Finding>> {
        let mut cells = Cells::new(columns, record)?;
        let customer_id = cells.parsed(Column::CustomerId);
        let customer_name = cells.parsed(Column::CustomerName);
        let customer_email = cells.parsed(Column::CustomerEmail);
        let invoice_number = cells.parsed(Column::InvoiceNumber);
        let currency: Option<Currency> = cells.parsed(Column::Currency);
        let total = cells.amount(Column::Total, currency);
        let balance = cells.amount(Column::Balance, currency);
        let issued_on = cells.read(Column::IssueDate, day);
        let due_on = cells.read(Column::DueDate, day);
        let state = cells.read(Column::Status, status);
        let archived = cells.read(Column::Archived, flag);
        let pay_url = cells.parsed(Column::PayUrl);
        match (customer_name, invoice_number, total, cells.findings.is_empty()) {
            (Some(customer_name), Some(invoice_number), Some(total), true) => Ok(Self {
                row: record.row,
                customer_id,
                customer_name,
                customer_email,
                invoice_number,
                told: Told { total, balance, state, issued_on, due_on, archived, pay_url },
            }),
            _ => Err(cells.findings),
        }
    }
}

/// The cells of one row by column, and what was found wrong in them.
struct Cells<'a> {
    row: u64,
    texts: Vec<(Column, &'a str)>,
    findings: Vec<Finding>,
}

impl<'a> Cells<'a> {
    fn new(columns: &[Column], record: &'a Record) -> Result<Self, Vec<Finding>> {
        let named = |cell| column_name(columns, cell);
        if let Some((cell, misplaced)) = record.misplaced {
            return Err(vec![Finding::error(record.row, Some(&named(cell)), misplaced_sentence(misplaced))]);
        }
        if record.len() != columns.len() {
            let sentence = format!(
                "The row has {} cells, the header has {}. A cell that contains a comma must stand in quotes.",
                record.len(),
                columns.len()
            );
            return Err(vec![Finding::error(
                record.row,
                Some(&named(record.len().min(columns.len()))),
                sentence,
            )]);
        }
        let mut cells = Self { row: record.row, texts: Vec::new(), findings: Vec::new() };
        for (column, bytes) in columns.iter().zip(record.cells()) {
            match std::str::from_utf8(bytes) {
                Ok(text) => cells.texts.push((*column, text.trim())),
                Err(_) => {
                    cells
                        .wrong(*column, "The cell is not UTF-8. Save the file as \u{201c}CSV UTF-8\u{201d}.");
                }
            }
        }
        if cells.findings.is_empty() { Ok(cells) } else { Err(cells.findings) }
    }

    /// The text of a cell that is there and not empty; an empty one that is required is a finding.
    fn text(&mut self, column: Column) -> Option<&'a str> {
        let text = self.texts.iter().find(|(known, _)| *known == column).map(|(_, text)| *text);
        match text {
            Some("") if column.is_required() => {
                self.wrong(column, "The cell is empty; every row needs it.");
                None
            }
            Some("") | None => None,
            text => text,
        }
    }

    fn read<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(column)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(sentence) => {
                self.wrong(column, sentence);
                None
            }
        }
    }

    fn parsed<T>(&mut self, column: Column) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.read(column, |text| text.parse().map_err(|error: T::Err| as_sentence(&error.to_string())))
    }

    /// An amount; without a currency to read it in, the currency's own finding is enough.
    fn amount(&mut self, column: Column, currency: Option<Currency>) -> Option<Money> {
        let Some(currency) = currency else {
            self.text(column);
            return None;
        };
        self.read(column, |text| {
            let money = Money::parse(text, currency).map_err(|error| as_sentence(&error.to_string()))?;
            if money.minor() < 0 {
                return Err(format!(
                    "The amount is negative: {}. A credit note is not an invoice.",
                    money.to_decimal()
                ));
            }
            Ok(money)
        })
    }

    fn wrong(&mut self, column: Column, sentence: impl Into<String>) {
        self.findings.push(Finding::error(self.row, Some(column.as_str()), sentence));
    }
}

/// The years in which an invoice is issued or due.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// A day as files and programs write it.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    let is_iso = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let written =
        Some(text).filter(|_| is_iso).and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    match written {
        Some(day) if YEARS.contains(&day.year()) => Ok(day),
        Some(_) => Err(format!(
            "\u{201c}{}\u{201d} is too far away. A day lies between {}-01-01 and {}-12-31.",
            printable(text),
            YEARS.start(),
            YEARS.end()
        )),
        None => Err(format!(
            "\u{201c}{}\u{201d} is not a day. Write it as year-month-day: 2025-12-31.",
            printable(text)
        )),
    }
}

fn status(text: &str) -> Result<InvoiceState, String> {
    text.parse::<InvoiceState>().map_err(|_| {
        let shown = printable(text);
        let words = || InvoiceState::ALL.iter().map(|state| state.as_str());
        let by_case = words().find(|word| word.eq_ignore_ascii_case(&shown));
        match by_case.or_else(|| nearest(&shown, words())) {
            Some(word) => {
                format!("\u{201c}{shown}\u{201d} is not a status. Did you mean \u{201c}{word}\u{201d}?")
            }
            None => format!(
                "\u{201c}{shown}\u{201d} is not a status. It is one of {}.",
                words().collect::<Vec<_>>().join(", ")
            ),
        }
    })
}

fn flag(text: &str) -> Result<bool, String> {
    if text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format!("\u{201c}{}\u{201d} is neither true nor false.", printable(text)))
    }
}

fn misplaced_sentence(misplaced: Misplaced) -> &'static str {
    match misplaced {
        Misplaced::InsideCell => {
            "The cell has a quotation mark inside. Put the cell in quotes and write the mark twice."
        }
        Misplaced::TextAfter => {
            "The cell has text after its closing quotation mark. A mark inside a quoted cell is written twice."
        }
    }
}

/// The domain's errors are clauses: "it is empty" of a text, a whole sentence but for the full stop of other values.
/// They quote the cell: what could confuse a page or a terminal is left out.
fn as_sentence(error: &str) -> String {
    let error: String = error.chars().filter(|character| !is_unprintable(*character)).collect();
    match error.strip_prefix("it ") {
        Some(rest) => format!("The cell {rest}."),
        None => format!("{}.", error.trim_end_matches('.')),
    }
}
