//! The steps of a mail after its claim, inside a transaction: what goes into it, and what is recorded beside it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Actions, Letter};
use crate::domain::delivery::{Settlement, Stop, Tries, not_sent_again};
use crate::domain::ids::ReminderId;
use crate::domain::mail_message::{MailKind, Outcome, OutcomeKind};
use crate::domain::person::Actor;
use crate::domain::reminder::{FailureKind, ReminderState};
use crate::domain::suppression::SuppressionReason;
use crate::store::{Accepted, AuditEntry, ClaimedMail, Leaving, StoreError, Suppress, Tx};

/// How a try ended, to be recorded.
#[derive(Clone, Debug)]
pub struct Done {
    pub(super) claimed: Arc<ClaimedMail>,
    pub(super) outcome: Outcome,
    pub(super) was_committed: bool,
    pub(super) is_withdrawn: bool,
}

impl Done {
    /// What the mail server had to do with it; nothing, where it was never asked.
    pub(super) fn attempt(&self) -> Option<OutcomeKind> {
        (!self.is_withdrawn).then(|| self.outcome.kind())
    }
}

impl Letter {
    /// It was handed over, and this came of it.
    pub fn handed_over(&self, outcome: Outcome) -> Done {
        Done { claimed: self.claimed.clone(), outcome, was_committed: true, is_withdrawn: false }
    }

    /// It came to this before the point of no return.
    pub fn not_handed_over(&self, outcome: Outcome) -> Done {
        Done { claimed: self.claimed.clone(), outcome, was_committed: false, is_withdrawn: false }
    }

    /// It was not handed over, for the point of no return could not be recorded; whether it was all the same is not known.
    pub fn withdrawn(&self) -> Done {
        let problem = "the database could not be reached".to_owned();
        Done {
            claimed: self.claimed.clone(),
            outcome: Outcome::Busy { problem },
            was_committed: false,
            is_withdrawn: true,
        }
    }

    fn leaving(&self) -> Leaving {
        let claimed = &self.claimed;
        Leaving {
            id: claimed.id,
            token: claimed.token,
            from: self.from.clone(),
            kept: self.kept.clone(),
            dated_at: self.mail.date,
            recipient_name: self.mail.recipient_name.clone(),
            today: self.today,
        }
    }
}

impl Actions {
    /// Records how tries ended.
    pub(super) fn settle_all(
        &self,
        tx: &mut Tx<'_>,
        done: &[Done],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut accepted = Vec::with_capacity(done.len());
        for one in done {
            match &one.outcome {
                Outcome::Accepted { reply, kept_here } if one.was_committed => {
                    let event = events(one.claimed.kind).sent;
                    let entry = self.entry(&one.claimed, event, reply.clone(), now);
                    accepted.push((&*one.claimed, reply, *kept_here, entry));
                }
                _ => self.settle_one(tx, one, now)?,
            }
        }
        let accepted: Vec<Accepted> = accepted
            .iter()
            .map(|(mail, reply, kept_here, entry)| Accepted { mail, reply, kept_here: *kept_here, entry })
            .collect();
        tx.settle_sent(&accepted, now).map(drop)
    }

    fn settle_one(&self, tx: &mut Tx<'_>, done: &Done, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (retry, outcome) = (&self.0.settings.retry, done.outcome.clone());
        let is_sender_refused = matches!(outcome, Outcome::SenderRefused { .. });
        let settlement = match done.claimed.is_tried_once() && !done.is_withdrawn {
            true => retry.settlement_of_one(outcome, &tries(&done.claimed), now),
            false => retry.settlement(outcome, &tries(&done.claimed), now),
        };
        let from: &[ReminderState] = match (done.was_committed, done.is_withdrawn, &settlement) {
            (_, true, _) => &[ReminderState::Claimed, ReminderState::Committed],
            // A refusal is evidence however late it is. What would go out again is not: the invoice may have another one.
            (true, false, Settlement::Failed { .. }) => {
                &[ReminderState::Committed, ReminderState::Unconfirmed]
            }
            (true, false, _) => &[ReminderState::Committed],
            (false, false, _) => &[ReminderState::Claimed],
        };
        self.write_settlement(tx, &done.claimed, from, &settlement, now)?;
        if is_sender_refused {
            // All of its mails would be told the same.
            let ClaimedMail { organisation_id, sender, expires_at, .. } = &*done.claimed;
            let again_at = retry.sender_again_at(*expires_at - self.0.settings.retry_deadline, now);
            tx.put_off_sender(*organisation_id, &sender.from, again_at, now)?;
        }
        Ok(())
    }

