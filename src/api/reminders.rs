//! `GET /api/v1/invoices/{invoiceId}/reminders`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{Problem, Program};
use crate::domain::ids::InvoiceId;
use crate::store::{ReminderRow, StoreError};

/// A reminder in the contract's shape.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReminderBody {
    id: String,
    invoice_id: String,
    offset: Option<&'static str>,
    scheduled_at: String,
    status: &'static str,
    subject: Option<String>,
    body: Option<String>,
    created_at: String,
    updated_at: String,
    sent_at: Option<String>,
    cancelled_at: Option<String>,
    failure_reason: Option<String>,
}

impl From<ReminderRow> for ReminderBody {
    fn from(row: ReminderRow) -> Self {
        let reminder = row.reminder;
        let is_failure = reminder.failure_kind().is_some();
        Self {
            id: reminder.id.to_string(),
            invoice_id: reminder.invoice_id.to_string(),
            offset: reminder.stage.map(|stage| stage.as_str()),
            scheduled_at: instant(reminder.scheduled_at),
            status: reminder.state.public().as_str(),
            subject: reminder.subject,
            body: reminder.text,
            created_at: instant(reminder.created_at),
            updated_at: instant(reminder.updated_at),
            sent_at: reminder.sent_at.map(instant),
            cancelled_at: reminder.cancelled_at.map(instant),
            failure_reason: reminder.reason.filter(|_| is_failure),
        }
    }
}

/// All reminders of an invoice, oldest first.
pub(super) async fn index(
    program: Program,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id: InvoiceId =
        path.parse().map_err(|_| Problem::malformed(&request, "The invoice id is not a UUID."))?;
    let organisation = program.organisation_id;
    let reminders = program
        .state
        .reader
        .read::<_, StoreError>(move |snapshot| {
            if snapshot.invoice(organisation, id)?.is_none() {
                return Ok(None);
            }
            snapshot.reminders_of_invoice(organisation, id).map(Some)
        })
        .await
        .map_err(|error| Problem::internal(&request, &error.to_string()))?
        .ok_or_else(|| Problem::no_invoice(&request))?;
    Ok(HttpResponse::Ok().json(reminders.into_iter().map(ReminderBody::from).collect::<Vec<_>>()))
}

/// RFC 3339 in UTC, to the microsecond.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
