//! What decides about a mail on its way: whether it may leave at the point of no return, and what the outcome of a try
//! means for it. Pure rules (design: "States", "What a reply means").

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::email_address::EmailAddress;
use super::ids::InvoiceId;
use super::invoice::Ineligible;
use super::mail_message::Outcome;
use super::money::Money;
use super::named::named;
use super::reminder::FailureKind;

/// What a reminder was rendered from; it may only leave while that is still so (promise P8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFrom {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// What was owed.
    pub balance: Money,
    /// The due day.
    pub due_on: NaiveDate,
    /// Who was written to.
    pub recipient: EmailAddress,
}

/// How an invoice stands at the point of no return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Why it may not be reminded at all.
    pub ineligible: Option<Ineligible>,
    /// What is owed.
    pub balance: Money,
    /// The due day.
    pub due_on: NaiveDate,
    /// Who is to be written to.
    pub recipient: Option<EmailAddress>,
    /// Why reminders of it or of its customer are on hold today.
    pub hold: Option<String>,
    /// Whether the recipient's address must not be mailed.
    pub is_suppressed: bool,
    /// Whether its batch is paused.
    pub is_paused: bool,
}

/// Why a mail may not leave now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Never: the invoice was closed, held or suppressed. The sentence says which.
    Closed(String),
    /// Not as it was rendered.
    Changed,
    /// Not while its batch, its organisation or the installation is paused.
    Paused,
}

impl RenderedFrom {
    /// Whether a reminder rendered from this may leave as things stand (promise P7).
    ///
    /// # Errors
    /// Why not.
    pub fn may_leave(&self, standing: &Standing) -> Result<(), Stop> {
        if let Some(why) = standing.ineligible {
            return Err(Stop::Closed(format!("The invoice was not remindable any more. {why}")));
        }
        if let Some(reason) = &standing.hold {
            return Err(Stop::Closed(format!("Reminders are on hold: {reason}.")));
        }
        if standing.is_suppressed {
            return Err(Stop::Closed("The address is suppressed.".to_owned()));
        }
        if standing.is_paused {
            return Err(Stop::Paused);
        }
        let is_as_rendered = self.balance == standing.balance
            && self.due_on == standing.due_on
            && standing.recipient.as_ref() == Some(&self.recipient);
        if is_as_rendered { Ok(()) } else { Err(Stop::Changed) }
    }
}

/// The end of a mail's way, or a step back to Pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Accepted by the mail server.
    Sent {
        /// Its words.
        reply: String,
        /// Whether it was kept here instead of being handed to a mail server.
        kept_here: bool,
    },
    /// It will not go out.
    Failed {
        /// Which kind of failure it is.
        kind: FailureKind,
        /// `kind: words`.
        reason: String,
    },
    /// It may have been delivered.
    Unconfirmed {
        /// `delivery_unconfirmed: words`.
        reason: String,
    },
    /// Another try later.
    Retry {
        /// When.
        not_before: DateTime<Utc>,
        /// What went wrong.
        reply: String,
        /// Whether the try counts. One that does not says nothing of the mailbox.
        is_counted: bool,
        /// Since when the mailbox is full, if it is.
        full_since: Option<DateTime<Utc>>,
    },
    /// It may have been delivered; the same bytes go out again (`DUNLIN_ON_UNCONFIRMED=resend`).
    Repeat {
        /// When.
        not_before: DateTime<Utc>,
        /// What went wrong.
        reply: String,
    },
    /// Called back before the point of no return.
    Cancelled {
        /// Why.
        reason: String,
    },
}

impl Settlement {
    /// A failure with its public reason: the kind's word, then at most 500 characters of words, without controls.
    pub fn failed(kind: FailureKind, words: &str) -> Self {
        Self::Failed { kind, reason: reason(kind, words) }
    }

    /// Back to Pending at once, as if it had not been tried.
    pub fn again(now: DateTime<Utc>, reply: String) -> Self {
        Self::Retry { not_before: now, reply, is_counted: false, full_since: None }
    }

