//! One use case a file: the verbs that people, rules and programs may ask for. Every write is a verb here.

mod api_keys;
mod attempts;
mod awaiting;
mod batches;
mod closing;
mod confirmation;
mod customers;
mod delivery;
mod entering;
mod holding;
mod idempotency;
mod imports;
mod instance;
mod invitations;
mod invoices;
mod link_mails;
mod lost_factors;
mod organisations;
mod password_resets;
mod passwords;
mod pausing;
mod payments;
mod people;
mod profile;
mod propose_reminders;
mod remind_now;
mod repeat_reminders;
mod sealing;
mod send_reminders;
mod sessions;
mod signing_in;
mod taking_out;
mod templates;
mod test_mails;
mod throttle;
mod totp;
mod two_factor;
mod unconfirmed;
mod users;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use thiserror::Error;
use tokio::sync::Notify;

use self::attempts::Attempts;
use self::awaiting::Awaited;
use self::idempotency::UnderWay;
use crate::clock::{Clock, Ids};
use crate::domain::delivery::RetryPolicy;
use crate::domain::email::FormLetters;
use crate::domain::email_address::EmailAddress;
use crate::domain::ledger::InvoiceRefused;
use crate::domain::money::grouped_count;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::payment::PaymentRefused;
use crate::domain::proposal::{MAX_BATCH, NotRemindable};
use crate::store::{MarkKeeper, Reader, Store, StoreError};

pub use delivery::{Done, Go, Gone, Grouping, Letter};
pub use idempotency::{Keyed, Remembered, Turn};
pub use imports::ImportReport;
pub use invitations::Invited;
pub use organisations::ChangeRefused;
pub use people::{Joined, Newcomer};
pub use propose_reminders::{Origin, Proposed};
pub use remind_now::{NotReminded, Wish};
pub use send_reminders::{Stale, Yes};
pub use sessions::{SESSION_IDLE, SESSION_LIFE};
pub use signing_in::SignedInTo;
pub use taking_out::NoBackup;
pub use templates::{EditRefused, Saved};
pub use test_mails::ShownWith;
pub use two_factor::{NotConfirmed, OfferedFactor};
pub use unconfirmed::Decided;

/// Why a verb did nothing.
#[derive(Debug, Error)]
pub enum ActionError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such thing in this organisation.
    #[error("It does not exist, or not any more.")]
    NotFound,
    /// Nothing was selected.
    #[error("No invoice is selected. Tick the invoices that you want to remind.")]
    NothingSelected,
    /// More than one batch holds.
    #[error(
        "{} invoices are selected; one batch holds at most {}. Narrow the list with a filter and send in parts.",
        grouped_count(*.0),
        grouped_count(MAX_BATCH)
    )]
    TooMany(usize),
    /// Something selected is not remindable.
    #[error("Some of the invoices cannot be reminded.")]
    NotRemindable(Box<NotRemindable>),
    /// What was confirmed is not what is there now; nothing was sent.
    #[error("Something has changed since the confirmation was shown. Nothing was sent.")]
    Stale(Box<Stale>),
    /// It would send so many mails that a box has to be ticked, and it was not; nothing was sent.
    #[error("The box that allows so many e-mails was not ticked. Nothing was sent.")]
    NotSure(Box<Proposed>),
    /// The confirmation was not made by this installation for this person.
    #[error("The confirmation is not valid any more. Go back to the invoices and select them again.")]
    NotConfirmed,
    /// A payment cannot be recorded so; nothing was.
    #[error(transparent)]
    Payment(#[from] PaymentRefused),
    /// An invoice cannot be brought or changed so; nothing was.
    #[error(transparent)]
    Invoice(#[from] InvoiceRefused),
    /// Too many failed tries to sign in.
    #[error("Too many failed tries. Wait {}, then try again.", seconds_in_words(*.0))]
    Throttled(u64),
    /// It is not in a state in which this can be done; the sentence says why.
    #[error("{0}")]
    Refused(String),
}

/// What verbs need to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a batch can be undone.
    pub undo: TimeDelta,
    /// The idempotency window of an invoice.
    pub window: TimeDelta,
    /// When to try again, and what becomes of a mail that may have been delivered.
    pub retry: RetryPolicy,
    /// How long a mail is tried.
    pub retry_deadline: TimeDelta,
    /// How long a program waits for what comes of its reminder, on the monotonic clock.
    pub api_wait: Duration,
    /// Where mails come from when an organisation has not said; `None` where that would be a lie.
    pub default_from: Option<EmailAddress>,
    /// The key that confirmations are signed with.
    pub secret: [u8; 32],
}

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    ids: Ids,
    settings: Settings,
    keeper: Option<MarkKeeper>,
    attempts: Attempts,
    awaited: Awaited,
    under_way: UnderWay,
    wake: Notify,
    /// Wakes who sends what programs wait for.
    asked: Notify,
    /// What mails in the making have in common.
    letters: Mutex<FormLetters>,
    /// Held while a backup is made.
    backup: tokio::sync::Mutex<()>,
}

/// The verbs; every copy is the same.
#[derive(Clone, Debug)]
pub struct Actions(Arc<Inner>);

impl Actions {
    /// The verbs over a store that is nobody's installation: it is never taken for a copy.
    pub fn new(store: Store, clock: Clock, settings: Settings) -> Self {
        Self::build(store, clock, settings, None)
    }

    /// The verbs of an installation, whose mark is kept in its data folder.
    pub fn of_installation(store: Store, clock: Clock, settings: Settings, keeper: MarkKeeper) -> Self {
        Self::build(store, clock, settings, Some(keeper))
    }

    fn build(store: Store, clock: Clock, settings: Settings, keeper: Option<MarkKeeper>) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            ids: Ids,
            settings,
            keeper,
            attempts: Attempts::default(),
            awaited: Awaited::default(),
            under_way: UnderWay::default(),
            wake: Notify::new(),
            asked: Notify::new(),
            letters: Mutex::default(),
            backup: tokio::sync::Mutex::default(),
        }))
    }

    /// The time everything goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What may be read without asking for a verb.
    pub fn reader(&self) -> Reader {
        self.0.store.reader()
    }

    /// What verbs know of the configuration.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Resolves when there may be a mail to send that was not there before.
    pub async fn mail_queued(&self) {
        self.0.wake.notified().await;
    }

    /// Resolves when a program may wait for a mail that was not there before.
    pub async fn program_asked(&self) {
        self.0.asked.notified().await;
    }

    fn wake_worker(&self) {
        self.0.wake.notify_one();
    }
}

fn seconds_in_words(seconds: u64) -> String {
    format!("{seconds} second{}", if seconds == 1 { "" } else { "s" })
}

impl Settings {
    /// Who an organisation's mails come from.
    ///
    /// # Errors
    /// When it has not said and the mail server is a real one: a made-up sender would be refused or worse.
    pub fn sender_of(&self, organisation: &Organisation) -> Result<Sender, ActionError> {
        let from = organisation.from.clone().or_else(|| self.default_from.clone()).ok_or_else(|| {
            ActionError::Refused(
                "The organisation has no sender address. Set one under Settings > Sender or with `dunlin organisation set \
                 --from ADDRESS`, or set DUNLIN_BASE_URL to the address under which people reach Dunlin: mails then come \
                 from reminders@ and its host."
                    .to_owned(),
            )
        })?;
        let name = organisation.sender_name.as_ref().unwrap_or(&organisation.name).clone();
        let (reply_to, letterhead) = (organisation.reply_to.clone(), organisation.letterhead);
        Ok(Sender { name, from, reply_to, letterhead })
    }
}
