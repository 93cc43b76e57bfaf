//! The way of a mail from the outbox to an outcome, a step a verb: claim, compose, commit (the point of no return),
//! settle. The worker calls them in this order. Commits and settlements of all connections share transactions: see
//! `grouping`.

mod abandoned;
mod compose;
mod grouping;
mod steps;

use std::sync::Arc;

use super::{ActionError, Actions};
use crate::domain::ids::{ClaimToken, WorkerId};
use crate::domain::relay_problem::RelayNote;
use crate::domain::reminder::FailureKind;
use crate::store::{ClaimedMail, Lane, StoreError, Tx};

pub use abandoned::Gone;
pub use compose::Letter;
pub use grouping::{Go, Grouping};
pub use steps::Done;

impl Actions {
    /// Takes mails of a lane whose time has come and renders each from its frozen text and today's facts. One that cannot be
    /// rendered or may not leave any more is settled at once and not among the letters. `None` when nothing was due.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_letters(
        &self,
        lane: Lane,
        worker: WorkerId,
        limit: usize,
    ) -> Result<Option<Vec<Arc<Letter>>>, ActionError> {
        let (token, now) = (self.0.ids.next::<ClaimToken>(), self.clock().now());
        let claimed = self
            .0
            .store
            .write::<_, StoreError>(move |tx| tx.claim_mails(lane, worker, token, limit, now))
            .await?;
        if claimed.is_empty() {
            return Ok(None);
        }
        self.compose(claimed).await.map(Some)
    }

    /// Puts back what a worker claimed of a lane and has not committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn release_claims(&self, lane: Lane, worker: WorkerId) -> Result<(), ActionError> {
        let now = self.clock().now();
        self.0.store.write::<_, StoreError>(move |tx| tx.release_claims(lane, worker, now)).await?;
        Ok(())
    }

    /// Fails what has waited past its deadline.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_mails(&self, worker: WorkerId) -> Result<(), ActionError> {
        const AT_ONCE: usize = 500;
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let (token, now) = (actions.0.ids.next::<ClaimToken>(), actions.clock().now());
                let expired = tx.claim_expired(worker, token, AT_ONCE, now)?;
                for mail in &expired {
                    actions.settle_claimed(tx, mail, &expiry(mail), now)?;
                }
                Ok(())
            })
            .await
    }

    /// Says on every page that the mail server cannot be reached, and what of it all organisations may be told, or with
    /// `None` that it can.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_relay(&self, heard: Option<&str>) -> Result<(), ActionError> {
        let (now, note) = (self.clock().now(), heard.map(RelayNote::of));
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.note_relay(note.as_ref(), now)).await?)
    }

    /// Says the same where the mail server takes no mail of a sender and there was none of another: to the only organisation
    /// it is as good as not there. Others have nothing to do with it, and are told nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_sender_refused(&self, heard: &str) -> Result<(), ActionError> {
        let (now, note) = (self.clock().now(), RelayNote::of(heard));
        let noting = move |tx: &mut Tx<'_>| {
            let is_alone = tx.organisations()?.len() == 1;
            tx.note_relay(is_alone.then_some(&note), now)
        };
        Ok(self.0.store.write::<_, StoreError>(noting).await?)
    }

    /// Whether any mail waits for its turn.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_mail_waiting(&self) -> Result<bool, ActionError> {
        Ok(self.0.store.read::<_, StoreError>(|snapshot| snapshot.is_mail_waiting()).await?)
    }
}

/// What becomes of a mail that has waited past its deadline.
fn expiry(mail: &ClaimedMail) -> crate::domain::delivery::Settlement {
    let words = format!("it could not be sent by {}", mail.expires_at.format("%-d %B %Y, %H:%M UTC"));
    crate::domain::delivery::Settlement::failed(FailureKind::Expired, &words)
}
