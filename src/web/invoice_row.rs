//! A row of a list of invoices, in words.

use super::session::SignedIn;
use crate::domain::ids::ReminderId;
use crate::domain::invoice::DisplayStatus;
use crate::domain::organisation::{ago, day_in_words};
use crate::domain::proposal::LeftOut;
use crate::domain::reminder::{ReminderState, SlotHolder};
use crate::store::InvoiceRow;

/// One row, in words.
pub struct RowView {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) customer_id: String,
    pub(super) customer: String,
    pub(super) email: Option<String>,
    pub(super) status: DisplayStatus,
    pub(super) is_archived: bool,
    pub(super) is_owed: bool,
    pub(super) may_be_voided: bool,
    pub(super) due_on: String,
    pub(super) due_in_words: String,
    pub(super) balance: String,
    pub(super) of_total: Option<String>,
    pub(super) minor: i64,
    pub(super) currency: &'static str,
    pub(super) decimals: u32,
    pub(super) ineligible: String,
    pub(super) why: &'static str,
    pub(super) last_reminder: Option<(String, String)>,
    pub(super) is_checked: bool,
    pub(super) is_suppressed: bool,
    pub(super) hold: Option<String>,
    pub(super) is_held: bool,
    /// What there is to say of its latest reminder: which, in a word, and in a sentence.
    pub(super) latest: Option<(ReminderId, &'static str, String)>,
}

impl RowView {
    pub(super) fn new(
        row: &InvoiceRow,
        slot: Option<&SlotHolder>,
        signed_in: &SignedIn,
        checked: &[String],
    ) -> Self {
        let (invoice, today) = (&row.invoice, signed_in.today());
        let now = signed_in.state.actions.clock().now();
        let window = signed_in.state.actions.settings().window;
        let ineligible = invoice.ineligible();
        let id = invoice.id.to_string();
        Self {
            is_checked: checked.contains(&id),
            id,
            number: invoice.number.to_string(),
            customer_id: invoice.customer_id.to_string(),
            customer: row.customer_name.to_string(),
            email: row.recipient.as_ref().map(ToString::to_string),
            status: invoice.status(today),
            is_archived: invoice.archived_at.is_some(),
            is_owed: invoice.is_owed(),
            may_be_voided: invoice.may_be_voided(),
            due_on: day_in_words(invoice.due_on),
            due_in_words: if invoice.is_owed() { invoice.due_in_words(today) } else { String::new() },
            balance: invoice.balance.to_string(),
            of_total: (invoice.balance != invoice.total && invoice.is_owed())
                .then(|| format!("of {}", invoice.total.to_grouped())),
            minor: invoice.balance.minor(),
            currency: invoice.balance.currency().code(),
            decimals: invoice.balance.currency().decimals(),
            ineligible: ineligible.map(|why| why.to_string()).unwrap_or_default(),
            why: ineligible.map_or("", |why| why.as_adjective()),
            is_suppressed: row.is_suppressed,
            hold: row.holds.on(today).map(|hold| format!("Reminders are on hold {hold}")),
            is_held: row.holds.invoice.as_ref().is_some_and(|hold| hold.is_active(today)),
            latest: slot
                .filter(|_| ineligible.is_none())
                .and_then(|slot| mark_of(slot, LeftOut::of_slot(slot, window, now))),
            last_reminder: row.last_reminder.map(|(id, at)| (id.to_string(), ago(at, now))),
        }
    }
}

/// The mark of an invoice whose latest reminder is on its way, or has not arrived for sure.
fn mark_of(slot: &SlotHolder, in_the_way: Option<LeftOut>) -> Option<(ReminderId, &'static str, String)> {
    let (mark, sentence) = match (slot.state, in_the_way) {
        (ReminderState::Failed, _) => ("Failed", "The latest reminder did not go out.".to_owned()),
        (ReminderState::Unconfirmed, _) => {
            let sentence = "The latest reminder waits for somebody to decide what becomes of it.";
            ("May have been delivered", sentence.to_owned())
        }
        (_, Some(why @ LeftOut::JustReminded { .. })) => ("Just reminded", why.to_string()),
        (_, Some(why)) => ("On its way", why.to_string()),
        (_, None) => return None,
    };
    Some((slot.reminder_id, mark, sentence))
}
