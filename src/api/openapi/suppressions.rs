//! Addresses that must not be mailed.

use serde_json::{Value, json};

use super::invoices::paged;
use super::operation::Operation;
use super::schema::{
    email, instant, line, may, must, named, object, or_empty, or_null, page_of, request, text, uuid, words,
};
use super::{MALFORMED, SUPPRESSIONS};
use crate::domain::suppression::SuppressionReason;

const ONE: &str = "/suppressions/{suppressionId}";
const UNKNOWN: &str = "Suppression.NotFound, no suppression with that id for this organisation";

pub(super) fn operations() -> Vec<Operation> {
    let list = Operation::get("/suppressions", "listSuppressions", "List suppressed addresses")
        .under(SUPPRESSIONS)
        .query("address", or_empty(email()), "One address");
    vec![
        paged(list)
            .answers(200, "One page of the active suppressions, in order of id", named("SuppressionPage"))
            .fails_with(400, MALFORMED),
        Operation::post("/suppressions", "createSuppression", "Suppress an address")
            .under(SUPPRESSIONS)
            .about("Reminders to it that have not left are cancelled.")
            .body(
                named("CreateSuppression"),
                json!({"address": "gone@customer.example", "reason": "opted_out", "evidence": "By phone, 1 December"}),
            )
            .makes(201, "The suppression", named("Suppression"))
            .fails_with(400, MALFORMED)
            .fails_with(409, "Suppression.AlreadyActive, the address is suppressed already"),
        Operation::get(ONE, "getSuppression", "Read an active suppression")
            .under(SUPPRESSIONS)
            .answers(200, "The suppression", named("Suppression"))
            .fails_with(404, UNKNOWN),
        Operation::delete(ONE, "deleteSuppression", "Lift a suppression")
            .under(SUPPRESSIONS)
            .about("It stays in the list of the past. Doing so twice is doing it once.")
            .query("reason", line(), "Why the address may be mailed again")
            .answers_nothing(204, "The address may be mailed again")
            .fails_with(400, MALFORMED)
            .fails_with(404, UNKNOWN)
            .fails_with(409, "Suppression.Complaint, a recipient who complained stays suppressed"),
    ]
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let reason = || words(SuppressionReason::ALL, SuppressionReason::as_str);
    let suppression = object([
        must("id", uuid(), ""),
        must("address", text(), ""),
        must("reason", reason(), ""),
        must("evidence", text(), "What it rests on"),
        must("createdAt", instant(), ""),
        must("createdBy", text(), "A person\u{2019}s or a key\u{2019}s name; Dunlin where it was found out"),
    ]);
    let create = request([
        must("address", email(), ""),
        may("reason", or_null(reason()), "Left out: manual"),
        may("evidence", or_null(line()), "What it rests on"),
    ]);
    vec![
        ("Suppression", suppression),
        ("SuppressionPage", page_of("Suppression")),
        ("CreateSuppression", create),
    ]
}
