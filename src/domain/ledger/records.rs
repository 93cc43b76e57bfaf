//! RFC 4180 from a stream: one record of cells at a time, however large the file, with a limit on every cell.
//!
//! Stricter than a forgiving reader: an unclosed or stray quote in a ledger moves amounts into other columns, so it is
//! told with its place instead of being guessed away.

use std::io::{BufRead, BufReader, Read};

/// The largest cell, in bytes.
pub(super) const MAX_CELL_BYTES: usize = 10_000;
/// The most cells of a row.
pub(super) const MAX_CELLS: usize = 64;

/// One row of cells.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Which row of the file, from 1.
    pub(super) row: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The first misplaced quote: in which cell, and what is wrong.
    pub(super) misplaced: Option<(usize, Misplaced)>,
}

/// A quote where RFC 4180 has none; the row is to be refused, the rows after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    /// `5" pipe`
    InsideCell,
    /// `"pipe" 5`
    TextAfter,
}

/// Why nothing after this place can be read.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) row: u64,
    /// Which cell, from 0.
    pub(super) cell: usize,
    pub(super) why: BrokenBy,
}

#[derive(Debug)]
pub(super) enum BrokenBy {
    UnclosedQuote,
    CellTooLarge,
    TooManyCells,
    Unreadable(std::io::Error),
}

impl Record {
    /// The cells, in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }

    /// How many cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it is an empty line, or the commas that spreadsheets leave after the last row.
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace) && self.misplaced.is_none()
    }

    fn begin(&mut self, row: u64) {
        *self = Self {
            row,
            bytes: std::mem::take(&mut self.bytes),
            ends: std::mem::take(&mut self.ends),
            misplaced: None,
        };
        self.bytes.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }

    fn cell_bytes(&self) -> usize {
        self.bytes.len() - self.ends.last().copied().unwrap_or(0)
    }

    fn misplace(&mut self, what: Misplaced) {
        self.misplaced.get_or_insert((self.ends.len(), what));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    CellStart,
    Plain,
    Quoted,
    AfterQuote,
}

/// The rows of a file.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: BufReader<R>,
    row: u64,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(64 * 1024, input), row: 0 }
    }

    /// The first bytes, without taking them.
    pub(super) fn peek(&mut self) -> Result<&[u8], Broken> {
        self.input.fill_buf().map_err(|error| Broken { row: 1, cell: 0, why: BrokenBy::Unreadable(error) })
    }

    /// Leaves out the next bytes.
    pub(super) fn skip(&mut self, count: usize) {
        self.input.consume(count);
    }

    /// Reads the next row into `record`; `false` at the end of the file.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, Broken> {
        self.row += 1;
        record.begin(self.row);
        self.fill(record).map_err(|why| Broken { row: record.row, cell: record.len(), why })
    }

    fn fill(&mut self, record: &mut Record) -> Result<bool, BrokenBy> {
        let mut within = Within::CellStart;
        while let Some(byte) = self.next()? {
            within = match (within, byte) {
                (Within::Quoted, b'"') => Within::AfterQuote,
                (Within::AfterQuote, b'"') => keep(record, byte, Within::Quoted)?,
                (Within::Quoted, _) => keep(record, byte, Within::Quoted)?,
                (_, b',') => {
                    record.end_cell();
                    if record.len() >= MAX_CELLS {
                        return Err(BrokenBy::TooManyCells);
                    }
                    Within::CellStart
                }
                (_, b'\n') => {
                    record.end_cell();
                    return Ok(true);
                }
                (_, b'\r') => {
                    if self.input.fill_buf().map_err(BrokenBy::Unreadable)?.first() == Some(&b'\n') {
                        self.input.consume(1);
                    }
                    record.end_cell();
                    return Ok(true);
                }
                (Within::CellStart, b'"') => Within::Quoted,
                (Within::Plain, b'"') => {
                    record.misplace(Misplaced::InsideCell);
                    keep(record, byte, Within::Plain)?
                }
                (Within::AfterQuote, _) => {
                    record.misplace(Misplaced::TextAfter);
                    keep(record, byte, Within::Plain)?
                }
                (Within::CellStart | Within::Plain, _) => keep(record, byte, Within::Plain)?,
            };
        }
        match within {
            Within::Quoted => Err(BrokenBy::UnclosedQuote),
            Within::CellStart if record.len() == 0 => Ok(false),
            Within::CellStart | Within::Plain | Within::AfterQuote => {
                record.end_cell();
                Ok(true)
            }
        }
    }

    fn next(&mut self) -> Result<Option<u8>, BrokenBy> {
        let byte = self.input.fill_buf().map_err(BrokenBy::Unreadable)?.first().copied();
        self.input.consume(usize::from(byte.is_some()));
        Ok(byte)
    }
}

fn keep(record: &mut Record, byte: u8, within: Within) -> Result<Within, BrokenBy> {
    if record.cell_bytes() >= MAX_CELL_BYTES {
        return Err(BrokenBy::CellTooLarge);
    }
    record.bytes.push(byte);
    Ok(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        let mut records = Records::new(text.as_bytes());
        let mut record = Record::default();
        let mut rows = Vec::new();
        while records.read(&mut record).unwrap() {
            rows.push(record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
        rows
    }

    #[test]
    fn cells_are_read_as_rfc_4180_says() {
        for (text, expected) in [
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a,b\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\"a,\"\"b\"\"\",c\n", vec![vec!["a,\"b\"", "c"]]),
            ("\"a\r\nb\",\"\"\n", vec![vec!["a\r\nb", ""]]),
            (",\n", vec![vec!["", ""]]),
            ("a\rb", vec![vec!["a"], vec!["b"]]),
            ("", vec![]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_ends_the_reading_at_its_row() {
        let mut records = Records::new("a,b\nc,\"d\ne,f\n".as_bytes());
        let mut record = Record::default();
        assert!(records.read(&mut record).unwrap());
        let broken = records.read(&mut record).unwrap_err();
        assert!(matches!(broken, Broken { row: 2, cell: 1, why: BrokenBy::UnclosedQuote }));
    }

    #[test]
    fn a_huge_cell_is_refused_without_reading_it_whole() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                self.0 += into.len() as u64;
                into.fill(b'x');
                Ok(into.len())
            }
        }
        let mut records = Records::new(Endless(0));
        let broken = records.read(&mut Record::default()).unwrap_err();
        assert!(matches!(broken.why, BrokenBy::CellTooLarge));
        assert!(records.input.get_ref().0 < 1_000_000);
    }

    #[test]
    fn a_quote_in_the_wrong_place_is_noticed() {
        let misplaced = |text: &str| {
            let mut record = Record::default();
            Records::new(text.as_bytes()).read(&mut record).unwrap();
            record.misplaced
        };
        assert_eq!(misplaced("a,5\" pipe\n"), Some((1, Misplaced::InsideCell)));
        assert_eq!(misplaced("\"a\" b,c\n"), Some((0, Misplaced::TextAfter)));
        assert_eq!(misplaced("\"a\",b\n"), None);
    }
}
