//! Waiting for a reminder to settle: its worker tells it when it is in this process, and the rows of all that are waited
//! for are looked at in case it is not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Actions;
use crate::domain::ids::{OrganisationId, ReminderId};
use crate::store::{ReminderRow, StoreError};

/// How often the rows are looked at: all of them at once, however many are waited for.
const LOOK: Duration = Duration::from_millis(250);

/// The reminders that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    waiting: Mutex<Waiting>,
    /// Nothing is waited for any more.
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    /// A sender that is dropped is the news.
    senders: HashMap<ReminderId, watch::Sender<()>>,
    /// Who looks at their rows.
    looking: Option<JoinHandle<()>>,
}

impl Awaited {
    /// A poisoned lock only means that a panic passed by; the senders are whole.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These have settled, and it is durable.
    pub(super) fn tell(&self, settled: impl Iterator<Item = ReminderId>) {
        let senders = &mut self.waiting().senders;
        if !senders.is_empty() {
            settled.for_each(|id| drop(senders.remove(&id)));
        }
    }

    /// What is still waited for; what is not is forgotten. When nothing is left, nobody looks any more.
    fn still(&self) -> Vec<ReminderId> {
        let Waiting { senders, looking } = &mut *self.waiting();
        senders.retain(|_, sender| sender.receiver_count() > 0);
        if senders.is_empty() {
            *looking = None;
        }
        senders.keys().copied().collect()
    }
}

impl Actions {
    /// Answers whoever waits for a reminder with what is known of it: this process stops and sends nothing any more.
    pub fn stop_waiting(&self) {
        self.0.awaited.is_over.store(true, Ordering::SeqCst);
        self.0.awaited.waiting().senders.clear();
    }

    /// A reminder once it has settled, or as it is at the deadline or when nothing is waited for any more.
    pub(super) async fn settled(
        &self,
        organisation: OrganisationId,
        id: ReminderId,
        deadline: Instant,
    ) -> Result<ReminderRow, StoreError> {
        loop {
            let mut news = self.await_news(id);
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
    fn await_news(&self, id: ReminderId) -> watch::Receiver<()> {
        let Waiting { senders, looking } = &mut *self.0.awaited.waiting();
        if looking.as_ref().is_none_or(JoinHandle::is_finished) {
            *looking = Some(tokio::spawn(self.clone().look_for_news()));
        }
        senders.entry(id).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Tells of what settles in another process, or in a way that tells nobody, while anything is waited for.
    async fn look_for_news(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let awaited = self.0.awaited.still();
            if awaited.is_empty() {
                return;
            }
            let looked = self.0.store.read::<_, StoreError>(move |snapshot| snapshot.settled(&awaited)).await;
            if let Ok(settled) = looked {
                self.0.awaited.tell(settled.into_iter());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Ids;

    #[test]
    fn what_nobody_waits_for_any_more_is_forgotten() {
        let (awaited, [kept, left]) = (Awaited::default(), [Ids.next(), Ids.next()]);
        let wait = |id| awaited.waiting().senders.entry(id).or_default().subscribe();
        let (receiver, gone) = (wait(kept), wait(left));
        drop(gone);
        assert_eq!(awaited.still(), [kept]);
        drop(receiver);
        assert_eq!(awaited.still(), []);
    }
}
