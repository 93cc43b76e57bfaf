//! Waiting for a reminder to settle: its worker tells it when it is in this process, and its row is looked at in case it
//! is not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Actions;
use crate::domain::ids::{OrganisationId, ReminderId};
use crate::store::{ReminderRow, StoreError};

/// How often a row is looked at, however many wait for it.
const LOOK: Duration = Duration::from_millis(250);

/// The reminders that somebody waits for. A sender that is dropped is the news.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    senders: Mutex<HashMap<ReminderId, watch::Sender<()>>>,
    /// Nothing is waited for any more.
    is_over: AtomicBool,
}

impl Awaited {
    /// A poisoned lock only means that a panic passed by; the senders are whole.
    fn senders(&self) -> MutexGuard<'_, HashMap<ReminderId, watch::Sender<()>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These have settled, and it is durable.
    pub(super) fn tell(&self, settled: impl Iterator<Item = ReminderId>) {
        let mut senders = self.senders();
        if !senders.is_empty() {
            settled.for_each(|id| drop(senders.remove(&id)));
        }
    }

    /// Whether nobody waits for a reminder any more; then it is forgotten.
    fn is_abandoned(&self, id: ReminderId) -> bool {
        let mut senders = self.senders();
        let is_abandoned = senders.get(&id).is_none_or(|sender| sender.receiver_count() == 0);
        if is_abandoned {
            senders.remove(&id);
        }
        is_abandoned
    }
}

impl Actions {
    /// Answers whoever waits for a reminder with what is known of it: this process stops and sends nothing any more.
    pub fn stop_waiting(&self) {
        self.0.awaited.is_over.store(true, Ordering::SeqCst);
        self.0.awaited.senders().clear();
    }

    /// A reminder once it has settled, or as it is when a program has waited long enough or nothing is waited for any more.
    pub(super) async fn settled(
        &self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<ReminderRow, StoreError> {
        let deadline = Instant::now() + self.0.settings.api_wait;
        loop {
            let mut news = self.await_news(organisation, id);
            // Asked before the row is read, which then is as the sending left it.
            let is_over = self.0.awaited.is_over.load(Ordering::SeqCst) || Instant::now() >= deadline;
            let row = self.reminder_row(organisation, id).await?;
            if is_over || !row.reminder.state.is_open() {
                return Ok(row);
            }
            // In time or not, the row is read once more.
            let _ = tokio::time::timeout_at(deadline, news.changed()).await;
        }
    }

    /// Ends when the reminder settles, here or elsewhere.
    fn await_news(&self, organisation: OrganisationId, id: ReminderId) -> watch::Receiver<()> {
        let mut senders = self.0.awaited.senders();
        if let Some(sender) = senders.get(&id) {
            return sender.subscribe();
        }
        let (sender, news) = watch::channel(());
        senders.insert(id, sender);
        tokio::spawn(self.clone().look_at(organisation, id));
        news
    }

    /// Tells of a settling in another process, or in a way that tells nobody.
    async fn look_at(self, organisation: OrganisationId, id: ReminderId) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.0.awaited.is_abandoned(id) {
                return;
            }
            let row = self.reminder_row(organisation, id).await;
            if row.is_ok_and(|row| !row.reminder.state.is_open()) {
                return self.0.awaited.tell([id].into_iter());
            }
        }
    }

    async fn reminder_row(
        &self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<ReminderRow, StoreError> {
        let find = move |snapshot: &mut crate::store::Snapshot<'_>| snapshot.reminder(organisation, id);
        self.0.store.read(find).await?.ok_or(StoreError::Missing("reminder"))
    }
}
