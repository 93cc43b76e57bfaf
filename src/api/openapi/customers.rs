//! Customers: listing, adding and changing them.

use serde_json::{Value, json};

use super::invoices::paged;
use super::operation::Operation;
use super::schema::{
    email, instant, line, list_of, may, more, must, named, object, or_empty, or_null, page_of, request,
    search, text, uuid,
};
use super::{CUSTOMERS, MALFORMED};

const ONE: &str = "/customers/{customerId}";
const UNKNOWN: &str = "Customer.NotFound, no customer with that id for this organisation";
const TAKEN: &str = "Customer.ExternalIdTaken, another customer has this externalId";

pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("/customers", "listCustomers", "List customers")
        .under(CUSTOMERS)
        .query("q", search(), "A part of the name, the e-mail address or the externalId")
        .query("externalId", or_empty(line()), "The whole externalId");
    vec![
        paged(list)
            .answers(200, "One page of customers, in order of id", named("CustomerPage"))
            .fails_with(400, MALFORMED),
        Operation::post("/customers", "createCustomer", "Add a customer")
            .under(CUSTOMERS)
            .body(
                named("CreateCustomer"),
                json!({"name": "Nordlicht GmbH", "externalId": "C-1042", "email": "ap@nordlicht.example"}),
            )
            .makes(201, "The customer", named("Customer"))
            .fails_with(400, MALFORMED)
            .fails_with(409, TAKEN),
        Operation::get(ONE, "getCustomer", "Read a customer")
            .under(CUSTOMERS)
            .answers(200, "The customer", named("Customer"))
            .fails_with(404, UNKNOWN),
        Operation::patch(ONE, "updateCustomer", "Change a customer")
            .under(CUSTOMERS)
            .about("What is left out stays. Reminders that have not left go to the new address.")
            .body(named("UpdateCustomer"), json!({"email": "billing@nordlicht.example"}))
            .answers(200, "The customer, and the mails past recall", named("ChangedCustomer"))
            .fails_with(400, MALFORMED)
            .fails_with(404, UNKNOWN)
            .fails_with(409, TAKEN),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let customer = object([
        must("id", uuid(), ""),
        must("externalId", or_null(text()), "What the ledger\u{2019}s own system calls it"),
        must("name", text(), ""),
        must("email", or_null(text()), "Where reminders go"),
        must("createdAt", instant(), ""),
    ]);
    let create = request([
        must("name", line(), ""),
        may("externalId", or_null(line()), "What the ledger\u{2019}s own system calls it"),
        may("email", or_null(email()), "Where reminders go"),
    ]);
    let update = request([
        may("name", or_null(line()), ""),
        may("externalId", or_null(line()), "null takes it away"),
        may("email", or_null(email()), "null takes it away"),
    ]);
    let handed_over = must(
        "handedOver",
        list_of(uuid()),
        "The reminders that are past recall on their way to the old address",
    );
    vec![
        ("Customer", customer),
        ("CustomerPage", page_of("Customer")),
        ("ChangedCustomer", more("Customer", [handed_over])),
        ("CreateCustomer", create),
        ("UpdateCustomer", update),
    ]
}
