//! What a batch would do: whom it writes to, who is left out and why; and what a person saw before saying yes.

use std::collections::{HashMap, HashSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::email_address::EmailAddress;
use super::hold::Holds;
use super::ids::{CustomerId, InvoiceId, ReminderId};
use super::invoice::{Ineligible, Invoice};
use super::money::{Money, Totals, grouped_count};
use super::organisation::day_in_words;
use super::reminder::{ReminderState, SlotHolder};
use super::text::Line;

/// The most invoices of one batch (product item B6).
pub const MAX_BATCH: usize = 10_000;

/// Above so many mails a person ticks an extra box (product item C4).
pub const MANY_MAILS: usize = 200;

/// An invoice somebody wants reminded, with what decides whether and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The invoice.
    pub invoice: Invoice,
    /// Who owes.
    pub customer_name: Line,
    /// Who is written to.
    pub recipient: Option<EmailAddress>,
    /// The holds on it and on its customer.
    pub holds: Holds,
    /// Whether the recipient's address must not be mailed.
    pub is_suppressed: bool,
    /// The reminder that has its slot.
    pub slot: Option<SlotHolder>,
    /// When a reminder of it was last sent.
    pub last_reminded_at: Option<DateTime<Utc>>,
}

/// Why an invoice gets no mail from a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// The customer has no address.
    NoEmail,
    /// The address must not be mailed.
    Suppressed,
    /// Reminders of it or of its customer are on hold.
    OnHold,
    /// A reminder of it is open.
    OnItsWay(ReminderId),
    /// A reminder of it was sent within the window.
    JustReminded {
        /// Which one.
        reminder: ReminderId,
        /// How many seconds ago.
        ago: i64,
        /// In how many seconds it can be reminded again.
        left: i64,
    },
    /// Only in a retry: its mail may have been delivered.
    Unconfirmed(ReminderId),
    /// Only in a retry: it is not remindable any more.
    Ineligible(Ineligible),
}

impl LeftOut {
    /// The word for programs and columns.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoEmail => "no_email",
            Self::Suppressed => "suppressed",
            Self::OnHold => "on_hold",
            Self::OnItsWay(_) | Self::JustReminded { .. } => "on_its_way",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Ineligible(why) => why.code(),
        }
    }

    /// The sentence of a [`LeftOut::code`]; `None` for a word that is none.
    pub fn sentence(code: &str) -> Option<String> {
        match code {
            "no_email" => Some("The customer has no e-mail address.".to_owned()),
            "suppressed" => Some("The address is suppressed.".to_owned()),
            "on_hold" => Some("Reminders are on hold.".to_owned()),
            "on_its_way" => Some("A reminder is already on its way, or one was just sent.".to_owned()),
            "unconfirmed" => Some("Its last reminder may have been delivered.".to_owned()),
            _ => Ineligible::ALL.iter().find(|why| why.code() == code).map(ToString::to_string),
        }
    }

    /// Why the reminder that has an invoice's slot keeps it from being reminded; `None` when it does not.
    pub fn of_slot(slot: &SlotHolder, window: TimeDelta, now: DateTime<Utc>) -> Option<Self> {
        let held = slot.holds(window, now).then_some(slot.reminder_id)?;
        Some(match (slot.state, slot.left_at) {
            (ReminderState::Sent, Some(left_at)) => {
                let ago = (now - left_at.max(slot.created_at)).num_seconds();
                Self::JustReminded { reminder: held, ago, left: window.num_seconds() - ago }
            }
            _ => Self::OnItsWay(held),
        })
    }

    /// The reminder that is in the way.
    pub fn reminder(self) -> Option<ReminderId> {
        match self {
            Self::OnItsWay(id) | Self::Unconfirmed(id) | Self::JustReminded { reminder: id, .. } => Some(id),
            Self::NoEmail | Self::Suppressed | Self::OnHold | Self::Ineligible(_) => None,
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |count: i64| format!("{count} second{}", if count == 1 { "" } else { "s" });
        match *self {
            Self::OnItsWay(_) => f.write_str("A reminder is already on its way."),
            Self::JustReminded { ago, left, .. } => {
                let ago = if ago < 1 { "just now".to_owned() } else { format!("{} ago", seconds(ago)) };
                write!(f, "Reminded {ago}; possible again in {}.", seconds(left))
            }
            _ => f.write_str(&Self::sentence(self.code()).unwrap_or_default()),
        }
    }
}

/// One mail that the batch would send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it is about.
    pub candidate: Candidate,
    /// Who it goes to.
    pub recipient: EmailAddress,
}

