//! `/imports`: a ledger file is uploaded and checked, then written; the sample ledger.

mod grouping;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use self::grouping::{FindingGroup, grouped};
use super::WebError;
use super::frame::{Frame, Section, page, page_with, see_other};
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use super::upload::Upload;
use crate::actions::ImportReport;
use crate::domain::ids::ImportId;
use crate::domain::ledger::{Column, Summary};
use crate::domain::money::grouped_count;
use crate::domain::person::Actor;
use crate::store::{KeptFile, StoreError};

/// The largest ledger taken in a browser, in bytes.
const MAX_BYTES: usize = 20 * 1024 * 1024;

#[derive(Template)]
#[template(path = "imports/index.html")]
struct IndexPage {
    frame: Frame,
    problem: Option<String>,
    most_mebibytes: usize,
    columns: Vec<ColumnHelp>,
    may_load_sample: bool,
    written: Vec<WrittenFile>,
}

struct ColumnHelp {
    name: &'static str,
    is_required: bool,
    meaning: &'static str,
}

struct WrittenFile {
    name: String,
    at: String,
    summary: String,
}

/// `GET /imports`
pub(super) async fn index(by: SignedIn) -> Result<HttpResponse, WebError> {
    page(&index_page(&by, None).await?)
}

async fn index_page(by: &SignedIn, problem: Option<String>) -> Result<IndexPage, WebError> {
    let organisation = by.organisation.id;
    let (written, has_customers) = by
        .state
        .reader
        .read::<_, StoreError>(move |snapshot| {
            Ok((snapshot.written_imports(organisation)?, snapshot.has_customers(organisation)?))
        })
        .await?;
    let title = if problem.is_some() { "Error: Imports" } else { "Imports" };
    let file = |file: KeptFile| WrittenFile {
        at: by.organisation.local(file.written_at.unwrap_or(file.created_at)),
        name: file.file_name,
        summary: file.summary,
    };
    Ok(IndexPage {
        frame: by.frame(Section::Imports, title),
        problem,
        most_mebibytes: MAX_BYTES / (1024 * 1024),
        columns: Column::ALL.iter().map(|column| column_help(*column)).collect(),
        may_load_sample: !has_customers,
        written: written.into_iter().map(file).collect(),
    })
}

fn column_help(column: Column) -> ColumnHelp {
    let meaning = match column {
        Column::CustomerId => "What your own system calls the customer.",
        Column::CustomerName => "Who owes.",
        Column::CustomerEmail => "Where reminders go. Without it nothing can be mailed.",
        Column::InvoiceNumber => "What the customer knows the invoice by.",
        Column::Currency => "Three letters, such as EUR.",
        Column::Total => "With a point before the decimals: 1240.00.",
        Column::Balance => "What is still owed; empty is the total.",
        Column::IssueDate => "Year-month-day: 2025-12-31; empty is today.",
        Column::DueDate => "Year-month-day; empty is the day of issue and your payment terms.",
        Column::Status => "Draft, Sent, PartiallyPaid, Paid, Void or Credited; empty is by the balance.",
        Column::Archived => "true or false.",
        Column::PayUrl => "Where the customer can view and pay the invoice.",
    };
    ColumnHelp { name: column.as_str(), is_required: Column::REQUIRED.contains(&column), meaning }
}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct ShowPage {
    frame: Frame,
    file_name: String,
    stage: Stage,
    summary: Summary,
    groups: Vec<FindingGroup>,
    hidden: usize,
}

/// How far a file has come.
enum Stage {
    /// It has errors; nothing is kept of it.
    Refused,
    /// It can be written.
    Checked { id: ImportId, invoices: usize, label: String },
    /// It was written; what it did, in words.
    Written { summary: String },
}

/// `POST /imports`: the check.
pub(super) async fn check(upload: Upload<MAX_BYTES>) -> Result<HttpResponse, WebError> {
    let Upload { by, file_name, content, ticked } = upload;
    let reopen = ticked.iter().any(|name| name == "reopen");
    let Some(content) = content else {
        let sentence = format!(
            "The file is larger than {} MiB. Bring it in on the server with: dunlin import FILE",
            MAX_BYTES / (1024 * 1024)
        );
        return page_with(StatusCode::PAYLOAD_TOO_LARGE, &index_page(&by, Some(sentence)).await?);
    };
    if content.is_empty() {
        let sentence = match file_name.as_str() {
            "" => "No file was chosen. Choose a ledger file first.".to_owned(),
            name => format!("{name} is empty."),
        };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &index_page(&by, Some(sentence)).await?);
    }
    let (id, report) = by.state.actions.keep_import(&by.user, file_name.clone(), content, reopen).await?;
    match id {
        Some(id) => Ok(see_other(format!("/imports/{id}"))),
        None => refused(&by, file_name, &report),
    }
}

/// `GET /imports/{id}`: what a kept file will do, or what it did.
pub(super) async fn show(by: SignedIn, id: web::Path<ImportId>) -> Result<HttpResponse, WebError> {
    let id = id.into_inner();
    let (file, report) = by.state.actions.kept_import(by.organisation.id, id).await?;
    let Some(report) = report else {
        return page(&ShowPage {
            frame: by.frame(Section::Imports, format!("Imported {}", file.file_name)),
            file_name: file.file_name,
            stage: Stage::Written { summary: file.summary },
            summary: Summary::default(),
            groups: Vec::new(),
            hidden: 0,
        });
    };
    if !report.is_clean() {
        return refused(&by, file.file_name, &report);
    }
    let invoices = report.summary.new + report.summary.updated;
    let label = match invoices {
        1 => "Import 1 invoice".to_owned(),
        many => format!("Import {} invoices", grouped_count(many)),
    };
    let (groups, hidden) = grouped(&report);
    page(&ShowPage {
        frame: by.frame(Section::Imports, format!("Check {}", file.file_name)),
        file_name: file.file_name,
        stage: Stage::Checked { id, invoices, label },
        summary: report.summary,
        groups,
        hidden,
    })
}

/// `POST /imports/{id}/write`
pub(super) async fn write(
    posted: Posted<Nothing>,
    id: web::Path<ImportId>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    // Whether it was written or, with errors that were not there before, not: the page that follows says it.
    by.state.actions.write_import(&by.user, *id).await?;
    Ok(see_other(format!("/imports/{id}")))
}

/// `POST /imports/sample`
pub(super) async fn sample(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.state.actions.import_sample(Actor::User(by.user.id), by.organisation.id).await?;
    Ok(see_other("/invoices"))
}

fn refused(by: &SignedIn, file_name: String, report: &ImportReport) -> Result<HttpResponse, WebError> {
    let (groups, hidden) = grouped(report);
    let page = ShowPage {
        frame: by.frame(Section::Imports, format!("Error: Check {file_name}")),
        file_name,
        stage: Stage::Refused,
        summary: report.summary,
        groups,
        hidden,
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
