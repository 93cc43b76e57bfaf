//! A reminder: its states, how it came about, why it failed, and the exact mail.

use chrono::{DateTime, TimeDelta, Utc};

use super::email_address::EmailAddress;
use super::ids::{BatchId, CustomerId, InvoiceId, ReminderId, TemplateVersionId};
use super::named::named;
use super::person::Actor;
use super::stage::Stage;

named! {
    /// Where a mail is on its way (design: "States").
    ReminderState {
        /// Not due yet.
        Scheduled = "Scheduled",
        /// Waiting for its turn.
        Pending = "Pending",
        /// Taken by a worker; nothing said to the mail server that cannot be taken back.
        Claimed = "Claimed",
        /// Past the point of no return.
        Committed = "Committed",
        /// The mail server's 2xx to the final dot is durably recorded.
        Sent = "Sent",
        /// It will not go out; the reason is recorded.
        Failed = "Failed",
        /// It may have been delivered: nobody can know.
        Unconfirmed = "Unconfirmed",
        /// Called back before the point of no return.
        Cancelled = "Cancelled",
    }
}

named! {
    /// What batches are counted by and mails are found by: the state, but those in a worker's hands are one. So the point of
    /// no return, which every mail passes, changes no index.
    Phase {
        /// Not due yet.
        Scheduled = "Scheduled",
        /// Waiting for its turn.
        Pending = "Pending",
        /// Claimed or Committed.
        InFlight = "InFlight",
        /// Sent.
        Sent = "Sent",
        /// Failed.
        Failed = "Failed",
        /// Unconfirmed.
        Unconfirmed = "Unconfirmed",
        /// Cancelled.
        Cancelled = "Cancelled",
    }
}

named! {
    /// What the public sees of a [`ReminderState`].
    PublicStatus {
        /// Not settled.
        Pending = "Pending",
        /// Accepted by the mail server.
        Sent = "Sent",
        /// Refused, expired, or unconfirmed.
        Failed = "Failed",
        /// Called back.
        Cancelled = "Cancelled",
    }
}

impl ReminderState {
    /// Whether it has not settled.
    pub fn is_open(self) -> bool {
        self.public() == PublicStatus::Pending
    }

    /// The public word.
    pub fn public(self) -> PublicStatus {
        match self {
            Self::Scheduled | Self::Pending | Self::Claimed | Self::Committed => PublicStatus::Pending,
            Self::Sent => PublicStatus::Sent,
            Self::Failed | Self::Unconfirmed => PublicStatus::Failed,
            Self::Cancelled => PublicStatus::Cancelled,
        }
    }
}

named! {
    /// What asked for a reminder.
    Channel {
        /// A batch that a person confirmed, or a program asked for.
        Bulk = "bulk",
        /// A program, for one invoice.
        Api = "api",
        /// A rule.
        Rule = "rule",
        /// A person, again, from the log.
        Resend = "resend",
    }
}

impl Channel {
    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Bulk => "Bulk",
            Self::Api => "API",
            Self::Rule => "Rule",
            Self::Resend => "Resend",
        }
    }
}

named! {
    /// Why a reminder failed: the first word of the public `failureReason`.
    FailureKind {
        /// The customer had no address when it was to leave.
        NoEmail = "no_email",
        /// The address does not exist.
        AddressRefused = "address_refused",
        /// The mail server refused this mail.
        Refused = "refused",
        /// The mail server could not be reached.
        Unreachable = "unreachable",
        /// The mail server did not answer in time.
        Timeout = "timeout",
        /// The mail server refused it as spam or by policy.
        Policy = "policy",
        /// The recipient's mailbox is full.
        MailboxFull = "mailbox_full",
        /// The text could not be made into a mail.
        Template = "template",
        /// The deadline passed.
        Expired = "expired",
        /// The address must not be mailed.
        Suppressed = "suppressed",
        /// It may have been delivered.
        DeliveryUnconfirmed = "delivery_unconfirmed",
    }
}

