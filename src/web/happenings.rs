//! What happened, in words: lines of timelines and of the audit log.

use std::borrow::Cow;

use super::problems::capitalised;
use super::session::SignedIn;
use crate::domain::reminder::FailureKind;
use crate::store::TimelineEntry;

/// A line of a timeline.
pub(super) struct Happening {
    pub(super) at: String,
    pub(super) actor: String,
    pub(super) what: Cow<'static, str>,
    pub(super) detail: String,
    pub(super) href: Option<String>,
}

impl Happening {
    pub(super) fn new(entry: TimelineEntry, by: &SignedIn) -> Self {
        let href = entry
            .mail_id
            .map(|id| format!("/reminders/{id}"))
            .or_else(|| entry.batch_id.map(|id| format!("/reminder-batches/{id}")));
        let (what, detail) = told(&entry);
        Self { at: by.organisation.local(entry.at), actor: entry.actor, what, detail, href }
    }
}

/// What happened, and what else is to know of it.
pub(super) fn told(entry: &TimelineEntry) -> (Cow<'static, str>, String) {
    if entry.kept_here && entry.event == "reminder.sent" {
        return ("Reminder kept here, not delivered".into(), String::new());
    }
    (what(&entry.event), in_words(&entry.event, entry.detail.clone()))
}

/// What is recorded beside an event, without the word that programs know a failure by.
pub(super) fn in_words(event: &str, detail: String) -> String {
    let failure =
        detail.split_once(": ").and_then(|(kind, words)| Some((kind.parse::<FailureKind>().ok()?, words)));
    match (event, failure) {
        ("reminder.failed", Some((kind, words))) => format!("{}: {words}", kind.heading()),
        ("reminder.unconfirmed", Some((_, words))) => words.to_owned(),
        _ => detail,
    }
}

fn what(event: &str) -> Cow<'static, str> {
    match event {
        "invoice.created" => "Invoice brought in",
        "invoice.updated" => "Invoice changed",
        "invoice.reopened" => "Reopened",
        "invoice.paid" => "Marked as paid",
        "payment.recorded" => "Payment recorded",
        "invoice.voided" => "Made void",
        "invoice.archived" => "Archived",
        "invoice.unarchived" => "Brought back from the archive",
        "reminder.queued" => "Reminder queued",
        "reminder.resent" => "Reminder queued again",
        "reminder.repeated" => "Reminder to be sent again as it was",
        "reminder.marked_sent" => "Reminder marked as sent",
        "invoice.held" => "Reminders put on hold",
        "invoice.released" => "Hold lifted",
        "reminder.past_recall" => "Reminder already handed over, cannot be called back",
        "batch.paused" => "Batch paused",
        "batch.resumed" => "Batch resumed",
        "reminder.sent" => "Reminder accepted by the mail server",
        "reminder.failed" => "Reminder failed",
        "reminder.unconfirmed" => "Reminder may have been delivered",
        "reminder.postponed" => "Reminder postponed",
        "reminder.cancelled" => "Reminder cancelled",
        "reminder.not_repeated" => "Reminder not sent again",
        "reminder.left_out" => "Left out of a batch",
        "batch.confirmed" => "Batch confirmed",
        "customer.held" => "Customer put on hold",
        "customer.released" => "Customer\u{2019}s hold lifted",
        "suppression.added" => "Address suppressed",
        "template.published" => "Text saved",
        "template.drafted" => "Draft of a text saved",
        "template.draft_discarded" => "Draft of a text discarded",
        "template.reset" => "Text reset to default",
        "template.restored" => "Earlier text restored",
        "test_mail.queued" => "Test e-mail asked for",
        "data.sample" => "Sample ledger brought in",
        "data.exported" => "Data taken out",
        "api_key.added" => "API key made",
        "api_key.revoked" => "API key revoked",
        "user.two_factor_on" => "Two-factor sign-in switched on",
        "user.two_factor_off" => "Two-factor sign-in switched off",
        "user.two_factor_removed" => "Second factor of a user removed",
        "user.signed_in_with_recovery_code" => "Signed in with a recovery code",
        "user.password_reset_asked" => "Link for a new password asked for",
        "user.password_reset" => "New password set with a link",
        other => return spelled_out(other).into(),
    }
    .into()
}

/// An event as it is stored, as words: `user.role_changed` is "User role changed".
fn spelled_out(event: &str) -> String {
    capitalised(&event.replace(['.', '_'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_without_words_of_its_own_is_spelled_out() {
        assert_eq!(what("user.role_changed"), "User role changed");
        assert_eq!(what("invoice.paid"), "Marked as paid");
    }
}
