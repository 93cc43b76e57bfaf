//! The rows of a ledger file, one after the other, however large it is.

use std::io::Read;

use super::finding::Finding;
use super::header::{Column, column_name, read_header};
use super::records::{Broken, BrokenBy, MAX_CELL_BYTES, MAX_CELLS, Record, Records};
use super::row::LedgerRow;
use crate::domain::money::grouped_count;

/// The most rows of a file.
const MAX_ROWS: u64 = 500_000;

/// Reads Dunlin's own CSV (UTF-8, RFC 4180, header row, any column order) as a stream.
#[derive(Debug)]
pub struct LedgerReader<R> {
    records: Records<R>,
    record: Record,
    columns: Vec<Column>,
    is_finished: bool,
}

impl<R: Read> LedgerReader<R> {
    /// Reads the header row.
    ///
    /// # Errors
    /// Everything that is wrong with the header: nothing of such a file can be read.
    pub fn new(input: R) -> Result<Self, Vec<Finding>> {
        let mut records = Records::new(input);
        let columns = read_header(&mut records)?;
        Ok(Self { records, record: Record::default(), columns, is_finished: false })
    }

    fn read_next(&mut self) -> Option<Result<LedgerRow, Vec<Finding>>> {
        loop {
            match self.records.read(&mut self.record) {
                Ok(false) => return None,
                Ok(true) if self.record.is_blank() => {}
                Ok(true) if self.record.row > MAX_ROWS => {
                    self.is_finished = true;
                    let most = grouped_count(MAX_ROWS as usize);
                    let sentence = format!("The file has more than {most} rows. Bring it in in parts.");
                    return Some(Err(vec![Finding::error(self.record.row, None, sentence)]));
                }
                Ok(true) => return Some(LedgerRow::read(&self.columns, &self.record)),
                Err(broken) => {
                    self.is_finished = true;
                    return Some(Err(vec![broken_finding(&broken, &self.columns)]));
                }
            }
        }
    }
}

/// Each item is a row or everything that is wrong with it; after what makes the rest unreadable there is none.
impl<R: Read> Iterator for LedgerReader<R> {
    type Item = Result<LedgerRow, Vec<Finding>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_finished { None } else { self.read_next() }
    }
}

pub(super) fn broken_finding(broken: &Broken, columns: &[Column]) -> Finding {
    let name = column_name(columns, broken.cell);
    let sentence = match &broken.why {
        BrokenBy::UnclosedQuote => {
            "The cell begins with a quotation mark that is never closed. The rest of the file cannot be read."
                .to_owned()
        }
        BrokenBy::CellTooLarge => format!(
            "The cell is larger than {} bytes. The rest of the file was not read.",
            grouped_count(MAX_CELL_BYTES)
        ),
        BrokenBy::TooManyCells => {
            format!("The row has more than {MAX_CELLS} cells. The rest of the file was not read.")
        }
        BrokenBy::Unreadable(error) => format!("The file cannot be read: {error}."),
    };
    Finding::error(broken.row, Some(&name), sentence)
}
