//! Settings > Data: a backup, and the ledger and the log of reminders as files.

use std::fs::File;
use std::io::Read;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use askama::Template;
use futures_util::stream;

use super::SettingsPage;
use crate::actions::{ActionError, NoBackup};
use crate::domain::ledger::Column;
use crate::store::{LedgerLine, ReminderFilter};
use crate::web::frame::{Frame, page_with};
use crate::web::session::{Posted, SignedIn};
use crate::web::sign_in::Nothing;
use crate::web::{WebError, csv, reminders};

/// How much of a backup is read at a time.
const PIECE: u64 = 256 * 1024;

#[derive(Template)]
#[template(path = "settings/data.html")]
struct DataPage {
    frame: Frame,
    no_backup: Option<NoBackup>,
    problem: Option<String>,
}

/// `GET /settings/data`
pub async fn show(by: SignedIn) -> Result<HttpResponse, WebError> {
    page(&by, None).await
}

async fn page(by: &SignedIn, problem: Option<String>) -> Result<HttpResponse, WebError> {
    let (status, title) = match problem {
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Error: Data"),
        None => (StatusCode::OK, "Data"),
    };
    let no_backup = by.state.actions.no_backup().await?;
    page_with(status, &DataPage { frame: by.settings_frame(SettingsPage::Data, title), no_backup, problem })
}

/// `POST /settings/data/backups`
pub async fn back_up(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let file = match by.state.actions.take_backup(&by.user.principal()).await {
        Ok(file) => file,
        Err(ActionError::Refused(why)) => return page(&by, Some(why)).await,
        Err(error) => return Err(error.into()),
    };
    let unreadable = |error: std::io::Error| WebError::Internal(error.to_string());
    let length = file.metadata().map_err(unreadable)?.len();
    let name = format!("dunlin-{}.db", by.today());
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "application/vnd.sqlite3"))
        .insert_header(("Content-Disposition", format!("attachment; filename=\"{name}\"")))
        // Whoever receives it can tell whether it is whole; it is not compressed, or its length would not be known.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((CONTENT_LENGTH, length))
        .no_chunking(length)
        .streaming(pieces(file)))
}

fn pieces(file: File) -> impl futures_util::Stream<Item = Result<Bytes, WebError>> {
    stream::try_unfold(file, |file| async move {
        let unreadable = |error: &dyn std::fmt::Display| WebError::Internal(error.to_string());
        let read = web::block(move || {
            let mut piece = Vec::with_capacity(PIECE as usize);
            (&file).take(PIECE).read_to_end(&mut piece).map(|_| (piece, file))
        });
        let (piece, file) =
            read.await.map_err(|error| unreadable(&error))?.map_err(|error| unreadable(&error))?;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
}

/// `POST /settings/data/invoices`: the ledger, in the columns that an import reads.
pub async fn invoices(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let (organisation, what) = (by.organisation.id, "All invoices as CSV.".to_owned());
    let header = Column::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(",");
    csv::streamed(&by, what, "invoices.csv", &header, move |snapshot, after, limit| {
        let rows = snapshot.ledger_lines(organisation, after, limit)?;
        Ok(rows.into_iter().map(|row| (row.row.invoice.id, written(&row))).collect())
    })
    .await
}

fn written(line: &LedgerLine) -> String {
    let LedgerLine { row, customer_id } = line;
    let invoice = &row.invoice;
    let cell = |column: &Column| match column {
        Column::CustomerId => text(customer_id.as_ref()),
        Column::CustomerName => row.customer_name.to_string(),
        Column::CustomerEmail => text(row.recipient.as_ref()),
        Column::InvoiceNumber => invoice.number.to_string(),
        Column::Currency => invoice.total.currency().to_string(),
        Column::Total => invoice.total.to_decimal(),
        Column::Balance => invoice.balance.to_decimal(),
        Column::IssueDate => invoice.issued_on.to_string(),
        Column::DueDate => invoice.due_on.to_string(),
        Column::Status => invoice.state.to_string(),
        Column::Archived => invoice.archived_at.is_some().to_string(),
        Column::PayUrl => invoice.pay_url.as_ref().map_or_else(String::new, |url| url.as_str().to_owned()),
    };
    csv::line(&Column::ALL.iter().map(cell).collect::<Vec<_>>())
}

fn text(value: Option<&impl ToString>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}

/// `POST /settings/data/reminders`: the whole log.
pub async fn reminders(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    reminders::file(&posted.by, "All reminders as CSV.".to_owned(), ReminderFilter::default()).await
}
