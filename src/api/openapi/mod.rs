//! The API described for programs (OpenAPI 3.1): `GET /api/v1/openapi.json`, from which the reference page is made too.
//!
//! What an address takes and answers stands in the file of its noun, in the order of the page.

mod customers;
mod holds;
mod invoice_changes;
mod invoices;
mod operation;
mod reminder_batches;
mod reminders;
mod schema;
mod suppressions;

use actix_web::HttpResponse;
use serde_json::{Value, json};

use operation::{Operation, by_path, problem};
use schema::{described, may, must, object, or_null, text};

/// A body or parameter that cannot be read.
const MALFORMED: &str = "Request.Malformed, something that cannot be read";

/// Where programs find it.
pub(super) async fn show() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// The whole description.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.1",
        "info": {"title": "Dunlin API", "version": "v1", "description": ABOUT.join("\n\n")},
        "servers": [{"url": "/api/v1"}],
        "security": [{"apiKey": []}, {"bearer": []}, {"compatibleApiKey": []}],
        "tags": [
            {"name": REMINDERS, "description": "One message about one invoice to one recipient."},
            {"name": INVOICES, "description": "What is owed, by whom and since when."},
            {"name": CUSTOMERS, "description": "Who owes, and where reminders go."},
            {"name": BATCHES, "description": "Reminders of many invoices, asked for together."},
            {"name": HOLDS, "description": "Invoices and customers that are not to be reminded for a while."},
            {"name": SUPPRESSIONS, "description": "Addresses that must not be mailed."},
            {"name": DESCRIPTION, "description": "What this page is made from."},
        ],
        "paths": by_path(operations()),
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "compatibleApiKey": {"type": "apiKey", "in": "header", "name": "x-dolfin-api-key", "description": "The header name of the published contract; the same keys."},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "responses": responses(),
            "schemas": schemas(),
        },
    })
}

const REMINDERS: &str = "Reminders";
const INVOICES: &str = "Invoices";
const CUSTOMERS: &str = "Customers";
const BATCHES: &str = "Reminder batches";
const HOLDS: &str = "Holds";
const SUPPRESSIONS: &str = "Suppressions";
const DESCRIPTION: &str = "Description";

const ABOUT: [&str; 5] = [
    "Send the API key in the header `x-api-key`, or as `Authorization: Bearer`. An admin creates it under Settings > API keys, or with the command `dunlin api-key add`. It opens one organisation\u{2019}s ledger, and may do there what a clerk may.",
    "Bodies are JSON in UTF-8. Amounts are decimal texts, days are written `2025-12-31` and lie between 1900 and 2199, moments are in UTC.",
    "Lists come in order of id, up to 100 at a time. Where `hasMore` is true, the same address with `cursor` and the `nextCursor` of the answer has the rest.",
    "A request with a body may have a header `Idempotency-Key`. Used again for another request, the key is answered 422 `IdempotencyKey.Reused`; while the first is being answered, 409 `IdempotencyKey.InFlight`.",
    "Every failure is a problem (RFC 9457): `code` says for programs what is wrong, `detail` says it for people, `requestId` is what to quote. Whatever is answered 429 may be asked again after the seconds of the header `Retry-After`.",
];

fn operations() -> impl Iterator<Item = Operation> {
    let own = Operation::get("/openapi.json", "describe", "Read this description")
        .under(DESCRIPTION)
        .for_anyone()
        .answers(200, "An OpenAPI 3.1 document", json!({"type": "object"}));
    let nouns = [
        reminders::operations(),
        invoices::operations(),
        invoice_changes::operations(),
        customers::operations(),
        reminder_batches::operations(),
        holds::operations(),
        suppressions::operations(),
    ];
    nouns.into_iter().flatten().chain([own])
}

fn responses() -> Value {
    let problem = |what| problem(what, "ProblemDetails");
    json!({
        "Problem": problem("Any other failure"),
        "CustomerMissingEmail": problem("Invoice.CustomerMissingEmail, the customer has no e-mail address; or a malformed request"),
        "NotFound": problem("Invoice.NotFound, no invoice with that id for this organisation"),
        "NotRemindable": problem("InvoiceReminder.InvoiceNotRemindable, the invoice is not Sent or PartiallyPaid (or is archived, settled or on hold)"),
        "RecipientInactive": problem("Invoice.RecipientInactive, the recipient address is suppressed"),
        "EmailSendFailed": problem("Invoice.EmailSendFailed, the mail server rejected the send or could not be reached, or the organisation has no sender address"),
    })
}

fn schemas() -> Value {
    let nouns = [
        reminders::schemas(),
        invoices::schemas(),
        invoice_changes::schemas(),
        customers::schemas(),
        reminder_batches::schemas(),
        holds::schemas(),
        suppressions::schemas(),
    ];
    let problem = [("ProblemDetails", problem_details())];
    nouns.into_iter().flatten().chain(problem).map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn problem_details() -> Value {
    let whole = json!({"type": "integer"});
    let details = object([
        must("type", or_null(text()), "A URI for this kind of problem"),
        must("title", or_null(text()), "The code"),
        must("status", or_null(whole), "The status of the answer"),
        must("detail", or_null(text()), "What is wrong, and what to do, in a sentence"),
        may("instance", or_null(text()), "The address that was asked"),
        may("code", text(), "The same word as the title, for programs"),
        may("requestId", text(), "What to quote when asking for help"),
    ]);
    described(details, "What cannot be done, and why (RFC 9457)")
}
