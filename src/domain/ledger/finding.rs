//! Something wrong or doubtful in a file: where, and what to do about it.

use std::fmt;

use crate::domain::text::is_unprintable;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing of the file is written.
    Error,
    /// The file can be written; something is to be known.
    Warning,
}

impl Severity {
    /// The word for people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Something wrong or doubtful in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The row as a spreadsheet counts it: the header is row 1.
    pub row: u64,
    /// The column, by its name in the header.
    pub column: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// What it is and what to do.
    pub sentence: String,
}

impl Finding {
    /// Something that must be mended before the file can be written.
    pub fn error(row: u64, column: Option<&str>, sentence: impl Into<String>) -> Self {
        Self { row, column: column.map(printable), severity: Severity::Error, sentence: sentence.into() }
    }

    /// Something to know.
    pub fn warning(row: u64, column: Option<&str>, sentence: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(row, column, sentence) }
    }

    /// Whether nothing can be written because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `Row 5, total: "12,50" is not an amount ...`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "Row {}, {column}: {}", self.row, self.sentence),
            None => write!(f, "Row {}: {}", self.row, self.sentence),
        }
    }
}

/// A cell as a sentence may show it: its beginning, without what could confuse a page or a terminal.
pub(super) fn printable(text: &str) -> String {
    let shown: String = text.chars().filter(|character| !is_unprintable(*character)).take(40).collect();
    shown.trim().to_owned()
}