    /// Settles a mail before the point of no return.
    pub(super) fn settle_claimed(
        &self,
        tx: &mut Tx<'_>,
        mail: &ClaimedMail,
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_settlement(tx, mail, &[ReminderState::Claimed], settlement, now)
    }

    /// Settles a mail. A repeat that did not arrive is again what it was before: unconfirmed.
    pub(super) fn write_settlement(
        &self,
        tx: &mut Tx<'_>,
        mail: &ClaimedMail,
        from: &[ReminderState],
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let unconfirmed = match (&mail.repeat, settlement) {
            (Some(_), Settlement::Cancelled { reason } | Settlement::Failed { reason, .. }) => {
                Some(Settlement::Unconfirmed { reason: not_sent_again(reason) })
            }
            _ => None,
        };
        let written = unconfirmed.as_ref().unwrap_or(settlement);
        let events = events(mail.kind);
        let (event, detail) = match written {
            Settlement::Sent { reply, .. } => (events.sent, reply),
            Settlement::Failed { reason, .. } => (events.failed, reason),
            Settlement::Unconfirmed { reason } => (events.unconfirmed, reason),
            Settlement::Retry { reply, .. } | Settlement::Repeat { reply, .. } => (events.postponed, reply),
            Settlement::Cancelled { reason } => (events.cancelled, reason),
        };
        let entry = self.entry(mail, event, detail.clone(), now);
        if !tx.settle_mail(mail, from, written, &entry, now)? {
            return Ok(());
        }
        match settlement {
            Settlement::Failed { kind: FailureKind::Policy, .. } => self.pause_refused_batch(tx, mail, now),
            Settlement::Failed { kind: FailureKind::AddressRefused, reason } => {
                self.suppress_refused(tx, mail, reason, now)
            }
            _ => Ok(()),
        }
    }

    /// The point of no return for several mails: which of them may leave. For the others it is recorded why not; one that
    /// was called back or taken over has left its claim already, and the guarded writes do nothing.
    pub(super) fn commit_all(
        &self,
        tx: &mut Tx<'_>,
        letters: &[Arc<Letter>],
        now: DateTime<Utc>,
    ) -> Result<HashSet<ReminderId>, StoreError> {
        let leaving: Vec<Leaving> = letters.iter().map(|letter| letter.leaving()).collect();
        let stopped = tx.stopped()?;
        let reminders: Vec<&Leaving> = leaving.iter().filter(|mail| mail.from.is_some()).collect();
        let standings = if reminders.is_empty() { HashMap::new() } else { tx.standings(&reminders)? };
        let mut passing = Vec::new();
        for (letter, mail) in letters.iter().zip(&leaving) {
            let ClaimedMail { kind, organisation_id, .. } = *letter.claimed;
            let judged = match (&mail.from, standings.get(&mail.id)) {
                _ if stopped.holds(kind, organisation_id) => Err(Stop::Paused),
                (None, _) => Ok(()),
                (Some(from), Some(standing)) => from.may_leave(standing),
                (Some(_), None) => Err(Stop::Closed("The invoice is not there any more.".to_owned())),
            };
            match judged {
                Ok(()) => passing.push(mail),
                Err(stop) => self.stop(tx, letter, stop, now)?,
            }
        }
        tx.commit_mails(&passing, now)
    }

