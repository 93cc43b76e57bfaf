//! Many findings as a few lines: by column, and within it all rows of which the same is to be said together.

use std::collections::HashSet;

use crate::actions::ImportReport;
use crate::domain::ledger::Finding;
use crate::domain::money::grouped_count;

/// How many lines of one column a page shows.
const LINES: usize = 10;
/// How many runs of rows a line names.
const RUNS: usize = 8;

/// What was found in one column.
#[derive(Debug)]
pub(super) struct FindingGroup {
    /// The column's name.
    pub(super) title: String,
    /// Whether these keep the file from being written.
    pub(super) is_error: bool,
    /// What is to be said.
    pub(super) lines: Vec<FindingLine>,
    /// How many findings are not among the lines.
    pub(super) more: usize,
}

/// One thing that is to be said of some rows.
#[derive(Debug)]
pub(super) struct FindingLine {
    rows: Vec<u64>,
    /// What it is and what to do.
    pub(super) sentence: String,
}

impl FindingLine {
    /// `Row 5`, `Rows 2-14, 20`.
    pub(super) fn place(&self) -> String {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for row in &self.rows {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == *row => *last = *row,
                _ => runs.push((*row, *row)),
            }
        }
        let named: Vec<String> = runs
            .iter()
            .take(RUNS)
            .map(|run| match run {
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first}\u{2013}{last}"),
            })
            .collect();
        let unnamed: u64 = runs.iter().skip(RUNS).map(|(first, last)| last - first + 1).sum();
        let word = if self.rows.len() == 1 { "Row" } else { "Rows" };
        let rest = match unnamed {
            0 => String::new(),
            count => format!(" and {} more", grouped_count(count as usize)),
        };
        format!("{word} {}{rest}", named.join(", "))
    }
}

/// The findings by column, errors first, and how many are not among them.
pub(super) fn grouped(report: &ImportReport) -> (Vec<FindingGroup>, usize) {
    let mut groups: Vec<FindingGroup> = Vec::new();
    for finding in &report.findings {
        let title = finding.column.as_deref().unwrap_or("the file");
        let known =
            groups.iter_mut().find(|group| group.title == title && group.is_error == finding.is_error());
        match known {
            Some(group) => group.add(finding),
            None => groups.push(FindingGroup {
                title: title.to_owned(),
                is_error: finding.is_error(),
                lines: vec![line(finding)],
                more: 0,
            }),
        }
    }
    let noticed = report.summary.errors + report.summary.warnings;
    (groups, noticed.saturating_sub(told(report)))
}

/// How many of the rows that the summary counts have a finding in the report: a row may have several.
fn told(report: &ImportReport) -> usize {
    let rows: HashSet<(u64, bool)> =
        report.findings.iter().map(|finding| (finding.row, finding.is_error())).collect();
    rows.len()
}

impl FindingGroup {
    fn add(&mut self, finding: &Finding) {
        let has_room = self.lines.len() < LINES;
        match self.lines.iter_mut().find(|line| line.sentence == finding.sentence) {
            Some(line) => line.rows.push(finding.row),
            None if has_room => self.lines.push(line(finding)),
            None => self.more += 1,
        }
    }
}

fn line(finding: &Finding) -> FindingLine {
    FindingLine { rows: vec![finding.row], sentence: finding.sentence.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_follow_each_other_are_named_together() {
        let place = |rows: Vec<u64>| FindingLine { rows, sentence: String::new() }.place();
        assert_eq!(place(vec![5]), "Row 5");
        assert_eq!(place(vec![2, 3, 4, 9]), "Rows 2\u{2013}4, 9");
        assert_eq!(
            place((1..=20).map(|row| row * 2).collect()),
            "Rows 2, 4, 6, 8, 10, 12, 14, 16 and 12 more"
        );
    }
}
