//! What may be done with one invoice: payments, archive, void.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schema::{amount, day, may, must, named, or_null, request};
use super::{INVOICES, MALFORMED};

pub(super) fn operations() -> Vec<Operation> {
    let change = |path, id: &str, summary: &str| {
        Operation::post(path, id, summary)
            .under(INVOICES)
            .answers(200, "The invoice, and the mails past recall", named("ChangedInvoice"))
            .fails_with(400, MALFORMED)
            .fails(404, "NotFound")
    };
    vec![
        change("/invoices/{invoiceId}/payments", "createPayment", "Record a payment")
            .about("Paid in full, a reminder that has not left is cancelled.")
            .body(named("CreatePayment"), json!({"amount": "250.00", "paidOn": "2025-12-01"}))
            .fails_with(409, "Payment.ExceedsBalance, more than is owed; Invoice.NotOpen, nothing is owed; or Payment.InFuture"),
        change("/invoices/{invoiceId}/archive", "archiveInvoice", "Archive an invoice")
            .about("A reminder that has not left is cancelled. Doing so twice is doing it once.")
            .body_if_any(named("Nothing"), Value::Null),
        change("/invoices/{invoiceId}/unarchive", "unarchiveInvoice", "Bring an archived invoice back")
            .about("Doing so twice is doing it once.")
            .body_if_any(named("Nothing"), Value::Null),
        change("/invoices/{invoiceId}/void", "voidInvoice", "Make an invoice void")
            .about("A reminder that has not left is cancelled. Doing so twice is doing it once.")
            .body_if_any(named("Nothing"), Value::Null)
            .fails_with(409, "Invoice.NotVoidable, it is paid or credited"),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let payment = request([
        must("amount", amount(), "A decimal in the invoice\u{2019}s currency"),
        may("paidOn", or_null(day()), "Left out: today"),
    ]);
    vec![("CreatePayment", payment), ("Nothing", request([]))]
}
