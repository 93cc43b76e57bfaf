//! `dunlin import`: a ledger file from the command line.

use std::fs::File;
use std::path::Path;

use serde::Serialize;

use super::{CommandError, the_organisation};
use crate::actions::ImportReport;
use crate::cli::Import;
use crate::config::Config;
use crate::domain::money::grouped_count;
use crate::domain::person::Actor;
use crate::process::{Failure, Installation};

/// Brings the file in, or with `--dry-run` says what that would do.
pub(super) async fn import(config: &Config, flags: Import) -> Result<(), CommandError> {
    let file = open(&flags.file)?;
    let installation = Installation::open(config).await?;
    let organisation = the_organisation(&installation, flags.organisation).await?;
    let actions = &installation.actions;
    let report = match flags.dry_run {
        true => actions.check_ledger(organisation, file, flags.reopen).await?,
        false => actions.import_ledger(Actor::System, organisation, file, flags.reopen).await?,
    };
    tell(&report, flags.json)?;
    match report.summary.errors {
        0 => Ok(()),
        1 => Err(refused("Nothing was written: 1 row has an error. Mend it and try again.".to_owned())),
        rows => Err(refused(format!(
            "Nothing was written: {} rows have errors. Mend them and try again.",
            grouped_count(rows)
        ))),
    }
}

/// Opens the file before anything else, so that a wrong name makes no database.
fn open(path: &Path) -> Result<File, CommandError> {
    let refused = |why: String| refused(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| refused(error.to_string()))?;
    match file.metadata() {
        Ok(about) if about.is_dir() => Err(refused("it is a folder, not a file".to_owned())),
        Ok(_) => Ok(file),
        Err(error) => Err(refused(error.to_string())),
    }
}

fn refused(sentence: String) -> CommandError {
    CommandError::Failed(Failure::Refused(sentence))
}

/// The summary on standard output; the findings with it as JSON, else on standard error.
fn tell(report: &ImportReport, as_json: bool) -> Result<(), CommandError> {
    if as_json {
        let json =
            serde_json::to_string_pretty(&Told::from(report)).map_err(|error| refused(error.to_string()))?;
        println!("{json}");
        return Ok(());
    }
    for finding in &report.findings {
        eprintln!("{}: {finding}", finding.severity.as_str());
    }
    println!("{}", report.summary);
    Ok(())
}

#[derive(Serialize)]
struct Told<'a> {
    new: usize,
    updated: usize,
    unchanged: usize,
    errors: usize,
    warnings: usize,
    written: bool,
    findings: Vec<ToldFinding<'a>>,
}

#[derive(Serialize)]
struct ToldFinding<'a> {
    row: u64,
    column: Option<&'a str>,
    severity: &'static str,
    sentence: &'a str,
}

impl<'a> From<&'a ImportReport> for Told<'a> {
    fn from(report: &'a ImportReport) -> Self {
        let findings = report.findings.iter().map(|finding| ToldFinding {
            row: finding.row,
            column: finding.column.as_deref(),
            severity: finding.severity.as_str(),
            sentence: &finding.sentence,
        });
        Self {
            new: report.summary.new,
            updated: report.summary.updated,
            unchanged: report.summary.unchanged,
            errors: report.summary.errors,
            warnings: report.summary.warnings,
            written: report.is_written,
            findings: findings.collect(),
        }
    }
}
