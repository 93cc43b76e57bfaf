//! `/api/v1/invoices/{invoiceId}/reminders`, as the contract has it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::members::Nothing;
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::actions::{NotReminded, Wish};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::own_words::OwnWords;
use crate::store::ReminderRow;

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

/// The contract's request; members that it does not know are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with subject and message")]
pub(super) struct SendReminder {
    subject: Option<String>,
    message: Option<String>,
    scheduled_at: Option<IgnoredAny>,
}

impl SendReminder {
    /// The words in it. A time would be ignored, and the mail sent now: it is refused.
    fn words(self) -> Result<OwnWords, Problem> {
        if self.scheduled_at.is_some() {
            return Err(Problem::malformed(
                "scheduledAt cannot be sent yet. Leave it out to send the reminder now.",
            ));
        }
        let words = OwnWords::read(self.subject.as_deref(), self.message.as_deref());
        words.map_err(|invalid| Problem::malformed(invalid.to_string()))
    }
}

/// Sends a reminder now and answers with what came of it.
pub(super) async fn create(
    call: Call<Option<SendReminder>>,
    path: web::Path<String>,
) -> Result<Answer, Problem> {
    let invoice_id = id_in(&path, "invoice")?;
    let call = call.read(|body| body.map_or_else(|| Ok(OwnWords::default()), SendReminder::words))?;
    call.once(async move |program, words, id| {
        let wish = Wish { id: id.into(), invoice_id, words };
        let row = program.actions().remind_now(&program.principal, wish).await?;
        let open = row.reminder.state.is_open().then(|| row.reminder.id.as_uuid());
        let answer = Answer::ok(&ReminderBody::from(row))?;
        Ok(open.into_iter().fold(answer, Answer::of_open))
    })
    .await
}

impl From<NotReminded> for Problem {
    fn from(refused: NotReminded) -> Self {
        let detail = refused.to_string();
        match refused {
            NotReminded::Other(error) => Self::of(Noun::Invoice)(error),
            NotReminded::Ineligible(_) | NotReminded::OnHold(_) => {
                Self::conflict("InvoiceReminder.InvoiceNotRemindable", detail)
            }
            NotReminded::NoEmail => {
                Self::new(StatusCode::BAD_REQUEST, "Invoice.CustomerMissingEmail", detail)
            }
            NotReminded::RecipientInactive(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invoice.RecipientInactive", detail)
            }
            NotReminded::SendFailed(_) => Self::unsent(detail),
        }
    }
}

/// All reminders of an invoice, oldest first.
pub(super) async fn index(program: Program, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (organisation, id) = (program.organisation(), id_in::<InvoiceId>(&path, "invoice")?);
    let reminders = program
        .read(move |snapshot| {
            snapshot.invoice(organisation, id)?.ok_or_else(|| Problem::not_found(Noun::Invoice))?;
            Ok(snapshot.reminders_of_invoice(organisation, id)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(reminders.into_iter().map(ReminderBody::from).collect::<Vec<_>>()))
}

/// `POST /api/v1/reminders/{reminderId}/cancel`: calls it back. Doing so twice is doing it once.
pub(super) async fn cancel(call: Call<Option<Nothing>>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id: ReminderId = id_in(&path, "reminder")?;
    call.once(async move |program, _, _| {
        let cancelled = program.actions().cancel_reminder(&program.principal, id).await;
        cancelled.map_err(Problem::refusing(Noun::Reminder, "InvoiceReminder.NotCancellable"))?;
        let organisation = program.organisation();
        let found = program.read(move |snapshot| Ok(snapshot.reminder(organisation, id)?)).await?;
        Answer::ok(&ReminderBody::from(found.ok_or_else(|| Problem::not_found(Noun::Reminder))?))
    })
    .await
}

/// RFC 3339 in UTC, to the microsecond.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
