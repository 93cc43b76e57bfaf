//! Reminders of many invoices, asked for together.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schema::{
    count, described, either, flag, list_of, may, more, must, named, object, request, text, uuid,
};
use super::{BATCHES, MALFORMED};
use crate::domain::proposal::MAX_BATCH;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/reminder-batches", "createReminderBatch", "Remind many invoices")
            .under(BATCHES)
            .about(
                "With the default text, one mail for each invoice, all or nothing: where one invoice cannot be reminded, nothing \
                 is sent. The mails leave after the undo time. With dryRun nothing is stored, and the answer says what would be.",
            )
            .body(either(["ChosenInvoices", "MatchingInvoices"]), json!({"filter": {"tab": "overdue", "not_reminded": "7"}, "dryRun": true}))
            .answers(200, "What a batch would do (dryRun)", named("DryRun"))
            .makes(202, "The batch, whose mails go out from now on", named("ReminderBatch"))
            .fails_with(400, MALFORMED)
            .fails(404, "NotFound")
            .fails_saying(409, "InvoiceReminder.InvoiceNotRemindable, one of the invoices cannot be reminded; or ReminderBatch.NothingMatches, no invoice matches the filter", "NotRemindableInvoices")
            .fails_with(413, &format!("Request.TooLarge, more than {MAX_BATCH} invoices"))
            .fails(502, "EmailSendFailed"),
        Operation::get("/reminder-batches/{batchId}", "getReminderBatch", "Read how far a batch is")
            .under(BATCHES)
            .about("sent, failed, cancelled, pending and those left out add up to selected.")
            .answers(200, "The batch", named("ReminderBatchProgress"))
            .fails_with(404, "ReminderBatch.NotFound, no batch with that id for this organisation"),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let ids = json!({"type": "array", "items": uuid(), "minItems": 1, "maxItems": MAX_BATCH});
    let dry_run = || may("dryRun", flag(), "Only says what it would do");
    let nothing = || json!({"type": "null"});
    let chosen = request([must("invoiceIds", ids, ""), may("filter", nothing(), ""), dry_run()]);
    let matching = request([
        must("filter", named("InvoiceFilter"), "All that match when it is asked"),
        may("invoiceIds", nothing(), ""),
        dry_run(),
    ]);
    let left_out = object([
        must("invoiceId", uuid(), ""),
        must("reason", text(), "no_email, suppressed, on_hold or on_its_way"),
    ]);
    let status = json!({"type": "string", "enum": ["waiting", "sending", "paused", "finished"]});
    let batch = |id, what| {
        object([
            must("id", id, what),
            must("status", status.clone(), ""),
            must("selected", count(), ""),
            must("toSend", count(), ""),
            must("leftOut", list_of(named("LeftOut")), "Who gets no mail, and why"),
        ])
    };
    let progress = more(
        "ReminderBatch",
        [
            must("sent", count(), "Accepted by the mail server"),
            must("failed", count(), "Those that may have been delivered among them"),
            must("cancelled", count(), ""),
            must("pending", count(), ""),
            must("finished", flag(), ""),
        ],
    );
    let in_the_way =
        object([must("invoiceId", uuid(), ""), must("reason", text(), "Why it cannot be reminded")]);
    let refused =
        more("ProblemDetails", [must("invoices", list_of(in_the_way), "Those that are in the way")]);
    vec![
        ("ChosenInvoices", described(chosen, "Invoices by their ids")),
        ("MatchingInvoices", described(matching, "Invoices by a filter")),
        ("DryRun", described(batch(nothing(), "Nothing is stored"), "What a batch would do")),
        ("ReminderBatch", batch(uuid(), "")),
        ("ReminderBatchProgress", progress),
        ("LeftOut", left_out),
        ("NotRemindableInvoices", refused),
    ]
}
