//! One invoice: its figures, its reminders, its timeline. What may be done with it is in `closing` and `payments`.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::frame::{Frame, Section, page};
use super::handed_over::{Aftermath, HandedOver};
use super::happenings::Happening;
use super::invoice_row::RowView;
use super::reminders::LogRow;
use super::session::SignedIn;
use crate::domain::ids::InvoiceId;
use crate::domain::organisation::day_in_words;
use crate::domain::person::Permission;
use crate::domain::proposal::LeftOut;
use crate::store::InvoiceRow;

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
