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
    match event.rsplit_once('.') {
        Some((_, "failed")) => failure_in_words(&detail),
        Some((_, "unconfirmed")) => failure(&detail).map(|(_, words)| words.to_owned()).unwrap_or(detail),
        _ => detail,
    }
}

/// Why a mail failed, as it is stored, in words.
pub(super) fn failure_in_words(reason: &str) -> String {
    failure(reason).map_or_else(|| reason.to_owned(), |(kind, words)| format!("{}: {words}", kind.heading()))
}

/// A failure as it is stored: the word that programs know it by, and words.
fn failure(reason: &str) -> Option<(FailureKind, &str)> {
    let (kind, words) = reason.split_once(": ")?;
    Some((kind.parse().ok()?, words))
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
    fn no_failure_is_told_with_the_word_that_programs_know_it_by() {
        let told = |event, detail: &str| in_words(event, detail.to_owned());
        let refused = "address_refused: 550 5.1.1 no such user";
        for event in ["reminder.failed", "invitation.failed", "test_mail.failed"] {
            assert_eq!(told(event, refused), "The address does not exist: 550 5.1.1 no such user");
        }
        assert_eq!(told("password_reset.unconfirmed", "delivery_unconfirmed: no answer"), "no answer");
        assert_eq!(told("reminder.unconfirmed", "no answer"), "no answer");
        assert_eq!(told("invoice.voided", "refused: by the customer"), "refused: by the customer");
    }

    #[test]
    fn an_event_without_words_of_its_own_is_spelled_out() {
        assert_eq!(what("user.role_changed"), "User role changed");
        assert_eq!(what("invoice.paid"), "Marked as paid");
    }
}