    fn stop(
        &self,
        tx: &mut Tx<'_>,
        letter: &Letter,
        stop: Stop,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let changed = "The invoice changed while the mail was being sent.";
        let settlement = match (stop, &letter.claimed.repeat) {
            (Stop::Closed(reason), _) => Settlement::Cancelled { reason },
            (Stop::Changed, Some(_)) => Settlement::Cancelled { reason: changed.to_owned() },
            (Stop::Changed, None) => Settlement::again(now, changed.to_owned()),
            (Stop::Paused, _) => Settlement::again(now, String::new()),
        };
        self.settle_claimed(tx, &letter.claimed, &settlement, now)
    }

    fn entry(
        &self,
        mail: &ClaimedMail,
        event: &'static str,
        detail: String,
        at: DateTime<Utc>,
    ) -> AuditEntry {
        AuditEntry {
            id: self.0.ids.next(),
            organisation_id: mail.organisation_id,
            at,
            actor: Actor::System,
            event,
            invoice_id: mail.invoice_id,
            mail_id: Some(mail.id),
            batch_id: None,
            detail,
        }
    }

    /// Suppresses an address of which the mail server says that it does not exist.
    fn suppress_refused(
        &self,
        tx: &mut Tx<'_>,
        mail: &ClaimedMail,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (Some(_), Some((_, address))) = (mail.invoice_id, &mail.recipient) else { return Ok(()) };
        let evidence = reason.split_once(": ").map_or(reason, |(_, words)| words);
        let new = Suppress {
            id: self.0.ids.next(),
            organisation_id: mail.organisation_id,
            address,
            reason: SuppressionReason::HardBounce,
            evidence,
            actor: Actor::System,
        };
        self.suppress_in(tx, &new, now).map(|_| ())
    }

    /// Pauses a batch that the mail server keeps refusing for policy: more of it would only harm the sender's name.
    fn pause_refused_batch(
        &self,
        tx: &mut Tx<'_>,
        mail: &ClaimedMail,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let Some(batch) = mail.batch_id else { return Ok(()) };
        if !is_refused_by_policy(&tx.last_outcomes(batch, LOOKED_AT)?) {
            return Ok(());
        }
        let reason =
            "The mail server refuses these mails as spam or by policy. Ask its operator why, then resume.";
        if tx.pause_batch(batch, reason, now)? {
            let entry = self.entry(mail, "batch.paused", reason.to_owned(), now);
            tx.record(&AuditEntry { mail_id: None, invoice_id: None, batch_id: Some(batch), ..entry })?;
        }
        Ok(())
    }
}

/// What becomes of a mail, in the audit's words.
struct Events {
    sent: &'static str,
    failed: &'static str,
    unconfirmed: &'static str,
    postponed: &'static str,
    cancelled: &'static str,
}

macro_rules! events {
    ($noun:literal) => {
        Events {
            sent: concat!($noun, ".sent"),
            failed: concat!($noun, ".failed"),
            unconfirmed: concat!($noun, ".unconfirmed"),
            postponed: concat!($noun, ".postponed"),
            cancelled: concat!($noun, ".cancelled"),
        }
    };
}

fn events(kind: MailKind) -> Events {
    match kind {
        MailKind::Reminder => events!("reminder"),
        MailKind::Test => events!("test_mail"),
        MailKind::Invitation => events!("invitation"),
        MailKind::PasswordReset => events!("password_reset"),
        MailKind::AccountNotice => events!("account_notice"),
    }
}

/// How many of a batch's last outcomes are looked at.
const LOOKED_AT: usize = 20;

/// Whether five of the outcomes were refused for policy; five in a row are five of these.
fn is_refused_by_policy(outcomes: &[Option<FailureKind>]) -> bool {
    outcomes.iter().filter(|kind| **kind == Some(FailureKind::Policy)).count() >= 5
}

/// What is known of a mail's tries.
pub(super) fn tries(mail: &ClaimedMail) -> Tries {
    // A token is a UUIDv7: its last bits are chance.
    let chance = mail.token.as_uuid().as_u128() % 201;
    Tries {
        counted: mail.attempts,
        expires_at: mail.expires_at,
        full_since: mail.full_since,
        jitter_percent: i32::try_from(chance).map_or(0, |chance| chance - 100),
    }
}
