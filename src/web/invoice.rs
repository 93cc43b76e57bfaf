//! One invoice: its figures, its reminders, its timeline, and what may be done with it.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::frame::{Frame, Section, page, see_other};
use super::invoices::RowView;
use super::reminders::LogRow;
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use crate::domain::ids::InvoiceId;
use crate::domain::organisation::day_in_words;
use crate::domain::person::Permission;
use crate::domain::proposal::LeftOut;
use crate::store::{InvoiceRow, TimelineEntry};

/// A line of the timeline.
pub(super) struct Happening {
    pub(super) at: String,
    pub(super) actor: String,
    pub(super) what: &'static str,
    pub(super) detail: String,
    pub(super) href: Option<String>,
}

impl Happening {
    pub(super) fn new(entry: TimelineEntry, by: &SignedIn) -> Self {
        let is_kept = by.state.is_mail_captured && entry.event == "reminder.sent";
        let href = entry
            .mail_id
            .map(|id| format!("/reminders/{id}"))
            .or_else(|| entry.batch_id.map(|id| format!("/reminder-batches/{id}")));
        Self {
            at: by.organisation.local(entry.at),
            actor: entry.actor,
            what: if is_kept { "Reminder kept here, not delivered" } else { what(&entry.event) },
            detail: if is_kept { String::new() } else { entry.detail },
            href,
        }
    }
}

fn what(event: &str) -> &'static str {
    match event {
        "invoice.created" => "Invoice brought in",
        "invoice.updated" => "Invoice changed by an import",
        "invoice.reopened" => "Reopened by an import",
        "invoice.paid" => "Marked as paid",
        "invoice.archived" => "Archived",
        "invoice.unarchived" => "Brought back from the archive",
        "reminder.queued" => "Reminder queued",
        "reminder.resent" => "Reminder queued again",
        "reminder.repeated" => "Reminder to be sent again as it was",
        "reminder.marked_sent" => "Reminder marked as sent",
        "invoice.held" => "Reminders put on hold",
        "invoice.released" => "Hold lifted",
        "reminder.past_recall" => "Reminder already handed over, cannot be called back",
        "batch.paused" => "Batch paused",
        "reminder.sent" => "Reminder accepted by the mail server",
        "reminder.failed" => "Reminder failed",
        "reminder.unconfirmed" => "Reminder may have been delivered",
        "reminder.postponed" => "Reminder postponed",
        "reminder.cancelled" => "Reminder cancelled",
        "reminder.left_out" => "Left out of a batch",
        "batch.confirmed" => "Batch confirmed",
        _ => "Changed",
    }
}

#[derive(Template)]
#[template(path = "invoices/show.html")]
struct InvoicePage {
    frame: Frame,
    row: RowView,
    total: String,
    issued_on: String,
    pay_url: Option<String>,
    reminders: Vec<LogRow>,
    timeline: Vec<Happening>,
    may_send: bool,
    may_change: bool,
    may_hold: bool,
}

/// `GET /invoices/{id}`
pub async fn show(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let (organisation, id) = (by.organisation.id, id(&path)?);
    let (row, slots, reminders, timeline) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let row = snapshot.invoice(organisation, id)?.ok_or(WebError::NotFound)?;
            let slots = snapshot.slots(&[id])?;
            Ok((row, slots, snapshot.reminders_of_invoice(organisation, id)?, snapshot.invoice_timeline(id)?))
        })
        .await?;
    page(&InvoicePage {
        frame: by.frame(Section::Invoices, row.invoice.number.to_string()),
        total: row.invoice.total.to_string(),
        issued_on: day_in_words(row.invoice.issued_on),
        pay_url: row.invoice.pay_url.as_ref().map(|url| url.as_str().to_owned()),
        row: RowView::new(&row, slots.get(&id), &by, &[]),
        reminders: reminders.into_iter().rev().map(|reminder| LogRow::new(reminder, &by)).collect(),
        timeline: timeline.into_iter().map(|entry| Happening::new(entry, &by)).collect(),
        may_send: by.user.may(Permission::SendReminder),
        may_change: by.user.may(Permission::ChangeInvoice),
        may_hold: by.user.may(Permission::Hold),
    })
}

fn id(text: &str) -> Result<InvoiceId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

/// A question before something is done to an invoice.
#[derive(Template)]
#[template(path = "invoices/question.html")]
struct Question {
    frame: Frame,
    title: String,
    sentence: String,
    action: String,
    button: &'static str,
    back: String,
}

async fn asked(
    by: &SignedIn,
    id: InvoiceId,
    question: impl FnOnce(&InvoiceRow) -> (String, String, String, &'static str),
) -> Result<HttpResponse, WebError> {
    by.require(Permission::ChangeInvoice)?;
    let organisation = by.organisation.id;
    let row = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| snapshot.invoice(organisation, id)?.ok_or(WebError::NotFound))
        .await?;
    let (title, sentence, action, button) = question(&row);
    page(&Question {
        frame: by.frame(Section::Invoices, title.clone()),
        title,
        sentence,
        action,
        button,
        back: format!("/invoices/{id}"),
    })
}

/// `GET /invoices/{id}/archive/edit`
pub async fn ask_archive(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    asked(&by, id, |row| {
        let (number, customer) = (&row.invoice.number, &row.customer_name);
        match row.invoice.archived_at {
            None => (
                format!("Archive invoice {number}?"),
                format!("{number} of {customer} leaves the working list and is not reminded any more. A reminder that has not left is cancelled. You can bring it back."),
                format!("/invoices/{id}/archive"),
                "Archive",
            ),
            Some(_) => (
                format!("Unarchive invoice {number}?"),
                format!("{number} of {customer} comes back to the working list."),
                format!("/invoices/{id}/unarchive"),
                "Unarchive",
            ),
        }
    })
    .await
}

/// `POST /invoices/{id}/archive`
pub async fn archive(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.require(Permission::ChangeInvoice)?;
    by.state.actions.archive_invoice(&by.user, id).await?;
    Ok(see_other(format!("/invoices/{id}")))
}

/// `POST /invoices/{id}/unarchive`
pub async fn unarchive(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.require(Permission::ChangeInvoice)?;
    by.state.actions.unarchive_invoice(&by.user, id).await?;
    Ok(see_other(format!("/invoices/{id}")))
}

/// `GET /invoices/{id}/payments/new`
pub async fn ask_payment(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    asked(&by, id, |row| {
        let (number, customer) = (&row.invoice.number, &row.customer_name);
        (
            format!("Mark invoice {number} as paid?"),
            format!(
                "This records a payment of {} from {customer}, today. A reminder that has not left is cancelled.",
                row.invoice.balance
            ),
            format!("/invoices/{id}/payments"),
            "Mark as paid",
        )
    })
    .await
}

/// `POST /invoices/{id}/payments`
pub async fn pay(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.require(Permission::ChangeInvoice)?;
    by.state.actions.mark_as_paid(&by.user, id).await?;
    Ok(see_other(format!("/invoices/{id}")))
}
