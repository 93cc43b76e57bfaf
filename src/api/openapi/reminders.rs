//! An invoice's reminders, as the published contract has them.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schema::{described, instant, list_of, may, must, named, object, or_null, text, uuid, words};
use super::{MALFORMED, REMINDERS};
use crate::domain::reminder::PublicStatus;
use crate::domain::stage::Stage;

const PATH: &str = "/invoices/{invoiceId}/reminders";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(PATH, "sendReminder", "Send a payment reminder now")
            .under(REMINDERS)
            .about(
                "E-mails a reminder at once, with the chaser copy that matches how overdue the invoice is or with the supplied \
                 subject and message, and records it. Idempotent within 60 seconds. The answer comes when the mail server has \
                 answered; where that takes long it says Pending, and the sending goes on.",
            )
            .body_if_any(named("SendReminderRequest"), Value::Null)
            .answers(
                200,
                "The reminder, sent now or within the last 60 seconds",
                named("InvoiceReminderResponse"),
            )
            .fails(400, "CustomerMissingEmail")
            .fails(404, "NotFound")
            .fails(409, "NotRemindable")
            .fails(422, "RecipientInactive")
            .fails(502, "EmailSendFailed"),
        Operation::get(PATH, "listReminders", "List an invoice\u{2019}s reminders, oldest first")
            .under(REMINDERS)
            .answers(200, "All reminders of the invoice", list_of(named("InvoiceReminderResponse")))
            .fails(404, "NotFound"),
        Operation::post("/reminders/{reminderId}/cancel", "cancelReminder", "Call a reminder back")
            .under(REMINDERS)
            .about("Doing so twice is doing it once. What was handed to the mail server is past recall.")
            .body_if_any(named("Nothing"), Value::Null)
            .answers(200, "The reminder", named("InvoiceReminderResponse"))
            .fails_with(400, MALFORMED)
            .fails_with(404, "InvoiceReminder.NotFound, no reminder with that id for this organisation")
            .fails_with(409, "InvoiceReminder.NotCancellable, it was handed over, sent or has failed"),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let subject = json!({"type": "string", "maxLength": 200, "pattern": r"^[^\x00-\x1f\x7f]*$"});
    let message = json!({"type": "string", "maxLength": 10_000});
    let request = object([
        may("subject", or_null(subject), "The subject, instead of the chaser copy\u{2019}s"),
        may("message", or_null(message), "The message as plain text, instead of the chaser copy\u{2019}s"),
    ]);
    let reminder = object([
        must("id", uuid(), ""),
        must("invoiceId", uuid(), ""),
        must(
            "offset",
            or_null(named("InvoiceReminderOffset")),
            "The preset offset this reminder was scheduled from; null for ad-hoc reminders",
        ),
        must("scheduledAt", instant(), "When it may leave"),
        must("status", named("InvoiceReminderStatus"), ""),
        must("subject", or_null(text()), "As sent; null until it is written"),
        must("body", or_null(text()), "The plain text as sent; null until it is written"),
        must("createdAt", instant(), ""),
        must("updatedAt", instant(), ""),
        must("sentAt", or_null(instant()), "When the mail server accepted it"),
        must("cancelledAt", or_null(instant()), ""),
        must(
            "failureReason",
            or_null(text()),
            "A word for programs, then the mail server\u{2019}s words: address_refused, refused, unreachable, timeout, \
             policy, mailbox_full, no_email, template, expired, suppressed or delivery_unconfirmed",
        ),
    ]);
    vec![
        (
            "SendReminderRequest",
            described(request, "Words of the caller; what is left out or blank is written by Dunlin"),
        ),
        ("InvoiceReminderResponse", reminder),
        ("InvoiceReminderOffset", words(Stage::ALL, Stage::as_str)),
        ("InvoiceReminderStatus", words(PublicStatus::ALL, PublicStatus::as_str)),
    ]
}
