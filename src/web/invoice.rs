//! One invoice: its figures, its reminders, its timeline. What may be done with it is in `closing` and `payments`.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::frame::{Frame, Section, page};
use super::handed_over::{Aftermath, HandedOver};
use super::invoices::RowView;
use super::reminders::LogRow;
use super::session::SignedIn;
use crate::domain::ids::InvoiceId;
use crate::domain::organisation::day_in_words;
use crate::domain::person::Permission;
use crate::domain::proposal::LeftOut;
use crate::domain::reminder::FailureKind;
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
        let is_kept = entry.kept_here && entry.event == "reminder.sent";
        let href = entry
            .mail_id
            .map(|id| format!("/reminders/{id}"))
            .or_else(|| entry.batch_id.map(|id| format!("/reminder-batches/{id}")));
        Self {
            at: by.organisation.local(entry.at),
            actor: entry.actor,
            what: if is_kept { "Reminder kept here, not delivered" } else { what(&entry.event) },
            detail: if is_kept { String::new() } else { in_words(&entry.event, entry.detail) },
            href,
        }
    }
}

/// What is recorded beside an event, without the word that programs know a failure by.
pub(super) fn in_words(event: &str, detail: String) -> String {
    let failure =
        detail.split_once(": ").and_then(|(kind, words)| Some((kind.parse::<FailureKind>().ok()?, words)));
    match (event, failure) {
        ("reminder.failed", Some((kind, words))) => format!("{}: {words}", kind.heading()),
        ("reminder.unconfirmed", Some((_, words))) => words.to_owned(),
        _ => detail,
    }
}

fn what(event: &str) -> &'static str {
    match event {
        "invoice.created" => "Invoice brought in",
        "invoice.updated" => "Invoice changed",
        "invoice.reopened" => "Reopened",
        "invoice.paid" => "Marked as paid",
        "payment.recorded" => "Payment recorded",
        "invoice.voided" => "Made void",
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
    may_edit_customer: bool,
    handed_over: Vec<HandedOver>,
}

/// `GET /invoices/{id}`
pub async fn show(
    by: SignedIn,
    path: web::Path<String>,
    aftermath: web::Query<Aftermath>,
) -> Result<HttpResponse, WebError> {
    let (organisation, id) = (by.organisation.id, id(&path)?);
    let (row, slots, reminders, timeline, mut handed_over) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let row = snapshot.invoice(organisation, id)?.ok_or(WebError::NotFound)?;
            let slots = snapshot.slots(&[id])?;
            let reminders = snapshot.reminders_of_invoice(organisation, id)?;
            let handed_over = aftermath.reminders(snapshot, organisation)?;
            Ok((row, slots, reminders, snapshot.invoice_timeline(id)?, handed_over))
        })
        .await?;
    handed_over.retain(|named| named.reminder.invoice_id == id);
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
        may_edit_customer: by.user.may(Permission::EditCustomer),
        handed_over: handed_over.into_iter().map(HandedOver::from).collect(),
    })
}

pub(super) fn id(text: &str) -> Result<InvoiceId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

/// One invoice of the organisation.
pub(super) async fn found(by: &SignedIn, id: InvoiceId) -> Result<InvoiceRow, WebError> {
    let organisation = by.organisation.id;
    by.state
        .reader
        .read::<_, WebError>(move |snapshot| snapshot.invoice(organisation, id)?.ok_or(WebError::NotFound))
        .await
}