    /// It may have been delivered, with what is known of it.
    pub fn unconfirmed(words: &str) -> Self {
        Self::Unconfirmed { reason: reason(FailureKind::DeliveryUnconfirmed, words) }
    }
}

/// The reason of a mail that may have been delivered, was to go out again and did not.
pub fn not_sent_again(why: &str) -> String {
    reason(FailureKind::DeliveryUnconfirmed, &format!("it was not sent again: {why}"))
}

fn reason(kind: FailureKind, words: &str) -> String {
    let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    format!("{kind}: {words}")
}

named! {
    /// What becomes of a mail that may have been delivered.
    OnUnconfirmed {
        /// It is shown, and a person decides.
        Hold = "hold",
        /// The same bytes go out again: for a relay that knows a mail by its header.
        Resend = "resend",
    }
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first wait.
    pub base: TimeDelta,
    /// What becomes of a mail that may have been delivered.
    pub on_unconfirmed: OnUnconfirmed,
}

/// What is known of a mail's tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How many were counted.
    pub counted: u32,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
    /// Since when the mailbox is full, if the last try said so.
    pub full_since: Option<DateTime<Utc>>,
    /// From -100 to 100: where in the jitter this try's wait falls.
    pub jitter_percent: i32,
}

/// How long a full mailbox is tried.
const FULL: TimeDelta = TimeDelta::hours(24);

impl RetryPolicy {
    /// What an outcome means for a mail.
    pub fn settlement(&self, outcome: Outcome, tries: &Tries, now: DateTime<Utc>) -> Settlement {
        match outcome {
            Outcome::Accepted { reply, kept_here } => Settlement::Sent { reply, kept_here },
            Outcome::Refused { kind, reply } => Settlement::failed(kind, &reply),
            Outcome::NoAnswer { problem } => self.unanswered(&problem, tries, now),
            Outcome::SenderRefused { reply } if now >= tries.expires_at => {
                Settlement::failed(FailureKind::Expired, &reply)
            }
            Outcome::RelayDown { problem: words }
            | Outcome::Busy { problem: words }
            | Outcome::SenderRefused { reply: words } => Settlement::again(now, words),
            Outcome::TryLater { reply, .. } => self.later(reply, None, tries, now),
            Outcome::MailboxFull { reply } => {
                let since = tries.full_since.unwrap_or(now);
                match now - since >= FULL {
                    true => Settlement::failed(FailureKind::MailboxFull, &reply),
                    false => self.later(reply, Some(since), tries, now),
                }
            }
        }
    }

    /// What an outcome means for a mail that is tried once, since somebody waits to hear of it.
    pub fn settlement_of_one(&self, outcome: Outcome, tries: &Tries, now: DateTime<Utc>) -> Settlement {
        match outcome {
            Outcome::TryLater { reply, .. } => {
                let is_reply = reply.starts_with(|first: char| first.is_ascii_digit());
                let kind = if is_reply { FailureKind::Refused } else { FailureKind::Timeout };
                Settlement::failed(kind, &reply)
            }
            Outcome::MailboxFull { reply } => Settlement::failed(FailureKind::MailboxFull, &reply),
            Outcome::RelayDown { problem: words }
            | Outcome::Busy { problem: words }
            | Outcome::SenderRefused { reply: words } => Settlement::failed(FailureKind::Unreachable, &words),
            Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::NoAnswer { .. } => {
                self.settlement(outcome, tries, now)
            }
        }
    }

    /// When a sender that the mail server refuses is offered to it again, with a mail of it that could leave since `due_at`:
    /// after as long as that has waited, from a sixtieth of the first wait to all of it.
    pub fn sender_again_at(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        now + (now - due_at).clamp(self.base / 60, self.base)
    }

    /// What becomes of a mail that was handed over without an answer.
    pub fn unanswered(&self, problem: &str, tries: &Tries, now: DateTime<Utc>) -> Settlement {
        let not_before = now + self.wait(tries);
        match self.on_unconfirmed {
            OnUnconfirmed::Resend if not_before <= tries.expires_at => {
                Settlement::Repeat { not_before, reply: problem.to_owned() }
            }
            OnUnconfirmed::Hold | OnUnconfirmed::Resend => Settlement::unconfirmed(problem),
        }
    }