/// What a batch would do with a selection in which every invoice is remindable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// One mail each.
    pub drafts: Vec<Draft>,
    /// Remindable, but no mail now.
    pub left_out: Vec<(Candidate, LeftOut)>,
}

/// A selection in which something is not remindable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRemindable {
    /// Which ones, and why.
    pub ineligible: Vec<(Candidate, Ineligible)>,
    /// The others.
    pub remindable: Vec<InvoiceId>,
}

/// Decides for each candidate. Pure: the same rule for page, bulk, API and rules.
///
/// # Errors
/// When any of them is not remindable at all.
pub fn propose(
    candidates: Vec<Candidate>,
    window: TimeDelta,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Proposal, NotRemindable> {
    if candidates.iter().any(|candidate| candidate.invoice.ineligible().is_some()) {
        let (mut ineligible, mut remindable) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match candidate.invoice.ineligible() {
                Some(why) => ineligible.push((candidate, why)),
                None => remindable.push(candidate.invoice.id),
            }
        }
        return Err(NotRemindable { ineligible, remindable });
    }
    let mut proposal = Proposal::default();
    for candidate in candidates {
        decide(candidate, window, now, today, &mut proposal);
    }
    Ok(proposal)
}

/// Decides for the failed rows of a batch: what a selection would have to refuse is left out and listed.
pub fn propose_again(
    candidates: Vec<Candidate>,
    unconfirmed: &HashMap<InvoiceId, ReminderId>,
    window: TimeDelta,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Proposal {
    let mut proposal = Proposal::default();
    for candidate in candidates {
        let left_out = match (candidate.invoice.ineligible(), unconfirmed.get(&candidate.invoice.id)) {
            (Some(why), _) => Some(LeftOut::Ineligible(why)),
            (None, Some(id)) => Some(LeftOut::Unconfirmed(*id)),
            (None, None) => None,
        };
        match left_out {
            Some(why) => proposal.left_out.push((candidate, why)),
            None => decide(candidate, window, now, today, &mut proposal),
        }
    }
    proposal
}

/// Those of some invoices that would be mailed now.
pub fn mailable(
    candidates: Vec<Candidate>,
    window: TimeDelta,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Vec<InvoiceId> {
    let proposal = propose_again(candidates, &HashMap::new(), window, now, today);
    proposal.drafts.iter().map(|draft| draft.candidate.invoice.id).collect()
}

fn decide(
    candidate: Candidate,
    window: TimeDelta,
    now: DateTime<Utc>,
    today: NaiveDate,
    proposal: &mut Proposal,
) {
    let held = candidate.slot.as_ref().and_then(|slot| LeftOut::of_slot(slot, window, now));
    let left_out = match (held, candidate.recipient.clone()) {
        (Some(why), _) => why,
        (None, _) if candidate.holds.on(today).is_some() => LeftOut::OnHold,
        (None, None) => LeftOut::NoEmail,
        (None, Some(_)) if candidate.is_suppressed => LeftOut::Suppressed,
        (None, Some(recipient)) => return proposal.drafts.push(Draft { candidate, recipient }),
    };
    proposal.left_out.push((candidate, left_out));
}

impl Proposal {
    /// How many invoices it decides on.
    pub fn selected(&self) -> usize {
        self.drafts.len() + self.left_out.len()
    }

    /// Whether it would send so many mails that a person has to tick an extra box.
    pub fn is_large(&self) -> bool {
        self.drafts.len() > MANY_MAILS
    }

    /// How many customers get mail.
    pub fn customers(&self) -> usize {
        self.drafts.iter().map(|draft| draft.candidate.invoice.customer_id).collect::<HashSet<_>>().len()
    }

    /// What is owed on the invoices that are mailed.
    pub fn totals(&self) -> Totals {
        self.drafts.iter().map(|draft| draft.candidate.invoice.balance).collect()
    }

    /// How many of the invoices that are mailed were reminded within the last 24 hours.
    pub fn reminded_within_a_day(&self, now: DateTime<Utc>) -> usize {
        let since = now - TimeDelta::hours(24);
        let recently = |draft: &&Draft| draft.candidate.last_reminded_at.is_some_and(|at| at > since);
        self.drafts.iter().filter(recently).count()
    }

    /// The customers that get several mails, most first: "Acme gets 7 mails".
    pub fn several_mails(&self) -> Vec<(Line, usize)> {
        let mut counts: HashMap<CustomerId, (Line, usize)> = HashMap::new();
        for draft in &self.drafts {
            let name = || (draft.candidate.customer_name.clone(), 0);
            counts.entry(draft.candidate.invoice.customer_id).or_insert_with(name).1 += 1;
        }
        let mut several: Vec<_> = counts.into_values().filter(|(_, mails)| *mails > 1).collect();
        several.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        several
    }

    /// Everything selected, whether mailed or left out.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.drafts
            .iter()
            .map(|draft| &draft.candidate)
            .chain(self.left_out.iter().map(|(candidate, _)| candidate))
    }
}

/// How many are not remindable and why, as one sentence: "2 of 5 invoices cannot be reminded: 1 is paid, 1 is archived."
pub fn ineligible_sentence(counts: &[(Ineligible, usize)], selected: usize) -> String {
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let part = |(why, count): &(Ineligible, usize)| {
        format!("{} {} {}", grouped_count(*count), if *count == 1 { "is" } else { "are" }, why.as_adjective())
    };
    let reasons = counts.iter().map(part).collect::<Vec<_>>().join(", ");
    let of = grouped_count(selected);
    let which = match selected {
        1 => format!("{all} of 1 invoice cannot"),
        _ if all == selected => format!("None of the {of} invoices can"),
        _ => format!("{} of {of} invoices cannot", grouped_count(all)),
    };
    format!("{which} be reminded: {reasons}.")
}

/// One invoice as a person saw it in the confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which one.
    pub invoice_id: InvoiceId,
    /// What was owed.
    pub balance: Money,
    /// The due day.
    pub due_on: NaiveDate,
    /// Who would be written to.
    pub recipient: Option<EmailAddress>,
}

