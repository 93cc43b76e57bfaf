//! The ledger's invoices: listing, bringing and changing them.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schema::{
    amount, currency, day, described, flag, instant, line, list_of, may, more, must, named, object, or_empty,
    or_null, page_of, request, search, text, uuid, web_address, words,
};
use super::{INVOICES, MALFORMED};
use crate::domain::invoice::{DisplayStatus, InvoiceState};
use crate::domain::invoice_list::Tab;

const ONE: &str = "/invoices/{invoiceId}";

pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("/invoices", "listInvoices", "List invoices").under(INVOICES);
    let list = filters().into_iter().fold(list, |list, (name, schema, what)| list.query(name, schema, what));
    vec![
        paged(list)
            .answers(200, "One page of invoices, in order of id", named("InvoicePage"))
            .fails_with(400, MALFORMED),
        Operation::post("/invoices", "createInvoice", "Bring an invoice")
            .under(INVOICES)
            .body(
                named("CreateInvoice"),
                json!({
                    "customerId": "01a225ab-2214-716b-b541-4e9245626f83", "number": "INV-2025-0042",
                    "total": {"amount": "1240.00", "currency": "EUR"}, "dueOn": "2025-12-31",
                }),
            )
            .makes(201, "The invoice", named("Invoice"))
            .fails_with(400, MALFORMED)
            .fails_with(404, "Customer.NotFound, no customer with that id for this organisation")
            .fails_with(409, "Invoice.NumberTaken, the customer has an invoice with this number; or Invoice.Contradictory, the amounts do not fit the state"),
        Operation::get(ONE, "getInvoice", "Read an invoice")
            .under(INVOICES)
            .answers(200, "The invoice", named("Invoice"))
            .fails(404, "NotFound"),
        Operation::patch(ONE, "updateInvoice", "Change an invoice")
            .under(INVOICES)
            .about("What is left out stays. A payment that Dunlin recorded, or a withdrawal, is undone only with reopen.")
            .body(named("UpdateInvoice"), json!({"dueOn": "2026-01-31"}))
            .answers(200, "The invoice, and the mails past recall", named("ChangedInvoice"))
            .fails_with(400, MALFORMED)
            .fails(404, "NotFound")
            .fails_with(409, "Invoice.Contradictory, the amounts do not fit the state; or Invoice.NeedsReopen, it would undo what Dunlin recorded"),
    ]
}

/// A page's place. What is empty is none.
fn cursor() -> Value {
    json!({"type": "string", "pattern": "^$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"})
}

/// A list that comes in pages.
pub(super) fn paged(list: Operation) -> Operation {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50});
    list.query("limit", limit, "The most of one answer").query(
        "cursor",
        cursor(),
        "The nextCursor of the answer before",
    )
}

/// The filters of the Invoices page.
fn filters() -> Vec<(&'static str, Value, &'static str)> {
    let owed = || json!({"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$"});
    let since = json!({"type": "string", "pattern": "^(never|[0-9]{1,3})$"});
    vec![
        ("q", search(), "A part of the number, or of the customer\u{2019}s name or e-mail address"),
        ("tab", or_empty(words(Tab::ALL, Tab::as_str)), "Which ones; without it all, archived ones too"),
        ("customer", or_empty(uuid()), "Of one customer"),
        ("currency", or_empty(named("Currency")), "In one currency"),
        ("due_from", or_empty(day()), "Due then or later"),
        ("due_to", or_empty(day()), "Due then or earlier"),
        ("least", or_empty(owed()), "Owed so much or more, in any currency"),
        ("most", or_empty(owed()), "Owed so much or less, in any currency"),
        ("not_reminded", or_empty(since), "never, or for so many days"),
        (
            "remindable",
            or_empty(json!({"type": "string", "enum": ["yes"]})),
            "Only those that may be reminded",
        ),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let state = || words(InvoiceState::ALL, InvoiceState::as_str);
    let invoice = object([
        must("id", uuid(), ""),
        must("number", text(), ""),
        must("customerId", uuid(), ""),
        must("state", state(), "What the ledger says"),
        must("status", words(DisplayStatus::ALL, DisplayStatus::as_str), "What that means today"),
        must("archivedAt", or_null(instant()), "Since when it is archived"),
        must("total", named("Money"), ""),
        must("balance", named("Money"), "What is still owed"),
        must("issuedOn", day(), ""),
        must("dueOn", day(), ""),
        must("payUrl", or_null(text()), "Where it can be paid"),
    ]);
    let money = request([
        must("amount", amount(), "A decimal with at most the currency\u{2019}s decimals"),
        must("currency", named("Currency"), ""),
    ]);
    let create = request([
        must("customerId", uuid(), ""),
        must("number", line(), "No other invoice of the customer has it"),
        must("total", named("Money"), ""),
        may("balance", or_null(named("Money")), "Left out: the total, or nothing where the state says so"),
        may("state", or_null(state()), "Left out: the balance decides"),
        may("issuedOn", or_null(day()), "Left out: today"),
        may(
            "dueOn",
            or_null(day()),
            "Left out: the day of issue and the organisation\u{2019}s payment terms",
        ),
        may("payUrl", or_null(web_address()), "Where it can be paid"),
    ]);
    let update = request([
        may("total", or_null(named("Money")), ""),
        may("balance", or_null(named("Money")), "What is still owed"),
        may("state", or_null(state()), ""),
        may("issuedOn", or_null(day()), ""),
        may("dueOn", or_null(day()), ""),
        may("payUrl", or_null(web_address()), "null takes it away"),
        may("reopen", flag(), "Whether this may undo a payment or a withdrawal that Dunlin recorded"),
    ]);
    let handed_over =
        must("handedOver", list_of(uuid()), "The reminders that were handed to the mail server already");
    let filter: Vec<_> = filters().into_iter().map(|(name, schema, what)| may(name, schema, what)).collect();
    vec![
        ("Invoice", invoice),
        ("InvoicePage", page_of("Invoice")),
        ("ChangedInvoice", more("Invoice", [handed_over])),
        ("CreateInvoice", create),
        ("UpdateInvoice", update),
        ("InvoiceFilter", request(filter)),
        ("Money", money),
        ("Currency", described(currency(), "The code of ISO 4217")),
    ]
}