    fn later(
        &self,
        reply: String,
        full_since: Option<DateTime<Utc>>,
        tries: &Tries,
        now: DateTime<Utc>,
    ) -> Settlement {
        let not_before = now + self.wait(tries);
        if not_before > tries.expires_at {
            return Settlement::failed(FailureKind::Expired, &reply);
        }
        Settlement::Retry { not_before, reply, is_counted: true, full_since }
    }

    /// b x 1, 2, 4, 8, 12, 24, then 48, each up to a fifth shorter or longer.
    fn wait(&self, tries: &Tries) -> TimeDelta {
        const FACTORS: [i32; 6] = [1, 2, 4, 8, 12, 24];
        let factor = FACTORS.get(tries.counted as usize).copied().unwrap_or(48);
        let wait = self.base * factor;
        wait + wait * tries.jitter_percent.clamp(-100, 100) / 500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn policy(on_unconfirmed: OnUnconfirmed) -> RetryPolicy {
        RetryPolicy { base: TimeDelta::minutes(5), on_unconfirmed }
    }

    fn tries(counted: u32, jitter_percent: i32) -> Tries {
        Tries { counted, expires_at: NOW + TimeDelta::hours(48), full_since: None, jitter_percent }
    }

    #[test]
    fn the_waits_grow_to_four_hours_and_jitter_by_a_fifth_at_most() {
        let hold = policy(OnUnconfirmed::Hold);
        let minutes = |counted, jitter| hold.wait(&tries(counted, jitter)).num_minutes();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 60].map(|counted| minutes(counted, 0)),
            [5, 10, 20, 40, 60, 120, 240, 240]
        );
        assert_eq!([minutes(0, -100), minutes(0, 100), minutes(6, 1000)], [4, 6, 288]);
    }

    #[test]
    fn what_cannot_be_tried_again_before_its_deadline_has_expired() {
        let late = Tries { expires_at: NOW + TimeDelta::minutes(4), ..tries(0, 0) };
        let outcome = Outcome::TryLater { reply: "451 later".to_owned(), is_closing: false };
        let settled = policy(OnUnconfirmed::Hold).settlement(outcome, &late, NOW);
        assert_eq!(settled, Settlement::failed(FailureKind::Expired, "451 later"));
    }

    #[test]
    fn a_full_mailbox_is_tried_for_a_day() {
        let settle = |full_since| {
            let outcome = Outcome::MailboxFull { reply: "452 4.2.2 full".to_owned() };
            policy(OnUnconfirmed::Hold).settlement(outcome, &Tries { full_since, ..tries(2, 0) }, NOW)
        };
        assert!(matches!(settle(None), Settlement::Retry { full_since: Some(since), .. } if since == NOW));
        let yesterday = NOW - TimeDelta::hours(24);
        assert!(matches!(settle(Some(yesterday + TimeDelta::minutes(1))), Settlement::Retry { .. }));
        assert!(matches!(settle(Some(yesterday)), Settlement::Failed { kind: FailureKind::MailboxFull, .. }));
    }

    #[test]
    fn without_an_answer_a_person_decides_unless_the_installation_chose_to_send_again() {
        let no_answer = || Outcome::NoAnswer { problem: "reset".to_owned() };
        let settle = |choice, tries| policy(choice).settlement(no_answer(), &tries, NOW);
        let unconfirmed = Settlement::unconfirmed("reset");
        assert_eq!(settle(OnUnconfirmed::Hold, tries(0, 0)), unconfirmed);
        assert!(matches!(settle(OnUnconfirmed::Resend, tries(0, 0)), Settlement::Repeat { .. }));
        let expired = Tries { expires_at: NOW, ..tries(0, 0) };
        assert_eq!(settle(OnUnconfirmed::Resend, expired), unconfirmed);
    }
}
