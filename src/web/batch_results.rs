//! The rows of a batch's result: failures by cause, what was left out, and the mails.

use super::addresses::{Link, mend};
use super::session::SignedIn;
use crate::domain::person::Permission;
use crate::domain::proposal::LeftOut;
use crate::domain::reminder::{FailureKind, ReminderState};
use crate::store::BatchRow;

/// Failed mails with one cause.
pub(super) struct Cause {
    pub(super) heading: &'static str,
    pub(super) advice: &'static str,
    pub(super) is_unconfirmed: bool,
    pub(super) rows: Vec<ResultView>,
}

/// One row of the result.
pub(super) struct ResultView {
    pub(super) invoice_id: String,
    pub(super) number: String,
    pub(super) customer: String,
    pub(super) recipient: String,
    pub(super) reminder_id: Option<String>,
    pub(super) status: &'static str,
    pub(super) detail: String,
    /// Where what is wrong with the address can be mended.
    pub(super) mend: Option<Link>,
}

pub(super) fn causes(failed: Vec<BatchRow>, by: &SignedIn) -> Vec<Cause> {
    let mut causes: Vec<(FailureKind, Cause)> = Vec::new();
    for row in failed {
        let word = row.reason.as_deref().and_then(|reason| reason.split(':').next()).unwrap_or("");
        let kind = word.parse().unwrap_or(FailureKind::Refused);
        let detail = row
            .reason
            .as_deref()
            .and_then(|reason| reason.split_once(": "))
            .map_or("", |(_, words)| words)
            .to_owned();
        let mend = mend(word, row.customer_id, by.user.may(Permission::EditCustomer));
        let view = ResultView { mend, ..view_of(row, "Failed", detail) };
        match causes.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, cause)) => cause.rows.push(view),
            None => causes.push((
                kind,
                Cause {
                    heading: kind.heading(),
                    advice: kind.advice(),
                    is_unconfirmed: kind == FailureKind::DeliveryUnconfirmed,
                    rows: vec![view],
                },
            )),
        }
    }
    causes.sort_by_key(|(kind, _)| *kind);
    causes.into_iter().map(|(_, cause)| cause).collect()
}

pub(super) fn result(row: BatchRow, by: &SignedIn) -> ResultView {
    let (status, detail) = match row.state {
        Some(ReminderState::Sent) if row.kept_here => ("Sent", "Kept here, not delivered".to_owned()),
        Some(ReminderState::Sent) => ("Sent", String::new()),
        Some(ReminderState::Cancelled) => ("Cancelled", row.reason.clone().unwrap_or_default()),
        Some(ReminderState::Claimed | ReminderState::Committed) => ("Pending", "Sending".to_owned()),
        _ => match (&row.reply, row.not_before) {
            (Some(reply), Some(at)) if !reply.is_empty() => {
                ("Pending", format!("Next try {} ({reply})", by.organisation.local(at)))
            }
            _ => ("Pending", "Queued".to_owned()),
        },
    };
    view_of(row, status, detail)
}

pub(super) fn left_out_row(row: BatchRow, by: &SignedIn) -> ResultView {
    let detail = row.reason.as_deref().and_then(LeftOut::sentence).unwrap_or_default();
    let code = row.reason.as_deref().unwrap_or_default();
    let mend = mend(code, row.customer_id, by.user.may(Permission::EditCustomer));
    ResultView { mend, ..view_of(row, "Left out", detail) }
}

fn view_of(row: BatchRow, status: &'static str, detail: String) -> ResultView {
    ResultView {
        invoice_id: row.invoice_id.to_string(),
        number: row.number.to_string(),
        customer: row.customer_name.to_string(),
        recipient: row.recipient.unwrap_or_default(),
        reminder_id: row.reminder_id.map(|id| id.to_string()),
        status,
        detail,
        mend: None,
    }
}