impl Seen {
    /// What is seen of a candidate.
    pub fn of(candidate: &Candidate) -> Self {
        Self {
            invoice_id: candidate.invoice.id,
            balance: candidate.invoice.balance,
            due_on: candidate.invoice.due_on,
            recipient: candidate.recipient.clone(),
        }
    }
}

/// Something that is no longer as it was shown; its sentence says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It may not be reminded any more.
    Ineligible(Line, Ineligible),
    /// More or less is owed.
    Balance(Line, Money, Money),
    /// It is due on another day.
    DueDay(Line, NaiveDate, NaiveDate),
    /// Somebody else is written to.
    Recipient(Line, Option<EmailAddress>),
    /// It matches the filter now.
    Joined(Line),
    /// It does not match the filter any more.
    Departed(Line),
    /// The text has a new version.
    Template,
    /// The mails come from somebody else.
    Sender,
    /// The mails have another colour, logo or footer.
    Look,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ineligible(number, why) => {
                write!(f, "{number} is {} now. It was taken out.", why.as_adjective())
            }
            Self::Balance(number, was, is) => write!(f, "The balance of {number} is {is}; it was {was}."),
            Self::DueDay(number, was, is) => {
                write!(f, "{number} is due on {}; it was {}.", day_in_words(*is), day_in_words(*was))
            }
            Self::Recipient(number, Some(to)) => write!(f, "The reminder of {number} goes to {to} now."),
            Self::Recipient(number, None) => {
                write!(f, "The customer of {number} has no e-mail address any more.")
            }
            Self::Joined(number) => write!(f, "{number} matches the filter now and was added."),
            Self::Departed(number) => {
                write!(f, "{number} does not match the filter any more and was taken out.")
            }
            Self::Template => {
                f.write_str("The text of the e-mail has a new version. Read it before you send.")
            }
            Self::Sender => f.write_str("The sender of the e-mails has changed."),
            Self::Look => f.write_str("The look of the e-mails has changed."),
        }
    }
}

/// What has changed of the invoices that were shown.
pub fn changes(seen: &[Seen], current: &[Candidate]) -> Vec<Change> {
    let current: HashMap<InvoiceId, &Candidate> = current.iter().map(|c| (c.invoice.id, c)).collect();
    let mut changes = Vec::new();
    for seen in seen {
        let Some(candidate) = current.get(&seen.invoice_id) else { continue };
        let number = || candidate.invoice.number.clone();
        if let Some(why) = candidate.invoice.ineligible() {
            changes.push(Change::Ineligible(number(), why));
            continue;
        }
        if candidate.invoice.balance != seen.balance {
            changes.push(Change::Balance(number(), seen.balance, candidate.invoice.balance));
        }
        if candidate.invoice.due_on != seen.due_on {
            changes.push(Change::DueDay(number(), seen.due_on, candidate.invoice.due_on));
        }
        if candidate.recipient != seen.recipient {
            changes.push(Change::Recipient(number(), candidate.recipient.clone()));
        }
    }
    changes
}
