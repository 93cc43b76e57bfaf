//! Holds: what is not to be reminded.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schema::{day, line, list_of, may, more, must, named, object, or_null, request, text, uuid};
use super::{HOLDS, MALFORMED};

const OF_INVOICE: &str = "/invoices/{invoiceId}/hold";
const OF_CUSTOMER: &str = "/customers/{customerId}/hold";
const NO_INVOICE: &str = "Invoice.NotFound, no invoice with that id for this organisation";
const NO_CUSTOMER: &str = "Customer.NotFound, no customer with that id for this organisation";

pub(super) fn operations() -> Vec<Operation> {
    let read = |operation: Operation, unknown: &str| {
        let unknown = format!("{unknown}; or Hold.NotFound, it is not on hold");
        let operation = operation.under(HOLDS).answers(200, "The hold", named("Hold"));
        operation.fails_with(404, &unknown)
    };
    let set = |operation: Operation, unknown: &str| {
        operation
            .under(HOLDS)
            .about("In the place of one that is there. Reminders that have not left are cancelled.")
            .body(named("SetHold"), json!({"reason": "They dispute the amount", "until": "2026-06-30"}))
            .answers(200, "The hold, and the mails past recall", named("HoldThatWasSet"))
            .fails_with(400, MALFORMED)
            .fails_with(404, unknown)
            .fails_with(409, "Hold.Ended, its last day has passed")
    };
    let lift = |operation: Operation, unknown: &str| {
        let operation = operation.under(HOLDS).about("Doing so twice is doing it once.");
        operation.answers_nothing(204, "It may be reminded again").fails_with(404, unknown)
    };
    vec![
        read(Operation::get(OF_INVOICE, "getInvoiceHold", "Read the hold on an invoice"), NO_INVOICE),
        set(Operation::post(OF_INVOICE, "holdInvoice", "Put an invoice on hold"), NO_INVOICE),
        lift(Operation::delete(OF_INVOICE, "releaseInvoice", "Lift the hold on an invoice"), NO_INVOICE),
        read(Operation::get(OF_CUSTOMER, "getCustomerHold", "Read the hold on a customer"), NO_CUSTOMER),
        set(
            Operation::post(OF_CUSTOMER, "holdCustomer", "Put all invoices of a customer on hold"),
            NO_CUSTOMER,
        ),
        lift(Operation::delete(OF_CUSTOMER, "releaseCustomer", "Lift the hold on a customer"), NO_CUSTOMER),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let hold = object([
        must("reason", text(), "Why"),
        must("until", or_null(day()), "Its last day; null until it is lifted"),
    ]);
    let set = request([
        must("reason", line(), "Why; it is shown wherever a reminder is left out for it"),
        may("until", or_null(day()), "Its last day; left out, it lasts until it is lifted"),
    ]);
    let handed_over = must("handedOver", list_of(uuid()), "The reminders that are past recall");
    vec![("Hold", hold), ("HoldThatWasSet", more("Hold", [handed_over])), ("SetHold", set)]
}