impl FailureKind {
    /// What happened, as a heading over the mails it happened to.
    pub fn heading(self) -> &'static str {
        match self {
            Self::NoEmail => "The customer has no e-mail address",
            Self::AddressRefused => "The address does not exist",
            Self::Refused => "Refused by the mail server",
            Self::Unreachable => "The mail server could not be reached",
            Self::Timeout => "The mail server did not answer",
            Self::Policy => "Refused as spam or by policy",
            Self::MailboxFull => "The mailbox is full",
            Self::Template => "The text could not be made into a mail",
            Self::Expired => "Not sent before its deadline",
            Self::Suppressed => "The address is suppressed",
            Self::DeliveryUnconfirmed => "May have been delivered",
        }
    }

    /// What a clerk does about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoEmail => "Give the customer an address, then retry.",
            Self::AddressRefused => "Ask the customer for the right address, change it, then retry.",
            Self::Refused => "Read the mail server\u{2019}s words below; retry when the cause is mended.",
            Self::Unreachable | Self::Timeout | Self::Expired => "Check the mail server, then retry.",
            Self::Policy => "Ask whoever runs the mail server why it refuses these mails before you retry.",
            Self::MailboxFull => "Retry in some days, or ask the customer for another address.",
            Self::Template => "Mend the text under Automations, Email notifications, then retry.",
            Self::Suppressed => "Write to the customer in another way.",
            Self::DeliveryUnconfirmed => {
                "Ask the customer, or look into the mail server\u{2019}s log, before you send it again."
            }
        }
    }
}

/// A reminder as the log and its page show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which one.
    pub id: ReminderId,
    /// What it is about.
    pub invoice_id: InvoiceId,
    /// Who owes.
    pub customer_id: CustomerId,
    /// The batch it belongs to.
    pub batch_id: Option<BatchId>,
    /// What asked for it.
    pub channel: Channel,
    /// Who asked for it.
    pub actor: Actor,
    /// The preset it was scheduled from; `None` for one asked for by hand.
    pub stage: Option<Stage>,
    /// The text it is made from.
    pub template_version_id: TemplateVersionId,
    /// The reminder it repeats.
    pub resend_of: Option<ReminderId>,
    /// Where it is on its way.
    pub state: ReminderState,
    /// Who it goes to: as of now while it is open, as written once rendered.
    pub recipient: Option<EmailAddress>,
    /// The subject as sent; `None` until rendered.
    pub subject: Option<String>,
    /// The plain-text part as sent; `None` until rendered.
    pub text: Option<String>,
    /// When it may leave.
    pub scheduled_at: DateTime<Utc>,
    /// When the next try may begin.
    pub not_before: DateTime<Utc>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When the mail server accepted it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was called back.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Why it failed or was cancelled; for a failure the kind's word, then the mail server's after ": ".
    pub reason: Option<String>,
    /// The mail server's last words.
    pub reply: Option<String>,
}

impl Reminder {
    /// Why it failed, when it did.
    pub fn failure_kind(&self) -> Option<FailureKind> {
        let word = self.reason.as_deref()?.split(':').next()?;
        matches!(self.state, ReminderState::Failed | ReminderState::Unconfirmed)
            .then(|| word.parse().ok())
            .flatten()
    }
}

/// The reminder that an invoice's slot was last given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotHolder {
    /// Which reminder.
    pub reminder_id: ReminderId,
    /// Where it is on its way.
    pub state: ReminderState,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was sent, or passed the point of no return.
    pub left_at: Option<DateTime<Utc>>,
}

impl SlotHolder {
    /// Whether it keeps the invoice from being reminded again: while it is open, at any age, and until the window
    /// (exclusive) after the later of its creation and its sending has passed (promise P5).
    pub fn holds(&self, window: TimeDelta, now: DateTime<Utc>) -> bool {
        match self.state {
            ReminderState::Pending | ReminderState::Claimed | ReminderState::Committed => true,
            ReminderState::Sent | ReminderState::Unconfirmed => {
                now < self.left_at.unwrap_or(self.created_at).max(self.created_at) + window
            }
            ReminderState::Scheduled | ReminderState::Failed | ReminderState::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_held_while_open_and_for_sixty_seconds_after_sending() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let holder = |state, left_at| SlotHolder {
            reminder_id: uuid::Uuid::nil().into(),
            state,
            created_at: at(0),
            left_at,
        };
        let window = TimeDelta::seconds(60);
        assert!(holder(ReminderState::Pending, None).holds(window, at(1_000_000)));
        assert!(holder(ReminderState::Sent, Some(at(30))).holds(window, at(89)));
        assert!(!holder(ReminderState::Sent, Some(at(30))).holds(window, at(90)));
        assert!(holder(ReminderState::Unconfirmed, Some(at(30))).holds(window, at(89)));
        assert!(!holder(ReminderState::Failed, None).holds(window, at(1)));
        assert!(!holder(ReminderState::Cancelled, None).holds(window, at(1)));
    }
}
